//! Why a `.crate` file could not be had.

use camino::Utf8PathBuf;

use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

/// One release whose file is missing.
#[derive(Debug, thiserror::Error)]
#[error("the file of `{id}` could not be had: {fault}\nhelp: {}", fault.help())]
pub struct CrateFailure {
    /// The release.
    pub id: Box<PackageId>,
    /// Why.
    #[source]
    pub fault: CrateFault,
}

/// Why it is missing.
#[derive(Debug, thiserror::Error)]
pub enum CrateFault {
    /// Offline, and cargo's cache does not have it.
    #[error("it is not in cargo's download cache, and no registry may be asked")]
    NotCached,
    /// Offline, and what cargo's cache has is something else.
    #[error("{path} holds other bytes than were locked, and no registry may be asked")]
    Poisoned {
        /// The cache entry.
        path: Utf8PathBuf,
    },
    /// Nothing says where the registry serves it.
    #[error("{0}")]
    NoAddress(String),
    /// The registry does not serve it (any more).
    #[error("{url}: the registry answered with status {status}{}{words}", if .words.is_empty() { "" } else { ": " })]
    NotServed {
        /// The address.
        url: String,
        /// The status.
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
        /// The address.
        url: String,
        /// What it looks like.
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
