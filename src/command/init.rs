//! `init`: writes a policy that fits the project, and a baseline so that the gate can be turned on today.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::tz::TimeZone;

use super::audit::{context_of, report_of};
use super::ci_files::CiFiles;
use super::outcome::{CommandError, InitError, Outcome};
use super::record::{Record, release};
use super::team_registry::TeamRegistry;
use super::{output, request};
use crate::cli::{self, Cli};
use crate::files::names::TRAIL_FOLDER;
use crate::files::regular::{self, Links};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::{adopt, clock, policy_file, workspace};
use crate::model::adoption::{Adopted, Baseline, Carried};
use crate::model::evaluation::Evaluation;
use crate::model::policy::{Ignore, JudgedBy, Origin};
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{Kind, ReleaseRecord};
use crate::policy::baseline::{baseline, carried, settled};
use crate::policy::publish_age::CLOCK_TOLERANCE;
use crate::project::{
    Assessment, JudgeBy, POLICY_FILE, PolicyFrom, Project, Purpose, Request, Rules, debris, nearest_policy, relative,
};
use crate::report;
use crate::report::audit::AuditReport;
use crate::report::context::Verbosity;
use crate::report::init::InitReport;
use crate::report::way_out::{WayOut, again};
use crate::write::cargo_config::{ConfigError, ConfigFile, with_minimum_age};
use crate::write::new_policy::{NewPolicy, new_policy};
use crate::write::project_file::{FileChange, change_all, replace};

/// How many names a line has before it counts the rest.
const NAMES: usize = 6;

pub(super) fn run(cli: &Cli, arguments: &cli::Init, environment: &Environment) -> Result<Outcome, CommandError> {
    let machine = clock::now();
    if let Some(now) = arguments.now.filter(|now| *now > CLOCK_TOLERANCE.after(machine)) {
        return Err(InitError::Ahead { now, machine }.into());
    }
    let root = root(&arguments.subject, environment)?;
    let ci = arguments.ci.map(|host| CiFiles::plan(host, arguments.tool.as_deref(), &root)).transpose()?;
    let is_adopted = nearest_policy(&root).symlink_metadata().is_ok();
    let Some(url) = &arguments.registry else {
        return adopt_policy(cli, arguments, (&root, is_adopted, ci), environment);
    };
    let taken = take_from_team(cli, arguments, url, &root, environment)?;
    // What is judged comes from there, so nothing can be judged before that is written.
    if matches!(taken, Taken::Shown) || (is_adopted && ci.is_none()) {
        return Ok(Outcome::Approved);
    }
    let outcome = adopt_policy(cli, arguments, (&root, is_adopted, ci), environment);
    // All or nothing: where there is no policy in the end, cargo is configured as it was. Without a lock file there was nothing to judge, and
    // cargo makes one from there.
    if let Taken::Written(file, text) = taken
        && !matches!(outcome, Ok(Outcome::Approved | Outcome::Held))
        && root.join("Cargo.lock").symlink_metadata().is_ok()
    {
        take_back(&file, &text)?;
        output::wrote(cli, &format!("nothing: {} is as it was", relative(file.path(), environment)))?;
    }
    outcome
}

/// Writes a policy, and what belongs to one.
fn adopt_policy(
    cli: &Cli,
    arguments: &cli::Init,
    (root, is_adopted, ci): (&Utf8Path, bool, Option<CiFiles>),
    environment: &Environment,
) -> Result<Outcome, CommandError> {
    let path = root.join(POLICY_FILE);
    if !arguments.dry_run {
        let beside_ci = ci.iter().flat_map(CiFiles::paths).filter_map(|path| path.parent().map(Utf8Path::to_owned));
        debris::remove(root, &path, beside_ci.collect::<BTreeSet<_>>());
    }
    if let Some(ci) = ci.as_ref().filter(|_| is_adopted) {
        return only_ci(cli, arguments, ci, environment);
    }
    let ci = ci.unwrap_or_default();
    if std::fs::symlink_metadata(&path).is_ok() {
        return Err(InitError::Exists { path: relative(&path, environment) }.into());
    }
    let config = CargoConfig::load(environment.current_dir(), environment)?;
    let adopted = settled(adopt::read(root, &config)?, arguments.min_publish_age);
    let made = Draft::judge(cli, arguments, &adopted, root, environment)?;
    let record = Record::of(made.project(), Some(&made.facts().advisories), arguments.by.as_deref());
    let by = record.who.as_ref().map(|who| who.name.as_str());
    let draft = Draft::of(&made, adopted, arguments, by)?;
    let is_decided = made.evaluation().blockers.is_empty();
    let files = Files::plan(root, &draft, arguments.native)?;
    if is_decided && !arguments.yes {
        output::print(cli, |out| {
            files.texts().into_iter().try_for_each(|(name, text)| report::init::preview(name, text, out))
        })?;
    }
    tell(cli, &made, &draft)?;
    if !is_decided {
        return Ok(Outcome::Undecided);
    }
    let context = context_of(cli, &made);
    let names: Vec<String> = files.texts().into_iter().map(|(name, _)| name.to_owned()).collect();
    let names: Vec<String> = names.into_iter().chain(shown(ci.paths(), environment)).collect();
    kept(cli, &ci, environment)?;
    if !arguments.yes {
        let written = WayOut::to("write it", context.again(&["dry-run"], "--yes"));
        output::print(cli, |out| report::init::files(false, &names, &written, out))?;
        if !arguments.dry_run {
            agreement()?;
        }
    }
    let is_approved = draft.evaluation.is_approved();
    if !arguments.dry_run {
        record.is_possible()?;
        let before = record.policy_text()?;
        let after = before.edited(Ok(draft.text.clone()))?;
        let changes = ci.stage()?.into_iter().chain(files.stage()?).collect();
        record.write(Kind::Init, first_releases(&made, &draft), &before, &after, changes)?;
        let names: Vec<String> = names.into_iter().chain([TRAIL_FOLDER.to_owned()]).collect();
        let words = if is_approved && arguments.ci.is_some() {
            "commit these; on the main branch CI will say what this says"
        } else if is_approved {
            "commit these, and let CI run"
        } else {
            "what is listed above no baseline may carry: follow its help, then run"
        };
        let help = if made.facts().packages.is_empty() {
            let text = "commit these, and write the first lock file: cargo sequester cargo generate-lockfile";
            WayOut::of_text(text, &cli.invocation)
        } else {
            WayOut::to_or(words, context.command("audit", ""))
        };
        output::print(cli, |out| report::init::files(true, &names, &help, out))?;
    }
    Ok(if is_approved { Outcome::Approved } else { Outcome::Held })
}

/// What became of cargo's configuration.
enum Taken {
    /// What would be written was shown.
    Shown,
    /// It says so already.
    Already,
    /// The file as it was, and its text now.
    Written(ConfigFile, String),
}

/// Writes into cargo's configuration that crates.io comes from a team registry.
fn take_from_team(
    cli: &Cli,
    arguments: &cli::Init,
    url: &str,
    root: &Utf8Path,
    environment: &Environment,
) -> Result<Taken, CommandError> {
    if arguments.subject.is_offline() {
        return Err(InitError::TeamOffline.into());
    }
    let config = CargoConfig::load(environment.current_dir(), environment)?;
    let team = TeamRegistry::find(url, &config)?;
    let policy = nearest_policy(root);
    let is_allowed = match policy_file::read(&policy) {
        Ok(read) => read.policy().sources.mirrors.contains(&team.registry()),
        // `init` takes it over from the configuration.
        Err(_) => policy.symlink_metadata().is_err(),
    };
    let ways = report::init::Ways {
        login: team.asks_for_token.then(|| format!("cargo login --registry {}", team.name)),
        mirror: (!is_allowed).then(|| format!("[sources]\nmirrors = [\"{}\"]", team.registry())),
    };
    let Some((file, text)) = team.config(root)? else {
        output::print(cli, |out| report::init::team(&team.name, &ways, out))?;
        return Ok(Taken::Already);
    };
    let names = [relative(file.path(), environment).into_string()];
    if !arguments.yes {
        let written = WayOut::to("write it", again(&cli.invocation, &["dry-run"], "--yes"));
        output::print(cli, |out| {
            report::init::preview(&names[0], &text, out)?;
            report::init::files(false, &names, &written, out)
        })?;
        if arguments.dry_run {
            return Ok(Taken::Shown);
        }
        agreement()?;
    }
    if arguments.dry_run {
        let written = WayOut::to("write it", again(&cli.invocation, &["dry-run"], ""));
        output::print(cli, |out| report::init::files(false, &names, &written, out))?;
        return Ok(Taken::Shown);
    }
    change_all(vec![stage_config(&file, &text)?], || Ok::<_, CommandError>(()))?;
    let undo =
        WayOut::words(format!("to undo it, remove [registries.{}] and the `replace-with` of its name", team.name));
    output::print(cli, |out| {
        report::init::files(true, &names, &undo, out)?;
        report::init::team(&team.name, &ways, out)
    })?;
    Ok(Taken::Written(file, text))
}

/// Cargo's configuration as it was, where nobody has changed it since.
fn take_back(file: &ConfigFile, text: &str) -> Result<(), InitError> {
    let Some(original) = file.original() else {
        let now = regular::read(file.path(), Links::Followed, 2 * text.len() as u64);
        let is_ours = now.is_ok_and(|now| now == text.as_bytes());
        if is_ours {
            std::fs::remove_file(file.path())
                .map_err(|cause| InitError::Folder { path: file.path().to_owned(), cause })?;
            // A folder that has something else in it stays.
            let _ = file.path().parent().map(std::fs::remove_dir);
        }
        return Ok(());
    };
    Ok(replace(file.path(), Some(text), &String::from_utf8_lossy(original))?)
}

/// Writes the jobs of a CI beside a policy that is there already.
fn only_ci(cli: &Cli, arguments: &cli::Init, ci: &CiFiles, environment: &Environment) -> Result<Outcome, CommandError> {
    let names = shown(ci.paths(), environment);
    kept(cli, ci, environment)?;
    if names.is_empty() {
        return Ok(Outcome::Approved);
    }
    if !arguments.yes {
        let written = WayOut::to("write it", again(&cli.invocation, &["dry-run"], "--yes"));
        output::print(cli, |out| report::init::files(false, &names, &written, out))?;
        if arguments.dry_run {
            return Ok(Outcome::Approved);
        }
        agreement()?;
    }
    if !arguments.dry_run {
        change_all(ci.stage()?, || Ok::<_, CommandError>(()))?;
        let words = WayOut::words("commit these, and make the judge of changes a required check");
        output::print(cli, |out| report::init::files(true, &names, &words, out))?;
    }
    Ok(Outcome::Approved)
}

/// Says what is there already, and what it then takes.
fn kept(cli: &Cli, ci: &CiFiles, environment: &Environment) -> Result<(), CommandError> {
    let names = shown(ci.kept.iter().map(Utf8PathBuf::as_path), environment);
    if names.is_empty() {
        return Ok(());
    }
    let entry = ci.needs_entry().then(|| WayOut::words("see that it has: include: [{ local: .gitlab/sequester.yml }]"));
    output::print(cli, |out| report::init::kept(&names, entry.as_ref(), out))
}

/// Paths as a reader would write them.
fn shown<'a>(paths: impl Iterator<Item = &'a Utf8Path>, environment: &Environment) -> Vec<String> {
    paths.map(|path| relative(path, environment).into_string()).collect()
}

/// The folder of the workspace, or of the lock file where that is judged alone.
fn root(arguments: &cli::Subject, environment: &Environment) -> Result<Utf8PathBuf, CommandError> {
    if let Some(path) = &arguments.lockfile {
        let path = environment.current_dir().join(path);
        return Ok(path.parent().unwrap_or(&path).to_owned());
    }
    let config = CargoConfig::load(environment.current_dir(), environment)?;
    Ok(workspace::locate(environment, &config, arguments.manifest_path.as_deref())?.root)
}

/// What was found, what is carried, and what is left under the new policy.
fn tell(cli: &Cli, made: &Assessment, draft: &Draft) -> Result<(), CommandError> {
    let verbosity = output::verbosity(cli);
    let names = if verbosity == Verbosity::Verbose { usize::MAX } else { NAMES };
    let init = InitReport { adopted: &draft.adopted, baseline: &draft.baseline, names };
    let audit = AuditReport {
        evaluation: &draft.evaluation,
        carried: draft.carried(made),
        policy: &draft.rules.policy,
        judged_by: JudgedBy::File(Utf8Path::new(POLICY_FILE)),
        ..report_of(cli, made, None)
    };
    output::print(cli, |out| {
        if verbosity > Verbosity::Quiet {
            report::init::init(&init, out)?;
        }
        report::audit::human::write(&audit, verbosity, out)
    })
}

/// What is to be written, and what is judged by it.
struct Draft {
    text: String,
    /// The rules that it makes.
    rules: Rules,
    /// The verdicts under it.
    evaluation: Evaluation,
    /// What was found elsewhere.
    adopted: Adopted,
    /// What is carried.
    baseline: Baseline,
}

impl Draft {
    /// Judges under what was adopted and nothing else.
    fn judge(
        cli: &Cli,
        arguments: &cli::Init,
        adopted: &Adopted,
        root: &Utf8Path,
        environment: &Environment,
    ) -> Result<Assessment, CommandError> {
        let empty = Baseline::default();
        let day = jiff::civil::Date::ZERO;
        let text = new_policy(&NewPolicy { day, adopted, db: None, baseline: &empty });
        let judge = JudgeBy {
            policy: PolicyFrom::Draft(Box::new(policy_file::parse(&text, Utf8Path::new(POLICY_FILE))?)),
            advisories: request::advisories(arguments.advisory_db.as_deref(), arguments.no_advisories),
            now: arguments.now,
            ..JudgeBy::default()
        };
        // Where nothing is locked yet, the first lock file may wait for what the policy is to say: a mirror, for one.
        let subject = &arguments.subject;
        let is_locked = subject.lockfile.is_some() || root.join("Cargo.lock").symlink_metadata().is_ok();
        let purpose = if is_locked { Purpose::Judge } else { Purpose::Decide };
        // Whoever takes over a list of licences wants to see what does not fit it.
        let asked = Request { fetch: true, ..request::by(cli, subject, judge, purpose) };
        Ok(Assessment::of(Project::open(asked, environment)?, BTreeSet::new())?)
    }

    /// Adds the baseline and judges the same facts again, by the very text that is to be written.
    fn of(
        made: &Assessment,
        mut adopted: Adopted,
        arguments: &cli::Init,
        by: Option<&str>,
    ) -> Result<Self, CommandError> {
        let (baseline, unused) = baseline(made.facts(), made.evaluation(), &adopted, by);
        adopted.left.extend(unused);
        let day = TimeZone::UTC.to_datetime(made.evaluation().now).date();
        // A folder is one machine's; an address is everybody's.
        let db = arguments.advisory_db.as_deref().filter(|db| db.contains("://"));
        let text = new_policy(&NewPolicy { day, adopted: &adopted, db, baseline: &baseline });
        let (rules, evaluation) = made.by(policy_file::parse(&text, Utf8Path::new(POLICY_FILE))?);
        adopted.ages.retain(|age| age.origin != Origin::Flag);
        Ok(Self { text, rules, evaluation, adopted, baseline })
    }

    /// What passes only because of the baseline.
    fn carried(&self, made: &Assessment) -> Carried {
        carried(&self.evaluation, &made.facts().advisories, &self.rules.policy, &self.rules.approvals)
    }
}

/// What is to be written.
struct Files {
    policy: String,
    /// Cargo's configuration: what was there, and what is to be.
    config: Option<(ConfigFile, String)>,
}

impl Files {
    /// Reads what `--native` needs, and works out every text.
    fn plan(root: &Utf8Path, draft: &Draft, native: bool) -> Result<Self, InitError> {
        let config = native.then(|| native_config(root, draft)).transpose()?.flatten();
        Ok(Self { policy: draft.text.clone(), config })
    }

    /// Each file's name and its text.
    fn texts(&self) -> Vec<(&str, &str)> {
        let config = self.config.iter().map(|(_, text)| (".cargo/config.toml", text.as_str()));
        [(POLICY_FILE, self.policy.as_str())].into_iter().chain(config).collect()
    }

    /// Writes what is not the policy beside its place.
    fn stage(&self) -> Result<Option<FileChange>, InitError> {
        self.config.as_ref().map(|(file, text)| stage_config(file, text)).transpose()
    }
}

/// A text that takes the place of the one that was read.
fn stage_config(file: &ConfigFile, text: &str) -> Result<FileChange, InitError> {
    if let Some(folder) = file.path().parent() {
        std::fs::create_dir_all(folder).map_err(|cause| InitError::Folder { path: folder.to_owned(), cause })?;
    }
    let original = file.original().map(String::from_utf8_lossy);
    Ok(FileChange::of_text(file.path(), original.as_deref(), text)?)
}

/// Cargo's configuration with its minimum age; `None` where it has one.
fn native_config(root: &Utf8Path, draft: &Draft) -> Result<Option<(ConfigFile, String)>, InitError> {
    let file = ConfigFile::read(root)?;
    let age = draft.rules.policy.quarantine.min_publish_age.value;
    let splice = |fault| ConfigError::Splice { path: file.path().to_owned(), fault };
    let bytes = with_minimum_age(file.original(), age).map_err(splice)?;
    if file.original() == Some(bytes.as_slice()) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some((file, text)))
}

/// The releases of the trail's first event, all of registries: each one's checksum and pubtime can be held against the registry from now
/// on, and what is carried of it is not reported as a loosened policy later. A release that both an approval and an ignore carry has a
/// record for each, because they end on different days.
fn first_releases(made: &Assessment, draft: &Draft) -> Vec<ReleaseRecord> {
    let mut releases = Vec::new();
    for (package, judgement) in made.facts().packages.iter().zip(&draft.evaluation.judgements) {
        let Some(mut record) = release(package, judgement, made.facts()) else { continue };
        let approval = draft.baseline.approvals.iter().find(|one| {
            one.crate_name.names(&record.crate_id.name)
                && one.registry == record.crate_id.registry
                && one.version == record.version
        });
        let of_crate = |one: &&Ignore| {
            one.crate_name.as_ref().is_some_and(|name| name.names(&record.crate_id.name))
                && judgement.advisories.contains(&one.id)
        };
        let ignores: Vec<_> = draft.baseline.ignores.iter().filter(of_crate).collect();
        let waived = ignores.first().map(|first| ApprovalRecord {
            ignores: ignores.iter().map(|one| one.id.to_string()).collect(),
            lifts: Vec::new(),
            reason: Some(first.reason.clone()),
            until: Some(first.until),
        });
        let Some(approval) = approval else {
            record.approval = waived;
            releases.push(record);
            continue;
        };
        let beside = waived.map(|waived| ReleaseRecord {
            approval: Some(waived),
            ..ReleaseRecord::new(record.crate_id.clone(), record.version.clone())
        });
        record.approval = Some(ApprovalRecord {
            ignores: Vec::new(),
            lifts: approval.lifts.clone(),
            reason: Some(approval.reason.clone()),
            until: approval.until,
        });
        releases.push(record);
        releases.extend(beside);
    }
    releases
}

/// An answer that is longer is no answer.
const LONGEST_ANSWER: u64 = 64;

/// Whether the person at the terminal agrees.
///
/// # Errors
/// Nobody is there, the answer cannot be read, or it is not yes.
fn agreement() -> Result<(), InitError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(InitError::NobodyToAsk);
    }
    let mut out = io::stderr();
    let _ = write!(out, "Write this? [y/N] ").and_then(|()| out.flush());
    let mut answer = String::new();
    io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer).map_err(InitError::Answer)?;
    let agrees = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if agrees { Ok(()) } else { Err(InitError::Declined) }
}
