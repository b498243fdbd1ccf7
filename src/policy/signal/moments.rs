//! The very moments at which signals begin and end, and about whose dependencies the registry is asked.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Scope, all, counting, wanted};
use crate::model::age::Age;
use crate::model::package::{CrateId, Locked};
use crate::model::policy::{Origin, RegistryPolicy, Setting};
use crate::model::publication::{Publication, PublicationFact, Publications, YankAction};
use crate::model::signal::{SeenBy, Sighting, Signal, SignalCode, SignalLevel};
use crate::model::source::Registry;
use crate::policy::by_hand::{World, crates_io, days_ago, line, now, package, version};

/// A release of `foo` that asks for `fresh`.
fn asking(number: &str, published: Timestamp) -> serde_json::Value {
    line("foo", number, published, &[("fresh", "^1.0")])
}

/// Whether the young dependency of a release is a signal: at this moment, and at all.
fn young_dependency(world: &World, number: &str) -> [bool; 2] {
    let judge = world.judge();
    let (crate_id, history) = (crates_io("foo"), judge.history(&crates_io("foo")).unwrap());
    let release = history.outline(&version(number)).unwrap().unwrap();
    let counting = counting(judge.evidence(), &crate_id, history, &release);
    let all = all(judge.evidence(), &crate_id, history, &release);
    let is_it = |code: SignalCode| code == SignalCode::YoungDependency;
    [counting.iter().any(|(signal, ..)| is_it(signal.code())), all.iter().any(|signal| is_it(signal.code()))]
}

/// A fix for an older minor line had the dependency first. Who follows a release that is held is held as long as that one, and whoever had it
/// for the whole time of a hold by then is not followed but vouched by others.
#[test]
fn a_dependency_is_held_from_the_first_release_after_the_time_of_a_hold() {
    let held = |seconds: i64| {
        let first = days_ago(10 + 14) + SignedDuration::from_secs(seconds);
        let world = World::new().publish("foo", "1.0.0", 90).publish("foo", "1.2.0", 60).publish("fresh", "1.0.0", 30);
        let world = world.publish_line(&asking("1.1.1", first)).publish_line(&asking("1.3.0", days_ago(10)));
        young_dependency(&world, "1.3.0")
    };
    assert_eq!([held(-1), held(0)], [[true, true]; 2]);
    assert_eq!(held(1), [false, true]);
}

/// However short the hold is.
#[test]
fn two_releases_of_one_moment_do_not_vouch_for_each_other() {
    let world = World::new().publish("foo", "1.0.0", 90).publish("fresh", "1.0.0", 5);
    let world = world.publish_line(&asking("1.1.0", days_ago(2))).publish_line(&asking("1.1.1", days_ago(2)));
    assert_eq!(young_dependency(&world, "1.1.1"), [true, true]);
    let world = world.with(|world| world.policy.quarantine.signal_age = Age::ZERO);
    assert_eq!(young_dependency(&world, "1.1.1"), [false, true]);
}

#[test]
fn only_the_dependencies_of_what_may_be_held_are_asked_about() {
    let adding = |name: &str, added: &str| line(name, "1.1.0", days_ago(2), &[(added, "^1.0")]);
    let world = || {
        let world = World::new().publish("new", "1.0.0", 90).publish_line(&adding("new", "of-new"));
        let world = world.publish("based", "1.0.0", 90).publish_line(&adding("based", "of-based"));
        let world = world.publish("named", "1.0.0", 90).publish_line(&adding("named", "of-named"));
        let world = world.lock("new", "1.1.0", &["app"]).lock("based", "1.1.0", &["app"]);
        world.with(|world| world.facts.base = Some(Locked::of(&[package("based", "1.1.0")])))
    };
    let asked = |world: &World, scope: Scope<'_>| wanted(&world.facts, &world.policy, now(), scope);
    let crates = |names: &[&str]| names.iter().map(|name| crates_io(name)).collect::<BTreeSet<CrateId>>();
    let world = world();
    let beside = |names: &[&str]| asked(&world, Scope::Beside(&crates(names)));
    assert_eq!(beside(&[]), crates(&["of-new"]));
    assert_eq!(beside(&["named"]), crates(&["of-named", "of-new"]));
    assert_eq!(asked(&world, Scope::All), crates(&["of-based", "of-named", "of-new"]));
    let off = world.with(|world| world.policy.signals.young_dependency = SignalLevel::Off);
    assert_eq!(asked(&off, Scope::All), crates(&[]));
    let trusting = off.with(|world| {
        world.policy.signals.young_dependency = SignalLevel::Reason;
        let age = Setting { value: Age::ZERO, origin: Origin::Default };
        let own = RegistryPolicy { name: "crates-io".to_owned(), min_publish_age: Some(age), api: None };
        world.policy.registries.insert(Registry::CratesIo, own);
    });
    assert_eq!(asked(&trusting, Scope::All), crates(&[]));
}

/// It says to the second when it was, where others know when a release was not yanked yet.
#[test]
fn the_registry_is_the_best_witness_of_a_yank_unless_it_was_taken_back() {
    let seen = |undone: bool, cache: bool| {
        let yanked = |number: &str, days: i64| {
            let mut line = line("foo", number, days_ago(days), &[]);
            line["yanked"] = true.into();
            line
        };
        let world = World::new().publish_line(&yanked("1.0.0", 90)).publish_line(&yanked("1.0.1", 80));
        let world = world.publish("foo", "1.1.0", 2).with(|world| {
            let yanks = vec![YankAction { at: days_ago(2), undone, by: None }];
            let publication = Publication { yanks, ..Publication::default() };
            let releases = [(version("1.0.0"), publication)].into();
            let told = PublicationFact::Read(Publications { releases });
            world.facts.publications.extend(cache.then(|| (crates_io("foo"), told)));
        });
        let judge = world.judge();
        let (crate_id, history) = (crates_io("foo"), judge.history(&crates_io("foo")).unwrap());
        let release = history.outline(&version("1.1.0")).unwrap().unwrap();
        let all = all(judge.evidence(), &crate_id, history, &release).into_iter();
        let mut lures =
            all.filter_map(|signal| if let Signal::YankLure { seen, .. } = signal { Some(seen) } else { None });
        lures.next().unwrap()
    };
    assert_eq!(seen(false, true), Some(Sighting { at: days_ago(2), by: SeenBy::Registry }));
    assert_eq!([seen(true, true), seen(false, false)], [None, None]);
}
