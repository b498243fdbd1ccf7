//! Which releases that are not approved may stay where they are: what is locked may stay, only changes must be approved.
//!
//! Nothing of them is written, so one that nobody can replace today blocks neither another crate's fix nor a removal.

use std::collections::BTreeMap;

use crate::model::allow_list::{AllowList, AllowedId};
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Evaluation, Judgement};
use crate::model::facts::Facts;
use crate::model::locked::Locked;
use crate::model::package::{LockedChecksum, Package};
use crate::model::plan::KeptPlace;
use crate::model::vendored::VendoredTree;
use crate::model::verdict::ReasonCode;

/// What the commit that is checked out has.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// What its lock file names, with checksums.
    pub locked: Locked,
    /// Its allow-list.
    pub allowed: AllowList,
}

impl Before {
    /// From a lock file's packages and an allow-list.
    #[must_use]
    pub fn of(packages: &[Package], allowed: AllowList) -> Self {
        Self { locked: Locked::of(packages), allowed }
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
    if !may_stay(package, judgement, &before.locked) {
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

/// Whether a package that is not approved may stay in the lock file: exactly these bytes were locked before, and nothing says that they do
/// harm or are others.
#[must_use]
pub fn may_stay(package: &Package, judgement: &Judgement, before: &Locked) -> bool {
    let forbids =
        |code| matches!(code, ReasonCode::Malicious | ReasonCode::ChecksumMismatch | ReasonCode::ChecksumMissing);
    let reasons = judgement.reasons();
    reasons.is_some_and(|reasons| !reasons.iter().any(|reason| forbids(reason.code()))) && before.has(package)
}

const fn checksum(package: &Package) -> Option<Checksum> {
    match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    }
}
