//! How old the locked releases are, with the line below which they are held; and the days on which releases become eligible.

use std::io::{self, Write};

use jiff::civil::Date;

use super::parts::{Page, code, html, table};
use crate::model::source::Source;
use crate::report::context::general_age;
use crate::report::status::{Coming, Part, codes};
use crate::report::words::{counted, span};

const DAY: u64 = 86_400;
/// Where a bar ends, in days, and its name; the last has no end.
const BINS: [(u64, &str); 11] = [
    (1, "under 1 day"),
    (3, "1 to 3 days"),
    (7, "3 to 7 days"),
    (14, "7 to 14 days"),
    (30, "14 to 30 days"),
    (90, "30 to 90 days"),
    (180, "90 to 180 days"),
    (365, "180 days to 1 year"),
    (730, "1 to 2 years"),
    (1825, "2 to 5 years"),
    (u64::MAX, "over 5 years"),
];
const ROW: usize = 24;
const LABEL: usize = 150;
const WIDTH: usize = 720;
/// How many releases the calendar shows before it folds the rest up.
const UNFOLDED: usize = 40;

/// One bar for each range of ages.
pub(super) fn ages(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    let mut counts = [0_usize; BINS.len()];
    let (mut unknown, mut of) = (0, 0);
    for (package, judgement) in audit.packages.iter().zip(&audit.evaluation.judgements) {
        if !matches!(package.id.source, Source::Registry(_)) {
            continue;
        }
        of += 1;
        let Some(pubtime) = judgement.pubtime else {
            unknown += 1;
            continue;
        };
        let age = page.now().as_second().saturating_sub(pubtime.as_second()).max(0).unsigned_abs() / DAY;
        let bin = BINS.iter().position(|(end, _)| age < *end).unwrap_or(BINS.len() - 1);
        if let Some(count) = counts.get_mut(bin) {
            *count += 1;
        }
    }
    let (minimum, _) = general_age(audit.policy);
    let minimum = minimum.as_secs();
    writeln!(
        out,
        "<p>{} of registries; a release is held until it is {} old{}.</p>",
        counted(of, "release"),
        html(&span(minimum)),
        if unknown > 0 { format!("; of {unknown} the time of publication is not known") } else { String::new() }
    )?;
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let height = BINS.len() * ROW + 8;
    let words: Vec<String> = BINS.iter().zip(counts).map(|((_, name), count)| format!("{name}: {count}")).collect();
    writeln!(
        out,
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"Publish ages: {}\">",
        words.join("; ")
    )?;
    let room = WIDTH - LABEL - 60;
    for (row, ((end, name), count)) in BINS.iter().zip(counts).enumerate() {
        let y = row * ROW;
        let width = (count * room).div_ceil(most);
        let class = if end.saturating_mul(DAY) <= minimum { "young" } else { "bar" };
        writeln!(out, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", LABEL - 8, y + 17)?;
        writeln!(out, "<rect class=\"{class}\" x=\"{LABEL}\" y=\"{}\" width=\"{width}\" height=\"16\"/>", y + 4)?;
        writeln!(out, "<text x=\"{}\" y=\"{}\">{count}</text>", LABEL + width + 6, y + 17)?;
    }
    let y = quarantine_line(minimum);
    writeln!(out, "<line class=\"limit\" x1=\"0\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>", WIDTH - 80)?;
    writeln!(out, "<text x=\"{WIDTH}\" y=\"{}\" text-anchor=\"end\">quarantine</text>\n</svg>", y + 4)
}

/// Where the minimum age lies among the bars, within the bar that it falls into.
fn quarantine_line(minimum: u64) -> u64 {
    let row = u64::try_from(ROW).unwrap_or(24);
    let mut begin = 0;
    for (at, (end, _)) in (0..).zip(BINS) {
        let (from, to) = (begin * DAY, end.saturating_mul(DAY));
        if minimum < to || end == u64::MAX {
            let within = if end == u64::MAX { 0 } else { (minimum - from) * row / (to - from).max(1) };
            return at * row + within + 2;
        }
        begin = end;
    }
    row
}

/// What becomes eligible when.
pub(super) fn calendar(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let days = page.report.status.days();
    if days.is_empty() {
        return writeln!(out, "<p>No release of a locked crate becomes eligible by time.</p>");
    }
    writeln!(out, "<p>Releases of locked crates that time alone will approve, by UTC day.</p>")?;
    let all: Vec<(Date, &Coming<'_>)> =
        days.iter().flat_map(|(day, releases)| releases.iter().map(move |one| (*day, one))).collect();
    let (soon, later) = all.split_at(all.len().min(UNFOLDED));
    releases("Calendar", soon, out)?;
    if later.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>{} later</summary>", counted(later.len(), "release"))?;
    releases("Calendar, later", later, out)?;
    writeln!(out, "</details>")
}

fn releases(label: &str, rows: &[(Date, &Coming<'_>)], out: &mut dyn Write) -> io::Result<()> {
    let columns = ["Day", "Release", "At", "What it is", "Held for"];
    table(out, label, None, &columns, |out| {
        for (day, one) in rows {
            let part = match one.part {
                Part::Locked => "locked now",
                Part::Fix => "a fix",
                Part::Update => "an update",
                Part::Compatible => "compatible, but out of reach",
                Part::Major => "a new major release",
            };
            writeln!(
                out,
                "<tr><td>{day}</td><td>{}</td><td>{}</td><td>{part}</td><td>{}</td></tr>",
                code(&format!("{}@{}", one.package.id.name, one.version)),
                one.at.strftime("%H:%M UTC"),
                html(&codes(one.reasons))
            )?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_lies_where_the_age_does() {
        assert_eq!([0, 1, 3, 7, 14].map(|days| quarantine_line(days * DAY)), [2, 26, 50, 74, 98]);
        assert_eq!(quarantine_line(5 * DAY), 62);
        assert_eq!(quarantine_line(u64::MAX), 242);
    }
}
