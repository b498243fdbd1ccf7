//! Keeps this machine's notes of derived trees.

use std::io::Write as _;

use camino::Utf8Path;

use crate::model::derived::DerivedTrees;

/// Writes the notes to `path` by a rename. What cannot be written is derived again the next time, so nothing here is an error; of
/// two runs at once the later one's notes remain.
pub fn keep(path: &Utf8Path, notes: &DerivedTrees) {
    let Some(folder) = path.parent() else { return };
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".derived-").tempfile_in(folder)?;
        file.write_all(notes.to_json().as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    let _ = write();
}
