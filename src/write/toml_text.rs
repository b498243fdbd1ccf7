//! Changes to a TOML file's own bytes. A parser only finds where keys, tables and entries are; nothing is printed back from a parsed
//! document, so comments, order, a byte-order mark and line endings stay as people wrote them.

use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike};

/// A text, and what is to change in it. A byte-order mark is kept apart: no offset counts it.
pub(super) struct Lines {
    mark: &'static str,
    text: String,
    ending: &'static str,
    completed: bool,
    edits: Vec<(Range<usize>, String)>,
}

/// A text is no TOML.
pub(super) struct Syntax {
    /// Counted from 1.
    pub(super) line: usize,
    /// The parser's words.
    pub(super) message: String,
}

/// The mark that some editors put before a text.
const MARK: &str = "\u{feff}";

impl Lines {
    /// The text as it is. The file's first line ending is taken for its own.
    pub(super) fn of(text: &str) -> Self {
        let (mark, text) = text.strip_prefix(MARK).map_or(("", text), |text| (MARK, text));
        let ending = if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
        Self { mark, text: text.to_owned(), ending, completed: false, edits: Vec::new() }
    }

    /// The text with an ending for its last line, which is taken away again from the result: so every line has one.
    pub(super) fn completed(text: &str) -> Self {
        let mut lines = Self::of(text);
        if !lines.text.is_empty() && !lines.text.ends_with('\n') {
            lines.text.push_str(lines.ending);
            lines.completed = true;
        }
        lines
    }

    /// Where the keys and tables of the text lie.
    pub(super) fn parsed(&self) -> Result<Document<String>, Syntax> {
        Document::parse(self.text.clone()).map_err(|error| Syntax {
            line: self.number(error.span().map_or(0, |span| span.start)),
            message: error.message().lines().next().unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn ending(&self) -> &'static str {
        self.ending
    }

    /// The number of the line that holds this byte, from 1.
    pub(super) fn number(&self, offset: usize) -> usize {
        memchr::memchr_iter(b'\n', self.text.as_bytes().get(..offset).unwrap_or_default()).count() + 1
    }

    /// The line that holds this byte, without its ending.
    pub(super) fn line(&self, offset: usize) -> &str {
        self.text.get(self.start(offset)..self.end(offset)).unwrap_or_default().trim_end_matches(['\r', '\n'])
    }

    /// Where the line with this byte begins.
    pub(super) fn start(&self, offset: usize) -> usize {
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
        let start = self.start(range.start);
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
        let before = &self.text;
        let ends_empty = before.is_empty() || before.ends_with("\n\n") || before.ends_with("\n\r\n") || before == "\n";
        let mut all = if ends_empty { Vec::new() } else { vec![String::new()] };
        all.extend_from_slice(lines);
        self.insert(self.text.len(), &all);
    }

    /// Another text, with this one's byte-order mark.
    pub(super) fn marked(&self, text: &str) -> String {
        format!("{}{text}", self.mark)
    }

    /// The text with all changes; the original one where there are none.
    pub(super) fn finish(mut self) -> String {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(self.text.len() + 1024);
        out.push_str(self.mark);
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
        if self.completed && out.ends_with(self.ending) {
            out.truncate(out.len() - self.ending.len());
        }
        out
    }
}

/// A parsed text, the changes to it, and the tables to be added to its end.
pub(super) struct Splicer<'d> {
    document: &'d Document<String>,
    pub(super) lines: Lines,
    added: Vec<(String, Vec<String>)>,
}

impl<'d> Splicer<'d> {
    pub(super) const fn new(document: &'d Document<String>, lines: Lines) -> Self {
        Self { document, lines, added: Vec::new() }
    }

    /// A table that may be absent.
    pub(super) fn table(&self, path: &[&str]) -> Result<Option<Found<'d>>, Shape> {
        match locate(self.document, path) {
            Place::Absent => Ok(None),
            Place::Table(found) => Ok(Some(found)),
            Place::Blocked(span) => Err(self.shape(path, &span)),
        }
    }

    /// Lets `path.key` be the value that `written` is, unless `same` says that it is already.
    pub(super) fn set(
        &mut self,
        path: &[&str],
        key: &str,
        written: &str,
        same: impl Fn(&Item) -> bool,
    ) -> Result<(), Shape> {
        let Some(found) = self.table(path)? else {
            self.add_to_new(path, vec![format!("{} = {written}", Key::new(key))]);
            return Ok(());
        };
        let Some(item) = found.table.get(key) else { return self.insert(path, &found, key, written) };
        if same(item) {
            return Ok(());
        }
        match (item.as_value(), item.span()) {
            (Some(_), Some(span)) => self.lines.replace(span, written.to_owned()),
            (None, span) | (_, span @ None) => return Err(self.shape(path, &span.unwrap_or_default())),
        }
        Ok(())
    }

    fn insert(&mut self, path: &[&str], found: &Found<'_>, key: &str, written: &str) -> Result<(), Shape> {
        let (last, name) = (last_byte(found.table), Key::new(key));
        match &found.form {
            Form::Implicit => self.add_to_new(path, vec![format!("{name} = {written}")]),
            Form::Header(span) => {
                let at = self.lines.end(last.unwrap_or(span.end).saturating_sub(1));
                self.lines.insert(at, &[format!("{name} = {written}")]);
            }
            Form::Dotted { above } => {
                let last = last.ok_or_else(|| self.shape(path, &(0..0)))?;
                let dotted = dotted(path.get(*above..).unwrap_or_default());
                let at = self.lines.end(last.saturating_sub(1));
                self.lines.insert(at, &[format!("{dotted}.{name} = {written}")]);
            }
            Form::Inline(span) => {
                let comma = if found.table.is_empty() { "" } else { "," };
                let after_brace = span.start + 1;
                self.lines.replace(after_brace..after_brace, format!(" {name} = {written}{comma}"));
            }
        }
        Ok(())
    }

    /// Lines for a table that has no header yet; tables come in the order in which they are first named.
    pub(super) fn add_to_new(&mut self, path: &[&str], lines: Vec<String>) {
        let header = format!("[{}]", dotted(path));
        match self.added.iter_mut().find(|(present, _)| *present == header) {
            Some((_, present)) => present.extend(lines),
            None => self.added.push((header, lines)),
        }
    }

    /// Removes the lines of a key.
    pub(super) fn remove(&mut self, path: &[&str], found: &Found<'_>, key: &str) -> Result<(), Shape> {
        let Some(span) = entry_span(found.table, key) else { return Ok(()) };
        if matches!(found.form, Form::Inline(_)) {
            return Err(self.shape(path, &span));
        }
        self.lines.remove_lines(&span);
        Ok(())
    }

    /// Removes a table's header and its keys; comments between them stay.
    pub(super) fn remove_table(&mut self, path: &[&str], key: &str) -> Result<(), Shape> {
        let whole: Vec<&str> = path.iter().copied().chain([key]).collect();
        let Some(found) = self.table(&whole)? else { return Ok(()) };
        match &found.form {
            Form::Inline(span) => {
                let above = self.table(path)?.filter(|above| !matches!(above.form, Form::Inline(_)));
                let above = above.ok_or_else(|| self.shape(&whole, span))?;
                return self.remove(path, &above, key);
            }
            Form::Header(span) => self.lines.remove_lines(span),
            Form::Implicit | Form::Dotted { .. } => {}
        }
        self.remove_entries(&whole, found.table)
    }

    fn remove_entries(&mut self, path: &[&str], table: &dyn TableLike) -> Result<(), Shape> {
        for (key, item) in table.iter() {
            match item {
                Item::Value(_) => {
                    if let Some(span) = entry_span(table, key) {
                        self.lines.remove_lines(&span);
                    }
                }
                Item::Table(inner) => {
                    if let Some(span) = inner.span().filter(|_| !inner.is_implicit()) {
                        self.lines.remove_lines(&span);
                    }
                    self.remove_entries(path, inner)?;
                }
                Item::None | Item::ArrayOfTables(_) => return Err(self.shape(path, &item.span().unwrap_or_default())),
            }
        }
        Ok(())
    }

    pub(super) fn shape(&self, path: &[&str], span: &Range<usize>) -> Shape {
        Shape { line: self.lines.number(span.start), key: dotted(path) }
    }

    /// The text with every change.
    pub(super) fn finish(mut self) -> String {
        let mut block = Vec::new();
        for (header, lines) in std::mem::take(&mut self.added) {
            block.push(header);
            block.extend(lines);
        }
        if !block.is_empty() {
            self.lines.append(&block);
        }
        self.lines.finish()
    }
}

/// A path as a header writes it.
pub(super) fn dotted(path: &[&str]) -> String {
    let parts: Vec<_> = path.iter().map(|part| Key::new(*part).to_string()).collect();
    parts.join(".")
}

/// A table is written in a form that cannot be changed in place.
pub(super) struct Shape {
    /// Counted from 1.
    pub(super) line: usize,
    /// The table's path, as a header writes it.
    pub(super) key: String,
}

/// A table that the document has.
pub(super) struct Found<'d> {
    /// Its keys.
    pub(super) table: &'d dyn TableLike,
    /// How it is written.
    pub(super) form: Form,
}

/// How a table is written.
pub(super) enum Form {
    /// Under its own header, which lies here.
    Header(Range<usize>),
    /// Through headers of tables below it only; a header may still be added.
    Implicit,
    /// Through keys with dots; `above` of the path's parts are said by the header that they stand under.
    Dotted {
        /// How many parts.
        above: usize,
    },
    /// In braces, which lie here.
    Inline(Range<usize>),
}

/// What a path leads to.
enum Place<'d> {
    /// Nothing.
    Absent,
    Table(Found<'d>),
    /// Something else, or a table that lies in an inline one that does not have it; the bytes of what is in the way.
    Blocked(Range<usize>),
}

/// Follows the path from the document's root.
fn locate<'d>(document: &'d Document<String>, path: &[&str]) -> Place<'d> {
    let mut table: &dyn TableLike = document.as_table();
    let mut form = Form::Header(0..0);
    let mut above = 0;
    for (depth, part) in path.iter().enumerate() {
        let Some(item) = table.get(part) else {
            return match form {
                Form::Inline(span) => Place::Blocked(span),
                Form::Header(_) | Form::Implicit | Form::Dotted { .. } => Place::Absent,
            };
        };
        let span = item.span().unwrap_or_default();
        form = match item {
            Item::Table(inner) if inner.is_dotted() => Form::Dotted { above },
            Item::Table(inner) if inner.is_implicit() => Form::Implicit,
            Item::Table(_) => Form::Header(span.clone()),
            Item::Value(value) if value.is_inline_table() => match form {
                // `a = { b.c = 1 }`: the braces that can be written into are the outer ones.
                Form::Inline(_) if inline_is_dotted(item) => return Place::Blocked(span),
                Form::Inline(_) | Form::Header(_) | Form::Implicit | Form::Dotted { .. } => Form::Inline(span.clone()),
            },
            Item::None | Item::Value(_) | Item::ArrayOfTables(_) => return Place::Blocked(span),
        };
        if !matches!(form, Form::Dotted { .. }) {
            above = depth + 1;
        }
        let Some(inner) = item.as_table_like() else { return Place::Blocked(span) };
        table = inner;
    }
    Place::Table(Found { table, form })
}

fn inline_is_dotted(item: &Item) -> bool {
    item.as_inline_table().is_some_and(toml_edit::InlineTable::is_dotted)
}

/// The bytes of a key and its value, where the two stand on lines of their own.
fn entry_span(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    let (key, item) = table.get_key_value(key)?;
    Some(key.span()?.start..item.span()?.end)
}

/// The last byte that belongs to this table itself, and not to a table with a header of its own; `None` where it has no such key.
fn last_byte(table: &dyn TableLike) -> Option<usize> {
    let ends = table.iter().filter_map(|(_, item)| match item {
        Item::Table(inner) if inner.is_dotted() => last_byte(inner),
        Item::Value(value) => value.span().map(|span| span.end),
        Item::None | Item::Table(_) | Item::ArrayOfTables(_) => None,
    });
    ends.max()
}
