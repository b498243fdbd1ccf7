//! What a run of `vendor` did.

use camino::Utf8PathBuf;

use super::checksum::Checksum;
use super::package::PackageId;

/// A whole run that came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendoring {
    /// The folder, relative to the workspace's root.
    pub folder: String,
    /// Whether it is a local registry.
    pub local_registry: bool,
    /// Every package in it that the plan wants, by directory.
    pub packages: Vec<VendoredPackage>,
    /// Entries that were removed because nothing locked needs them any more.
    pub removed: Vec<String>,
    /// Entries that are not locked and were kept on request.
    pub kept: Vec<String>,
    /// Entries that this program did not write. They were left as they are.
    pub foreign: Vec<String>,
    /// What was altered in the folder since it was written, and is as it must be again.
    pub healed: Vec<Healed>,
    /// Entries of cargo's download cache that held other bytes than their names say.
    pub poisoned: Vec<Poisoned>,
    /// Files of archives that a person may want to know of, each with its package.
    pub remarks: Vec<(PackageId, String)>,
    /// How many archives were downloaded.
    pub downloaded: usize,
    /// How many bytes that took.
    pub bytes: u64,
    /// What became of cargo's configuration.
    pub config: ConfigOutcome,
    /// Whether an interrupted run was finished or taken back first.
    pub recovered: bool,
    /// What the run before replaced and could not remove.
    pub left_over: Option<String>,
}

/// One vendored package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendoredPackage {
    /// The package.
    pub id: PackageId,
    /// Its folder, or its file in a local registry.
    pub directory: String,
    /// The `.crate` file's digest; `None` for a git dependency.
    pub checksum: Option<Checksum>,
    /// The tree's digest.
    pub tree: Checksum,
    /// Whether a stub takes its place.
    pub stub: bool,
    /// What happened to it.
    pub change: PackageChange,
    /// Whether it is approved. One that is not stays as the commit has it, and nothing of it was written.
    pub approved: bool,
}

/// An entry of the folder in which something was altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healed {
    /// The entry.
    pub directory: String,
    /// The package, where the entry is one package's.
    pub id: Option<PackageId>,
    /// The files, by path.
    pub files: Vec<AlteredFile>,
}

/// A file that was not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlteredFile {
    /// Below the entry, with `/` between the components; empty for the entry itself.
    pub path: String,
    /// What was done to it.
    pub how: Alteration,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alteration {
    /// It has other bytes.
    Changed,
    /// It does not belong there.
    Added,
    /// It is gone.
    Removed,
    /// A link or a special file is in its place.
    NotAFile,
}

impl Alteration {
    /// As reports and events write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::NotAFile => "not-a-file",
        }
    }
}

/// What happened to a package's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageChange {
    /// It was there, every file of it as it must be.
    Kept,
    /// There was nothing of this name.
    New,
    /// Something else was there.
    Rewritten,
}

/// An entry of cargo's download cache with other bytes than its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poisoned {
    /// The release that it is named for.
    pub id: PackageId,
    /// The file.
    pub path: Utf8PathBuf,
    /// What the lock file says.
    pub expected: Checksum,
    /// What it hashes to; `None` for one that is too large to be read.
    pub found: Option<Checksum>,
    /// Whether the right bytes have taken its place.
    pub replaced: bool,
}

/// What became of `.cargo/config.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigOutcome {
    /// It says now what it should.
    Written,
    /// It said so already.
    Unchanged,
    /// It was left alone on request; this is what it should say.
    Printed(String),
}

/// A package that cannot be vendored although it is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unvendorable {
    /// The package.
    pub id: PackageId,
    /// A word for programs.
    pub code: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Whether its bytes were seen and refused; otherwise they could not be had.
    pub refused: bool,
}

impl Vendoring {
    /// Releases that are not approved and stay.
    pub fn unapproved(&self) -> impl Iterator<Item = &VendoredPackage> {
        self.packages.iter().filter(|package| !package.approved)
    }

    /// How many packages had this happen to them.
    #[must_use]
    pub fn count(&self, change: PackageChange) -> usize {
        self.packages.iter().filter(|package| package.change == change).count()
    }
}
