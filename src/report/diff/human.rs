//! `diff` for people: what stands out, the files, and then the lines.

use std::io::{self, Write};

use super::{DiffReport, became, counts, extent, kind_word, source_line};
use crate::model::release_diff::{Change, ContentDiff, FileDiff, Hunk};
use crate::report::escape::terminal;
use crate::report::print::{Style, Tone, detail, indent, line};

/// Writes the report, with colours. With `stat` alone the lines are left out.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &DiffReport<'_>, stat: bool, out: &mut impl Write) -> io::Result<()> {
    let (difference, context) = (report.difference, report.context);
    let name = &difference.new.id.name;
    line(out, Tone::Plain, "Diff", &format!("{name} {} to {}", report.old.version, report.new.version))?;
    detail(out, Tone::Plain, &report.old.version.to_string(), &report.old.line(context))?;
    detail(out, Tone::Plain, &report.new.version.to_string(), &report.new.line(context))?;
    for point in report.points() {
        line(out, point.tone, point.title, &point.text)?;
        if let Some(more) = &point.more {
            writeln!(out, "{}{more}", indent())?;
        }
    }
    if difference.findings_gone > 0 {
        let text = format!("{} of the older release's findings are gone", difference.findings_gone);
        line(out, Tone::Plain, "Findings", &text)?;
    }
    line(out, Tone::Plain, "Files", &counts(difference))?;
    let width = difference.files.iter().map(|file| terminal(&file.path).chars().count()).max().unwrap_or(0).min(60);
    for file in &difference.files {
        let path = terminal(&file.path);
        let (kind, became, extent) = (kind_word(file.kind), became(file), terminal(&extent(file)));
        writeln!(out, "{}{path:width$}  {became:7}  {kind}, {extent}", indent())?;
    }
    if stat {
        return Ok(());
    }
    difference.files.iter().try_for_each(|file| text(report, file, out))
}

fn text(report: &DiffReport<'_>, file: &FileDiff, out: &mut impl Write) -> io::Result<()> {
    let ContentDiff::Text { hunks, .. } = &file.content else { return Ok(()) };
    let place = |version: &semver::Version, is: bool| {
        let name = &report.difference.new.id.name;
        if is { terminal(&format!("{name}-{version}/{}", file.path)) } else { "/dev/null".to_owned() }
    };
    writeln!(out)?;
    writeln!(out, "{}", Style::BOLD.of(&format!("--- {}", place(&report.old.version, file.old.is_some()))))?;
    writeln!(out, "{}", Style::BOLD.of(&format!("+++ {}", place(&report.new.version, file.new.is_some()))))?;
    hunks.iter().try_for_each(|hunk| write_hunk(hunk, out))
}

fn write_hunk(hunk: &Hunk, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", Style::CYAN.of(&header(hunk)))?;
    for one in &hunk.lines {
        let text = source_line(&one.text);
        match one.change {
            Change::Added => writeln!(out, "{}", Style::GREEN.of(&format!("+{text}")))?,
            Change::Removed => writeln!(out, "{}", Style::RED.of(&format!("-{text}")))?,
            Change::Same | Change::Changed => writeln!(out, " {text}")?,
        }
        if one.is_unended {
            writeln!(out, "\\ No newline at end of file")?;
        }
    }
    Ok(())
}

/// `@@ -1,7 +1,8 @@`.
pub(super) fn header(hunk: &Hunk) -> String {
    let span = |(from, count): (usize, usize)| if count == 1 { from.to_string() } else { format!("{from},{count}") };
    format!("@@ -{} +{} @@", span(hunk.old), span(hunk.new))
}
