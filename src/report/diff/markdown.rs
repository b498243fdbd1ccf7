//! `diff` in Markdown, for a comment on a change: what stands out, the files, and as many of the lines as a comment holds.

#![expect(clippy::format_push_string, reason = "the texts are short")]

use std::io::{self, Write};

use super::human::header;
use super::{DiffReport, became, counts, extent, kind_word, source_line};
use crate::model::release_diff::{Change, ContentDiff, FileDiff};
use crate::report::escape::{markdown, markdown_code};
use crate::report::print::Tone;

/// GitHub takes 65,536 characters for a comment.
const LONGEST: usize = 60_000;
/// The most files that are listed.
const FILES: usize = 200;

/// Writes the report. With `stat` alone the lines are left out.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &DiffReport<'_>, stat: bool, out: &mut impl Write) -> io::Result<()> {
    let (difference, context) = (report.difference, report.context);
    let name = markdown_code(&difference.new.id.name);
    let mut text = format!(
        "### {name} {} to {}\n\n",
        markdown(&report.old.version.to_string()),
        markdown(&report.new.version.to_string())
    );
    for side in [&report.old, &report.new] {
        text += &format!("- **{}**: {}\n", markdown(&side.version.to_string()), markdown(&side.line(context)));
    }
    text += "\n";
    for point in report.points() {
        let mark = match point.tone {
            Tone::Bad => "🔴 ",
            Tone::Caution => "🟡 ",
            Tone::Good | Tone::Help | Tone::Plain => "",
        };
        let more = point.more.map(|more| format!(" ({})", markdown(&more))).unwrap_or_default();
        text += &format!("- {mark}**{}** {}{more}\n", point.title, markdown(&point.text));
    }
    text += &format!("\n{}\n\n", markdown(&counts(difference)));
    if !difference.files.is_empty() {
        text += "| file | | kind | |\n|---|---|---|---|\n";
        for file in difference.files.iter().take(FILES) {
            let (path, became) = (markdown_code(&file.path), became(file));
            text += &format!("| {path} | {became} | {} | {} |\n", kind_word(file.kind), markdown(&extent(file)));
        }
        if let Some(more) = difference.files.len().checked_sub(FILES).filter(|more| *more > 0) {
            text += &format!("\nand {more} more files\n");
        }
    }
    if !stat {
        lines(report, &mut text);
    }
    out.write_all(cut(&text).as_bytes())
}

fn lines(report: &DiffReport<'_>, text: &mut String) {
    let mut left_out = 0;
    for file in &report.difference.files {
        let Some(shown) = unified(file) else { continue };
        if text.len() + shown.len() > LONGEST - 200 {
            left_out += 1;
            continue;
        }
        // No line within can end the fence: it is longer than any run of backticks in them.
        let fence = "`".repeat(longest_run(&shown).max(2) + 1);
        let path = markdown_code(&file.path);
        *text += &format!("\n<details><summary>{path}</summary>\n\n{fence}diff\n{shown}{fence}\n\n</details>\n");
    }
    if left_out > 0 {
        *text += &format!("\nThe lines of {left_out} files do not fit in here.\n");
    }
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

/// What is still too long ends at a line.
fn cut(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or(0);
    let text = text.get(..end).unwrap_or_default();
    text.rsplit_once('\n').map_or(text, |(whole, _)| whole)
}
