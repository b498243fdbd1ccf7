//! Typed reading of one table of a policy file: every key that is asked for is known, what is left over is a mistake, and no mistake hides
//! the next one.

use jiff::civil::Date;
use toml::value::Datetime;

use super::fault::{Fault, Problem};
use crate::gather::toml_tree::{Node, Section, Table, Value, WrongType};
use crate::model::age::Age;

/// A value with the line of its key.
pub(super) struct At<T> {
    pub(super) line: u32,
    pub(super) value: T,
}

/// Reads one table and notes its mistakes. A key with a mistake reads as absent; the mistake alone makes the file invalid.
pub(super) struct TableReader<'t, 'p> {
    section: Section<'t>,
    known: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> TableReader<'t, 'p> {
    pub(super) const fn root(document: &'t Table, problems: &'p mut Vec<Problem>) -> Self {
        Self { section: Section::root(document), known: Vec::new(), problems }
    }

    /// The line of the table's header.
    pub(super) const fn line(&self) -> u32 {
        self.section.table.line
    }

    /// Whether the key is there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.section.table.get(key).is_some()
    }

    /// The key with its tables.
    pub(super) fn path(&self, key: &str) -> String {
        self.section.dotted(key)
    }

    /// Notes a mistake of this key.
    pub(super) fn fault(&mut self, line: u32, key: &str, fault: Fault) {
        let key = Some(self.path(key));
        self.problems.push(Problem { line, key, fault });
    }

    /// Notes that a key is not there that must be.
    pub(super) fn missing(&mut self, key: &str, fault: Fault) {
        self.fault(self.line(), key, fault);
    }

    fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.section.table.get(key)
    }

    /// What was read; a wrong type is noted, and reads as absent.
    fn noted<T>(&mut self, read: Result<Option<T>, WrongType>) -> Option<T> {
        read.unwrap_or_else(|WrongType { line, key, expected, found }| {
            self.problems.push(Problem { line, key: Some(key), fault: Fault::WrongType { expected, found } });
            None
        })
    }

    /// A string and what `parse` makes of it.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        let line = self.node(key)?.line;
        let text = self.section.text(key);
        match parse(self.noted(text)?) {
            Ok(value) => Some(At { line, value }),
            Err(fault) => {
                self.fault(line, key, fault);
                None
            }
        }
    }

    /// Like [`Self::parsed`], for a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        if !self.has(key) {
            self.missing(key, Fault::Missing);
        }
        self.parsed(key, parse)
    }

    /// A list of strings and what `parse` makes of each; `None` where the key is absent or no list.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        mut parse: impl FnMut(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let nodes = self.nodes(key)?;
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node.value.as_text().map(|text| parse(text)) {
                Some(Ok(value)) => values.push(value),
                Some(Err(fault)) => self.fault(node.line, key, fault),
                None => {
                    let wrong = self.section.wrong(key, node, "a string");
                    self.noted::<()>(Err(wrong));
                }
            }
        }
        Some(values)
    }

    fn nodes(&mut self, key: &'static str) -> Option<&'t [Node]> {
        self.node(key)?;
        let list = self.section.list(key);
        self.noted(list).map(Vec::as_slice)
    }

    /// A list of strings that must be there, with at least one entry; `None` where any of it is wrong.
    pub(super) fn required_list<T>(
        &mut self,
        key: &'static str,
        parse: impl FnMut(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let Some(line) = self.node(key).map(|node| node.line) else {
            self.missing(key, Fault::Missing);
            return None;
        };
        let before = self.problems.len();
        let values = self.list(key, parse)?;
        if before == self.problems.len() && values.is_empty() {
            self.fault(line, key, Fault::Empty);
        }
        (before == self.problems.len()).then_some(values)
    }

    pub(super) fn age(&mut self, key: &'static str) -> Option<At<Age>> {
        if let Some(Node { line, value: Value::Integer(number) }) = self.node(key) {
            self.fault(*line, key, Fault::AgeIsInteger { number: *number });
            return None;
        }
        self.parsed(key, |text| text.parse().map_err(Fault::Age))
    }

    pub(super) fn required_age(&mut self, key: &'static str) -> Option<At<Age>> {
        if !self.has(key) {
            self.missing(key, Fault::Missing);
        }
        self.age(key)
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.node(key)?;
        let value = self.section.boolean(key);
        self.noted(value)
    }

    /// A day, as a TOML date or a string.
    pub(super) fn date(&mut self, key: &'static str) -> Option<At<Date>> {
        let Some(Node { line, value: Value::Datetime(moment) }) = self.node(key) else {
            return self.parsed(key, |text| written_date(text).ok_or(Fault::Date));
        };
        if let Some(value) = local_date(moment) {
            return Some(At { line: *line, value });
        }
        self.fault(*line, key, Fault::Date);
        None
    }

    /// Like [`Self::date`], for a key that must be there.
    pub(super) fn required_date(&mut self, key: &'static str) -> Option<At<Date>> {
        if !self.has(key) {
            self.missing(key, Fault::Missing);
        }
        self.date(key)
    }

    /// The table under this key.
    pub(super) fn table(&mut self, key: &'static str) -> Option<TableReader<'t, '_>> {
        self.node(key)?;
        let section = self.section.section(key);
        self.inner(section)
    }

    /// The tables of a list, one after another.
    pub(super) fn each_table(&mut self, key: &'static str, mut read: impl FnMut(TableReader<'t, '_>)) {
        for node in self.nodes(key).unwrap_or_default() {
            let section = self.section.inner(key, node);
            if let Some(inner) = self.inner(section.map(Some)) {
                read(inner);
            }
        }
    }

    /// The tables under names that the file chooses.
    pub(super) fn each_named(mut self, mut read: impl FnMut(&'t str, TableReader<'t, '_>)) {
        for (name, node) in self.section.table.iter() {
            let section = self.section.inner(name, node);
            if let Some(inner) = self.inner(section.map(Some)) {
                read(name, inner);
            }
        }
    }

    fn inner(&mut self, section: Result<Option<Section<'t>>, WrongType>) -> Option<TableReader<'t, '_>> {
        let section = self.noted(section)?;
        Some(TableReader { section, known: Vec::new(), problems: self.problems })
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(mut self) {
        for (key, node) in self.section.table.iter() {
            if !self.known.contains(&key) {
                let known = self.known.clone();
                self.fault(node.line, key, Fault::UnknownKey { known });
            }
        }
    }
}

/// `YYYY-MM-DD` and no other spelling.
fn written_date(text: &str) -> Option<Date> {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = bytes else {
        return None;
    };
    if year.len() != 4 || !digits(year) || !digits(&[*m1, *m2, *d1, *d2]) {
        return None;
    }
    text.parse().ok()
}

fn local_date(moment: &Datetime) -> Option<Date> {
    let Datetime { date: Some(date), time: None, offset: None } = moment else {
        return None;
    };
    Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
}
