//! Why the vendor folder was not changed, or not to the end.

use std::fmt;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::write::package::WriteError;

/// Who holds, or held, the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The process id, where the lock file says it.
    pub process: Option<u32>,
    /// The command, as its run gave it.
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(f, "process {process}, `{}`", self.command.escape_debug()),
            None => f.write_str("a run that does not say who it is"),
        }
    }
}

/// The folder could not be changed. Unless the message says otherwise, the tree and the configuration are as they were.
#[derive(Debug, thiserror::Error)]
pub enum VendorDirError {
    /// The path is no place for vendored sources.
    #[error(
        "`{path}` cannot hold vendored sources: {fault}\nhelp: name a new or an empty folder below the workspace, such as `third-party/vendor`"
    )]
    Target {
        /// The path, as it was given.
        path: Utf8PathBuf,
        /// Why not.
        fault: TargetFault,
    },
    /// Another run is at work.
    #[error("another run holds `{path}`: {holder}\nhelp: wait until it has ended, then run the command again")]
    Locked {
        /// The lock file.
        path: Utf8PathBuf,
        /// Who.
        holder: Holder,
    },
    /// The system refused.
    #[error(
        "cannot change `{path}`: {source}\nhelp: see that the disk has room and that this path may be written, then run the command again"
    )]
    Io {
        /// What was to be read or written.
        path: Utf8PathBuf,
        /// Why it could not.
        #[source]
        source: io::Error,
    },
    /// All is in its place, and either the system does not say that it will stay there, or the record of the change cannot be removed.
    #[error(
        "the sources are vendored, but the change is not over: `{path}` refused its last step: {source}\nhelp: see that the disk has room \
         and that this path may be written, then run the command again, which finishes it"
    )]
    Unfinished {
        /// What was to be brought to the disk, or removed.
        path: Utf8PathBuf,
        /// Why it could not.
        #[source]
        source: io::Error,
    },
    /// A package could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Something is there that no run would make: a link in the place of our own files, or a special file among the sources.
    #[error("`{path}` is a link or a special file, and no run made it\nhelp: remove it, then run the command again")]
    Special {
        /// What.
        path: Utf8PathBuf,
    },
    /// The name cannot be that of an entry of the folder.
    #[error("{name:?} cannot be the name of a vendored package's folder\nhelp: see who named the package so")]
    Name { name: String },
    /// Something that no run wrote is in the place of a vendored package.
    #[error(
        "{} would be written over, and no run of `vendor` wrote {}; nothing was changed\nhelp: move {} out of `{folder}`, or vendor into \
         another folder: cargo sequester vendor {elsewhere}",
        named(folder, names),
        if names.len() == 1 { "it" } else { "them" },
        if names.len() == 1 { "it" } else { "them" }
    )]
    InTheWay {
        /// The vendor folder.
        folder: String,
        /// The entries.
        names: Vec<String>,
        /// Another folder for the same form, as the command line takes it.
        elsewhere: &'static str,
    },
    /// Something in the folder lies on another file system, or in another place of this one.
    #[error(
        "`{path}` is mounted from elsewhere, and writing the folder anew would empty it; nothing was changed\nhelp: unmount it for the run, or \
         vendor into another folder: cargo sequester vendor third-party/vendor"
    )]
    Mount {
        /// The mount point.
        path: Utf8PathBuf,
    },
    /// The plan names a package that nobody wrote.
    #[error("`{name}` was to be written, and was not\nhelp: this is a mistake in cargo-sequester; please report it")]
    NotStaged {
        /// The package's folder.
        name: String,
    },
    /// Someone else wrote to the configuration during this run.
    #[error("`{path}` was changed while this run was at work\nhelp: run the command again")]
    ConfigChanged {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The journal is not one of ours.
    #[error(
        "`{path}` is not the journal of an interrupted run: {reason}; nothing was changed\nhelp: see how it came here; if a run was interrupted, \
         restore the vendor folder and `.cargo/config.toml` from version control; then remove it: rm '{path}'"
    )]
    Journal {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        reason: JournalFault,
    },
    /// An interrupted run can be neither finished nor taken back, because what it had prepared is gone.
    #[error(
        "a run was interrupted, and `{path}`, which it had prepared, is gone\nhelp: restore the vendor folder and `.cargo/config.toml` from version \
         control, remove `{journal}`, then run `cargo sequester vendor` again"
    )]
    Lost {
        /// What is gone.
        path: Utf8PathBuf,
        journal: Utf8PathBuf,
    },
}

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// It has no such shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("its version is {0}")]
    Version(u32),
    /// It names something that no run of ours would.
    #[error("{0:?} is not a name that a run writes there")]
    Name(String),
    /// No run of this machine on this project wrote it.
    #[error("no run on this machine, in this folder, wrote it")]
    Foreign,
    /// It is larger than any journal.
    #[error("it is too large")]
    TooLarge,
}

/// Why a path cannot be the vendor folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    /// It is not below the workspace.
    #[error("it is not below the workspace")]
    Outside,
    /// A component of it is a link.
    #[error("it is, or is reached through, a symbolic link")]
    Link,
    /// It, or a folder above it, is a file.
    #[error("it is not a folder, or not below one")]
    NotAFolder,
    /// It is a folder of cargo's, of git's or of ours, or the workspace's own sources.
    #[error("it belongs to the workspace, to cargo, to git or to the audit trail")]
    Taken,
    /// There are other things in it than vendored sources.
    #[error("it holds `{}`, which no run of `vendor` wrote", .0.escape_debug())]
    Occupied(String),
    /// A package of the workspace lies in it.
    #[error("`{}` is a package of the workspace, which cargo would take for a vendored one", .0.escape_debug())]
    Own(String),
    /// It has a manifest, so it is a package.
    #[error("it has a `Cargo.toml`, so it is a package")]
    Package,
}

/// The most that are named.
const NAMED: usize = 20;

fn named(folder: &str, names: &[String]) -> String {
    let mut paths: Vec<String> =
        names.iter().take(NAMED).map(|name| format!("`{folder}/{}`", name.escape_debug())).collect();
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        paths.push(format!("and {more} more"));
    }
    paths.join(", ")
}

impl VendorDirError {
    pub(super) fn io(path: &Utf8Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
