//! `explain`: everything about one release, or the releases of a crate with their verdicts. It writes nothing into the project.

use std::collections::BTreeSet;

use super::audit::report_of;
use super::diff::Pair;
use super::outcome::{CommandError, Outcome};
use super::spec::Spec;
use super::{output, request};
use crate::cli::{self, Cli};
use crate::gather::environment::Environment;
use crate::gather::ways_around::own_config;
use crate::gather::{allow_list, policy_file};
use crate::model::evaluation::{Evaluation, IndexGap};
use crate::model::explanation::{Asked, Records};
use crate::model::facts::IndexFact;
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::policy::JudgedBy;
use crate::model::source::Registry;
use crate::policy::explanation::{Decided, blockers_about, explain, releases};
use crate::project::{Assessment, Project, Purpose, Subject};
use crate::report;
use crate::report::audit::AuditReport;
use crate::report::explain::ExplainReport;

/// What a spec names in this project.
enum Target {
    /// One exact release.
    Release(Asked),
    /// A crate, and the release that is meant where only one is locked.
    Crate(CrateId, Option<usize>),
}

pub(super) fn run(cli: &Cli, arguments: &cli::Explain, environment: &Environment) -> Result<Outcome, CommandError> {
    let spec = Spec::parse(&arguments.spec)?;
    let project = Project::open(request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge), environment)?;
    let target = target(&spec, &arguments.spec, project.subject())?;
    let crates = crates_about(&target, &project.subject().lock.packages);
    let own = target.crate_id(&project.subject().lock.packages);
    let made = Assessment::of(project, crates)?.with_publications(own.into_iter().collect());
    let made = made.with_license_of(match &target {
        Target::Release(Asked::Unlocked(crate_id, version)) => Some((crate_id.clone(), version.clone())),
        Target::Release(Asked::Locked(_)) | Target::Crate(..) => None,
    });
    let decided = Decided {
        facts: made.facts(),
        policy: &made.rules().policy,
        approvals: &made.rules().approvals,
        evaluation: made.evaluation(),
    };
    let allow_list = match &made.subject().workspace {
        Some(_) => allow_list::read(&own_config(&made.subject().root))?,
        None => None,
    };
    let keys = match made.rules().judged_by() {
        JudgedBy::File(file) => policy_file::keys(&environment.current_dir().join(file), file),
        JudgedBy::Defaults => Some(std::collections::BTreeMap::new()),
        JudgedBy::Base { .. } => None,
    };
    let records = Records { trail: made.trail().clone(), allow_list, keys };
    let (release, listed) = match &target {
        Target::Release(asked) => (explain(&decided, asked, &records), None),
        Target::Crate(crate_id, locked) => (
            locked.and_then(|position| explain(&decided, &Asked::Locked(position), &records)),
            releases(&decided, crate_id),
        ),
    };
    if release.is_none() && listed.is_none() {
        return Err(unknown(&spec, &arguments.spec, &target, &made));
    }
    let is_meant = |id: &PackageId| match (&target, &release) {
        (_, Some(release)) => release.package.id == *id,
        (Target::Crate(crate_id, _), None) => id.crate_id().as_ref() == Some(crate_id),
        (Target::Release(_), None) => false,
    };
    let blockers = blockers_about(&decided, is_meant);
    let judgements = made.evaluation().judgements.iter().filter(|judgement| is_meant(&judgement.id));
    let passes = match &release {
        Some(release) => release.judgement.passes(),
        None => judgements.into_iter().all(crate::model::evaluation::Judgement::passes),
    };
    let outcome = match (blockers.is_empty(), passes) {
        (false, _) => Outcome::Undecided,
        (true, false) => Outcome::Held,
        (true, true) => Outcome::Approved,
    };
    let evaluation = Evaluation { blockers, ..made.evaluation().clone() };
    let audit = AuditReport { evaluation: &evaluation, ..report_of(cli, &made, None) };
    let held = release.as_ref().filter(|release| release.judgement.reasons().is_some());
    let human = arguments.format == cli::HumanOrJson::Human;
    let hint = held.filter(|_| human).and_then(|release| Pair::about(&made, &release.package.id)?.hint(&made));
    let report = ExplainReport { audit, release: release.as_ref(), diff: hint.as_ref(), releases: listed.as_ref() };
    output::print(cli, |out| match arguments.format {
        cli::HumanOrJson::Human => {
            report::explain::human::write(&report, output::canvas(environment), output::verbosity(cli), out)
        }
        cli::HumanOrJson::Json => report::explain::json::write(&report, out),
    })?;
    Ok(outcome)
}

/// What the spec means here. A bare name is a crate; a part of a version must fit one locked package.
fn target(spec: &Spec, text: &str, subject: &Subject) -> Result<Target, CommandError> {
    let packages = &subject.lock.packages;
    let is_bare = matches!(spec.whole_version(), Ok(None));
    let found: Vec<usize> = (0..).zip(packages).filter(|(_, one)| spec.names_locked(one)).map(|(at, _)| at).collect();
    let mut crates: Vec<Option<CrateId>> =
        found.iter().filter_map(|at| packages.get(*at)).map(|one| one.id.crate_id()).collect();
    crates.dedup();
    if let (true, [Some(crate_id)]) = (is_bare, crates.as_slice()) {
        let only = found.first().copied().filter(|_| found.len() == 1);
        return Ok(Target::Crate(crate_id.clone(), only));
    }
    if let Some(position) = spec.locked(packages)? {
        return Ok(Target::Release(Asked::Locked(position)));
    }
    match (spec.release(), spec.crate_name()) {
        (Some((crate_id, version)), _) => Ok(Target::Release(Asked::Unlocked(crate_id, version))),
        (None, Some(name)) if is_bare && !text.contains("://") => {
            Ok(Target::Crate(CrateId { registry: Registry::CratesIo, name: name.into() }, None))
        }
        (None, _) => Err(spec.unknown(packages)),
    }
}

impl Target {
    fn crate_id(&self, packages: &[Package]) -> Option<CrateId> {
        match self {
            Self::Release(Asked::Unlocked(crate_id, _)) | Self::Crate(crate_id, _) => Some(crate_id.clone()),
            Self::Release(Asked::Locked(position)) => packages.get(*position)?.id.crate_id(),
        }
    }
}

/// The crates whose index entries an answer needs: its own, and those of the packages that depend on it, for what they ask.
fn crates_about(target: &Target, packages: &[Package]) -> BTreeSet<CrateId> {
    let (own, position) = match target {
        Target::Release(Asked::Unlocked(crate_id, _)) => (Some(crate_id.clone()), None),
        Target::Release(Asked::Locked(position)) => {
            (packages.get(*position).and_then(|package| package.id.crate_id()), Some(*position))
        }
        Target::Crate(crate_id, locked) => (Some(crate_id.clone()), *locked),
    };
    let depends = |package: &&Package| position.is_some_and(|position| package.dependencies.contains(&position));
    packages.iter().filter(depends).filter_map(|package| package.id.crate_id()).chain(own).collect()
}

/// Why there is nothing to explain: the registry has no such release, or could not be asked.
fn unknown(spec: &Spec, text: &str, target: &Target, made: &Assessment) -> CommandError {
    let (crate_id, version) = match target {
        Target::Release(Asked::Unlocked(crate_id, version)) => (crate_id, Some(version)),
        Target::Crate(crate_id, _) => (crate_id, None),
        Target::Release(Asked::Locked(_)) => return spec.unknown(&made.facts().packages),
    };
    let offline = |history: &crate::model::history::History| {
        matches!(history.standing(), crate::model::history::Standing::Cached(_))
    };
    if let (Some(IndexFact::Read(history)), Some(version)) = (made.facts().index.get(crate_id), version)
        && let Err(error) = history.outline(version)
    {
        return CommandError::IndexUnread { spec: text.to_owned(), cause: error.to_string() };
    }
    let gap = match made.facts().index.get(crate_id) {
        Some(IndexFact::Read(history)) if offline(history) => IndexGap::NotInCachedEntry,
        Some(IndexFact::Read(_) | IndexFact::Gone) => {
            return match version {
                Some(_) => CommandError::NoSuchRelease { spec: text.to_owned() },
                None => spec.unknown(&made.facts().packages),
            };
        }
        Some(IndexFact::Unavailable(gap)) => gap.clone(),
        None => IndexGap::NotCached,
    };
    let cause = format!("its index entry {}", report::blocker::gap(&gap, 1));
    CommandError::IndexUnread { spec: text.to_owned(), cause }
}
