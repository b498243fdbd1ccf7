//! The doors through which files are opened: [`regular`] for whoever reads one of the repository, of a cache or of a configuration, and
//! those below for whoever locks a folder or brings its names to the disk.

pub mod regular;

use std::fs::File;
use std::path::Path;

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

/// Brings a folder's names to the disk, so that a power cut does not undo a rename in it.
///
/// # Errors
/// The folder cannot be opened, or its file system cannot do it; the rename has happened all the same.
pub fn sync_folder(folder: impl AsRef<Path>) -> std::io::Result<()> {
    open_folder(folder)?.sync_all()
}
