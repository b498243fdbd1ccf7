//! A folder of this run alone in which a cargo finds no configuration but the one that is put there.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::files::{Errand, temporary_folder};

/// A temporary folder; it is removed with all that is in it when this value is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    _folder: TempDir,
    path: Utf8PathBuf,
}

impl TemporaryFolder {
    /// Makes one, with a name that tells what it is for.
    ///
    /// # Errors
    /// It cannot be made, or its path is not UTF-8.
    pub(crate) fn make(errand: Errand) -> io::Result<Self> {
        let folder = temporary_folder(errand)?;
        let path =
            Utf8PathBuf::try_from(folder.path().to_path_buf()).map_err(camino::FromPathBufError::into_io_error)?;
        let path = path.canonicalize_utf8()?;
        Ok(Self { _folder: folder, path })
    }

    /// Its path, every link followed.
    #[must_use]
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}

/// A temporary folder above which there is no configuration of cargo's.
#[derive(Debug)]
pub(crate) struct CleanPlace(TemporaryFolder);

/// There is no such place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CleanPlaceError {
    /// It could not be made.
    #[error("no temporary folder can be made: {0}\nhelp: set TMPDIR to a folder with free space")]
    Io(#[from] io::Error),
    /// Whoever may write into a folder above could tell cargo what to do.
    #[error(
        "{file} would be read by a cargo that is started below it\nhelp: remove that file, or set TMPDIR to a folder that has none above it"
    )]
    Configured { file: Utf8PathBuf },
}

impl CleanPlace {
    /// Makes one, with a name that tells what it is for.
    ///
    /// # Errors
    /// It cannot be made, or a folder above it has a configuration of cargo's.
    pub(crate) fn make(errand: Errand) -> Result<Self, CleanPlaceError> {
        let folder = TemporaryFolder::make(errand)?;
        let files = folder
            .path()
            .ancestors()
            .skip(1)
            .flat_map(|above| [".cargo/config", ".cargo/config.toml"].map(|name| above.join(name)));
        // Also one that cannot be looked at, or a link that leads nowhere yet.
        match files.into_iter().find(|file| file.symlink_metadata().is_ok()) {
            Some(file) => Err(CleanPlaceError::Configured { file }),
            None => Ok(Self(folder)),
        }
    }

    /// Its path, every link followed.
    #[must_use]
    pub(crate) fn path(&self) -> &Utf8Path {
        self.0.path()
    }

    /// Makes a folder in it.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn folder(&self, name: &str) -> io::Result<Utf8PathBuf> {
        let folder = self.path().join(name);
        std::fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// Writes a file of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        std::fs::write(self.path().join(name), text)
    }
}
