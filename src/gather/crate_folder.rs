//! Reads a local registry as it lies there: the names of its `.crate` files, its index, and whatever else there is. It follows no
//! symbolic link, opens nothing but regular files of the index, and decides nothing.

use std::fs::FileType;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::local_registry::LocalRegistryError;
use super::vendor_tree::{self, instead_of_a_folder};
use crate::model::index_line::Release;
use crate::model::vendored::{CrateFolder, EntryKind, IndexedFile, VENDOR_ATTRIBUTES_FILE, VendorRoot, VendoredEntry};

/// The most names: a local registry of the largest known lock files has some 4,000.
const MAX_NAMES: usize = 200_000;
/// The most bytes of an index file: it holds a line for each locked release of one crate.
const MAX_INDEX: u64 = 16 << 20;
/// The folders of an index are no deeper.
const MAX_DEPTH: usize = 3;
/// The folder of the index.
const INDEX: &str = "index";

/// Reads the registry in `folder`, which should lie below `root` without a link on the way.
///
/// # Errors
/// A folder or an index file cannot be read, or there is more than any honest registry has.
pub fn read(root: &Utf8Path, folder: &Utf8Path) -> Result<VendorRoot, LocalRegistryError> {
    let instead = instead_of_a_folder(root, folder);
    if let Some(instead) = instead.map_err(|error| unreadable(folder, io::Error::other(error)))? {
        return Ok(instead);
    }
    let mut found = CrateFolder::default();
    let mut left = MAX_NAMES;
    for (name, kind) in names(folder, &mut left)? {
        if kind.is_dir() && name == INDEX {
            index(folder, &mut found, &mut left)?;
        } else if kind.is_file() && Utf8Path::new(&name).extension() == Some("crate") {
            found.archives.insert(name, None);
        } else if !(kind.is_file() && name == VENDOR_ATTRIBUTES_FILE) {
            found.strays.push(VendoredEntry { path: name, kind: entry(kind) });
        }
    }
    found.strays.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(VendorRoot::Crates(found))
}

fn index(folder: &Utf8Path, found: &mut CrateFolder, left: &mut usize) -> Result<(), LocalRegistryError> {
    let mut waiting = vec![(String::new(), 0)];
    while let Some((prefix, depth)) = waiting.pop() {
        for (name, kind) in names(&folder.join(INDEX).join(&prefix), left)? {
            let path = format!("{prefix}{name}");
            if kind.is_dir() && depth < MAX_DEPTH {
                waiting.push((format!("{path}/"), depth + 1));
            } else if kind.is_file() {
                let text = read_bounded(&folder.join(INDEX).join(&path))?;
                found.index.insert(path, lines(&name, &text));
            } else {
                found.strays.push(VendoredEntry { path: format!("{INDEX}/{path}"), kind: entry(kind) });
            }
        }
    }
    Ok(())
}

/// The releases of an index file, each line as cargo reads it. `file` is the crate's name in lower case; the line spells it as it is.
fn lines(file: &str, text: &[u8]) -> IndexedFile {
    let mut indexed = IndexedFile::default();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let name = serde_json::from_slice::<Named>(line).ok().map(|named| named.name);
        let name = name.filter(|name| name.to_lowercase() == *file).unwrap_or_else(|| file.to_owned());
        match Release::parse(&name, line) {
            Ok(release) => indexed.releases.push((name, release)),
            Err(error) => indexed.unreadable.push(error.to_string()),
        }
    }
    indexed
}

#[derive(serde::Deserialize)]
struct Named {
    name: String,
}

fn names(folder: &Utf8Path, left: &mut usize) -> Result<Vec<(String, FileType)>, LocalRegistryError> {
    let mut names = Vec::new();
    for name in folder.read_dir().map_err(|source| unreadable(folder, source))? {
        *left = left
            .checked_sub(1)
            .ok_or_else(|| unreadable(folder, io::Error::other(format!("it holds more than {MAX_NAMES} files"))))?;
        let name = name.map_err(|source| unreadable(folder, source))?;
        let kind = name.file_type().map_err(|source| unreadable(folder, source))?;
        names.push((name.file_name().to_string_lossy().into_owned(), kind));
    }
    Ok(names)
}

fn read_bounded(path: &Utf8Path) -> Result<Vec<u8>, LocalRegistryError> {
    let too_large = || io::Error::other(format!("it is larger than {MAX_INDEX} bytes"));
    let read = vendor_tree::read_bounded(path, MAX_INDEX).and_then(|bytes| bytes.ok_or_else(too_large));
    read.map_err(|source| unreadable(path, source))
}

fn entry(kind: FileType) -> EntryKind {
    if kind.is_symlink() {
        EntryKind::Link
    } else if kind.is_dir() {
        EntryKind::Folder
    } else if kind.is_file() {
        EntryKind::Unread
    } else {
        EntryKind::Special
    }
}

fn unreadable(path: &Utf8Path, source: io::Error) -> LocalRegistryError {
    LocalRegistryError { path: Utf8PathBuf::from(path), source }
}
