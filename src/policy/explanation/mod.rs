//! Explains one release: the decision on it, what decided each part of it, and everything that is known around it.

mod deciders;
mod known;
mod releases;
mod ways;

use jiff::Timestamp;
use semver::Version;

use super::judge::Judge;
use super::outlook::Candidates;
use super::publish_age;
use crate::model::approval::Approvals;
use crate::model::evaluation::{Blocker, Evaluation, Judgement};
use crate::model::explanation::{Asked, Explanation, Records};
use crate::model::facts::Facts;
use crate::model::index_line::Outline;
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::policy::Policy;
use crate::model::source::Source;
use crate::model::verdict::Verdict;

pub use releases::releases;

/// What a decision was made from.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The world as it was read.
    pub facts: &'a Facts,
    /// What a release must be.
    pub policy: &'a Policy,
    /// What persons exempted.
    pub approvals: &'a Approvals,
    /// The decision.
    pub evaluation: &'a Evaluation,
}

impl<'a> Decided<'a> {
    fn judge(&self) -> Judge<'a> {
        let now: Timestamp = self.evaluation.now;
        Judge::new(self.facts, self.policy, self.approvals, now)
    }
}

/// Explains a release; `None` for one that neither the lock file nor the index has.
#[must_use]
pub fn explain(decided: &Decided<'_>, asked: &Asked, records: &Records) -> Option<Explanation> {
    let judge = decided.judge();
    let (package, locked, judgement) = match asked {
        Asked::Locked(position) => {
            let package = decided.facts.packages.get(*position)?.clone();
            (package, Some(*position), decided.evaluation.judgements.get(*position)?.clone())
        }
        Asked::Unlocked(crate_id, version) => {
            let (package, judgement) = judge_unlocked(&judge, crate_id, version)?;
            (package, None, judgement)
        }
    };
    let crate_id = package.id.crate_id();
    let timeline = crate_id.as_ref().map(|id| releases::timeline(&judge, id, &package.id.version)).unwrap_or_default();
    let keys = records.keys.as_ref();
    Some(Explanation {
        locked,
        reasons: judgement
            .reasons()
            .into_iter()
            .flatten()
            .map(|one| deciders::of_reason(&package.id, one, keys))
            .collect(),
        warnings: judgement.warnings.iter().map(|one| deciders::of_warning(&judge, &package.id, one, keys)).collect(),
        basis: match &judgement.verdict {
            Some(Verdict::Approved(basis)) => Some(deciders::of_basis(&judge, crate_id.as_ref(), basis, keys)),
            None | Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) => None,
        },
        minimum: crate_id.as_ref().map(|id| publish_age::minimum(decided.policy, id)),
        timeline,
        checksums: known::checksums(&judge, &package, locked.is_some(), records),
        advisories: crate_id
            .as_ref()
            .map(|id| known::advisories(&judge, id, &package.id.version, keys))
            .unwrap_or_default(),
        paths: locked.map(|position| ways::paths(&judge, position)).unwrap_or_default(),
        dependents: locked.map(|position| ways::dependents(&judge, position)).unwrap_or_default(),
        trail: crate_id.map(|id| known::entries(&records.trail, &id, &package.id.version)).unwrap_or_default(),
        package,
        judgement,
    })
}

/// The blockers that stand in the way of deciding about these packages: those of the run as a whole, and theirs.
#[must_use]
pub fn blockers_about(decided: &Decided<'_>, is_meant: impl Fn(&PackageId) -> bool) -> Vec<Blocker> {
    let about = |blocker: &&Blocker| match blocker {
        Blocker::IndexUnavailable { package, .. } => is_meant(package),
        Blocker::WorkspaceUnread { .. }
        | Blocker::AdvisoriesUnavailable { .. }
        | Blocker::AdvisoriesStale { .. }
        | Blocker::AdvisoriesRolledBack { .. }
        | Blocker::MirrorNotAllowed { .. }
        | Blocker::ClockSkew { .. }
        | Blocker::LockOutdated(_)
        | Blocker::LockRefused { .. }
        | Blocker::LockUnproven { .. }
        | Blocker::TrailBroken(_)
        | Blocker::Trail(_) => true,
    };
    decided.evaluation.blockers.iter().filter(about).cloned().collect()
}

/// A release of the index, as if the lock file took exactly its bytes.
fn judge_unlocked(judge: &Judge<'_>, crate_id: &CrateId, version: &Version) -> Option<(Package, Judgement)> {
    let history = judge.history(crate_id)?;
    let release = history.outlines().find(|release| same_version(version, release))?;
    let id = PackageId {
        name: crate_id.name.clone(),
        version: release.version.clone(),
        source: Source::Registry(crate_id.registry.clone()),
    };
    let findings = judge.evidence().findings(crate_id, history, release);
    let verdict = judge.verdict(crate_id, history, release);
    let fixes = if findings.advisories.is_empty() {
        Vec::new()
    } else {
        Candidates::new(judge).fixes(crate_id, &release.version)
    };
    let judgement = Judgement {
        id: id.clone(),
        verdict: Some(verdict),
        warnings: findings.warnings,
        advisories: findings.advisories,
        pubtime: release.pubtime.known(),
        yanked: Some(release.yanked),
        path: Vec::new(),
        newest_approved: None,
        if_edited: None,
        fixes,
    };
    let checksum = LockedChecksum::Known(release.checksum);
    Some((Package { id, checksum, dependencies: Vec::new(), local: None }, judgement))
}

/// As cargo has it: build metadata counts only where it is given.
fn same_version(wanted: &Version, release: &Outline) -> bool {
    if wanted.build.is_empty() { wanted.cmp_precedence(&release.version).is_eq() } else { *wanted == release.version }
}
