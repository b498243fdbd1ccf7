//! `--format github`: workflow commands, which GitHub shows as annotations on the lock file.

use std::io::{self, Write};

use super::blocker;
use super::cure::{Cure, cures, fix};
use super::duration::eligible;
use super::escape::{github_message, github_property};
use super::human::missing_event;
use super::problem::{Problem, Severity, problems};
use super::{AuditReport, decision, package_name, reason, remark, tally};

/// How many packages one annotation names before it counts the rest.
const NAMES: usize = 20;

/// Writes one command a problem, one a kind of warning (GitHub shows ten a step), and one with the counts.
///
/// # Errors
/// The writer's.
pub fn audit(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let context = report.context();
    for one in report.decided {
        command(out, "notice", None, "this change decides", &[decision::sentence(one)])?;
    }
    for one in report.loosened {
        command(out, "error", None, "policy loosened", &[decision::changed(one)])?;
    }
    for group in blocker::groups(&report.evaluation.blockers, &context) {
        command(
            out,
            "error",
            None,
            "cargo sequester could not decide",
            &[group.message, format!("help: {}", group.help)],
        )?;
    }
    for problem in problems(report).iter().filter(|problem| problem.severity != Severity::Undecided) {
        let title = format!("{}: {}", problem.severity.word(), package_name(&problem.package.id));
        command(out, "error", Some(&place(problem.position, report)), &title, &lines(problem, report))?;
    }
    for event in &report.evaluation.truncated {
        command(out, "error", None, "audit trail truncated", &[missing_event(event)])?;
    }
    let mut groups: Vec<(&str, usize, Vec<String>)> = Vec::new();
    for (position, (package, judgement)) in report.packages.iter().zip(&report.evaluation.judgements).enumerate() {
        for warning in &judgement.warnings {
            let group = remark::warning_group(warning);
            let sentence = remark::warning(warning, &package.id, &context);
            let line = format!("{}: {sentence}", package_name(&package.id));
            match groups.iter_mut().find(|(known, ..)| *known == group) {
                Some((_, _, lines)) => lines.push(line),
                None => groups.push((group, position, vec![line])),
            }
        }
    }
    for (group, position, lines) in groups {
        let title = format!("{} {group}", lines.len());
        let more = lines.len().saturating_sub(NAMES);
        let mut lines: Vec<String> = lines.into_iter().take(NAMES).collect();
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        command(out, "warning", Some(&place(position, report)), &title, &lines)?;
    }
    for notice in report.notices() {
        command(out, "notice", None, "cargo sequester", &[remark::notice(notice, &context)])?;
    }
    let summary = format!("judged by {}: {}", report.judged_by.sentence(), tally::sentence(report));
    command(out, "notice", None, "cargo sequester", &[summary])
}

/// What stands against a package and what cures it, a line each.
pub(super) fn lines(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<String> {
    let (id, judgement, context) = (&problem.package.id, problem.judgement, report.context());
    let mut lines: Vec<String> = problem
        .reasons
        .iter()
        .map(|found| format!("{}: {}", found.code().as_str(), reason::sentence(found, id, &context)))
        .collect();
    let path = report.names(&judgement.path);
    if path.len() > 1 {
        lines.push(format!("path: {}", path.join(" → ")));
    }
    if let Some(at) = problem.reasons.eligible_at() {
        lines.push(format!("eligible: {}", eligible(context.now, at)));
    }
    lines.extend(judgement.fixes.iter().map(|known| format!("fix: {}", fix(known, &id.name, report))));
    lines.extend(cures(problem, report).iter().map(Cure::line).map(|cure| format!("help: {cure}")));
    lines
}

/// The file and, where known, the line on which a package stands, as properties of a command.
fn place(position: usize, report: &AuditReport<'_>) -> String {
    let file = format!("file={}", github_property(report.locked.as_str()));
    match line_of(position, report) {
        Some(line) => format!("{file},line={line}"),
        None => file,
    }
}

/// A package's line in the lock file.
pub(super) fn line_of(position: usize, report: &AuditReport<'_>) -> Option<u32> {
    (report.lines.len() == report.packages.len()).then(|| report.lines.get(position).copied()).flatten()
}

fn command(out: &mut impl Write, name: &str, place: Option<&str>, title: &str, lines: &[String]) -> io::Result<()> {
    let lines: Vec<String> = lines.iter().map(|line| github_message(line)).collect();
    let place = place.map(|place| format!("{place},")).unwrap_or_default();
    writeln!(out, "::{name} {place}title={}::{}", github_property(title), lines.join("%0A"))
}
