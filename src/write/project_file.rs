//! Files of the project that a run changes: each is replaced only while it is what was read, and all are put back as they were where one
//! of them, or what belongs to them, cannot be written.

use std::fs;
use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links, ReadError};
use crate::files::{Replacement, Staged};

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
    let change = FileChange::of_text(path, old, new)?;
    change_all(vec![change], || Ok(())).map_err(|error| match error {
        KeptFileError::Changed { path } => PolicyWriteError::Changed { path },
        KeptFileError::Write { path, source } | KeptFileError::PutBack { path, source } => {
            PolicyWriteError::Io { path, source }
        }
        KeptFileError::Read { path, cause } => PolicyWriteError::Io { path, source: cause.into() },
    })
}

fn folder_of(path: &Utf8Path) -> &Utf8Path {
    path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."))
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
    /// Somebody wrote to it since it was read.
    #[error("{path} was changed by another program while this one ran\nhelp: run the command again")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
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

    /// The change of what was kept into these bytes; with `None` the file is taken away. Mode and owner stay.
    ///
    /// # Errors
    /// The folder cannot be written to, or has no room.
    pub(crate) fn change(self, bytes: Option<&[u8]>) -> Result<FileChange, KeptFileError> {
        let fresh = bytes.map(|bytes| self.staged(bytes).map(|staged| (staged, bytes.to_owned())));
        let old = self.content.as_ref().map(|content| self.staged(&content.bytes));
        match fresh.transpose().and_then(|fresh| Ok((fresh, old.transpose()?))) {
            Ok((fresh, old)) => Ok(FileChange { kept: self, fresh, old, over: true, made: false }),
            Err(source) => Err(KeptFileError::Write { path: self.path, source }),
        }
    }

    /// Whether the file is still what was kept.
    fn is_unchanged(&self) -> bool {
        match (&self.content, regular::read(&self.path, Links::Followed, LIMIT)) {
            (Some(content), Ok(bytes)) => content.bytes == bytes,
            (None, Err(error)) => error.is_absent(),
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        }
    }

    fn staged(&self, bytes: &[u8]) -> io::Result<Staged> {
        let before = self.content.as_ref().map(|content| content.metadata.clone());
        Replacement::of(&self.path).like(before).stage(bytes)
    }
}

/// A change of a file that is about to be made. Its new content lies on the disk already, and its old one a second time: neither to make
/// it nor to undo it needs room, which may be wanting halfway.
#[derive(Debug)]
pub(crate) struct FileChange {
    kept: KeptFile,
    /// With the same bytes, for a file that is mounted on its own; `None` where the file is to go.
    fresh: Option<(Staged, Vec<u8>)>,
    /// `None` where there was no file.
    old: Option<Staged>,
    /// Whether a file that came there meanwhile is replaced.
    over: bool,
    /// Whether anything but what was kept may be there.
    made: bool,
}

impl FileChange {
    /// The change of a text file that was `old` when it was read, or was not there.
    ///
    /// # Errors
    /// Anything that [`PolicyWriteError`] names.
    pub(crate) fn of_text(path: &Utf8Path, old: Option<&str>, new: &str) -> Result<Self, PolicyWriteError> {
        let io = |source| PolicyWriteError::Io { path: path.to_owned(), source };
        let folder = folder_of(path);
        let before = current(path, old)?;
        // The owner of everything may write to what nobody may: such a mark is meant all the same.
        if fs::metadata(folder).map_err(io)?.permissions().readonly() {
            return Err(PolicyWriteError::ReadOnly { path: folder.to_owned() });
        }
        let content = before.zip(old).map(|(metadata, old)| Content {
            bytes: old.as_bytes().to_vec(),
            modified: metadata.modified().ok(),
            metadata,
        });
        let over = content.is_some();
        let change = KeptFile { path: path.to_owned(), content }.change(Some(new.as_bytes())).map_err(|error| {
            let (KeptFileError::Write { source, .. } | KeptFileError::PutBack { source, .. }) = error else {
                return PolicyWriteError::Changed { path: path.to_owned() };
            };
            if matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) {
                // A folder that is here has no name.
                let named = if folder == "." { path } else { folder };
                PolicyWriteError::ReadOnly { path: named.to_owned() }
            } else {
                io(source)
            }
        })?;
        current(path, old)?;
        // What came there in the meantime is never overwritten.
        Ok(Self { over, ..change })
    }

    /// Puts the new content in the place of the old by a rename: whoever looks sees the one or the other, whole.
    fn make(&mut self) -> io::Result<()> {
        let made = match self.fresh.take() {
            Some((staged, bytes)) if self.over => staged.put_or_overwrite(&bytes),
            Some((staged, _)) => staged.put_new(),
            None => fs::remove_file(&self.kept.path),
        };
        // What another program has put there is its own.
        self.made = !made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
        made
    }

    /// Puts the file back as it was, in the same way.
    fn undo(self) -> Result<(), KeptFileError> {
        if !self.made || self.kept.is_unchanged() {
            return Ok(());
        }
        let put = match (self.old, &self.kept.content) {
            (Some(old), Some(content)) => {
                // What cargo compares; where it cannot be, cargo builds again.
                let _ = content.modified.map(|modified| old.modified(modified));
                old.put_or_overwrite(&content.bytes)
            }
            (Some(_) | None, _) => fs::remove_file(&self.kept.path),
        };
        put.map_err(|source| KeptFileError::PutBack { path: self.kept.path, source })
    }
}

/// Makes changes in this order, while all files are what was kept, and then what belongs to them, which needs no room either; all, or the files are as they were. `failed`
/// wraps the error of a file.
///
/// # Errors
/// A change that could not be made, or what `then` says. One that cannot be undone takes its place: the file is then as it was to be.
pub(crate) fn change_all<T, E: From<KeptFileError>>(
    mut changes: Vec<FileChange>,
    then: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if let Some(change) = changes.iter().find(|change| !change.kept.is_unchanged()) {
        return Err(KeptFileError::Changed { path: change.kept.path.clone() }.into());
    }
    let made = changes.iter_mut().try_for_each(|change| {
        let path = change.kept.path.clone();
        change.make().map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                KeptFileError::Changed { path }
            } else {
                KeptFileError::Write { path, source }
            }
        })
    });
    let done = made.map_err(E::from).and_then(|()| then());
    if done.is_err() {
        // Each is put back, whatever becomes of another.
        let back: Vec<_> = changes.into_iter().map(FileChange::undo).collect();
        back.into_iter().collect::<Result<(), _>>()?;
    }
    done
}
