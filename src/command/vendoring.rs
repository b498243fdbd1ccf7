//! `vendor`: writes the approved sources into the project, and only them.
//!
//! The decision comes first, the same as `audit`'s. Until everything is approved, fetched, hashed, opened and compared, nothing of the
//! project changes.

mod derive;
mod local_registry;
mod place;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use camino::Utf8Path;

use super::outcome::{CommandError, Outcome};
use super::record::{Record, release};
use super::{audit, output, request};
use crate::cli::{self, Cli, Format, HumanOrJson};
use crate::gather::environment::Environment;
use crate::gather::{self, allow_list, target, vendor_tree, ways_around};
use crate::model::license::LicenseFact;
use crate::model::package::{Package, PackageId};
use crate::model::trail::release::purl;
use crate::model::trail::{HealedFolder, Kind};
use crate::model::vendored::VendorRoot;
use crate::model::vendoring::{KeptPlace, Unvendorable, VendoredPackage, Vendoring};
use crate::policy::lock_changes::{Before, kept_places};
use crate::policy::plan::{PlanOptions, plan};
use crate::project::{Assessment, Committed, Project, Purpose, Request, trail};
use crate::report;
use crate::report::vendored::{self, VendorReport};
pub(super) use place::VendorRequest;
use place::{Done, Run};

pub(super) fn run(cli: &Cli, arguments: &cli::Vendor, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.judge.base.is_some() {
        return Err(CommandError::WholeLockFile { flag: "--base" });
    }
    if arguments.subject.lockfile.is_some() {
        return Err(CommandError::WholeLockFile { flag: "--lockfile" });
    }
    let wanted = VendorRequest {
        path: arguments.path.clone(),
        versioned_dirs: arguments.versioned_dirs,
        no_delete: arguments.no_delete,
        no_config: arguments.no_config,
        platform: arguments.platform.clone(),
        local_registry: arguments.local_registry.clone(),
        format: arguments.format,
        ..VendorRequest::of(request::of(cli, &arguments.subject, &arguments.judge, Purpose::Change))
    };
    Ok(vendor(cli, &wanted, environment)?.outcome)
}

/// How a run ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// Whether the sources are those of the lock file, and the outcome is for nothing but what is kept in them.
    pub(super) only_kept: bool,
}

impl Ended {
    const fn stopped(outcome: Outcome) -> Self {
        Self { outcome, only_kept: false }
    }
}

/// Decides, and writes what is approved.
pub(super) fn vendor(cli: &Cli, arguments: &VendorRequest, environment: &Environment) -> Result<Ended, CommandError> {
    let started = Instant::now();
    // By what the registries say now, whatever the machine's caches have.
    // What is written is downloaded anyway.
    let request = Request { afresh: true, fetch: true, ..arguments.request.clone() };
    let project = Project::open(request, environment)?;
    project.remove_debris();
    let made = Assessment::of(project, BTreeSet::new())?;
    let mut kept = BTreeMap::new();
    if !audit::report_of(cli, &made, None).is_approved() {
        // A local registry has no folders to stay in.
        let folder = tree::folder(arguments, &made.subject().root, environment);
        let places = arguments.local_registry.is_none().then(|| places_kept(&made, &folder)).transpose()?;
        match places.flatten() {
            Some(places) => kept = places,
            None => return held(cli, arguments, &made, started).map(Ended::stopped),
        }
    }
    let targets =
        arguments.platform.iter().map(|triple| target::read(triple, environment)).collect::<Result<Vec<_>, _>>()?;
    let options = PlanOptions { versioned_dirs: arguments.versioned_dirs, targets: &targets, kept: Some(&kept) };
    let plan = plan(made.facts(), made.evaluation(), &options)?;
    let record = Record::of(made.project(), Some(&made.facts().advisories), None);
    let run = Run { cli, arguments, made: &made, environment, record };
    let done = match &arguments.local_registry {
        Some(folder) => local_registry::write(&run, &plan, folder)?,
        None => tree::write(&run, &plan)?,
    };
    match done {
        Done::Vendored { vendoring, changed, unfinished } => {
            let is_due = changed || !is_recorded(&run, &vendoring);
            let event = if is_due { record_event(&run, &vendoring) } else { Ok(()) };
            tell(&run, started, Some(&vendoring), &[])?;
            if let Some(error) = unfinished {
                return Err(error.into());
            }
            event.map_err(|cause| CommandError::Unrecorded {
                done: "the sources are vendored",
                cause: Box::new(cause),
            })?;
            let (foreign, kept) = (!vendoring.foreign.is_empty(), vendoring.unapproved().next().is_some());
            let outcome = if foreign || kept { Outcome::Held } else { Outcome::Approved };
            Ok(Ended { outcome, only_kept: kept && !foreign })
        }
        Done::Refused(derived) => {
            tell(&run, started, None, &derived.problems)?;
            let refused = derived.problems.iter().all(|problem| problem.refused);
            Ok(Ended::stopped(if refused { Outcome::Held } else { Outcome::Undecided }))
        }
    }
}

/// Reports what is not approved, as `audit` does.
fn held(cli: &Cli, arguments: &VendorRequest, made: &Assessment, started: Instant) -> Result<Outcome, CommandError> {
    match arguments.format {
        HumanOrJson::Human if !arguments.aside => audit::print(cli, made, Format::Human, started),
        HumanOrJson::Human => {
            let audited = audit::report_of(cli, made, Some(started.elapsed()));
            output::print_aside(cli, |out| report::audit::human::write(&audited, output::verbosity(cli), out))?;
            Ok(audit::outcome(&audited))
        }
        HumanOrJson::Json => {
            let audited = audit::report_of(cli, made, Some(started.elapsed()));
            let report = VendorReport { audit: &audited, vendoring: None, problems: &[], elapsed: started.elapsed() };
            output::print(cli, |out| vendored::json(&report, out))?;
            Ok(audit::outcome(&audited))
        }
    }
}

fn tell(
    run: &Run<'_>,
    started: Instant,
    vendoring: Option<&Vendoring>,
    problems: &[Unvendorable],
) -> Result<(), CommandError> {
    let audited = audit::report_of(run.cli, run.made, None);
    let report = VendorReport { audit: &audited, vendoring, problems, elapsed: started.elapsed() };
    let human = |out: &mut Vec<u8>| vendored::human(&report, output::verbosity(run.cli), out);
    match run.arguments.format {
        HumanOrJson::Human if run.arguments.aside => output::print_aside(run.cli, human),
        HumanOrJson::Human => output::print(run.cli, human),
        HumanOrJson::Json => output::print(run.cli, |out| vendored::json(&report, out)),
    }
}

/// Where each package that is not approved stays in the folder `vendor`; `None` where not all of them may.
fn places_kept(made: &Assessment, vendor: &Utf8Path) -> Result<Option<BTreeMap<usize, KeptPlace>>, CommandError> {
    let Some(before) = before(made) else { return Ok(None) };
    let VendorRoot::Read(found) = vendor_tree::read(&made.subject().root, vendor)? else { return Ok(None) };
    Ok(kept_places(made.facts(), made.evaluation(), &found, &before))
}

/// Without git, or without a commit, nothing was there before; the same where the commit's files cannot be understood.
fn before(made: &Assessment) -> Option<Before> {
    let commit = Committed::of(made.project())?;
    let config = ways_around::own_config(&made.subject().root.canonicalize_utf8().ok()?);
    let text = String::from_utf8(commit.file(&config)?).ok()?;
    let allowed = allow_list::read_text(&text, &config).ok()??;
    Some(Before::of(&commit.packages, allowed))
}

/// The most altered files that an event names of one package.
const MOST_FILES: usize = 100;

/// Whether the trail tells of what lies there: a run that was killed before its event, and one that completed what another began, leave
/// that to the next.
fn is_recorded(run: &Run<'_>, vendoring: &Vendoring) -> bool {
    let Ok(trail) = gather::trail::read(&trail::folder(&run.record.policy)) else { return true };
    let events = trail.newest_first();
    let latest = events.iter().find(|(_, event)| event.kind == Kind::Vendored);
    let releases = latest.into_iter().flat_map(|(_, event)| &event.releases);
    let told: BTreeSet<_> = releases.map(|one| (one.purl(), one.tree)).collect();
    let packages = vendoring
        .packages
        .iter()
        .filter_map(|one| Some((purl(&one.id.crate_id()?, &one.id.version), (!one.stub).then_some(one.tree))));
    told == packages.collect()
}

/// Writes the event of a run that changed something: every release that lies in the folder now, with the digests of its bytes. A stub is not the release's own tree, so of a release that one stands for no tree is recorded.
fn record_event(run: &Run<'_>, vendoring: &Vendoring) -> Result<(), CommandError> {
    let vendored: BTreeMap<&PackageId, &VendoredPackage> =
        vendoring.packages.iter().map(|package| (&package.id, package)).collect();
    let facts = run.made.facts();
    let is_asked = |one: &&Package| vendored.contains_key(&one.id) && vendoring.licenses.of_package(one).is_none();
    let others: Vec<&Package> = facts.packages.iter().filter(is_asked).collect();
    let others = run.made.gathered().licenses_at_hand(&others);
    let packages = facts.packages.iter().zip(&run.made.evaluation().judgements);
    let releases = packages.filter_map(|(package, judgement)| {
        let vendored = vendored.get(&package.id)?;
        let mut record = release(package, judgement, run.made.facts())?;
        let license = vendoring.licenses.of_package(package).or_else(|| others.of_package(package));
        if let Some(LicenseFact::Read(stated)) = license {
            record.license = Some((&**stated).into());
        }
        record.tree = (!vendored.stub).then_some(vendored.tree);
        Some(record)
    });
    let healed = vendoring.healed.iter().map(|entry| {
        let path = format!("{}/{}", vendoring.folder, entry.directory);
        let files = entry.files.iter().filter(|file| !file.path.is_empty()).take(MOST_FILES);
        HealedFolder { files: files.map(|file| file.path.clone()).collect(), path }
    });
    run.record.write_vendored(releases.collect(), healed.collect())?;
    Ok(())
}
