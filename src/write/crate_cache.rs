//! Puts verified `.crate` files into cargo's download cache, under cargo's own lock, so that the next run and cargo itself need not
//! download them again, and in the place of entries that hold other bytes.

use std::fmt;
use std::io::Write as _;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use tame_index::Error;
use tame_index::error::{FileLockError, LockError};
use tame_index::flock::{FileLock, LockOptions};

use crate::archive::VerifiedCrate;

/// Cargo's download cache; the lock is taken with the first file and held until this value is dropped.
pub struct CrateCache {
    cargo_home: Utf8PathBuf,
    lock: OnceLock<Option<FileLock>>,
}

impl fmt::Debug for CrateCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrateCache").field("cargo_home", &self.cargo_home).finish_non_exhaustive()
    }
}

/// Whether a file lies in the cache now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
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
    pub const fn new(cargo_home: Utf8PathBuf) -> Self {
        Self { cargo_home, lock: OnceLock::new() }
    }

    /// Writes the file to `path`, which lies in the cache, by a rename: nobody ever reads half of one. A cache that cannot be
    /// written costs the next run a download and is no error.
    pub fn store(&self, path: &Utf8Path, file: &VerifiedCrate) -> Stored {
        if self.lock.get_or_init(|| lock(&self.cargo_home)).is_none() {
            return Stored::Locked;
        }
        if put(path, file.bytes()).is_ok() { Stored::Yes } else { Stored::Failed }
    }
}

/// Cargo's exclusive lock for downloads. It is not waited for. File systems without locks are written to, as cargo does.
fn lock(cargo_home: &Utf8Path) -> Option<FileLock> {
    match LockOptions::cargo_package_lock(Some(cargo_home.to_owned())).and_then(|options| options.try_lock()) {
        Ok(lock) => Some(lock),
        Err(Error::Lock(FileLockError { source: LockError::Nfs | LockError::NotSupported, .. })) => {
            Some(FileLock::unlocked())
        }
        Err(_) => None,
    }
}

fn put(path: &Utf8Path, bytes: &[u8]) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    let mut options = tempfile::Builder::new();
    options.prefix(".sequester-");
    #[cfg(unix)]
    {
        // As cargo's own: what the user's mask leaves, not what a private file would have.
        use std::os::unix::fs::PermissionsExt as _;
        options.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = options.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
