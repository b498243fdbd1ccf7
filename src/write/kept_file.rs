//! Keeps a file's bytes while another program may write to it, and puts them back whole.

use std::fs::FileTimes;
use std::io::Write as _;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links, ReadError};
use crate::files::sync_folder;

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
    permissions: std::fs::Permissions,
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
            let (permissions, modified) = (file.metadata.permissions(), file.metadata.modified().ok());
            Ok(Content { bytes: file.bytes(LIMIT)?, permissions, modified })
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

    /// Whether the file is still what was kept.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        match (&self.content, regular::read(&self.path, Links::Followed, LIMIT)) {
            (Some(content), Ok(bytes)) => content.bytes == bytes,
            (None, Err(error)) => error.is_absent(),
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        }
    }

    /// Puts the file back as it was, by a rename: whoever looks sees the one or the other, whole.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn put_back(&self) -> Result<(), KeptFileError> {
        if self.is_unchanged() {
            return Ok(());
        }
        let failed = |source| KeptFileError::PutBack { path: self.path.clone(), source };
        let Some(content) = &self.content else { return std::fs::remove_file(&self.path).map_err(failed) };
        content.replace(&self.path).map_err(failed)
    }
}

impl Content {
    fn replace(&self, path: &Utf8Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Utf8Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".sequester-").tempfile_in(folder)?;
        file.write_all(&self.bytes)?;
        file.as_file().set_permissions(self.permissions.clone())?;
        if let Some(modified) = self.modified {
            file.as_file().set_times(FileTimes::new().set_modified(modified))?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // So that a power cut after this does not bring the other file back. Where a folder cannot be synced, the rename has to do.
        let _ = sync_folder(folder);
        Ok(())
    }
}
