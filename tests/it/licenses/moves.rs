//! Moving forward: what only looking inside shows is passed over, and blocks nothing else.

use super::{listed, verdicts};
use crate::audit::{World, package, reasons};
use crate::support::Package;

/// Two crates with newer releases, of which one changed its licence.
fn world() -> World {
    let world = World::new().dep("bar", "1").dep("viral", "1");
    Package::new("bar", "1.0.0").publish(&world.registry);
    Package::new("viral", "1.0.0").publish(&world.registry);
    world.policy(&listed(""));
    world.lock();
    Package::new("bar", "1.1.0").publish(&world.registry);
    Package::new("viral", "1.1.0").publish(&world.registry);
    Package::new("viral", "1.2.0").license(Some("BUSL-1.1")).publish(&world.registry);
    world
}

#[test]
fn an_update_passes_over_a_release_whose_licence_is_not_listed() {
    let world = world();
    world.project.sequester(&["update"]).expect_code(0);
    let lock = world.project.read("Cargo.lock");
    for (name, version) in [("bar", "1.1.0"), ("viral", "1.1.0")] {
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")), "{lock}");
    }
    // It looked inside already, so that the audit need not.
    assert_eq!(verdicts(&world.json(&["--offline"], 0)), [("bar", Vec::new()), ("viral", Vec::new())]);
}

#[test]
fn a_locked_release_whose_licence_is_not_listed_is_moved_away_from() {
    let world = world();
    world.project.cargo(&["update"]).expect_code(0);
    assert_eq!(reasons(&world.json(&["--fetch"], 1), "viral"), ["license-not-allowed"]);
    world.project.sequester(&["fix"]).expect_code(0);
    let document = world.json(&[], 0);
    assert_eq!(
        (&package(&document, "viral")["version"], &package(&document, "bar")["version"]),
        (&"1.1.0".into(), &"1.1.0".into())
    );
}

#[test]
fn offline_nothing_new_comes_in_unseen() {
    let world = world();
    world.json(&["--fetch"], 0);
    let before = world.project.read("Cargo.lock");
    world.project.sequester(&["update", "--offline"]).expect_code(1);
    assert_eq!(world.project.read("Cargo.lock"), before);
}
