//! The ground of the decision: what was locked before it, by the old lock file, the base or the audit trail. It says for which releases a
//! security fix can be needed, and which others would do.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Comparator, Op, Version, VersionReq};

use super::graph::{asked_for, asks_of, same_line, serves};
use crate::model::advisory::Advisory;
use crate::model::facts::{Facts, OldLock};
use crate::model::package::{CrateId, Package};
use crate::model::verdict::LockedBy;

/// The ground of the decision, read for the security fixes. What the change under judgement writes is no part of it, unless the
/// judged lock file is all there is.
#[derive(Debug)]
pub(crate) struct Ground<'a> {
    facts: &'a Facts,
    packages: &'a [Package],
    place: LockedBy,
    by_crate: BTreeMap<CrateId, Vec<usize>>,
}

/// Why a fix is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// This locked release is hit, and the fix can take its place.
    InPlaceOf(Version, LockedBy),
    /// It is locked itself.
    Locked,
    /// Its crate is not locked.
    NotLocked,
}

impl<'a> Ground<'a> {
    /// Reads it; `None` where nobody said what was locked before.
    #[must_use]
    pub(crate) fn new(facts: &'a Facts) -> Option<Self> {
        let (packages, place) = match &facts.old_lock {
            OldLock::Unknown => return None,
            OldLock::Judged => (&facts.packages, LockedBy::LockFile),
            OldLock::Base(packages) => (packages, LockedBy::Base),
            OldLock::Replaced(packages) => (packages, LockedBy::ReplacedLockFile),
        };
        let mut by_crate: BTreeMap<CrateId, Vec<usize>> = BTreeMap::new();
        for (position, package) in packages.iter().enumerate() {
            if let Some(crate_id) = package.id.crate_id() {
                by_crate.entry(crate_id).or_default().push(position);
            }
        }
        Some(Self { facts, packages, place, by_crate })
    }

    /// The crates of registries that are locked.
    pub(crate) fn crates(&self) -> impl Iterator<Item = &CrateId> {
        self.by_crate.keys()
    }

    /// The locked packages of a crate.
    pub(crate) fn locked(&self, crate_id: &CrateId) -> impl Iterator<Item = (usize, &'a Package)> {
        let positions = self.by_crate.get(crate_id).into_iter().flatten();
        positions.filter_map(|position| Some((*position, self.packages.get(*position)?)))
    }

    /// Whether any release of a crate is locked.
    #[must_use]
    pub(crate) fn has(&self, crate_id: &CrateId) -> bool {
        self.by_crate.contains_key(crate_id)
    }

    /// The locked packages that depend on one of these.
    pub(crate) fn dependents(&self, positions: &BTreeSet<usize>) -> impl Iterator<Item = &'a Package> {
        self.packages.iter().filter(|package| package.dependencies.iter().any(|one| positions.contains(one)))
    }

    /// Why the release of an advisory's fix is wanted; `None` where it is not. What the audit trail calls in use counts as locked.
    #[must_use]
    pub(crate) fn wants(&self, crate_id: &CrateId, fix: &Version, advisory: &Advisory) -> Option<Wanted> {
        let hit = |locked: &Version| advisory.versions.is_vulnerable(locked) && serves(locked, fix);
        let locked = || self.locked(crate_id).map(|(_, package)| &package.id.version);
        if let Some(version) = locked().filter(|version| hit(version)).max() {
            return Some(Wanted::InPlaceOf(version.clone(), self.place));
        }
        if locked().any(|version| version == fix) {
            return Some(Wanted::Locked);
        }
        let recorded = self.facts.trail.recorded.crates.get(crate_id).into_iter().flat_map(|one| &one.releases);
        let in_use = recorded.filter(|(_, release)| release.used && !release.left).map(|(version, _)| version);
        if let Some(version) = in_use.filter(|version| hit(version)).max() {
            return Some(Wanted::InPlaceOf(version.clone(), LockedBy::Trail));
        }
        (!self.has(crate_id)).then_some(Wanted::NotLocked)
    }

    /// Every requirement on the locked releases of a crate that are on the compatibility line of a version, as far as it is known.
    #[must_use]
    pub(crate) fn requirements(&self, crate_id: &CrateId, line: &Version) -> Requirements {
        let on_line = |package: &Package| same_line(&package.id.version, line);
        let targets: BTreeMap<usize, &Version> = self
            .locked(crate_id)
            .filter(|(_, package)| on_line(package))
            .map(|(position, package)| (position, &package.id.version))
            .collect();
        let mut reqs = Vec::new();
        for dependent in self.dependents(&targets.keys().copied().collect()) {
            let taken = || dependent.dependencies.iter().filter_map(|position| targets.get(position));
            let asks = asks_of(self.facts, dependent).unwrap_or_default();
            let about = asks.into_iter().filter(|ask| asked_for(dependent, ask).as_ref() == Some(crate_id));
            reqs.extend(about.map(|ask| ask.req).filter(|req| taken().any(|version| req.matches(version))));
        }
        let named = targets.into_values().chain([line]).filter(|version| !version.pre.is_empty());
        Requirements { reqs, pre_releases: named.cloned().collect() }
    }
}

/// The requirements on a crate, all at once.
#[derive(Clone, Debug)]
pub(crate) struct Requirements {
    reqs: Vec<VersionReq>,
    /// Pre-releases that are in question although it may not be known who asks for them.
    pre_releases: Vec<Version>,
}

impl Requirements {
    /// Whether all of them accept a version, their lower bounds left aside: raising a bound to the fix must not make it look as if
    /// nothing older would have done. A pre-release is accepted where one of its number is asked for or locked, or is the fix.
    #[must_use]
    pub(crate) fn accept(&self, version: &Version) -> bool {
        let comparators = || self.reqs.iter().flat_map(|req| &req.comparators);
        let is_named = |major, minor, patch, pre: &semver::Prerelease| {
            !pre.is_empty() && (major, minor, patch) == (version.major, Some(version.minor), Some(version.patch))
        };
        let names_pre_release = || {
            comparators().any(|one| is_named(one.major, one.minor, one.patch, &one.pre))
                || self.pre_releases.iter().any(|one| is_named(one.major, Some(one.minor), Some(one.patch), &one.pre))
        };
        (version.pre.is_empty() || names_pre_release()) && comparators().all(|one| is_before_the_end(one, version))
    }
}

/// Whether a version lies before the upper end of a comparator, where it has one.
fn is_before_the_end(comparator: &Comparator, version: &Version) -> bool {
    let &Comparator { op, major, minor, patch, ref pre } = comparator;
    if matches!(op, Op::Greater | Op::GreaterEq) {
        return true;
    }
    if let (Op::Less | Op::LessEq | Op::Exact, Some(minor), Some(patch)) = (op, minor, patch) {
        let end = Version { pre: pre.clone(), ..Version::new(major, minor, patch) };
        let order = version.cmp_precedence(&end);
        return if op == Op::Less { order.is_lt() } else { order.is_le() };
    }
    // The first number behind the end; `None` where none can be written.
    let end = match (op, major, minor, patch) {
        (Op::Less, major, minor, _) => Some((major, minor.unwrap_or(0), 0)),
        (Op::Caret, 0, Some(0), Some(patch)) => patch.checked_add(1).map(|patch| (0, 0, patch)),
        (Op::Caret, 0, Some(minor), _) => minor.checked_add(1).map(|minor| (0, minor, 0)),
        (Op::Caret, major, ..) | (_, major, None, _) => major.checked_add(1).map(|major| (major, 0, 0)),
        (_, major, Some(minor), _) => minor.checked_add(1).map(|minor| (major, minor, 0)),
    };
    end.is_none_or(|end| (version.major, version.minor, version.patch) < end)
}

#[cfg(test)]
mod tests {
    use semver::{Comparator, Op, Prerelease, Version, VersionReq};

    use super::is_before_the_end;

    /// Cargo's own reading of requirements is the witness: what lies before the end is what is not above everything that matches.
    #[test]
    fn the_end_of_a_comparator_is_where_nothing_above_it_matches() {
        let numbers =
            || (0..5).flat_map(|major| (0..5).flat_map(move |minor| (0..5).map(move |patch| (major, minor, patch))));
        let versions: Vec<Version> = numbers().map(|(major, minor, patch)| Version::new(major, minor, patch)).collect();
        let some = [None, Some(0), Some(1), Some(2)];
        for op in [Op::Exact, Op::Less, Op::LessEq, Op::Tilde, Op::Caret, Op::Wildcard] {
            for major in 0..3 {
                for (minor, patch) in some.iter().flat_map(|minor| some.iter().map(move |patch| (*minor, *patch))) {
                    let is_writable = minor.is_some() || patch.is_none();
                    if !is_writable || (op == Op::Wildcard && patch.is_some()) {
                        continue;
                    }
                    let comparator = Comparator { op, major, minor, patch, pre: Prerelease::EMPTY };
                    let req = VersionReq { comparators: vec![comparator.clone()] };
                    let last = versions.iter().rev().find(|version| req.matches(version));
                    for version in &versions {
                        let expected = last.is_some_and(|last| version <= last);
                        assert_eq!(is_before_the_end(&comparator, version), expected, "{req} {version}");
                    }
                }
            }
        }
    }
}
