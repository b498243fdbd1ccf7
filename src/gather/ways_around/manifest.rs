//! `[patch]` and `[replace]` of the root manifest; cargo ignores those of members.

use camino::{Utf8Path, Utf8PathBuf};

use super::{bounded, lies_below, tables};
use crate::files::regular::{self, Links, ReadError};
use crate::gather::toml_tree::{self, Node, SyntaxError, Table, shown_key};
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The most bytes of a manifest.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Why the root manifest, or the workspace's own configuration, cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each says what it is, and the fields are its parts")]
pub enum ManifestError {
    #[error("{path}: this file cannot be read: {cause}\nhelp: make it a readable UTF-8 file")]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    #[error("{path}:{line}: not TOML: {message}\nhelp: see https://toml.io for the grammar")]
    Syntax { path: Utf8PathBuf, line: u32, message: String },
}

/// A file's text; `None` where there is no such file.
///
/// # Errors
/// It cannot be read, or is no text.
pub fn text(path: &Utf8Path) -> Result<Option<String>, ManifestError> {
    match regular::text(path, Links::Followed, MAX_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.is_absent() => Ok(None),
        Err(cause) => Err(ManifestError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// A TOML file's content; `None` where there is no such file.
pub(super) fn document(path: &Utf8Path) -> Result<Option<Table>, ManifestError> {
    let Some(text) = text(path)? else { return Ok(None) };
    toml_tree::parse(&text).map(Some).map_err(|SyntaxError { line, message }| ManifestError::Syntax {
        path: path.to_owned(),
        line,
        message,
    })
}

pub(super) fn ways(root: &Utf8Path) -> Result<Vec<WayAround>, ManifestError> {
    let path = root.join("Cargo.toml");
    let Some(table) = document(&path)? else { return Ok(Vec::new()) };
    let mut ways = Vec::new();
    for (source, patches) in tables::tables(&table, "patch") {
        for (name, entry) in patches.value.as_table().into_iter().flat_map(Table::iter) {
            ways.push(way(root, &path, &format!("patch.{}.{}", shown_key(source), shown_key(name)), entry));
        }
    }
    for (spec, entry) in tables::tables(&table, "replace") {
        ways.push(way(root, &path, &format!("replace.{}", shown_key(spec)), entry));
    }
    Ok(ways)
}

fn way(root: &Utf8Path, manifest: &Utf8Path, key: &str, entry: &Node) -> WayAround {
    let folder = entry.value.as_table().and_then(|table| table.get("path"));
    let is_outside = folder.is_some_and(|folder| {
        let folder = tables::text(&folder.value);
        let climbs = folder.split(['/', '\\']).any(|component| component == "..");
        let folder = root.join(folder);
        !lies_below(root, &folder) || (climbs && !folder.exists())
    });
    let kind = if is_outside { WayKind::PatchOutside } else { WayKind::ManifestPatch };
    let origin = Origin::File { path: manifest.to_owned(), line: entry.line, key: key.to_owned() };
    WayAround { kind, origin, scope: Scope::Repository, value: bounded(&tables::text(&entry.value)) }
}
