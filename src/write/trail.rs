//! Adds events to a trail. Files are created whole or not at all, and none is ever written twice.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use crate::files::names::STAGED_EVENT;
use crate::files::regular::{self, Links};
use crate::files::{Replacement, Staged, lock_folder, sync_folder};
use crate::model::trail::{CLOCK_TOLERANCE, Event, EventError, EventId, Trail};

/// Why an event could not be added; the trail is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The folder or the file cannot be written.
    #[error(
        "the audit trail cannot be written at {path}: {source}\nhelp: make {path} writable and have room for a few kilobytes"
    )]
    Io {
        /// What was written.
        path: Utf8PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A link or a file stands where the folder should.
    #[error("the audit trail {0} is not a folder of its own\nhelp: replace it by the folder that version control has")]
    NotAFolder(Utf8PathBuf),
    /// An event is edited, gone or of a newer form, so nobody knows where the trail ends.
    #[error(
        "the audit trail {path} is not whole: {file} is {code}\nhelp: restore {path} from version control, then run the command again"
    )]
    NotWhole {
        /// The folder.
        path: Utf8PathBuf,
        /// The event's file.
        file: String,
        /// What is wrong with it.
        code: &'static str,
    },
    /// There is an event already, where this one would be the first.
    #[error("the audit trail {0} was begun by another run at the same time\nhelp: run the command again")]
    BegunElsewhere(Utf8PathBuf),
    /// The machine's clock went back.
    #[error("the clock says {now}, but the audit trail {path} has an event of {latest}\nhelp: set the machine's clock")]
    ClockBehind {
        /// The folder.
        path: Utf8PathBuf,
        /// When the event was to be written.
        now: Timestamp,
        /// When the latest one was.
        latest: Timestamp,
    },
    /// The event could not be read back.
    #[error(
        "the event for the audit trail {path} holds what cannot be read back: {source}\nhelp: give a shorter or plainer text"
    )]
    Unreadable {
        /// The folder.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: EventError,
    },
}

/// Adds an event after the heads of the trail as it was read from the same folder, and returns its id. Two runs that read the same
/// heads both add theirs; the next event joins them.
///
/// # Errors
/// Anything that [`AppendError`] names; nothing is left half-written.
pub fn append(dir: &Utf8Path, trail: &Trail, event: Event) -> Result<EventId, AppendError> {
    stage(dir, trail, event)?.put()
}

/// An event that waits beside its place in the trail, so that nothing but its name is left to be written.
#[derive(Debug)]
pub(crate) struct StagedEvent {
    id: EventId,
    dir: Utf8PathBuf,
    path: Utf8PathBuf,
    bytes: Vec<u8>,
    is_first: bool,
    staged: Staged,
}

/// Writes an event beside its place, for a verb that has something else to change before the event is true.
///
/// # Errors
/// As [`append`].
pub(crate) fn stage(dir: &Utf8Path, trail: &Trail, mut event: Event) -> Result<StagedEvent, AppendError> {
    event.parents.clone_from(&trail.heads);
    may_append(dir, trail, event.written())?;
    let unreadable = |source| AppendError::Unreadable { path: dir.to_owned(), source };
    let bytes = event.to_bytes().map_err(unreadable)?;
    Event::parse(&bytes).map_err(unreadable)?;
    let id = EventId::of(&bytes);
    let path = dir.join(event.file_name(id).to_string());
    create_folder(dir)?;
    let staged = Replacement::of(&path).named(STAGED_EVENT).stage(&bytes);
    let staged = staged.map_err(|source| AppendError::Io { path: dir.to_owned(), source })?;
    Ok(StagedEvent { id, dir: dir.to_owned(), path, bytes, is_first: event.parents.is_empty(), staged })
}

impl StagedEvent {
    /// By which a later event names it.
    pub(crate) const fn id(&self) -> EventId {
        self.id
    }

    /// Adds it to the trail.
    ///
    /// # Errors
    /// The trail was begun by another run, or the disk refuses; the trail is then as it was.
    pub(crate) fn put(self) -> Result<EventId, AppendError> {
        let io = |source| AppendError::Io { path: self.dir.clone(), source };
        // Keeps a second first event out. Where the file system has no locks the reader still names a second beginning.
        let _lock = lock_folder(&self.dir, || {}).map_err(io)?;
        if self.is_first && has_events(&self.dir)? && !self.path.exists() {
            return Err(AppendError::BegunElsewhere(self.dir));
        }
        // The name may be taken: by the same event, as the name says.
        match self.staged.put_new() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_there(&self.path, &self.bytes) => {
                sync_folder(&self.dir).map_err(io)?;
            }
            written => written.map_err(io)?,
        }
        Ok(self.id)
    }
}

/// Whether an event can be added to the trail at this moment: for a verb to ask before it changes anything.
///
/// # Errors
/// An event is edited, gone or of a newer form, the latest one lies in the future, or the folder may only be read.
pub(crate) fn may_append(dir: &Utf8Path, trail: &Trail, now: Timestamp) -> Result<(), AppendError> {
    if let Some(problem) = trail.problems.iter().find(|problem| problem.kind.hides_an_event()) {
        let (file, code) = (problem.file.clone(), problem.kind.code());
        return Err(AppendError::NotWhole { path: dir.to_owned(), file, code });
    }
    // A trail that ends in the future would make every honest event after it a disordered one.
    if let Some(latest) = trail.latest().filter(|latest| *latest > CLOCK_TOLERANCE.after(now)) {
        return Err(AppendError::ClockBehind { path: dir.to_owned(), now, latest });
    }
    let Some(existing) = dir.ancestors().find(|folder| folder.exists()) else { return Ok(()) };
    let io = |source| AppendError::Io { path: existing.to_owned(), source };
    // The owner of everything may write to what nobody may: such a mark is meant all the same.
    if std::fs::metadata(existing).map_err(io)?.permissions().readonly() {
        return Err(io(io::ErrorKind::PermissionDenied.into()));
    }
    Ok(())
}

fn create_folder(dir: &Utf8Path) -> Result<(), AppendError> {
    let io = |source| AppendError::Io { path: dir.to_owned(), source };
    match std::fs::symlink_metadata(dir) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(AppendError::NotAFolder(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::create_dir_all(dir).map_err(io),
        Err(error) => Err(io(error)),
    }
}

fn has_events(dir: &Utf8Path) -> Result<bool, AppendError> {
    let io = |source| AppendError::Io { path: dir.to_owned(), source };
    for entry in std::fs::read_dir(dir).map_err(io)? {
        if entry.map_err(io)?.file_name().to_string_lossy().ends_with(".json") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_there(path: &Utf8Path, bytes: &[u8]) -> bool {
    regular::read(path, Links::Refused, bytes.len() as u64).is_ok_and(|found| found == bytes)
}
