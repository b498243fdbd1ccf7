//! Replaces a file whole. The new content is written beside it and takes its place by a rename: whoever looks sees the one or the other,
//! and a run that is killed leaves the one or the other. What it leaves beside them, a later run removes.

use std::borrow::Cow;
use std::collections::BTreeSet;
#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{File, FileTimes, Metadata};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::{NamedTempFile, TempPath};

use super::abandoned::remove_abandoned;
use super::names::{STAGED, StagedName};
use super::sync::sync_folder;

/// A file that is to be made or replaced. Unless something else is said, it may be read by whom the user's mask lets, and is on the disk
/// when it is in its place.
#[derive(Clone, Debug)]
pub struct Replacement<'a> {
    path: &'a Utf8Path,
    name: Name<'a>,
    mode: Mode,
    lasting: bool,
}

#[derive(Clone, Debug)]
enum Name<'a> {
    Random(StagedName),
    Fixed(Cow<'a, str>),
}

#[derive(Clone, Debug)]
enum Mode {
    /// As any file that the user makes.
    Usual,
    /// The user's alone.
    Private,
    /// As those of the file before.
    Like(Box<Metadata>),
}

impl<'a> Replacement<'a> {
    /// Of the file at this path, whose folder is there. A link in its place is replaced, not followed.
    #[must_use]
    pub const fn of(path: &'a Utf8Path) -> Self {
        Self { path, name: Name::Random(STAGED), mode: Mode::Usual, lasting: true }
    }

    /// Under a name of this form until it is in its place.
    #[must_use]
    pub fn named(self, name: StagedName) -> Self {
        Self { name: Name::Random(name), ..self }
    }

    /// Under this name until it is in its place. What has the name was left by a killed run, and is removed.
    #[must_use]
    pub fn named_exactly(self, name: impl Into<Cow<'a, str>>) -> Self {
        Self { name: Name::Fixed(name.into()), ..self }
    }

    /// With the permissions, whatever the mask, and the owner of the file before, where there is one.
    #[must_use]
    pub fn like(self, before: Option<Metadata>) -> Self {
        Self { mode: before.map_or(Mode::Usual, |before| Mode::Like(Box::new(before))), ..self }
    }

    /// For nobody else to read.
    #[must_use]
    pub fn private(self) -> Self {
        Self { mode: Mode::Private, ..self }
    }

    /// Of a cache: what a power cut loses or cuts short is noticed and fetched again, so that nothing waits for the disk.
    #[must_use]
    pub fn of_a_cache(self) -> Self {
        Self { lasting: false, ..self }
    }

    /// Writes the content, beside its place.
    ///
    /// # Errors
    /// The folder cannot be written to, or has no room. Nothing is left there.
    pub fn stage(self, bytes: &[u8]) -> io::Result<Staged> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_str().is_empty() => folder,
            Some(_) | None => Utf8Path::new("."),
        };
        let staged = self.create(folder)?;
        let mut file = staged.as_file();
        file.write_all(bytes)?;
        if let Mode::Like(before) = &self.mode {
            own(file, before);
            file.set_permissions(before.permissions())?;
        }
        if self.lasting {
            file.sync_all()?;
        }
        Ok(Staged { file: staged, path: self.path.to_owned(), folder: folder.to_owned(), lasting: self.lasting })
    }

    /// Writes the content, and puts it in its place.
    ///
    /// # Errors
    /// As [`Self::stage`] and [`Staged::put`].
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        self.stage(bytes)?.put()
    }

    /// What will have other permissions is nobody else's to read until it has them.
    fn create(&self, folder: &Utf8Path) -> io::Result<NamedTempFile> {
        #[cfg(unix)]
        let mode = if matches!(self.mode, Mode::Usual) { 0o666 } else { 0o600 };
        match &self.name {
            Name::Random(name) => {
                #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to give it"))]
                let mut builder = name.builder();
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt as _;
                    builder.permissions(Permissions::from_mode(mode));
                }
                let staged = builder.tempfile_in(folder)?;
                sweep(folder, *name, staged.as_file());
                Ok(staged)
            }
            Name::Fixed(name) => {
                let path = folder.join(&**name);
                let _ = std::fs::remove_file(&path);
                let mut options = File::options();
                options.write(true).create_new(true);
                #[cfg(unix)]
                {
                    use std::os::unix::fs::OpenOptionsExt as _;
                    options.mode(mode);
                }
                let file = options.open(&path)?;
                Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(path)?))
            }
        }
    }
}

/// A file's new content, which waits beside its place. Dropped, it is removed.
#[derive(Debug)]
pub struct Staged {
    file: NamedTempFile,
    path: Utf8PathBuf,
    folder: Utf8PathBuf,
    lasting: bool,
}

impl Staged {
    /// With this time of its last change, from now on: until then its age tells whether a run is at work on it.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn modified(&self, modified: SystemTime) -> io::Result<()> {
        self.file.as_file().set_times(FileTimes::new().set_modified(modified))
    }

    /// Puts it in its place, whatever is there.
    ///
    /// # Errors
    /// The folder cannot be written to, and the file is as it was; or the disk refuses to keep the change, which is made all the same.
    pub fn put(self) -> io::Result<()> {
        self.file.persist(&self.path).map_err(|error| error.error)?;
        if self.lasting { sync_folder(&self.folder) } else { Ok(()) }
    }

    /// As [`Self::put`], but a file that is mounted on its own, as containers do it, and has no folder to be renamed in, is written over
    /// with the same bytes.
    ///
    /// # Errors
    /// As [`Self::put`]. Such a file may be cut short.
    pub fn put_or_overwrite(self, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.clone();
        match self.put() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => std::fs::write(path, bytes),
            put => put,
        }
    }

    /// Puts it in its place, where nothing is.
    ///
    /// # Errors
    /// The folder cannot be written to, or the disk refuses to keep the change: then it is taken back.
    /// [`io::ErrorKind::AlreadyExists`] where something came there.
    pub fn put_new(self) -> io::Result<()> {
        self.file.persist_noclobber(&self.path).map_err(|error| error.error)?;
        let synced = if self.lasting { sync_folder(&self.folder) } else { Ok(()) };
        if synced.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        synced
    }

    /// Leaves it beside its place, for a rename that also a later run can make.
    ///
    /// # Errors
    /// The system refuses.
    pub fn keep(self) -> io::Result<()> {
        self.file.keep().map(drop).map_err(|error| error.error)
    }
}

impl StagedName {
    fn builder(self) -> tempfile::Builder<'static, 'static> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(self.prefix).suffix(self.suffix);
        builder
    }
}

/// Removes what killed runs left in a folder under names of this form, also where this run replaces nothing there. Only where there is such a
/// file is one made, which tells the folder's time.
pub(crate) fn remove_debris(folder: &Utf8Path, name: StagedName) {
    let mut names = folder.read_dir_utf8().into_iter().flatten().flatten();
    if names.any(|entry| name.is_of(entry.file_name()))
        && let Ok(made) = name.builder().tempfile_in(folder)
    {
        sweep(folder, name, made.as_file());
    }
}

/// No run takes so long between making such a file and putting it in its place.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Removes what killed runs left in the folder under names of this form, once in a run: what is older than any run can be by the folder's
/// own clock, which has just told the time of the file that was made in it.
fn sweep(folder: &Utf8Path, name: StagedName, made: &File) {
    static SWEPT: Mutex<BTreeSet<(Utf8PathBuf, &str)>> = Mutex::new(BTreeSet::new());
    let is_new = SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert((folder.to_owned(), name.prefix));
    if let Ok(now) = made.metadata().and_then(|made| made.modified())
        && is_new
    {
        remove_abandoned(folder, |found| name.is_of(found), now, ABANDONED);
    }
}

/// Gives a file the owner of another, where the system lets us: root at work in somebody's project.
#[cfg(unix)]
fn own(file: &File, before: &Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    let _ = std::os::unix::fs::fchown(file, Some(before.uid()), Some(before.gid()));
}

#[cfg(not(unix))]
fn own(_file: &File, _before: &Metadata) {}
