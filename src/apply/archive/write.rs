//! Writes a vendored package into a fresh folder.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::vendor::VENDOR_CHECKSUMS_FILE;

use super::vendor_tree::VendorTree;

/// A folder or file could not be written. What was written so far lies in the package's folder, and nowhere else.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot write `{path}`: {source}\nhelp: see that the disk has room and that this folder may be written, then run the command again"
)]
pub struct WriteError {
    /// What was to be written.
    pub path: Utf8PathBuf,
    /// Why it could not.
    #[source]
    pub source: io::Error,
}

/// Creates the folder `package`, which must not exist, and writes the package's files and its `.cargo-checksum.json` into it, opened
/// by `comment` where the installed cargo does that. Nothing is synced. On an error the caller removes the folder.
///
/// The folder is ours from the moment it is made, so every folder below is made by us too, and every file is created anew: no link
/// that somebody put there is ever followed.
///
/// # Errors
/// The first folder or file that could not be written; [`io::ErrorKind::AlreadyExists`] where something is in the way.
pub fn write_into(package: &Utf8Path, tree: &VendorTree<'_>, comment: Option<&str>) -> Result<(), WriteError> {
    make_folder(package)?;
    let mut made: HashSet<&str> = HashSet::new();
    for file in &tree.files {
        make_folders_above(package, file.path, &mut made)?;
        let path = package.join(file.path);
        write_file(&path, file.bytes, file.mode, Some(file.mtime)).map_err(|source| WriteError { path, source })?;
    }
    let path = package.join(VENDOR_CHECKSUMS_FILE);
    write_file(&path, tree.checksums.json(comment).as_bytes(), 0o644, None)
        .map_err(|source| WriteError { path, source })
}

fn make_folders_above<'a>(package: &Utf8Path, path: &'a str, made: &mut HashSet<&'a str>) -> Result<(), WriteError> {
    let Some((above, _)) = path.rsplit_once('/') else { return Ok(()) };
    if made.contains(above) {
        return Ok(());
    }
    make_folders_above(package, above, made)?;
    make_folder(&package.join(above))?;
    made.insert(above);
    Ok(())
}

fn make_folder(path: &Utf8Path) -> Result<(), WriteError> {
    fs::create_dir(path).map_err(|source| WriteError { path: path.to_owned(), source })
}

/// A time that the file system cannot hold is left as it is: no content depends on it.
fn write_file(path: &Utf8Path, bytes: &[u8], mode: u32, mtime: Option<u64>) -> io::Result<()> {
    let mut file = create(path, mode)?;
    file.write_all(bytes)?;
    if let Some(time) = mtime.and_then(|mtime| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(mtime))) {
        let _ = file.set_times(FileTimes::new().set_modified(time));
    }
    Ok(())
}

#[cfg(unix)]
fn create(path: &Utf8Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Utf8Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
