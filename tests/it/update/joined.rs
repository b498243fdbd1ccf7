//! What was to move and cannot alone: others that are approved and stand in its way join it, as few as will do; else it is said what it
//! waits for.

use super::{NOW, OLD, json, locked, project};
use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// Two days old at the tests' moment.
const HELD: &str = "2026-01-13T00:00:00Z";

struct World {
    registry: TestRegistry,
    project: Project,
    advisories: AdvisoryFolder,
}

impl World {
    /// `x` 1.0.0 is vulnerable, and what fixes it asks for `y` 1.1, published then.
    fn new(y: &str, dependencies: &[(&str, &str)], more: impl FnOnce(&TestRegistry)) -> Self {
        let registry = TestRegistry::new();
        Package::new("x", "1.0.0").pubtime(OLD).publish(&registry);
        Package::new("y", "1.0.0").pubtime(OLD).publish(&registry);
        Package::new("z", "1.0.0").pubtime(OLD).dep("y", "=1.0.0").publish(&registry);
        Package::new("far", "1.0.0").pubtime(OLD).publish(&registry);
        let mut project = project(&registry);
        let policy = project.read("sequester.toml");
        project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
        for (name, req) in dependencies {
            project = project.dep(name, req);
        }
        project.lock_with_cargo();
        Package::new("x", "1.1.0").pubtime(OLD).dep("y", "1.1").publish(&registry);
        Package::new("y", "1.1.0").pubtime(y).publish(&registry);
        Package::new("far", "1.1.0").pubtime(OLD).publish(&registry);
        more(&registry);
        let advisories = AdvisoryFolder::new();
        advisories.add(&Advisory::new("RUSTSEC-2025-9501", "x").date("2025-07-01").patched(">= 1.1.0"));
        Self { registry, project, advisories }
    }

    fn run(&self, words: &[&str]) -> Outcome {
        let (verb, rest) = words.split_first().unwrap();
        let root = self.advisories.root();
        self.project.sequester(&[&[*verb, "--now", NOW, "--advisory-db", root.as_str()], rest].concat())
    }

    fn locked(&self) -> String {
        ["x", "y", "z", "far"].map(|name| locked(&self.project, name)).join(" ")
    }
}

#[test]
fn who_pins_what_a_fix_needs_joins_and_nobody_else() {
    let world = World::new(OLD, &[("x", "1"), ("z", "1"), ("far", "1")], |registry| {
        Package::new("z", "1.1.0").pubtime(OLD).dep("y", "1").publish(registry);
    });
    let before = world.project.read("Cargo.lock");
    for words in [
        &["fix"][..],
        &["update", "x"],
        &["update", "x", "--precise", "1.1.0"],
        &["cargo", "update", "x"],
        &["cargo", "update", "x", "--precise", "1.1.0"],
    ] {
        let outcome = world.run(words).expect_code(0);
        assert_eq!(world.locked(), "1.1.0 1.1.0 1.1.0 1.0.0", "{words:?}: {}", outcome.stdout);
        if words[0] != "cargo" {
            let joined = "Joined z@1.0.0: it stood in the way of what was to move, so it moves along";
            assert!(outcome.stdout.contains(joined), "{words:?}: {}", outcome.stdout);
        }
        world.run(&["audit"]).expect_code(0);
        world.project.write("Cargo.lock", &before);
    }
    let seen = world.run(&["status", "-v"]).expect_code(1).stdout;
    assert!(seen.contains("x 1.0.0 → 1.1.0") || seen.contains("x    1.0.0 -> 1.1.0"), "{seen}");
}

#[test]
fn what_is_needed_and_held_is_named_with_its_day() {
    let world = World::new(HELD, &[("x", "1"), ("y", "1"), ("z", "1"), ("far", "1")], |registry| {
        Package::new("z", "1.1.0").pubtime(OLD).dep("y", "1").publish(registry);
    });
    let before = world.project.read("Cargo.lock");
    for (words, code) in [(&["fix"][..], 1), (&["update", "x"], 0)] {
        let outcome = world.run(words).expect_code(code);
        assert!(outcome.stdout.contains("Kept x@1.0.0"), "{words:?}: {}", outcome.stdout);
        let waits = "Waiting x@1.0.0 cannot move before y@1.1.0 (too-new, eligible in 5 days, at 2026-01-20 00:00 UTC)";
        assert!(outcome.stdout.contains(waits), "{words:?}: {}", outcome.stdout);
    }
    let document = json(&world.run(&["fix", "--format", "json"]).expect_code(1));
    assert_eq!(document["kept"][0]["waits_for"][0]["eligible_at"], "2026-01-20T00:00:00Z", "{document}");
    // Who says where it is to go is not told that all is well.
    let outcome = world.run(&["update", "x", "--precise", "1.1.0"]).expect_code(1);
    assert!(outcome.stdout.contains("y@1.1.0") && !outcome.stdout.contains("Kept x"), "{}", outcome.stdout);
    assert_eq!(world.project.read("Cargo.lock"), before);
}

/// A release with nowhere to go waits for nothing but its own day, which it is told with.
#[test]
fn nothing_waits_for_itself() {
    let world = World::new(OLD, &[("far", "1")], |_| ());
    Package::new("lone", "1.0.0").pubtime(OLD).yanked().publish(&world.registry);
    Package::new("lone", "1.0.1").pubtime(HELD).publish(&world.registry);
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}lone = \"1\"\n"));
    world.project.lock_with_cargo();
    let outcome = world.run(&["fix"]).expect_code(1);
    assert!(outcome.stdout.contains("Kept lone@1.0.1: not approved"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("Waiting"), "{}", outcome.stdout);
}

/// As cargo has it: `-p` names a package like a word alone, and `--recursive` asks about dependencies too.
#[test]
fn named_packages_are_those_that_cargo_takes_for_named() {
    let world = World::new(HELD, &[("far", "1")], |_| ());
    Package::new("z", "2.0.0").pubtime(OLD).dep("y", "1").publish(&world.registry);
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}z = \"2\"\n"));
    world.project.lock_with_cargo();
    world.project.cargo(&["update", "y", "--precise", "1.0.0"]).expect_code(0);
    for (words, held) in [
        (&["update", "z"][..], "; 0 newer releases held"),
        (&["update", "-p", "z"], "; 0 newer releases held"),
        (&["update", "--package=z", "--recursive"], "; 1 newer release held"),
        (&["update", "--recursive", "z"], "; 1 newer release held"),
    ] {
        let outcome = world.run(&[words, &["--dry-run"]].concat()).expect_code(0);
        assert!(outcome.stdout.contains(held), "{words:?}: {}", outcome.stdout);
    }
    world.run(&["update", "-p", "z", "--precise", "2.0.0"]).expect_code(0);
    world.run(&["update", "-p", "z", "--workspace"]).expect_code(2);
}

/// Whoever writes a dependency into a manifest asks for it, whatever is named beside it.
#[test]
fn what_is_new_in_a_manifest_was_asked_for() {
    let world = World::new(OLD, &[("far", "1")], |_| ());
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}y = \"1\"\n"));
    let outcome = world.run(&["update", "far"]).expect_code(0);
    assert!(outcome.stdout.contains("Added y ") && !outcome.stdout.contains("nobody asked"), "{}", outcome.stdout);
}

/// Cargo only says that nothing matches, which reads as a misspelling.
#[test]
fn what_a_manifest_asks_for_and_nobody_has_locked_is_locked_by_the_command_that_is_printed() {
    let world = World::new(OLD, &[("far", "1")], |_| ());
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}y = \"1\"\n"));
    let mut way_out = String::new();
    for arguments in [&["update", "y"][..], &["update", "y", "--precise", "1.0.0"], &["update", "far", "y@1.0.0"]] {
        let outcome = world.run(arguments).expect_code(2);
        let help = outcome.stderr.split("help: to lock what they newly ask for: cargo sequester ").nth(1);
        way_out = help.expect("a way out").trim().to_owned();
    }
    let words: Vec<&str> = way_out.split_whitespace().take_while(|word| *word != "--advisory-db").collect();
    assert_eq!(words, ["update", "--workspace"], "{way_out}");
    world.run(&words).expect_code(0);
    world.run(&["update", "y", "--precise", "1.0.0"]).expect_code(0);
}

#[test]
fn nobody_waits_for_what_time_does_not_lift() {
    let world = World::new(OLD, &[("far", "1")], |_| ());
    world.run(&["update", "far"]).expect_code(0);
    world.advisories.add(&Advisory::new("RUSTSEC-2025-9502", "far").date("2025-07-01"));
    // An older release that the advisory hits as well is nowhere to go.
    let outcome = world.run(&["fix"]).expect_code(1).stdout;
    assert!(outcome.contains("Kept far@1.1.0") && !outcome.contains("Waiting"), "{outcome}");
}

#[test]
fn a_precise_move_that_the_own_manifest_forbids_is_no_success() {
    let world = World::new(OLD, &[("x", "=1.0.0"), ("z", "1"), ("far", "1")], |_| ());
    world.advisories.add(&Advisory::new("RUSTSEC-2025-9502", "far").date("2025-07-01"));
    let before = world.project.read("Cargo.lock");
    let outcome = world.run(&["update", "x", "--precise", "1.1.0"]).expect_code(2);
    assert!(outcome.stdout.contains("=1.0.0"), "{}", outcome.stdout);
    assert_eq!(world.project.read("Cargo.lock"), before);
}
