//! What a lock file has, and what of another one is the same.

use std::collections::BTreeSet;

use super::checksum::Checksum;
use super::package::{LockedChecksum, Package, PackageId};

/// The packages of a lock file by all that tells one from every other: name, version, source and checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locked(BTreeSet<(PackageId, Option<Checksum>)>);

impl Locked {
    /// Those of these packages.
    #[must_use]
    pub fn of(packages: &[Package]) -> Self {
        Self(packages.iter().filter_map(identity).collect())
    }

    /// Whether exactly this package is among them.
    #[must_use]
    pub fn has(&self, package: &Package) -> bool {
        identity(package).is_some_and(|identity| self.0.contains(&identity))
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = &PackageId> {
        self.0.iter().map(|(id, _)| id)
    }
}

impl FromIterator<(PackageId, Option<Checksum>)> for Locked {
    fn from_iter<I: IntoIterator<Item = (PackageId, Option<Checksum>)>>(packages: I) -> Self {
        Self(packages.into_iter().collect())
    }
}

/// `None` where the checksum is no digest: two such texts cannot be told apart, and neither is a reason to look away.
fn identity(package: &Package) -> Option<(PackageId, Option<Checksum>)> {
    match package.checksum {
        LockedChecksum::Known(checksum) => Some((package.id.clone(), Some(checksum))),
        LockedChecksum::Missing => Some((package.id.clone(), None)),
        LockedChecksum::Malformed(_) => None,
    }
}
