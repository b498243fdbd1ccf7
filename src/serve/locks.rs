//! The lock files that a team's CI has posted: what is locked may stay, and what they lack may be mended early.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::gather::lock_file::{self, LockFileError};
use crate::model::checksum::Checksum;
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};

/// The largest list of posted lock files, in bytes.
pub(super) const LARGEST_HEAD: u64 = 16 << 20;

/// Which lock files count, as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocksHead {
    /// By the project's name.
    pub(crate) projects: BTreeMap<String, PostedHead>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostedHead {
    /// Of the lock file's text, under which it lies.
    pub(crate) digest: Checksum,
    pub(crate) at: Timestamp,
    /// The name of the token that it came with.
    pub(crate) by: Option<String>,
    /// The packages of it that it keeps nobody from being refused: they were not approved when they came, and an earlier one did not
    /// have them. As in a lock file: name, version, checksum.
    pub(crate) refused: BTreeSet<(String, Version, Checksum)>,
}

/// A posted lock file.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) head: PostedHead,
    pub(crate) packages: Vec<Package>,
}

/// All of a team.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    pub(crate) projects: BTreeMap<String, Arc<Posted>>,
    /// Every package of theirs once, for what asks only for names and versions.
    pub(crate) packages: Vec<Package>,
    /// What may stay: by crate and version, the bytes.
    baseline: BTreeMap<CrateId, BTreeMap<Version, BTreeSet<Checksum>>>,
}

impl Locks {
    pub(crate) fn of(projects: BTreeMap<String, Arc<Posted>>) -> Self {
        let mut locks = Self::default();
        let mut ids: BTreeSet<PackageId> = BTreeSet::new();
        for posted in projects.values() {
            for package in &posted.packages {
                if ids.insert(package.id.clone()) {
                    // Positions in another list would mean nothing.
                    locks.packages.push(Package { dependencies: Vec::new(), ..package.clone() });
                }
                let (Some(crate_id), LockedChecksum::Known(checksum)) = (package.id.crate_id(), &package.checksum)
                else {
                    continue;
                };
                if !posted.head.refuses(&package.id, *checksum) {
                    let versions = locks.baseline.entry(crate_id).or_default();
                    versions.entry(package.id.version.clone()).or_default().insert(*checksum);
                }
            }
        }
        locks.projects = projects;
        locks
    }

    /// Whether a release with these bytes is locked, and may stay.
    pub(crate) fn keep(&self, crate_id: &CrateId, version: &Version, checksum: Checksum) -> bool {
        let versions = self.baseline.get(crate_id);
        versions.and_then(|versions| versions.get(version)).is_some_and(|digests| digests.contains(&checksum))
    }
}

impl PostedHead {
    pub(crate) fn refuses(&self, id: &PackageId, checksum: Checksum) -> bool {
        !self.refused.is_empty() && self.refused.contains(&(id.to_string(), id.version.clone(), checksum))
    }
}

/// The releases of a lock file that the last one of the project did not have, or that it was refused. With no last one there is nothing that
/// they could be held against, and what is locked may stay.
pub(crate) fn new_in(packages: &[Package], last: Option<&Posted>) -> Vec<(PackageId, Checksum)> {
    let Some(last) = last else { return Vec::new() };
    let had: BTreeSet<(&PackageId, Checksum)> =
        registry_packages(&last.packages).filter(|(id, checksum)| !last.head.refuses(id, *checksum)).collect();
    let new = registry_packages(packages).filter(|one| !had.contains(one));
    new.map(|(id, checksum)| (id.clone(), checksum)).collect()
}

/// Those that come from a registry and have a checksum.
pub(crate) fn registry_packages(packages: &[Package]) -> impl Iterator<Item = (&PackageId, Checksum)> {
    packages.iter().filter_map(|package| match &package.checksum {
        LockedChecksum::Known(checksum) if package.id.crate_id().is_some() => Some((&package.id, *checksum)),
        LockedChecksum::Known(_) | LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    })
}

/// Reads a lock file that was posted.
pub(crate) fn packages_of(text: &[u8]) -> Result<Vec<Package>, LockFileError> {
    lock_file::parse(text, "Cargo.lock".into()).map(|lock| lock.packages)
}
