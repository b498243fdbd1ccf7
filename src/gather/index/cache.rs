//! The folder of cargo's index cache for one registry: where it lies, what is in it, and how to write into it beside cargo.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use tame_index::KrateName;
use tame_index::index::IndexCache;
use tame_index::utils::url_to_local_dir;

use super::IndexOrigin;
use super::config::{LARGEST_CONFIG, RegistryConfig};
use super::entry::{Entry, Validators};
use super::lines::version_of;
use crate::files::regular::{self, Links};
use crate::files::{Replacement, lock_package_cache};
use crate::model::history::History;
use crate::model::package::CrateId;

/// Where cargo keeps what it knows of one registry.
#[derive(Debug)]
pub(super) struct IndexFolder {
    /// By the name that cargo gives it since 1.85, and the one before.
    folders: [Utf8PathBuf; 2],
}

/// Something to change in the cache.
#[derive(Debug)]
pub(super) enum Change {
    /// A new entry.
    Entry { path: Utf8PathBuf, validators: Validators, history: Arc<History> },
    /// An entry of a crate that the registry does not have any more; cargo drops it too.
    Removal { path: Utf8PathBuf },
    /// A `config.json`.
    Config { path: Utf8PathBuf, body: Vec<u8> },
}

impl IndexFolder {
    /// `None` where [`registry_folders`] has none.
    pub(super) fn of(cargo_home: &Utf8Path, origin: &IndexOrigin) -> Option<Self> {
        Some(Self { folders: registry_folders(&cargo_home.join("registry").join("index"), origin)? })
    }

    /// What the cache has of a crate.
    pub(super) fn read(&self, id: &CrateId, name: KrateName<'_>) -> Option<Entry> {
        self.folders.iter().find_map(|folder| Entry::read(&id.name, &entry_path(folder, name)))
    }

    /// The registry's `config.json` as cargo left it.
    pub(super) fn config(&self) -> Option<RegistryConfig> {
        self.folders.iter().find_map(|folder| {
            let body = regular::read(&folder.join("config.json"), Links::Followed, LARGEST_CONFIG).ok()?;
            RegistryConfig::parse(&body).ok()
        })
    }

    /// Where a crate's entry is written.
    pub(super) fn entry_path(&self, name: KrateName<'_>) -> Utf8PathBuf {
        entry_path(self.home(), name)
    }

    /// Where `config.json` is written.
    pub(super) fn config_path(&self) -> Utf8PathBuf {
        self.home().join("config.json")
    }

    fn home(&self) -> &Utf8Path {
        in_use(&self.folders)
    }
}

/// A registry's folder below one of cargo's (`registry/index`, `registry/cache`), by the name that cargo gives it since 1.85, and the
/// one before. `None` for a registry that has none, or an address that cargo could not use either.
pub(in crate::gather) fn registry_folders(root: &Utf8Path, origin: &IndexOrigin) -> Option<[Utf8PathBuf; 2]> {
    let url = match origin {
        IndexOrigin::Sparse(url) => format!("sparse+{url}"),
        IndexOrigin::Git(url) => url.to_string(),
        IndexOrigin::Refused | IndexOrigin::NotNamed => return None,
    };
    let folder = |stable| url_to_local_dir(&url, stable).ok().map(|folder| root.join(folder.dir_name));
    Some([folder(true)?, folder(false)?])
}

/// The folder that the installed cargo uses: the old name where only that exists.
pub(in crate::gather) fn in_use([now, before]: &[Utf8PathBuf; 2]) -> &Utf8Path {
    if !now.exists() && before.exists() { before } else { now }
}

fn entry_path(folder: &Utf8Path, name: KrateName<'_>) -> Utf8PathBuf {
    IndexCache::at_path(folder.to_owned()).cache_path(name)
}

/// Writes what it can. A cache that cannot be written costs the next run a transfer and nothing else, so nothing here is an error;
/// and where a cargo holds its package cache lock, it is left alone. Says why something could not be written.
pub(super) fn store(cargo_home: &Utf8Path, changes: &[Change]) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    match lock_package_cache(cargo_home) {
        // The next run fetches again what was not written.
        Ok(Some(_lock)) => changes
            .par_iter()
            .filter_map(|change| carry_out(change).err())
            .find_any(|_| true)
            .map(|error| error.to_string()),
        Ok(None) => None,
        Err(cause) => Some(cause),
    }
}

fn carry_out(change: &Change) -> std::io::Result<()> {
    match change {
        Change::Entry { path, validators, history } => {
            let lines = history.lines().filter_map(|line| Some((version_of(line)?.to_string(), line)));
            put(path, &validators.entry(lines)?)
        }
        Change::Config { path, body } => put(path, body),
        Change::Removal { path } => std::fs::remove_file(path),
    }
}

fn put(path: &Utf8Path, bytes: &[u8]) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    Replacement::of(path).of_a_cache().write(bytes)
}
