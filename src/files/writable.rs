//! Whether a file could be written, before the work is done that is to be written there.

use camino::Utf8Path;

/// Why a file could not be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadOnly {
    /// Nobody is meant to write to it, or the user may not.
    #[error("it is read-only")]
    File,
    /// The user may make no file beside it.
    #[error("its folder is read-only")]
    Folder,
}

/// Whether another file could take the place of this one, or of the one that a link leads to; it need not exist. A mode by which nobody
/// may write is obeyed by root, too.
///
/// # Errors
/// It could not; what else may come between is not foreseen.
pub(crate) fn may_replace(path: &Utf8Path) -> Result<(), ReadOnly> {
    let path = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    if std::fs::metadata(&path).is_ok_and(|found| found.permissions().readonly() || !may_write(&path)) {
        return Err(ReadOnly::File);
    }
    match path.parent() {
        Some(folder) if !may_write(folder) => Err(ReadOnly::Folder),
        Some(_) | None => Ok(()),
    }
}

#[cfg(unix)]
fn may_write(path: &Utf8Path) -> bool {
    use rustix::fs::{Access, access};
    use rustix::io::Errno;
    // What cannot be told is tried.
    !matches!(access(path.as_std_path(), Access::WRITE_OK), Err(Errno::ACCESS | Errno::ROFS | Errno::PERM))
}

#[cfg(not(unix))]
fn may_write(_path: &Utf8Path) -> bool {
    true
}
