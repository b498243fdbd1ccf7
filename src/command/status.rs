//! `status`: what is held and until when, and what is newer. It writes nothing into the project.

use std::time::Instant;

use super::audit::{assess, outcome, report_of};
use super::{CommandError, Outcome, output, screen};
use crate::cli::{self, Cli, StatusFormat};
use crate::gather::environment::Environment;
use crate::policy::calendar::calendar;
use crate::project::Purpose;
use crate::report;
use crate::report::status::StatusReport;

pub(super) fn run(cli: &Cli, arguments: &cli::Status, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    let made = assess(cli, &arguments.subject, &arguments.judge, Purpose::Judge, environment)?;
    let calendar = calendar(made.facts(), &made.rules().policy, &made.rules().approvals, made.evaluation());
    let audit = report_of(cli, &made, Some(started.elapsed()));
    let until = arguments.until.map(|horizon| horizon.end(made.evaluation().now));
    let report = StatusReport { audit, calendar: &calendar, until };
    let mut text = Vec::new();
    match arguments.format {
        StatusFormat::Human => {
            report::human::status(&report, screen::canvas(environment), output::verbosity(cli), &mut text)
        }
        StatusFormat::Json => report::json::status(&report, &mut text),
        StatusFormat::Markdown => report::markdown::status(&report, &mut text),
    }
    .map_err(CommandError::Output)?;
    output::report(cli, &text)?;
    Ok(outcome(&report.audit))
}
