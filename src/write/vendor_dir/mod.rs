//! The vendor folder on disk, which is at any moment the old one or the new one, together with cargo's configuration.
//!
//! A new tree is built beside the old one. When all of it is on the disk, a journal is written, and from then on the change is
//! decided: a run that is killed is finished by the next one. The trees are exchanged in one step where the file system can do
//! that, and crate by crate where not.

mod config;
mod error;
mod faults;
mod journal;
mod link;
mod lock;
mod ownership;
mod record;
mod recover;
mod remains;
mod stage;
mod swap;
mod system;
mod target;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::run::Listener;
use crate::write::cargo_config::ConfigFile;

pub use error::{TargetFault, VendorDirError};
pub use faults::Faults;
pub use lock::Holder;
pub use ownership::Known;
pub use recover::{Interrupted, Recovered, interrupted};
pub use remains::Remains;
pub use stage::{Applied, Changes, Stage};

use lock::Lock;
use record::Record;
use target::Target;

/// A project's vendor folder (or local registry), held against other runs until this value is dropped.
#[derive(Debug)]
pub struct VendorDir {
    target: Target,
    recovered: Option<Recovered>,
    record: Record,
    faults: Faults,
    _lock: Lock,
}

/// Who opens the folder, and how long they wait for their turn.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The command, as the message of another run shows it.
    pub command: &'a str,
    /// How long to wait for another run to end.
    pub wait: Duration,
    /// Who is told of it.
    pub listener: &'a Listener,
    /// A folder outside every project, in which runs note their journals: a journal without such a note is not followed.
    pub records: &'a Utf8Path,
    /// Where this run is to break off, in tests.
    pub faults: Faults,
}

impl VendorDir {
    /// Takes the lock of the project at `root`, finishes or takes back what a killed run left, and holds `target`, a folder below
    /// the root that need not exist. Relative paths are taken from the root.
    ///
    /// # Errors
    /// The target is no place for vendored sources, another run holds the lock, or what a killed run left cannot be finished.
    pub fn open(root: &Utf8Path, target: &Utf8Path, opening: Opening<'_>) -> Result<Self, VendorDirError> {
        let target = Target::of(root, target)?;
        let lock = Lock::take(target.root(), &opening)?;
        let record = Record::of(target.root(), opening.records);
        let recovered = recover::recover(target.root(), &record, &opening.faults)?;
        recover::sweep(&target)?;
        // Another run may have put something in its place while this one waited.
        target.check()?;
        Ok(Self { target, recovered, record, faults: opening.faults, _lock: lock })
    }

    /// What became of a run that was killed, where there was one.
    #[must_use]
    pub const fn recovered(&self) -> Option<Recovered> {
        self.recovered
    }

    /// The folder's absolute path.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        self.target.path()
    }

    /// The folder as `.cargo/config.toml` names it: relative to the root, with `/` between the components.
    #[must_use]
    pub fn relative(&self) -> &str {
        self.target.relative()
    }

    /// Replaces the configuration alone, where the tree is as wanted. The file is not touched where its bytes are.
    ///
    /// # Errors
    /// The file was changed since it was read, or cannot be written. It is as it was.
    pub fn publish_config(&self, file: &ConfigFile, bytes: &[u8]) -> Result<bool, VendorDirError> {
        let Some(staged) = config::stage(self.target.root(), file, bytes, &self.faults)? else { return Ok(false) };
        let put = self.step(file.path()).and_then(|()| config::put(self.target.root(), &staged));
        if put.is_err() {
            config::discard(self.target.root(), &staged.id)?;
        }
        put.map(|()| true)
    }

    fn step(&self, path: &Utf8Path) -> Result<(), VendorDirError> {
        self.faults.step().map_err(|source| VendorDirError::io(path, source))
    }

    /// Whether there is an entry of this name.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        link::is_there(&self.join(name))
    }

    fn join(&self, name: &str) -> Utf8PathBuf {
        self.target.path().join(name)
    }
}
