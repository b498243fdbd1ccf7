//! The one entry to the decision: every package of a lock file, every reason, and what stands in the way of the run as a whole.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rayon::prelude::*;

use super::alternatives::Candidates;
use super::findings::Findings;
use super::judge::Judge;
use super::side_effects::side_effects;
use super::{advisory, findings, license, publication, publish_age, rules_in_use, source, trail};
use crate::model::approval::Approvals;
use crate::model::evaluation::{Blocker, Evaluation, IndexGap, Judgement, Notice};
use crate::model::facts::{AdvisoryFact, Facts, IndexFact};
use crate::model::history::{History, Standing};
use crate::model::index_line::{Outline, Pubtime};
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::policy::Policy;
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Basis, Reason, Reasons, Verdict, Warning};

/// Judges every package of a lock file. Facts, policy and moment decide alone: the same arguments give the same answer.
#[must_use]
pub fn evaluate(facts: &Facts, policy: &Policy, approvals: &Approvals, now: Timestamp) -> Evaluation {
    let judge = Judge::new(facts, policy, approvals, now);
    let mut blockers = run_blockers(facts, policy, now, judge.now);
    // Reading the index lines is most of the work, and no package's verdict waits for another's.
    let judged: Vec<_> =
        (0..facts.packages.len()).into_par_iter().map(|package| judge_package(&judge, package)).collect();
    let (in_the_way, recorded) = trail::found(facts);
    blockers.extend(in_the_way);
    let mut candidates = Candidates::new(&judge);
    let mut judgements = Vec::with_capacity(judged.len());
    for (position, (mut judgement, in_the_way)) in judged.into_iter().enumerate() {
        blockers.extend(in_the_way);
        add_ways_out(&mut judgement, position, &mut candidates);
        judgements.push(judgement);
    }
    let mut notices = facts.notices.clone();
    if let LockFact::Unseen(packages) = &facts.lock {
        notices.push(Notice::ManifestsUnseen { packages: packages.clone() });
    }
    if matches!(facts.advisories, AdvisoryFact::Skipped) {
        notices.push(Notice::AdvisoriesSkipped);
    }
    notices.extend(recorded);
    notices.extend(publication::notices(facts));
    notices.extend(rules_in_use::notices(&judge, &judgements));
    let truncated = facts.trail.truncated.clone();
    let (manifests, also) = (facts.lock.code(), side_effects(&judge));
    Evaluation { now: judge.now, judgements, blockers, notices, manifests, truncated, also }
}

fn run_blockers(facts: &Facts, policy: &Policy, machine: Timestamp, now: Timestamp) -> Vec<Blocker> {
    let unread = facts.surroundings.undescribed.clone().map(|cause| Blocker::WorkspaceUnread { cause });
    let mut blockers: Vec<Blocker> = unread.into_iter().collect();
    blockers.extend(advisory::blockers(&policy.advisories, &facts.advisories, now));
    if let Some(registry) = facts.registry_clock {
        let apart = machine.duration_since(registry).unsigned_abs();
        if apart.as_secs() > publish_age::CLOCK_TOLERANCE.as_secs() {
            blockers.push(Blocker::ClockSkew { machine, registry });
        }
    }
    blockers.extend(facts.refused_mirrors.iter().map(|refused| Blocker::MirrorNotAllowed {
        registry: refused.registry.clone(),
        by: refused.by.clone(),
        origin: refused.origin.clone(),
    }));
    match &facts.lock {
        LockFact::NotChecked | LockFact::Answered | LockFact::Unseen(_) => {}
        LockFact::Broken(discords) => blockers.extend(discords.iter().cloned().map(Blocker::LockOutdated)),
        LockFact::Refused(words) => blockers.push(Blocker::LockRefused { words: words.clone() }),
        LockFact::Unproven { why, .. } if why.is_empty() => {}
        LockFact::Unproven { why, cause } => {
            blockers.push(Blocker::LockUnproven { why: why.clone(), cause: cause.clone() });
        }
    }
    blockers
}

/// What the index says of one locked release.
enum IndexAnswer<'a> {
    Found(&'a History, Outline),
    Missing(Reason),
    Gap(IndexGap),
}

/// A package's judgement, still without ways out, and what stands in the way of judging it.
fn judge_package(judge: &Judge<'_>, position: usize) -> (Judgement, Vec<Blocker>) {
    let mut blockers = Vec::new();
    let package = &judge.facts.packages[position];
    let mut judgement = Judgement {
        id: package.id.clone(),
        verdict: None,
        warnings: Vec::new(),
        advisories: Vec::new(),
        pubtime: None,
        yanked: None,
        path: judge.graph.path(position),
        newest_approved: None,
        if_edited: None,
        detour: None,
        fixes: Vec::new(),
    };
    if judge.facts.base.as_ref().is_some_and(|base| base.has(package)) {
        return (judgement, blockers);
    }
    let Some(crate_id) = package.id.crate_id() else {
        judgement.warnings.extend(from_elsewhere(package));
        named_by_advisories(judge, &package.id, &mut judgement);
        // Whose code it is says a person by naming the repository; the project's own needs no licence from anybody.
        if judge.policy.licenses.is_set() && matches!(package.id.source, Source::Git(_)) {
            judgement.warnings.push(Warning::LicenseUndecided);
        }
        judgement.verdict = Some(without_registry(judge, package));
        return (judgement, blockers);
    };
    let verdict = match index_answer(judge.facts.index.get(&crate_id), package) {
        IndexAnswer::Found(history, release) => {
            // A change is judged by what its registry says today; what it passes is not judged again.
            if judge.facts.base.is_some() && history.standing() != Standing::Confirmed {
                let (package, cause) = (package.id.clone(), IndexGap::Unconfirmed);
                blockers.push(Blocker::IndexUnavailable { package, cause });
            }
            judge_release(judge, package, &crate_id, history, &release, &mut judgement)
        }
        IndexAnswer::Missing(reason) => judge_unseen(judge, package, &crate_id, Some(reason), &mut judgement),
        // The package is rejected for where it comes from, so nothing hangs on what was not asked.
        IndexAnswer::Gap(IndexGap::NotNamed) if !source::is_allowed(judge.policy, &package.id.source) => {
            judge_unseen(judge, package, &crate_id, None, &mut judgement)
        }
        IndexAnswer::Gap(cause) => {
            blockers.push(Blocker::IndexUnavailable { package: package.id.clone(), cause });
            judge_unseen(judge, package, &crate_id, Some(Reason::IndexUnavailable), &mut judgement)
        }
    };
    judgement.verdict = Some(verdict);
    (judgement, blockers)
}

/// Looks for what could take the place of a package that does not pass, or that an advisory hits.
fn add_ways_out(judgement: &mut Judgement, position: usize, candidates: &mut Candidates<'_>) {
    let Some(crate_id) = judgement.id.crate_id() else { return };
    let is_seen = |reason: &Reason| !matches!(reason, Reason::LicenseUnknown { .. });
    // Nothing need take the place of a release into which nobody looked yet.
    if let Some(reasons) = judgement.reasons().filter(|reasons| reasons.iter().any(is_seen)) {
        let newest = candidates.newest_approved(position, reasons);
        let if_edited = if newest.is_none() { candidates.newest_if_edited(position, reasons) } else { None };
        if newest.is_none() && if_edited.is_none() {
            judgement.detour = candidates.detour(position, reasons);
        }
        (judgement.newest_approved, judgement.if_edited) = (newest, if_edited);
    }
    if !judgement.advisories.is_empty() {
        judgement.fixes = candidates.fixes(&crate_id, &judgement.id.version);
    }
}

fn index_answer<'a>(fact: Option<&'a IndexFact>, package: &Package) -> IndexAnswer<'a> {
    let history = match fact {
        Some(IndexFact::Read(history)) => history,
        Some(IndexFact::Gone) => return IndexAnswer::Missing(Reason::NotInIndex),
        Some(IndexFact::Unavailable(gap)) => return IndexAnswer::Gap(gap.clone()),
        None => return IndexAnswer::Gap(IndexGap::NotCached),
    };
    match (history.release(&package.id.version), history.standing()) {
        (Ok(Some(release)), _) => IndexAnswer::Found(history, release.outline.clone()),
        (Ok(None), Standing::Confirmed) => IndexAnswer::Missing(Reason::NotInIndex),
        (Ok(None), Standing::Cached(_)) => IndexAnswer::Gap(IndexGap::NotInCachedEntry),
        (Err(error), _) => IndexAnswer::Missing(Reason::IndexEntryUnreadable { cause: error.to_string() }),
    }
}

fn judge_release(
    judge: &Judge<'_>,
    package: &Package,
    crate_id: &CrateId,
    history: &History,
    release: &Outline,
    judgement: &mut Judgement,
) -> Verdict {
    let Findings { mut reasons, warnings, advisories } =
        judge.evidence().locked_findings(crate_id, history, release, &package.checksum);
    reasons.extend(findings::checksum_reason(&package.checksum, release.checksum));
    reasons.extend(license::of_locked(judge.facts, &judge.policy.licenses, package));
    judgement.warnings.extend(warnings);
    judgement.advisories = advisories;
    judgement.yanked = Some(release.yanked);
    judgement.pubtime = match release.pubtime {
        Pubtime::Known(published) => Some(published),
        Pubtime::Absent | Pubtime::Malformed(_) => None,
    };
    judge.settle(crate_id, history, release, reasons)
}

/// A registry package of which the index told nothing, for this reason where it is one of its own: what the lock file and the advisories
/// say of it still counts.
fn judge_unseen(
    judge: &Judge<'_>,
    package: &Package,
    crate_id: &CrateId,
    reason: Option<Reason>,
    judgement: &mut Judgement,
) -> Verdict {
    let mut findings = Findings::default();
    judge.evidence().add_advisories(crate_id, &package.id.version, &mut findings);
    findings.reasons.extend(reason);
    findings.reasons.extend(judge.evidence().place(&package.id));
    if package.checksum == LockedChecksum::Missing {
        findings.reasons.push(Reason::ChecksumMissing);
    }
    let known = &judge.facts.trail.recorded;
    findings.reasons.extend(trail::locked_checksum(known, crate_id, &package.id.version, &package.checksum));
    findings.reasons.extend(license::of_locked(judge.facts, &judge.policy.licenses, package));
    judgement.warnings.extend(findings.warnings);
    judgement.advisories = findings.advisories;
    let unknown = || Reasons::of(Reason::IndexUnavailable, Vec::new());
    Verdict::Rejected(Reasons::new(findings.reasons).unwrap_or_else(unknown))
}

/// A package of no registry: the project's own, or one from a place that the policy names or does not.
fn without_registry(judge: &Judge<'_>, package: &Package) -> Verdict {
    if package.id.source == Source::Local {
        return Verdict::Local;
    }
    Reasons::new(judge.evidence().place(&package.id).collect())
        .map_or(Verdict::Approved(Basis::AllowedSource), Verdict::Rejected)
}

/// Advisories about the release of crates.io with this name and version: a copy of it from elsewhere is likely the same code.
fn named_by_advisories(judge: &Judge<'_>, id: &PackageId, judgement: &mut Judgement) {
    let namesake = CrateId { registry: Registry::CratesIo, name: Arc::clone(&id.name) };
    for hit in advisory::hits(&judge.facts.advisories, &namesake, &id.version) {
        judgement.advisories.push(Arc::clone(&hit.id));
        match advisory::effect(&judge.policy.advisories, hit, judge.today) {
            advisory::Effect::Warns(ignored @ Warning::Ignored { .. }) => judgement.warnings.push(ignored),
            advisory::Effect::Rejects(_) | advisory::Effect::Warns(_) => {
                let (advisory, kind) = (Arc::clone(&hit.id), hit.kind);
                judgement.warnings.push(Warning::NamedByAdvisory { advisory, kind });
            }
            advisory::Effect::Nothing => {}
        }
    }
}

/// What is told of a package whose code the workspace's repository does not have.
fn from_elsewhere(package: &Package) -> Option<Warning> {
    let local = package.local.as_ref()?;
    let path = || local.source_elsewhere.as_ref().unwrap_or(&local.root).clone();
    if local.other_repository {
        return Some(Warning::OtherRepository { path: path() });
    }
    let is_inside = local.inside_workspace && local.source_elsewhere.is_none();
    (!is_inside).then(|| Warning::OutsideWorkspace { path: path() })
}

/// The moment from which on the same facts may have to be judged anew. Up to it whatever `policy` and `approvals` approve of them stays
/// approved; it is the earliest that could matter, whether or not it does.
///
/// Time takes no age, fix or crate's youth back; what ends are a person's exemptions, ignores, and that advisories are fresh.
#[must_use]
pub fn lasts_until(facts: &Facts, policy: &Policy, approvals: &Approvals, now: Timestamp) -> Timestamp {
    let today = TimeZone::UTC.to_datetime(now).date();
    let last_days = approvals.iter().filter_map(|approval| approval.until);
    let last_days = last_days.chain(policy.advisories.ignore.iter().map(|ignore| ignore.until));
    let ends = last_days.filter(|day| *day >= today).map(day_after);
    let stale = advisory::fresh_until(&policy.advisories, &facts.advisories, now);
    ends.chain(stale).min().unwrap_or(Timestamp::MAX)
}

/// The first moment after a UTC day; the last of all where there is none.
fn day_after(day: Date) -> Timestamp {
    let next = day.checked_add(1.day()).ok().and_then(|next| next.to_zoned(TimeZone::UTC).ok());
    next.map_or(Timestamp::MAX, |next| next.timestamp())
}
