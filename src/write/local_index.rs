//! The index of a local registry, written into a temporary folder from which a stage takes it.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::files::{Errand, temporary_folder};
pub(crate) use crate::model::index_line::index_path;

/// A written index; the folder is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct StagedIndex {
    _folder: TempDir,
    path: Utf8PathBuf,
}

/// The index could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the index of the local registry cannot be written: {path}: {source}\nhelp: see that the temporary folder may be written and has room"
)]
pub(crate) struct StagedIndexError {
    path: Utf8PathBuf,
    source: io::Error,
}

impl StagedIndexError {
    fn at(path: &Utf8Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self { path: path.to_owned(), source }
    }
}

impl StagedIndex {
    /// Writes each text to its path.
    ///
    /// # Errors
    /// A folder or file cannot be written.
    pub(crate) fn write(index: &BTreeMap<String, Vec<u8>>) -> Result<Self, StagedIndexError> {
        let temporary = Utf8Path::new("the temporary folder");
        let folder = temporary_folder(Errand::Index).map_err(StagedIndexError::at(temporary))?;
        let path = Utf8PathBuf::try_from(folder.path().join("index"))
            .map_err(|error| StagedIndexError::at(temporary)(error.into_io_error()))?;
        fs::create_dir(&path).map_err(StagedIndexError::at(&path))?;
        for (name, text) in index {
            let file = path.join(name);
            if let Some(above) = file.parent() {
                fs::create_dir_all(above).map_err(StagedIndexError::at(above))?;
            }
            fs::write(&file, text).map_err(StagedIndexError::at(&file))?;
        }
        Ok(Self { _folder: folder, path })
    }

    /// Where it lies.
    #[must_use]
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}
