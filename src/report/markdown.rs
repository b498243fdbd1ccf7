//! A Markdown document that code hosts take as a comment. GitHub refuses one of more than 65,536 characters: what does not fit is counted.

use std::io::{self, Write};

use super::escape::{markdown, markdown_code};
use super::way_out::WayOut;

/// The most bytes of a document; no text has more characters than bytes.
pub(crate) const MOST_BYTES: usize = 65_000;
/// What headings, counts of what does not fit and closing marks may take behind the last row.
const RESERVED: usize = 5_000;
/// The most characters of one sentence, before it is escaped.
const LONGEST_SENTENCE: usize = 300;
/// The most characters of a command, which is never cut: a longer one is left out.
const LONGEST_COMMAND: usize = 600;
/// Bytes of a cell beyond which its further lines are counted, so that no row takes the whole document.
const FULL_CELL: usize = 2_500;

/// A document in the making.
#[derive(Debug)]
pub(crate) struct Document {
    text: String,
    /// The most bytes of all of it.
    most: usize,
    /// The most bytes of one list or table.
    share: usize,
}

impl Document {
    /// Begins with a heading. What it is given here and below is Markdown already, but where it says otherwise.
    #[must_use]
    pub(crate) fn new(title: &str) -> Self {
        Self::within(title, MOST_BYTES)
    }

    /// The same for a part of what a code host takes, of at most so many bytes.
    #[must_use]
    pub(crate) fn within(title: &str, most: usize) -> Self {
        Self { text: format!("## {title}\n"), most, share: most }
    }

    /// What lines and blocks may fill.
    const fn room(&self) -> usize {
        self.most.saturating_sub(RESERVED)
    }

    /// Lists and tables of which each takes at most its share of the room, however long it is: what follows has room too.
    pub(crate) fn sharing(&mut self, lists: usize, body: impl FnOnce(&mut Self)) {
        let part = self.room() / lists.max(1);
        let whole = std::mem::replace(&mut self.share, part);
        body(self);
        self.share = whole;
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.push(&["\n### ", text, "\n"]);
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.push(&["\n", text, "\n"]);
    }

    /// Items, and how many there are beyond those that fit.
    pub(crate) fn list(&mut self, items: impl IntoIterator<Item = String>) {
        self.text.push('\n');
        let items = items.into_iter().map(|item| format!("- {item}\n"));
        self.as_far_as_they_fit(items, |more| format!("- … and {more} more, for which there is no room here\n"));
    }

    /// A table, and in its last row how many more there are.
    pub(crate) fn table<const N: usize>(&mut self, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        self.push(&["\n| ", &head.join(" | "), " |\n|", &"---|".repeat(N), "\n"]);
        let rows = rows.into_iter().map(|row| format!("| {} |\n", row.join(" | ")));
        self.as_far_as_they_fit(rows, |more| {
            format!("| … and {more} more, for which there is no room here |{}\n", " |".repeat(N - 1))
        });
    }

    /// Blocks of any size: each that has room, and how many have none.
    pub(crate) fn blocks(&mut self, blocks: impl IntoIterator<Item = String>, rest: impl FnOnce(usize) -> String) {
        let mut more = 0;
        for block in blocks {
            if self.text.len() + block.len() > self.room() {
                more += 1;
            } else {
                self.text.push_str(&block);
            }
        }
        if more > 0 {
            self.paragraph(&rest(more));
        }
    }

    /// What a reader opens who wants to see it.
    pub(crate) fn folded(&mut self, summary: &str, body: impl FnOnce(&mut Self)) {
        self.push(&["\n<details><summary>", summary, "</summary>\n"]);
        body(self);
        self.push(&["\n</details>\n"]);
    }

    /// Writes it.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }

    fn push(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn as_far_as_they_fit(&mut self, lines: impl Iterator<Item = String>, rest: impl FnOnce(usize) -> String) {
        let mut more = 0;
        let room = self.text.len().saturating_add(self.share).min(self.room());
        for line in lines {
            if more > 0 || self.text.len() + line.len() > room {
                more += 1;
            } else {
                self.text.push_str(&line);
            }
        }
        if more > 0 {
            self.text.push_str(&rest(more));
        }
    }
}

/// A sentence, which may hold text from outside, as Markdown; an endless one is cut.
#[must_use]
pub(crate) fn sentence(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SENTENCE) {
        Some((end, _)) => format!("{}…", markdown(text.get(..end).unwrap_or_default())),
        None => markdown(text),
    }
}

/// A name or a version as a code span; an endless one is cut.
#[must_use]
pub(crate) fn code(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SENTENCE) {
        Some((end, _)) => format!("{}…", markdown_code(text.get(..end).unwrap_or_default())),
        None => markdown_code(text),
    }
}

/// A way out: what it is for, and what is to be pasted, where that is short enough for its place.
#[must_use]
pub(crate) fn way_out(way: &WayOut) -> String {
    let words = way.words.as_deref().map(sentence);
    let step = way.step.as_ref().map(|step| step.text().replace('\n', "; "));
    let step = step.filter(|step| step.chars().count() <= LONGEST_COMMAND).map(|step| markdown_code(&step));
    words.into_iter().chain(step).collect::<Vec<_>>().join(": ")
}

/// The lines of one cell, and how many there are beyond those that have room.
#[must_use]
pub(crate) fn cell(lines: impl IntoIterator<Item = String>) -> String {
    let mut cell = String::new();
    let mut more = 0;
    for line in lines {
        if more > 0 || cell.len() > FULL_CELL {
            more += 1;
            continue;
        }
        if !cell.is_empty() {
            cell.push_str("<br>");
        }
        cell.push_str(&line);
    }
    if more > 0 {
        cell.extend(["<br>and ", &more.to_string(), " more"]);
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &Document) -> &str {
        &document.text
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut document = Document::new("title");
        document.folded("rows", |document| {
            document.table(["a", "b"], (0..10_000).map(|row| [format!("row {row}"), "x".repeat(90)]));
        });
        document.heading("after");
        document.list((0..50).map(|item| format!("item {item}")));
        let text = text(&document);
        assert!(text.len() <= MOST_BYTES, "{}", text.len());
        let shown = text.lines().filter(|line| line.starts_with("| row ")).count();
        assert!(shown > 500, "{shown}");
        assert!(text.contains(&format!("| … and {} more, for which there is no room here | |", 10_000 - shown)));
        let items = text.lines().filter(|line| line.starts_with("- item ")).count();
        assert!(items == 50 || text.contains(&format!("- … and {} more", 50 - items)), "{items}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }

    #[test]
    fn no_list_takes_the_room_of_another() {
        let mut document = Document::new("title");
        document.sharing(3, |document| {
            for name in ["first", "second", "third"] {
                document.heading(name);
                document.list((0..10_000).map(|at| format!("{name} {at}")));
            }
        });
        let text = text(&document);
        assert!(text.len() <= MOST_BYTES, "{}", text.len());
        for name in ["first", "second", "third"] {
            let shown = text.lines().filter(|line| line.starts_with(&format!("- {name} "))).count();
            assert!(shown > 500, "{name}: {shown}");
            assert!(text.contains(&format!("- … and {} more, for which there is no room here", 10_000 - shown)));
        }
    }

    #[test]
    fn no_row_takes_the_whole_document() {
        // Each of these is written with several characters.
        let worst: String = "\u{e0041}@".repeat(5_000);
        let worst = sentence(&worst);
        let row = || cell((0..1_000).map(|_| worst.clone()));
        let mut document = Document::new("title");
        document.table(["a", "b", "c", "d", "e", "f"], [[row(), row(), row(), row(), row(), row()]]);
        assert!(text(&document).len() < MOST_BYTES - RESERVED);
        assert!(!text(&document).contains("no room"));
        assert!(text(&document).contains("<br>and 999 more"));
    }

    #[test]
    fn commands_are_whole_or_left_out() {
        let long = WayOut::to("to do it", format!("cargo sequester {}", "x".repeat(LONGEST_COMMAND)));
        assert_eq!(way_out(&long), "to do it");
        let short = WayOut::to("to do it", "cargo sequester audit".to_owned());
        assert_eq!(way_out(&short), "to do it: <code>cargo sequester audit</code>");
    }
}
