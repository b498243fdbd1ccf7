//! How old a release must be: the edges, the clocks, which age applies, and how fresh advisories must be.

use crate::support::facts::{Line, World, age, crates_io, date, days_ago, hours_ago, now, other_registry, short};
use crate::support::rules::{ban, longer_rule, one, plain, set};
use cargo_sequester::door::model::crate_name::NamePattern;
use cargo_sequester::door::model::evaluation::Blocker;
use cargo_sequester::door::model::facts::AdvisoryFact;
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::policy::{Level, Origin, Policy, RegistryPolicy, Setting};
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::policy::{evaluate, publish_age};
use jiff::SignedDuration;

#[test]
fn d3_an_age_equal_to_the_minimum_passes() {
    let old = |seconds: i64| {
        let published = days_ago(7).checked_add(SignedDuration::from_secs(seconds)).unwrap();
        one(Line::new("foo", "1.0.0").at(published)).outcome("foo")
    };
    assert_eq!(old(0), "approved aged");
    assert_eq!(old(1), "quarantined too-new");
    let born = |seconds: i64| {
        let published = days_ago(30).checked_add(SignedDuration::from_secs(seconds)).unwrap();
        World::new().publish(Line::new("foo", "1.0.0").at(published)).lock("foo", "1.0.0").outcome("foo")
    };
    assert_eq!(born(0), "approved aged");
    assert_eq!(born(1), "quarantined new-crate");
    // Leap day and year's end are seconds like any other.
    let leap = one(Line::new("foo", "1.0.0").pubtime(Some("2028-02-29T12:00:00Z")));
    assert_eq!(leap.outcome_at("foo", "2028-03-07T12:00:00Z".parse().unwrap()), "approved aged");
    assert_eq!(leap.outcome_at("foo", "2028-03-07T11:59:59Z".parse().unwrap()), "quarantined too-new");
}

#[test]
fn c4_a_pubtime_ahead_of_now_is_held_past_ten_minutes() {
    let ahead = |seconds: i64| {
        let published = now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
        one(Line::new("foo", "1.0.0").at(published))
    };
    assert_eq!(ahead(600).outcome("foo"), "quarantined too-new");
    assert_eq!(ahead(601).outcome("foo"), "quarantined too-new pubtime-in-future");
    // No age at all does not make the future the past.
    let no_age = |world: &mut World| world.policy.min_publish_age_flag = Some(age("0"));
    assert_eq!(ahead(600).with(no_age).outcome("foo"), "approved aged");
    assert_eq!(ahead(601).with(no_age).outcome("foo"), "quarantined pubtime-in-future");
}

#[test]
fn d1_the_earlier_of_two_clocks_counts_and_a_wrong_one_blocks() {
    let young = || one(Line::new("foo", "1.0.0").days_old(2));
    let clocks = |machine_days: i64, registry_days: i64| {
        let world = young().with(|world| world.registry_clock = Some(days_ago(-registry_days)));
        let evaluation = world.evaluate_at(days_ago(-machine_days));
        let skewed = evaluation.blockers.iter().any(|blocker| matches!(blocker, Blocker::ClockSkew { .. }));
        (short(&evaluation.judgements[1]), skewed)
    };
    assert_eq!(clocks(30, 0), ("quarantined too-new".into(), true));
    assert_eq!(clocks(0, 30), ("quarantined too-new".into(), true));
    assert_eq!(clocks(-30, 0), ("quarantined too-new pubtime-in-future".into(), true));
    assert_eq!(clocks(0, 0), ("quarantined too-new".into(), false));
    let apart = |seconds: i64| {
        let other = now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let evaluation = plain().with(|world| world.registry_clock = Some(other)).evaluate();
        assert_eq!(evaluation.now, now().min(other));
        evaluation.is_approved()
    };
    assert!(apart(600) && apart(-600));
    assert!(!apart(601) && !apart(-601));
}

#[test]
fn which_minimum_age_applies() {
    let minimum = |change: &dyn Fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        publish_age::minimum(&policy, &crates_io("foo-bar")).value.to_string()
    };
    let registry = |policy: &mut Policy, value: &str| {
        let own = RegistryPolicy { name: "crates-io".into(), min_publish_age: Some(set(value)), api: None };
        policy.registries.insert(Registry::CratesIo, own);
    };
    let rule = |policy: &mut Policy, pattern: &str, value: &str| {
        policy.overrides.push(longer_rule(pattern, Registry::CratesIo, value));
    };
    assert_eq!(minimum(&|_| {}), "7 days");
    assert_eq!(minimum(&|policy| policy.quarantine.min_publish_age = set("9 days")), "9 days");
    assert_eq!(minimum(&|policy| registry(policy, "3 days")), "3 days");
    let overridden = |policy: &mut Policy| {
        registry(policy, "20 days");
        rule(policy, "foo-*", "5 days");
        rule(policy, "*bar", "6 days");
        rule(policy, "other", "50 days");
        policy.overrides.push(longer_rule("*", other_registry(), "60 days"));
    };
    assert_eq!(minimum(&overridden), "6 days");
    let flagged = |policy: &mut Policy| {
        overridden(policy);
        policy.min_publish_age_flag = Some(age("1 day"));
    };
    assert_eq!(minimum(&flagged), "1 days".replace("days", "day"));
    // Cargo's own keys lengthen whatever applies, the flag included, and never shorten.
    for (value, expected) in [("2 days", "2 days"), ("1 hour", "1 day")] {
        assert_eq!(
            minimum(&|policy| {
                flagged(policy);
                policy.cargo.global = Some(set(value));
            }),
            expected
        );
        assert_eq!(
            minimum(&|policy| {
                flagged(policy);
                policy.cargo.registries.insert(Registry::CratesIo, set(value));
            }),
            expected
        );
    }
    let other = |policy: &mut Policy| {
        policy.cargo.registries.insert(other_registry(), set("90 days"));
    };
    assert_eq!(minimum(&other), "7 days");
}

#[test]
fn where_no_crate_is_too_new_neither_is_one_that_is_dated_ahead() {
    let ahead = |new_crate_age: &str| {
        let world = World::new().publish(Line::new("foo", "1.0.0").days_old(-1)).lock("foo", "1.0.0");
        world.with(|world| world.policy.quarantine.new_crate_age = age(new_crate_age)).outcome("foo")
    };
    assert_eq!(ahead("0"), "quarantined too-new pubtime-in-future");
    assert_eq!(ahead("1 day"), "quarantined too-new new-crate pubtime-in-future");
}

#[test]
fn of_equal_ages_the_policys_own_is_named() {
    let origin = |days: &str| {
        let mut policy = Policy::default();
        let origin = Origin::Environment("CARGO_REGISTRY_GLOBAL_MIN_PUBLISH_AGE".into());
        policy.cargo.global = Some(Setting { value: age(days), origin });
        publish_age::minimum(&policy, &crates_io("foo")).origin
    };
    assert_eq!(origin("7 days"), Origin::Default);
    assert!(matches!(origin("8 days"), Origin::Environment(_)));
}

#[test]
fn patterns_match_whole_names() {
    for (pattern, name, expected) in [
        ("foo", "foo", true),
        ("foo", "food", false),
        ("*", "foo", true),
        ("foo-*", "foo-", true),
        ("foo-*", "foo", false),
        ("*-sys", "a-sys", true),
        ("*-sys", "a-sys2", false),
        ("a*a", "a", false),
        ("a*b*c", "a-b-b-c", true),
        ("a**c", "ac", true),
        ("", "foo", false),
    ] {
        assert_eq!(NamePattern::from(pattern).fits(name), expected, "{pattern} {name}");
    }
}

#[test]
fn a_trusted_registry_lifts_what_its_age_would_and_nothing_else() {
    let world = |line: Line| {
        World::new().publish_in(other_registry(), line).lock_in(other_registry(), "foo", "1.0.0").with(|world| {
            let own = RegistryPolicy { name: "own".into(), min_publish_age: Some(set("0")), api: None };
            world.policy.registries.insert(other_registry(), own);
        })
    };
    let line = || Line::new("foo", "1.0.0");
    assert_eq!(world(line().at(now())).outcome("foo"), "approved trusted");
    assert_eq!(world(line().pubtime(None)).outcome("foo"), "approved trusted");
    assert_eq!(world(line()).outcome("foo"), "approved aged");
    // Either age that another registry's release would lack is enough to need the trust.
    assert_eq!(world(line().days_old(10)).outcome("foo"), "approved trusted");
    let of_an_old_crate = world(line().days_old(2)).publish_in(other_registry(), Line::new("foo", "0.1.0"));
    assert_eq!(of_an_old_crate.outcome("foo"), "approved trusted");
    assert_eq!(world(line().days_old(-1)).outcome("foo"), "quarantined pubtime-in-future");
    assert_eq!(world(line()).with(|world| world.policy.deny.push(ban("foo"))).outcome("foo"), "rejected denied");
    let bytes = world(line()).with(|world| world.packages[1].checksum = LockedChecksum::Missing);
    assert_eq!(bytes.outcome("foo"), "rejected checksum-missing");
    let yanked = world(line().yanked()).with(|world| world.policy.advisories.yanked = Level::Reject);
    assert_eq!(yanked.outcome("foo"), "rejected yanked");
    // An override, or cargo's own key, takes the trust back.
    let held = |change: &dyn Fn(&mut Policy)| {
        world(line().pubtime(None)).with(|world| change(&mut world.policy)).outcome("foo")
    };
    assert_eq!(
        held(&|policy| policy.overrides.push(longer_rule("foo", other_registry(), "3 days"))),
        "rejected pubtime-unknown"
    );
    assert_eq!(held(&|policy| policy.cargo.global = Some(set("1 day"))), "rejected pubtime-unknown");
    assert_eq!(
        held(&|policy| policy.overrides.push(longer_rule("foo", Registry::CratesIo, "3 days"))),
        "approved trusted"
    );
    // No age for one run is not trust, nor is an override of zero for one crate.
    let flag =
        one(Line::new("foo", "1.0.0").pubtime(None)).with(|world| world.policy.min_publish_age_flag = Some(age("0")));
    assert_eq!(flag.outcome("foo"), "rejected pubtime-unknown");
}

#[test]
fn e1_e2_advisories_must_be_todays() {
    let blocked = |change: &dyn Fn(&mut World)| !plain().with(change).evaluate().is_approved();
    let db = |change: fn(&mut cargo_sequester::door::model::advisory::AdvisoryDb)| {
        blocked(&move |world| change(world.db.as_mut().unwrap()))
    };
    assert!(!db(|_| {}));
    assert!(!db(|db| db.confirmed = Some(hours_ago(72))));
    assert!(db(|db| db.confirmed = Some(hours_ago(73))));
    // Not confirmed: by its commit, else by its newest advisory, else not at all.
    assert!(!db(|db| (db.confirmed, db.committed) = (None, Some(days_ago(30)))));
    assert!(db(|db| (db.confirmed, db.committed) = (None, Some(days_ago(31)))));
    assert!(!db(|db| (db.confirmed, db.committed, db.newest) = (None, None, Some(date("2026-10-23")))));
    assert!(db(|db| (db.confirmed, db.committed, db.newest) = (None, None, Some(date("2026-10-22")))));
    assert!(db(|db| (db.confirmed, db.committed, db.newest) = (None, None, None)));
    // A fresh confirmation of an honest old copy will do; one from the future is a wrong clock's and is not believed.
    assert!(!db(|db| db.committed = Some(days_ago(300))));
    assert!(db(|db| (db.confirmed, db.committed) = (Some(days_ago(-300)), Some(days_ago(31)))));
    assert!(!db(|db| (db.confirmed, db.committed) = (Some(days_ago(-300)), Some(days_ago(3)))));
    assert!(db(|db| db.rolled_back_from = Some("f00d".into())));
    assert!(!blocked(&|world| world.db = None));
    let mut facts = plain().facts();
    facts.advisories =
        AdvisoryFact::Unavailable { source: "https://example.org/db".into(), cause: "unreachable".into() };
    let evaluation = evaluate(&facts, &Policy::default(), &Vec::new(), now());
    assert!(!evaluation.is_approved() && evaluation.judgements[1].passes());
}
