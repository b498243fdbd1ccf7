//! `diff` in Markdown, for a comment on a change: what stands out, the files, and as many of the lines as a comment holds.

use std::io::{self, Write};

use super::human::header;
use super::{DiffReport, became, counts, extent, kind_word, source_line};
use crate::model::release_diff::{Change, ContentDiff, FileDiff};
use crate::report::escape::{markdown, markdown_code};
use crate::report::markdown::{Document, code, sentence};
use crate::report::print::Tone;
use crate::report::words::counted;

/// More of one file has no room in any comment.
const LONGEST: usize = 60_000;
/// The lists before the lines: each has room, and the lines have what is left.
const LISTS: usize = 4;

/// Writes the report. With `stat` alone the lines are left out.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &DiffReport<'_>, stat: bool, out: &mut impl Write) -> io::Result<()> {
    let difference = report.difference;
    let (old, new) = (markdown(&report.old.version.to_string()), markdown(&report.new.version.to_string()));
    let mut document = Document::new(&format!("{} {old} to {new}", code(&difference.new.id.name)));
    document.sharing(LISTS, |document| {
        document.list([&report.old, &report.new].map(|side| {
            format!("**{}**: {}", markdown(&side.version.to_string()), markdown(&side.line(report.context)))
        }));
        points(report, document);
        document.paragraph(&markdown(&counts(difference)));
        if !difference.files.is_empty() {
            let row = |file: &FileDiff| {
                [code(&file.path), became(file).to_owned(), kind_word(file.kind).to_owned(), sentence(&extent(file))]
            };
            document.table(["file", "", "kind", ""], difference.files.iter().map(row));
        }
    });
    if !stat {
        let blocks = difference.files.iter().filter_map(block);
        document.blocks(blocks, |more| format!("The lines of {} do not fit in here.", counted(more, "file")));
    }
    document.write(out)
}

fn points(report: &DiffReport<'_>, document: &mut Document) {
    let points = report.points();
    if points.is_empty() {
        return;
    }
    document.list(points.into_iter().map(|point| {
        let mark = match point.tone {
            Tone::Bad => "🔴 ",
            Tone::Caution => "🟡 ",
            Tone::Good | Tone::Help | Tone::Plain => "",
        };
        let more = point.more.map(|more| format!(" ({})", sentence(&more))).unwrap_or_default();
        format!("{mark}**{}** {}{more}", point.title, sentence(&point.text))
    }));
}

/// The lines of a file, folded up.
fn block(file: &FileDiff) -> Option<String> {
    let shown = unified(file)?;
    // No line within can end the fence: it is longer than any run of backticks in them.
    let fence = "`".repeat(longest_run(&shown).max(2) + 1);
    let path = markdown_code(&file.path);
    Some(format!("\n<details><summary>{path}</summary>\n\n{fence}diff\n{shown}{fence}\n\n</details>\n"))
}

fn unified(file: &FileDiff) -> Option<String> {
    let ContentDiff::Text { hunks, .. } = &file.content else { return None };
    let mut shown = String::new();
    for hunk in hunks {
        shown += &header(hunk);
        shown.push('\n');
        for one in &hunk.lines {
            shown.push(match one.change {
                Change::Added => '+',
                Change::Removed => '-',
                Change::Same | Change::Changed => ' ',
            });
            shown += &source_line(&one.text);
            shown.push('\n');
            if shown.len() > LONGEST {
                return Some(shown);
            }
        }
    }
    Some(shown)
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
