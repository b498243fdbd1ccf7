//! Why a project could not adopt the gate.

use camino::Utf8PathBuf;
use jiff::Timestamp;

use crate::write::cargo_config::ConfigError;
use crate::write::project_file::PolicyWriteError;

/// Why `init` wrote nothing, or not all.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each transparent one is the error of the part that it is named after")]
pub enum InitError {
    /// There is a policy, or something in its place.
    #[error(
        "{path} is there already, and `init` never overwrites it\nhelp: see what it lets through: cargo sequester audit"
    )]
    Exists { path: Utf8PathBuf },
    /// The moment to judge by lies ahead: what is young today would be written down as old.
    #[error("--now is {now}, but the clock says {machine}\nhelp: give a moment that has been, or leave it out")]
    Ahead { now: Timestamp, machine: Timestamp },
    /// Nobody is there to be asked.
    #[error(
        "nothing was written, because nobody can be asked without a terminal\nhelp: look at the above, then run it with --yes"
    )]
    NobodyToAsk,
    /// The answer was no.
    #[error(
        "nothing was written, because the answer was not yes\nhelp: see it again with --dry-run, or agree with --yes"
    )]
    Declined,
    /// The answer could not be read.
    #[error("the answer cannot be read: {0}\nhelp: agree with --yes")]
    Answer(#[source] std::io::Error),
    #[error(transparent)]
    CargoConfig(#[from] ConfigError),
    /// A folder for cargo's configuration could not be made.
    #[error("{path} cannot be made: {cause}\nhelp: make the project's folder writable")]
    Folder { path: Utf8PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Write(#[from] PolicyWriteError),
}
