//! Puts a policy file's new text in the place of the old one, whole or not at all.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::Replacement;
use crate::files::regular::{self, Links, ReadError};

/// Why the file was not written; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PolicyWriteError {
    /// The file or its folder may only be read.
    #[error("{path} may only be read\nhelp: make it writable, or run the command in a checkout that is")]
    ReadOnly {
        /// The file or the folder.
        path: Utf8PathBuf,
    },
    /// A link or something else that is no file stands in its place.
    #[error("{path} is not a file of its own\nhelp: put the file itself in that place")]
    NotAFile {
        /// Where it should be.
        path: Utf8PathBuf,
    },
    /// Somebody wrote to it since it was read.
    #[error("{path} was changed by another program while this one ran\nhelp: run the command again")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It could not be written.
    #[error("{path} cannot be written: {source}\nhelp: make its folder writable and have room for it")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// Replaces the file at `path`, whose text was `old` when it was read (`None`: there was no file), by one with the text `new`. Its
/// permissions and its owner stay.
///
/// # Errors
/// Anything that [`PolicyWriteError`] names; the file is then as it was.
pub fn replace(path: &Utf8Path, old: Option<&str>, new: &str) -> Result<(), PolicyWriteError> {
    let io = |source| PolicyWriteError::Io { path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        Some(_) | None => Utf8Path::new("."),
    };
    let before = current(path, old)?;
    // The owner of everything may write to what nobody may: such a mark is meant all the same.
    if fs::metadata(folder).map_err(io)?.permissions().readonly() {
        return Err(PolicyWriteError::ReadOnly { path: folder.to_owned() });
    }
    let failed = |source: io::Error| {
        if matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) {
            PolicyWriteError::ReadOnly { path: folder.to_owned() }
        } else {
            io(source)
        }
    };
    let staged = Replacement::of(path).like(before).stage(new.as_bytes()).map_err(failed)?;
    current(path, old)?;
    match old {
        Some(_) => staged.put().map_err(io),
        // What came there in the meantime is never overwritten.
        None => staged.put_new().map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                PolicyWriteError::Changed { path: path.to_owned() }
            } else {
                io(error)
            }
        }),
    }
}

/// What is there, after making sure that it is what was read.
fn current(path: &Utf8Path, old: Option<&str>) -> Result<Option<fs::Metadata>, PolicyWriteError> {
    let io = |source| PolicyWriteError::Io { path: path.to_owned(), source };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound && old.is_none() => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(PolicyWriteError::Changed { path: path.to_owned() });
        }
        Err(error) => return Err(io(error)),
    };
    if !found.is_file() {
        return Err(PolicyWriteError::NotAFile { path: path.to_owned() });
    }
    if found.permissions().readonly() {
        return Err(PolicyWriteError::ReadOnly { path: path.to_owned() });
    }
    let Some(old) = old else { return Err(PolicyWriteError::Changed { path: path.to_owned() }) };
    match regular::read(path, Links::Refused, old.len() as u64) {
        Ok(bytes) if bytes == old.as_bytes() => Ok(Some(found)),
        Ok(_) | Err(ReadError::TooLarge(_)) => Err(PolicyWriteError::Changed { path: path.to_owned() }),
        Err(cause) => Err(io(cause.into())),
    }
}
