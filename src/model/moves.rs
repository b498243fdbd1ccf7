//! What a resolution made of a lock file.

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::evaluation::Fix;
use super::package::PackageId;
use super::source::Source;
use super::verdict::Basis;
use super::visibility::{Hidden, HiddenBecause};

/// One package that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The package's name.
    pub name: Arc<str>,
    /// Its source, after the change where there is one.
    pub source: Source,
    /// The release before; `None` for an added package.
    pub from: Option<Version>,
    /// The release after; `None` for a removed package.
    pub to: Option<Version>,
    /// When the release after was published, when known.
    pub pubtime: Option<Timestamp>,
    /// What the release after is approved for; `None` where it is local or not approved.
    pub basis: Option<Basis>,
    /// Whether the caller asked for it, by naming the package or by asking for everything.
    pub asked: bool,
}

impl Change {
    /// The package after the change; `None` for a removed one.
    #[must_use]
    pub fn after(&self) -> Option<PackageId> {
        let version = self.to.clone()?;
        Some(PackageId { name: Arc::clone(&self.name), version, source: self.source.clone() })
    }
}

/// A locked release that stays where it is although it is not approved, or although it is yanked: nothing approved can take its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The locked package.
    pub package: PackageId,
    /// What stands against it.
    pub because: HiddenBecause,
}

/// A newer release that every requirement would take and the policy does not approve yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The locked package.
    pub package: PackageId,
    /// The newest such release.
    pub candidate: Hidden,
}

/// A locked package that an advisory hits, and a fix of it that may not be used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFix {
    /// The locked package.
    pub package: PackageId,
    /// The fix and why it is held.
    pub fix: Fix,
}
