//! Reads a folder that `vendor --local-registry` wrote: `name-version.crate` files beside an `index` folder. No symbolic link is followed,
//! and nothing is decided.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::crate_files::LARGEST_CRATE;
use super::vendor_tree::{self, instead_of_a_folder};
use crate::files::regular::{self, Links};
use crate::model::checksum::{Checksum, Hashed};
use crate::model::index_line::Release;
use crate::model::vendored::{CrateFolder, EntryKind, IndexedFile, VENDOR_ATTRIBUTES_FILE, VendorRoot, VendoredEntry};

const INDEX: &str = "index";
/// The most names: a local registry of the largest known lock files has some 4,000.
const MAX_NAMES: usize = 200_000;
/// The most bytes of an index file: it holds a line for each locked release of one crate.
const MAX_INDEX: u64 = 16 << 20;
/// The folders of an index are no deeper.
const MAX_DEPTH: usize = 3;
/// The most bytes of one index file that are compared with what it should be.
const LARGEST_INDEX: u64 = 64 << 20;

#[derive(Debug, Default)]
pub(crate) struct LocalRegistry {
    /// Every plain file, and its digest where it is a `.crate` file that could be hashed.
    pub files: BTreeMap<String, Option<Checksum>>,
    /// Whether there is anything in the index's place.
    pub has_index: bool,
    /// Whether the index is exactly the wanted one.
    pub index_is_wanted: bool,
}

/// The folder cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`: {source}\nhelp: make it readable, or name another folder")]
pub(crate) struct LocalRegistryError {
    pub path: Utf8PathBuf,
    #[source]
    pub source: io::Error,
}

/// Reads the folder and hashes its archives. `index` is the wanted index: each file's text by its path below `index`.
///
/// # Errors
/// The folder is there and cannot be read.
pub(crate) fn read(folder: &Utf8Path, index: &BTreeMap<String, Vec<u8>>) -> Result<LocalRegistry, LocalRegistryError> {
    let unreadable = |source| LocalRegistryError { path: folder.to_owned(), source };
    let list = match folder.read_dir_utf8() {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LocalRegistry::default()),
        Err(source) => return Err(unreadable(source)),
    };
    let mut found = LocalRegistry::default();
    for entry in list {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_file() {
            let is_crate = entry.path().extension() == Some("crate");
            let digest = if is_crate { bounded(entry.path(), LARGEST_CRATE).map(Hashed::of) } else { None };
            found.files.insert(entry.file_name().to_owned(), digest.map(|hashed| hashed.checksum()));
        }
    }
    found.has_index = folder.join(INDEX).symlink_metadata().is_ok();
    let mut names = Vec::new();
    let whole = collect(&folder.join(INDEX), "", 0, &mut names).is_some();
    names.sort_unstable();
    found.index_is_wanted = whole
        && names.iter().eq(index.keys())
        && index.iter().all(|(path, text)| {
            bounded(&folder.join(INDEX).join(path), LARGEST_INDEX).is_some_and(|bytes| bytes == *text)
        });
    Ok(found)
}

/// The paths of all plain files; `None` where there is anything else.
fn collect(folder: &Utf8Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    for entry in folder.read_dir_utf8().ok()? {
        let entry = entry.ok()?;
        let path = format!("{prefix}{}", entry.file_name());
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            collect(entry.path(), &format!("{path}/"), depth + 1, names)?;
        } else if kind.is_file() {
            names.push(path);
        } else {
            return None;
        }
    }
    Some(())
}

fn bounded(path: &Utf8Path, limit: u64) -> Option<Vec<u8>> {
    regular::read(path, Links::Refused, limit).ok()
}

/// Reads the registry in `folder`, which should lie below `root` without a link on the way.
///
/// # Errors
/// A folder or an index file cannot be read, or there is more than any honest registry has.
pub(crate) fn list(root: &Utf8Path, folder: &Utf8Path) -> Result<VendorRoot, LocalRegistryError> {
    let instead = instead_of_a_folder(root, folder);
    if let Some(instead) = instead.map_err(|error| unreadable(folder, io::Error::other(error)))? {
        return Ok(instead);
    }
    let mut found = CrateFolder::default();
    let mut left = MAX_NAMES;
    for (name, kind) in names_in(folder, &mut left)? {
        if kind.is_dir() && name == INDEX {
            list_index(folder, &mut found, &mut left)?;
        } else if kind.is_file() && Utf8Path::new(&name).extension() == Some("crate") {
            found.archives.insert(name, None);
        } else if !(kind.is_file() && name == VENDOR_ATTRIBUTES_FILE) {
            found.strays.push(VendoredEntry { path: name, kind: entry_kind(kind) });
        }
    }
    found.strays.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(VendorRoot::Crates(found))
}

fn list_index(folder: &Utf8Path, found: &mut CrateFolder, left: &mut usize) -> Result<(), LocalRegistryError> {
    let mut waiting = vec![(String::new(), 0)];
    while let Some((prefix, depth)) = waiting.pop() {
        for (name, kind) in names_in(&folder.join(INDEX).join(&prefix), left)? {
            let path = format!("{prefix}{name}");
            if kind.is_dir() && depth < MAX_DEPTH {
                waiting.push((format!("{path}/"), depth + 1));
            } else if kind.is_file() {
                let text = read_bounded(&folder.join(INDEX).join(&path))?;
                found.index.insert(path, lines(&name, &text));
            } else {
                found.strays.push(VendoredEntry { path: format!("{INDEX}/{path}"), kind: entry_kind(kind) });
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

fn names_in(folder: &Utf8Path, left: &mut usize) -> Result<Vec<(String, FileType)>, LocalRegistryError> {
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

fn entry_kind(kind: FileType) -> EntryKind {
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
