//! The new configuration file, written beside the old one until its turn comes.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use super::error::VendorDirError;
use super::faults::Faults;
use super::journal::ConfigChange;
use crate::files::regular::{self, Links};
use crate::files::{Replacement, sync_folder};
use crate::model::checksum::Checksum;
use crate::write::cargo_config::ConfigFile;

/// What waits to be put in place.
#[derive(Debug)]
pub(super) struct StagedConfig {
    pub(super) id: String,
    pub(super) change: ConfigChange,
}

/// Writes the bytes, with the old file's permissions and owner, through to the disk; `None` where the file has these bytes.
pub(super) fn stage(
    root: &Utf8Path,
    file: &ConfigFile,
    bytes: &[u8],
    faults: &Faults,
) -> Result<Option<StagedConfig>, VendorDirError> {
    let change = ConfigChange { old: file.original().map(digest), new: digest(bytes) };
    if current(root)? != change.old {
        return Err(VendorDirError::ConfigChanged { path: path(root) });
    }
    if change.old == Some(change.new) {
        return Ok(None);
    }
    let id = std::process::id().to_string();
    let staged = staged(root, &id);
    let written = faults.step().and_then(|()| write(root, &id, bytes));
    if let Err(source) = written {
        discard(root, &id)?;
        return Err(VendorDirError::io(&staged, source));
    }
    Ok(Some(StagedConfig { id, change }))
}

fn write(root: &Utf8Path, id: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = folder(root);
    match fs::create_dir(&folder) {
        Ok(()) => sync_folder(root)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let path = path(root);
    Replacement::of(&path).named_exactly(format!("{PREFIX}{id}")).like(fs::metadata(&path).ok()).stage(bytes)?.keep()
}

/// Puts the staged file in its place; nothing happens where that is done already.
pub(super) fn put(root: &Utf8Path, staged: &StagedConfig) -> Result<(), VendorDirError> {
    put_by_id(root, &staged.id)
}

pub(super) fn put_by_id(root: &Utf8Path, id: &str) -> Result<(), VendorDirError> {
    let path = path(root);
    match fs::rename(self::staged(root, id), &path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(VendorDirError::io(&path, source)),
    }
}

/// Whether the staged file still waits.
pub(super) fn is_waiting(root: &Utf8Path, id: &str) -> bool {
    fs::symlink_metadata(staged(root, id)).is_ok_and(|found| found.is_file())
}

/// Removes the staged file, and the folder where that was made for it.
pub(super) fn discard(root: &Utf8Path, id: &str) -> Result<(), VendorDirError> {
    let staged = staged(root, id);
    match fs::remove_file(&staged) {
        Ok(()) => {
            // It stays where anything else is in it.
            let _ = fs::remove_dir(folder(root));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(VendorDirError::io(&staged, source)),
    }
}

/// Removes what killed runs staged.
pub(super) fn sweep(root: &Utf8Path) -> Result<(), VendorDirError> {
    let folder = folder(root);
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(VendorDirError::io(&folder, source)),
    };
    for entry in entries.flatten() {
        if let Some(id) = entry.file_name().strip_prefix(PREFIX) {
            discard(root, id)?;
        }
    }
    Ok(())
}

/// The digest of the file's bytes; `None` where there is none.
pub(super) fn current(root: &Utf8Path) -> Result<Option<Checksum>, VendorDirError> {
    let path = path(root);
    match regular::read(&path, Links::Refused, LARGEST) {
        Ok(bytes) => Ok(Some(digest(&bytes))),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(VendorDirError::io(&path, error.into())),
    }
}

/// Writes the change of names through to the disk.
pub(super) fn sync(root: &Utf8Path) -> Result<(), VendorDirError> {
    let folder = folder(root);
    sync_folder(&folder).map_err(|source| VendorDirError::io(&folder, source))
}

/// The most that is read of the configuration.
const LARGEST: u64 = 16 << 20;

const PREFIX: &str = ".config.toml.sequester-stage-";

fn folder(root: &Utf8Path) -> Utf8PathBuf {
    root.join(".cargo")
}

fn path(root: &Utf8Path) -> Utf8PathBuf {
    folder(root).join("config.toml")
}

fn staged(root: &Utf8Path, id: &str) -> Utf8PathBuf {
    folder(root).join(format!("{PREFIX}{id}"))
}

fn digest(bytes: &[u8]) -> Checksum {
    Checksum::from_bytes(Sha256::digest(bytes).into())
}
