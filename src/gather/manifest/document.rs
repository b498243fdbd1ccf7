//! One manifest's text, and its keys with their types.

use std::io::ErrorKind;

use camino::Utf8Path;

use crate::files::regular::{self, Links, ReadError};
use crate::gather::toml_tree::{self, Entry, Table, shown_key};
use crate::model::manifest::ManifestProblem;

/// The most bytes of a manifest; the largest known have 0.2 MiB.
pub const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a manifest.
pub(super) fn read(path: &Utf8Path) -> Result<Table, ManifestProblem> {
    let text = regular::text(path, Links::Followed, MAX_BYTES).map_err(|cause| match cause {
        ReadError::Io(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            ManifestProblem::Absent
        }
        ReadError::Irregular(_) => ManifestProblem::NotAFile,
        ReadError::Io(_) | ReadError::TooLarge(_) | ReadError::NotUtf8 => {
            ManifestProblem::Unreadable(cause.to_string())
        }
    })?;
    toml_tree::parse(&text).map_err(|errors| {
        let (line, message) = errors.into_iter().next().map_or((1, String::new()), |error| (error.line, error.message));
        ManifestProblem::Syntax { line, message }
    })
}

/// A table with the keys that led to it, for messages.
#[derive(Clone)]
pub(super) struct Place<'t> {
    pub(super) table: &'t Table,
    above: String,
}

impl<'t> Place<'t> {
    pub(super) const fn root(table: &'t Table) -> Self {
        Self { table, above: String::new() }
    }

    /// The key as a message names it.
    pub(super) fn dotted(&self, key: &str) -> String {
        let key = shown_key(key);
        if self.above.is_empty() { key } else { format!("{}.{key}", self.above) }
    }

    pub(super) fn wrong(&self, key: &str, entry: &Entry, expected: &'static str) -> ManifestProblem {
        ManifestProblem::Key { line: entry.line, key: self.dotted(key), expected }
    }

    pub(super) fn inner(&self, key: &str) -> Result<Option<Self>, ManifestProblem> {
        let Some(entry) = self.table.get(key) else { return Ok(None) };
        let table = entry.node.value.as_table().ok_or_else(|| self.wrong(key, entry, "a table"))?;
        Ok(Some(Self { table, above: self.dotted(key) }))
    }

    /// The tables of a table of tables, by key.
    pub(super) fn inners(&self) -> impl Iterator<Item = Result<(&'t str, Self), ManifestProblem>> {
        self.table.iter().map(|(key, _)| Ok((key, self.inner(key)?.ok_or(ManifestProblem::NoPackage)?)))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'t str>, ManifestProblem> {
        let Some(entry) = self.table.get(key) else { return Ok(None) };
        entry.node.value.as_text().map(|text| Some(text.as_str())).ok_or_else(|| self.wrong(key, entry, "a string"))
    }

    pub(super) fn boolean(&self, key: &str) -> Result<Option<bool>, ManifestProblem> {
        let Some(entry) = self.table.get(key) else { return Ok(None) };
        entry.node.value.as_boolean().map(Some).ok_or_else(|| self.wrong(key, entry, "`true` or `false`"))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ManifestProblem> {
        let Some(entry) = self.table.get(key) else { return Ok(None) };
        let wrong = || self.wrong(key, entry, "a list of strings");
        let nodes = entry.node.value.as_list().ok_or_else(wrong)?;
        nodes.iter().map(|node| node.value.as_text().cloned().ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
    }

    /// A key that older manifests write with an underscore; cargo prefers the other one.
    pub(super) fn spelled<'k>(&self, modern: &'k str, old: &'k str) -> &'k str {
        if self.table.get(modern).is_none() && self.table.get(old).is_some() { old } else { modern }
    }
}
