//! What could take the place of each locked release, now and on the days to come.
//!
//! Each crate is looked at for itself, on all cores: the answer is the same in any order, and put into a fixed order at the end.
//! Index files are read from the newest release down, and only as far as the newest approved one.

use std::borrow::Cow;

use jiff::Timestamp;
use rayon::prelude::*;
use semver::{Version, VersionReq};

use super::graph::{self, compatible_with, same_line};
use super::judge::Judge;
use crate::model::approval::Approvals;
use crate::model::calendar::{Ahead, Approved, Calendar, CalendarEntry, Foretold, Held, Need, Prospect};
use crate::model::evaluation::{Evaluation, FixStanding, Judgement};
use crate::model::facts::Facts;
use crate::model::index_line::{Outline, Requirement};
use crate::model::package::{CrateId, PackageId};
use crate::model::policy::Policy;
use crate::model::source::Source;
use crate::model::verdict::{Reason, ReasonCode, Reasons, Verdict, Warning};

/// Looks ahead for every package of a registry that was judged. `evaluation` is the decision on the same facts, by the same rules; `ahead`
/// is what cargo makes of it, or why nobody asked.
#[must_use]
pub fn calendar(
    facts: &Facts,
    policy: &Policy,
    approvals: &Approvals,
    evaluation: &Evaluation,
    ahead: &Result<Ahead, String>,
) -> Calendar {
    let judge = Judge::new(facts, policy, approvals, evaluation.now);
    // A package is asked by each of its dependents; every dependent's line is read once.
    let asked: Vec<Vec<Requirement>> = (0..facts.packages.len())
        .into_par_iter()
        .map(|package| graph::requirements_of(facts, package).unwrap_or_default())
        .collect();
    let asked_by = |package: usize| Cow::Borrowed(asked.get(package).map_or(&[][..], Vec::as_slice));
    let mut entries: Vec<CalendarEntry> = evaluation
        .judgements
        .par_iter()
        .enumerate()
        .filter_map(|(position, judgement)| {
            let requirements = graph::requirements_by(facts, &judge.graph, position, asked_by);
            entry(&judge, position, judgement, &requirements, ahead.as_ref().ok())
        })
        .collect();
    entries.sort_by_cached_key(|entry| (entry.need, rank(entry, evaluation, &judge), entry.package));
    let foretold = match ahead {
        Ok(_) => Foretold::Resolution,
        Err(cause) => Foretold::Index(cause.clone()),
    };
    Calendar { now: evaluation.now, entries, foretold }
}

/// An entry's place within one need, the first that differs deciding; what sorts lower comes first. Malicious before the rest, what the
/// locked release is warned of before what is only newer, what only a person settles before what time does, then whatever comes first,
/// then what this workspace asks for itself, and can ask for otherwise.
fn rank(entry: &CalendarEntry, evaluation: &Evaluation, judge: &Judge<'_>) -> ([bool; 3], Timestamp, bool) {
    let judgement = evaluation.judgements.get(entry.package);
    let reasons = judgement.and_then(Judgement::reasons);
    let next = match entry.need {
        Need::Held => entry.locked_until,
        Need::Waiting => entry.update.next_at(),
        Need::Rejected | Need::Fix | Need::Update | Need::Beyond | Need::Current => None,
    };
    let is_newer = matches!(entry.need, Need::Update | Need::Waiting);
    let is_own = |at: &usize| judge.facts.packages.get(*at).is_some_and(|package| package.id.source == Source::Local);
    let malicious = reasons.is_some_and(is_malicious);
    let questioned = is_newer && judgement.is_some_and(is_questioned);
    let unsettled = entry.need == Need::Waiting && next.is_none();
    let indirect = is_newer && !judge.graph.dependents(entry.package).iter().any(is_own);
    ([!malicious, !questioned, !unsettled], next.unwrap_or(Timestamp::MAX), indirect)
}

/// Whether there is a reason to move away from a release that passes.
fn is_questioned(judgement: &Judgement) -> bool {
    judgement.warnings.iter().any(|warning| match warning {
        Warning::Advisory { .. } | Warning::Ignored { .. } | Warning::Yanked | Warning::Signal(_) => true,
        Warning::NamedByAdvisory { .. }
        | Warning::OutsideWorkspace { .. }
        | Warning::OtherRepository { .. }
        | Warning::LicenseUndecided => false,
    })
}

fn is_malicious(reasons: &Reasons) -> bool {
    reasons.iter().any(|reason| reason.code() == ReasonCode::Malicious)
}

fn entry(
    judge: &Judge<'_>,
    position: usize,
    judgement: &Judgement,
    requirements: &[VersionReq],
    ahead: Option<&Ahead>,
) -> Option<CalendarEntry> {
    // What the base has was not judged.
    let verdict = judgement.verdict.as_ref()?;
    let crate_id = judgement.id.crate_id()?;
    let locked_until = judgement.reasons().and_then(Reasons::eligible_at);
    let need = Need::Current;
    let (update, compatible, major) = Default::default();
    let mut entry =
        CalendarEntry { package: position, need, locked_until, passed_over: false, update, compatible, major };
    // What the publisher of a malicious release put out afterwards is no way out.
    if !judgement.reasons().is_some_and(is_malicious) {
        look_ahead(judge, &crate_id, &judgement.id.version, requirements, &mut entry);
        if let Some(ahead) = ahead {
            as_cargo_has_it(judge, &crate_id, &judgement.id, ahead, &mut entry);
        }
    }
    entry.need = need_of(&entry, verdict, judgement);
    Some(entry)
}

/// Reads the crate's releases from the newest down until each prospect knows its newest approved one.
fn look_ahead(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    locked: &Version,
    requirements: &[VersionReq],
    entry: &mut CalendarEntry,
) {
    let Some(history) = judge.history(crate_id) else { return };
    let line = compatible_with(locked);
    for (version, place) in history.above(locked) {
        let kinds = [
            (&mut entry.update, requirements.iter().all(|req| req.matches(&version))),
            (&mut entry.compatible, line.matches(&version)),
            (&mut entry.major, version.pre.is_empty() && !same_line(locked, &version)),
        ];
        let open: Vec<&mut Prospect> = kinds
            .into_iter()
            .filter_map(|(prospect, belongs)| (belongs && prospect.approved.is_none()).then_some(prospect))
            .collect();
        if open.is_empty() {
            continue;
        }
        // Cargo takes a yanked release only where it is locked already.
        let Some(release) = history.outline_at(place).filter(|release| !release.yanked) else { continue };
        let verdict = judge.verdict(crate_id, history, &release);
        for prospect in open {
            add(prospect, &release, &verdict);
        }
    }
}

/// Leaves of the updates only what cargo takes: now, or once all that is known is of age.
fn as_cargo_has_it(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    locked: &PackageId,
    ahead: &Ahead,
    entry: &mut CalendarEntry,
) {
    let taken = successor(&ahead.now, locked);
    let later = successor(&ahead.later, locked);
    let accepted = entry.update.approved.is_some() || !entry.update.held.is_empty();
    entry.update.approved = taken.and_then(|version| {
        let (history, version) = (judge.history(crate_id)?, version.clone());
        let release = history.outlines().find(|one| one.version == version)?;
        let Verdict::Approved(basis) = judge.verdict(crate_id, history, release) else { return None };
        Some(Approved { version, pubtime: release.pubtime.known(), basis })
    });
    // None is newer than what the last day brings, and what is older than today's comes to nothing.
    entry.update.held.retain(|held| later.is_some_and(|later| held.version <= *later));
    if let Some(taken) = taken {
        entry.update.held.retain(|held| held.version > *taken);
    }
    entry.passed_over = accepted && entry.update.approved.is_none() && entry.update.held.is_empty();
}

/// The release that takes a locked one's place in a list of packages: a newer one of its compatibility line.
fn successor<'a>(packages: &'a [PackageId], locked: &PackageId) -> Option<&'a Version> {
    let same = packages.iter().filter(|package| package.name == locked.name && package.source == locked.source);
    if same.clone().any(|package| package.version == locked.version) {
        return None;
    }
    same.map(|package| &package.version)
        .filter(|version| same_line(version, &locked.version) && **version > locked.version)
        .max()
}

fn add(prospect: &mut Prospect, release: &Outline, verdict: &Verdict) {
    let (version, pubtime) = (release.version.clone(), release.pubtime.known());
    match verdict {
        Verdict::Local => {}
        Verdict::Approved(basis) => prospect.approved = Some(Approved { version, pubtime, basis: basis.clone() }),
        Verdict::Quarantined(reasons) => prospect.held.push(Held { version, pubtime, reasons: reasons.clone() }),
        Verdict::Rejected(reasons) => {
            // A whole registry can be rejected: that its newest release is, says it.
            if prospect.held.iter().all(|held| held.eligible_at().is_some()) {
                prospect.held.push(Held { version, pubtime, reasons: reasons.clone() });
            }
        }
    }
}

fn need_of(entry: &CalendarEntry, verdict: &Verdict, judgement: &Judgement) -> Need {
    let mended = is_mended(judgement);
    let ahead = |prospect: &Prospect| prospect.approved.is_some() || !prospect.held.is_empty();
    if mended {
        Need::Fix
    } else if matches!(verdict, Verdict::Rejected(_)) {
        Need::Rejected
    } else if matches!(verdict, Verdict::Quarantined(_)) {
        Need::Held
    } else if entry.update.approved.is_some() {
        Need::Update
    } else if !entry.update.held.is_empty() {
        Need::Waiting
    } else if ahead(&entry.compatible) || ahead(&entry.major) {
        Need::Beyond
    } else {
        Need::Current
    }
}

/// Whether there is an approved fix of some advisory, and moving to fixes leaves nothing that time does not lift.
fn is_mended(judgement: &Judgement) -> bool {
    let has_fix = |id: &str| {
        judgement.fixes.iter().any(|fix| *fix.advisory == *id && matches!(fix.standing, FixStanding::Approved(_)))
    };
    let mut reasons = judgement.reasons().into_iter().flatten().filter(|reason| !reason.time_lifts());
    judgement.advisories.iter().any(|id| has_fix(id))
        && reasons.all(|reason| matches!(reason, Reason::Advisory { advisory, .. } if has_fix(advisory)))
}

#[cfg(test)]
mod tests {
    use super::{calendar, is_mended};
    use crate::model::advisory::AdvisoryKind;
    use crate::model::age::Age;
    use crate::model::calendar::{Ahead, CalendarEntry};
    use crate::model::evaluation::{Fix, FixStanding};
    use crate::model::policy::Origin;
    use crate::model::verdict::{Basis, Reason, Reasons, Verdict};
    use crate::policy::by_hand::{World, days_ago, judgement, now, package, version};
    use crate::policy::evaluate;

    /// The entry of `foo`, which is locked as 1.0.0, where cargo takes these now and later.
    fn entry(world: &World, taken: &str, later: &str) -> CalendarEntry {
        let evaluation = evaluate(&world.facts, &world.policy, &Vec::new(), now());
        let of = |number: &str| vec![package("foo", number).id];
        let ahead = Ok(Ahead { now: of(taken), later: of(later) });
        let mut entries = calendar(&world.facts, &world.policy, &Vec::new(), &evaluation, &ahead).entries;
        entries.swap_remove(0)
    }

    #[test]
    fn an_update_is_what_cargo_takes_and_is_passed_over_only_where_there_is_one() {
        let world = || World::new().publish("foo", "1.0.0", 90).lock("foo", "1.0.0", &["app"]);
        let nothing = entry(&world(), "1.0.0", "1.0.0");
        assert_eq!((nothing.update.approved.is_some(), nothing.passed_over), (false, false));
        let aged = world().publish("foo", "1.1.0", 60).publish("foo", "1.2.0", 40);
        let taken = entry(&aged, "1.1.0", "1.1.0");
        let update = taken.update.approved.map(|one| (one.version, one.pubtime));
        assert_eq!((update, taken.passed_over), (Some((version("1.1.0"), Some(days_ago(60)))), false));
        assert!(entry(&aged, "1.0.0", "1.0.0").passed_over);
        let held = world().publish("foo", "1.1.0", 1);
        assert!(entry(&held, "1.0.0", "1.0.0").passed_over);
        assert!(!entry(&held, "1.0.0", "1.1.0").passed_over);
    }

    #[test]
    fn moving_to_a_fix_mends_what_nothing_else_holds_for_good() {
        let mended = |others: Vec<Reason>, fixed: &str| {
            let (advisory, kind) = ("RUSTSEC-2026-9001".into(), AdvisoryKind::Vulnerability);
            let reasons = Reasons::of(Reason::Advisory { advisory, kind }, others);
            let mut judgement = judgement(package("foo", "1.0.0").id, Some(Verdict::Rejected(reasons)));
            judgement.advisories = vec!["RUSTSEC-2026-9001".into()];
            let standing = FixStanding::Approved(Basis::Aged);
            judgement.fixes = vec![Fix { advisory: fixed.into(), version: version("1.0.1"), standing }];
            is_mended(&judgement)
        };
        let (min_age, rule, fix) = (Age::days(7), Origin::Default, None);
        let young = Reason::TooNew { pubtime: now(), min_age, rule, eligible_at: now(), fix };
        let denied = Reason::Denied { entry: "foo".to_owned() };
        let (id, other) = ("RUSTSEC-2026-9001", "RUSTSEC-2026-9002");
        assert!(mended(Vec::new(), id) && mended(vec![young.clone()], id));
        assert!(!mended(vec![denied.clone()], id) && !mended(vec![young, denied], id));
        assert!(!mended(Vec::new(), other));
    }
}
