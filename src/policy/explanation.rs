//! Explains one release: the decision on it, what decided each part of it, and everything that is known around it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use semver::Version;

use super::alternatives::Candidates;
use super::deciders::Keys;
use super::graph::{asked_for, lines, requirements_of};
use super::judge::Judge;
use super::publication::published;
use super::{advisory, deciders, inspection, judge, publish_age, signal};
use crate::model::allow_list::AllowedId;
use crate::model::approval::Approvals;
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Blocker, Evaluation, Judgement};
use crate::model::explanation::{
    AdvisoryEffect, AdvisoryView, Agreement, Ask, Asked, ChecksumPlace, ChecksumRecord, Dependent, Explanation,
    Milestone, Paths, Records, Releases, SignalView, Timeline, TrailEntry,
};
use crate::model::facts::Facts;
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::policy::Policy;
use crate::model::source::Source;
use crate::model::trail::Trail;
use crate::model::verdict::{Verdict, Warning};

/// What a decision was made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided<'a> {
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
pub(crate) fn explain(decided: &Decided<'_>, asked: &Asked, records: &Records) -> Option<Explanation> {
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
    let timeline = crate_id.as_ref().map(|id| timeline(&judge, id, &package.id.version)).unwrap_or_default();
    let keys = records.keys.as_ref();
    Some(Explanation {
        locked,
        reasons: judgement
            .reasons()
            .into_iter()
            .flatten()
            .map(|one| deciders::of_reason(&judge, &package.id, one, keys))
            .collect(),
        warnings: judgement.warnings.iter().map(|one| deciders::of_warning(&judge, &package.id, one, keys)).collect(),
        basis: match &judgement.verdict {
            Some(Verdict::Approved(basis)) => Some(deciders::of_basis(&judge, crate_id.as_ref(), basis, keys)),
            None | Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) => None,
        },
        minimum: crate_id.as_ref().map(|id| publish_age::minimum(decided.policy, id)),
        publication: crate_id.as_ref().and_then(|id| published(decided.facts, id, &package.id.version)),
        timeline,
        checksums: checksums(&judge, &package, locked.is_some(), records),
        advisories: crate_id.as_ref().map(|id| advisories(&judge, id, &package.id.version, keys)).unwrap_or_default(),
        paths: locked.map(|position| paths(&judge, position)).unwrap_or_default(),
        dependents: locked.map(|position| dependents(&judge, position)).unwrap_or_default(),
        inspected: crate_id.as_ref().and_then(|id| inspected(&judge, id, &package.id.version)),
        signals: crate_id.as_ref().map(|id| signals(&judge, id, &package.id.version)).unwrap_or_default(),
        trail: crate_id.map(|id| trail_entries(&records.trail, &id, &package.id.version)).unwrap_or_default(),
        package,
        judgement,
    })
}

/// The blockers that stand in the way of deciding about these packages: those of the run as a whole, and theirs.
#[must_use]
pub(crate) fn blockers_about(decided: &Decided<'_>, is_meant: impl Fn(&PackageId) -> bool) -> Vec<Blocker> {
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
        detour: None,
        fixes,
    };
    let checksum = LockedChecksum::Known(release.checksum);
    Some((Package { id, checksum, dependencies: Vec::new(), local: None }, judgement))
}

fn inspected(judge: &Judge<'_>, crate_id: &CrateId, version: &Version) -> Option<bool> {
    let release = judge.history(crate_id)?.outline(version).ok()??;
    inspection::was_inspected(judge.evidence(), crate_id, &release)
}

/// As cargo has it: build metadata counts only where it is given.
fn same_version(wanted: &Version, release: &Outline) -> bool {
    if wanted.build.is_empty() { wanted.cmp_precedence(&release.version).is_eq() } else { *wanted == release.version }
}

/// What every place says of the release's bytes. A place that a project does not have is left out, one that is silent is not.
pub(super) fn checksums(judge: &Judge<'_>, package: &Package, locked: bool, records: &Records) -> Vec<ChecksumRecord> {
    let Some(crate_id) = package.id.crate_id() else { return Vec::new() };
    let version = &package.id.version;
    let text = |checksum: Checksum| Box::from(checksum.to_string());
    let mut said: Vec<(ChecksumPlace, Option<Box<str>>)> = Vec::new();
    let history = judge.history(&crate_id);
    said.push((
        ChecksumPlace::Index,
        history.and_then(|history| history.outline(version).ok()?).map(|one| text(one.checksum)),
    ));
    if locked {
        let checksum = match &package.checksum {
            LockedChecksum::Known(checksum) => Some(text(*checksum)),
            LockedChecksum::Missing => None,
            LockedChecksum::Malformed(found) => Some(found.clone()),
        };
        said.push((ChecksumPlace::LockFile, checksum));
    }
    let recorded = judge.facts.trail.recorded.release(&crate_id, version);
    if !records.trail.events.is_empty() {
        said.push((ChecksumPlace::Trail, recorded.and_then(|recorded| recorded.checksum).map(text)));
    }
    if let (Some(list), Some(id)) = (&records.allow_list, AllowedId::of(&package.id)) {
        said.push((ChecksumPlace::AllowList, list.releases.get(&id).and_then(|allowed| allowed.checksum).map(text)));
    }
    let approvals = judge::approvals_naming(judge.approvals, &crate_id, version);
    said.extend(approvals.map(|approval| (ChecksumPlace::Approval(approval.line), Some(text(approval.checksum)))));
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

fn signals(judge: &Judge<'_>, crate_id: &CrateId, version: &Version) -> Vec<SignalView> {
    let Some(history) = judge.history(crate_id) else { return Vec::new() };
    let Ok(Some(release)) = history.outline(version) else { return Vec::new() };
    let found = judge.evidence().signals(crate_id, history, &release).into_iter();
    found
        .map(|signal| SignalView { level: signal::level(&judge.policy.signals, &signal, &release.version), signal })
        .collect()
}

/// The events about the release, newest first.
pub(super) fn trail_entries(trail: &Trail, crate_id: &CrateId, version: &Version) -> Vec<TrailEntry> {
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

/// How many releases are shown on either side of the one in question.
const AROUND: usize = 5;
/// How many releases of a crate are listed, beside the locked ones.
const NEWEST: usize = 20;

/// The releases around one, by the time of their publication.
pub(super) fn timeline(judge: &Judge<'_>, crate_id: &CrateId, version: &Version) -> Timeline {
    let Some(history) = judge.history(crate_id) else { return Timeline::default() };
    let mut all: Vec<&Outline> = history.outlines().collect();
    all.sort_by_key(|release| (release.pubtime.known().unwrap_or(Timestamp::MIN), &release.version));
    all.dedup_by(|one, other| one.version == other.version);
    // Where the release is gone, its place is that of its number.
    let at = all
        .iter()
        .position(|release| release.version == *version)
        .unwrap_or_else(|| all.iter().rposition(|release| release.version < *version).map_or(0, |before| before + 1));
    let start = at.saturating_sub(AROUND);
    let end = at.saturating_add(AROUND + 1).min(all.len());
    let locked = locked(judge, crate_id);
    let shown = all.get(start..end).unwrap_or_default();
    Timeline {
        releases: shown.iter().map(|release| milestone(judge, crate_id, history, release, &locked)).collect(),
        earlier: start,
        later: all.len() - end,
    }
}

/// The releases of a crate, newest version first; `None` where the index told nothing of it.
#[must_use]
pub(crate) fn releases(decided: &Decided<'_>, crate_id: &CrateId) -> Option<Releases> {
    let judge = decided.judge();
    let history = judge.history(crate_id)?;
    let locked = locked(&judge, crate_id);
    let mut all: Vec<&Outline> = history.outlines().collect();
    all.sort_by(|one, other| other.version.cmp(&one.version));
    all.dedup_by(|one, other| one.version == other.version);
    let total = all.len();
    let chosen = all.into_iter().enumerate().filter(|(at, one)| *at < NEWEST || locked.contains(&one.version));
    let shown: Vec<_> = chosen.map(|(_, release)| milestone(&judge, crate_id, history, release, &locked)).collect();
    Some(Releases { name: crate_id.name.clone(), more: total - shown.len(), shown })
}

fn milestone(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    history: &History,
    release: &Outline,
    locked: &BTreeSet<Version>,
) -> Milestone {
    Milestone {
        version: release.version.clone(),
        pubtime: release.pubtime.known(),
        yanked: release.yanked,
        locked: locked.contains(&release.version),
        verdict: judge.verdict(crate_id, history, release),
    }
}

fn locked(judge: &Judge<'_>, crate_id: &CrateId) -> BTreeSet<Version> {
    let same = |id: &crate::model::package::PackageId| id.crate_id().as_ref() == Some(crate_id);
    judge.facts.packages.iter().filter(|one| same(&one.id)).map(|one| one.id.version.clone()).collect()
}

/// How many ways are kept.
const SHOWN: usize = 20;
/// How many steps are taken in search of ways: a graph can have more ways than atoms.
const STEPS: usize = 20_000;
/// No honest way is longer.
const LONGEST: usize = 100;

/// One step of a way, walked from the package towards the members.
struct Step {
    package: usize,
    /// The step that it was reached from, which lies nearer to the package.
    from: Option<usize>,
    length: usize,
}

/// The ways from members, the shortest first. A way begins at the member that is nearest to the package.
pub(super) fn paths(judge: &Judge<'_>, package: usize) -> Paths {
    let roots: BTreeSet<usize> = judge.graph.roots(&judge.facts.packages).into_iter().collect();
    let mut steps = vec![Step { package, from: None, length: 1 }];
    let mut paths = Paths { complete: true, ..Paths::default() };
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        let length = step.length;
        if roots.contains(&step.package) {
            let way: Vec<usize> = walk(&steps, at).collect();
            if paths.shown.len() < SHOWN { paths.shown.push(way) } else { paths.more += 1 }
        } else {
            for dependent in judge.graph.dependents(step.package) {
                if steps.len() == STEPS || length == LONGEST {
                    paths.complete = false;
                    break;
                }
                // Dependencies for tests can go in circles.
                if !walk(&steps, at).any(|package| package == *dependent) {
                    steps.push(Step { package: *dependent, from: Some(at), length: length + 1 });
                }
            }
        }
        at += 1;
    }
    if paths.shown.is_empty() {
        paths.shown.extend(Some(judge.graph.path(package)).filter(|path| path.len() > 1));
    }
    paths
}

/// The packages from a step back to the package in question.
fn walk(steps: &[Step], from: usize) -> impl Iterator<Item = usize> {
    let mut next = steps.get(from);
    std::iter::from_fn(move || {
        let step = next?;
        next = step.from.and_then(|from| steps.get(from));
        Some(step.package)
    })
}

/// The packages that depend on this one, and what each asks.
pub(super) fn dependents(judge: &Judge<'_>, package: usize) -> Vec<Dependent> {
    let Some(target) = judge.facts.packages.get(package).map(|package| &package.id) else { return Vec::new() };
    let crate_id = target.crate_id();
    let asks = |dependent: usize| {
        let requirements = requirements_of(judge.facts, dependent).unwrap_or_default();
        let asker = judge.facts.packages.get(dependent);
        requirements
            .into_iter()
            .filter(|one| asker.is_some_and(|asker| crate_id.is_some() && asked_for(asker, one) == crate_id))
            .filter(|one| one.req.matches(&target.version))
            .map(|one| Ask {
                at: asker.map(|asker| lines(asker, target, &one.req)).unwrap_or_default(),
                req: one.req,
                kind: one.kind,
                optional: one.optional,
                target: one.target,
            })
            .collect()
    };
    let dependents = judge.graph.dependents(package).iter();
    dependents.map(|dependent| Dependent { package: *dependent, asks: asks(*dependent) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, paths, timeline, trail_entries};
    use crate::model::trail::{Kind, ReleaseRecord};
    use crate::policy::by_hand::{World, crates_io, days_ago, event, trail, version};

    #[test]
    fn an_event_is_about_the_release_that_it_names_and_the_one_that_it_replaced() {
        let after = |number: &str, before: &str| ReleaseRecord {
            replaced: Some(version(before)),
            ..ReleaseRecord::new(crates_io("foo"), version(number))
        };
        let update = |days, record| event(Kind::Updated, days_ago(days), vec![record]);
        let trail = trail(vec![
            update(3, after("1.1.0", "1.0.0")),
            update(2, after("1.2.0", "1.1.0")),
            update(1, after("1.3.0", "1.2.0")),
        ]);
        let entries = trail_entries(&trail, &crates_io("foo"), &version("1.1.0")).into_iter();
        let entries: Vec<_> = entries.map(|entry| (entry.record.version.to_string(), entry.replaced)).collect();
        assert_eq!(entries, [("1.2.0".to_owned(), true), ("1.1.0".to_owned(), false)]);
    }

    #[test]
    fn a_release_that_is_gone_stands_where_its_number_would() {
        let world = (0..20).fold(World::new(), |world, at| world.publish("foo", &format!("1.{at}.0"), 90 - at));
        let shown = |number: &str| {
            let timeline = timeline(&world.judge(), &crates_io("foo"), &version(number));
            (timeline.earlier, timeline.releases.len(), timeline.later)
        };
        assert_eq!(shown("1.9.0"), (4, 11, 5));
        assert_eq!(shown("1.9.1"), (5, 11, 4));
        assert_eq!(shown("0.9.0"), (0, 6, 14));
    }

    #[test]
    fn a_way_that_is_too_long_is_not_all_there_is() {
        let ways = |length: usize| {
            let names: Vec<String> = (1..length).map(|at| format!("p{at}")).collect();
            let before = std::iter::once("app").chain(names.iter().map(String::as_str));
            let world = before.zip(&names).fold(World::new(), |world, (by, name)| world.lock(name, "1.0.0", &[by]));
            let paths = paths(&world.judge(), length - 1);
            (paths.complete, paths.shown.len(), paths.more)
        };
        assert_eq!(ways(LONGEST), (true, 1, 0));
        // What is shown then is the shortest, which the graph knows.
        assert_eq!(ways(LONGEST + 1), (false, 1, 0));
    }
}
