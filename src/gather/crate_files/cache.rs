//! Puts `.crate` files with the locked digest into cargo's download cache, under cargo's own lock, so that the next run and cargo itself need not
//! download them again, and in the place of entries that hold other bytes.

use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::{PackageCacheLock, Replacement, lock_package_cache};
use crate::model::checksum::Hashed;

/// Cargo's download cache; the lock is taken with the first file and held until this value is dropped.
#[derive(Debug)]
pub(crate) struct CrateCache {
    cargo_home: Utf8PathBuf,
    lock: OnceLock<Option<PackageCacheLock>>,
}

/// Whether a file lies in the cache now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It does.
    Yes,
    /// A cargo is at work and holds the lock; the cache is as it was.
    Locked,
    /// It could not be written; the cache is as it was.
    Failed,
}

impl CrateCache {
    /// The cache below this `$CARGO_HOME`.
    #[must_use]
    pub(crate) const fn new(cargo_home: Utf8PathBuf) -> Self {
        Self { cargo_home, lock: OnceLock::new() }
    }

    /// Writes the file to `path`, which lies in the cache, by a rename: nobody ever reads half of one. A cache that cannot be
    /// written costs the next run a download and is no error.
    pub(crate) fn store(&self, path: &Utf8Path, file: &Hashed) -> Stored {
        if self.lock.get_or_init(|| lock_package_cache(&self.cargo_home).ok().flatten()).is_none() {
            return Stored::Locked;
        }
        if put(path, file.bytes()).is_ok() { Stored::Yes } else { Stored::Failed }
    }
}

fn put(path: &Utf8Path, bytes: &[u8]) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    Replacement::of(path).of_a_cache().write(bytes)
}
