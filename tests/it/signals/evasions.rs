//! Ways around the signals that were thought of, each of which is closed.

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::signal::{SignalCode, SignalLevel};
use cargo_sequester::door::model::verdict::Reason;
use serde_json::json;

use super::{reasons, signals, warned};
use crate::support::facts::{Line, World, advisory, age, days_ago};

/// `old` 1.0.0, two years old and never since with a release, and `evil`, born nine days ago.
fn quiet() -> World {
    World::new()
        .publish(Line::new("old", "1.0.0").days_old(730).features(json!({ "default": ["std"], "std": [] })))
        .publish(Line::new("evil", "0.1.0").days_old(9))
}

#[expect(clippy::needless_pass_by_value, reason = "a world is made for one question")]
fn young(world: World) -> Vec<SignalCode> {
    reasons(&world.judgement("old"))
}

const BOTH: [SignalCode; 2] = [SignalCode::YoungDependency, SignalCode::DormantGrowth];

fn last(version: &str) -> Line {
    Line::new("old", version).days_old(8)
}

#[test]
fn a_dependency_is_known_by_its_real_name_wherever_it_stands() {
    let renamed = last("1.0.1").dep("libc", "0.1").but(|one| one["package"] = json!("evil"));
    let targeted = last("1.0.1").dep("evil", "0.1").but(|one| one["target"] = json!("cfg(unix)"));
    for line in [last("1.0.1").dep("evil", "0.1"), renamed, targeted] {
        assert_eq!(young(quiet().publish(line).lock("old", "1.0.1")), BOTH);
    }
    let built = last("1.0.1").dep_of_kind("evil", "0.1", "build");
    let all = [SignalCode::YoungDependency, SignalCode::DormantGrowth, SignalCode::FirstBuildScriptInput];
    assert_eq!(young(quiet().publish(built).lock("old", "1.0.1")), all);
    let tested = last("1.0.1").dep_of_kind("evil", "0.1", "dev");
    assert_eq!(young(quiet().publish(tested).lock("old", "1.0.1")), []);
}

#[test]
fn an_optional_dependency_counts_where_a_feature_turns_it_on_that_there_was_before() {
    let optional =
        |features| last("1.0.1").dep("evil", "0.1").but(|one| one["optional"] = json!(true)).features(features);
    for on in [
        json!({ "default": ["std", "evil"], "std": [] }),
        json!({ "default": ["std"], "std": ["dep:evil"] }),
        json!({ "default": ["std"], "std": ["more"], "more": ["evil/x"] }),
    ] {
        assert_eq!(young(quiet().publish(optional(on.clone())).lock("old", "1.0.1")), BOTH, "{on}");
    }
    for off in [
        json!({ "default": ["std"], "std": [] }),
        json!({ "default": ["std"], "std": [], "new": ["dep:evil"] }),
        json!({ "default": ["std"], "std": ["evil?/x"], "new": ["dep:evil"] }),
    ] {
        assert_eq!(young(quiet().publish(optional(off.clone())).lock("old", "1.0.1")), [], "{off}");
    }
}

#[test]
fn the_name_of_an_optional_dependency_cannot_be_given_to_another_crate() {
    let with = |line: Line| line.dep("json", "1").but(|one| one["optional"] = json!(true));
    let world = World::new()
        .publish(with(Line::new("old", "1.0.0").days_old(100)))
        .publish(with(last("1.0.1")).but(|one| one["package"] = json!("evil")))
        .publish(Line::new("evil", "0.1.0").days_old(9))
        .lock("old", "1.0.1");
    assert_eq!(young(world), [SignalCode::YoungDependency]);
}

#[test]
fn a_stepping_stone_vouches_for_nothing() {
    for stone in [
        Line::new("old", "1.0.1").days_old(9).yanked(),
        Line::new("old", "1.0.1-alpha.1").days_old(20),
        Line::new("old", "1.0.1").days_old(9),
        Line::new("old", "2.0.0").days_old(9),
    ] {
        let world = quiet()
            .publish(Line::new("evil", "0.0.1").days_old(25))
            .publish(stone.clone().dep("evil", "*"))
            .publish(last("1.0.2").dep("evil", "0.1"));
        let found = young(world.lock("old", "1.0.2"));
        assert!(found.contains(&SignalCode::YoungDependency), "{} {found:?}", stone.version);
    }
    // Yanked at once, so that nobody looks at it, and left to age.
    let hidden = quiet()
        .publish(Line::new("evil", "0.0.1").days_old(25))
        .publish(Line::new("old", "1.0.1").days_old(24).yanked().dep("evil", "*"))
        .publish(last("1.0.2").dep("evil", "*"));
    assert_eq!(young(hidden.lock("old", "1.0.2")), BOTH);
}

#[test]
fn one_harmless_patch_does_not_end_a_silence_at_once() {
    let world = |days| {
        World::new()
            .publish(Line::new("old", "1.0.0").days_old(730))
            .publish(Line::new("old", "1.0.1").days_old(days))
            .publish(Line::new("helper", "1.0.0").days_old(900))
            .publish(last("1.0.2").dep("helper", "1"))
            .lock("old", "1.0.2")
    };
    assert_eq!(young(world(67)), [SignalCode::DormantGrowth]);
    assert_eq!(young(world(68)), [], "so long after it the silence is over");
}

#[test]
fn a_name_that_was_given_to_another_crate_is_new() {
    let world = World::new()
        .publish(Line::new("old", "1.0.0").days_old(100).dep("evil", "0.1"))
        .publish(Line::new("evil", "0.1.0").days_old(9))
        .publish(last("1.0.1").dep("evil", "0.1"))
        .lock("old", "1.0.1");
    assert_eq!(young(world), [SignalCode::YoungDependency]);
}

#[test]
fn a_dependency_whose_age_cannot_be_had_counts_as_young() {
    let world = World::new()
        .publish(Line::new("old", "1.0.0").days_old(100))
        .publish(last("1.0.1").dep("nowhere", "1"))
        .lock("old", "1.0.1");
    assert_eq!(young(world), [SignalCode::YoungDependency]);
}

#[test]
fn what_an_honest_maintainer_does_is_no_signal() {
    let old = || World::new().publish(Line::new("helper", "1.0.0").days_old(900));
    let grown = old()
        .publish(Line::new("old", "1.0.0").days_old(100))
        .publish(last("1.0.1").dep("helper", "1"))
        .lock("old", "1.0.1");
    assert_eq!(young(grown), []);
    let itself = World::new()
        .publish(Line::new("old", "1.0.0").days_old(100))
        .publish(Line::new("old", "2.0.0").days_old(9))
        .publish(last("1.0.1").dep("old", "2"))
        .lock("old", "1.0.1");
    assert_eq!(young(itself), []);
    let established = World::new()
        .publish(Line::new("old", "1.0.0").days_old(100))
        .publish(Line::new("part", "1.0.0").days_old(25))
        .publish(Line::new("old", "1.0.1").days_old(24).dep("part", "1"))
        .publish(last("1.0.2").dep("part", "1"))
        .lock("old", "1.0.2");
    assert_eq!(young(established), [], "what brought it was there long enough to be looked at");
}

/// `old` 1.0.0, half a year old, and `evil`, born 19 days ago.
fn lively() -> World {
    World::new()
        .publish(Line::new("old", "1.0.0").days_old(180))
        .publish(Line::new("evil", "0.1.0").days_old(19))
        .with(|world| world.policy.quarantine.new_crate_age = age("0"))
}

/// When the hold of `old` ends that a signal begins, in days from its newest release on.
fn held_for(world: &World, days_old: i64) -> Option<i64> {
    let judgement = world.judgement("old");
    let ends =
        judgement.reasons()?.iter().filter(|reason| reason.time_lifts()).filter_map(Reason::eligible_at).max()?;
    Some(ends.duration_since(days_ago(days_old)).as_hours() / 24)
}

#[test]
fn two_releases_in_a_row_vouch_for_each_other_no_more_than_one() {
    let carrier = |line: Line| line.dep("evil", "*");
    let follower = |days| carrier(Line::new("old", "1.0.2").days_old(days));
    // Held as long as the one that brought it, and not a day more.
    let world = |first: Line, days| lively().publish(first).publish(follower(days)).lock("old", "1.0.2");
    let first = carrier(Line::new("old", "1.0.1").days_old(13));
    assert_eq!(young(world(first.clone(), 12)), [SignalCode::YoungDependency]);
    assert_eq!(held_for(&world(first.clone(), 12), 12), Some(13));
    assert_eq!(held_for(&world(first.clone(), 8), 8), Some(9));
    let older = carrier(Line::new("old", "1.0.1").days_old(14));
    assert_eq!(world(older, 8).outcome("old"), "approved aged", "the hold of the pair is over");
    // Each of these says nothing about the follower, whose hold is its own then.
    for (nothing, why) in [
        (first.clone().yanked(), "it was taken back"),
        (carrier(Line::new("old", "1.1.0-rc.1").days_old(13)), "who waits for releases has not seen it"),
        (carrier(Line::new("old", "2.0.0").days_old(13)), "it is of another line"),
        (Line::new("old", "1.0.1").days_old(13).dep("other", "*"), "it is another crate"),
        (carrier(Line::new("old", "1.0.1").days_old(19)).at(days_ago(20)), "evil was not born"),
    ] {
        assert_eq!(held_for(&world(nothing, 8), 8), Some(14), "{why}");
    }
    let hijacked = advisory("RUSTSEC-2026-0001", "old", AdvisoryKind::Malicious, &[">=1.0.2"], &["<1.0.1"]);
    let malicious = world(first, 8).advise(hijacked);
    assert_eq!(held_for(&malicious, 8), Some(14), "a malicious release vouches for nothing");
}

#[test]
fn a_second_young_dependency_has_a_hold_of_its_own() {
    let world = lively()
        .publish(Line::new("second", "1.0.0").days_old(19))
        .publish(Line::new("old", "1.0.1").days_old(13).dep("evil", "*"))
        .publish(Line::new("old", "1.0.2").days_old(8).dep("evil", "*").dep("second", "*"))
        .lock("old", "1.0.2");
    assert_eq!(held_for(&world, 8), Some(14));
}

#[test]
fn growth_and_a_build_script_follow_the_same_rule() {
    let grown = |days, names: &[&str]| {
        names.iter().fold(Line::new("old", if days == 12 { "1.0.1" } else { "1.0.2" }).days_old(days), |line, name| {
            line.dep(name, "*")
        })
    };
    let quiet = || {
        let helpers = ["helper", "another"].into_iter().map(|name| Line::new(name, "1.0.0").days_old(900));
        helpers.fold(World::new().publish(Line::new("old", "1.0.0").days_old(730)), World::publish)
    };
    let follows = quiet().publish(grown(12, &["helper"])).publish(grown(8, &["helper"])).lock("old", "1.0.2");
    assert_eq!((young(follows.clone()), held_for(&follows, 8)), (vec![SignalCode::DormantGrowth], Some(10)));
    let grows_on =
        quiet().publish(grown(12, &["helper"])).publish(grown(8, &["helper", "another"])).lock("old", "1.0.2");
    assert_eq!(held_for(&grows_on, 8), Some(14));
    let built =
        |version: &str, days, name: &str| Line::new("old", version).days_old(days).dep_of_kind(name, "*", "build");
    let lively = || quiet().publish(Line::new("old", "1.0.1").days_old(100));
    let follows =
        lively().publish(built("1.0.2", 12, "helper")).publish(built("1.0.3", 8, "helper")).lock("old", "1.0.3");
    assert_eq!((young(follows.clone()), held_for(&follows, 8)), (vec![SignalCode::FirstBuildScriptInput], Some(10)));
    let other =
        lively().publish(built("1.0.2", 12, "helper")).publish(built("1.0.3", 8, "another")).lock("old", "1.0.3");
    assert_eq!(held_for(&other, 8), Some(14));
    let normal = lively()
        .publish(Line::new("old", "1.0.2").days_old(12).dep("helper", "*"))
        .publish(built("1.0.3", 8, "helper"))
        .lock("old", "1.0.3");
    assert_eq!(held_for(&normal, 8), Some(14), "no build script was given it before");
}

#[test]
fn who_opens_a_line_is_warned_of_and_who_follows_on_it_is_held() {
    let opened = lively().publish(Line::new("old", "2.0.0").days_old(8).dep("evil", "*")).lock("old", "2.0.0");
    let judgement = opened.judgement("old");
    assert_eq!((reasons(&judgement), warned(&judgement)), (vec![], vec![SignalCode::YoungDependency]));
    let strict = opened.clone().with(|world| world.policy.signals.young_dependency_new_line = SignalLevel::Reason);
    assert_eq!(young(strict), [SignalCode::YoungDependency]);
    let off = opened.with(|world| world.policy.signals.young_dependency = SignalLevel::Off);
    assert_eq!(warned(&off.judgement("old")), [], "the line says no more than the signal");
    // A line that is opened for show, and brings the crate with its first update.
    let follows = |first: Line| lively().publish(first).publish(Line::new("old", "2.0.1").days_old(8).dep("evil", "*"));
    let judgement = follows(Line::new("old", "2.0.0").days_old(9)).lock("old", "2.0.1").judgement("old");
    assert_eq!(reasons(&judgement), [SignalCode::YoungDependency]);
    let cargo_sequester::door::model::signal::Signal::YoungDependency { since, .. } = &signals(&judgement)[0] else {
        panic!()
    };
    assert_eq!(since.to_string(), "2.0.0");
    let optional = Line::new("old", "2.0.0").days_old(9).dep("evil", "*").but(|one| one["optional"] = json!(true));
    assert_eq!(young(follows(optional).lock("old", "2.0.1")), [SignalCode::YoungDependency], "nobody had it yet");
    let had = follows(Line::new("old", "2.0.0").days_old(9).dep("evil", "*")).lock("old", "2.0.1").judgement("old");
    assert_eq!((reasons(&had), warned(&had)), (vec![], vec![SignalCode::YoungDependency]));
}
