//! The identity of an event, and the name of its file.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::moment::whole_seconds;
use crate::model::checksum::{Checksum, ChecksumError};

/// The SHA-256 of an event's canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct EventId(Checksum);

impl EventId {
    /// The id of an event with these canonical bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Checksum::from_bytes(Sha256::digest(bytes).into()))
    }

    /// The digest itself.
    #[must_use]
    pub const fn checksum(&self) -> &Checksum {
        &self.0
    }

    /// The first twelve digits: enough to tell events apart when people read them.
    #[must_use]
    pub fn short(&self) -> String {
        let mut digits = self.to_string();
        digits.truncate(12);
        digits
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EventId {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        text.parse().map(Self)
    }
}

/// What an event's file is called: `YYYYMMDDThhmmssZ-ID.json`, so that a folder's listing is in the order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventFileName {
    /// When the event was written, in whole seconds.
    pub written: Timestamp,
    /// Its id.
    pub id: EventId,
}

/// A file's name is not that of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an event: expected `YYYYMMDDThhmmssZ-ID.json`")]
pub struct EventFileNameError;

impl EventFileName {
    /// The name of an event that was written then.
    #[must_use]
    pub fn new(written: Timestamp, id: EventId) -> Self {
        Self { written: whole_seconds(written), id }
    }
}

impl fmt::Display for EventFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.json", self.written.strftime("%Y%m%dT%H%M%SZ"), self.id)
    }
}

impl FromStr for EventFileName {
    type Err = EventFileNameError;

    fn from_str(name: &str) -> Result<Self, EventFileNameError> {
        let (time, id) = name.strip_suffix(".json").and_then(|stem| stem.split_once('-')).ok_or(EventFileNameError)?;
        let id = id.parse().map_err(|_| EventFileNameError)?;
        let written = time.parse().map_err(|_| EventFileNameError)?;
        let parsed = Self { written, id };
        // Times have many spellings; a name has one.
        if parsed.to_string() == name { Ok(parsed) } else { Err(EventFileNameError) }
    }
}
