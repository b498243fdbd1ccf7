//! What is asked for: the crates, the source that the policy names, the means; and why there are no advisories to judge by.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::git::GitError;
use super::unpack::UnpackError;
use crate::gather::environment::Environment;
use crate::gather::http::{Answer, Request};
use crate::model::advisory::ForgottenAdvisory;

/// How far a commit's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// How one GET is made: the run's HTTP client, or whatever a test puts in its place.
pub(crate) type Fetch<'a> = dyn Fn(&Request) -> Result<Answer, FetchFailure> + 'a;

/// What to read, and with what.
pub struct AdvisoryRequest<'a> {
    /// `db` as the policy has it: `https://….tar.gz`, `git+https://…`, `git+file://…` or a folder.
    pub db: &'a str,
    /// What a relative folder is relative to: the policy file's folder.
    pub base: &'a Utf8Path,
    /// The crates whose advisories are wanted; `None` for every crate.
    pub crates: Option<&'a BTreeSet<Arc<str>>>,
    pub memory: Memory<'a>,
    /// Cargo's home, below which the cache lies and other tools' checkouts are looked for.
    pub cargo_home: &'a Utf8Path,
    /// The way out; `None` offline.
    pub network: Option<&'a Fetch<'a>>,
    /// The machine's time, never one that the caller made up: it is remembered as the time of a confirmation.
    pub now: Timestamp,
    /// The environment that `git` is run with.
    pub environment: &'a Environment,
}

/// What others know of a source.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory<'a> {
    /// What it said of malicious releases; it counts where the copy says nothing of it.
    pub kept: &'a [ForgottenAdvisory],
    /// Of which of these advisories a person says that they were wrong.
    pub withdrawn: &'a [String],
}

impl fmt::Debug for AdvisoryRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdvisoryRequest")
            .field("db", &self.db)
            .field("crates", &self.crates.map(BTreeSet::len))
            .field("offline", &self.network.is_none())
            .finish_non_exhaustive()
    }
}

/// Where advisories come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A gzipped tar archive.
    Archive(String),
    /// A git repository, by its address without `git+`.
    Git(String),
    /// A folder that has `crates` in it.
    Folder(Utf8PathBuf),
}

impl Source {
    /// Reads the policy's text; a relative folder is relative to `base`.
    pub(super) fn parse(text: &str, base: &Utf8Path) -> Result<Self, AdvisoryDbError> {
        let refuse = |why| Err(AdvisoryDbError::Address { address: text.to_owned(), why });
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return refuse("the text cannot be an address or a path");
        }
        if let Some(address) = text.strip_prefix("git+") {
            return match address.split_once("://") {
                Some(("https" | "file", rest)) if !rest.is_empty() && !rest.starts_with('-') => {
                    Ok(Self::Git(address.to_owned()))
                }
                _ => refuse("git is spoken over `https://` and `file://` only"),
            };
        }
        match text.split_once("://") {
            None => Ok(Self::Folder(base.join(text))),
            Some(("https", rest)) if !rest.is_empty() => Ok(Self::Archive(text.to_owned())),
            Some(("http", rest)) if is_loopback(rest) => Ok(Self::Archive(text.to_owned())),
            Some(("http", _)) => refuse("an unencrypted answer could be anybody's"),
            Some(_) => refuse("the scheme is unknown"),
        }
    }

    /// Whether this is RustSec's own database or a mirror that says so in its path; another tool's checkout of RustSec may stand
    /// in for these, and for no other.
    pub(super) fn is_rustsec(&self) -> bool {
        let (Self::Archive(address) | Self::Git(address)) = self else { return false };
        let path = address.split_once("://").map_or("", |(_, rest)| rest);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        segments.windows(2).any(|pair| {
            let [owner, name] = pair else { return false };
            let name = name.strip_suffix(".git").unwrap_or(name);
            owner.eq_ignore_ascii_case("rustsec") && name.eq_ignore_ascii_case("advisory-db")
        })
    }
}

/// A host that only this machine can be.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    !authority.contains('@') && matches!(host, "127.0.0.1" | "::1" | "localhost")
}

/// Whether the machine's clock was too far ahead when this was remembered.
pub(super) fn is_in_future(time: Timestamp, now: Timestamp) -> bool {
    time.duration_since(now) > AHEAD
}

/// The last day that an advisory's date is believed to be: tomorrow, for the east of us.
pub(super) fn latest_believed(now: Timestamp) -> Date {
    let tomorrow = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now);
    tomorrow.to_zoned(TimeZone::UTC).date()
}

/// A GET that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct FetchFailure {
    /// What the HTTP client says.
    pub cause: String,
}

/// Why the advisories could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvisoryDbError {
    /// The address is of no kind that can be read.
    #[error(
        "`{address}` is no advisory database: {why}\nhelp: name an `https://` archive, a `git+https://` repository or a folder"
    )]
    Address {
        /// As the policy has it.
        address: String,
        why: &'static str,
    },
    /// Offline, and nothing is cached.
    #[error("no copy of `{address}` is cached\nhelp: run once without `--offline`")]
    NotCached { address: String },
    /// The address could not be asked.
    #[error(
        "`{address}` could not be fetched: {source}\nhelp: check the network, or run with `--offline` to use a copy"
    )]
    Fetch {
        address: String,
        /// What the HTTP client says.
        source: FetchFailure,
    },
    /// It answered that there is no archive.
    #[error("`{address}` answered with status {status}{}{words}\nhelp: check `db` in the `[advisories]` of the policy", if .words.is_empty() { "" } else { ": " })]
    Status {
        address: String,
        /// HTTP's status.
        status: u16,
        /// What it says to people, in one line; empty where it says nothing.
        words: String,
    },
    /// What it sent is not an archive of advisories.
    #[error("the archive of `{address}` is refused: {source}\nhelp: check `db` in the `[advisories]` of the policy")]
    Archive { address: String, source: UnpackError },
    /// A commit of tomorrow, which would make every honest one look rolled back.
    #[error(
        "the advisories of `{address}` are dated {committed}, which is in the future\nhelp: check this machine's clock"
    )]
    FutureCommit {
        address: String,
        /// The commit's time.
        committed: Timestamp,
    },
    /// No advisories below the folder.
    #[error("`{path}` has no `crates` folder\nhelp: name the folder that holds an advisory database's `crates`")]
    NoCollection { path: Utf8PathBuf },
    /// What is remembered of the source cannot be read, so a rollback could not be recognised.
    #[error("`{path}` cannot be read: {source}\nhelp: remove the folder that it lies in, and run again online")]
    State { path: Utf8PathBuf, source: serde_json::Error },
    #[error("`{path}`: {source}\nhelp: check that the path exists and may be read and written")]
    Io { path: Utf8PathBuf, source: std::io::Error },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl AdvisoryDbError {
    pub(super) fn io(path: impl Into<Utf8PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
