//! Which releases that are not approved may stay where they are vendored: what is locked may stay, only changes must be approved.
//!
//! Nothing of them is written, so one that nobody can replace today blocks neither another crate's fix nor a removal.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::allow_list::{AllowList, AllowedId};
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Evaluation, Judgement};
use crate::model::facts::Facts;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::plan::KeptPlace;
use crate::model::vendored::VendoredTree;
use crate::model::verdict::ReasonCode;

/// What the commit that is checked out has.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// What its lock file names, with checksums.
    pub locked: BTreeSet<(PackageId, Option<Checksum>)>,
    /// Its allow-list.
    pub allowed: AllowList,
}

impl Before {
    /// From a lock file's packages and an allow-list.
    #[must_use]
    pub fn of(packages: &[Package], allowed: AllowList) -> Self {
        Self { locked: packages.iter().filter_map(identity).collect(), allowed }
    }
}

/// Where each package that is not approved stays, by its position in the lock file; `None` where one of them may not, or where it could
/// not be decided.
#[must_use]
pub fn kept(
    facts: &Facts,
    evaluation: &Evaluation,
    found: &VendoredTree,
    before: &Before,
) -> Option<BTreeMap<usize, KeptPlace>> {
    if !(evaluation.blockers.is_empty() && evaluation.truncated.is_empty()) {
        return None;
    }
    let packages = facts.packages.iter().zip(&evaluation.judgements).enumerate();
    let held = packages.filter(|(_, (_, judgement))| !judgement.passes());
    held.map(|(at, (package, judgement))| Some((at, place(package, judgement, found, before)?))).collect()
}

fn place(package: &Package, judgement: &Judgement, found: &VendoredTree, before: &Before) -> Option<KeptPlace> {
    if !may_stay(judgement) || !before.locked.contains(&identity(package)?) {
        return None;
    }
    let id = AllowedId::of(&package.id)?;
    let release = before.allowed.releases.get(&id)?;
    if release.checksum != checksum(package) {
        return None;
    }
    let directory = found.directories.iter().find(|directory| {
        let is_its_own = directory
            .manifest
            .known()
            .is_some_and(|(name, version)| *name == package.id.name && *version == package.id.version);
        is_its_own && directory.whole().is_some_and(|listed| listed.tree_digest() == release.tree)
    })?;
    Some(KeptPlace { directory: directory.name.clone(), tree: release.tree, stub: release.stub })
}

/// Not where the release is known to be harmful, or where nobody can say which bytes it has.
fn may_stay(judgement: &Judgement) -> bool {
    let forbids =
        |code| matches!(code, ReasonCode::Malicious | ReasonCode::ChecksumMismatch | ReasonCode::ChecksumMissing);
    judgement.reasons().is_some_and(|reasons| !reasons.iter().any(|reason| forbids(reason.code())))
}

fn identity(package: &Package) -> Option<(PackageId, Option<Checksum>)> {
    match package.checksum {
        LockedChecksum::Malformed(_) => None,
        LockedChecksum::Known(_) | LockedChecksum::Missing => Some((package.id.clone(), checksum(package))),
    }
}

const fn checksum(package: &Package) -> Option<Checksum> {
    match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    }
}
