//! A workspace as cargo sees it, in a folder of our own: what cargo tries there changes nothing of the user's, and nobody sees it half done.
//!
//! Every folder lies below ours by its whole path, so that `../dep` leads where it led. Manifests and the lock file are copies, since
//! cargo may write them; everything else is a link, since cargo only looks whether it is there.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::project::Subject;

/// The most entries of folders that are linked: a workspace's folders have a few thousand.
const MOST: usize = 100_000;

/// The names of the files that cargo may write.
const WRITTEN: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// The copy; it is removed with this value.
#[derive(Debug)]
pub(crate) struct PrivateCopy {
    _folder: TempDir,
    top: Utf8PathBuf,
}

/// What lies where.
struct Places<'s> {
    /// The folders that must be folders and not links: those of packages, and all above them.
    folders: BTreeSet<&'s Utf8Path>,
    top: Utf8PathBuf,
    room: usize,
}

impl PrivateCopy {
    /// Makes it.
    ///
    /// # Errors
    /// A folder cannot be read, no folder can be made, or this system makes no links.
    pub(crate) fn of(subject: &Subject) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sequester-try-").tempdir()?;
        let top =
            Utf8PathBuf::try_from(folder.path().canonicalize()?).map_err(camino::FromPathBufError::into_io_error)?;
        let locals = subject.workspace.iter().flat_map(|workspace| &workspace.packages);
        let roots: BTreeSet<&Utf8Path> =
            locals.map(|local| local.package.root.as_path()).chain([subject.root.as_path()]).collect();
        let folders = roots.iter().flat_map(|root| root.ancestors()).collect();
        let mut places = Places { folders, top, room: MOST };
        for folder in places.folders.clone() {
            // Above the packages only what leads to them is wanted, and what a workspace there has beside them.
            if roots.iter().any(|root| folder.starts_with(root)) || folder.join("Cargo.toml").is_file() {
                places.fill(folder)?;
            } else {
                std::fs::create_dir_all(places.path(folder))?;
            }
        }
        let top = places.top;
        Ok(Self { _folder: folder, top })
    }

    /// Where something of the project lies in the copy.
    pub(crate) fn path(&self, of: &Utf8Path) -> Utf8PathBuf {
        below(&self.top, of)
    }

    /// A command line for cargo that names the copy's manifest in the place of the project's.
    pub(super) fn arguments(&self, arguments: Vec<String>) -> Vec<String> {
        const MANIFEST: &str = "--manifest-path";
        let mut led: Vec<String> = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let path = |text: &str| self.path(Utf8Path::new(text));
            led.push(if led.last().is_some_and(|option| option == MANIFEST) {
                path(&argument).into_string()
            } else if let Some(text) = argument.strip_prefix("--manifest-path=") {
                format!("{MANIFEST}={}", path(text))
            } else {
                argument
            });
        }
        led
    }

    /// Puts manifests and lock file back to what the project has.
    pub(crate) fn restore(&self, subject: &Subject) -> io::Result<()> {
        for file in subject.manifests().into_iter().chain([subject.lock_path.clone()]) {
            copy(&file, &self.path(&file))?;
        }
        Ok(())
    }
}

impl Places<'_> {
    fn path(&self, of: &Utf8Path) -> Utf8PathBuf {
        below(&self.top, of)
    }

    /// Makes a folder with everything that the project's has.
    fn fill(&mut self, folder: &Utf8Path) -> io::Result<()> {
        let there = self.path(folder);
        std::fs::create_dir_all(&there)?;
        for entry in folder.read_dir_utf8()? {
            let entry = entry?;
            let (from, to) = (entry.path(), there.join(entry.file_name()));
            if self.folders.contains(from) {
                std::fs::create_dir_all(to)?;
                continue;
            }
            self.room = self.room.checked_sub(1).ok_or_else(|| io::Error::other("too many files"))?;
            if WRITTEN.contains(&entry.file_name()) { copy(from, &to)? } else { link(from, &to)? }
        }
        Ok(())
    }
}

fn below(top: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let parts = path.components().filter(|part| matches!(part, camino::Utf8Component::Normal(_)));
    parts.fold(top.to_owned(), |below, part| below.join(part))
}

/// Copies a file through a link to it; what is not there is not there in the copy either.
fn copy(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    use crate::files::regular::{self, Links};
    /// As much as is kept of a file that cargo may change.
    const LIMIT: u64 = 64 << 20;
    match regular::read(from, Links::Followed, LIMIT) {
        Ok(bytes) => std::fs::write(to, bytes),
        Err(error) if error.is_absent() => match std::fs::remove_file(to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        },
        Err(error) => Err(io::Error::other(error)),
    }
}

#[cfg(unix)]
fn link(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(windows)]
fn link(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    // Links need a privilege here. What cargo looks for is small but for `target`, which it does not look into.
    if from.is_dir() { std::fs::create_dir_all(to) } else { std::fs::copy(from, to).map(drop) }
}
