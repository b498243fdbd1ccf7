//! Typed reading of one TOML table: every key that is asked for is known, and what is left over is a mistake.

use jiff::civil::Date;
use toml::value::Datetime;

use super::error::{Fault, Problem};
use super::grammar;
use crate::gather::toml_tree::{Entry, Node, Table, Value};
use crate::model::age::Age;

/// A value with the line of its key.
pub(super) struct At<T> {
    pub(super) line: u32,
    pub(super) value: T,
}

/// Reads one table and notes its mistakes. A key with a mistake reads as absent; the mistake alone makes the file invalid.
pub(super) struct TableReader<'t, 'p> {
    table: &'t Table,
    prefix: String,
    known: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> TableReader<'t, 'p> {
    pub(super) const fn new(table: &'t Table, prefix: String, problems: &'p mut Vec<Problem>) -> Self {
        Self { table, prefix, known: Vec::new(), problems }
    }

    /// The line of the table's header.
    pub(super) const fn line(&self) -> u32 {
        self.table.line
    }

    /// Whether the key is there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// The key with its tables.
    pub(super) fn path(&self, key: &str) -> String {
        let key = grammar::shown_key(key);
        if self.prefix.is_empty() { key } else { format!("{}.{key}", self.prefix) }
    }

    /// Notes a mistake of this key.
    pub(super) fn fault(&mut self, line: u32, key: &str, fault: Fault) {
        let key = Some(self.path(key));
        self.problems.push(Problem { line, key, fault });
    }

    /// Notes that a key is not there that must be.
    pub(super) fn missing(&mut self, key: &str, fault: Fault) {
        self.fault(self.table.line, key, fault);
    }

    fn entry(&mut self, key: &'static str) -> Option<&'t Entry> {
        self.known.push(key);
        self.table.get(key)
    }

    fn wrong_type(&mut self, node: &Node, key: &str, expected: &'static str) {
        self.fault(node.line, key, Fault::WrongType { expected, found: node.value.kind() });
    }

    /// A string and what `parse` makes of it.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        let Entry { line, node } = self.entry(key)?;
        let Value::Text(text) = &node.value else {
            self.wrong_type(node, key, "a string");
            return None;
        };
        match parse(text) {
            Ok(value) => Some(At { line: *line, value }),
            Err(fault) => {
                self.fault(*line, key, fault);
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
        if self.table.get(key).is_none() {
            self.known.push(key);
            self.missing(key, Fault::Missing);
            return None;
        }
        self.parsed(key, parse)
    }

    /// A list of strings and what `parse` makes of each, with the line of each; `None` where the key is absent or no list.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        mut parse: impl FnMut(&str) -> Result<T, Fault>,
    ) -> Option<Vec<At<T>>> {
        let nodes = self.nodes(key)?;
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Value::Text(text) = &node.value else {
                self.wrong_type(node, key, "a string");
                continue;
            };
            match parse(text) {
                Ok(value) => values.push(At { line: node.line, value }),
                Err(fault) => self.fault(node.line, key, fault),
            }
        }
        Some(values)
    }

    fn nodes(&mut self, key: &'static str) -> Option<&'t [Node]> {
        let Entry { node, .. } = self.entry(key)?;
        if let Value::List(nodes) = &node.value {
            return Some(nodes);
        }
        self.wrong_type(node, key, "a list");
        None
    }

    /// A list of strings that must be there, with at least one entry; `None` where any of it is wrong.
    pub(super) fn required_list<T>(
        &mut self,
        key: &'static str,
        parse: impl FnMut(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let Some(entry) = self.table.get(key) else {
            self.known.push(key);
            self.missing(key, Fault::Missing);
            return None;
        };
        let before = self.problems.len();
        let values = self.list(key, parse)?;
        if before == self.problems.len() && values.is_empty() {
            self.fault(entry.line, key, Fault::Empty);
        }
        (before == self.problems.len()).then(|| values.into_iter().map(|at| at.value).collect())
    }

    pub(super) fn age(&mut self, key: &'static str) -> Option<At<Age>> {
        if let Some(Entry { line, node: Node { value: Value::Integer(number), .. } }) = self.table.get(key) {
            self.known.push(key);
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
        let Entry { node, .. } = self.entry(key)?;
        if let Value::Boolean(value) = node.value {
            return Some(value);
        }
        self.wrong_type(node, key, "`true` or `false`");
        None
    }

    /// A day, as a TOML date or a string.
    pub(super) fn date(&mut self, key: &'static str) -> Option<At<Date>> {
        let Some(Entry { line, node: Node { value: Value::Datetime(moment), .. } }) = self.table.get(key) else {
            return self.parsed(key, |text| grammar::date(text).ok_or(Fault::Date));
        };
        self.known.push(key);
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
        let Entry { node, .. } = self.entry(key)?;
        self.inner(node, key)
    }

    /// The tables of a list, one after another.
    pub(super) fn each_table(&mut self, key: &'static str, mut read: impl FnMut(TableReader<'t, '_>)) {
        for node in self.nodes(key).unwrap_or_default() {
            if let Some(inner) = self.inner(node, key) {
                read(inner);
            }
        }
    }

    /// The tables under names that the file chooses.
    pub(super) fn each_named(mut self, mut read: impl FnMut(&'t str, TableReader<'t, '_>)) {
        for (name, entry) in self.table.iter() {
            if let Some(inner) = self.inner(&entry.node, name) {
                read(name, inner);
            }
        }
    }

    fn inner(&mut self, node: &'t Node, key: &str) -> Option<TableReader<'t, '_>> {
        if let Value::Table(table) = &node.value {
            let prefix = self.path(key);
            return Some(TableReader::new(table, prefix, self.problems));
        }
        self.wrong_type(node, key, "a table");
        None
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(mut self) {
        let table = self.table;
        for (key, entry) in table.iter().filter(|(key, _)| !self.known.contains(key)).collect::<Vec<_>>() {
            let known = self.known.clone();
            self.fault(entry.line, key, Fault::UnknownKey { known });
        }
    }
}

fn local_date(moment: &Datetime) -> Option<Date> {
    let Datetime { date: Some(date), time: None, offset: None } = moment else {
        return None;
    };
    Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
}
