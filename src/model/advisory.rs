//! Advisories as far as the decision needs them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rustsec::advisory::Versions;
use serde::{Deserialize, Serialize};

/// One RustSec advisory about a crate of crates.io.
#[derive(Clone, Debug)]
pub struct Advisory {
    /// Such as `RUSTSEC-2023-0071`.
    pub id: Arc<str>,
    /// The crate it is about.
    pub crate_name: Arc<str>,
    /// The day that the issue was reported.
    pub date: Date,
    /// What kind of statement it makes.
    pub kind: AdvisoryKind,
    /// One line; an attacker's text until escaped.
    pub title: Box<str>,
    /// Where to read on; an attacker's text until escaped.
    pub url: Option<Box<str>>,
    /// The same issue's ids in other databases.
    pub aliases: Vec<Box<str>>,
    /// The operating systems that it is limited to, as it names them; none where it is not. An attacker's text until escaped.
    pub os: Vec<Box<str>>,
    /// The processor architectures that it is limited to; likewise.
    pub arch: Vec<Box<str>>,
    /// Affected and patched versions, by rustsec's OSV ranges.
    pub versions: Versions,
    /// Taken back by its authors; it never counts.
    pub withdrawn: bool,
}

/// What an advisory says of the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdvisoryKind {
    /// The release was made to do harm.
    Malicious,
    Vulnerability,
    /// Informational: undefined behaviour can be reached from safe code.
    Unsound,
    /// Informational: nobody looks after the crate.
    Unmaintained,
    /// Informational: anything else worth knowing.
    Notice,
}

names!(AdvisoryKind {
    Malicious => "malicious",
    Vulnerability => "vulnerability",
    Unsound => "unsound",
    Unmaintained => "unmaintained",
    Notice => "notice",
});

/// The advisories about the crates in question, and what is known of the copy that they were read from.
#[derive(Clone, Debug)]
pub struct AdvisoryDb {
    /// The address or folder that was asked for.
    pub source: String,
    /// The copy that was read in its place, where the address could not be reached.
    pub copy: Option<String>,
    /// The commit of the copy, when known.
    pub commit: Option<String>,
    /// The time of that commit, when known.
    pub committed: Option<Timestamp>,
    /// The date of the newest advisory in the whole copy, when it was looked for.
    pub newest: Option<Date>,
    /// When the copy was last fetched from, or confirmed unchanged at, its origin; `None` for a copy that nobody confirmed.
    pub confirmed: Option<Timestamp>,
    /// A commit of this source that was seen before and is younger than this copy's.
    pub rolled_back_from: Option<String>,
    /// What this source said of malicious releases, of whatever crate, and says no more without having withdrawn it. It counts as before.
    pub forgotten: Vec<ForgottenAdvisory>,
    /// How many advisories the whole copy holds.
    pub total: usize,
    /// The advisories about crates in question, by crate name.
    pub by_crate: BTreeMap<Arc<str>, Vec<Advisory>>,
    /// Advisory files about crates in question that could not be read.
    pub unreadable: Vec<UnreadableAdvisory>,
}

/// An advisory about a malicious release that its source does not have any more, though it never withdrew it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgottenAdvisory {
    /// The name of the folder that it lay in.
    #[serde(rename = "crate")]
    pub crate_name: String,
    /// Its file's name without the ending.
    pub id: String,
    /// The file as it was; an attacker's text until escaped.
    pub text: String,
}

/// An advisory file that could not be understood: the crate it lies under cannot be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableAdvisory {
    /// The crate whose folder it lies in.
    pub crate_name: Arc<str>,
    /// The id by which a person may have it ignored; `None` where nothing tells it, or where it may be about malice, which nobody
    /// may ignore.
    pub ignorable: Option<Arc<str>>,
    /// The file, relative to the database's root.
    pub file: String,
    /// What was wrong with it.
    pub cause: String,
}
