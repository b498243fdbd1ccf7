//! Cargo's download cache: `registry/cache/<registry>/name-version.crate` below `$CARGO_HOME`.

use camino::{Utf8Path, Utf8PathBuf};

use super::LARGEST_CRATE;
use crate::files::regular::{self, Links, ReadError};
use crate::gather::index::{IndexOrigin, in_use, registry_folders};
use crate::model::checksum::Hashed;
use crate::model::package::PackageId;

/// One registry's folder.
#[derive(Debug)]
pub(super) struct CacheFolder([Utf8PathBuf; 2]);

/// What an entry of the cache is.
#[derive(Debug)]
pub(super) enum Entry {
    /// A file, and where it lies.
    File(Hashed, Utf8PathBuf),
    /// A file that is too large to be a crate.
    TooLarge(Utf8PathBuf),
}

impl CacheFolder {
    pub(super) fn of(cargo_home: &Utf8Path, origin: &IndexOrigin) -> Option<Self> {
        registry_folders(&cargo_home.join("registry").join("cache"), origin).map(Self)
    }

    /// Where cargo would look for the file, and where it would write it.
    pub(super) fn path(&self, id: &PackageId) -> Utf8PathBuf {
        in_use(&self.0).join(file_name(id))
    }

    /// Whether there is an entry.
    pub(super) fn has(&self, id: &PackageId) -> bool {
        self.0.iter().any(|folder| folder.join(file_name(id)).is_file())
    }

    /// What is there. What cannot be read is not there: a download takes its place.
    pub(super) fn read(&self, id: &PackageId) -> Option<Entry> {
        self.0.iter().find_map(|folder| read(folder.join(file_name(id))))
    }
}

fn read(path: Utf8PathBuf) -> Option<Entry> {
    match regular::read(&path, Links::Followed, LARGEST_CRATE) {
        Ok(bytes) => Some(Entry::File(Hashed::of(bytes), path)),
        Err(ReadError::TooLarge(_)) => Some(Entry::TooLarge(path)),
        Err(_) => None,
    }
}

fn file_name(id: &PackageId) -> String {
    format!("{}-{}.crate", id.name, id.version)
}
