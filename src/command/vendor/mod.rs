//! `vendor`: writes the approved sources into the project, and only them.
//!
//! The decision comes first, the same as `audit`'s. Until everything is approved, fetched, hashed, opened and compared, nothing of the
//! project changes.

mod derive;
mod event;
mod kept;
mod local_registry;
mod place;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use camino::Utf8PathBuf;

use super::record::Record;
use super::{CommandError, Outcome, audit, output, request};
use crate::cli::{self, Cli, Format, HumanOrJson};
use crate::gather::environment::Environment;
use crate::gather::target;
use crate::model::vendoring::{Unvendorable, Vendoring};
use crate::policy::plan::{PlanOptions, plan};
use crate::project::{Assessment, Project, Purpose, Request};
use crate::report::vendored::{self, VendorReport};

use derive::Derived;

/// What every part of a run needs.
struct Run<'a> {
    cli: &'a Cli,
    arguments: &'a Wanted,
    made: &'a Assessment,
    environment: &'a Environment,
    record: Record<'a>,
}

/// How the work came out.
enum Done {
    Vendored {
        vendoring: Vendoring,
        /// Whether the project is another than before.
        changed: bool,
    },
    /// Nothing was written.
    Refused(Derived),
}

/// What is wanted of a run.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Of which project, by whose rules.
    request: Request,
    /// The folder, from the working directory; `vendor` at the workspace's root where it is not given.
    path: Option<Utf8PathBuf>,
    /// Whether the version is in every folder's name.
    versioned_dirs: bool,
    /// Whether folders of packages that are no longer locked stay.
    no_delete: bool,
    /// Whether cargo's configuration stays as it is.
    no_config: bool,
    /// The platforms; all where none is named.
    platform: Vec<String>,
    /// A local registry's folder, where one is wanted in the place of unpacked sources.
    local_registry: Option<Utf8PathBuf>,
    /// How the result is told.
    format: HumanOrJson,
}

impl Wanted {
    /// The sources of this project in their usual place, told to people.
    pub(super) const fn of(request: Request) -> Self {
        Self {
            request,
            path: None,
            versioned_dirs: false,
            no_delete: false,
            no_config: false,
            platform: Vec::new(),
            local_registry: None,
            format: HumanOrJson::Human,
        }
    }
}

pub(super) fn run(cli: &Cli, arguments: &cli::Vendor, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.judge.base.is_some() {
        return Err(CommandError::WholeLockFile { flag: "--base" });
    }
    if arguments.subject.lockfile.is_some() {
        return Err(CommandError::WholeLockFile { flag: "--lockfile" });
    }
    let wanted = Wanted {
        path: arguments.path.clone(),
        versioned_dirs: arguments.versioned_dirs,
        no_delete: arguments.no_delete,
        no_config: arguments.no_config,
        platform: arguments.platform.clone(),
        local_registry: arguments.local_registry.clone(),
        format: arguments.format,
        ..Wanted::of(request::of(cli, &arguments.subject, &arguments.judge, Purpose::Change))
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
pub(super) fn vendor(cli: &Cli, arguments: &Wanted, environment: &Environment) -> Result<Ended, CommandError> {
    let started = Instant::now();
    // By what the registries say now, whatever the machine's caches have.
    let request = Request { afresh: true, ..arguments.request.clone() };
    let project = Project::open(request, environment)?;
    let made = Assessment::of(project, BTreeSet::new())?;
    let mut kept = BTreeMap::new();
    if !audit::report_of(cli, &made, None).is_approved() {
        // A local registry has no folders to stay in.
        let folder = tree::folder(arguments, &made.subject().root, environment);
        let places = arguments.local_registry.is_none().then(|| kept::places(&made, &folder)).transpose()?;
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
        Done::Vendored { vendoring, changed } => {
            let event = if changed { event::write(&run, &vendoring) } else { Ok(()) };
            tell(&run, started, Some(&vendoring), &[])?;
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

/// Tells what stands against it, as `audit` does.
fn held(cli: &Cli, arguments: &Wanted, made: &Assessment, started: Instant) -> Result<Outcome, CommandError> {
    match arguments.format {
        HumanOrJson::Human => audit::print(cli, made, Format::Human, started),
        HumanOrJson::Json => {
            let audited = audit::report_of(cli, made, Some(started.elapsed()));
            let mut text = Vec::new();
            let report = VendorReport { audit: &audited, vendoring: None, problems: &[], elapsed: started.elapsed() };
            vendored::json(&report, &mut text).map_err(CommandError::Output)?;
            output::report(cli, &text)?;
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
    let mut text = Vec::new();
    match run.arguments.format {
        HumanOrJson::Human => vendored::human(&report, output::verbosity(run.cli), &mut text),
        HumanOrJson::Json => vendored::json(&report, &mut text),
    }
    .map_err(CommandError::Output)?;
    output::report(run.cli, &text)
}
