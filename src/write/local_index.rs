//! The index of a local registry, written into a temporary folder from which a stage takes it.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::files::temporary_folder;
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
    "the index of the local registry cannot be written: {0}\nhelp: see that the temporary folder may be written and has room"
)]
pub(crate) struct StagedIndexError(#[from] io::Error);

impl StagedIndex {
    /// Writes each text to its path.
    ///
    /// # Errors
    /// A folder or file cannot be written.
    pub(crate) fn write(index: &BTreeMap<String, Vec<u8>>) -> Result<Self, StagedIndexError> {
        let folder = temporary_folder("index")?;
        let path = Utf8PathBuf::try_from(folder.path().join("index"))
            .map_err(|error| StagedIndexError(error.into_io_error()))?;
        fs::create_dir(&path)?;
        for (name, text) in index {
            let file = path.join(name);
            if let Some(above) = file.parent() {
                fs::create_dir_all(above)?;
            }
            fs::write(&file, text)?;
        }
        Ok(Self { _folder: folder, path })
    }

    /// Where it lies.
    #[must_use]
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}
