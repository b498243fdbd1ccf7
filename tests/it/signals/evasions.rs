//! Ways around the signals that were thought of, each of which is closed.

#![expect(clippy::needless_pass_by_value, reason = "it is made for this")]

use cargo_sequester::door::model::signal::SignalCode;
use serde_json::json;

use super::reasons;
use crate::support::facts::{Line, World};

/// `old` 1.0.0, two years old and never since with a release, and `evil`, born nine days ago.
fn quiet() -> World {
    World::new()
        .publish(Line::new("old", "1.0.0").days_old(730).features(json!({ "default": ["std"], "std": [] })))
        .publish(Line::new("evil", "0.1.0").days_old(9))
}

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
