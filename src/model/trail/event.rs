//! One event of the audit trail: who changed what, when, and what was known.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use super::id::{EventFileName, EventId};
use super::moment;
use super::release::ReleaseRecord;
use crate::model::checksum::Checksum;

/// What the first version of an event says in `schema`.
pub const TRAIL_EVENT_V1: &str = "urn:cargo-sequester:trail-event-v1";

/// The versions of the event's form that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Schema {
    /// The first.
    #[serde(rename = "urn:cargo-sequester:trail-event-v1")]
    V1,
}

/// One event. Fields are declared in the order of their names, which is the order of the canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "event"))]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The advisory database that was judged by; absent where none was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "AdvisoryCopy"))]
    pub advisories: Option<AdvisoryCopy>,
    /// What was found altered in the vendored sources and is as it must be again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub healed: Vec<HealedFolder>,
    /// What happened.
    pub kind: Kind,
    /// In what the policy became looser since the event before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub loosened: Vec<PolicyChange>,
    /// The machine's time, where the caller set `time` with `--now`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment::Optional")]
    #[cfg_attr(test, schemars(with = "moment::Written"))]
    pub machine_time: Option<Timestamp>,
    /// `--min-publish-age` in seconds, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u64"))]
    pub min_publish_age_seconds: Option<u64>,
    /// The heads of the trail at that time; none for the first event, several where branches were merged.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub parents: BTreeSet<EventId>,
    /// The digest of the policy that was judged by; absent where nobody wrote one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Checksum"))]
    pub policy: Option<Checksum>,
    /// Each release that was touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub releases: Vec<ReleaseRecord>,
    /// The policy file's text without its approvals and ignores, where it is another than the events before have it: what later
    /// policies are compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub rules: Option<String>,
    /// The version of this form.
    pub schema: Schema,
    /// The moment that was judged by.
    #[serde(with = "moment")]
    #[cfg_attr(test, schemars(with = "moment::Written"))]
    pub time: Timestamp,
    /// The programs that took part.
    pub tools: Tools,
    /// Who did it; absent where nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Who"))]
    pub who: Option<Who>,
    /// Whether the caller wanted no advisories (`--no-advisories`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, schemars(extend("const" = true)))]
    pub without_advisories: bool,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The project adopted the gate.
    Init,
    /// Approved sources were written.
    Vendored,
    /// The lock file was moved.
    Updated,
    /// A person approved a release, or ignored an advisory.
    Approved,
    /// An approval or an ignore was taken back.
    Revoked,
    /// The policy is another than the last event's, and not looser.
    PolicyChanged,
    /// The policy lets more through than the last event's.
    PolicyLoosened,
}

impl Kind {
    /// Whether an event of this kind says that its releases are in use.
    #[must_use]
    pub const fn is_of_use(self) -> bool {
        match self {
            Self::Init | Self::Vendored | Self::Updated => true,
            Self::Approved | Self::Revoked | Self::PolicyChanged | Self::PolicyLoosened => false,
        }
    }
}

names!(Kind read {
    Init => "init",
    Vendored => "vendored",
    Updated => "updated",
    Approved => "approved",
    Revoked => "revoked",
    PolicyChanged => "policy-changed",
    PolicyLoosened => "policy-loosened",
});

/// The copy of the advisory database that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AdvisoryCopy {
    /// Its commit, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub commit: Option<String>,
    /// The address or folder that was asked for.
    pub source: String,
    /// The time of that commit, when known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment::Optional")]
    #[cfg_attr(test, schemars(with = "moment::Written"))]
    pub time: Option<Timestamp>,
}

/// One piece in which a policy became looser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// What it said before; absent where there was no such entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub before: Option<String>,
    /// The key, with its tables.
    pub key: String,
    /// What it says now; absent where there is no such entry any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub now: Option<String>,
}

/// A vendored package in which something had been altered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HealedFolder {
    /// The altered files, by path; the first of them where there are very many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub files: Vec<String>,
    /// The folder or file, relative to the workspace's root.
    pub path: String,
}

/// The programs' versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Cargo's; absent where none took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub cargo: Option<Version>,
    /// This tool's.
    #[cfg_attr(test, schemars(with = "String"))]
    pub sequester: Version,
}

/// A person, as far as known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// Where the name is from.
    pub known_from: KnownFrom,
    /// Such as `ana@example.org`.
    pub name: String,
}

/// Where a person's name is from. None of them proves anything: a signed commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KnownFrom {
    /// `--by`.
    Flag,
    /// Git's `user.name` and `user.email`.
    Git,
    /// An environment variable of a CI system.
    Environment,
}

/// Why bytes are not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The event has a form that this version does not know.
    #[error("the event has the form `{0}`, which this version cannot read")]
    UnknownSchema(Box<str>),
    /// Not JSON, or JSON of another shape.
    #[error("the event cannot be read: {0}")]
    Unreadable(Box<str>),
    /// It says something in other bytes than the canonical ones, so that two readers might read two things.
    #[error("the event is not in canonical form")]
    NotCanonical,
}

impl Event {
    /// An event of this kind with nothing but its time; the fraction of a second is cut off.
    #[must_use]
    pub fn new(kind: Kind, time: Timestamp, tools: Tools) -> Self {
        Self {
            advisories: None,
            healed: Vec::new(),
            kind,
            loosened: Vec::new(),
            machine_time: None,
            min_publish_age_seconds: None,
            parents: BTreeSet::new(),
            policy: None,
            releases: Vec::new(),
            rules: None,
            schema: Schema::V1,
            time: moment::whole_seconds(time),
            tools,
            who: None,
            without_advisories: false,
        }
    }

    /// When it was written by the machine's clock: what orders events.
    #[must_use]
    pub fn written(&self) -> Timestamp {
        moment::whole_seconds(self.machine_time.unwrap_or(self.time))
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// They are no event, one of another version, or not in canonical form.
    pub fn parse(bytes: &[u8]) -> Result<Self, EventError> {
        let event: Self = serde_json::from_slice(bytes).map_err(|error| explain(bytes, &error))?;
        if event.to_bytes()? == bytes { Ok(event) } else { Err(EventError::NotCanonical) }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// JSON has no form for a value in it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EventError> {
        canonical_bytes(self).map_err(|error| EventError::Unreadable(error.to_string().into()))
    }

    /// The name of its file, given its id.
    #[must_use]
    pub fn file_name(&self, id: EventId) -> EventFileName {
        EventFileName::new(self.written(), id)
    }
}

/// A newer version's event is told from a broken one by its `schema` alone.
fn explain(bytes: &[u8], error: &serde_json::Error) -> EventError {
    #[derive(Deserialize)]
    struct Peek<'a> {
        #[serde(borrow)]
        schema: std::borrow::Cow<'a, str>,
    }
    match serde_json::from_slice::<Peek<'_>>(bytes) {
        Ok(peek) if peek.schema != TRAIL_EVENT_V1 => EventError::UnknownSchema(peek.schema.into()),
        Ok(_) | Err(_) => EventError::Unreadable(error.to_string().into()),
    }
}

/// Objects and arrays nested deeper than this stay on one line.
const OPEN_DEPTH: usize = 2;

#[derive(Default)]
struct Lines {
    depth: usize,
    filled: bool,
}

/// The one byte form of an event: JSON with sorted keys, a line for each member and one for each release, LF, a final newline. One release
/// a line keeps an event of 700 releases readable in a diff, where it is reviewed. Keys come out in the order of the struct's fields, which
/// therefore are declared sorted.
pub(super) fn canonical_bytes(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Lines::default()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl Lines {
    fn open<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(bracket)
    }

    fn close<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        let own_line = self.filled && self.depth <= OPEN_DEPTH;
        self.depth -= 1;
        if own_line {
            self.new_line(writer)?;
        }
        writer.write_all(bracket)
    }

    fn member<W: Write + ?Sized>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if self.depth <= OPEN_DEPTH { self.new_line(writer) } else { Ok(()) }
    }

    fn new_line<W: Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.member(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.member(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.depth <= OPEN_DEPTH { b": " } else { b":" })
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}
