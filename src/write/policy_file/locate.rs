//! Finds the entries of a policy file: which lines each of them takes.

use std::ops::Range;

use semver::Version;
use toml_edit::{Document, Item, Table};

use super::PolicyEditError;

/// The two lists of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Approvals,
    Ignores,
}

/// One table of a list.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line of its header, counted from 1.
    pub(super) line: u32,
    /// Its lines, from the header's to the last value's, with their endings.
    pub(super) lines: Range<usize>,
    /// What entries are sorted by: the crate or advisory, then the version.
    pub(super) key: (String, Option<Version>),
}

/// The entries of one list, in the file's order; offsets are into `text`, which begins after a byte-order mark.
pub(super) fn entries(text: &str, list: List) -> Result<Vec<Entry>, PolicyEditError> {
    let document = Document::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        PolicyEditError::NotToml { line: line_number(text, offset) }
    })?;
    let found = match list {
        List::Approvals => document.get("approval").ok_or(None),
        List::Ignores => match document.get("advisories") {
            None => Err(None),
            Some(Item::Table(table)) if !table.is_dotted() => table.get("ignore").ok_or(None),
            Some(_) => Err(Some(PolicyEditError::Inline { key: "advisories", table: "advisories" })),
        },
    };
    match (found, list) {
        (Ok(Item::ArrayOfTables(tables)), _) => {
            Ok(tables.iter().filter_map(|table| entry(text, table, list)).collect())
        }
        (Ok(_), List::Approvals) => Err(PolicyEditError::Inline { key: "approval", table: "approval" }),
        (Ok(_), List::Ignores) => Err(PolicyEditError::Inline { key: "advisories.ignore", table: "advisories.ignore" }),
        (Err(None), _) => Ok(Vec::new()),
        (Err(Some(error)), _) => Err(error),
    }
}

fn entry(text: &str, table: &Table, list: List) -> Option<Entry> {
    let header = table.span()?;
    let ends = table.iter().filter_map(|(_, item)| item.span()).map(|span| span.end);
    let end = ends.chain([header.end]).max()?;
    let start = text.get(..header.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at + 1);
    let string = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let name = match list {
        List::Approvals => string("crate"),
        List::Ignores => string("id"),
    };
    let version = string("version").and_then(|version| Version::parse(&version).ok());
    Some(Entry {
        line: u32::try_from(line_number(text, header.start)).ok()?,
        lines: start..end,
        key: (name.unwrap_or_default(), version),
    })
}

fn line_number(text: &str, offset: usize) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes().get(..offset).unwrap_or_default()).count() + 1
}
