//! Finds `.crate` files in cargo's download cache. Nothing in there is trusted: whoever takes a file hashes it.

use std::fs::File;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::environment::Environment;
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

/// The most bytes of a `.crate` file: crates.io takes 10 MiB unless asked.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// The most registries that are looked through.
const MAX_REGISTRIES: usize = 256;

/// `$CARGO_HOME/registry/cache`, with a folder for each registry that cargo ever used.
#[derive(Clone, Debug, Default)]
pub struct CrateCache {
    folders: Vec<Utf8PathBuf>,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum CrateCacheError {
    /// Cargo never downloaded it, or has cleaned up since.
    #[error("the archive of `{id}` is not in cargo's download cache\nhelp: {}", fetch(id))]
    Absent {
        /// The package.
        id: Box<PackageId>,
    },
    /// There are files of its name, and none of them is the right one.
    #[error(
        "`{path}` is not the archive of `{id}` that the lock file names\nhelp: remove this file: something has altered cargo's download cache; then {}",
        fetch(id)
    )]
    Poisoned {
        /// The package.
        id: Box<PackageId>,
        /// The file.
        path: Utf8PathBuf,
    },
    /// A file of its name could not be read.
    #[error("cannot read `{path}`: {source}\nhelp: make it readable, or remove it")]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// How cargo is made to download it: outside the workspace, where the vendored tree does not stand in for the registry.
fn fetch(id: &PackageId) -> String {
    format!("let cargo download it, from a folder outside the workspace: cargo info {}@{}", id.name, id.version)
}

impl CrateCache {
    /// Looks which registries it has.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let cache = environment.cargo_home().join("registry/cache");
        let Ok(entries) = cache.read_dir_utf8() else { return Self::default() };
        let mut folders: Vec<_> = entries.flatten().take(MAX_REGISTRIES).map(|entry| entry.path().to_owned()).collect();
        folders.sort_unstable();
        Self { folders }
    }

    /// The bytes of a release's `.crate` file, which hash to `expected`. The folders' names say too little of the registry to choose by;
    /// the hash chooses.
    ///
    /// # Errors
    /// There is no such file.
    pub fn crate_bytes(&self, id: &PackageId, expected: Checksum) -> Result<Vec<u8>, CrateCacheError> {
        let name = format!("{}-{}.crate", id.name, id.version);
        let mut altered = None;
        for folder in &self.folders {
            let path = folder.join(&name);
            match read(&path) {
                Ok(Some(bytes)) if <[u8; 32]>::from(Sha256::digest(&bytes)) == *expected.as_bytes() => {
                    return Ok(bytes);
                }
                Ok(_) => altered = Some(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(CrateCacheError::Unreadable { path, source }),
            }
        }
        let id = Box::new(id.clone());
        Err(match altered {
            // Two registries may serve a crate of one name; only where a single file has it, it must be this one.
            Some(path) if self.folders.len() == 1 => CrateCacheError::Poisoned { id, path },
            Some(_) | None => CrateCacheError::Absent { id },
        })
    }
}

fn read(path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_BYTES).then_some(bytes))
}
