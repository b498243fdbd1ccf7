//! The doors through which files are opened: [`regular`] for whoever reads one of the repository, of a cache or of a configuration, and
//! those below for whoever locks a file or a folder, or brings a folder's names to the disk.

mod plain;
pub mod regular;
mod writable;

use std::fs::{File, TryLockError};
use std::path::Path;

pub use plain::plain;
pub use writable::{ReadOnly, may_replace};

/// Opens a folder, to lock it or to bring its names to the disk.
///
/// # Errors
/// It cannot be opened; not every operating system can.
pub fn open_folder(folder: impl AsRef<Path>) -> std::io::Result<File> {
    if std::fs::metadata(&folder)?.is_dir() {
        File::open(folder)
    } else {
        Err(std::io::ErrorKind::NotADirectory.into())
    }
}

/// Whether the lock on an open file or folder could be taken without waiting. It ends with the process, however that ends, or with
/// [`File::unlock`]: closing the file is not enough where a process that another thread starts has it open, too.
///
/// # Errors
/// The file system has no locks.
pub fn try_lock(file: &File) -> std::io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Takes the lock on an open file or folder; where another process holds it, `told` is called and then it is waited for. Says whether
/// it was. It ends as that of [`try_lock`].
///
/// # Errors
/// The file system has no locks.
pub fn lock(file: &File, told: impl FnOnce()) -> std::io::Result<bool> {
    if try_lock(file)? {
        return Ok(false);
    }
    told();
    file.lock()?;
    Ok(true)
}

/// Brings a folder's names to the disk, so that a power cut does not undo a rename in it.
///
/// # Errors
/// The folder cannot be opened, or its file system cannot do it; the rename has happened all the same.
pub fn sync_folder(folder: impl AsRef<Path>) -> std::io::Result<()> {
    open_folder(folder)?.sync_all()
}
