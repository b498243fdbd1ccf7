//! What the audit trail says of the run as a whole: whether it can be believed, and whether registry and clock are still those it saw.

use std::collections::BTreeMap;

use rayon::prelude::*;
use semver::Version;

use super::judge::Judge;
use super::recorded;
use crate::model::evaluation::{Blocker, Notice};
use crate::model::facts::IndexFact;
use crate::model::package::CrateId;
use crate::model::trail::finding::TrailFinding;

/// Everything that stands in the way of the run, and everything else that is worth knowing.
#[must_use]
pub fn found(judge: &Judge<'_>) -> (Vec<Blocker>, Vec<Notice>) {
    let trail = &judge.facts.trail;
    let (mut blockers, mut notices) = (Vec::new(), Vec::new());
    for problem in trail.problems.iter().cloned() {
        if problem.kind.hides_an_event() {
            blockers.push(Blocker::TrailBroken(problem));
        } else {
            notices.push(Notice::TrailDisordered(problem));
        }
    }
    let clock = trail.machine_clock.and_then(|machine| recorded::clock(&trail.recorded, machine));
    for finding in clock.into_iter().chain(of_crates(judge)) {
        if finding.blocks() {
            blockers.push(Blocker::Trail(finding));
        } else {
            notices.push(Notice::Trail(finding));
        }
    }
    (blockers, notices)
}

fn of_crates(judge: &Judge<'_>) -> Vec<TrailFinding> {
    let known = &judge.facts.trail.recorded;
    if known.crates.is_empty() {
        return Vec::new();
    }
    let mut locked: BTreeMap<CrateId, Vec<&Version>> = BTreeMap::new();
    for package in &judge.facts.packages {
        if let Some(crate_id) = package.id.crate_id() {
            locked.entry(crate_id).or_default().push(&package.id.version);
        }
    }
    let crates: Vec<_> = judge.facts.index.iter().filter(|(id, _)| known.crates.contains_key(id)).collect();
    crates
        .into_par_iter()
        .flat_map_iter(|(id, fact)| match fact {
            IndexFact::Read(history) => {
                recorded::findings(known, id, history, locked.get(id).map_or(&[], Vec::as_slice))
            }
            IndexFact::Gone => recorded::gone(known, id),
            IndexFact::Unavailable(_) => Vec::new(),
        })
        .collect()
}
