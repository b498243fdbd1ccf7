//! Rules of the policy against what is locked: one comparison of names, what adds up, what does nothing, and what ends soon.

use crate::support::facts::{
    Line, World, advisory, age, approval, checksum, database, date, days_ago, other_registry, vulnerability,
};
use crate::support::rules::{COMMIT, ban, git, ignore, longer_rule, one, plain};
use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::approval::Approval;
use cargo_sequester::door::model::crate_name::{CrateName, NamePattern, canonical, is_same};
use cargo_sequester::door::model::evaluation::{Idle, Notice, RuleKind};
use cargo_sequester::door::model::package::{LocalPackage, LockedChecksum};
use cargo_sequester::door::model::policy::{GitRule, Level, RegistryPolicy};
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::model::verdict::{Basis, Exemption, Reason, ReasonCode, Verdict, Warning};
use proptest::prelude::*;

/// A release that is two days old of a crate that is three days old, and is yanked.
fn troubled() -> World {
    World::new()
        .publish(Line::new("foo", "0.9.0").days_old(3))
        .publish(Line::new("foo", "1.0.0").days_old(2).yanked())
        .lock("foo", "1.0.0")
        .with(|world| world.policy.advisories.yanked = Level::Reject)
}

fn lifting(line: u32, lifts: &[ReasonCode]) -> Approval {
    Approval { line, until: Some(date("2027-06-30")), ..approval("foo", "1.0.0", lifts) }
}

fn given(world: &World) -> Vec<(u32, Vec<ReasonCode>)> {
    match world.judgement("foo").verdict {
        Some(Verdict::Approved(Basis::Approval { given })) => {
            given.into_iter().map(|one| (one.line, one.lifted)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn approvals_of_the_same_bytes_add_up_in_any_order() {
    let [new, young, yanked] = [ReasonCode::TooNew, ReasonCode::NewCrate, ReasonCode::Yanked];
    let all = [lifting(10, &[new]), lifting(20, &[young]), lifting(30, &[yanked])];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = troubled().with(|world| world.approvals.extend(order.map(|at| all[at].clone())));
        let mut lines: Vec<_> = given(&world).into_iter().map(|(line, _)| line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [10, 20, 30]);
    }
    // Two of the three leave what the third would lift.
    let world = troubled().with(|world| world.approvals.extend([all[0].clone(), all[2].clone()]));
    assert_eq!(world.outcome("foo"), "quarantined new-crate");
    // Of other bytes, none adds anything.
    let other = Approval { checksum: checksum("foo", "evil"), ..all[1].clone() };
    let world = troubled().with(|world| world.approvals.extend([all[0].clone(), other, all[2].clone()]));
    assert_eq!(world.outcome("foo"), "quarantined new-crate");
}

#[test]
fn the_strongest_approval_is_taken_and_none_is_called_on_in_vain() {
    let [new, young, yanked] = [ReasonCode::TooNew, ReasonCode::NewCrate, ReasonCode::Yanked];
    let (weak, strong) = (lifting(10, &[new, young]), lifting(20, &[young, new, yanked]));
    for order in [[weak.clone(), strong.clone()], [strong, weak]] {
        let world = troubled().with(|world| world.approvals.extend(order));
        assert_eq!(given(&world), [(20, vec![new, young, yanked])]);
        let release = "foo@1.0.0".to_owned();
        assert_eq!(world.evaluate().notices, [Notice::ApprovalUnused { line: 10, release, idle: Idle::NotHeld }]);
    }
}

#[test]
fn a_release_without_a_pubtime_can_still_be_of_a_new_crate() {
    let of = |first: Line| {
        let line = Line::new("foo", "1.0.0").pubtime(None);
        World::new().publish(first).publish(line).lock("foo", "1.0.0")
    };
    let young = of(Line::new("foo", "0.9.0").days_old(3));
    assert_eq!(young.outcome("foo"), "rejected new-crate pubtime-unknown");
    let lifts = [ReasonCode::PubtimeUnknown];
    let approved = young.with(|world| world.approvals.push(lifting(10, &lifts)));
    assert_eq!(approved.outcome("foo"), "quarantined new-crate");
    assert_eq!(of(Line::new("foo", "0.9.0").days_old(300)).outcome("foo"), "rejected pubtime-unknown");
    // Where no release tells, nothing says that the crate is new.
    assert_eq!(of(Line::new("foo", "0.9.0").pubtime(Some("lately"))).outcome("foo"), "rejected pubtime-unknown");
}

#[test]
fn a_rule_finds_its_crate_in_every_spelling() {
    let young = |name: &str| {
        World::new()
            .publish(Line::new(name, "0.1.0"))
            .publish(Line::new(name, "1.0.0").days_old(10))
            .lock(name, "1.0.0")
    };
    for (locked, written) in [("foo-bar", "foo_bar"), ("foo_bar", "foo-bar"), ("Foo_Bar", "foo-bar")] {
        let world = || young(locked);
        for pattern in [written, "foo_*", "*-bar"] {
            let rule = longer_rule(pattern, Registry::CratesIo, "14 days");
            let held = world().with(|world| world.policy.overrides.push(rule));
            assert_eq!(held.outcome(locked), "quarantined too-new", "{pattern}");
            assert_eq!(held.evaluate().notices, []);
        }
        let denied = world().with(|world| world.policy.deny.push(ban(written)));
        assert_eq!(denied.outcome(locked), "rejected denied");
        let hit = || world().advise(vulnerability(locked, &[]));
        let mut ignored = ignore("RUSTSEC-2026-9001", "2027-06-30");
        ignored.crate_name = Some(written.into());
        let hit = hit().with(|world| world.policy.advisories.ignore.push(ignored));
        assert_eq!(hit.outcome(locked), "approved aged");
        assert_eq!(hit.evaluate().notices, []);
        let mut exempt = lifting(10, &[ReasonCode::TooNew]);
        (exempt.crate_name, exempt.checksum) = (written.into(), checksum(locked, "1.0.0"));
        let exempt = world().with(|world| {
            world.policy.quarantine.min_publish_age.value = age("14 days");
            world.approvals.push(exempt);
        });
        assert_eq!(exempt.outcome(locked), "approved by line 10");
    }
}

#[test]
fn an_override_is_of_crates_io_unless_it_names_another_registry() {
    let mine = other_registry();
    let world = World::new()
        .publish_in(mine.clone(), Line::new("foo", "1.0.0").days_old(10))
        .lock_in(mine.clone(), "foo", "1.0.0")
        .with(|world| {
            let ours = RegistryPolicy { name: "mine".into(), min_publish_age: None, api: None };
            world.policy.registries.insert(other_registry(), ours);
            world.policy.quarantine.new_crate_age = age("0");
            world.policy.overrides.push(longer_rule("foo", Registry::CratesIo, "14 days"));
        });
    assert_eq!(world.outcome("foo"), "approved aged");
    let named = world.with(|world| world.policy.overrides.push(longer_rule("foo", mine, "14 days")));
    assert_eq!(named.outcome("foo"), "quarantined too-new");
}

proptest! {
    #[test]
    fn names_are_equal_exactly_where_their_canonical_spellings_are(one in "[aA_-]{1,4}", other in "[aA_-]{1,4}") {
        let same = canonical(&one) == canonical(&other);
        prop_assert_eq!(is_same(&one, &other), same);
        prop_assert_eq!(CrateName::from(&*one) == CrateName::from(&*other), same);
        prop_assert_eq!(NamePattern::from(&*one).fits(&other), same);
    }
}

#[test]
fn an_ignore_by_another_databases_id_works() {
    let known = || {
        let mut known = vulnerability("foo", &[]);
        known.aliases = vec!["CVE-2026-0001".into(), "GHSA-aaaa-bbbb-cccc".into()];
        known
    };
    for id in ["RUSTSEC-2026-9001", "CVE-2026-0001", "GHSA-aaaa-bbbb-cccc", "ghsa-AAAA-bbbb-cccc"] {
        let by = |until| plain().advise(known()).with(|world| world.policy.advisories.ignore.push(ignore(id, until)));
        let world = by("2027-06-30");
        assert_eq!(world.outcome("foo"), "approved aged", "{id}");
        let [Warning::Ignored { advisory, .. }] = &world.judgement("foo").warnings[..] else { panic!("{id}") };
        assert_eq!(&**advisory, "RUSTSEC-2026-9001");
        assert_eq!(world.evaluate().notices, []);
        assert_eq!(by("2026-11-21").outcome("foo"), "rejected advisory");
    }
    // Nobody ignores malice, by whatever name.
    let mut malicious = known();
    malicious.kind = AdvisoryKind::Malicious;
    let world = plain()
        .advise(malicious)
        .with(|world| world.policy.advisories.ignore.push(ignore("CVE-2026-0001", "2027-06-30")));
    assert_eq!(world.outcome("foo"), "rejected malicious");
}

#[test]
fn a_rule_that_is_about_nothing_locked_is_told() {
    let world = plain().lock_source("cfg", "0.1.0", git("https://git.example.org/cfg", Some(COMMIT))).with(|world| {
        let rule = |url: &str| GitRule { url: url.into(), rev: None, reason: None };
        world.policy.overrides.extend([
            longer_rule("fo-*", Registry::CratesIo, "1 day"),
            longer_rule("f*", Registry::CratesIo, "1 day"),
            longer_rule("foo", other_registry(), "1 day"),
        ]);
        world.policy.sources.allow_registries.push(other_registry());
        world.policy.sources.allow_git.extend([rule("https://git.example.org/other"), rule("https://git.example.org")]);
        world.policy.deny.extend([ban("openssl-sys"), ban("foo@<1")]);
        world.policy.advisories.ignore.push(ignore("RUSTSEC-2026-0002", "2027-06-30"));
        world.approvals.push(lifting(10, &[ReasonCode::Yanked]));
    });
    let unused = |kind, entry: &str| Notice::RuleUnused { kind, entry: entry.into(), line: None };
    assert_eq!(
        world.evaluate().notices,
        [
            Notice::ApprovalUnused { line: 10, release: "foo@1.0.0".into(), idle: Idle::NotHeld },
            Notice::IgnoreUnused { line: 3, advisory: "RUSTSEC-2026-0002".into() },
            unused(RuleKind::Override, "fo-*"),
            unused(RuleKind::Override, "foo"),
            unused(RuleKind::Registry, "sparse+https://crates.example.org/index/"),
            unused(RuleKind::Git, "https://git.example.org/other"),
            unused(RuleKind::Ban, "openssl-sys"),
            unused(RuleKind::Ban, "foo@<1"),
        ]
    );
}

#[test]
fn i4_what_ends_within_two_weeks_and_will_be_missed_is_told_all_at_once() {
    let ends = |approval: &str, ignored: &str| {
        let yanked = |name: &str, line: u32| {
            let mut one = Approval { line, ..self::approval(name, "1.0.0", &[ReasonCode::Yanked]) };
            one.until = Some(date(approval));
            one
        };
        let mut world = plain().advise(vulnerability("foo", &[]));
        for (name, line) in [("bar", 10), ("baz", 20)] {
            world = world.publish(Line::new(name, "1.0.0").yanked()).lock(name, "1.0.0");
            world.approvals.push(yanked(name, line));
        }
        world.policy.advisories.yanked = Level::Reject;
        world.policy.advisories.ignore.push(ignore("RUSTSEC-2026-9001", ignored));
        world.evaluate().notices
    };
    let told = |until| {
        let until = date(until);
        vec![
            Notice::ApprovalEnding { line: 10, release: "bar@1.0.0".into(), until },
            Notice::ApprovalEnding { line: 20, release: "baz@1.0.0".into(), until },
            Notice::IgnoreEnding { line: 3, advisory: "RUSTSEC-2026-9001".into(), until },
        ]
    };
    for day in ["2026-11-22", "2026-12-06"] {
        assert_eq!(ends(day, day), told(day), "{day}");
    }
    assert_eq!(ends("2026-12-07", "2026-12-07"), []);
}

#[test]
fn an_approval_that_time_makes_needless_by_its_end_is_not_told() {
    // Eligible on 2026-11-27.
    let until = |day: &str| {
        let world = one(Line::new("foo", "1.0.0").days_old(2));
        let one = Approval { until: Some(date(day)), ..lifting(10, &[ReasonCode::TooNew]) };
        world.with(|world| world.approvals.push(one)).evaluate().notices
    };
    assert_eq!(until("2026-11-27"), []);
    let (release, until_before) = ("foo@1.0.0".to_owned(), date("2026-11-26"));
    assert_eq!(until("2026-11-26"), [Notice::ApprovalEnding { line: 10, release, until: until_before }]);
    // An ignore beside a longer one for the same advisory changes nothing on its last day.
    let world = plain().advise(vulnerability("foo", &[])).with(|world| {
        let mut longer = ignore("RUSTSEC-2026-9001", "2027-06-30");
        longer.crate_name = Some("foo".into());
        world.policy.advisories.ignore.extend([ignore("RUSTSEC-2026-9001", "2026-11-30"), longer]);
    });
    assert_eq!(world.evaluate().notices, []);
}

#[test]
fn a_copy_from_elsewhere_of_what_an_advisory_names_is_told() {
    let copy = |kind| {
        let hit = || advisory("RUSTSEC-2026-9001", "cfg-copy", kind, &[">=0.2.0"], &[]);
        let world = World::new().advise(hit()).with(|world| {
            let rule = GitRule { url: "https://git.example.org".into(), rev: None, reason: None };
            world.policy.sources.allow_git.push(rule);
        });
        world.lock_source("cfg-copy", "0.1.0", git("https://git.example.org/cfg", Some(COMMIT)))
    };
    for kind in [AdvisoryKind::Vulnerability, AdvisoryKind::Malicious, AdvisoryKind::Unsound] {
        let world = copy(kind);
        assert_eq!(world.outcome("cfg-copy"), "approved allowed-source");
        let judgement = world.judgement("cfg-copy");
        assert_eq!(judgement.warnings, [Warning::NamedByAdvisory { advisory: "RUSTSEC-2026-9001".into(), kind }]);
        assert_eq!(judgement.advisories, ["RUSTSEC-2026-9001".into()]);
    }
    let ignored = copy(AdvisoryKind::Vulnerability)
        .with(|world| world.policy.advisories.ignore.push(ignore("RUSTSEC-2026-9001", "2027-06-30")));
    assert!(matches!(ignored.judgement("cfg-copy").warnings[..], [Warning::Ignored { .. }]));
    let named = |name: &str, version: &str| {
        let world = copy(AdvisoryKind::Vulnerability).lock_source(name, version, Source::Local);
        world.judgement(name).warnings.len()
    };
    // A package in a folder as well; another version or name is none of it.
    assert_eq!(named("cfg-copy", "0.1.9"), 1);
    assert_eq!(named("cfg-copy", "0.2.0"), 0);
    assert_eq!(named("cfg", "0.1.0"), 0);
}

#[test]
fn advisories_are_of_crates_io_and_of_no_other_registry() {
    let world = World::new()
        .publish_in(other_registry(), Line::new("foo", "1.0.0"))
        .lock_in(other_registry(), "foo", "1.0.0")
        .advise(vulnerability("foo", &[]))
        .with(|world| world.policy.sources.allow_registries.push(other_registry()));
    assert_eq!(world.outcome("foo"), "approved aged");
    assert_eq!(world.judgement("foo").warnings, []);
}

#[test]
fn what_the_lock_file_lacks_counts_where_the_index_is_silent_too() {
    let world = plain().with(|world| {
        world.packages[1].id.version = "1.0.1".parse().unwrap();
        world.packages[1].checksum = LockedChecksum::Missing;
    });
    assert_eq!(world.outcome("foo"), "rejected checksum-missing not-in-index");
}

#[test]
fn the_path_does_not_depend_on_the_lock_files_order() {
    // Two shortest ways lead to `deep`, and `app` has two packages in the same place.
    let path = |order: &[&str]| {
        let mut world = World::new();
        for name in order {
            world = world.publish(Line::new(name, "1.0.0"));
            world = world.lock_source(name, "1.0.0", Source::Registry(Registry::CratesIo));
        }
        for (parent, child) in [("app", "zed"), ("app", "mid"), ("app", "long"), ("long", "way")] {
            world = world.edge(parent, child);
        }
        for parent in ["zed", "mid", "way"] {
            world = world.edge(parent, "deep");
        }
        let deep = world.position("deep");
        let path = &world.evaluate().judgements[deep].path;
        path.iter().map(|at| world.packages[*at].id.name.to_string()).collect::<Vec<_>>()
    };
    for order in [["zed", "way", "mid", "long", "deep"], ["deep", "long", "mid", "way", "zed"]] {
        assert_eq!(path(&order), ["app", "mid", "deep"]);
    }
}
