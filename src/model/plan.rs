//! What `vendor` will write: decided before anything is downloaded.

use cargo_platform::Cfg;

use super::checksum::Checksum;
use super::package::PackageId;

/// Every package to vendor, each with a folder of its own, by the folder's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendorPlan {
    /// The packages.
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
    /// Its triple.
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
    SameRelease {
        /// The one.
        one: Box<PackageId>,
        /// The other.
        other: Box<PackageId>,
    },
    /// Two folders that some systems take for one.
    #[error(
        "the folders `{one}` and `{other}` are one on systems that do not tell upper case from lower case\nhelp: use --versioned-dirs, or lock another \
         version of one of them"
    )]
    SameDirectory {
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
}

fn not_approved(ids: &[PackageId]) -> String {
    match ids {
        [] => String::from("it could not be decided whether everything is approved, so nothing is vendored"),
        [one] => format!("`{one}` is not approved, so nothing is vendored"),
        [one, rest @ ..] => format!("`{one}` and {} more are not approved, so nothing is vendored", rest.len()),
    }
}
