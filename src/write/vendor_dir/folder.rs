//! A project's vendor folder while a run has it to itself.

use camino::{Utf8Path, Utf8PathBuf};

use super::error::VendorDirError;
use super::faults::Faults;
use super::journal::Record;
use super::lock::{Lock, Opening};
use super::swap::{Recovered, recover, sweep};
use super::target::Target;
use super::{config, tree};
use crate::write::cargo_config::ConfigFile;

/// A project's vendor folder (or local registry), held against other runs until this value is dropped.
#[derive(Debug)]
pub struct VendorDir {
    pub(super) target: Target,
    recovered: Option<Recovered>,
    pub(super) record: Record,
    pub(super) faults: Faults,
    lock: Lock,
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
        let recovered = recover(target.root(), &record, &opening.faults)?;
        sweep(&target)?;
        // Another run may have put something in its place while this one waited.
        target.check()?;
        Ok(Self { target, recovered, record, faults: opening.faults, lock })
    }

    /// Lets the next run in.
    ///
    /// # Errors
    /// The lock's file stays. It keeps nobody out, and the next run removes it.
    pub fn close(self) -> Result<(), VendorDirError> {
        self.lock.give_back()
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

    pub(super) fn step(&self, path: &Utf8Path) -> Result<(), VendorDirError> {
        self.faults.step().map_err(|source| VendorDirError::io(path, source))
    }

    /// Whether there is an entry of this name.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        tree::is_there(&self.join(name))
    }

    pub(super) fn join(&self, name: &str) -> Utf8PathBuf {
        self.target.path().join(name)
    }
}
