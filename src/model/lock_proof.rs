//! Whether a lock file answers the manifests: what cargo with `--locked` would say of it, and why.

use std::sync::Arc;

use camino::Utf8PathBuf;
use semver::Version;

use super::manifest::{DependencySource, ManifestProblem, Unfollowed};
use super::package::PackageId;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Cargo would build exactly what is locked.
    Answered,
    /// Cargo would lock something else, or refuses; never empty.
    Broken(Vec<Discord>),
    /// It cannot be told from here; never empty.
    Unproven(Vec<Unproven>),
}

/// What a run found out about the lock file that it judges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LockFact {
    /// Nobody looked: the lock file is judged alone, or a cargo has just written it.
    #[default]
    NotChecked,
    /// Cargo would build exactly what is locked.
    Answered,
    /// The same as far as it can be seen: what these git packages ask is not at hand, and taken from the lock file.
    Unseen(Vec<PackageId>),
    /// Cargo would lock something else, or refuses; never empty.
    Broken(Vec<Discord>),
    /// Cargo was asked, and refuses, in these words.
    Refused(String),
    /// It could not be told.
    Unproven {
        /// Why not from here; nothing where packages' own reasons say it.
        why: Vec<Unproven>,
        /// Why cargo could not tell either, where it was asked.
        cause: Option<String>,
    },
}

impl LockFact {
    /// The answer's name, as JSON has it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotChecked => "not-checked",
            Self::Answered | Self::Unseen(_) => "answered",
            Self::Broken(_) | Self::Refused(_) => "not-answered",
            Self::Unproven { .. } => "undecided",
        }
    }
}

/// One thing in which manifests and lock file disagree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discord {
    /// The lock file does not have a package of the workspace.
    NotLocked { name: Arc<str>, version: Version, manifest: Utf8PathBuf },
    /// Nothing that a package is locked with satisfies what it asks.
    Unanswered {
        /// Who asks.
        by: PackageId,
        /// For which package.
        name: Arc<str>,
        /// Which versions; `None` for every one.
        req: Option<String>,
        /// From where.
        from: DependencySource,
        /// Packages of that name in the lock file, in the order of their versions: each does not satisfy, comes from elsewhere, or is
        /// not locked for `by`.
        instead: Vec<PackageId>,
    },
    /// A package is locked with a dependency that nothing asks for.
    Unasked {
        /// The package.
        by: PackageId,
        /// What it is locked with.
        on: PackageId,
    },
    /// No requirement leads to a package.
    Unreached(PackageId),
    /// A package has no source, and no manifest has it.
    Unexplained(PackageId),
    /// A feature is asked for that the package does not have, or that includes itself.
    NoFeature {
        /// Who asks; the package itself where its own features do.
        by: PackageId,
        /// Of whom.
        of: PackageId,
        feature: String,
    },
    /// Two packages of one name stand on one compatibility line of one source.
    SameLine {
        /// One.
        one: PackageId,
        other: PackageId,
    },
    /// Two packages link the same native library.
    SameLinks {
        /// The library.
        links: String,
        /// One.
        one: PackageId,
        other: PackageId,
    },
    /// A package depends on itself.
    Circle(PackageId),
    /// The lock file does not have what a `[patch]` puts in.
    PatchNotLocked {
        /// The package that the `[patch]` names.
        name: Arc<str>,
        /// Where it takes it from.
        from: DependencySource,
        /// The file that says so.
        path: Utf8PathBuf,
    },
    /// The lock file records an unused `[patch]` that there is not, or that is used.
    PatchLeftOver(PackageId),
    /// The lock file is of a later format than 1, and has checksums where format 1 has them: cargo drops all of its checksums.
    ChecksumsDropped,
}

impl Discord {
    /// The package of the lock file that it is about first.
    #[must_use]
    pub const fn package(&self) -> Option<&PackageId> {
        match self {
            Self::NotLocked { .. } | Self::PatchNotLocked { .. } | Self::ChecksumsDropped => None,
            Self::Unanswered { by: id, .. }
            | Self::Unasked { by: id, .. }
            | Self::Unreached(id)
            | Self::Unexplained(id)
            | Self::NoFeature { by: id, .. }
            | Self::SameLine { one: id, .. }
            | Self::SameLinks { one: id, .. }
            | Self::Circle(id)
            | Self::PatchLeftOver(id) => Some(id),
        }
    }
}

/// Why nothing can be told from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// Something that only cargo follows.
    Unfollowed(Unfollowed),
    /// A manifest that a requirement leads to could not be read.
    Unread {
        /// Its file.
        path: Utf8PathBuf,
        /// Why.
        problem: ManifestProblem,
    },
    /// Two manifests give the same name and version.
    TwoManifests {
        /// The name and version.
        name: Arc<str>,
        /// One.
        one: Utf8PathBuf,
        other: Utf8PathBuf,
    },
    /// Nobody knows what a package asks: its index line could not be had, or is of no use.
    NoLine(PackageId),
    /// Nobody knows what a package asks: its manifest lies in a repository.
    NoManifest(PackageId),
    /// A feature of a package turns on what the package does not have.
    OddFeature {
        /// The package.
        of: PackageId,
        feature: String,
    },
    /// A `[patch]` that cargo refuses or reads in a way that is not followed.
    OddPatch {
        /// The package that it names.
        name: Arc<str>,
        /// The file that says so.
        path: Utf8PathBuf,
    },
}
