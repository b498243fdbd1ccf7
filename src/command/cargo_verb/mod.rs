//! `cargo <args>`: any cargo command behind the same quarantine.
//!
//! Commands that resolve run behind the filter. All others run on the user's own sources, because under a replaced source everything
//! would be downloaded and compiled anew; before that the lock file is completed behind the filter, and judged.

mod native;

use camino::Utf8PathBuf;

use super::{CommandError, Outcome, output, updated};
use crate::apply::kept_file::KeptFile;
use crate::cli::{self, Cli};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::{clock, workspace};
use crate::model::evaluation::Judgement;
use crate::model::lock_proof::LockFact;
use crate::model::policy::Origin;
use crate::policy::carried::carried;
use crate::policy::moves::{self, Asked};
use crate::project::{Decision, Footing, ProjectError, Purpose, Question, Request, Which, relative};
use crate::report::update::{self, End, UpdateReport};
use crate::report::{self, AuditReport, Context, Verbosity};
use crate::resolve::command_line::{Action, CommandLine};
use crate::resolve::{self, Ended, Resolution, Resolved, Session};

/// How many aliases may stand behind each other.
const MOST_ALIASES: usize = 8;

pub(super) fn run(cli: &Cli, arguments: &cli::Cargo, environment: &Environment) -> Result<Outcome, CommandError> {
    let mut line = CommandLine::read(&arguments.arguments);
    let environment = native::for_toolchain(environment, line.toolchain.as_deref());
    let config = CargoConfig::load(environment.current_dir(), &environment)?;
    for _ in 0..MOST_ALIASES {
        let Some(verb) = line.verb.clone().filter(|_| !line.is_built_in()) else { break };
        let Some(words) = config.alias(&verb)? else { break };
        line.expand(&words);
    }
    line.expand_short();
    if line.changes_folder() {
        return Err(CommandError::OtherFolder);
    }
    if let Some(option) = line.unread() {
        return Err(CommandError::UnknownOption { option: option.to_owned() });
    }
    let config = config.with_command_line(&line.config())?;
    let origin = config.lockfile_path()?.or_else(|| line.has(&["--lockfile-path"]).then_some(Origin::Flag));
    if let Some(origin) = origin {
        return Err(ProjectError::OtherLockFile { origin }.into());
    }
    let action = line.action();
    match action {
        Action::Passes => {}
        Action::Installs => return Err(CommandError::Install),
        Action::Script => return Err(CommandError::Script),
        Action::Resolves | Action::Builds | Action::Unknown => {
            let asked = request(cli, arguments, &line);
            let question = Question::of(&asked, line.toolchain.as_deref(), &config, &environment);
            let question = question.filter(|_| action != Action::Resolves);
            if question.as_ref().is_some_and(|question| was_approved(question, action, &config, &environment)) {
                return native::run(&environment, &line, action == Action::Builds);
            }
            let outcome = behind_quarantine(cli, asked, &environment, &line, (action, question.as_ref()))?;
            if outcome != Outcome::Approved || action == Action::Resolves {
                return Ok(outcome);
            }
        }
    }
    native::run(&environment, &line, action == Action::Builds)
}

fn request(cli: &Cli, arguments: &cli::Cargo, line: &CommandLine) -> Request {
    Request {
        which: line.manifest_path().map_or(Which::Here, Which::Manifest),
        judge: (&arguments.judge).into(),
        purpose: Purpose::Resolve,
        config: line.config(),
        afresh: false,
        offline: line.has(&["--offline", "--frozen"]),
        quiet: cli.quiet,
    }
}

/// Whether the very same was approved a short while ago. A command that gets `--locked` refuses a workspace that has grown since; of any
/// other cargo is asked which packages the workspace has.
fn was_approved(question: &Question, action: Action, config: &CargoConfig, environment: &Environment) -> bool {
    let members = || workspace::locate(environment, config, None).ok().map(|found| found.folders());
    let now = clock::now();
    match action {
        Action::Builds => question.was_approved(now, None),
        Action::Unknown => question.was_approved(now, None) && question.was_approved(now, members().as_ref()),
        Action::Passes | Action::Installs | Action::Script | Action::Resolves => false,
    }
}

fn behind_quarantine(
    cli: &Cli,
    request: Request,
    environment: &Environment,
    line: &CommandLine,
    (action, question): (Action, Option<&Question>),
) -> Result<Outcome, CommandError> {
    let manifest = line.manifest_path();
    let resolution = Resolution::open(request, environment)?;
    if action != Action::Resolves && is_approved_as_it_is(&resolution, question)? {
        return Ok(Outcome::Approved);
    }
    resolution.run(|session| {
        let run = Run { cli, session, line, manifest };
        if action == Action::Resolves { run.resolve() } else { run.complete() }
    })
}

/// Whether the lock file is whole and approved, so that nothing need be resolved; that is remembered.
fn is_approved_as_it_is(resolution: &Resolution, question: Option<&Question>) -> Result<bool, CommandError> {
    // What cannot be read is not remembered; whoever needs it says so.
    let footing = question.and_then(|_| Footing::of(resolution.project()).ok().flatten());
    let found = resolution.as_it_is()?;
    if !found.decision().evaluation().is_approved() || !found.lock_answers()? {
        return Ok(false);
    }
    if let (Some(question), Some(footing)) = (question, footing) {
        // A folder that cannot be written to costs the next run its time, and no more.
        let _ = question.remember(&footing, found.project(), found.decision());
    }
    Ok(true)
}

struct Run<'r, 's> {
    cli: &'r Cli,
    session: &'r Session<'s>,
    line: &'r CommandLine,
    manifest: Option<Utf8PathBuf>,
}

impl Run<'_, '_> {
    /// A command that changes the lock file, and perhaps manifests.
    fn resolve(&self) -> Result<Outcome, CommandError> {
        if !self.session.before().evaluation().blockers.is_empty() {
            self.tell_before();
            return Ok(Outcome::Undecided);
        }
        let (before, behind) = self.line.behind_filter();
        self.change(&[before, behind].concat())
    }

    /// Any other command: the lock file must be whole and approved before it runs.
    fn complete(&self) -> Result<Outcome, CommandError> {
        let before = self.session.before().evaluation();
        if !before.is_approved() {
            self.tell_before();
            return Ok(if before.blockers.is_empty() { Outcome::Held } else { Outcome::Undecided });
        }
        let absent = self.session.subject().lock.packages.is_empty();
        if !absent && self.session.lock_answers()? == LockFact::Answered {
            return Ok(Outcome::Approved);
        }
        if !absent {
            let ended = self.session.cargo(&self.with_manifest(&["update", "--workspace", "--locked"]), false)?;
            self.session.refuse_gaps()?;
            if ended.status.success() {
                return Ok(Outcome::Approved);
            }
        }
        // Cargo itself says what is wrong where it may not be changed; it runs with the same option.
        if self.line.has(&["--locked", "--frozen"]) {
            return Ok(Outcome::Approved);
        }
        let verb: &[&str] = if absent { &["generate-lockfile"] } else { &["update", "--workspace"] };
        self.change(&self.with_manifest(verb))
    }

    fn with_manifest(&self, words: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if let Some(path) = &self.manifest {
            all.extend([String::from("--manifest-path"), path.to_string()]);
        }
        all
    }

    /// Runs cargo behind the filter and keeps what it wrote only where all that is new in it is approved.
    fn change(&self, arguments: &[String]) -> Result<Outcome, CommandError> {
        let subject = self.session.subject();
        let mut kept = vec![KeptFile::keep(&subject.lock_path)?];
        for manifest in subject.manifests() {
            kept.push(KeptFile::keep(&manifest)?);
        }
        let done = self.run_and_judge(arguments);
        if !matches!(done, Ok(Changed::Approved)) {
            kept.iter().try_for_each(KeptFile::put_back)?;
        }
        match done? {
            Changed::Approved => {
                self.tell_vendored(&kept)?;
                Ok(Outcome::Approved)
            }
            Changed::Failed(ended) => {
                self.tell_failure(&ended)?;
                Ok(Outcome::Cargo(ended.code()))
            }
            Changed::Unapproved(judged) => {
                self.tell(&judged);
                Ok(if judged.evaluation().blockers.is_empty() { Outcome::Held } else { Outcome::Undecided })
            }
        }
    }

    fn context(&self) -> Context<'_> {
        let decision = self.session.before();
        Context {
            now: decision.evaluation().now,
            advisories: &decision.facts().advisories,
            judged_by: self.session.project().rules().judged_by(),
            situation: &self.cli.situation,
        }
    }

    /// A lock file that changed leaves the vendored sources behind.
    fn tell_vendored(&self, kept: &[KeptFile]) -> Result<(), CommandError> {
        let is_vendored = self.session.subject().root.join("vendor").is_dir();
        if is_vendored && !kept.iter().all(KeptFile::is_unchanged) {
            let mut text = Vec::new();
            update::human::left_behind(&self.context(), &mut text).map_err(CommandError::Output)?;
            output::aside(self.cli, &text);
        }
        Ok(())
    }

    fn run_and_judge(&self, arguments: &[String]) -> Result<Changed, CommandError> {
        let asked = resolve::Asked { commands: vec![arguments.to_vec()], aloud: !self.cli.quiet };
        let judged = match self.session.resolve(&asked)? {
            Resolved::Failed(ended) => return Ok(Changed::Failed(ended)),
            Resolved::Unlocked => return Ok(Changed::Approved),
            Resolved::Judged(judged) => judged,
        };
        let before = &self.session.subject().lock.packages;
        let changes = moves::changes(before, &judged.facts().packages, judged.evaluation(), &Asked::Everything);
        let approved = |id| {
            let judgement = judged.evaluation().judgements.iter().find(|judgement| judgement.id == id);
            judgement.is_some_and(Judgement::passes)
        };
        let whole = judged.evaluation().blockers.is_empty()
            && changes.iter().filter_map(crate::model::moves::Change::after).all(approved);
        if !whole {
            return Ok(Changed::Unapproved(judged));
        }
        updated::record(self.session.project(), &judged, &changes)?;
        Ok(Changed::Approved)
    }

    /// What the filter has to do with cargo's failure; cargo's own words were shown as they came.
    fn tell_failure(&self, ended: &Ended) -> Result<(), CommandError> {
        let mut unresolved = self.session.explain(ended);
        if unresolved.obstacles.is_empty() {
            return Ok(());
        }
        unresolved.words.clear();
        let report = UpdateReport {
            end: End::Unresolved(&unresolved),
            changes: &[],
            joined: &[],
            held: &[],
            held_fixes: &[],
            pruned: 0,
            evaluation: self.session.before().evaluation(),
            packages: &self.session.subject().lock.packages,
            advisories: &self.session.before().facts().advisories,
            judged_by: self.session.project().rules().judged_by(),
            situation: &self.cli.situation,
            dry_run: false,
            vendored: false,
        };
        let mut text = Vec::new();
        update::human::update(&report, Verbosity::Normal, &mut text).map_err(CommandError::Output)?;
        output::aside(self.cli, &text);
        Ok(())
    }

    fn tell_before(&self) {
        self.tell(self.session.before());
    }

    /// The problems of a decision, on standard error: standard output is cargo's.
    fn tell(&self, decision: &Decision) {
        let project = self.session.project();
        let rules = project.rules();
        let report = AuditReport {
            packages: &decision.facts().packages,
            evaluation: decision.evaluation(),
            advisories: &decision.facts().advisories,
            carried: carried(decision.evaluation(), &rules.policy, &rules.approvals),
            loosened: &[],
            decided: &[],
            policy: &rules.policy,
            judged_by: rules.judged_by(),
            locked: &relative(&project.subject().lock_path, project.environment()),
            lines: decision.lines(),
            situation: &self.cli.situation,
            elapsed: None,
        };
        let mut text = Vec::new();
        if report::human::audit(&report, Verbosity::Quiet, &mut text).is_ok() {
            output::aside(self.cli, &text);
        }
    }
}

enum Changed {
    Approved,
    Failed(Ended),
    Unapproved(Box<Decision>),
}
