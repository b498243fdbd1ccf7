//! `--format gitlab`: a code quality report, which GitLab shows beside the lines of a merge request.

use std::io::{self, Write};

use serde::Serialize;

use super::AuditReport;
use super::finding::{Rank, bounded, findings};
use super::places::{Place, Places};
use crate::report::escape::terminal;
use crate::report::{blocker, json};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    /// GitLab drops what has the fingerprint of another.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes an array and a line end. Blockers stand first, on the lock file: a report has no other place for them, and one without would
/// look as if all were well.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let blockers = blocker::groups(&report.evaluation.blockers, &report.context());
    let mut issues: Vec<Issue> = blockers
        .iter()
        .zip(1..)
        .map(|(group, number): (_, u32)| {
            let text = format!("could not decide: {}. Help: {}", group.message, group.help.line());
            issue("undecided", "blocker", &text, format!("undecided-{number}"), &places.lock_file())
        })
        .collect();
    let found = findings(report, places);
    issues.extend(found.told.into_iter().map(|one| {
        let severity = match one.rank {
            Rank::Harm => "blocker",
            Rank::Refused => "critical",
            Rank::Held => "major",
            Rank::Warning => "minor",
            Rank::Note => "info",
        };
        issue(one.rule, severity, &one.text, one.fingerprint, &one.place)
    }));
    if found.more > 0 {
        let text = format!("{} more findings are not in this report: it is full", found.more);
        issues.push(issue("more", "critical", &text, "more".to_owned(), &places.lock_file()));
    }
    json::write(&issues, out)
}

/// The same for a run that ended before there was a report: a host that gets nothing shows nothing.
///
/// # Errors
/// The writer's.
pub(crate) fn failure(text: &str, out: &mut impl Write) -> io::Result<()> {
    let lock_file = Place { file: "Cargo.lock".into(), line: None, columns: 0 };
    let text = format!("could not decide: {text}");
    json::write(&[issue("undecided", "blocker", &text, "undecided-1".to_owned(), &lock_file)], out)
}

fn issue(check_name: &'static str, severity: &'static str, text: &str, fingerprint: String, place: &Place) -> Issue {
    let location = Location { path: place.file.to_string(), lines: Lines { begin: place.line.unwrap_or(1) } };
    Issue { description: terminal(&bounded(text)), check_name, fingerprint, severity, location }
}
