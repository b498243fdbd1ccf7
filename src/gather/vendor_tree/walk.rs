//! Lists what is in a folder, bounded in number and depth.

use std::sync::atomic::{AtomicUsize, Ordering};

use camino::Utf8Path;

use super::{MAX_DEPTH, MAX_ENTRIES, VendorTreeError, unreadable};
use crate::model::checksum::Checksum;
use crate::model::vendored::{EntryKind, FileDigest, VendoredEntry};

/// How many more names may be seen in one tree, by all threads together.
pub(super) struct Budget<'a> {
    tree: &'a Utf8Path,
    left: AtomicUsize,
}

impl<'a> Budget<'a> {
    pub(super) const fn new(tree: &'a Utf8Path) -> Self {
        Self { tree, left: AtomicUsize::new(MAX_ENTRIES) }
    }

    fn spend(&self) -> Result<(), VendorTreeError> {
        let take = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(VendorTreeError::TooMany { path: self.tree.to_owned() }),
        }
    }
}

/// A name in a folder; `path` begins with the prefix that was asked for.
pub(super) struct Name {
    pub(super) path: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
    Other(EntryKind),
}

/// The names in one folder.
pub(super) fn names(folder: &Utf8Path, prefix: &str, budget: &Budget<'_>) -> Result<Vec<Name>, VendorTreeError> {
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(|source| unreadable(folder, source))? {
        budget.spend()?;
        let entry = entry.map_err(|source| unreadable(folder, source))?;
        // From the folder's own listing: a link is a link here, whatever it leads to.
        let file_type = entry.file_type().map_err(|source| unreadable(folder, source))?;
        let (name, is_text) = match entry.file_name().into_string() {
            Ok(name) => (name, true),
            Err(name) => (name.to_string_lossy().into_owned(), false),
        };
        let kind = match file_type {
            _ if !is_text => Kind::Other(EntryKind::NameNotText),
            kind if kind.is_symlink() => Kind::Other(EntryKind::Link),
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other(EntryKind::Special),
        };
        names.push(Name { path: format!("{prefix}{name}"), kind });
    }
    Ok(names)
}

/// Everything below a package's folder, in no order.
pub(super) fn everything(package: &Utf8Path, budget: &Budget<'_>) -> Result<Vec<VendoredEntry>, VendorTreeError> {
    let unknown = FileDigest { digest: Checksum::from_bytes([0; 32]), with_line_feeds: None };
    let mut entries = Vec::new();
    let mut waiting = vec![(package.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        if depth > MAX_DEPTH {
            return Err(VendorTreeError::TooDeep { path: folder });
        }
        let names = names(&folder, &prefix, budget)?;
        if names.is_empty() && depth > 0 {
            let path = prefix.trim_end_matches('/').to_owned();
            entries.push(VendoredEntry { path, kind: EntryKind::EmptyFolder });
        }
        for Name { path, kind } in names {
            match kind {
                Kind::Folder => waiting.push((package.join(&path), format!("{path}/"), depth + 1)),
                Kind::File => entries.push(VendoredEntry { path, kind: EntryKind::File(unknown) }),
                Kind::Other(kind) => entries.push(VendoredEntry { path, kind }),
            }
        }
    }
    Ok(entries)
}
