//! Why a project could not be opened: each says itself what, where and what to do.

use camino::Utf8PathBuf;

use crate::gather::allow_list::AllowListError;
use crate::gather::base::BaseError;
use crate::gather::cargo::CargoFailure;
use crate::gather::cargo_config::CargoConfigError;
use crate::gather::http::HttpError;
use crate::gather::lock_file::LockFileError;
use crate::gather::policy_file::PolicyError;
use crate::gather::trail::TrailError;
use crate::gather::ways_around::{ManifestError, WaysError};
use crate::gather::workspace::WorkspaceError;
use crate::model::Timestamp;
use crate::model::policy::Origin;

/// Why no decision could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    LockFile(#[from] LockFileError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    CargoConfig(#[from] CargoConfigError),
    /// Of a commit, in the words of a [`CargoConfigError`].
    #[error("{0}")]
    BaseCargoConfig(Box<str>),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Base(#[from] BaseError),
    /// With `--base`, a database that the change itself could have rewritten.
    #[error(
        "the advisory database `{db}` lies inside the repository, where the change could have rewritten it\nhelp: give one from outside: --advisory-db PATH|URL"
    )]
    AdvisoriesInRepository { db: String },
    /// With `--base`, a policy elsewhere than the base has it.
    #[error(
        "the policy of the base is {base}, but the change has its workspace where that would be {head}\nhelp: say which one holds: --policy PATH"
    )]
    PolicyMoved { base: Utf8PathBuf, head: Utf8PathBuf },
    /// With `--base`, a cargo home whose configuration and caches the change could have written.
    #[error(
        "CARGO_HOME is {path}, inside the repository, where the change could have rewritten it\nhelp: set CARGO_HOME to a folder that git does not track"
    )]
    HomeInRepository { path: Utf8PathBuf },
    /// With `--base`, a file that the base's configuration includes from elsewhere: what it says could not be read as the base has it.
    #[error(
        "{file} of the base includes {included}, which lies outside the repository\nhelp: keep what the configuration includes beside it"
    )]
    IncludeOutside { file: Utf8PathBuf, included: Utf8PathBuf },
    /// The policy file that was asked for is not there: falling back to the defaults would judge by other rules than were meant.
    #[error("there is no policy file at {path}\nhelp: give `--policy` the path of an existing file, or leave it out")]
    NoPolicy { path: Utf8PathBuf },
    /// Cargo would take another lock file than the one that was found.
    #[error(
        "{origin} makes cargo 1.97 and later use another lock file than Cargo.lock\nhelp: judge that one: --lockfile PATH"
    )]
    OtherLockFile { origin: Origin },
    /// Cargo would build folders that no lock file and no policy is about.
    #[error(
        "{origin} makes cargo build other folders in the place of locked packages, whatever these are\nhelp: say it under [patch] in Cargo.toml, which the lock file shows, or take it out"
    )]
    Paths { origin: Origin },
    /// What the change brings could not be searched to the end.
    #[error(
        "there are more than {limit} files below {root}, or more folders in it with a configuration than any project has, and the rest was not searched\nhelp: judge the change in a checkout without what was built or generated, or look at what it adds to the folders with a configuration"
    )]
    SearchEnded { root: Utf8PathBuf, limit: usize },
    /// Git could not be asked about build output; the words have a `help:` line.
    #[error("{0}")]
    BuildOutput(String),
    /// The base's files could not be laid out beside the working tree.
    #[error("a temporary folder cannot be written: {0}\nhelp: set TMPDIR to a folder with free space")]
    Temporary(#[source] std::io::Error),
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// Reading it ended in a way that was not foreseen: what it recorded is unknown, so nothing is judged.
    #[error(
        "the audit trail in {folder} could not be read\nhelp: this is a mistake in cargo-sequester; please report it"
    )]
    TrailLost { folder: Utf8PathBuf },
    /// The search for ways around panicked.
    #[error(
        "what the change sets beside the lock file could not be read\nhelp: this is a mistake in cargo-sequester; please report it"
    )]
    WaysLost,
    #[error(transparent)]
    Ways(#[from] WaysError),
    #[error(transparent)]
    OwnConfig(#[from] ManifestError),
    #[error(transparent)]
    AllowList(#[from] AllowListError),
    /// Cargo cannot describe the workspace, so it cannot resolve it either.
    #[error(
        "cargo cannot describe the workspace at {root}: {failure}\nhelp: mend what cargo names; try `cargo metadata --no-deps`"
    )]
    Undescribed { root: Utf8PathBuf, failure: CargoFailure },
    /// A later moment than the machine's would shorten every quarantine.
    #[error(
        "`--now {now}` lies in the future, and this command writes\nhelp: leave `--now` out, or use `cargo sequester audit --now {now}` to look ahead"
    )]
    NowInFuture { now: Timestamp },
    /// What is written is the working tree's business.
    #[error(
        "`--base` compares a change with what it grew from, and this command changes the working tree\nhelp: leave `--base` out; then: cargo sequester audit --base REF"
    )]
    BaseNotHere,
}
