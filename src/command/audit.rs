//! `audit`: judges every package of the lock file and says so. It writes nothing into the project.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use super::{CommandError, Outcome, output, request};
use crate::cli::{self, Cli, Format};
use crate::gather::environment::Environment;
use crate::project::{Assessment, Project, Purpose};
use crate::report::{self, AuditReport};

pub(super) fn run(cli: &Cli, arguments: &cli::Audit, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    // The process ends with this verb: giving tens of megabytes of index back piece by piece would take as long as judging them.
    let made = ManuallyDrop::new(assess(cli, &arguments.subject, &arguments.judge, Purpose::Judge, environment)?);
    print(cli, &made, arguments.format, started)
}

/// The decision about the project that the options name, on its lock file and nothing beside.
pub(super) fn assess(
    cli: &Cli,
    subject: &cli::Subject,
    judge: &cli::JudgeBy,
    purpose: Purpose,
    environment: &Environment,
) -> Result<Assessment, CommandError> {
    let project = Project::open(request::of(cli, subject, judge, purpose), environment)?;
    Ok(Assessment::of(project, BTreeSet::new())?)
}

/// Everything that a report of a decision tells.
pub(super) fn report_of(made: &Assessment, elapsed: Option<Duration>) -> AuditReport<'_> {
    AuditReport {
        packages: &made.facts().packages,
        evaluation: made.evaluation(),
        advisories: &made.facts().advisories,
        carried: made.carried(),
        loosened: &made.rules().loosened,
        decided: &made.rules().decided,
        policy: &made.rules().policy,
        judged_by: made.rules().judged_by(),
        locked: made.locked(),
        lines: &made.subject().lock.lines,
        elapsed,
    }
}

/// Tells what was decided. Verbs that stop at a decision tell it like this too.
pub(super) fn print(cli: &Cli, made: &Assessment, format: Format, started: Instant) -> Result<Outcome, CommandError> {
    let report = report_of(made, Some(started.elapsed()));
    let mut text = Vec::new();
    match format {
        Format::Human => report::human::audit(&report, output::verbosity(cli), &mut text),
        Format::Json => report::json::audit(&report, &mut text),
        Format::Sarif => report::sarif::audit(&report, &mut text),
        Format::Github => report::github::audit(&report, &mut text),
        Format::Markdown => report::markdown::audit(&report, &mut text),
    }
    .map_err(CommandError::Output)?;
    output::report(cli, &text)?;
    Ok(outcome(&report))
}

/// Not knowing goes before everything: a run that could not decide has not found the rest approved.
pub(super) fn outcome(report: &AuditReport<'_>) -> Outcome {
    if !report.evaluation.blockers.is_empty() {
        Outcome::Undecided
    } else if report.is_approved() {
        Outcome::Approved
    } else {
        Outcome::Held
    }
}
