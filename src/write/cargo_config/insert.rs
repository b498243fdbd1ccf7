//! Sets and removes single keys of a document by changing its lines.

use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike};

use super::error::SpliceError;
use super::lines::Lines;
use super::locate::{Form, Found, Place, entry_span, last_byte, locate};

/// A parsed text, the changes to it, and the tables to be added to its end.
pub(super) struct Splicer<'d> {
    pub(super) document: &'d Document<String>,
    pub(super) lines: Lines,
    added: Vec<(String, Vec<String>)>,
}

impl<'d> Splicer<'d> {
    pub(super) const fn new(document: &'d Document<String>, lines: Lines) -> Self {
        Self { document, lines, added: Vec::new() }
    }

    /// A table that may be absent.
    pub(super) fn table(&self, path: &[&str]) -> Result<Option<Found<'d>>, SpliceError> {
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
    ) -> Result<(), SpliceError> {
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

    fn insert(&mut self, path: &[&str], found: &Found<'_>, key: &str, written: &str) -> Result<(), SpliceError> {
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
    pub(super) fn remove(&mut self, path: &[&str], found: &Found<'_>, key: &str) -> Result<(), SpliceError> {
        let Some(span) = entry_span(found.table, key) else { return Ok(()) };
        if matches!(found.form, Form::Inline(_)) {
            return Err(self.shape(path, &span));
        }
        self.lines.remove_lines(&span);
        Ok(())
    }

    /// Removes a table's header and its keys; comments between them stay.
    pub(super) fn remove_table(&mut self, path: &[&str], key: &str) -> Result<(), SpliceError> {
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

    fn remove_entries(&mut self, path: &[&str], table: &dyn TableLike) -> Result<(), SpliceError> {
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

    pub(super) fn shape(&self, path: &[&str], span: &Range<usize>) -> SpliceError {
        SpliceError::Shape { line: self.lines.number(span.start), key: dotted(path) }
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
