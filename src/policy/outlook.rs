//! The way out for a package that is not approved: releases that could take its place.

use semver::{Version, VersionReq};

use super::advisory;
use super::graph::{self, Graph, same_line};
use super::judge::Judge;
use crate::model::advisory::AdvisoryKind;
use crate::model::evaluation::{Fix, FixStanding};
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::verdict::{ReasonCode, Reasons, Verdict};

/// The newest release that every requirement in this graph accepts and the policy approves. For a malicious one only older releases
/// are named: what its publisher put out afterwards is no way out.
#[must_use]
pub fn newest_approved(judge: &Judge<'_>, graph: &Graph, package: usize, reasons: &Reasons) -> Option<Version> {
    let locked = judge.facts.packages.get(package)?;
    let crate_id = locked.id.crate_id()?;
    let history = judge.history(&crate_id)?;
    let requirements = graph::requirements(judge.facts, graph, package);
    let older_only = reasons.iter().any(|reason| reason.code() == ReasonCode::Malicious);
    let mut candidates: Vec<&Outline> = history
        .outlines()
        .filter(|one| !one.yanked && one.version != locked.id.version && accepts(&requirements, &one.version))
        .filter(|one| !older_only || one.version < locked.id.version)
        .collect();
    candidates.sort_by(|one, other| other.version.cmp(&one.version));
    candidates
        .into_iter()
        .find(|one| matches!(judge.verdict(&crate_id, history, one), Verdict::Approved(_)))
        .map(|one| one.version.clone())
}

/// Whether every requirement accepts a version. A pre-release is only ever taken when one of them names it, as in cargo.
fn accepts(requirements: &[VersionReq], version: &Version) -> bool {
    requirements.iter().all(|req| req.matches(version)) && (version.pre.is_empty() || !requirements.is_empty())
}

/// For each vulnerability or other advisory that hits a locked release: the lowest compatible release after it that is not hit, and
/// what the policy makes of that release. The lowest, because patched ranges are open-ended and a later release proves nothing.
#[must_use]
pub fn fixes(judge: &Judge<'_>, crate_id: &CrateId, locked: &Version) -> Vec<Fix> {
    let Some(history) = judge.history(crate_id) else { return Vec::new() };
    let mut all = Vec::new();
    for hit in advisory::hits(&judge.facts.advisories, crate_id, locked) {
        if hit.kind == AdvisoryKind::Malicious {
            continue;
        }
        let lowest = history
            .outlines()
            .filter(|one| !one.yanked && one.version > *locked && same_line(&one.version, locked))
            .filter(|one| one.version.pre.is_empty() || !locked.pre.is_empty())
            .filter(|one| !hit.versions.is_vulnerable(&one.version))
            .min_by(|one, other| one.version.cmp(&other.version));
        let Some(lowest) = lowest else { continue };
        let standing = match judge.verdict(crate_id, history, lowest) {
            Verdict::Approved(basis) => FixStanding::Approved(basis),
            Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => FixStanding::Held(reasons),
            Verdict::Local => continue,
        };
        all.push(Fix { advisory: hit.id.clone(), version: lowest.version.clone(), standing });
    }
    all
}
