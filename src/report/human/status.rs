//! `status --format human`: a line a package, what needs a decision first, and a picture of the days ahead.

use std::io::{self, Write};

use super::super::ahead::{self, Row};
use super::super::duration::{counted, distance, moment};
use super::super::escape::terminal;
use super::super::print::{error, line};
use super::super::remark::few;
use super::super::status::{Canvas, StatusReport, codes};
use super::super::style::{Tone, verb};
use super::super::{Verbosity, blocker};
use super::timeline;
use super::{judge, loosened, notices, summary};
use crate::model::calendar::{Foretold, Need};

/// How many lines of one need are written before the rest is counted.
const ROWS: usize = 20;
/// How many packages the line of a prompt names.
const NAMES: usize = 3;
/// Longer names push their line out of its columns instead of all lines.
const NAME_WIDTH: usize = 28;

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub fn status(report: &StatusReport<'_>, canvas: Canvas, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    if verbosity == Verbosity::Quiet {
        return prompt(report, out);
    }
    let context = report.audit.context();
    judge(&report.audit, out)?;
    loosened(&report.audit, true, out)?;
    table(report, canvas, verbosity, out)?;
    timeline::write(report, canvas, if verbosity == Verbosity::Verbose { None } else { Some(ROWS) }, out)?;
    days(report, out)?;
    notices(&report.audit, verbosity, out)?;
    if let Foretold::Index(cause) = &report.calendar.foretold {
        let text = format!("what could move is told from the index alone, without rust-version and conflicts: {cause}");
        line(out, Tone::Plain, "Note", &text)?;
    }
    for group in blocker::groups(&report.audit.evaluation.blockers, &context) {
        error(out, &group.message, &group.help)?;
    }
    line(out, Tone::Plain, "Ahead", &ahead::sentence(report))?;
    summary(&report.audit, out)
}

/// One line for a prompt: what is wrong with what is locked. Nothing where nothing is.
fn prompt(report: &StatusReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let audit = &report.audit;
    let blockers = blocker::groups(&audit.evaluation.blockers, &audit.context());
    if let Some(first) = blockers.first() {
        let more = blockers.len() - 1;
        let more = if more > 0 { format!("; and {}", counted(more, "other cause")) } else { String::new() };
        return line(out, Tone::Bad, "Undecided", &format!("{}{more}", first.message));
    }
    let (mut parts, mut names, mut worst) = (Vec::new(), Vec::new(), None);
    for need in [Need::Rejected, Need::Held, Need::Fix] {
        let rows = ahead::rows(report, need);
        let Some(first) = rows.first() else { continue };
        worst = worst.or_else(|| Some(first.verb().0));
        parts.push(format!("{} {}", rows.len(), ahead::folded_words(need)));
        names.extend(rows.into_iter().map(|row| format!("{}@{}", row.name, row.locked)));
    }
    if !audit.loosened.is_empty() {
        worst = worst.or(Some(Tone::Bad));
        parts.push(format!("policy loosened in {}", counted(audit.loosened.len(), "place")));
    }
    let Some(tone) = worst else { return Ok(()) };
    let names = if names.is_empty() { String::new() } else { format!(": {}", few(&names, NAMES)) };
    line(out, tone, "Status", &format!("{}{names}", parts.join(", ")))
}

fn table(report: &StatusReport<'_>, canvas: Canvas, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let arrow = if canvas.ascii { "->" } else { "→" };
    let mut folded = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for need in ahead::NEEDS {
        let all = ahead::rows(report, need);
        let shown = match (need, verbosity) {
            (Need::Rejected | Need::Fix | Need::Held, _) | (_, Verbosity::Verbose) => all.len(),
            (Need::Beyond, _) => 0,
            (Need::Update | Need::Waiting | Need::Current, _) => ROWS,
        };
        let rest = all.len().saturating_sub(shown);
        if rest > 0 {
            folded.push(format!("{rest} {}", ahead::folded_words(need)));
        }
        rows.extend(all.into_iter().take(shown));
    }
    // Who cannot change a requirement is not helped by what lies beyond it.
    for row in &mut rows {
        if verbosity == Verbosity::Verbose || row.need == Need::Beyond {
            row.remarks.append(&mut row.beyond);
        }
    }
    let widest = |text: fn(&Row) -> &str| {
        rows.iter().map(|row| terminal(text(row)).chars().count()).filter(|width| *width <= NAME_WIDTH).max()
    };
    let name_width = widest(|row| &row.name).unwrap_or(0);
    let locked_width = widest(|row| &row.locked).unwrap_or(0);
    let to_width = widest(|row| row.to.as_deref().unwrap_or_default()).unwrap_or(0);
    for row in &rows {
        let (tone, name) = row.verb();
        let to = row.to.as_ref().map(|to| terminal(to));
        let arrow = if to.is_some() { arrow.to_owned() } else { " ".repeat(arrow.chars().count()) };
        let columns = format!(
            "{} {:name_width$}  {:locked_width$} {arrow} {:to_width$}  {}",
            verb(tone, name),
            terminal(&row.name),
            terminal(&row.locked),
            to.unwrap_or_default(),
            terminal(&row.remarks.join("; "))
        );
        writeln!(out, "{}", columns.trim_end())?;
    }
    if folded.is_empty() {
        return Ok(());
    }
    line(out, Tone::Plain, "and", &format!("{}; run with -v for details", folded.join(", ")))
}

/// What becomes eligible on which day, where that was asked for.
fn days(report: &StatusReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(until) = report.until else { return Ok(()) };
    let days = report.days();
    let within: usize = days.iter().map(|(_, releases)| releases.len()).sum();
    let until = if until == crate::model::Timestamp::MAX { "for ever".to_owned() } else { moment(until) };
    line(out, Tone::Plain, "Until", &format!("{until}: {}", counted(within, "release")))?;
    for (day, releases) in &days {
        let mut date = day.to_string();
        for one in releases {
            let name = format!("{} {}", one.package.id.name, one.version);
            let (at, codes) = (one.at.strftime("%H:%M:%S UTC"), codes(one.reasons));
            let text =
                format!("{at} {name} ({}, {}; {codes})", one.part.as_str(), distance(report.calendar.now, one.at));
            line(out, Tone::Plain, &date, &text)?;
            date.clear();
        }
    }
    Ok(())
}
