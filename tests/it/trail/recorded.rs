//! What the trail holds registries and clocks to.

use super::{Folder, at, checksum, crates_io, event, noon, release, version};
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::index_line::{Outline, Pubtime};
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::recorded::Recorded;
use cargo_sequester::door::model::trail::release::ApprovalRecord;
use cargo_sequester::door::model::trail::{Kind, ReleaseRecord, TrailFinding};
use cargo_sequester::door::model::verdict::{Basis, BasisCode, Reason, ReasonCode, Reasons, Verdict, Witness};
use cargo_sequester::door::policy::findings;
use cargo_sequester::door::policy::trail::{approvals_carry, clock, findings, gone, locked_checksum, reasons};

const FIRST: &str = "2026-01-01T00:00:00Z";
const SECOND: &str = "2026-02-01T00:00:00Z";
const THIRD: &str = "2026-03-01T00:00:00Z";

fn outline(number: &str, fill: u8, pubtime: &str) -> Outline {
    Outline { version: version(number), pubtime: Pubtime::Known(at(pubtime)), yanked: false, checksum: checksum(fill) }
}

fn history(lines: &[(&str, u8, &str)]) -> History {
    history_as(lines, Standing::Confirmed)
}

fn history_as(lines: &[(&str, u8, &str)], standing: Standing) -> History {
    let text: String = lines
        .iter()
        .map(|(number, fill, pubtime)| {
            let cksum = checksum(*fill);
            format!(r#"{{"name":"bar","vers":"{number}","deps":[],"cksum":"{cksum}","features":{{}},"yanked":false,"pubtime":"{pubtime}"}}"#)
                + "\n"
        })
        .collect();
    History::from_lines("bar", text.into_bytes(), standing)
}

fn approved(record: ReleaseRecord) -> ReleaseRecord {
    record.with_verdict(&Verdict::Approved(Basis::Aged))
}

/// 1.0.0, then 1.1.0 and 1.2.0, all vendored.
fn recorded() -> Recorded {
    let folder = Folder::new();
    let mut one = event(Kind::Init, noon(1));
    one.releases = vec![approved(release("bar", "1.0.0", 1, FIRST))];
    folder.add(one);
    let mut two = event(Kind::Vendored, noon(2));
    two.releases = vec![approved(release("bar", "1.1.0", 2, SECOND)), approved(release("bar", "1.2.0", 3, THIRD))];
    folder.add(two);
    Recorded::of(&folder.read())
}

#[test]
fn c6_a_pubtime_other_than_the_recorded_one_is_a_reason() {
    let (recorded, bar) = (recorded(), crates_io("bar"));
    let reasons = |line: &Outline| reasons(&recorded, &bar, line, &LockedChecksum::Known(line.checksum));
    assert!(reasons(&outline("1.1.0", 2, SECOND)).is_empty());
    let changed = |found| vec![Reason::PubtimeChanged { recorded: at(SECOND), found }];
    for other in [FIRST, THIRD] {
        assert_eq!(reasons(&outline("1.1.0", 2, other)), changed(Some(at(other))));
    }
    for unknown in [Pubtime::Absent, Pubtime::Malformed("2026-02-01 00:00:00".into())] {
        assert_eq!(reasons(&Outline { pubtime: unknown, ..outline("1.1.0", 2, SECOND) }), changed(None));
    }
    assert!(reasons(&outline("1.3.0", 9, THIRD)).is_empty(), "nothing is recorded of it");
}

#[test]
fn b5_a_checksum_other_than_the_recorded_one_is_a_reason() {
    let (recorded, bar) = (recorded(), crates_io("bar"));
    let mismatch = |locked: &str| Reason::ChecksumMismatch {
        locked: locked.into(),
        expected: checksum(2),
        witness: Witness::Trail,
    };
    let other = checksum(9).to_string();
    let same = outline("1.1.0", 2, SECOND);
    let swapped = outline("1.1.0", 9, SECOND);
    let known = |fill| LockedChecksum::Known(checksum(fill));
    for (line, locked, expected) in [
        (&same, known(2), None),
        (&same, known(9), Some(mismatch(&other))),
        (&swapped, known(9), Some(mismatch(&other))),
        (&swapped, known(2), None),
        (&same, LockedChecksum::Malformed("x".into()), Some(mismatch("x"))),
        (&same, LockedChecksum::Missing, None),
    ] {
        assert_eq!(reasons(&recorded, &bar, line, &locked), Vec::from_iter(expected), "{locked:?}");
    }
    // The lock file kept the recorded bytes and the registry changed them: the index is the witness against it.
    assert!(findings::checksum_reason(&known(2), swapped.checksum).is_some());
    assert_eq!(locked_checksum(&recorded, &bar, &version("1.1.0"), &known(9)), Some(mismatch(&other)));
    assert_eq!(locked_checksum(&recorded, &bar, &version("1.1.0"), &known(2)), None);
    assert_eq!(locked_checksum(&recorded, &bar, &version("1.3.0"), &known(2)), None);
}

#[test]
fn b5_build_metadata_and_registries_are_told_apart() {
    let (recorded, bar) = (recorded(), crates_io("bar"));
    assert!(recorded.release(&bar, &version("1.1.0+x")).is_none());
    assert!(recorded.release(&crates_io("Bar"), &version("1.1.0")).is_none());
}

#[test]
fn c7_a_recorded_release_that_vanished_is_an_alarm() {
    let (recorded, bar) = (recorded(), crates_io("bar"));
    let all = [("1.0.0", 1, FIRST), ("1.1.0", 2, SECOND), ("1.2.0", 3, THIRD)];
    assert!(findings(&recorded, &bar, &history(&all), &[]).is_empty());
    let without = history(&[all[0], all[2]]);
    let found = findings(&recorded, &bar, &without, &[]);
    let vanished = |number: &str, day| TrailFinding::ReleaseVanished {
        crate_id: bar.clone(),
        version: version(number),
        since: noon(day),
    };
    assert_eq!(found, [vanished("1.1.0", 2)]);
    assert!(!found[0].blocks(), "the release itself is rejected as not in the index");
    let cached = history_as(&[all[0], all[2]], Standing::Cached(None));
    assert!(findings(&recorded, &bar, &cached, &[]).is_empty(), "an older copy may honestly lack it");
    assert_eq!(gone(&recorded, &bar), [vanished("1.0.0", 1), vanished("1.1.0", 2), vanished("1.2.0", 2)]);
    assert!(gone(&recorded, &crates_io("other")).is_empty());
}

#[test]
fn c10_an_index_that_ends_earlier_stops_the_run() {
    let (mut recorded, bar) = (recorded(), crates_io("bar"));
    let shorter = history(&[("1.0.0", 1, FIRST)]);
    let blocking = |recorded: &Recorded, locked: &[&str]| -> Vec<_> {
        let locked: Vec<_> = locked.iter().map(|number| version(number)).collect();
        let found = findings(recorded, &bar, &shorter, &locked.iter().collect::<Vec<_>>());
        assert_eq!(found.iter().filter(|finding| !finding.blocks()).count(), 2);
        found.into_iter().filter(TrailFinding::blocks).collect()
    };
    let shortened = |missing: &[&str]| {
        let missing = missing.iter().map(|number| version(number)).collect();
        vec![TrailFinding::IndexShortened { crate_id: bar.clone(), missing }]
    };
    assert_eq!(blocking(&recorded, &[]), shortened(&["1.1.0", "1.2.0"]));
    assert_eq!(blocking(&recorded, &["1.1.0"]), shortened(&["1.2.0"]), "what is locked has its own reason");
    let releases = &mut recorded.crates.get_mut(&bar).unwrap().releases;
    releases.get_mut(&version("1.2.0")).unwrap().left = true;
    assert_eq!(blocking(&recorded, &["1.1.0"]), [], "what the project left is no longer its business");
}

#[test]
fn c16_a_name_with_a_younger_first_release_is_another_crate() {
    let (recorded, bar) = (recorded(), crates_io("bar"));
    let reborn = history(&[("1.0.0", 1, "2026-06-01T00:00:00Z"), ("2.0.0", 8, "2026-06-02T00:00:00Z")]);
    let found = findings(&recorded, &bar, &reborn, &[]);
    let reappeared = TrailFinding::CrateReappeared {
        crate_id: bar.clone(),
        recorded: at(FIRST),
        found: Some(at("2026-06-01T00:00:00Z")),
    };
    assert!(found.contains(&reappeared), "{found:?}");
    assert!(!approvals_carry(&recorded, &bar, &reborn));
    let older = history(&[("0.1.0", 7, "2020-01-01T00:00:00Z"), ("1.1.0", 2, SECOND), ("1.2.0", 3, THIRD)]);
    assert!(approvals_carry(&recorded, &bar, &older), "its first release is older than anything recorded");
    assert!(approvals_carry(&recorded, &crates_io("other"), &reborn));
    assert!(!approvals_carry(&recorded, &bar, &history(&[])), "an empty list is no crate that was known");
}

#[test]
fn d2_a_clock_behind_the_latest_event_stops_the_run() {
    let recorded = recorded();
    let behind = |machine: &str| clock(&recorded, at(machine));
    assert_eq!(behind("2026-11-02T12:00:00Z"), None);
    assert_eq!(behind("2026-11-02T11:50:00Z"), None);
    let now = at("2026-11-02T11:49:59Z");
    let finding = clock(&recorded, now).unwrap();
    assert_eq!(finding, TrailFinding::ClockBehindTrail { now, latest: noon(2) });
    assert!(finding.blocks());
    assert_eq!(clock(&Recorded::default(), now), None);
}

#[test]
fn approvals_and_departures_are_recorded_in_order() {
    let folder = Folder::new();
    let bar = crates_io("bar");
    let now = |folder: &Folder| Recorded::of(&folder.read()).release(&bar, &version("1.1.0")).unwrap().clone();
    let mut approve = event(Kind::Approved, noon(1));
    let mut record = release("bar", "1.1.0", 2, SECOND);
    record.approval = Some(ApprovalRecord { lifts: vec![ReasonCode::TooNew], ..ApprovalRecord::default() });
    approve.releases = vec![record.clone()];
    folder.add(approve);
    let approval = now(&folder).approved.unwrap();
    assert_eq!((approval.by.as_deref(), approval.basis), (Some("Ana <ana@example.org>"), None));
    let mut vendored = event(Kind::Vendored, noon(2));
    vendored.releases = vec![approved(release("bar", "1.1.0", 2, SECOND))];
    folder.add(vendored);
    assert_eq!(now(&folder).approved.unwrap().basis, Some(BasisCode::Aged));
    let mut updated = event(Kind::Updated, noon(3));
    let mut next = approved(release("bar", "1.2.0", 3, THIRD));
    next.replaced = Some(version("1.1.0"));
    updated.releases = vec![next];
    folder.add(updated);
    assert!(now(&folder).left);
    let mut revoked = event(Kind::Revoked, noon(4));
    revoked.releases = vec![release("bar", "1.1.0", 2, SECOND)];
    folder.add(revoked);
    let release = now(&folder);
    assert_eq!((release.left, release.approved, release.since), (true, None, noon(1)));
}

#[test]
fn an_ignored_advisory_approves_nothing() {
    let folder = Folder::new();
    let mut ignore = event(Kind::Approved, noon(1));
    let mut record = release("bar", "1.1.0", 2, SECOND);
    record.approval =
        Some(ApprovalRecord { ignores: vec!["RUSTSEC-2026-9001".to_owned()], ..ApprovalRecord::default() });
    ignore.releases = vec![record];
    folder.add(ignore);
    let recorded = Recorded::of(&folder.read());
    assert_eq!(recorded.release(&crates_io("bar"), &version("1.1.0")).unwrap().approved, None);
}

/// A record of a mismatch says only that two facts differ; the registry is held to the facts before it.
#[test]
fn a_recorded_mismatch_is_no_witness() {
    let folder = Folder::new();
    let mut first = event(Kind::Updated, noon(1));
    let against = Reason::ChecksumMismatch {
        locked: checksum(9).to_string().into(),
        expected: checksum(2),
        witness: Witness::Index,
    };
    let verdict = Verdict::Rejected(Reasons::of(against, []));
    first.releases = vec![release("bar", "1.1.0", 9, THIRD).with_verdict(&verdict)];
    folder.add(first);
    let mut second = event(Kind::Vendored, noon(2));
    second.releases = vec![approved(release("bar", "1.1.0", 2, SECOND))];
    folder.add(second);
    let mut third = event(Kind::Vendored, noon(3));
    third.releases = vec![approved(release("bar", "1.1.0", 5, FIRST))];
    folder.add(third);
    let recorded = Recorded::of(&folder.read());
    let known = recorded.release(&crates_io("bar"), &version("1.1.0")).unwrap();
    assert_eq!((known.checksum, known.pubtime), (Some(checksum(2)), Some(at(SECOND))));
}
