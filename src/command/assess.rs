//! `assess`: what the project shows of what a standard asks. It writes nothing into the project.

use camino::{Utf8Path, Utf8PathBuf};

use super::audit::{assess, context_of};
use super::outcome::{CommandError, Outcome};
use super::record::PolicyText;
use super::{output, request, verify};
use crate::cli::{self, AssessFormat, Cli};
use crate::files::regular::{self, Links};
use crate::gather::committed::{CheckedOut, cause};
use crate::gather::environment::Environment;
use crate::gather::lock_file::MAX_BYTES;
use crate::gather::{automation, git, ways_around};
use crate::model::checksum::Hashed;
use crate::model::package::PackageId;
use crate::model::policy::{Origin, Policy};
use crate::model::source::{Registry, Source};
use crate::model::standard::{Answer, Automation, Committed, Part, VendoredProof};
use crate::model::vendored::Destination;
use crate::model::verification::{TakenFrom, Undecided, Verification};
use crate::model::way_around::{Scope, WayAround, WayKind};
use crate::policy::standard::{Grounds, assess as answers};
use crate::project::{AdvisoriesFrom, JudgeBy, Project, Purpose, Subject, relative, trail};
use crate::report::assess::requirements::requirements;
use crate::report::assess::{AssessReport, human, in_toto, json};

const WHOLE: &str =
    "`--base` judges a change, and what is assessed is a whole project\nhelp: leave `--base` and `--loosened` out";
const WRITTEN: &str = "`--min-publish-age` stands in no file, and what is assessed is what the project's own policy does\nhelp: leave `--min-publish-age` out";

pub(super) fn run(cli: &Cli, arguments: &cli::Assess, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.judge.base.is_some() {
        return Err(CommandError::Usage(WHOLE));
    }
    if arguments.judge.min_publish_age.is_some() {
        return Err(CommandError::Usage(WRITTEN));
    }
    let made = assess(cli, &arguments.subject, &arguments.judge, Purpose::Judge, environment)?;
    let subject = made.subject();
    let from_root = |path: &Utf8Path| path.strip_prefix(&subject.root).unwrap_or(path).to_owned();
    let policy_path = made.project().policy_path();
    let policy_file = made.rules().file.is_some().then(|| from_root(&policy_path));
    let trail_folder = trail::folder(&policy_path);
    let (vendored, place) = vendored(cli, arguments, environment)?;
    let parts = parts(subject, &policy_path, &trail_folder, place);
    let InRepository { committed, outside, automation } = InRepository::read(subject, parts, environment);
    let judge: JudgeBy = (&arguments.judge).into();
    let trail_name = from_root(&trail_folder);
    let grounds = Grounds {
        facts: made.facts(),
        policy: &made.rules().policy,
        evaluation: made.evaluation(),
        trail: made.trail(),
        policy_file: policy_file.as_deref().map(Utf8Path::as_str),
        trail_folder: trail_name.as_str(),
        advisories_named: matches!(judge.advisories, AdvisoriesFrom::Database(_)),
        vendored: &vendored,
        committed: &committed,
        outside: &outside,
        automation: &automation,
    };
    let assessed = answers(requirements(arguments.standard), &grounds);
    let lock_file = regular::read(&subject.lock_path, Links::Followed, MAX_BYTES);
    let lock_file = lock_file.map_err(|_| CommandError::ChangedMeanwhile { path: subject.lock_path.clone() })?;
    let report = AssessReport {
        standard: arguments.standard,
        assessed: &assessed,
        context: context_of(cli, &made),
        lock_file: Hashed::of(lock_file).checksum(),
        policy: PolicyText::read(&relative(&policy_path, environment))?.digest(),
    };
    output::print(cli, |out| match arguments.format {
        AssessFormat::Human => human::write(&report, output::verbosity(cli), out),
        AssessFormat::Json => json::write(&report, out),
        AssessFormat::InToto => in_toto::write(&report, arguments.verifier_id.as_deref().unwrap_or_default(), out),
    })?;
    let is_met = assessed.iter().all(|one| one.answer != Answer::NotMet);
    Ok(match (is_met, made.evaluation().blockers.is_empty()) {
        (true, _) => Outcome::Approved,
        (false, true) => Outcome::Held,
        (false, false) => Outcome::Undecided,
    })
}

/// What `verify --deep` says, and where the sources lie; nothing is vendored beside a lock file that is judged alone. Archives that could not
/// be had leave the rest of the proof as it is.
fn vendored(
    cli: &Cli,
    arguments: &cli::Assess,
    environment: &Environment,
) -> Result<(VendoredProof, Option<Utf8PathBuf>), CommandError> {
    if arguments.subject.lockfile.is_some() {
        return Ok((VendoredProof::NotVendored { elsewhere: 0 }, None));
    }
    let judge: JudgeBy = (&arguments.judge).into();
    let judge = JudgeBy { advisories: AdvisoriesFrom::Nowhere, ..judge };
    let project = Project::open(request::by(cli, &arguments.subject, judge, Purpose::Prove), environment)?;
    let root = &project.subject().root;
    let configs = project.configs().at_root(root, environment)?;
    let is_vendored = verify::is_vendored(project.subject())?;
    let proved = verify::prove(&project, &configs, is_vendored)?;
    if !is_vendored {
        let elsewhere = led_elsewhere(&proved.verification, &project.rules().policy, &ways_around::own_config(root));
        return Ok((VendoredProof::NotVendored { elsewhere }, None));
    }
    let folder = proved.place.path.strip_prefix(root).unwrap_or(&proved.place.path).to_owned();
    Ok((proof(proved.verification, folder), Some(proved.place.path)))
}

fn proof(mut verification: Verification, folder: Utf8PathBuf) -> VendoredProof {
    let (underived, blockers): (Vec<_>, Vec<_>) = std::mem::take(&mut verification.blockers)
        .into_iter()
        .partition(|one| matches!(one, Undecided::NoArchive { .. } | Undecided::GitTree { .. }));
    verification.blockers = blockers;
    let underived = underived.into_iter().filter_map(|one| match one {
        Undecided::NoArchive { id, .. } | Undecided::GitTree { id, .. } => Some(id),
        Undecided::WorkspaceUnread { .. }
        | Undecided::LockOutdated(_)
        | Undecided::LockRefused { .. }
        | Undecided::LockUnproven { .. }
        | Undecided::Running(_)
        | Undecided::Platform(_)
        | Undecided::Config(_)
        | Undecided::BuildOutput(_)
        | Undecided::SearchEnded { .. } => None,
    });
    if !verification.blockers.is_empty() {
        VendoredProof::Undecided
    } else if verification.is_proven() {
        VendoredProof::Proven {
            folder,
            derived: verification.counts.derived,
            underived: underived.collect(),
            stubs: verification.counts.stubs,
            // What this process's environment says is no part of the project.
            ways: verification.warning_ways().filter(|way| way.scope != Scope::Environment).count(),
        }
    } else {
        VendoredProof::Broken(verification.findings.len() + verification.failing_ways().count())
    }
}

/// How many packages cargo takes from elsewhere than their source and the mirrors that the policy allows, and how many ways lead around the
/// lock file.
fn led_elsewhere(verification: &Verification, policy: &Policy, own_config: &Utf8Path) -> usize {
    let is_mirror = |address: &str| {
        let mut mirrors = policy.sources.mirrors.iter().map(ToString::to_string);
        mirrors.any(|mirror| mirror == address || mirror.strip_prefix("registry+") == Some(address))
    };
    let is_astray = |(id, from): &&(PackageId, TakenFrom)| match from {
        TakenFrom::Elsewhere(Destination::Elsewhere(address)) => {
            id.source != Source::Registry(Registry::CratesIo) || !is_mirror(address)
        }
        TakenFrom::Elsewhere(Destination::Itself | Destination::Folder(_)) | TakenFrom::Unknown => true,
        TakenFrom::Local | TakenFrom::Vendored | TakenFrom::Registry | TakenFrom::Repository => false,
    };
    // Where a replacement leads that holds at the root is known by now; below it, it is one more way.
    let is_followed = |way: &&WayAround| {
        let at_root = matches!(&way.origin, Origin::File { path, .. } if path == own_config);
        way.kind == WayKind::SourceOverride && (way.scope != Scope::Repository || at_root)
    };
    let ways = verification.failing_ways().filter(|way| !is_followed(way));
    verification.taken.iter().filter(is_astray).count() + ways.count()
}

/// What was looked at and must be in the repository.
fn parts(
    subject: &Subject,
    policy: &Utf8Path,
    trail: &Utf8Path,
    sources: Option<Utf8PathBuf>,
) -> Vec<(Part, Utf8PathBuf)> {
    let mut parts = vec![
        (Part::LockFile, subject.lock_path.clone()),
        (Part::Policy, policy.to_owned()),
        (Part::Config, ways_around::own_config(&subject.root)),
        (Part::Trail, trail.to_owned()),
    ];
    if subject.workspace.is_some() {
        let locals = subject.lock.packages.iter().filter_map(|package| Some(package.local.as_ref()?.root.clone()));
        let mut manifests: Vec<Utf8PathBuf> = locals.chain([subject.root.clone()]).collect();
        manifests.sort();
        manifests.dedup();
        parts.extend(manifests.into_iter().map(|folder| (Part::Manifests, folder.join("Cargo.toml"))));
    }
    parts.extend(sources.map(|place| (Part::Sources, place)));
    parts
}

/// What the repository around a project says.
struct InRepository {
    committed: Committed,
    /// Local packages that lie outside it.
    outside: Vec<PackageId>,
    automation: Automation,
}

impl InRepository {
    fn read(subject: &Subject, mut parts: Vec<(Part, Utf8PathBuf)>, environment: &Environment) -> Self {
        let around = subject.lock_path.parent().unwrap_or(&subject.root);
        let checked_out = CheckedOut::around(around, environment);
        let top = git::root_around(around).unwrap_or(&subject.root);
        let holds = |folder: &Utf8Path| match &checked_out {
            Ok(checked_out) => checked_out.holds(folder),
            Err(_) => folder.starts_with(top),
        };
        let locals = subject.lock.packages.iter().filter(|package| package.id.source == Source::Local);
        let outside = locals.filter(|package| package.local.as_ref().is_some_and(|local| !holds(&local.root)));
        let outside: Vec<PackageId> = outside.map(|package| package.id.clone()).collect();
        // Told by themselves, and not as files that nobody committed.
        parts.retain(|(part, path)| *part != Part::Manifests || path.parent().is_none_or(holds));
        let read = checked_out.and_then(|checked_out| {
            let files = checked_out.files(Utf8Path::new(automation::WORKFLOWS), automation::places())?;
            let folder = checked_out.below(&subject.root).unwrap_or_default();
            Ok((checked_out.compare(&parts), automation::find(&files, &folder)))
        });
        let (committed, automation) = read.unwrap_or_else(|error| {
            let folder = subject.root.strip_prefix(top).unwrap_or(Utf8Path::new(""));
            let automation = automation::find(&automation::in_working_tree(top), folder);
            (Committed::Unknown { cause: cause(&error) }, automation)
        });
        let automation = if subject.workspace.is_some() { automation } else { Automation::default() };
        Self { committed, outside, automation }
    }
}
