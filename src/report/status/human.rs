//! `status --format human`: a line a package, what needs a decision first, and a picture of the days ahead.

use std::io::{self, Write};

use super::{Canvas, Coming, Part, Row, StatusReport, codes};
use crate::model::Timestamp;
use crate::model::calendar::{Foretold, Need};
use crate::report::audit::human::{judge, loosened, notices, summary};
use crate::report::context::Verbosity;
use crate::report::escape::terminal;
use crate::report::print::{Tone, VERB_WIDTH, error, indent, line, verb, word};
use crate::report::words::{counted, distance, few, moment};
use crate::report::{blocker, status};

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
pub fn write(report: &StatusReport<'_>, canvas: Canvas, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    if verbosity == Verbosity::Quiet {
        return prompt(report, out);
    }
    let context = report.audit.context();
    judge(&report.audit, out)?;
    loosened(&report.audit, verbosity, out)?;
    table(report, canvas, verbosity, out)?;
    timeline(report, canvas, if verbosity == Verbosity::Verbose { None } else { Some(ROWS) }, out)?;
    days(report, out)?;
    notices(&report.audit, verbosity, out)?;
    if let Foretold::Index(cause) = &report.calendar.foretold {
        let text = format!("what could move is told from the index alone, without rust-version and conflicts: {cause}");
        line(out, Tone::Plain, "Note", &text)?;
    }
    for group in blocker::groups(&report.audit.evaluation.blockers, &context) {
        error(out, &group.message, &group.help)?;
    }
    line(out, Tone::Plain, "Ahead", &status::sentence(report))?;
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
        let rows = status::rows(report, need);
        let Some(first) = rows.first() else { continue };
        worst = worst.or_else(|| Some(first.verb().0));
        parts.push(format!("{} {}", rows.len(), status::folded_words(need)));
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
    for need in status::NEEDS {
        let all = status::rows(report, need);
        let shown = match (need, verbosity) {
            (Need::Rejected | Need::Fix | Need::Held, _) | (_, Verbosity::Verbose) => all.len(),
            (Need::Beyond, _) => 0,
            (Need::Update | Need::Waiting | Need::Current, _) => ROWS,
        };
        let rest = all.len().saturating_sub(shown);
        if rest > 0 {
            folded.push(format!("{rest} {}", status::folded_words(need)));
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
            terminal(&row.remarks.iter().chain(&row.from).cloned().collect::<Vec<_>>().join("; "))
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

/// Below this many columns there is no room for a bar that says anything.
const NARROWEST: usize = 60;
/// From this many columns on a row also has the countdown in words.
const WIDE: usize = 100;
/// A bar is no longer than this: days a hand apart are not easier to compare.
const LONGEST_BAR: usize = 60;
/// The parts of the last cell of a bar, in eighths.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// One row, in text.
struct Bar {
    label: String,
    when: String,
    tone: Tone,
    at: Timestamp,
}

/// Writes the picture, or the same in words where it cannot be drawn; nothing where nothing is held. With `most`, no more rows, and
/// none of releases that some requirement does not accept.
pub(super) fn timeline(
    report: &StatusReport<'_>,
    canvas: Canvas,
    most: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut coming = report.coming();
    coming.retain(|one| report.until.is_none_or(|until| one.at <= until));
    let all = coming.len();
    coming.retain(|one| most.is_none() || one.part <= Part::Update);
    coming.truncate(most.unwrap_or(usize::MAX));
    let Some(last) = coming.last().map(|one| one.at) else {
        let held = format!("{}, out of reach; run with -v for all", counted(all, "held release"));
        return if all == 0 { Ok(()) } else { line(out, Tone::Plain, "Timeline", &held) };
    };
    let now = report.calendar.now;
    let end = report.until.filter(|until| *until != Timestamp::MAX).unwrap_or(last);
    let width = canvas.width.filter(|width| *width >= NARROWEST);
    let rows: Vec<Bar> = coming.iter().map(|one| bar_of(one, now, width)).collect();
    let held = format!("{}, from now to {}", counted(all, "held release"), moment(end));
    line(out, Tone::Plain, "Timeline", &held)?;
    match width {
        Some(width) => draw(&rows, (now, end), width, canvas.ascii, out)?,
        None => {
            for Bar { label, when, tone, .. } in &rows {
                writeln!(out, "{}{} {}", indent(), word(*tone, label), when)?;
            }
        }
    }
    match all - coming.len() {
        0 => Ok(()),
        more => writeln!(out, "{}and {more} more, later or out of reach; run with -v for all", indent()),
    }
}

fn bar_of(one: &Coming<'_>, now: Timestamp, width: Option<usize>) -> Bar {
    let part = match one.part {
        Part::Update => "",
        Part::Locked => " (locked)",
        Part::Fix => " (fix)",
        Part::Compatible => " (compatible)",
        Part::Major => " (major)",
    };
    let tone = match one.part {
        Part::Locked | Part::Fix => Tone::Caution,
        Part::Update => Tone::Good,
        Part::Compatible | Part::Major => Tone::Plain,
    };
    let when = if width.is_some_and(|width| width < WIDE) {
        moment(one.at)
    } else {
        format!("{}, at {}", distance(now, one.at), moment(one.at))
    };
    Bar { label: terminal(&format!("{} {}{part}", one.package.id.name, one.version)), when, tone, at: one.at }
}

fn draw(
    rows: &[Bar],
    (now, end): (Timestamp, Timestamp),
    width: usize,
    ascii: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let margin = if width < WIDE { 2 } else { VERB_WIDTH + 1 };
    let when = rows.iter().map(|row| row.when.len()).max().unwrap_or(0);
    let room = width.saturating_sub(margin + when + 2);
    let label = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0).min(room * 2 / 3);
    let cells = room.saturating_sub(label).min(LONGEST_BAR);
    let span = end.as_second().saturating_sub(now.as_second()).max(1);
    for row in rows {
        let ahead = row.at.as_second().saturating_sub(now.as_second()).clamp(0, span);
        let bar = bar(u64::try_from(ahead).unwrap_or(0), u64::try_from(span).unwrap_or(1), cells, ascii);
        let label = cut(&row.label, label, ascii);
        writeln!(out, "{:margin$}{label} {} {}", "", word(row.tone, &bar), row.when)?;
    }
    Ok(())
}

/// `ahead` of `span`, drawn in so many cells and padded to them; never empty.
fn bar(ahead: u64, span: u64, cells: usize, ascii: bool) -> String {
    let eighths = u128::from(ahead) * (cells as u128) * 8 / u128::from(span.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(usize::MAX).clamp(1, (cells * 8).max(1));
    let full = eighths / 8;
    let drawn = if ascii {
        let length = eighths.div_ceil(8);
        format!("{}>", "=".repeat(length - 1))
    } else {
        let part = (eighths % 8).checked_sub(1).and_then(|part| EIGHTHS.get(part));
        "█".repeat(full) + &part.map(char::to_string).unwrap_or_default()
    };
    format!("{drawn:cells$}")
}

/// A text in exactly so many columns, cut at its end where it is longer.
fn cut(text: &str, width: usize, ascii: bool) -> String {
    if text.chars().count() <= width {
        return format!("{text:width$}");
    }
    let mark = if ascii { '~' } else { '…' };
    text.chars().take(width.saturating_sub(1)).chain([mark]).collect()
}
