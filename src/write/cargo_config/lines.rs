//! The lines of a text, and changes to it that leave every other byte as it is.

use std::ops::Range;

/// A text that ends in a line ending, and what is to change in it.
pub(super) struct Lines {
    text: String,
    ending: &'static str,
    ended: bool,
    edits: Vec<(Range<usize>, String)>,
}

impl Lines {
    /// A missing line ending at the end is added for the time being, so that every line has one. The file's first line ending is
    /// taken for its own.
    pub(super) fn of(text: &str) -> Self {
        let first = text.find('\n');
        let ending = if first.is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
        let ended = text.trim_start_matches('\u{feff}').is_empty() || text.ends_with('\n');
        let text = if ended { text.to_owned() } else { format!("{text}{ending}") };
        Self { text, ending, ended, edits: Vec::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line that holds this byte, from 1.
    pub(super) fn number(&self, offset: usize) -> usize {
        memchr::memchr_iter(b'\n', self.text.as_bytes().get(..offset).unwrap_or_default()).count() + 1
    }

    /// The line that holds this byte, without its ending.
    pub(super) fn line(&self, offset: usize) -> &str {
        self.text.get(self.start(offset)..self.end(offset)).unwrap_or_default().trim_end_matches(['\r', '\n'])
    }

    fn start(&self, offset: usize) -> usize {
        memchr::memrchr(b'\n', self.text.as_bytes().get(..offset).unwrap_or_default()).map_or(0, |at| at + 1)
    }

    /// Where the line after the one with this byte begins.
    pub(super) fn end(&self, offset: usize) -> usize {
        let rest = self.text.as_bytes().get(offset..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.text.len(), |at| offset + at + 1)
    }

    /// Replaces exactly these bytes.
    pub(super) fn replace(&mut self, range: Range<usize>, with: String) {
        self.edits.push((range, with));
    }

    /// Removes the lines from the one with the first byte to the one with the last.
    pub(super) fn remove_lines(&mut self, range: &Range<usize>) {
        // A byte-order mark is no part of the first line.
        let start = self.start(range.start).max(if self.text.starts_with('\u{feff}') { 3 } else { 0 });
        let last = range.end.saturating_sub(1).max(range.start);
        self.edits.push((start..self.end(last), String::new()));
    }

    /// Puts lines before the line that begins at `at`. Of several calls for one place, the earlier come first.
    pub(super) fn insert(&mut self, at: usize, lines: &[String]) {
        let mut text = String::new();
        for line in lines {
            text.push_str(line);
            text.push_str(self.ending);
        }
        self.edits.push((at..at, text));
    }

    /// Puts lines at the end, after an empty line where there is something before them.
    pub(super) fn append(&mut self, lines: &[String]) {
        let before = self.text.trim_start_matches('\u{feff}');
        let ends_empty = before.is_empty() || before.ends_with("\n\n") || before.ends_with("\n\r\n") || before == "\n";
        let mut all = if ends_empty { Vec::new() } else { vec![String::new()] };
        all.extend_from_slice(lines);
        self.insert(self.text.len(), &all);
    }

    /// The text with all changes; the original one where there are none.
    pub(super) fn finish(mut self) -> String {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(self.text.len() + 1024);
        let mut position = 0;
        for (range, with) in &self.edits {
            // Lines can be marked for removal twice, as a table and as a key.
            if range.start > position {
                out.push_str(self.text.get(position..range.start).unwrap_or_default());
            }
            out.push_str(with);
            position = position.max(range.end);
        }
        out.push_str(self.text.get(position..).unwrap_or_default());
        if !self.ended && out.ends_with(self.ending) {
            out.truncate(out.len() - self.ending.len());
        }
        out
    }
}
