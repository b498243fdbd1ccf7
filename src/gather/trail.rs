//! Reads a trail's folder. Every byte of it may be an attacker's: sizes and numbers are bounded, links are not followed.

mod join;

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use memchr::memmem;
use rayon::prelude::*;

use self::join::{Examined, join};
use crate::files::names::STAGED_EVENT;
use crate::files::regular::{self, Links, ReadError};
use crate::model::trail::{Event, EventError, EventFileName, EventId, Trail, TrailProblemKind};

/// The most files in a trail's folder.
pub(crate) const MAX_FILES: usize = 100_000;
/// The most bytes of one event: 700 releases need about 300 KB.
pub const MAX_EVENT_BYTES: u64 = 16 << 20;
/// The most bytes of all events together.
pub(crate) const MAX_TRAIL_BYTES: u64 = 512 << 20;

/// Why a trail cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The folder or a file in it cannot be read.
    #[error(
        "the audit trail cannot be read at {path}: {source}\nhelp: make {path} readable, or restore it from version control"
    )]
    Io {
        /// What was read.
        path: Utf8PathBuf,
        source: io::Error,
    },
    /// A link or a file stands where the folder should.
    #[error("the audit trail {0} is not a folder of its own\nhelp: replace it by the folder that version control has")]
    NotAFolder(Utf8PathBuf),
    /// More files than any trail has.
    #[error(
        "the audit trail {path} has more than {MAX_FILES} files\nhelp: remove from {path} what is not an event of this project"
    )]
    TooManyFiles { path: Utf8PathBuf },
    /// More bytes than any trail has.
    #[error(
        "the audit trail {path} has more than {MAX_TRAIL_BYTES} bytes\nhelp: remove from {path} what is not an event of this project"
    )]
    TooLarge { path: Utf8PathBuf },
}

/// Reads and verifies the trail in a folder. A folder that does not exist is an empty trail.
///
/// # Errors
/// The folder cannot be read, is no folder, or is out of all bounds. What is wrong with single events is in the trail's `problems`.
pub fn read(dir: &Utf8Path) -> Result<Trail, TrailError> {
    let io = |source| TrailError::Io { path: dir.to_owned(), source };
    match std::fs::symlink_metadata(dir) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(TrailError::NotAFolder(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Trail::default()),
        Err(error) => return Err(io(error)),
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io)? {
        let entry = entry.map_err(io)?;
        if names.len() >= MAX_FILES {
            return Err(TrailError::TooManyFiles { path: dir.to_owned() });
        }
        let is_file = entry.file_type().map_err(io)?.is_file();
        names.push((entry.file_name(), is_file));
    }
    let total = AtomicU64::new(0);
    let examined: Result<Vec<_>, TrailError> = names
        .into_par_iter()
        .filter_map(|(name, is_file)| match name.into_string() {
            Ok(name) if STAGED_EVENT.is_of(&name) => None,
            Ok(name) if is_file => Some(read_event(dir, name, &total)),
            Ok(name) => Some(Ok(Examined::flawed(name, TrailProblemKind::Foreign))),
            Err(name) => Some(Ok(Examined::flawed(name.to_string_lossy().into_owned(), TrailProblemKind::Foreign))),
        })
        .collect();
    Ok(join(examined?))
}

/// Verifies a trail whose files were read elsewhere, such as from a commit: names within the folder, and contents.
#[must_use]
pub fn of_files(files: Vec<(String, Vec<u8>)>) -> Trail {
    join(files.into_par_iter().map(|(name, bytes)| examine(name, &bytes)).collect())
}

fn read_event(dir: &Utf8Path, name: String, total: &AtomicU64) -> Result<Examined, TrailError> {
    let path = dir.join(&name);
    // The folder was listed a moment ago; what is opened now may be something else.
    let bytes = match regular::read(&path, Links::Refused, MAX_EVENT_BYTES) {
        Ok(bytes) => bytes,
        Err(ReadError::Irregular(_)) => return Ok(Examined::flawed(name, TrailProblemKind::Foreign)),
        Err(ReadError::TooLarge(_)) => return Ok(Examined::flawed(name, TrailProblemKind::TooLarge)),
        Err(cause) => return Err(TrailError::Io { path, source: cause.into() }),
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if total.fetch_add(size, Ordering::Relaxed).saturating_add(size) > MAX_TRAIL_BYTES {
        return Err(TrailError::TooLarge { path: dir.to_owned() });
    }
    Ok(examine(name, &bytes))
}

/// Looks at one file by itself: its name, its digest, its form.
fn examine(file: String, bytes: &[u8]) -> Examined {
    let Ok(name) = file.parse::<EventFileName>() else {
        return Examined::flawed(file, TrailProblemKind::Foreign);
    };
    let bytes = with_line_feeds(bytes);
    let found = EventId::of(&bytes);
    let (event, malformed) = match Event::parse(&bytes) {
        Ok(event) => (Some(event), None),
        Err(EventError::UnknownSchema(schema)) => (None, Some(TrailProblemKind::UnknownSchema { schema })),
        Err(error @ (EventError::Unreadable(_) | EventError::NotCanonical)) => {
            (None, Some(TrailProblemKind::Malformed { cause: error.to_string().into() }))
        }
    };
    let renamed = event
        .as_ref()
        .filter(|event| event.file_name(name.id) != name)
        .map(|event| TrailProblemKind::Renamed { written: event.written() });
    let edited = (found != name.id).then_some(TrailProblemKind::Edited { found });
    Examined { claimed: Some(name.id), event, problem: edited.or(malformed).or(renamed), file }
}

/// A checkout may have turned the line ends (git's `core.autocrlf`). Canonical bytes hold no carriage return, so turning them back
/// loses nothing.
fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\r', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut turned = Vec::with_capacity(bytes.len());
    let mut start = 0;
    for end in memmem::find_iter(bytes, b"\r\n") {
        turned.extend_from_slice(&bytes[start..end]);
        start = end + 1;
    }
    turned.extend_from_slice(&bytes[start..]);
    Cow::Owned(turned)
}
