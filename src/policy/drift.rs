//! In what the policy differs from what the audit trail last saw of it.

use std::collections::BTreeSet;

use crate::model::approval::Approval;
use crate::model::policy::{Ignore, Policy};
use crate::model::trail::{Kind, PolicyChange, ReleaseRecord, Trail};

use super::loosened::loosened;

/// What became of the policy since the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Nothing that the trail does not have.
    None,
    /// It says something else, and lets nothing more through.
    Changed,
    /// It lets more through.
    Loosened(Vec<PolicyChange>),
}

/// Compares the policy as it is with the one that the trail has: its last `rules`, and the approvals and ignores that events recorded.
/// `recorded` is what those rules say, `None` where they cannot be read any more.
#[must_use]
pub fn drift(trail: &Trail, recorded: Option<Policy>, now: (&Policy, &[Approval]), rules: &str) -> Drift {
    let Some(before) = trail.latest_rules() else { return Drift::None };
    let Some(mut policy) = recorded else {
        let change = PolicyChange { before: None, key: "sequester.toml".to_owned(), now: None };
        return if before == rules { Drift::None } else { Drift::Loosened(vec![change]) };
    };
    let exempted = Exempted::of(trail);
    policy.advisories.ignore = exempted.ignores;
    let changes: Vec<_> = loosened((&policy, &exempted.approvals), now)
        .into_iter()
        .map(|loosening| PolicyChange { before: loosening.base, key: loosening.key, now: loosening.head })
        .filter(|change| !exempted.told.contains(&(change.key.as_str(), change.now.as_deref())))
        .collect();
    match (changes.is_empty(), before == rules) {
        (false, _) => Drift::Loosened(changes),
        (true, false) => Drift::Changed,
        (true, true) => Drift::None,
    }
}

/// The approvals and ignores that the trail knows of.
#[derive(Default)]
struct Exempted<'a> {
    approvals: Vec<Approval>,
    ignores: Vec<Ignore>,
    /// Entries that an event told of, without their checksums.
    told: BTreeSet<(&'a str, Option<&'a str>)>,
}

impl<'a> Exempted<'a> {
    fn of(trail: &'a Trail) -> Self {
        let mut exempted = Self::default();
        for (_, event) in trail.newest_first().into_iter().rev() {
            let entries = event
                .loosened
                .iter()
                .filter(|change| change.key.starts_with("approval ") || change.key.starts_with("advisories.ignore "));
            exempted.told.extend(entries.map(|change| (change.key.as_str(), change.now.as_deref())));
            for record in &event.releases {
                match event.kind {
                    Kind::Revoked | Kind::PolicyChanged => exempted.take_back(record),
                    Kind::Init | Kind::Approved | Kind::Vendored | Kind::Updated | Kind::PolicyLoosened => {
                        exempted.add(record);
                    }
                }
            }
        }
        exempted
    }

    fn add(&mut self, record: &ReleaseRecord) {
        let Some(given) = &record.approval else { return };
        if let (Some(checksum), false) = (record.checksum, given.lifts.is_empty()) {
            self.approvals.push(Approval {
                crate_name: record.crate_id.name.clone().into(),
                registry: record.crate_id.registry.clone(),
                version: record.version.clone(),
                checksum,
                lifts: given.lifts.clone(),
                reason: String::new(),
                by: None,
                at: None,
                until: given.until,
                line: 0,
            });
        }
        let Some(until) = given.until else { return };
        self.ignores.extend(given.ignores.iter().map(|id| Ignore {
            id: id.as_str().into(),
            crate_name: Some(record.crate_id.name.clone().into()),
            reason: String::new(),
            until,
            line: 0,
        }));
    }

    fn take_back(&mut self, record: &ReleaseRecord) {
        let name = &record.crate_id.name;
        match &record.approval {
            Some(taken) if !taken.ignores.is_empty() => {
                self.ignores.retain(|ignore| {
                    !ignore.crate_name.as_ref().is_some_and(|one| one.names(name))
                        || !taken.ignores.iter().any(|id| **id == *ignore.id)
                });
                for id in &taken.ignores {
                    self.told.retain(|(key, _)| *key != format!("advisories.ignore {id}"));
                }
            }
            Some(_) | None => {
                self.approvals.retain(|one| !one.crate_name.names(name) || one.version != record.version);
                self.told.retain(|(key, _)| *key != format!("approval {name}@{}", record.version));
            }
        }
    }
}
