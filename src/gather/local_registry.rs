//! Reads a folder that `vendor --local-registry` wrote: `name-version.crate` files beside an `index` folder.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::crate_files::LARGEST_CRATE;
use crate::files::regular::{self, Links};
use crate::model::checksum::{Checksum, Hashed};

/// The most bytes of one index file that are compared with what it should be.
const LARGEST_INDEX: u64 = 64 << 20;

/// What is there.
#[derive(Debug, Default)]
pub struct LocalRegistry {
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
pub struct LocalRegistryError {
    /// What.
    pub path: Utf8PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Reads the folder and hashes its archives. `index` is the wanted index: each file's text by its path below `index`.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn read(folder: &Utf8Path, index: &BTreeMap<String, Vec<u8>>) -> Result<LocalRegistry, LocalRegistryError> {
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
    found.has_index = folder.join("index").symlink_metadata().is_ok();
    let mut names = Vec::new();
    let whole = collect(&folder.join("index"), "", 0, &mut names).is_some();
    names.sort_unstable();
    found.index_is_wanted = whole
        && names.iter().eq(index.keys())
        && index.iter().all(|(path, text)| {
            bounded(&folder.join("index").join(path), LARGEST_INDEX).is_some_and(|bytes| bytes == *text)
        });
    Ok(found)
}

/// The paths of all plain files; `None` where there is anything else.
fn collect(folder: &Utf8Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> Option<()> {
    if depth > 3 {
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
