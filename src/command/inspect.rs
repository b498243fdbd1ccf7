//! `inspect`: what stands out inside archives, which are fetched and hashed as `vendor` does it, and neither built nor run. It writes nothing
//! into the project.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use semver::Version;

use super::outcome::{CommandError, Outcome};
use super::spec::Spec;
use super::{output, request};
use crate::cli::{self, Cli};
use crate::gather::crate_files::{self, CrateCache, CrateFile, CratePlaces, CratesProgress, WantedCrate};
use crate::gather::environment::Environment;
use crate::model::checksum::Checksum;
use crate::model::error_text::parted;
use crate::model::facts::IndexFact;
use crate::model::finding::{FindingCode, Inspection, NotInspected, Severity};
use crate::model::history::History;
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::run::Waiting;
use crate::model::source::Source;
use crate::policy::publication::published;
use crate::project::{Assessment, Inspector, Progress, Project, Purpose, told_if_long};
use crate::report;
use crate::report::inspect::InspectReport;

/// What is to be looked at.
#[derive(Default)]
struct Targets {
    /// Positions in the lock file.
    locked: BTreeSet<usize>,
    /// Releases that are not locked.
    others: BTreeSet<(CrateId, Version)>,
}

pub(super) fn run(cli: &Cli, arguments: &cli::Inspect, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    let project = Project::open(request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge), environment)?;
    let mut targets = named(&arguments.spec, &project.subject().lock.packages)?;
    let beside: BTreeSet<CrateId> = targets.others.iter().map(|(crate_id, _)| crate_id.clone()).collect();
    let packages = &project.subject().lock.packages;
    let named = targets.locked.iter().filter_map(|at| packages.get(*at)?.id.crate_id()).chain(beside.clone()).collect();
    let made = Assessment::of(project, beside)?.with_publications(named);
    let packages = &made.facts().packages;
    for (at, (package, judgement)) in packages.iter().zip(&made.evaluation().judgements).enumerate() {
        let is_registrys = matches!(package.id.source, Source::Registry(_));
        if is_registrys && (arguments.all || (arguments.held && !judgement.passes())) {
            targets.locked.insert(at);
        }
    }
    let (mut inspections, mut failures) = looked_at(cli, &made, &targets)?;
    inspections.sort_by(|one, other| other.worst().cmp(&one.worst()).then_with(|| one.id.cmp(&other.id)));
    failures.sort_by(|one, other| one.id.cmp(&other.id));
    let verdicts: BTreeMap<&PackageId, &'static str> = made
        .evaluation()
        .judgements
        .iter()
        .filter_map(|judgement| Some((&judgement.id, judgement.verdict.as_ref()?.code())))
        .collect();
    let report = InspectReport {
        inspections: &inspections,
        failures: &failures,
        verdicts: &verdicts,
        situation: &cli.invocation,
        elapsed: Some(started.elapsed()),
    };
    output::print(cli, |out| match arguments.format {
        cli::HumanOrJson::Human => report::inspect::human::write(&report, output::verbosity(cli), out),
        cli::HumanOrJson::Json => report::inspect::json::write(&report, out),
    })?;
    let high = inspections.iter().any(|inspection| inspection.worst() == Some(Severity::High));
    let is_partial = |one: &Inspection| one.findings.iter().any(|finding| finding.code == FindingCode::NotLookedAt);
    let whole = failures.is_empty() && !inspections.iter().any(is_partial);
    Ok(match (whole, high) {
        (false, _) => Outcome::Undecided,
        (true, true) => Outcome::Held,
        (true, false) => Outcome::Approved,
    })
}

/// What the specs name: every locked package of that name, or a release that is not locked by its whole version.
fn named(specs: &[String], packages: &[Package]) -> Result<Targets, CommandError> {
    let mut targets = Targets::default();
    for text in specs {
        let spec = Spec::parse(text)?;
        let found: Vec<usize> =
            (0..).zip(packages).filter(|(_, package)| spec.names_locked(package)).map(|(at, _)| at).collect();
        match (found.is_empty(), spec.release()) {
            (false, _) => targets.locked.extend(found),
            (true, Some(release)) => {
                targets.others.insert(release);
            }
            (true, None) => return Err(spec.unknown(packages)),
        }
    }
    Ok(targets)
}

/// A release whose archive is wanted.
struct Wanted {
    id: PackageId,
    checksum: Checksum,
}

fn looked_at(
    cli: &Cli,
    made: &Assessment,
    targets: &Targets,
) -> Result<(Vec<Inspection>, Vec<NotInspected>), CommandError> {
    let (mut wanted, mut failures) = (Vec::new(), Vec::new());
    for at in &targets.locked {
        let Some(package) = made.facts().packages.get(*at) else { continue };
        match archive_of(package) {
            Ok(checksum) => wanted.push(Wanted { id: package.id.clone(), checksum }),
            Err(cause) => failures.push(not_inspected(&package.id, "no-archive", cause)),
        }
    }
    for (crate_id, version) in &targets.others {
        wanted.push(unlocked(made, crate_id, version)?);
    }
    let reached = made.reached();
    let places = CratePlaces {
        cargo_home: made.cargo_home(),
        access: &reached.access,
        configs: &reached.configs,
        mode: made.mode(),
    };
    let crates: Vec<WantedCrate<'_>> =
        wanted.iter().map(|one| WantedCrate { id: &one.id, checksum: one.checksum }).collect();
    let looking = Looking {
        made,
        cache: CrateCache::new(made.cargo_home().to_owned()),
        inspector: Inspector::new(made.project().environment()),
    };
    let found = Mutex::new((Vec::new(), failures));
    let deliver = |at: usize, file: CrateFile| {
        let Some(one) = wanted.get(at) else { return };
        let done = looking.look(one, file);
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(inspection) => found.0.push(inspection),
            Err(failure) => found.1.push(failure),
        }
    };
    let progress = Progress::new(cli.quiet, "Inspecting", "crates");
    let mut advance = |at: CratesProgress| progress.with_bytes(at.done, at.of, at.bytes);
    let taken = told_if_long(made.project().environment(), &Waiting::Inspecting, || {
        crate_files::take(&crates, &places, &deliver, &mut advance)
    });
    drop(progress);
    let (inspections, mut failures) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.extend(taken.failures.iter().map(|failure| not_inspected(&failure.id, "not-had", &failure.to_string())));
    Ok((inspections, failures))
}

/// What the workers share.
struct Looking<'a> {
    made: &'a Assessment,
    cache: CrateCache,
    inspector: Inspector,
}

impl Looking<'_> {
    #[expect(clippy::result_large_err, reason = "one a crate, and each is kept for the report")]
    fn look(&self, one: &Wanted, file: CrateFile) -> Result<Inspection, NotInspected> {
        let CrateFile { bytes, downloaded_for } = file;
        if let Some(path) = downloaded_for {
            // What could not be kept costs the next run a download.
            let _ = self.cache.store(&path, &bytes);
        }
        let history = one.id.crate_id().and_then(|crate_id| history(self.made, &crate_id));
        let line = history.and_then(|history| history.release(&one.id.version).ok()?);
        let looked = self.inspector.look(&one.id, one.checksum, bytes, line.as_deref());
        let inspection = looked.map_err(|error| not_inspected(&one.id, "archive-refused", &error.to_string()))?;
        Ok(match self.published_from(&one.id) {
            Some(commit) => inspection.against_commit(&commit),
            None => inspection,
        })
    }

    /// The commit that a release was published from, where the registry or the audit trail says.
    fn published_from(&self, id: &PackageId) -> Option<Box<str>> {
        published(self.made.facts(), &id.crate_id()?, &id.version)?.record.trusted?.commit
    }
}

fn archive_of(package: &Package) -> Result<Checksum, &'static str> {
    match (&package.id.source, &package.checksum) {
        (Source::Registry(_), LockedChecksum::Known(checksum)) => Ok(*checksum),
        (Source::Registry(_), LockedChecksum::Missing | LockedChecksum::Malformed(_)) => {
            Err("the lock file has no checksum to know its archive by\nhelp: cargo sequester update")
        }
        (Source::Local | Source::Git(_) | Source::Other(_), _) => {
            Err("only packages of registries have archives\nhelp: look at its sources where they lie")
        }
    }
}

/// A release by what the index says of it.
fn unlocked(made: &Assessment, crate_id: &CrateId, version: &Version) -> Result<Wanted, CommandError> {
    let spec = format!("{}@{version}", crate_id.name);
    let Some(history) = history(made, crate_id) else {
        let cause = "its index entry could not be had".to_owned();
        return match made.facts().index.get(crate_id) {
            Some(IndexFact::Gone) => Err(CommandError::NoSuchRelease { spec }),
            _ => Err(CommandError::IndexUnread { spec, cause }),
        };
    };
    match history.outline(version) {
        Ok(Some(outline)) => {
            let source = Source::Registry(crate_id.registry.clone());
            let id = PackageId { name: crate_id.name.clone(), version: outline.version.clone(), source };
            Ok(Wanted { id, checksum: outline.checksum })
        }
        Ok(None) => Err(CommandError::NoSuchRelease { spec }),
        Err(error) => Err(CommandError::IndexUnread { spec, cause: error.to_string() }),
    }
}

fn history<'a>(made: &'a Assessment, crate_id: &CrateId) -> Option<&'a History> {
    match made.facts().index.get(crate_id)? {
        IndexFact::Read(history) => Some(history),
        IndexFact::Gone | IndexFact::Unavailable(_) => None,
    }
}

fn not_inspected(id: &PackageId, code: &'static str, text: &str) -> NotInspected {
    let (message, help) = parted(text);
    NotInspected { id: id.clone(), code, message: message.to_owned(), help: help.unwrap_or_default().to_owned() }
}
