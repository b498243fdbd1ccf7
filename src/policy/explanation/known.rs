//! What is recorded of a release in several places: its checksum, its advisories, its events.

use semver::Version;

use super::super::judge::Judge;
use super::super::{advisory, approval};
use super::deciders::{self, Keys};
use crate::model::allow_list::AllowedId;
use crate::model::checksum::Checksum;
use crate::model::explanation::{AdvisoryEffect, AdvisoryView, Agreement, ChecksumRecord, Place, Records, TrailEntry};
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::model::trail::Trail;
use crate::model::verdict::Warning;

/// What every place says of the release's bytes. A place that a project does not have is left out, one that is silent is not.
pub(super) fn checksums(judge: &Judge<'_>, package: &Package, locked: bool, records: &Records) -> Vec<ChecksumRecord> {
    let Some(crate_id) = package.id.crate_id() else { return Vec::new() };
    let version = &package.id.version;
    let text = |checksum: Checksum| Box::from(checksum.to_string());
    let mut said: Vec<(Place, Option<Box<str>>)> = Vec::new();
    let history = judge.history(&crate_id);
    said.push((Place::Index, history.and_then(|history| history.outline(version).ok()?).map(|one| text(one.checksum))));
    if locked {
        let checksum = match &package.checksum {
            LockedChecksum::Known(checksum) => Some(text(*checksum)),
            LockedChecksum::Missing => None,
            LockedChecksum::Malformed(found) => Some(found.clone()),
        };
        said.push((Place::LockFile, checksum));
    }
    let recorded = judge.facts.trail.recorded.release(&crate_id, version);
    if !records.trail.events.is_empty() {
        said.push((Place::Trail, recorded.and_then(|recorded| recorded.checksum).map(text)));
    }
    if let (Some(list), Some(id)) = (&records.allow_list, AllowedId::of(&package.id)) {
        said.push((Place::AllowList, list.releases.get(&id).and_then(|allowed| allowed.checksum).map(text)));
    }
    let approvals = approval::names(judge.approvals, &crate_id, version);
    said.extend(approvals.map(|approval| (Place::Approval(approval.line), Some(text(approval.checksum)))));
    let reference = said.iter().find_map(|(_, checksum)| checksum.clone());
    said.into_iter()
        .map(|(place, checksum)| {
            let agreement = match (&checksum, &reference) {
                (None, _) => Agreement::Silent,
                (one, reference) if one == reference => Agreement::Agrees,
                (Some(_), _) => Agreement::Differs,
            };
            ChecksumRecord { place, checksum, agreement }
        })
        .collect()
}

/// Every advisory about the crate and what comes of it, those that hit the release first.
pub(super) fn advisories(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    version: &Version,
    keys: Keys<'_>,
) -> Vec<AdvisoryView> {
    let mut views: Vec<AdvisoryView> = advisory::about(&judge.facts.advisories, crate_id)
        .iter()
        .map(|one| {
            let affects = one.versions.is_vulnerable(version);
            let hits = affects && !one.withdrawn;
            let effect = match (one.withdrawn, affects) {
                (true, _) => AdvisoryEffect::Withdrawn,
                (false, false) => AdvisoryEffect::NotAffected,
                (false, true) => match advisory::effect(&judge.policy.advisories, one, judge.today) {
                    advisory::Effect::Rejects(_) => AdvisoryEffect::Rejects,
                    advisory::Effect::Warns(Warning::Ignored { until, .. }) => AdvisoryEffect::Ignored(until),
                    advisory::Effect::Warns(_) => AdvisoryEffect::Warns,
                    advisory::Effect::Nothing => AdvisoryEffect::Allowed,
                },
            };
            let ignored = matches!(effect, AdvisoryEffect::Ignored(_));
            let decider = hits.then(|| deciders::of_advisory(judge, one, ignored, keys));
            AdvisoryView { advisory: one.clone(), hits, effect, decider }
        })
        .collect();
    views.sort_by(|one, other| {
        let key = |view: &AdvisoryView| (!view.hits, view.advisory.withdrawn, view.advisory.kind);
        key(one).cmp(&key(other)).then_with(|| other.advisory.id.cmp(&one.advisory.id))
    });
    views
}

/// The events about the release, newest first.
pub(super) fn entries(trail: &Trail, crate_id: &CrateId, version: &Version) -> Vec<TrailEntry> {
    let mut entries = Vec::new();
    for (id, event) in trail.newest_first() {
        for record in event.releases.iter().filter(|record| record.crate_id == *crate_id) {
            let replaced = record.version != *version;
            if replaced && record.replaced.as_ref() != Some(version) {
                continue;
            }
            entries.push(TrailEntry {
                event: id,
                at: event.written(),
                kind: event.kind,
                by: event.who.as_ref().map(|who| who.name.clone()),
                record: record.clone(),
                replaced,
            });
        }
    }
    entries
}
