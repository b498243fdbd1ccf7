//! Hashes every file of a tree, on all cores, each thread with one buffer of its own.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{MAX_FILE, VendorTreeError, unreadable};
use crate::files::regular::{self, Links, ReadError};
use crate::model::checksum::Checksum;
use crate::model::vendored::{EntryKind, FileDigest, VendoredDirectory};

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// A file of more bytes is not looked at for its line ends: no source is so large.
const MAX_TEXT: u64 = 64 * 1024 * 1024;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

struct Hashed {
    digest: Checksum,
    bytes: u64,
    has_carriage_return: bool,
}

/// Fills in the digests of the files that their packages list; returns how many those are and how many bytes they have. A file that no list
/// names is refused for that, whatever it holds.
pub(super) fn fill(tree: &Utf8Path, directories: &mut [VendoredDirectory]) -> Result<(u64, u64), VendorTreeError> {
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
pub fn read_bounded(path: &Utf8Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match regular::read(path, Links::Refused, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::TooLarge(_)) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}
