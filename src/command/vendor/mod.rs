//! `vendor`: writes the approved sources into the project, and only them.
//!
//! The decision comes first, the same as `audit`'s. Until everything is approved, fetched, hashed, opened and compared, nothing of the
//! project changes.

mod derive;
mod event;
mod local_registry;
mod place;
mod tree;

use std::time::Instant;

use super::record::Record;
use super::{CommandError, Outcome, audit, output};
use crate::cli::{self, Cli, Format, VendorFormat};
use crate::gather::environment::Environment;
use crate::gather::target;
use crate::model::vendoring::{Unvendorable, Vendoring};
use crate::policy::plan::{PlanOptions, plan};
use crate::project::ProjectError;
use crate::project::assessment::Assessment;
use crate::report::vendor::{self as report, VendorReport};

use derive::Derived;

/// What every part of a run needs.
struct Run<'a> {
    cli: &'a Cli,
    arguments: &'a cli::Vendor,
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

pub(super) fn run(cli: &Cli, arguments: &cli::Vendor, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    if arguments.judge.base.is_some() {
        return Err(CommandError::WholeLockFile { flag: "--base" });
    }
    if arguments.subject.lockfile.is_some() {
        return Err(CommandError::WholeLockFile { flag: "--lockfile" });
    }
    let made = Assessment::make_afresh(cli, &arguments.subject, &arguments.judge, environment)?;
    if let Some(now) = arguments.judge.now.filter(|now| *now > made.machine) {
        return Err(ProjectError::NowInFuture { now }.into());
    }
    if !made.report(None).is_approved() {
        return held(cli, arguments, &made, started);
    }
    let targets =
        arguments.platform.iter().map(|triple| target::read(triple, environment)).collect::<Result<Vec<_>, _>>()?;
    let options = PlanOptions { versioned_dirs: arguments.versioned_dirs, targets: &targets };
    let plan = plan(&made.facts, &made.evaluation, &options)?;
    let record = Record::of(&made, &arguments.judge, None, environment);
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
            Ok(if vendoring.foreign.is_empty() { Outcome::Approved } else { Outcome::Held })
        }
        Done::Refused(derived) => {
            tell(&run, started, None, &derived.problems)?;
            let refused = derived.problems.iter().all(|problem| problem.refused);
            Ok(if refused { Outcome::Held } else { Outcome::Undecided })
        }
    }
}

/// Tells what stands against it, as `audit` does.
fn held(cli: &Cli, arguments: &cli::Vendor, made: &Assessment, started: Instant) -> Result<Outcome, CommandError> {
    match arguments.format {
        VendorFormat::Human => audit::print(cli, made, Format::Human, started),
        VendorFormat::Json => {
            let audited = made.report(Some(started.elapsed()));
            let mut text = Vec::new();
            let report = VendorReport { audit: &audited, vendoring: None, problems: &[], elapsed: started.elapsed() };
            report::json(&report, &mut text).map_err(CommandError::Output)?;
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
    let audited = run.made.report(None);
    let report = VendorReport { audit: &audited, vendoring, problems, elapsed: started.elapsed() };
    let mut text = Vec::new();
    match run.arguments.format {
        VendorFormat::Human => report::human(&report, output::verbosity(run.cli), &mut text),
        VendorFormat::Json => report::json(&report, &mut text),
    }
    .map_err(CommandError::Output)?;
    output::report(run.cli, &text)
}
