//! Brings names and bytes to the disk, so that a power cut does not undo what was said to be done.

use std::io;

use camino::Utf8Path;

/// Opens a folder, to lock it or to bring its names to the disk.
#[cfg(unix)]
pub(super) fn open_folder(folder: &Utf8Path) -> io::Result<std::fs::File> {
    if folder.metadata()?.is_dir() { std::fs::File::open(folder) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Brings a folder's names to the disk, so that a power cut does not undo a rename in it. A folder that may not be opened, or whose file
/// system has no such call, is as much on the disk as it can be.
///
/// # Errors
/// There is no such folder, or the disk refuses. What was renamed is renamed all the same.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    match open_folder(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Here a rename is all that can be done.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Utf8Path) -> io::Result<()> {
    Ok(())
}

/// Brings everything below a fresh folder to the disk.
///
/// # Errors
/// Something of it cannot be opened, or the disk refuses.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn sync_tree(folder: &Utf8Path) -> io::Result<()> {
    // One call for the whole file system: a call for every file takes thirty times as long.
    Ok(rustix::fs::syncfs(open_folder(folder)?)?)
}

/// Brings everything below a fresh folder to the disk.
///
/// # Errors
/// Something of it cannot be opened, or the disk refuses.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn sync_tree(folder: &Utf8Path) -> io::Result<()> {
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_tree(entry.path())?;
        } else if kind.is_file() {
            // Some systems bring to the disk only what is open for writing.
            std::fs::File::options().append(true).open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}
