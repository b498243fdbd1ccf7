//! A `.crate` file that is wanted, and what became of it.

use camino::Utf8PathBuf;

use crate::model::checksum::{Checksum, Hashed};
use crate::model::package::PackageId;

/// The most bytes that a `.crate` file may have. Neither the index nor the registry states the size; crates.io takes 10 MiB, and a few hundred
/// by agreement.
pub(crate) const LARGEST_CRATE: u64 = 512 << 20;

/// A file that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedCrate<'a> {
    pub id: &'a PackageId,
    /// What the lock file and the index both say of its bytes.
    pub checksum: Checksum,
}

/// A file with the locked digest.
#[derive(Debug)]
pub struct CrateFile {
    pub bytes: Hashed,
    /// For a file that was downloaded: where cargo's cache would have it.
    pub downloaded_for: Option<Utf8PathBuf>,
}

/// An entry of cargo's download cache that does not hold what its name says. It was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoisonedEntry {
    /// The release that it is named for.
    pub id: PackageId,
    pub path: Utf8PathBuf,
    /// What the lock file says.
    pub expected: Checksum,
    /// What it hashes to; `None` for one that is too large to be read.
    pub found: Option<Checksum>,
}

/// What became of the files, beside those that were handed on.
#[derive(Debug, Default)]
pub struct CratesTaken {
    /// Cache entries with other bytes.
    pub poisoned: Vec<PoisonedEntry>,
    /// Files that could not be had, in the order in which they were wanted.
    pub failures: Vec<CrateFailure>,
    /// How many were downloaded.
    pub downloaded: usize,
    /// How many bytes that took.
    pub bytes: u64,
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CratesProgress {
    /// Files handed on or given up.
    pub done: usize,
    /// Files wanted.
    pub of: usize,
    /// Bytes downloaded so far.
    pub bytes: u64,
}

/// One release whose file is missing.
#[derive(Debug, thiserror::Error)]
#[error("the file of `{id}` could not be had: {fault}\nhelp: {}", fault.help())]
pub struct CrateFailure {
    pub id: Box<PackageId>,
    #[source]
    pub fault: CrateFault,
}

#[derive(Debug, thiserror::Error)]
pub enum CrateFault {
    /// Offline, and cargo's cache does not have it.
    #[error("it is not in cargo's download cache, and no registry may be asked")]
    NotCached,
    /// Offline, and what cargo's cache has is something else.
    #[error("{path} holds other bytes than were locked, and no registry may be asked")]
    Poisoned { path: Utf8PathBuf },
    /// Nothing says where the registry serves it.
    #[error("{0}")]
    NoAddress(String),
    /// The registry does not serve it (any more).
    #[error("{url}: the registry answered with status {status}{}{words}", if .words.is_empty() { "" } else { ": " })]
    NotServed {
        url: String,
        status: u16,
        /// What it says to people, in one line; empty where it says nothing.
        words: String,
    },
    /// The registry, or whoever stands before it, refuses.
    #[error("{0}")]
    Denied(String),
    /// No usable answer.
    #[error("{0}")]
    Download(String),
    /// The registry served something else.
    #[error("{url}: the registry sent {what} with the SHA-256 {found}, where {expected} was locked")]
    WrongBytes {
        url: String,
        what: &'static str,
        /// What the lock file and the index say.
        expected: Checksum,
        /// What came.
        found: Checksum,
    },
}

impl CrateFault {
    const fn help(&self) -> &'static str {
        match self {
            Self::NotCached => "run once without `--offline`",
            Self::Poisoned { .. } => {
                "something has altered cargo's download cache: remove this file and run once without `--offline`"
            }
            Self::NoAddress(_) => {
                "check that the registry's index can be read, and that a token is configured where it asks for one"
            }
            Self::NotServed { status: 451, .. } | Self::Denied(_) => {
                "ask who runs the registry, or whatever stands before it; a token is given by: cargo login --registry NAME"
            }
            Self::NotServed { .. } => {
                "the registry may have removed the release; lock another version: cargo sequester update"
            }
            Self::Download(_) => "check the network and run the command again: what was downloaded is kept",
            Self::WrongBytes { .. } => {
                "a proxy or a login page may have answered in its place; if it is the registry's own answer, do not build this release"
            }
        }
    }
}
