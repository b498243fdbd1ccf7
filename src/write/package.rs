//! Writes a vendored package into a fresh folder.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use crate::archive::{Part, VendorFile, VendorTree};
use crate::files::regular::{self, Links};
use crate::model::checksum::Checksum;
use crate::model::vendored::VENDOR_CHECKSUMS_FILE;

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
/// that somebody put there is ever followed. Where a file system takes two names for one, the two files have the same bytes.
///
/// # Errors
/// The first folder or file that could not be written; [`io::ErrorKind::AlreadyExists`] where something is in the way.
pub fn write_into(package: &Utf8Path, tree: &VendorTree<'_>, comment: Option<&str>) -> Result<(), WriteError> {
    make_folder(package)?;
    let mut made: HashSet<&str> = HashSet::new();
    for file in &tree.files {
        make_folders_above(package, file.path, &mut made)?;
    }
    tree.contents(|file, part| Ok(write_file(package, tree, file, part)?)).map_err(|stopped| match stopped {
        Stopped::Write(error) => error,
        Stopped::Read(source) => WriteError { path: package.to_owned(), source },
    })?;
    let path = package.join(VENDOR_CHECKSUMS_FILE);
    let write = || create(&path, 0o644)?.write_all(tree.checksums.json(comment).as_bytes());
    write().map_err(|source| WriteError { path, source })
}

/// Why writing from an archive ended early.
enum Stopped {
    Write(WriteError),
    Read(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<WriteError> for Stopped {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
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

fn write_file(
    package: &Utf8Path,
    tree: &VendorTree<'_>,
    file: &VendorFile<'_>,
    part: Part<'_>,
) -> Result<(), WriteError> {
    let path = package.join(file.path);
    let write = || -> io::Result<()> {
        let mut created = match create(&path, file.mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_written(&path, tree, file) => {
                if let Part::Stream(content) = part {
                    io::copy(content, &mut io::sink())?;
                }
                return Ok(());
            }
            created => created?,
        };
        match part {
            Part::Whole(bytes) => created.write_all(bytes)?,
            Part::Stream(content) => {
                io::copy(content, &mut created)?;
            }
        }
        // A time that the file system cannot hold is left as it is: no content depends on it.
        if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(file.mtime)) {
            let _ = created.set_times(FileTimes::new().set_modified(time));
        }
        Ok(())
    };
    write().map_err(|source| WriteError { path, source })
}

/// No file of an archive is larger.
const LARGEST: u64 = 1 << 30;

/// Whether a twin of the file, under a name that this file system takes for the same, has its bytes.
fn is_written(path: &Utf8Path, tree: &VendorTree<'_>, file: &VendorFile<'_>) -> bool {
    let expected = tree.checksums.files.get(file.path);
    let found =
        regular::read(path, Links::Refused, LARGEST).map(|bytes| Checksum::from_bytes(Sha256::digest(&bytes).into()));
    found.is_ok_and(|found| Some(&found) == expected)
}

#[cfg(unix)]
fn create(path: &Utf8Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Utf8Path, _mode: u32) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}
