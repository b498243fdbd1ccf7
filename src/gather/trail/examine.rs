//! Looks at one file of a trail by itself: its name, its digest, its form.

use std::borrow::Cow;

use memchr::memmem;

use crate::model::trail::{Event, EventError, EventFileName, EventId, TrailProblemKind};

/// What one file turned out to be.
#[derive(Debug)]
pub(super) struct Examined {
    /// Its name.
    pub(super) file: String,
    /// The id that its name claims.
    pub(super) claimed: Option<EventId>,
    /// The event in it, which may not be the one that the name claims.
    pub(super) event: Option<Event>,
    /// What is wrong with it. A file without a problem has an event, whose id is the claimed one.
    pub(super) problem: Option<TrailProblemKind>,
}

impl Examined {
    /// A file of which nothing more can be said.
    pub(super) fn flawed(file: String, problem: TrailProblemKind) -> Self {
        let claimed = file.parse().ok().map(|name: EventFileName| name.id);
        Self { file, claimed, event: None, problem: Some(problem) }
    }
}

pub(super) fn examine(file: String, bytes: &[u8]) -> Examined {
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
