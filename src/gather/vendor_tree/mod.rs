//! Reads a vendored tree as it is: every name in it, every file's digest, and what each package says of itself. It follows no
//! symbolic link and decides nothing.

mod digest;
mod statement;
mod walk;

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use crate::model::vendored::{
    Attributes, EntryKind, Stated, VENDOR_ATTRIBUTES, VENDOR_ATTRIBUTES_FILE, VENDOR_CHECKSUMS_FILE, VendorChecksums,
    VendorRoot, VendoredDirectory, VendoredEntry, VendoredTree,
};
pub use digest::read_bounded;
use walk::{Budget, Name};

/// The most names in a tree: the largest known, of 1,300 packages, has about 60,000.
pub const MAX_ENTRIES: usize = 1_000_000;
/// The most folders in each other, below a package's.
pub const MAX_DEPTH: usize = 64;
/// The most bytes of a `Cargo.toml`, a `.cargo-checksum.json` or the `.gitattributes`.
pub const MAX_STATEMENT: u64 = 32 * 1024 * 1024;

/// The most bytes of any file: four times what cargo lets an ordinary archive unpack to.
pub const MAX_FILE: u64 = 2 << 30;

/// Why the tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VendorTreeError {
    /// Something in it could not be opened or read.
    #[error("cannot read `{path}`: {source}\nhelp: make it readable, or write the tree again: cargo sequester vendor")]
    Unreadable {
        /// What.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// More names than any honest tree has.
    #[error(
        "`{path}` holds more than {MAX_ENTRIES} files and folders\nhelp: remove what is not a vendored package, or write the tree again: cargo sequester vendor"
    )]
    TooMany {
        /// The tree.
        path: Utf8PathBuf,
    },
    /// A file that no archive can have held.
    #[error("`{path}` has more than {MAX_FILE} bytes\nhelp: write the tree again: cargo sequester vendor")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Folders nested deeper than any archive may.
    #[error("`{path}` lies more than {MAX_DEPTH} folders deep\nhelp: remove it, no package has such a folder")]
    TooDeep {
        /// The folder.
        path: Utf8PathBuf,
    },
}

/// Reads the tree in `folder`, which should lie below `root` without a link on the way.
///
/// # Errors
/// Something cannot be read, or there is more than any honest tree has.
pub fn read(root: &Utf8Path, folder: &Utf8Path) -> Result<VendorRoot, VendorTreeError> {
    if let Some(instead) = instead_of_a_folder(root, folder)? {
        return Ok(instead);
    }
    let budget = Budget::new(folder);
    let mut tree = VendoredTree::default();
    let mut names = Vec::new();
    for Name { path, kind } in walk::names(folder, "", &budget)? {
        match kind {
            walk::Kind::Folder => names.push(path),
            walk::Kind::File if path == VENDOR_ATTRIBUTES_FILE => tree.attributes = attributes(folder)?,
            walk::Kind::File => tree.strays.push(VendoredEntry { path, kind: EntryKind::Unread }),
            walk::Kind::Other(kind) => tree.strays.push(VendoredEntry { path, kind }),
        }
    }
    names.sort_unstable();
    tree.strays.sort_by(|one, other| one.path.cmp(&other.path));
    tree.directories = names.into_par_iter().map(|name| directory(folder, name, &budget)).collect::<Result<_, _>>()?;
    let (files, bytes) = digest::fill(folder, &mut tree.directories)?;
    (tree.files, tree.bytes) = (files, bytes);
    Ok(VendorRoot::Read(tree))
}

/// The folder with the digests of those files, too, that `listed` has and its own list does not name.
///
/// # Errors
/// A file cannot be read.
pub fn against(
    tree: &Utf8Path,
    directory: &VendoredDirectory,
    listed: &VendorChecksums,
) -> Result<VendoredDirectory, VendorTreeError> {
    let mut again = VendoredDirectory { listed: Stated::Known(listed.clone()), ..directory.clone() };
    digest::fill(tree, std::slice::from_mut(&mut again))?;
    again.listed = directory.listed.clone();
    Ok(again)
}

/// A package's folder, its files not yet hashed.
fn directory(folder: &Utf8Path, name: String, budget: &Budget<'_>) -> Result<VendoredDirectory, VendorTreeError> {
    let path = folder.join(&name);
    let mut entries = walk::everything(&path, budget)?;
    let is_regular = |entries: &[VendoredEntry], file: &str| {
        entries.iter().any(|entry| entry.path == file && matches!(entry.kind, EntryKind::File(_)))
    };
    let listed = statement::listed(&path, is_regular(&entries, VENDOR_CHECKSUMS_FILE))?;
    let manifest = statement::manifest(&path, is_regular(&entries, "Cargo.toml"))?;
    entries.retain(|entry| entry.path != VENDOR_CHECKSUMS_FILE || !matches!(entry.kind, EntryKind::File(_)));
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(VendoredDirectory { name, manifest, listed, entries })
}

fn attributes(folder: &Utf8Path) -> Result<Attributes, VendorTreeError> {
    let text = statement::bytes(&folder.join(VENDOR_ATTRIBUTES_FILE))?;
    // A checkout that converts line ends has converted this file first of all.
    let ours = |bytes: &[u8]| digest::line_feeds(bytes) == VENDOR_ATTRIBUTES.as_bytes();
    Ok(if text.is_some_and(|bytes| ours(&bytes)) { Attributes::Ours } else { Attributes::Other })
}

/// What stands in the place of a folder that should lie below `root` without a link on the way; `None` where it is one.
pub(super) fn instead_of_a_folder(root: &Utf8Path, folder: &Utf8Path) -> Result<Option<VendorRoot>, VendorTreeError> {
    Ok(match std::fs::symlink_metadata(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Some(VendorRoot::Absent)
        }
        Err(source) => return Err(unreadable(folder, source)),
        Ok(metadata) if metadata.is_symlink() => Some(VendorRoot::Link),
        Ok(metadata) if !metadata.is_dir() => Some(VendorRoot::NotFolder),
        Ok(_) => has_link_between(root, folder)?.then_some(VendorRoot::Link),
    })
}

/// Whether a folder between the two is reached by a link. A folder that does not lie below `root` is another question.
fn has_link_between(root: &Utf8Path, folder: &Utf8Path) -> Result<bool, VendorTreeError> {
    let Ok(below) = folder.strip_prefix(root) else { return Ok(false) };
    let mut path = root.to_owned();
    for component in below.components() {
        path.push(component);
        let metadata = std::fs::symlink_metadata(&path).map_err(|source| unreadable(&path, source))?;
        if metadata.is_symlink() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unreadable(path: &Utf8Path, source: io::Error) -> VendorTreeError {
    VendorTreeError::Unreadable { path: path.to_owned(), source }
}
