//! Gets the `.crate` files of locked releases: from cargo's download cache, or from their registries.
//!
//! Every file is hashed in this run, whatever it came from, and only one whose digest is the locked one is handed on. Cargo's folder
//! of unpacked sources is never read. Nothing is written here: who receives a file may put it into the cache.

mod address;
mod cache;
mod error;
mod pipeline;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

pub use self::address::download_address;
pub use self::error::{CrateFailure, CrateFault};

use crate::gather::index::{IndexMode, RegistryAccess, RegistryConfig};
use crate::model::checksum::{Checksum, Hashed};
use crate::model::package::PackageId;
use crate::model::source::Registry;

/// The most bytes that a `.crate` file may have. Neither index nor registry tell the size; crates.io takes 10 MiB, and a few hundred
/// by agreement.
pub const LARGEST_CRATE: u64 = 512 << 20;

/// A file that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedCrate<'a> {
    /// The release.
    pub id: &'a PackageId,
    /// What the lock file and the index both say of its bytes.
    pub checksum: Checksum,
}

/// Where the files are to be had.
#[derive(Clone, Copy, Debug)]
pub struct CratePlaces<'a> {
    /// `$CARGO_HOME`.
    pub cargo_home: &'a Utf8Path,
    /// Whom to ask for each registry; a registry that is absent is asked directly.
    pub access: &'a BTreeMap<Registry, RegistryAccess>,
    /// The registries' `config.json`.
    pub configs: &'a BTreeMap<Registry, RegistryConfig>,
    /// Whether anybody may be asked.
    pub mode: IndexMode<'a>,
}

/// A file with the locked digest.
#[derive(Debug)]
pub struct CrateFile {
    /// Its bytes.
    pub bytes: Hashed,
    /// For a file that was downloaded: where cargo's cache would have it.
    pub downloaded_for: Option<Utf8PathBuf>,
}

/// An entry of cargo's download cache that does not hold what its name says. It was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoisonedEntry {
    /// The release that it is named for.
    pub id: PackageId,
    /// The file.
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

/// Gets every file and hands each on, with its position in `wanted`, from a worker thread and in any order. No more than a bounded
/// number of bytes waits for the workers at any time.
#[must_use]
pub fn take(
    wanted: &[WantedCrate<'_>],
    places: &CratePlaces<'_>,
    deliver: &(dyn Fn(usize, CrateFile) + Sync),
    progress: &mut dyn FnMut(CratesProgress),
) -> CratesTaken {
    pipeline::run(wanted, places, deliver, progress)
}
