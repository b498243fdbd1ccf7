//! What the audit trail says: of single releases, of whole crates, and whether registry and clock are still those that it saw.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::prelude::*;
use semver::Version;

use crate::model::evaluation::{Blocker, Notice};
use crate::model::facts::{Facts, IndexFact};
use crate::model::history::{History, Standing};
use crate::model::index_line::{Outline, Pubtime};
use crate::model::package::{CrateId, LockedChecksum};
use crate::model::recorded::{Recorded, RecordedCrate};
use crate::model::trail::{CLOCK_TOLERANCE, TrailFinding};
use crate::model::verdict::{Reason, Witness};

/// Everything that stands in the way of the run, and everything else that is worth knowing.
#[must_use]
pub(crate) fn found(facts: &Facts) -> (Vec<Blocker>, Vec<Notice>) {
    let trail = &facts.trail;
    let (mut blockers, mut notices) = (Vec::new(), Vec::new());
    for problem in trail.problems.iter().cloned() {
        if problem.kind.hides_an_event() {
            blockers.push(Blocker::TrailBroken(problem));
        } else {
            notices.push(Notice::TrailDisordered(problem));
        }
    }
    let clock = trail.machine_clock.and_then(|machine| clock(&trail.recorded, machine));
    for finding in clock.into_iter().chain(of_crates(facts)) {
        if finding.blocks() {
            blockers.push(Blocker::Trail(finding));
        } else {
            notices.push(Notice::Trail(finding));
        }
    }
    (blockers, notices)
}

fn of_crates(facts: &Facts) -> Vec<TrailFinding> {
    let known = &facts.trail.recorded;
    if known.crates.is_empty() {
        return Vec::new();
    }
    let mut locked: BTreeMap<CrateId, Vec<&Version>> = BTreeMap::new();
    for package in &facts.packages {
        if let Some(crate_id) = package.id.crate_id() {
            locked.entry(crate_id).or_default().push(&package.id.version);
        }
    }
    let crates: Vec<_> = facts.index.iter().filter(|(id, _)| known.crates.contains_key(id)).collect();
    crates
        .into_par_iter()
        .flat_map_iter(|(id, fact)| match fact {
            IndexFact::Read(history) => findings(known, id, history, locked.get(id).map_or(&[], Vec::as_slice)),
            IndexFact::Gone => gone(known, id),
            IndexFact::Unavailable(_) => Vec::new(),
        })
        .collect()
}

/// The reasons against a release whose pubtime or checksum is not the recorded one. For a release that no lock file has, `locked` is
/// the index's own checksum. Where the lock file has the recorded checksum and the index another, `integrity` gives the reason.
#[must_use]
pub fn reasons(recorded: &Recorded, crate_id: &CrateId, release: &Outline, locked: &LockedChecksum) -> Vec<Reason> {
    let Some(known) = recorded.release(crate_id, &release.version) else { return Vec::new() };
    let mut reasons = Vec::new();
    if let Some(recorded) = known.pubtime {
        let found = match release.pubtime {
            Pubtime::Known(found) => Some(found),
            Pubtime::Absent | Pubtime::Malformed(_) => None,
        };
        if found != Some(recorded) {
            reasons.push(Reason::PubtimeChanged { recorded, found });
        }
    }
    reasons.extend(locked_checksum(recorded, crate_id, &release.version, locked));
    reasons
}

/// The reason against a locked checksum that is not the recorded one: all that can be said of a release that the index does not have.
#[must_use]
pub fn locked_checksum(
    recorded: &Recorded,
    crate_id: &CrateId,
    version: &Version,
    locked: &LockedChecksum,
) -> Option<Reason> {
    let expected = recorded.release(crate_id, version)?.checksum?;
    let locked: Box<str> = match locked {
        LockedChecksum::Known(locked) if *locked != expected => locked.to_string().into(),
        LockedChecksum::Malformed(text) => text.clone(),
        LockedChecksum::Known(_) | LockedChecksum::Missing => return None,
    };
    Some(Reason::ChecksumMismatch { locked, expected, witness: Witness::Trail })
}

/// What is wrong with a crate's index file as a whole, beyond the reasons against the releases in `locked`. Only a file that the
/// registry confirmed in this run is held against the trail: an older copy may honestly lack releases.
#[must_use]
pub fn findings(recorded: &Recorded, crate_id: &CrateId, history: &History, locked: &[&Version]) -> Vec<TrailFinding> {
    let Some(known) = recorded.crates.get(crate_id) else { return Vec::new() };
    if history.standing() != Standing::Confirmed {
        return Vec::new();
    }
    // A line that cannot be read is still a line; the release it names has its own reason.
    let missing: Vec<_> =
        known.releases.iter().filter(|(version, _)| matches!(history.outline(version), Ok(None))).collect();
    let mut findings: Vec<_> =
        missing.iter().map(|(version, release)| vanished(crate_id, version, release.since)).collect();
    if let Some((recorded, found)) = reappeared(known, history) {
        findings.push(TrailFinding::CrateReappeared { crate_id: crate_id.clone(), recorded, found });
        return findings;
    }
    let Some(end) = newest(history).filter(|_| !missing.is_empty()) else { return findings };
    // A list that ends before a release looks the same whether that was removed or the list is an old one. What the lock file has is
    // rejected as not in the index, and what the project left is no longer its business: the rest stops the run.
    let cut_off: Vec<_> = missing
        .iter()
        .filter(|(version, release)| !release.left && !locked.contains(version))
        .filter(|(_, release)| release.pubtime.is_some_and(|pubtime| pubtime > end))
        .map(|(version, _)| (*version).clone())
        .collect();
    if !cut_off.is_empty() {
        findings.push(TrailFinding::IndexShortened { crate_id: crate_id.clone(), missing: cut_off });
    }
    findings
}

/// What it means that the registry answered in this run that it has no such crate: all that was recorded of it is gone.
#[must_use]
pub fn gone(recorded: &Recorded, crate_id: &CrateId) -> Vec<TrailFinding> {
    let releases = recorded.crates.get(crate_id).into_iter().flat_map(|known| &known.releases);
    releases.map(|(version, release)| vanished(crate_id, version, release.since)).collect()
}

/// Whether approvals of this crate still count: not when its name was given to another one (catalogue C16). A release that has
/// vanished is rejected as `not-in-index`, which no approval lifts.
#[must_use]
pub fn approvals_carry(recorded: &Recorded, crate_id: &CrateId, history: &History) -> bool {
    recorded.crates.get(crate_id).is_none_or(|known| reappeared(known, history).is_none())
}

/// Whether the machine's clock went back behind the latest event. Not to be asked about a `--now`, which is never held against a clock.
#[must_use]
pub fn clock(recorded: &Recorded, machine: Timestamp) -> Option<TrailFinding> {
    let latest = recorded.latest?;
    (latest > CLOCK_TOLERANCE.after(machine)).then_some(TrailFinding::ClockBehindTrail { now: machine, latest })
}

fn vanished(crate_id: &CrateId, version: &Version, since: Timestamp) -> TrailFinding {
    TrailFinding::ReleaseVanished { crate_id: crate_id.clone(), version: version.clone(), since }
}

/// The recorded pubtime and the index's first, where the latter is younger. As long as the oldest recorded release stands in the index
/// with its pubtime the crate is the same, and its whole file need not be searched.
fn reappeared(known: &RecordedCrate, history: &History) -> Option<(Timestamp, Option<Timestamp>)> {
    let (version, recorded) = known.oldest()?;
    if matches!(history.outline(version), Ok(Some(release)) if release.pubtime == Pubtime::Known(recorded)) {
        return None;
    }
    let found = earliest(history);
    found.is_none_or(|found| found > recorded).then_some((recorded, found))
}

fn pubtimes(history: &History) -> impl Iterator<Item = Timestamp> {
    history.outlines().filter_map(|line| match line.pubtime {
        Pubtime::Known(pubtime) => Some(pubtime),
        Pubtime::Absent | Pubtime::Malformed(_) => None,
    })
}

fn newest(history: &History) -> Option<Timestamp> {
    pubtimes(history).max()
}

fn earliest(history: &History) -> Option<Timestamp> {
    pubtimes(history).min()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use jiff::SignedDuration;

    use super::findings;
    use crate::model::recorded::Recorded;
    use crate::model::trail::{Kind, ReleaseRecord, TrailFinding};
    use crate::policy::by_hand::{World, crates_io, days_ago, event, trail, version};

    /// What came at the very moment of the newest may have been removed; what came later is missing because the list is an old one.
    #[test]
    fn a_list_is_cut_off_where_what_came_after_its_newest_is_missing() {
        let is_cut_off = |seconds: i64| {
            let record = |number: &str, at| ReleaseRecord {
                pubtime: Some(at),
                ..ReleaseRecord::new(crates_io("foo"), version(number))
            };
            let missing = record("1.1.0", days_ago(60) + SignedDuration::from_secs(seconds));
            let event = event(Kind::Updated, days_ago(30), vec![record("1.0.0", days_ago(90)), missing]);
            let world = World::new().publish("foo", "1.0.0", 90).publish("foo", "1.0.1", 60);
            let judge = world.judge();
            let history = judge.history(&crates_io("foo")).unwrap();
            let found = findings(&Recorded::of(&trail(vec![event])), &crates_io("foo"), history, &[]);
            assert!(found.iter().any(|one| matches!(one, TrailFinding::ReleaseVanished { .. })));
            found.iter().any(|one| matches!(one, TrailFinding::IndexShortened { .. }))
        };
        assert_eq!([-1, 0, 1].map(is_cut_off), [false, false, true]);
    }
}
