//! `report`: everything on one page of HTML. It writes nothing but the page.

use camino::Utf8Path;

use super::audit::{assess, outcome, report_of};
use super::outcome::{CommandError, Outcome};
use super::output;
use crate::cli::{self, Cli};
use crate::files::Replacement;
use crate::gather::environment::Environment;
use crate::model::run::Invocation;
use crate::policy::calendar::calendar;
use crate::project::{Assessment, Purpose};
use crate::report::audit::AuditReport;
use crate::report::page::{PageReport, write};
use crate::report::print::{Tone, line};
use crate::report::status::StatusReport;

pub(super) fn run(cli: &Cli, arguments: &cli::Report, environment: &Environment) -> Result<Outcome, CommandError> {
    let made = assess(cli, &arguments.subject, &arguments.judge, Purpose::Judge, environment)?;
    let (policy, approvals) = (&made.rules().policy, &made.rules().approvals);
    // What cargo would resolve is another run's affair: a page is made of what is known.
    let ahead = Err("a report resolves nothing".to_owned());
    let calendar = calendar(made.facts(), policy, approvals, made.evaluation(), &ahead);
    // Whoever reads the page runs its commands elsewhere: what this run was told is not theirs.
    let situation = Invocation {
        verb: "audit".to_owned(),
        words: vec!["audit".to_owned()],
        repository: cli.invocation.repository,
        ..Invocation::default()
    };
    let audit = AuditReport { situation: &situation, ..report_of(cli, &made, None) };
    let status = StatusReport { audit, calendar: &calendar, until: None };
    let report = PageReport { status, approvals, trail: made.trail(), version: env!("CARGO_PKG_VERSION") };
    let page = output::text(|out| write(&report, out))?;
    let page = without_places(&page, &made, environment);
    match &arguments.out {
        Some(named) => {
            let path = environment.current_dir().join(named);
            let unwritten = |cause| CommandError::PageUnwritten { path: path.clone(), cause };
            Replacement::of(&path).write(page.as_bytes()).map_err(unwritten)?;
            output::wrote(cli, named.as_str())?;
        }
        None => output::report_verbatim(page.as_bytes())?,
    }
    let outcome = outcome(&report.status.audit);
    if !cli.quiet {
        // The page is elsewhere, and the exit code says no more than that there is something.
        let why = match outcome {
            Outcome::Held => "not everything is approved; the page, like `audit`, says what and why",
            Outcome::Undecided => {
                "no verdict is given, because the run could not decide; the page, like `audit`, says why"
            }
            Outcome::Approved | Outcome::Cargo(_) => return Ok(outcome),
        };
        output::print_aside(cli, |out| line(out, Tone::Caution, "Note", why))?;
    }
    Ok(outcome)
}

/// The page without the folders of this machine, which are nobody's business and differ from one to the next.
fn without_places(page: &[u8], made: &Assessment, environment: &Environment) -> String {
    let mut page = String::from_utf8_lossy(page).into_owned();
    let home = ["HOME", "USERPROFILE"].into_iter().find_map(|name| environment.get(name));
    let cargo_home = environment.cargo_home();
    let places: [(&str, &str); 4] = [
        (cargo_home.as_str(), "$CARGO_HOME"),
        (made.subject().root.as_str(), "."),
        (environment.current_dir().as_str(), "."),
        (home.unwrap_or_default(), "~"),
    ];
    for (place, name) in places {
        // The root of the file system is part of every path.
        if Utf8Path::new(place).components().count() > 1 {
            page = page.replace(&crate::report::page::escaped(place), name);
        }
    }
    page
}
