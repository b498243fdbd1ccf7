//! Where `.crate` files are: in cargo's download cache, `registry/cache/<registry>/name-version.crate` below `$CARGO_HOME`, and at their
//! registries, by the `dl` of `config.json` with its markers filled in (RFC 2141; cargo's `sources/registry/download.rs`).

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::wanted::LARGEST_CRATE;
use crate::files::regular::{self, Links, ReadError};
use crate::gather::index::{IndexMode, IndexOrigin, RegistryAccess, RegistryConfig, in_use, registry_folders};
use crate::model::checksum::{Checksum, Hashed};
use crate::model::package::PackageId;
use crate::model::source::Registry;

const MARKERS: [&str; 5] = ["{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}"];

/// Where the files are to be had.
#[derive(Clone, Copy, Debug)]
pub struct CratePlaces<'a> {
    /// `$CARGO_HOME`.
    pub cargo_home: &'a Utf8Path,
    /// Whom to ask for each registry; a registry that is absent is asked directly.
    pub access: &'a BTreeMap<Registry, RegistryAccess>,
    /// The registries' `config.json`.
    pub configs: &'a BTreeMap<Registry, RegistryConfig>,
    /// Whether anybody may be asked.
    pub mode: IndexMode<'a>,
}

/// One registry's folder.
#[derive(Debug)]
pub(super) struct CacheFolder([Utf8PathBuf; 2]);

/// An entry of the cache.
#[derive(Debug)]
pub(super) enum CachedFile {
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
    pub(super) fn read(&self, id: &PackageId) -> Option<CachedFile> {
        self.0.iter().find_map(|folder| read(folder.join(file_name(id))))
    }
}

fn read(path: Utf8PathBuf) -> Option<CachedFile> {
    match regular::read(&path, Links::Followed, LARGEST_CRATE) {
        Ok(bytes) => Some(CachedFile::File(Hashed::of(bytes), path)),
        Err(ReadError::TooLarge(_)) => Some(CachedFile::TooLarge(path)),
        Err(_) => None,
    }
}

fn file_name(id: &PackageId) -> String {
    format!("{}-{}.crate", id.name, id.version)
}

/// The address of the file. The name must be one that may stand in an address.
#[must_use]
pub fn download_address(config: &RegistryConfig, id: &PackageId, checksum: Checksum) -> String {
    let dl = &config.dl;
    if !MARKERS.iter().any(|marker| dl.contains(marker)) {
        return format!("{dl}/{}/{}/download", id.name, id.version);
    }
    let prefix = prefix(&id.name);
    let values =
        [id.name.to_string(), id.version.to_string(), prefix.clone(), prefix.to_lowercase(), checksum.to_string()];
    MARKERS.into_iter().zip(values).fold(dl.clone(), |address, (marker, value)| address.replace(marker, &value))
}

/// The folders of the crate's index file.
fn prefix(name: &str) -> String {
    let first = |count: usize| name.chars().take(count).collect::<String>();
    match name.chars().count() {
        short @ (0..=2) => short.to_string(),
        3 => format!("3/{}", first(1)),
        _ => format!("{}/{}", first(2), name.chars().skip(2).take(2).collect::<String>()),
    }
}
