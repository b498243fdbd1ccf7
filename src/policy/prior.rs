//! What the lock file had before young releases came into it: the ground that a security fix must stand on.
//!
//! A fix may bring no crate that the lock file does not have. But once it is locked, so is whatever it brought, and the question would
//! answer itself. So a base, where there is one, is asked instead; otherwise a young release's dependencies count only where an older
//! release of the same line had them too.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use semver::Version;

use super::graph::serves;
use super::judge::Judge;
use super::{advisory, publish_age};
use crate::model::advisory::AdvisoryKind;
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Pubtime, Release, Requirement};
use crate::model::package::{CrateId, PackageId};
use crate::model::source::Registry;

/// The crates and releases that do not owe their place in the lock file to a young release. Worked out when first asked: most runs
/// never do.
pub(super) struct Prior<'j, 'a> {
    judge: &'j Judge<'a>,
    crates: OnceCell<BTreeSet<CrateId>>,
    releases: OnceCell<BTreeSet<(CrateId, Version)>>,
}

impl<'j, 'a> Prior<'j, 'a> {
    pub(super) const fn new(judge: &'j Judge<'a>) -> Self {
        Self { judge, crates: OnceCell::new(), releases: OnceCell::new() }
    }

    /// Whether the audit trail has a release, or the base, or where there is no base, the lock file.
    pub(super) fn has_release(&self, crate_id: &CrateId, version: &Version) -> bool {
        let releases = self.releases.get_or_init(|| {
            let facts = self.judge.facts;
            let all: Box<dyn Iterator<Item = _>> = match &facts.base {
                Some(base) => Box::new(base.ids()),
                None => Box::new(facts.packages.iter().map(|package| &package.id)),
            };
            all.filter_map(|id| Some((id.crate_id()?, id.version.clone()))).collect()
        });
        releases.contains(&(crate_id.clone(), version.clone()))
            || self.judge.facts.trail.recorded.release(crate_id, version).is_some()
    }

    /// Whether every crate that a release is built with is one that the lock file had, or that the release before it has too.
    pub(super) fn has_all_that(&self, crate_id: &CrateId, history: &History, release: &Release) -> bool {
        let had = self.crates.get_or_init(|| self.crates_had());
        let before = OnceCell::new();
        built(release).all(|dependency| {
            target(crate_id, dependency).is_some_and(|id| {
                let known =
                    || before.get_or_init(|| self.dependencies_before(crate_id, history, &release.outline.version));
                had.contains(&id) || known().contains(&id)
            })
        })
    }

    fn crates_had(&self) -> BTreeSet<CrateId> {
        let judge = self.judge;
        if let Some(base) = &judge.facts.base {
            return base.ids().filter_map(PackageId::crate_id).collect();
        }
        let packages = &judge.facts.packages;
        let mut seen = vec![false; packages.len()];
        let mut open: Vec<usize> = judge.graph.roots(packages);
        let mut had = BTreeSet::new();
        while let Some(at) = open.pop() {
            let Some(package) = packages.get(at) else { continue };
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let crate_id = package.id.crate_id();
            let kept = crate_id.as_ref().and_then(|id| self.kept_edges(id, &package.id.version));
            had.extend(crate_id);
            open.extend(package.dependencies.iter().copied().filter(|next| {
                let id = packages.get(*next).and_then(|next| next.id.crate_id());
                kept.as_ref().is_none_or(|kept| id.is_some_and(|id| kept.contains(&id)))
            }));
        }
        had
    }

    /// The crates among a young release's dependencies that it does not bring; `None` for an old one, of which all count.
    fn kept_edges(&self, crate_id: &CrateId, version: &Version) -> Option<BTreeSet<CrateId>> {
        let Some(history) = self.judge.history(crate_id) else { return Some(BTreeSet::new()) };
        let release = history.release(version).ok().flatten();
        if release.is_some_and(|release| is_aged(self.judge, crate_id, &release.outline)) {
            return None;
        }
        Some(self.dependencies_before(crate_id, history, version))
    }

    /// What the newest old-enough release before this one, on its line, is built with. A malicious one vouches for nothing.
    fn dependencies_before(&self, crate_id: &CrateId, history: &History, version: &Version) -> BTreeSet<CrateId> {
        let is_malicious = |version: &Version| {
            advisory::hits(&self.judge.facts.advisories, crate_id, version)
                .any(|advisory| advisory.kind == AdvisoryKind::Malicious)
        };
        let before = history
            .outlines()
            .filter(|older| serves(&older.version, version) && is_aged(self.judge, crate_id, older))
            .filter(|older| !is_malicious(&older.version))
            .max_by(|one, other| one.version.cmp(&other.version))
            .and_then(|older| history.release(&older.version).ok().flatten());
        before.iter().flat_map(built).filter_map(|dependency| target(crate_id, dependency)).collect()
    }
}

/// Whether a release has the usual age of its crate.
pub(super) fn is_aged(judge: &Judge<'_>, crate_id: &CrateId, release: &Outline) -> bool {
    let minimum = publish_age::minimum(judge.policy, crate_id).value;
    matches!(release.pubtime, Pubtime::Known(published) if publish_age::is_reached(minimum, published, judge.now))
}

/// The dependencies that a build can reach.
pub(super) fn built(release: &Release) -> impl Iterator<Item = &Requirement> {
    release.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Dev)
}

/// The crate that a dependency asks for; `None` where its registry's address cannot be read.
pub(super) fn target(dependent: &CrateId, dependency: &Requirement) -> Option<CrateId> {
    let registry = match &dependency.registry {
        None => dependent.registry.clone(),
        Some(url) => Registry::parse(url).ok()?,
    };
    Some(CrateId { registry, name: dependency.name.clone() })
}
