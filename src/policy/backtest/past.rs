//! The world as a release of the past met it, and what became of the release there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::advisory::{Advisory, AdvisoryDb};
use crate::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use crate::model::finding::Inspections;
use crate::model::license::Licenses;
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, Package};
use crate::model::verdict::{Basis, Reason, ReasonCode, Reasons, Verdict};

/// The world as far as a release of the past needs it: no trail, no clocks, nothing of today's project but the names that it locks.
pub(super) fn world(packages: &[Package], index: BTreeMap<CrateId, IndexFact>, advisories: AdvisoryFact) -> Facts {
    Facts {
        surroundings: Surroundings::default(),
        packages: packages.to_vec(),
        index,
        advisories,
        registry_clock: None,
        refused_mirrors: Vec::new(),
        base: None,
        old_lock: OldLock::Unknown,
        trail: TrailFact::default(),
        publications: BTreeMap::new(),
        licenses: Licenses::default(),
        inspections: Inspections::default(),
        lock: LockFact::NotChecked,
        notices: Vec::new(),
    }
}

/// The packages of registries without their edges: a name is all that a release of the past is held against.
pub(super) fn names_alone(packages: &[Package]) -> Vec<Package> {
    let of_registries = packages.iter().filter(|package| package.id.crate_id().is_some());
    of_registries.map(|package| Package { dependencies: Vec::new(), local: None, ..package.clone() }).collect()
}

/// A database of these advisories, confirmed at a moment.
pub(super) fn advisories<'a>(about: impl IntoIterator<Item = &'a Advisory>, now: Timestamp) -> AdvisoryFact {
    let mut by_crate: BTreeMap<Arc<str>, Vec<Advisory>> = BTreeMap::new();
    for advisory in about {
        by_crate.entry(Arc::clone(&advisory.crate_name)).or_default().push(advisory.clone());
    }
    AdvisoryFact::Read(AdvisoryDb {
        source: String::new(),
        copy: None,
        commit: None,
        committed: Some(now),
        newest: None,
        confirmed: Some(now),
        rolled_back_from: None,
        forgotten: Vec::new(),
        total: by_crate.len(),
        by_crate,
        unreadable: Vec::new(),
    })
}

/// What became of a release.
pub(super) enum Course {
    Approved {
        at: Timestamp,
        basis: Basis,
        /// What had held it until then.
        held_by: Vec<ReasonCode>,
    },
    /// It was not approved before the end.
    Held(Reasons),
}

/// Judges a release at first, and then whenever time has lifted what stands against it or something else changes, until it is approved or
/// the end has come.
pub(super) fn course(
    first: Timestamp,
    end: Timestamp,
    mut judged: impl FnMut(Timestamp) -> (Verdict, Option<Timestamp>),
) -> Course {
    let mut at = first;
    let mut held_by = Vec::new();
    loop {
        let (verdict, change) = judged(at);
        let reasons = match verdict {
            Verdict::Approved(basis) => return Course::Approved { at, basis, held_by },
            Verdict::Local => return Course::Approved { at, basis: Basis::Aged, held_by },
            Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => reasons,
        };
        let next = reasons.eligible_at().into_iter().chain(change).filter(|next| *next > at).min();
        let Some(next) = next.filter(|next| *next < end) else { return Course::Held(reasons) };
        let last = reasons.iter().filter(|reason| reason.eligible_at() == reasons.eligible_at());
        (at, held_by) = (next, codes(last));
    }
}

/// Each kind once, in order.
pub(super) fn codes<'r>(reasons: impl Iterator<Item = &'r Reason>) -> Vec<ReasonCode> {
    reasons.map(Reason::code).collect::<BTreeSet<_>>().into_iter().collect()
}
