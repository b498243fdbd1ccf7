//! What can be wrong with a trail, each with the file that it is about.

use jiff::Timestamp;

use super::EventId;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailProblem {
    /// The file's name in the trail's folder; `*-ID.json` for one that is gone. An attacker's text until escaped.
    pub file: String,
    /// What is wrong with it.
    pub kind: TrailProblemKind,
}

/// What is wrong with one file of a trail. That the parents form a circle is not among them: an event's id is the digest of bytes
/// that hold its parents' ids, so no event can name its own descendant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailProblemKind {
    /// Its bytes are not the ones that its name stands for.
    Edited {
        /// The id of the bytes that are there.
        found: EventId,
    },
    /// Other events name it as a parent, and it is not there.
    Deleted {
        /// Its id.
        id: EventId,
        /// An event that names it.
        named_by: EventId,
    },
    /// Its name says another time than its content.
    Renamed {
        /// When it was written.
        written: Timestamp,
    },
    /// Written earlier than its parent.
    Reordered {
        /// The parent.
        parent: EventId,
        /// By so many seconds.
        seconds: u64,
    },
    /// It has no parents, yet it is not the event that the trail began with.
    Unparented,
    /// The same event again under another name.
    Duplicate {
        /// The event.
        of: EventId,
    },
    /// Of a form that only a newer version reads.
    UnknownSchema {
        /// What it says that it is; an attacker's text until escaped.
        schema: Box<str>,
    },
    /// Its bytes are the ones that its name stands for, and they are no event.
    Malformed {
        /// What is wrong with them.
        cause: Box<str>,
    },
    /// Larger than any event.
    TooLarge,
    /// Nothing that belongs here: another name, a folder, a link.
    Foreign,
}

impl TrailProblemKind {
    /// Whether an event cannot be read, or may have been overwritten, so that nobody knows what the trail says or where it ends. Nothing is added to such a trail
    /// before the event has been restored.
    #[must_use]
    pub const fn hides_an_event(&self) -> bool {
        match self {
            Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::UnknownSchema { .. }
            | Self::Malformed { .. }
            | Self::Duplicate { .. }
            | Self::TooLarge => true,
            Self::Renamed { .. } | Self::Reordered { .. } | Self::Unparented | Self::Foreign => false,
        }
    }

    /// As JSON writes it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Edited { .. } => "edited",
            Self::Deleted { .. } => "deleted",
            Self::Renamed { .. } => "renamed",
            Self::Reordered { .. } => "reordered",
            Self::Unparented => "unparented",
            Self::Duplicate { .. } => "duplicate",
            Self::UnknownSchema { .. } => "unknown-schema",
            Self::Malformed { .. } => "malformed",
            Self::TooLarge => "too-large",
            Self::Foreign => "foreign",
        }
    }
}
