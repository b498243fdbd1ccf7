//! This machine's own record of the journal of a run: outside the project, so that no repository can bring one along.
//!
//! A journal says which entries of a folder are removed and replaced. It lies in the project, where a run finds it that is started on the
//! same tree, and so anyone can ship one. It is believed only where the record of exactly this project names its exact bytes.

use std::fs::{self, File};
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use crate::files::regular::{self, Links};
use crate::model::checksum::Checksum;

/// Where the record of one project lies.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// `None` where no place outside the project is known: then no journal is believed.
    path: Option<Utf8PathBuf>,
}

/// One line is the digest of one journal; a run writes two at the most.
const LIMIT: u64 = 4096;

impl Record {
    /// The record of the project at `root`, an absolute path without links, in this folder.
    pub(super) fn of(root: &Utf8Path, records: &Utf8Path) -> Self {
        let records = real(records);
        let inside = records.starts_with(root) || !records.is_absolute();
        let name = digest(root.as_str().as_bytes()).to_string();
        Self { path: (!inside).then(|| records.join(name)) }
    }

    /// Notes the bytes of a journal that is about to be written. Where that cannot be done a killed run can only be set right by hand.
    pub(super) fn note(&self, journal: &[u8]) {
        let Some(path) = &self.path else { return };
        let note = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = File::options().append(true).create(true).open(path)?;
            writeln!(file, "{}", digest(journal))?;
            file.sync_all()
        };
        let _ = note();
    }

    /// Whether this machine wrote a journal of these bytes for this project and has not finished with it.
    pub(super) fn has(&self, journal: &[u8]) -> bool {
        let Some(path) = &self.path else { return false };
        let digest = digest(journal).to_string();
        regular::text(path, Links::Refused, LIMIT).is_ok_and(|text| text.lines().any(|line| line == digest))
    }

    /// Forgets every journal of the project.
    pub(super) fn forget(&self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// The path with its links resolved, as far as it exists.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    let mut missing = Vec::new();
    for above in path.ancestors() {
        if let Ok(real) = above.canonicalize_utf8() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        missing.extend(above.file_name());
    }
    path.to_owned()
}

fn digest(bytes: &[u8]) -> Checksum {
    Checksum::from_bytes(Sha256::digest(bytes).into())
}
