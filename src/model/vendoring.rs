//! What a run of `vendor` is to write, decided before anything is downloaded, and what it did.

use camino::Utf8PathBuf;
use cargo_platform::Cfg;

use super::checksum::Checksum;
use super::license::Licenses;
use super::package::PackageId;

/// Every package to vendor, each with a folder of its own, by the folder's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendorPlan {
    pub packages: Vec<PlannedPackage>,
}

/// One package to vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPackage {
    /// Its position in the lock file.
    pub position: usize,
    /// The package.
    pub id: PackageId,
    /// The name of its folder.
    pub directory: String,
    /// What it is made from.
    pub from: PlannedFrom,
    /// Whether a stub takes its place, because no wanted platform builds it.
    pub stub: bool,
    /// For a release that is not approved and stays as it is: its tree's digest. Nothing of it is ever written.
    pub kept: Option<Checksum>,
}

/// Where a release that is not approved lies, and stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPlace {
    /// The folder's name.
    pub directory: String,
    /// The digest of the tree in it, which is the one that is recorded.
    pub tree: Checksum,
    /// Whether it is a stub.
    pub stub: bool,
}

/// What a vendored package is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedFrom {
    /// The `.crate` file with this digest, which lock file and index agree on.
    Crate(Checksum),
    /// A commit of a git repository, by way of cargo itself.
    Git,
}

/// A platform to vendor for.
#[derive(Clone, Debug)]
pub struct TargetPlatform {
    pub triple: String,
    /// What `rustc --print cfg` says of it.
    pub cfgs: Vec<Cfg>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// Not everything is approved, so nothing is vendored.
    #[error("{}\nhelp: see what holds them: cargo sequester audit", not_approved(.0))]
    NotApproved(Vec<PackageId>),
    /// One name and version of two sources.
    #[error(
        "`{one}` and `{other}` have one name and version: cargo would take either for both from one vendor folder\nhelp: lock another version of one \
         of them: cargo update -p {other} --precise VERSION"
    )]
    SameRelease { one: Box<PackageId>, other: Box<PackageId> },
    /// Two folders that some systems take for one.
    #[error(
        "the folders `{one}` and `{other}` are one on systems that do not tell upper case from lower case\nhelp: use --versioned-dirs, or lock another \
         version of one of them"
    )]
    SameDirectory { one: String, other: String },
}

fn not_approved(ids: &[PackageId]) -> String {
    match ids {
        [] => String::from("it could not be decided whether everything is approved, so nothing is vendored"),
        [one] => format!("`{one}` is not approved, so nothing is vendored"),
        [one, rest @ ..] => format!("`{one}` and {} more are not approved, so nothing is vendored", rest.len()),
    }
}

/// A whole run that came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vendoring {
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
    /// What the archives that were looked into state of their licences.
    pub licenses: Licenses,
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
pub(crate) struct VendoredPackage {
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
pub(crate) struct Healed {
    /// The entry.
    pub directory: String,
    /// The package, where the entry is one package's.
    pub id: Option<PackageId>,
    /// The files, by path.
    pub files: Vec<AlteredFile>,
}

/// A file that was not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AlteredFile {
    /// Below the entry, with `/` between the components; empty for the entry itself.
    pub path: String,
    /// What was done to it.
    pub how: Alteration,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alteration {
    /// It has other bytes.
    Changed,
    /// It does not belong there.
    Added,
    /// It is gone.
    Removed,
    /// A link or a special file is in its place.
    NotAFile,
}

names!(Alteration {
    Changed => "changed",
    Added => "added",
    Removed => "removed",
    NotAFile => "not-a-file",
});

/// What happened to a package's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PackageChange {
    /// It was there, every file of it as it must be.
    Kept,
    /// There was nothing of this name.
    New,
    /// Something else was there.
    Rewritten,
}

names!(PackageChange { Kept => "kept", New => "new", Rewritten => "rewritten" });

/// An entry of cargo's download cache with other bytes than its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Poisoned {
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
pub(crate) enum ConfigOutcome {
    /// It says now what it should.
    Written,
    /// It said so already.
    Unchanged,
    /// It was left alone on request; this is what it should say.
    Printed(String),
}

/// A package that cannot be vendored although it is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unvendorable {
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
    pub(crate) fn unapproved(&self) -> impl Iterator<Item = &VendoredPackage> {
        self.packages.iter().filter(|package| !package.approved)
    }

    /// How many packages had this happen to them.
    #[must_use]
    pub(crate) fn count(&self, change: PackageChange) -> usize {
        self.packages.iter().filter(|package| package.change == change).count()
    }
}
