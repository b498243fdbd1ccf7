//! A workspace as cargo sees it, in a folder of our own: what cargo does there changes nothing of the user's, nobody sees it half done, and
//! a run that is killed leaves the project as it was. What is to stay is read from here and written into the project, whole, at the end.
//!
//! Every folder lies below ours by its whole path, so that `../dep` leads where it led. Manifests and the lock file are copies, since
//! cargo may write them; everything else is a link, since cargo only looks whether it is there. Where a text that cargo reads names one of
//! the folders by its whole path, it names the copy's here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use memchr::memmem;
use tempfile::TempDir;
use toml_edit::visit_mut::VisitMut;
use toml_edit::{DocumentMut, Formatted};

use crate::files::regular::{self, Links};
use crate::files::{Errand, plain, temporary_folder};
use crate::project::Subject;

/// The most entries of folders that are linked: a workspace's folders have a few thousand.
const MOST: usize = 100_000;
/// As much as is kept of a file that cargo may change.
const LIMIT: u64 = 64 << 20;
/// The names of the files that cargo may write.
const WRITTEN: [&str; 2] = ["Cargo.toml", "Cargo.lock"];
/// What marks a folder of build output. Cargo does not look into it, and would write there what it learns of the compiler.
const OUTPUT_MARK: &str = "CACHEDIR.TAG";

/// The copy; it is removed with this value.
#[derive(Debug)]
pub(crate) struct PrivateCopy {
    _folder: TempDir,
    top: Utf8PathBuf,
    /// The folders of packages, and the workspace's.
    roots: BTreeSet<Utf8PathBuf>,
    /// The files that cargo may change.
    originals: Vec<Original>,
}

/// Why there is no copy.
#[derive(Debug)]
pub(super) enum CopyError {
    /// The copy's own folder.
    Temporary(io::Error),
    /// What lies here in the project.
    Project { path: Utf8PathBuf, source: io::Error },
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Temporary(error)
    }
}

/// A file that cargo may change; `None` where there is none.
#[derive(Debug)]
struct Original {
    /// Where it lies in the project.
    path: Utf8PathBuf,
    /// What the project has there.
    bytes: Option<Vec<u8>>,
    /// What the copy has there before cargo runs.
    shown: Option<Vec<u8>>,
}

/// A file that cargo changed in the copy, as the project is to have it; `None` for a file that is not there.
#[derive(Debug)]
pub(crate) struct Written {
    /// Where it lies in the project.
    pub(crate) path: Utf8PathBuf,
    /// What the project had there when the copy was made.
    pub(crate) before: Option<Vec<u8>>,
    /// What it is to have.
    pub(crate) after: Option<Vec<u8>>,
}

impl PrivateCopy {
    /// Makes it.
    ///
    /// # Errors
    /// A folder cannot be read, no folder can be made, or this system makes no links.
    pub(super) fn of(subject: &Subject) -> Result<Self, CopyError> {
        let folder = temporary_folder(Errand::Try)?;
        let top =
            Utf8PathBuf::try_from(folder.path().canonicalize()?).map_err(camino::FromPathBufError::into_io_error)?;
        let locals = subject.workspace.iter().flat_map(|workspace| &workspace.packages);
        let roots = locals.map(|local| local.package.root.clone()).chain([subject.root.clone()]).collect();
        let mut copy = Self { _folder: folder, top, roots, originals: Vec::new() };
        copy.fill()?;
        for path in subject.manifests().into_iter().chain([subject.lock_path.clone()]) {
            let bytes = read(&path).map_err(of_project(&path))?;
            let shown = bytes.as_deref().map(|bytes| copy.shown(&path, bytes).into_owned());
            copy.originals.push(Original { path, bytes, shown });
        }
        Ok(copy)
    }

    /// Makes every folder that leads to a package, and those of the packages with everything that the project has there.
    fn fill(&self) -> Result<(), CopyError> {
        // Of a folder that a manifest names and that is not there cargo says so.
        let there = self.roots.iter().filter(|root| root.exists());
        let folders: BTreeSet<&Utf8Path> = there.flat_map(|root| root.ancestors()).collect();
        let mut room = MOST;
        for folder in &folders {
            std::fs::create_dir_all(self.path(folder))?;
            // Above the packages only what leads to them is wanted, and what a workspace there has beside them.
            let is_within = self.roots.iter().any(|root| folder.starts_with(root));
            if is_within || folder.join("Cargo.toml").is_file() {
                let is_led_to = |path: &Utf8Path| folders.contains(path);
                match self.fill_folder(folder, &mut room, &is_led_to) {
                    // Above the packages, what may not be read is not wanted.
                    Err(CopyError::Project { source, .. })
                        if !is_within && source.kind() == io::ErrorKind::PermissionDenied => {}
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// Gives a folder everything that the project's has and that is not there yet.
    fn fill_folder(
        &self,
        folder: &Utf8Path,
        room: &mut usize,
        but: &dyn Fn(&Utf8Path) -> bool,
    ) -> Result<(), CopyError> {
        for entry in folder.read_dir_utf8().map_err(of_project(folder))? {
            let entry = entry.map_err(of_project(folder))?;
            let (from, to) = (entry.path(), self.path(entry.path()));
            if but(from) || to.symlink_metadata().is_ok() || from.join(OUTPUT_MARK).is_file() {
                continue;
            }
            *room = room.checked_sub(1).ok_or_else(too_many).map_err(of_project(folder))?;
            match read_written(entry.file_name(), from).map_err(of_project(from))? {
                Some(bytes) => std::fs::write(to, self.shown(from, &bytes))?,
                None => link(from, &to, room)?,
            }
        }
        Ok(())
    }

    /// Lets a folder be found that is no package of the workspace yet, with all that it may lead to: what lies beside it and above.
    fn admit(&self, folder: &Utf8Path) {
        let mut room = MOST;
        let above: Vec<&Utf8Path> = folder.ancestors().collect();
        // From the top, and a link gives way to a folder of the copy's own: no step leads through one into the project.
        for above in above.into_iter().rev().filter(|above| above.is_dir()) {
            let copy = self.path(above);
            // What cannot be read or made is not there for cargo, which says so.
            if copy.is_symlink() {
                let _ = std::fs::remove_file(&copy);
            }
            let _ = std::fs::create_dir(&copy);
            if copy.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                let _ = self.fill_folder(above, &mut room, &|path| folder.starts_with(path));
            }
        }
    }

    /// Where something of the project lies in the copy.
    fn path(&self, of: &Utf8Path) -> Utf8PathBuf {
        let parts = of.components().filter(|part| matches!(part, camino::Utf8Component::Normal(_)));
        parts.fold(self.top.clone(), |below, part| below.join(part))
    }

    /// A command line for cargo that names the copy's manifest in the place of the project's, and a dependency's folder likewise.
    pub(super) fn arguments(&self, arguments: Vec<String>) -> Vec<String> {
        const PATHS: [&str; 2] = ["--manifest-path", "--path"];
        let mut led: Vec<String> = Vec::with_capacity(arguments.len());
        let own = arguments.iter().position(|one| one == "--").unwrap_or(arguments.len());
        for (at, argument) in arguments.into_iter().enumerate() {
            let option = led.last().map_or("", String::as_str);
            let named = argument.split_once('=').filter(|(option, _)| PATHS.contains(option));
            led.push(match named {
                _ if at >= own => argument,
                _ if PATHS.contains(&option) => self.named(option, &argument),
                Some((option, path)) => format!("{option}={}", self.named(option, path)),
                None => argument,
            });
        }
        led
    }

    fn named(&self, option: &str, path: &str) -> String {
        let path = Utf8Path::new(path);
        if option == "--path" {
            self.admit(path);
        }
        self.path(path).into_string()
    }

    /// A TOML text for cargo in which the folders of packages are named as they lie in the copy.
    pub(super) fn led(&self, text: &str) -> String {
        // Most texts name none, and stay as they are to the byte.
        let mut led = Led { copy: self, any: false };
        match text.parse::<DocumentMut>() {
            Ok(mut document) => {
                led.visit_document_mut(&mut document);
                if led.any { document.to_string() } else { text.to_owned() }
            }
            // Cargo will say what is wrong with it.
            Err(_) => text.to_owned(),
        }
    }

    /// What cargo is to find in the place of a file. Only manifests name folders.
    fn shown<'b>(&self, path: &Utf8Path, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match std::str::from_utf8(bytes) {
            Ok(text) if path.file_name() == Some("Cargo.toml") && may_name_a_whole_path(text) => {
                Cow::Owned(self.led(text).into_bytes())
            }
            Ok(_) | Err(_) => Cow::Borrowed(bytes),
        }
    }

    /// What cargo wrote, as if it had worked in the project itself.
    pub(super) fn unled(&self, text: &[u8]) -> Vec<u8> {
        // Of some paths cargo says how they lie from the file system's root, where it runs.
        let relative = self.top.as_str().trim_start_matches(std::path::is_separator);
        let relative = format!("{relative}{}", std::path::MAIN_SEPARATOR);
        without(&without(text, self.top.as_str().as_bytes()), relative.as_bytes())
    }

    /// Puts manifests and lock file back to what the project had.
    pub(super) fn restore(&self) -> io::Result<()> {
        for original in &self.originals {
            let path = self.path(&original.path);
            let found = read(&path)?;
            match &original.shown {
                shown if *shown == found => {}
                Some(shown) => std::fs::write(path, shown)?,
                None => std::fs::remove_file(path)?,
            }
        }
        Ok(())
    }

    /// What lies in the place of one of the project's files.
    pub(super) fn read(&self, path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
        read(&self.path(path))
    }

    /// The files that cargo changed.
    pub(super) fn written(&self) -> io::Result<Vec<Written>> {
        let mut written = Vec::new();
        for Original { path, bytes, shown } in &self.originals {
            let now = self.read(path)?;
            if now != *shown {
                let after = now.map(|now| self.unled(&now));
                written.push(Written { path: path.clone(), before: bytes.clone(), after });
            }
        }
        Ok(written)
    }
}

/// Leads the whole paths of a document into the copy.
struct Led<'c> {
    copy: &'c PrivateCopy,
    any: bool,
}

impl VisitMut for Led<'_> {
    fn visit_string_mut(&mut self, value: &mut Formatted<String>) {
        let path = plain(Utf8Path::new(value.value()));
        if path.is_absolute() && self.copy.roots.iter().any(|root| path.starts_with(root)) {
            let mut led = Formatted::new(self.copy.path(&path).into_string());
            *led.decor_mut() = value.decor().clone();
            *value = led;
            self.any = true;
        }
    }
}

fn of_project(path: &Utf8Path) -> impl FnOnce(io::Error) -> CopyError {
    |source| CopyError::Project { path: path.to_owned(), source }
}

fn too_many() -> io::Error {
    io::Error::other(format!("there are more than {MOST} files"))
}

/// Most manifests do not, and need not be read.
fn may_name_a_whole_path(text: &str) -> bool {
    !cfg!(unix) || text.contains("\"/") || text.contains("'/")
}

fn without(text: &[u8], part: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memmem::find_iter(text, part) {
        left.extend_from_slice(text.get(from..at).unwrap_or_default());
        from = at + part.len();
    }
    left.extend_from_slice(text.get(from..).unwrap_or_default());
    left
}

/// Reads a file, through a link to it; `None` where there is none.
fn read(path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    match regular::read(path, Links::Followed, LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// The bytes of a file that cargo may write; `None` for any other entry.
fn read_written(name: &str, path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    if WRITTEN.contains(&name) { read(path) } else { Ok(None) }
}

#[cfg(unix)]
fn link(from: &Utf8Path, to: &Utf8Path, _room: &mut usize) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Links need a privilege here. Of a package's files cargo looks only whether they are there, so that empty ones do.
#[cfg(not(unix))]
fn link(from: &Utf8Path, to: &Utf8Path, room: &mut usize) -> io::Result<()> {
    fn stand_in(from: &Utf8Path, to: &Utf8Path, depth: usize, room: &mut usize) -> io::Result<()> {
        /// Such as `src/bin/tool/main.rs`.
        const DEEPEST: usize = 3;
        if !from.is_dir() {
            return match read_written(from.file_name().unwrap_or_default(), from)? {
                Some(bytes) => std::fs::write(to, bytes),
                None => std::fs::write(to, ""),
            };
        }
        std::fs::create_dir_all(to)?;
        let hidden = from.file_name().is_some_and(|name| name.starts_with('.'));
        if depth < DEEPEST && !hidden {
            for entry in from.read_dir_utf8()? {
                let entry = entry?;
                *room = room.checked_sub(1).ok_or_else(too_many)?;
                stand_in(entry.path(), &to.join(entry.file_name()), depth + 1, room)?;
            }
        }
        Ok(())
    }
    stand_in(from, to, 0, room)
}
