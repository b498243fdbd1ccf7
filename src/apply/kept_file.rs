//! Keeps a file's bytes while another program may write to it, and puts them back whole.

use std::fs::{File, FileTimes};
use std::io::{ErrorKind, Write as _};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

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
    #[error("{path} cannot be read: {source}\nhelp: make it a readable file, or move it away")]
    Read {
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
        let read = || -> std::io::Result<Content> {
            let bytes = std::fs::read(&path)?;
            let metadata = std::fs::metadata(&path)?;
            Ok(Content { bytes, permissions: metadata.permissions(), modified: metadata.modified().ok() })
        };
        match read() {
            Ok(content) => Ok(Self { content: Some(content), path }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self { content: None, path }),
            Err(source) => Err(KeptFileError::Read { path, source }),
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
        match (&self.content, std::fs::read(&self.path)) {
            (Some(content), Ok(bytes)) => content.bytes == bytes,
            (None, Err(error)) => error.kind() == ErrorKind::NotFound,
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
        sync_folder(folder);
        Ok(())
    }
}

/// So that a power cut after this does not bring the other file back. Where a folder cannot be synced, the rename has to do.
fn sync_folder(folder: &Utf8Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
