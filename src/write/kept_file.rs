//! Keeps a file's bytes, puts others in their place whole, and puts them back.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::Replacement;
use crate::files::regular::{self, Links, ReadError};

/// The most bytes that are kept: a manifest, a lock file or a configuration has far fewer.
const LIMIT: u64 = 64 << 20;

/// A file as it was, or that it was not there.
#[derive(Debug)]
pub struct KeptFile {
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
pub enum KeptFileError {
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
    pub fn keep(path: &Utf8Path) -> Result<Self, KeptFileError> {
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
    pub fn bytes(&self) -> Option<&[u8]> {
        self.content.as_ref().map(|content| &*content.bytes)
    }

    /// Puts these bytes in the place of what was kept, by a rename: whoever looks sees the one or the other, whole. With `None` the file is
    /// taken away. Mode and owner stay.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn change(&self, bytes: Option<&[u8]>) -> Result<(), KeptFileError> {
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
    pub fn put_back(&self) -> Result<(), KeptFileError> {
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
