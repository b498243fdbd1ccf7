//! Why there are no advisories to judge by.

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::git::GitError;
use super::unpack::UnpackError;

/// A GET that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct FetchFailure {
    /// What the HTTP client says.
    pub cause: String,
}

/// Why the advisories could not be had.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryDbError {
    /// The address is of no kind that can be read.
    #[error(
        "`{address}` is no advisory database: {why}\nhelp: name an `https://` archive, a `git+https://` repository or a folder"
    )]
    Address {
        /// As the policy has it.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Offline, and nothing is cached.
    #[error("no copy of `{address}` is cached\nhelp: run once without `--offline`")]
    NotCached {
        /// The address.
        address: String,
    },
    /// The address could not be asked.
    #[error(
        "`{address}` could not be fetched: {source}\nhelp: check the network, or run with `--offline` to use a copy"
    )]
    Fetch {
        /// The address.
        address: String,
        /// What the HTTP client says.
        source: FetchFailure,
    },
    /// It answered that there is no archive.
    #[error("`{address}` answered with status {status}{}{words}\nhelp: check `db` in the `[advisories]` of the policy", if .words.is_empty() { "" } else { ": " })]
    Status {
        /// The address.
        address: String,
        /// HTTP's status.
        status: u16,
        /// What it says to people, in one line; empty where it says nothing.
        words: String,
    },
    /// What it sent is not an archive of advisories.
    #[error("the archive of `{address}` is refused: {source}\nhelp: check `db` in the `[advisories]` of the policy")]
    Archive {
        /// The address.
        address: String,
        /// What is wrong with it.
        source: UnpackError,
    },
    /// A commit of tomorrow, which would make every honest one look rolled back.
    #[error(
        "the advisories of `{address}` are dated {committed}, which is in the future\nhelp: check this machine's clock"
    )]
    FutureCommit {
        /// The address.
        address: String,
        /// The commit's time.
        committed: Timestamp,
    },
    /// No advisories below the folder.
    #[error("`{path}` has no `crates` folder\nhelp: name the folder that holds an advisory database's `crates`")]
    NoCollection {
        /// The folder.
        path: Utf8PathBuf,
    },
    /// What is remembered of the source cannot be read, so a rollback could not be told.
    #[error("`{path}` cannot be read: {source}\nhelp: remove the folder that it lies in, and run again online")]
    State {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file or folder.
    #[error("`{path}`: {source}\nhelp: check that the path exists and may be read and written")]
    Io {
        /// Which.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl AdvisoryDbError {
    pub(super) fn io(path: impl Into<Utf8PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
