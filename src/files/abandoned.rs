//! What killed runs left: files and folders under names that are ours alone. They are told from those of a run that is at work by their
//! age, without a lock, which some file systems of a network do not have or wait for without end.

use std::fs::Metadata;
use std::io;
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use tempfile::{NamedTempFile, TempDir};

/// How many letters `tempfile` puts behind a prefix.
const LETTERS: usize = 6;
/// No run keeps a temporary folder that long without making anything in it.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a folder in the system's place for temporary ones; it goes with the value. Its name tells what it is for: `sequester-PURPOSE-`.
///
/// # Errors
/// It cannot be made.
pub(crate) fn temporary_folder(purpose: &str) -> io::Result<TempDir> {
    let prefix = format!("sequester-{purpose}-");
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
    sweep(folder.path(), &prefix, "");
    Ok(folder)
}

/// Makes a file there, likewise, with an ending that others go by.
///
/// # Errors
/// It cannot be made.
pub(crate) fn temporary_file(purpose: &str, ending: &str) -> io::Result<NamedTempFile> {
    let prefix = format!("sequester-{purpose}-");
    let file = tempfile::Builder::new().prefix(&prefix).suffix(ending).tempfile()?;
    sweep(file.path(), &prefix, ending);
    Ok(file)
}

fn sweep(made: &std::path::Path, prefix: &str, suffix: &str) {
    let Some((made, folder)) = Utf8Path::from_path(made).and_then(|made| Some((made, made.parent()?))) else { return };
    let Ok(now) = made.metadata().and_then(|made| made.modified()) else { return };
    let is_ours = |name: &str| {
        let letters = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
        letters
            .is_some_and(|letters| letters.len() == LETTERS && letters.bytes().all(|one| one.is_ascii_alphanumeric()))
    };
    remove_abandoned(folder, is_ours, now, A_DAY);
}

/// Removes what is older than `age` by the folder's own clock, which says `now`, belongs to this user and has such a name. What cannot be
/// removed stays for the next run.
pub(super) fn remove_abandoned(folder: &Utf8Path, is_ours: impl Fn(&str) -> bool, now: SystemTime, age: Duration) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten().filter(|entry| is_ours(entry.file_name())) {
        let path = entry.path();
        // Of the name itself: a link is nobody's debris.
        let Ok(found) = path.symlink_metadata() else { continue };
        let lies = found.modified().ok().and_then(|modified| now.duration_since(modified).ok());
        if !is_own(&found) || lies.is_none_or(|lies| lies <= age) {
            continue;
        }
        if found.is_file() {
            let _ = std::fs::remove_file(path);
        } else if found.is_dir() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

#[cfg(unix)]
fn is_own(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Here the place for temporary files is the user's own.
#[cfg(not(unix))]
fn is_own(_found: &Metadata) -> bool {
    true
}
