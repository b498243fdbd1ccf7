//! A picture of the days ahead: a row a held release, with a bar from now to the day on which it may be used.

use std::io::{self, Write};

use super::super::duration::{counted, distance, moment};
use super::super::escape::terminal;
use super::super::print::line;
use super::super::status::{Canvas, Coming, Part, StatusReport};
use super::super::style::{Tone, VERB_WIDTH, indent, word};
use crate::model::Timestamp;

/// Below this many columns there is no room for a bar that says anything.
const NARROWEST: usize = 60;
/// From this many columns on a row also has the countdown in words.
const WIDE: usize = 100;
/// A bar is no longer than this: days a hand apart are not easier to compare.
const LONGEST_BAR: usize = 60;
/// The parts of the last cell of a bar, in eighths.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// One row, in text.
struct Row {
    label: String,
    when: String,
    tone: Tone,
    at: Timestamp,
}

/// Writes the picture, or the same in words where it cannot be drawn; nothing where nothing is held. With `most`, no more rows, and
/// none of releases that some requirement does not accept.
pub(super) fn write(
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
        let held = format!("{}, beyond a requirement; run with -v for all", counted(all, "held release"));
        return if all == 0 { Ok(()) } else { line(out, Tone::Plain, "Timeline", &held) };
    };
    let now = report.calendar.now;
    let end = report.until.filter(|until| *until != Timestamp::MAX).unwrap_or(last);
    let width = canvas.width.filter(|width| *width >= NARROWEST);
    let rows: Vec<Row> = coming.iter().map(|one| row(one, now, width)).collect();
    let held = format!("{}, from now to {}", counted(all, "held release"), moment(end));
    line(out, Tone::Plain, "Timeline", &held)?;
    match width {
        Some(width) => draw(&rows, (now, end), width, canvas.ascii, out)?,
        None => {
            for Row { label, when, tone, .. } in &rows {
                writeln!(out, "{}{} {}", indent(), word(*tone, label), when)?;
            }
        }
    }
    match all - coming.len() {
        0 => Ok(()),
        more => writeln!(out, "{}and {more} more, later or beyond a requirement; run with -v for all", indent()),
    }
}

fn row(one: &Coming<'_>, now: Timestamp, width: Option<usize>) -> Row {
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
    Row { label: terminal(&format!("{} {}{part}", one.package.id.name, one.version)), when, tone, at: one.at }
}

fn draw(
    rows: &[Row],
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
