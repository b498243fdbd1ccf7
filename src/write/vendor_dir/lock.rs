//! The lock of a project: one run at a time writes.
//!
//! The file is there only while a run is at work: one that nobody holds was left by a run that was killed.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::{Holder, VendorDirError};
use super::faults::Faults;
use crate::files;
use crate::files::names::PROJECT_FOLDER;
use crate::files::regular::{self, Links};
use crate::model::run::{Listener, Waiting};

/// Who opens the folder, and how long they wait for their turn.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The command, as the message of another run shows it.
    pub command: &'a str,
    /// How long to wait for another run to end.
    pub wait: Duration,
    /// Who is told of it.
    pub listener: &'a Listener,
    /// A folder outside every project, in which runs note their journals: a journal without such a note is not followed.
    pub records: &'a Utf8Path,
    /// Where this run is to break off, in tests.
    pub faults: Faults,
}

/// The held lock.
#[derive(Debug)]
pub(super) struct Lock {
    path: Utf8PathBuf,
    held: files::Lock,
}

const PAUSE: Duration = Duration::from_millis(50);

impl Lock {
    pub(super) fn take(root: &Utf8Path, opening: &Opening<'_>) -> Result<Self, VendorDirError> {
        let Opening { command, wait, listener, .. } = *opening;
        let path = path(root);
        let mut waited = Duration::ZERO;
        loop {
            let held = files::Lock::try_take(open(root, &path)?).map_err(|source| VendorDirError::io(&path, source))?;
            let Some(held) = held else {
                if waited >= wait {
                    return Err(VendorDirError::Locked { holder: holder(&path).unwrap_or_default(), path });
                }
                if waited.is_zero() {
                    let of = format!("{path}, held by {}", holder(&path).unwrap_or_default());
                    listener.tell(&Waiting::Lock { of });
                }
                thread::sleep(PAUSE);
                waited += PAUSE;
                continue;
            };
            // The run before removes the file as it ends. A lock on a file that is no longer there keeps nobody out.
            if is_at(held.file(), &path) {
                let lock = Self { path, held };
                lock.sign(command).map_err(|source| VendorDirError::io(&lock.path, source))?;
                return Ok(lock);
            }
        }
    }

    fn sign(&self, command: &str) -> io::Result<()> {
        let mut file = self.held.file();
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}\n{}", std::process::id(), command.escape_debug())
    }
}

impl Lock {
    /// Lets the next run in.
    ///
    /// # Errors
    /// The file cannot be removed. The next run finds a lock that nobody holds, takes it, and removes it.
    pub(super) fn give_back(mut self) -> Result<(), VendorDirError> {
        let path = std::mem::take(&mut self.path);
        remove(&path).map_err(|source| VendorDirError::io(&path, source))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Once it is given back, what has its name is another run's.
        if !self.path.as_str().is_empty() {
            let _ = remove(&self.path);
        }
    }
}

fn remove(path: &Utf8Path) -> io::Result<()> {
    fs::remove_file(path)?;
    // With a trail in it the folder stays.
    let _ = path.parent().map(fs::remove_dir);
    Ok(())
}

fn path(root: &Utf8Path) -> Utf8PathBuf {
    root.join(PROJECT_FOLDER).join("lock")
}

fn open(root: &Utf8Path, path: &Utf8Path) -> Result<File, VendorDirError> {
    let folder = root.join(PROJECT_FOLDER);
    loop {
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(VendorDirError::io(&folder, source)),
        }
        for place in [&*folder, path] {
            let is_right = |found: &fs::Metadata| if place == path { found.is_file() } else { found.is_dir() };
            if fs::symlink_metadata(place).is_ok_and(|found| !is_right(&found)) {
                return Err(VendorDirError::Special { path: place.to_owned() });
            }
        }
        match File::options().read(true).write(true).create(true).truncate(false).open(path) {
            Ok(file) => return Ok(file),
            // The run before has just removed the empty folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(VendorDirError::io(path, source)),
        }
    }
}

/// Who the lock file names.
pub(super) fn holder(path: &Utf8Path) -> Option<Holder> {
    let text = regular::text(path, Links::Refused, 4096).ok()?;
    let (process, command) = text.split_once('\n').unwrap_or((&text, ""));
    Some(Holder { process: process.parse().ok(), command: command.trim_end().to_owned() })
}

/// Whether there is a lock file, who it names, and whether a run holds it.
pub(super) fn look(root: &Utf8Path) -> Option<(Holder, bool)> {
    let path = path(root);
    let file = regular::open(&path, Links::Refused).ok()?.file;
    let is_held = matches!(files::Lock::try_take(file), Ok(None));
    Some((holder(&path).unwrap_or_default(), is_held))
}

/// Whether the open file is the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Utf8Path) -> bool {
    path.exists()
}
