//! What this machine found when it unpacked archives: which tree each of them has. A tree that is there already and still has these
//! digests need not be derived again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::allow_list::AllowedId;
use super::checksum::Checksum;
use super::plan::{PlannedFrom, PlannedPackage, VendorPlan};

/// The notes of one machine, for all projects. They are no part of a repository: a change cannot write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedTrees {
    /// The release of this program that derived them: another one may lay trees out otherwise.
    tool: String,
    trees: BTreeMap<String, DerivedTree>,
}

/// One tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedTree {
    /// The digest of the index line that the manifest was compared with; `None` for a git dependency.
    pub line: Option<Checksum>,
    /// The tree's digest.
    pub tree: Checksum,
}

impl Default for DerivedTrees {
    fn default() -> Self {
        Self { tool: env!("CARGO_PKG_VERSION").to_owned(), trees: BTreeMap::new() }
    }
}

impl DerivedTrees {
    /// Reads what [`Self::to_json`] wrote; nothing is known where the text is another program's.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        serde_json::from_slice(text).ok().filter(|read: &Self| read.tool == Self::default().tool).unwrap_or_default()
    }

    /// As it is kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is known of a package.
    #[must_use]
    pub fn get(&self, package: &PlannedPackage) -> Option<DerivedTree> {
        self.trees.get(&key(package)?).copied()
    }

    /// Notes what was derived, by position in the lock file; `true` where any of it is new.
    pub fn note_all(&mut self, plan: &VendorPlan, derived: &BTreeMap<usize, DerivedTree>) -> bool {
        let known = plan.packages.iter().filter_map(|package| Some((package, derived.get(&package.position)?)));
        // Every one, also behind the first that is new.
        known.filter(|(package, tree)| self.note(package, **tree)).count() > 0
    }

    fn note(&mut self, package: &PlannedPackage, tree: DerivedTree) -> bool {
        let Some(key) = key(package) else { return false };
        self.trees.insert(key, tree) != Some(tree)
    }
}

/// The package, what it is made from, and whether it is a stub: all that decides about its tree.
fn key(package: &PlannedPackage) -> Option<String> {
    let id = AllowedId::of(&package.id)?;
    let kind = if package.stub { "stub" } else { "tree" };
    Some(match package.from {
        PlannedFrom::Crate(checksum) => format!("{id} {checksum} {kind}"),
        // The commit is part of the id.
        PlannedFrom::Git => format!("{id} {kind}"),
    })
}
