//! What lies in a vendored tree: names, bounded in number and depth, and the digest of every file, hashed on all cores. No symbolic link is
//! followed.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::files::regular::{self, Links, ReadError};
use crate::model::checksum::Checksum;
use crate::model::vendored::{EntryKind, FileDigest, VendorRoot, VendoredDirectory, VendoredEntry};

/// The most names in a tree: the largest known, of 1,300 packages, has about 60,000.
pub(crate) const MAX_ENTRIES: usize = 1_000_000;
/// The most folders in each other, below a package's.
pub(crate) const MAX_DEPTH: usize = 64;
/// The most bytes of a `Cargo.toml`, a `.cargo-checksum.json` or the `.gitattributes`.
pub(crate) const MAX_STATEMENT: u64 = 32 * 1024 * 1024;
/// The most bytes of any file: four times what cargo lets an ordinary archive unpack to.
pub(crate) const MAX_FILE: u64 = 2 << 30;
/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// A file of more bytes is not looked at for its line ends: no source is so large.
const MAX_TEXT: u64 = 64 * 1024 * 1024;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

/// Why the tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VendorTreeError {
    /// Something in it could not be opened or read.
    #[error("cannot read `{path}`: {source}\nhelp: make it readable, or write the tree again: cargo sequester vendor")]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        source: io::Error,
    },
    /// More names than any honest tree has.
    #[error(
        "`{path}` holds more than {MAX_ENTRIES} files and folders\nhelp: remove what is not a vendored package, or write the tree again: cargo sequester vendor"
    )]
    TooMany { path: Utf8PathBuf },
    /// A file that no archive can have held.
    #[error("`{path}` has more than {MAX_FILE} bytes\nhelp: write the tree again: cargo sequester vendor")]
    TooLarge { path: Utf8PathBuf },
    /// Folders nested deeper than any archive may.
    #[error("`{path}` lies more than {MAX_DEPTH} folders deep\nhelp: remove it, no package has such a folder")]
    TooDeep { path: Utf8PathBuf },
}

/// What stands in the place of a folder that should lie below `root` without a link on the way; `None` where it is one.
pub(in crate::gather) fn instead_of_a_folder(
    root: &Utf8Path,
    folder: &Utf8Path,
) -> Result<Option<VendorRoot>, VendorTreeError> {
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

pub(super) fn unreadable(path: &Utf8Path, source: io::Error) -> VendorTreeError {
    VendorTreeError::Unreadable { path: path.to_owned(), source }
}

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
    pub(super) kind: NameKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    Folder,
    File,
    Other(EntryKind),
}

pub(super) fn names_in(folder: &Utf8Path, prefix: &str, budget: &Budget<'_>) -> Result<Vec<Name>, VendorTreeError> {
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
            _ if !is_text => NameKind::Other(EntryKind::NameNotText),
            kind if kind.is_symlink() => NameKind::Other(EntryKind::Link),
            kind if kind.is_dir() => NameKind::Folder,
            kind if kind.is_file() => NameKind::File,
            _ => NameKind::Other(EntryKind::Special),
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
        let names = names_in(&folder, &prefix, budget)?;
        if names.is_empty() && depth > 0 {
            let path = prefix.trim_end_matches('/').to_owned();
            entries.push(VendoredEntry { path, kind: EntryKind::EmptyFolder });
        }
        for Name { path, kind } in names {
            match kind {
                NameKind::Folder => waiting.push((package.join(&path), format!("{path}/"), depth + 1)),
                NameKind::File => entries.push(VendoredEntry { path, kind: EntryKind::File(unknown) }),
                NameKind::Other(kind) => entries.push(VendoredEntry { path, kind }),
            }
        }
    }
    Ok(entries)
}

struct Hashed {
    digest: Checksum,
    bytes: u64,
    has_carriage_return: bool,
}

/// Fills in the digests of the files that their packages list; returns how many those are and how many bytes they have. A file that no list
/// names is refused for that, whatever it holds.
pub(super) fn fill_digests(
    tree: &Utf8Path,
    directories: &mut [VendoredDirectory],
) -> Result<(u64, u64), VendorTreeError> {
    // One flat list over all packages: a single huge package then keeps every core busy, not one.
    let files: Vec<(Utf8PathBuf, Checksum, &mut FileDigest)> = directories
        .iter_mut()
        .flat_map(|directory| {
            let (folder, listed) = (tree.join(&directory.name), directory.listed.known());
            directory.entries.iter_mut().filter_map(move |entry| match &mut entry.kind {
                EntryKind::File(found) => {
                    let listed = *listed?.files.get(&entry.path)?;
                    Some((folder.join(&entry.path), listed, found))
                }
                EntryKind::EmptyFolder
                | EntryKind::Folder
                | EntryKind::Link
                | EntryKind::Special
                | EntryKind::NameNotText
                | EntryKind::Unread => None,
            })
        })
        .collect();
    let count = files.len() as u64;
    let bytes = files
        .into_par_iter()
        .map(|(path, listed, found)| {
            let file = regular::open(&path, Links::Refused).map_err(|cause| unreadable(&path, cause.into()))?;
            if file.metadata.len() > MAX_FILE {
                return Err(VendorTreeError::TooLarge { path });
            }
            let hashed = hash(file.file).map_err(|source| unreadable(&path, source))?;
            found.digest = hashed.digest;
            if hashed.has_carriage_return && listed != hashed.digest {
                found.with_line_feeds = with_line_feeds(&path).map_err(|source| unreadable(&path, source))?;
            }
            Ok(hashed.bytes)
        })
        .try_reduce(|| 0, |one, other| Ok(one + other))?;
    Ok((count, bytes))
}

fn hash(mut file: File) -> io::Result<Hashed> {
    READ.with_borrow_mut(|buffer| {
        let mut hasher = Sha256::new();
        let mut found = Hashed { digest: Checksum::from_bytes([0; 32]), bytes: 0, has_carriage_return: false };
        loop {
            let length = match file.read(buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let read = buffer.get(..length).unwrap_or_default();
            hasher.update(read);
            found.bytes += length as u64;
            found.has_carriage_return = found.has_carriage_return || memchr::memchr(b'\r', read).is_some();
        }
        found.digest = Checksum::from_bytes(hasher.finalize().into());
        Ok(found)
    })
}

/// Of the bytes with every CR LF made LF; `None` for a file that is too large to be a source.
fn with_line_feeds(path: &Utf8Path) -> io::Result<Option<Checksum>> {
    let bytes = read_bounded(path, MAX_TEXT)?;
    Ok(bytes.map(|bytes| Checksum::from_bytes(Sha256::digest(line_feeds(&bytes)).into())))
}

/// The bytes with every CR LF made LF.
pub(super) fn line_feeds(bytes: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(bytes.len());
    for (position, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(position + 1) != Some(&b'\n') {
            converted.push(*byte);
        }
    }
    converted
}

/// A regular file of no more than `limit` bytes; `None` where there are more.
///
/// # Errors
/// It is no regular file, or cannot be read.
pub(crate) fn read_bounded(path: &Utf8Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match regular::read(path, Links::Refused, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::TooLarge(_)) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}
