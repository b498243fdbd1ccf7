//! The journal of a change that is decided but perhaps not finished: what is enough to finish it or to take it back.
//!
//! A journal may also come with a repository, from anyone, and only one of this machine's own is followed: it is believed only where this
//! machine's record of exactly this project, which lies outside of it, names its exact bytes. It holds names and digests only, never paths
//! of stages or of the configuration; those follow from the project's root.

use std::fs::{self, File};
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::{JournalFault, VendorDirError};
use super::target::Target;
use crate::files::names::{PROJECT_FOLDER, STAGE_MARK};
use crate::files::regular::{self, Links, ReadError};
use crate::files::{Replacement, sync_folder};
use crate::model::checksum::Checksum;

const VERSION: u32 = 1;
const LARGEST_JOURNAL: u64 = 16 * 1024 * 1024;

/// The file's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    /// The stage's id.
    pub(super) id: String,
    /// The vendor folder, relative to the root.
    pub(super) target: String,
    /// Whether the stage lies in the vendor folder, and not beside it.
    pub(super) inside: bool,
    pub(super) method: Method,
    /// Every entry of the vendor folder that changes.
    pub(super) entries: Vec<Entry>,
    pub(super) config: Option<ConfigChange>,
}

/// How the new tree gets into its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    /// There was none before: by one rename.
    Place,
    /// In one step, with the one before.
    Exchange,
    /// One entry after another.
    Entries,
}

/// One entry of the vendor folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Whether it was there before.
    pub(super) old: bool,
    /// Whether it is to be there afterwards.
    pub(super) new: bool,
}

/// What happens to `.cargo/config.toml`, by the digests of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigChange {
    /// `None` where there was no such file.
    pub(super) old: Option<Checksum>,
    pub(super) new: Checksum,
}

impl Journal {
    pub(super) const fn new(
        id: String,
        target: String,
        inside: bool,
        method: Method,
        entries: Vec<Entry>,
        config: Option<ConfigChange>,
    ) -> Self {
        Self { version: VERSION, id, target, inside, method, entries, config }
    }

    /// `None` where there is no such file.
    pub(super) fn read(root: &Utf8Path, record: &Record) -> Result<Option<Self>, VendorDirError> {
        let path = path(root);
        let fault = |reason| VendorDirError::Journal { path: path.clone(), reason };
        let text = match regular::read(&path, Links::Refused, LARGEST_JOURNAL) {
            Ok(text) => text,
            Err(error) if error.is_absent() => return Ok(None),
            Err(ReadError::Irregular(_)) => return Err(VendorDirError::Special { path }),
            Err(ReadError::TooLarge(_)) => return Err(fault(JournalFault::TooLarge)),
            Err(error @ (ReadError::Io(_) | ReadError::NotUtf8)) => {
                return Err(VendorDirError::io(&path, error.into()));
            }
        };
        let journal: Self = serde_json::from_slice(&text).map_err(|error| fault(error.into()))?;
        if journal.version != VERSION {
            return Err(fault(JournalFault::Version(journal.version)));
        }
        if journal.id.is_empty() || journal.id.len() > 10 || !journal.id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault(JournalFault::Name(journal.id)));
        }
        if !record.has(&text) {
            return Err(fault(JournalFault::Foreign));
        }
        if let Some(entry) = journal.entries.iter().find(|entry| !is_entry_name(&entry.name)) {
            return Err(fault(JournalFault::Name(entry.name.clone())));
        }
        Ok(Some(journal))
    }

    /// Puts the file in its place, whole and on the disk.
    pub(super) fn write(&self, root: &Utf8Path, record: &Record) -> Result<(), VendorDirError> {
        let path = path(root);
        let json = serde_json::to_vec(self).map_err(|error| VendorDirError::io(&path, error.into()))?;
        record.note(&json);
        let replacement = Replacement::of(&path).named_exactly(".journal.json.sequester-stage");
        replacement.write(&json).map_err(|source| {
            // Nothing is decided by what may not last.
            let _ = fs::remove_file(&path);
            VendorDirError::io(&path, source)
        })
    }

    /// Forgets the change.
    pub(super) fn remove(root: &Utf8Path, record: &Record) -> Result<(), VendorDirError> {
        let path = path(root);
        fs::remove_file(&path).map_err(|source| VendorDirError::io(&path, source))?;
        sync(root)?;
        record.forget();
        Ok(())
    }

    pub(super) fn stage(&self, target: &Target) -> Utf8PathBuf {
        target.stage(&self.id, self.inside)
    }
}

pub(super) fn path(root: &Utf8Path) -> Utf8PathBuf {
    root.join(PROJECT_FOLDER).join("journal.json")
}

fn sync(root: &Utf8Path) -> Result<(), VendorDirError> {
    let folder = root.join(PROJECT_FOLDER);
    sync_folder(&folder).map_err(|source| VendorDirError::io(&folder, source))
}

/// Whether this can be the name of an entry of the vendor folder: one component, and not one of a stage's.
pub(super) fn is_entry_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= 255
        && !name.starts_with(STAGE_MARK)
        && !name.chars().any(|character| character.is_control() || matches!(character, '/' | '\\'))
}

/// Where the record of one project lies.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// `None` where no place outside the project is known: then no journal is believed.
    path: Option<Utf8PathBuf>,
}

/// One line is the digest of one journal; a run writes two at the most.
const LARGEST_RECORD: u64 = 4096;

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
        regular::text(path, Links::Refused, LARGEST_RECORD).is_ok_and(|text| text.lines().any(|line| line == digest))
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
