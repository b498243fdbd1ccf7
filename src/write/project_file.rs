//! A file of the project that a run changes: it is replaced only while it is what was read, and put back as it was where another program
//! wrote to it in between.

use std::fs;
use std::io;
use std::time::SystemTime;

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

/// The most bytes that are kept: a manifest, a lock file or a configuration has far fewer.
const LIMIT: u64 = 64 << 20;

/// A file as it was, or that it was not there.
#[derive(Debug)]
pub(crate) struct KeptFile {
    path: Utf8PathBuf,
    content: Option<Content>,
}

#[derive(Debug)]
struct Content {
    bytes: Vec<u8>,
    metadata: std::fs::Metadata,
    modified: Option<SystemTime>,
}

/// A file could not be kept or put back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptFileError {
    /// It could not be read.
    #[error("{path} cannot be read: {cause}\nhelp: make it a readable file, or move it away")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What stood in the way.
        #[source]
        cause: ReadError,
    },
    /// It could not be written.
    #[error("{path} cannot be written: {source}\nhelp: make it and its folder writable, and see that there is room")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It could not be put back.
    #[error(
        "{path} cannot be put back as it was: {source}\nhelp: take it from version control: git checkout -- {path}"
    )]
    PutBack {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl KeptFile {
    /// Reads the file; one that is absent is kept as absent. A link is followed to the file that it leads to.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub(crate) fn keep(path: &Utf8Path) -> Result<Self, KeptFileError> {
        let path = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
        let read = || -> Result<Content, ReadError> {
            let file = regular::open(&path, Links::Followed)?;
            let (metadata, modified) = (file.metadata.clone(), file.metadata.modified().ok());
            Ok(Content { bytes: file.bytes(LIMIT)?, metadata, modified })
        };
        match read() {
            Ok(content) => Ok(Self { content: Some(content), path }),
            Err(error) if error.is_absent() => Ok(Self { content: None, path }),
            Err(cause) => Err(KeptFileError::Read { path, cause }),
        }
    }

    /// The bytes that were kept; `None` where there was no file.
    #[must_use]
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.content.as_ref().map(|content| &*content.bytes)
    }

    /// Puts these bytes in the place of what was kept, by a rename: whoever looks sees the one or the other, whole. With `None` the file is
    /// taken away. Mode and owner stay.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(crate) fn change(&self, bytes: Option<&[u8]>) -> Result<(), KeptFileError> {
        let changed = match bytes {
            Some(bytes) => self.replace(bytes, None),
            None => std::fs::remove_file(&self.path),
        };
        changed.map_err(|source| KeptFileError::Write { path: self.path.clone(), source })
    }

    /// Puts the file back as it was, in the same way.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(crate) fn put_back(&self) -> Result<(), KeptFileError> {
        if self.is_unchanged() {
            return Ok(());
        }
        let put = match &self.content {
            Some(content) => self.replace(&content.bytes, content.modified),
            None => std::fs::remove_file(&self.path),
        };
        put.map_err(|source| KeptFileError::PutBack { path: self.path.clone(), source })
    }

    /// Whether the file is still what was kept.
    fn is_unchanged(&self) -> bool {
        match (&self.content, regular::read(&self.path, Links::Followed, LIMIT)) {
            (Some(content), Ok(bytes)) => content.bytes == bytes,
            (None, Err(error)) => error.is_absent(),
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        }
    }

    fn replace(&self, bytes: &[u8], modified: Option<SystemTime>) -> std::io::Result<()> {
        let before = self.content.as_ref().map(|content| content.metadata.clone());
        Replacement::of(&self.path).like(before).modified(modified).stage(bytes)?.put_or_overwrite(bytes)
    }
}
