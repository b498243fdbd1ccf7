//! The facts that a server has: no workspace, no trail but what was seen, and as much of the index as somebody asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::entries::{Entries, Entry, Known};
use super::team::State;
use crate::model::approval::Approvals;
use crate::model::evaluation::IndexGap;
use crate::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use crate::model::finding::Inspections;
use crate::model::license::Licenses;
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, Package};
use crate::model::policy::Policy;
use crate::model::recorded::Recorded;

/// What the index says of these crates. One whose registry is not here, or cannot be had, is a fact too.
pub(super) async fn facts_of(entries: &Arc<Entries>, crates: BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
    let asked: Vec<_> = crates
        .into_iter()
        .map(|crate_id| {
            let entries = Arc::clone(entries);
            tokio::spawn(async move {
                let fact = match entries.name_of(&crate_id).map(str::to_owned) {
                    None => IndexFact::Unavailable(IndexGap::NotNamed),
                    Some(registry) => match entries.get(&registry, &crate_id.name).await {
                        Ok(Known::Entry(entry)) => fact_of(&entry),
                        Ok(Known::Absent) => IndexFact::Gone,
                        Err(away) => IndexFact::Unavailable(IndexGap::Failed(away.cause)),
                    },
                };
                (crate_id, fact)
            })
        })
        .collect();
    let mut facts = BTreeMap::new();
    for asked in asked {
        if let Ok((crate_id, fact)) = asked.await {
            facts.insert(crate_id, fact);
        }
    }
    facts
}

/// What an entry says of its crate.
pub(super) fn fact_of(entry: &Entry) -> IndexFact {
    entry.history.clone().map_or(IndexFact::Gone, IndexFact::Read)
}

/// Facts without a workspace.
pub(super) fn facts(
    packages: Vec<Package>,
    old_lock: OldLock,
    index: BTreeMap<CrateId, IndexFact>,
    advisories: AdvisoryFact,
    recorded: Recorded,
) -> Facts {
    Facts {
        surroundings: Surroundings::default(),
        packages,
        index,
        publications: BTreeMap::new(),
        advisories,
        registry_clock: None,
        refused_mirrors: Vec::new(),
        base: None,
        old_lock,
        trail: TrailFact { recorded, ..TrailFact::default() },
        licenses: Licenses::default(),
        // A server looks into no archive; it is no stricter for what it keeps.
        inspections: Inspections::default(),
        lock: LockFact::NotChecked,
        notices: Vec::new(),
    }
}

/// Rules under which nothing counts that ended by now, whatever the moment is that is judged by.
pub(super) fn rules_today(state: &State, now: Timestamp) -> (Policy, Approvals) {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let mut policy = state.rules.policy.clone();
    policy.advisories.ignore.retain(|ignore| ignore.until >= today);
    let mut approvals = state.rules.approvals.clone();
    approvals.retain(|approval| approval.until.is_none_or(|until| until >= today));
    (policy, approvals)
}
