//! `--format github`: workflow commands, which GitHub shows as annotations on the lock file.

use std::io::{self, Write};

use super::{AuditReport, Place, Places, Problem, Severity, problems};
use crate::report::change::missing_event;
use crate::report::context::package_name;
use crate::report::cure::{cures, fix};
use crate::report::escape::{github_message, github_property};
use crate::report::way_out::WayOut;
use crate::report::words::eligible;
use crate::report::{audit, blocker, change, notice, reason};

/// How many packages one annotation names before it counts the rest.
const NAMES: usize = 20;

/// Writes one command a problem, one a kind of warning (GitHub shows ten a step), and one with the counts.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let context = report.context();
    for one in report.decided {
        command(out, "notice", Some(places.loosening(one)), "this change decides", &[change::decided(one)])?;
    }
    for one in report.loosened {
        command(out, "error", Some(places.loosening(one)), "policy loosened", &[change::loosened(one)])?;
    }
    for group in blocker::groups(&report.evaluation.blockers, &context) {
        command(
            out,
            "error",
            None,
            "cargo sequester could not decide",
            &[group.message, format!("help: {}", group.help.line())],
        )?;
    }
    for problem in problems(report).iter().filter(|problem| problem.severity != Severity::Undecided) {
        let title = format!("{}: {}", problem.severity.word(), package_name(&problem.package.id));
        let place = places.package(problem.position, report);
        command(out, "error", Some(place), &title, &lines(problem, report))?;
    }
    for told in change::side_effects(&report.evaluation.also) {
        let level = if told.fails { "error" } else { "warning" };
        command(out, level, None, "this change also", &[told.text])?;
    }
    for event in &report.evaluation.truncated {
        command(out, "error", None, "audit trail truncated", &[missing_event(event)])?;
    }
    let mut groups: Vec<(&str, usize, Vec<String>)> = Vec::new();
    for (position, (package, judgement)) in report.packages.iter().zip(&report.evaluation.judgements).enumerate() {
        for warning in &judgement.warnings {
            let group = notice::warning_group(warning);
            let sentence = notice::warning(warning, &package.id, &context);
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
        command(out, "warning", Some(places.package(position, report)), &title, &lines)?;
    }
    for notice in report.notices() {
        let place = places.notice(notice, report);
        command(out, "notice", place, "cargo sequester", &[notice::notice(notice, &context)])?;
    }
    let summary = format!("judged by {}: {}", report.judged_by.sentence(), audit::tally_sentence(report));
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
    lines.extend(cures(problem, report).iter().map(WayOut::line).map(|cure| format!("help: {cure}")));
    lines
}

fn command(
    out: &mut impl Write,
    name: &str,
    place: Option<Place<'_>>,
    title: &str,
    lines: &[String],
) -> io::Result<()> {
    let lines: Vec<String> = lines.iter().map(|line| github_message(line)).collect();
    let place = place.map(|place| {
        let line = place.line.map(|line| format!("line={line},")).unwrap_or_default();
        format!("file={},{line}", github_property(place.file.as_str()))
    });
    let place = place.unwrap_or_default();
    writeln!(out, "::{name} {place}title={}::{}", github_property(title), lines.join("%0A"))
}
