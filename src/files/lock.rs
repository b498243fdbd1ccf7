//! Locks that the system keeps for as long as a process lives: our own on files and folders, and cargo's on its package cache.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;

use camino::Utf8Path;
use tame_index::Error;
use tame_index::error::{FileLockError, LockError};
use tame_index::flock::{FileLock, LockOptions};

use super::regular::{self, Links};

/// A lock on an open file or folder. It ends with this value, or with the process, however that ends.
#[derive(Debug)]
pub struct Lock(File);

/// What waiting for a lock came to.
#[derive(Debug)]
pub struct Taken {
    /// `None` where the file system has no locks.
    pub lock: Option<Lock>,
    /// Whether another process held it first: what was read before may be old.
    pub waited: bool,
}

impl Lock {
    /// Takes the lock without waiting; `None` where another process holds it.
    ///
    /// # Errors
    /// It cannot be taken, as where the file system has no locks.
    pub fn try_take(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Takes the lock; where another process holds it, `told` is called and then it is waited for.
    ///
    /// # Errors
    /// It cannot be taken, although the file system has locks.
    pub fn take(file: File, told: impl FnOnce()) -> io::Result<Taken> {
        let lock = match file.try_lock() {
            Ok(()) => return Ok(Taken { lock: Some(Self(file)), waited: false }),
            Err(TryLockError::WouldBlock) => {
                told();
                waited_for(&file)
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match lock {
            Ok(()) => Ok(Taken { lock: Some(Self(file)), waited: true }),
            Err(error) if is_without_locks(&error) => Ok(Taken { lock: None, waited: false }),
            Err(error) => Err(error),
        }
    }

    /// The locked file.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.0
    }
}

/// A signal that the process survives, as of its window, ends no waiting.
fn waited_for(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing it is not enough where a process that another thread is starting has it open, too.
        let _ = self.0.unlock();
    }
}

/// Takes the lock on a folder itself, so that no file is left behind in it; waits as [`Lock::take`] does.
///
/// # Errors
/// The folder cannot be opened or locked.
#[cfg(unix)]
pub(crate) fn lock_folder(folder: &Utf8Path, told: impl FnOnce()) -> io::Result<Taken> {
    Lock::take(super::sync::open_folder(folder)?, told)
}

/// Folders cannot be locked here.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub(crate) fn lock_folder(_folder: &Utf8Path, _told: impl FnOnce()) -> io::Result<Taken> {
    Ok(Taken { lock: None, waited: false })
}

/// NFS without its lock service has another error for it than local file systems.
#[cfg(unix)]
fn is_without_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported || error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

#[cfg(not(unix))]
fn is_without_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// Cargo's exclusive lock on its package cache.
pub(crate) struct PackageCacheLock(#[expect(dead_code, reason = "held for its destructor")] FileLock);

impl fmt::Debug for PackageCacheLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PackageCacheLock").finish_non_exhaustive()
    }
}

/// Takes cargo's lock for downloads below `$CARGO_HOME`; `None` where somebody holds it: it is not waited for. As cargo does, file
/// systems without locks, and NFS, on which `flock` may wait for ever even where it is told not to, are written to without one: whoever
/// writes replaces whole files, and no reader sees half of one.
///
/// # Errors
/// Why it cannot be taken.
pub(crate) fn lock_package_cache(cargo_home: &Utf8Path) -> Result<Option<PackageCacheLock>, String> {
    let lock = LockOptions::cargo_package_lock(Some(cargo_home.to_owned())).and_then(|options| options.try_lock());
    match lock {
        Ok(lock) => Ok(Some(PackageCacheLock(lock))),
        Err(Error::Lock(FileLockError { source, .. })) => match source {
            LockError::Nfs | LockError::NotSupported => Ok(Some(PackageCacheLock(FileLock::unlocked()))),
            LockError::Contested | LockError::TimedOut => Ok(None),
            other @ (LockError::Open(_) | LockError::Readonly | LockError::CreateDir(_) | LockError::Lock(_)) => {
                Err(other.to_string())
            }
        },
        Err(other) => Err(other.to_string()),
    }
}

/// Whether a cargo holds that lock now. Nothing is made for the answer.
#[must_use]
pub(crate) fn is_package_cache_locked(cargo_home: &Utf8Path) -> bool {
    let cache = regular::open(&cargo_home.join(".package-cache"), Links::Followed);
    cache.is_ok_and(|open| matches!(Lock::try_take(open.file), Ok(None)))
}
