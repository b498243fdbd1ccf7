//! The calendar itself, on facts built by hand.

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::calendar::{Horizon, Need, Prospect};
use cargo_sequester::door::model::facts::IndexFact;
use cargo_sequester::door::model::policy::Ban;
use cargo_sequester::door::model::verdict::{Basis, ReasonCode};
use proptest::prelude::*;

use super::world::{World, days_ago, now};

fn approved(prospect: &Prospect) -> Option<String> {
    prospect.approved.as_ref().map(|approved| approved.version.to_string())
}

fn held(prospect: &Prospect) -> Vec<String> {
    prospect.held.iter().map(|held| held.version.to_string()).collect()
}

/// `foo` 1.1.0 with older, newer, held and incompatible releases; the order of lines is not that of versions.
fn foo() -> World {
    World::new()
        .locked("foo", "1.1.0")
        .released("foo", "1.0.0", 900)
        .released("foo", "1.1.0", 800)
        .released("foo", "2.0.0", 200)
        .released("foo", "1.2.0", 100)
        .released("foo", "1.3.0", 5)
        .released("foo", "2.1.0", 4)
        .released("foo", "1.4.0", 3)
        .released("foo", "3.0.0-rc.1", 90)
}

#[test]
fn the_newest_approved_and_what_is_held_above_it() {
    for world in [foo(), foo().uncached()] {
        let seen = world.see();
        let entry = seen.entry("foo");
        assert_eq!(entry.need, Need::Update);
        for prospect in [&entry.update, &entry.compatible] {
            assert_eq!(approved(prospect).as_deref(), Some("1.2.0"));
            assert_eq!(held(prospect), ["1.4.0", "1.3.0"]);
            assert_eq!(prospect.next_at(), Some(days_ago(5 - 7)));
            assert_eq!(prospect.newest_held().unwrap().eligible_at(), Some(days_ago(3 - 7)));
        }
        assert_eq!(approved(&entry.major).as_deref(), Some("2.0.0"));
        assert_eq!(held(&entry.major), ["2.1.0"]);
        assert_eq!(entry.locked_until, None);
    }
}

#[test]
fn equal_age_passes_and_a_second_less_is_held() {
    let seen = World::new().locked("foo", "1.0.0").released("foo", "1.0.0", 100).released("foo", "1.0.1", 7).see();
    assert_eq!(approved(&seen.entry("foo").update).as_deref(), Some("1.0.1"));
}

#[test]
fn a_requirement_of_the_graph_holds_back() {
    let pin = r#","deps":[{"name":"low","req":"=1.0.0","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#;
    let world = World::new()
        .locked("high", "1.0.0")
        .locked("low", "1.0.0")
        .below()
        .line("high", "1.0.0", 100, pin)
        .released("low", "1.0.0", 100)
        .released("low", "1.0.1", 90)
        .released("low", "1.0.2", 2);
    let seen = world.see();
    let entry = seen.entry("low");
    assert_eq!((approved(&entry.update), held(&entry.update)), (None, Vec::new()));
    assert_eq!(approved(&entry.compatible).as_deref(), Some("1.0.1"));
    assert_eq!(held(&entry.compatible), ["1.0.2"]);
    assert_eq!(entry.need, Need::Beyond);
}

#[test]
fn a_wide_requirement_lets_an_incompatible_release_in() {
    let wide = r#","deps":[{"name":"low","req":">=1, <3","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#;
    let world = World::new()
        .locked("high", "1.0.0")
        .locked("low", "1.0.0")
        .below()
        .line("high", "1.0.0", 100, wide)
        .released("low", "1.0.0", 100)
        .released("low", "2.0.0", 90)
        .released("low", "3.0.0", 80);
    let seen = world.see();
    assert_eq!(approved(&seen.entry("low").update).as_deref(), Some("2.0.0"));
    assert_eq!(approved(&seen.entry("low").compatible), None);
    assert_eq!(approved(&seen.entry("low").major).as_deref(), Some("3.0.0"));
}

#[test]
fn c8_a_yanked_release_is_nowhere_ahead() {
    let seen = World::new()
        .locked("foo", "1.0.0")
        .line("foo", "1.0.0", 100, r#","yanked":true"#)
        .line("foo", "1.0.1", 50, r#","yanked":true"#)
        .line("foo", "1.0.2", 1, r#","yanked":true"#)
        .see();
    let entry = seen.entry("foo");
    assert_eq!((approved(&entry.update), held(&entry.update)), (None, Vec::new()));
    assert_eq!(entry.need, Need::Current);
}

#[test]
fn nothing_newer_is_proposed_for_a_malicious_release() {
    let seen = World::new()
        .locked("foo", "1.0.1")
        .released("foo", "1.0.0", 100)
        .released("foo", "1.0.1", 90)
        .released("foo", "1.0.2", 80)
        .advisory_of(AdvisoryKind::Malicious, "RUSTSEC-2026-0001", "foo", ">= 1.0.2")
        .see();
    let entry = seen.entry("foo");
    assert_eq!(entry.need, Need::Rejected);
    assert_eq!((approved(&entry.update), approved(&entry.major)), (None, None));
}

#[test]
fn a_fix_is_admitted_or_held() {
    let world = |days| {
        World::new()
            .locked("foo", "1.0.0")
            .released("foo", "1.0.0", 100)
            .released("foo", "1.0.1", days)
            .advisory("RUSTSEC-2026-0001", "foo", ">= 1.0.1")
            .see()
    };
    let admitted = world(2);
    assert_eq!(admitted.entry("foo").need, Need::Fix);
    let fix = admitted.entry("foo").update.approved.as_ref().unwrap();
    assert!(matches!(fix.basis, Basis::SecurityFix { .. }), "{fix:?}");
    let held = world(0);
    assert_eq!(held.entry("foo").need, Need::Rejected);
    let days = held.report(None).days();
    assert_eq!(days[0].1[0].part.as_str(), "fix");
    // A fix is held for a day, not for the usual seven.
    assert_eq!(days[0].1[0].at, days_ago(-1));
}

#[test]
fn of_rejected_releases_only_the_newest_is_named() {
    let mut world = foo();
    world.policy.deny =
        vec![Ban { crate_name: "foo".into(), req: Some(">=1.2".parse().unwrap()), text: "foo@>=1.2".into() }];
    let seen = world.see();
    let entry = seen.entry("foo");
    assert_eq!(held(&entry.compatible), ["1.4.0"]);
    let reasons = &entry.compatible.newest_held().unwrap().reasons;
    assert!(reasons.iter().any(|reason| reason.code() == ReasonCode::Denied));
    assert_eq!(entry.compatible.next_at(), None);
    assert!(seen.report(None).days().is_empty());
}

#[test]
fn two_different_lines_of_one_version_are_no_release() {
    let world = || {
        World::new()
            .locked("foo", "1.0.0")
            .released("foo", "1.0.0", 100)
            .released("foo", "1.0.1", 90)
            .released("foo", "1.0.2", 50)
            .line("foo", "1.0.2", 50, r#","links":"x""#)
    };
    for seen in [world().see(), world().uncached().see()] {
        assert_eq!(approved(&seen.entry("foo").update).as_deref(), Some("1.0.1"));
    }
}

#[test]
fn a_line_filed_under_another_version_is_no_release() {
    let seen = World::new()
        .locked("foo", "1.0.0")
        .released("foo", "1.0.0", 100)
        .line("foo", "1.0.1", 50, r#","x":"1.0.1""#)
        .see();
    assert_eq!(approved(&seen.entry("foo").update).as_deref(), Some("1.0.1"));
    let seen =
        World::new().locked("foo", "1.0.0").released("foo", "1.0.0", 100).misfiled("foo", "1.0.9", "1.0.1").see();
    assert_eq!(approved(&seen.entry("foo").update), None);
}

#[test]
fn what_needs_a_decision_comes_first() {
    let mut world = World::new();
    for name in ["current", "beyond", "later", "sooner", "update", "held", "fixed", "vulnerable", "malicious"] {
        world = world.locked(name, "1.0.0");
        world = if name == "held" { world.released(name, "1.0.0", 3) } else { world.released(name, "1.0.0", 100) };
        world = world.released(name, "0.9.0", 400);
    }
    let seen = world
        .released("beyond", "2.0.0", 50)
        .released("later", "1.0.1", 1)
        .released("sooner", "1.0.1", 6)
        .released("sooner", "1.0.2", 2)
        .released("update", "1.0.1", 60)
        .released("fixed", "1.0.1", 60)
        .advisory("RUSTSEC-2026-0001", "fixed", ">= 1.0.1")
        .advisory("RUSTSEC-2026-0002", "vulnerable", "")
        .advisory_of(AdvisoryKind::Malicious, "RUSTSEC-2026-0003", "malicious", "")
        .see();
    let expected = ["malicious", "vulnerable", "fixed", "held", "update", "sooner", "later", "beyond", "current"];
    assert_eq!(seen.order(), expected);
    assert_eq!(seen.entry("held").locked_until, Some(days_ago(3 - 7)));
}

/// Among what is merely newer, too: first what the locked release is warned of, then what time does not settle, then what comes first.
#[test]
fn among_updates_and_what_waits_the_doubtful_comes_first() {
    let mut world = World::new();
    for name in ["plain", "unmaintained", "later", "sooner", "denied", "unsound"] {
        world = world.locked(name, "1.0.0").released(name, "1.0.0", 100);
    }
    let mut world = world
        .released("plain", "1.0.1", 60)
        .released("unmaintained", "1.0.1", 60)
        .released("later", "1.0.1", 1)
        .released("sooner", "1.0.1", 6)
        .released("denied", "1.0.1", 60)
        .released("unsound", "1.0.1", 2)
        .advisory_of(AdvisoryKind::Unmaintained, "RUSTSEC-2026-0001", "unmaintained", "")
        .advisory_of(AdvisoryKind::Unsound, "RUSTSEC-2026-0002", "unsound", "");
    world.policy.deny =
        vec![Ban { crate_name: "denied".into(), req: Some(">=1.0.1".parse().unwrap()), text: "denied@>=1.0.1".into() }];
    let expected = ["unmaintained", "plain", "unsound", "denied", "sooner", "later"];
    assert_eq!(world.see().order(), expected);
}

#[test]
fn of_two_updates_the_one_that_the_workspace_asks_for_itself_comes_first() {
    let mut seen = World::new();
    for name in ["first", "below", "direct"] {
        seen = seen.locked(name, "1.0.0").released(name, "1.0.0", 100).released(name, "1.0.1", 60);
        seen = if name == "below" { seen.below() } else { seen };
    }
    assert_eq!(seen.see().order(), ["first", "direct", "below"]);
}

#[test]
fn a_crate_without_an_index_entry_has_nothing_ahead() {
    let seen = World::new().locked("foo", "1.0.0").see();
    assert!(!seen.evaluation.blockers.is_empty());
    assert_eq!(seen.entry("foo").need, Need::Rejected);
    assert_eq!(approved(&seen.entry("foo").update), None);
}

#[test]
fn days_are_utc_days_and_end_with_the_horizon() {
    let seen = foo().see();
    let all: Vec<_> = seen.report(None).days();
    let told: Vec<String> = all
        .iter()
        .flat_map(|(day, releases)| {
            releases.iter().map(move |one| format!("{day} {} {}", one.version, one.part.as_str()))
        })
        .collect();
    assert_eq!(told, ["2026-11-24 1.3.0 update", "2026-11-25 2.1.0 major", "2026-11-26 1.4.0 update"]);
    let until = |text: &str| seen.report(Some(text.parse::<Horizon>().unwrap().end(now()))).days().len();
    assert_eq!(until("2 days"), 1);
    assert_eq!(until("47 hours"), 0);
    assert_eq!(until("2026-11-25"), 2);
    assert_eq!(until("2026-11-23"), 0);
    for wrong in ["2026-13-01", "14", "soon", "2026-11-25T00:00:00Z", ""] {
        assert!(wrong.parse::<Horizon>().is_err(), "{wrong}");
    }
    assert_eq!("9999-12-31".parse::<Horizon>().unwrap().end(now()), jiff::Timestamp::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Against the plain reading of every line: the newest approved release of each kind, and nothing held that is older.
    #[test]
    fn looking_from_the_end_finds_what_reading_everything_finds(
        releases in prop::collection::btree_map((0..3_u64, 0..4_u64, 0..4_u64), (0..20_i64, any::<bool>()), 1..20),
    ) {
        let mut world = World::new().locked("foo", "1.0.0").released("foo", "1.0.0", 100);
        let mut uncached = World::new().uncached().locked("foo", "1.0.0").released("foo", "1.0.0", 100);
        let mut expected: Vec<(semver::Version, bool)> = Vec::new();
        for ((major, minor, patch), (days, yanked)) in releases {
            let version = semver::Version::new(major, minor, patch);
            if version == semver::Version::new(1, 0, 0) {
                continue;
            }
            let more = if yanked { r#","yanked":true"# } else { "" };
            world = world.line("foo", &version.to_string(), days, more);
            uncached = uncached.line("foo", &version.to_string(), days, more);
            if !yanked && version > semver::Version::new(1, 0, 0) {
                expected.push((version, days >= 7));
            }
        }
        expected.sort();
        let (seen, other) = (world.see(), uncached.see());
        prop_assert_eq!(&seen.calendar, &other.calendar);
        let entry = seen.entry("foo");
        for (prospect, major) in [(&entry.compatible, false), (&entry.major, true)] {
            let of_kind = || expected.iter().rev().filter(|(version, _)| (version.major > 1) == major);
            let newest = of_kind().find(|(_, aged)| *aged).map(|(version, _)| version.to_string());
            let above: Vec<String> = of_kind().take_while(|(_, aged)| !aged).map(|(version, _)| version.to_string()).collect();
            prop_assert_eq!(approved(prospect), newest);
            prop_assert_eq!(held(prospect), above);
        }
    }
}

#[test]
fn the_order_of_lines_and_threads_does_not_matter() {
    let one = foo().see().calendar;
    for _ in 0..4 {
        assert_eq!(foo().see().calendar, one);
    }
    let seen = foo().see();
    assert!(matches!(seen.world.facts.index.values().next(), Some(IndexFact::Read(_))));
}
