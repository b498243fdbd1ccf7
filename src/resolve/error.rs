//! Why cargo could not resolve behind the filter.

use camino::Utf8PathBuf;

use super::private_copy::CopyError;
use crate::files::ReadOnly;
use crate::gather::cargo_config::CargoConfigError;
use crate::gather::http::HttpError;
use crate::gather::lock_file::LockFileError;
use crate::model::source::Registry;
use crate::project::ProjectError;
use crate::registry::ServeError;

/// Why there is no resolution.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    CargoConfig(#[from] CargoConfigError),
    #[error(transparent)]
    LockFile(#[from] LockFileError),
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Cargo could not be given a folder of its own.
    #[error("a temporary folder cannot be written: {0}\nhelp: set TMPDIR to a folder with free space")]
    Temporary(#[source] std::io::Error),
    /// What lies in the project could not be laid out there.
    #[error(
        "{path} cannot be read, as cargo would have to: {source}\nhelp: check what lies there, and that you may read it"
    )]
    Unread { path: Utf8PathBuf, source: std::io::Error },
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Cargo could not be started.
    #[error("`{program}` could not be run: {source}\nhelp: check that cargo is on the path, or set CARGO")]
    CargoNotRun { program: String, source: std::io::Error },
    /// Index entries that the resolution needs could not be had.
    #[error(
        "{} could not be had: {cause}\nhelp: Cargo.lock was left as it is; try again when the registry can be reached",
        entries(first, *others)
    )]
    IndexGaps { first: String, others: usize, cause: String },
    /// Cargo would need a crate of a registry that is not asked.
    #[error(
        "`{name}` leads to {registry}, which the policy does not name, so nothing of that registry is shown to cargo\nhelp: to allow it, under [sources] of the policy: allow-registries = [\"{registry}\"]"
    )]
    RegistryNotNamed { name: String, registry: Registry },
    /// Cargo would be led to a registry that nothing but an index line names.
    #[error(
        "`{name}` leads to {registry}, which cargo's configuration does not name, so cargo cannot be kept from asking it itself\nhelp: give it a name in .cargo/config.toml, such as: registries.other.index = \"{registry}\""
    )]
    RegistryNotConfigured { name: String, registry: Registry },
    /// A registry did not say where its files are.
    #[error(
        "the registry {registry} cannot be put behind the filter: {cause}\nhelp: check its address, and that it can be reached"
    )]
    NotServable { registry: Registry, cause: &'static str },
    /// A signal came.
    #[error("interrupted; Cargo.lock is as it was\nhelp: run the command again")]
    Interrupted { signal: i32 },
    /// The lock file could not be written in the end.
    #[error(
        "{path} cannot be written: {kind}\nhelp: make the file and its folder writable; with `-n`, `update` and `fix` only tell what they would do"
    )]
    ReadOnly { path: Utf8PathBuf, kind: ReadOnly },
    /// The workspace could not be kept from other runs.
    #[error("{path} cannot be locked against other runs: {source}\nhelp: check the permissions of the folder")]
    NotLocked { path: Utf8PathBuf, source: std::io::Error },
}

impl From<CopyError> for ResolveError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Temporary(source) => Self::Temporary(source),
            CopyError::Project { path, source } => Self::Unread { path, source },
        }
    }
}

fn entries(first: &str, others: usize) -> String {
    match others {
        0 => format!("the index entry of {first}"),
        1 => format!("the index entries of {first} and 1 other crate"),
        _ => format!("the index entries of {first} and {others} other crates"),
    }
}
