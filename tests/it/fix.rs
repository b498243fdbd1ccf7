//! `fix`: what is held or vulnerable moves with what must come along, nothing else; what cannot is kept and named.

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};
use crate::update::{FRESH, NOW, OLD, json, locked, project};

struct World {
    registry: TestRegistry,
    project: Project,
    advisories: AdvisoryFolder,
}

impl World {
    fn run(&self, words: &[&str]) -> Outcome {
        let (verb, rest) = words.split_first().unwrap();
        let root = self.advisories.root();
        self.project.sequester(&[&[*verb, "--now", NOW, "--advisory-db", root.as_str()], rest].concat())
    }

    fn locked(&self, names: &[&str]) -> String {
        names.iter().map(|name| locked(&self.project, name)).collect::<Vec<_>>().join(" ")
    }
}

/// A release of yesterday, a vulnerable one with a fix, one in lockstep with another, and one that could be newer.
fn world() -> World {
    let registry = TestRegistry::new();
    for name in ["vulnerable", "fresh", "current"] {
        Package::new(name, "1.0.0").pubtime(OLD).publish(&registry);
    }
    Package::new("whole", "1.0.0").pubtime(OLD).dep("part", "=1.0.0").publish(&registry);
    Package::new("part", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("fresh", "1.0.1").pubtime(FRESH).publish(&registry);
    let project = project(&registry);
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    let project = project.dep("vulnerable", "1").dep("fresh", "1").dep("current", "1").dep("whole", "1");
    project.lock_with_cargo();
    for name in ["vulnerable", "current", "part"] {
        Package::new(name, "1.0.1").pubtime(OLD).publish(&registry);
    }
    Package::new("whole", "1.0.1").pubtime(OLD).dep("part", "=1.0.1").publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-0501", "vulnerable").date("2025-07-01").patched(">= 1.0.1"));
    // The fixed release is the one that another asks for exactly.
    advisories.add(&Advisory::new("RUSTSEC-2025-0502", "part").date("2025-07-01").patched(">= 1.0.1"));
    World { registry, project, advisories }
}

const ALL: [&str; 5] = ["vulnerable", "fresh", "current", "whole", "part"];

#[test]
fn what_is_not_approved_moves_with_its_lockstep_and_nothing_else() {
    let world = world();
    assert_eq!(world.locked(&ALL), "1.0.0 1.0.1 1.0.0 1.0.0 1.0.0");
    world.run(&["audit"]).expect_code(1);
    let before = world.project.read("Cargo.lock");
    let would = json(&world.run(&["fix", "-n", "--format", "json"]).expect_code(0));
    assert_eq!((&would["result"], would["changes"].as_array().unwrap().len()), (&"would-change".into(), 4));
    assert_eq!(world.project.read("Cargo.lock"), before);
    let outcome = world.run(&["fix"]).expect_code(0);
    assert_eq!(world.locked(&ALL), "1.0.1 1.0.0 1.0.0 1.0.1 1.0.1");
    assert!(!outcome.stdout.contains("nobody asked"), "{}", outcome.stdout);
    world.run(&["audit"]).expect_code(0);
    world.project.cargo(&["metadata", "--locked", "--format-version=1"]).expect_code(0);
    let again = json(&world.run(&["fix", "--format", "json"]).expect_code(0));
    assert_eq!(again["result"], "unchanged");
    let log = world.project.sequester(&["log"]).expect_code(0).stdout;
    assert!(log.contains("vulnerable"), "{log}");
}

#[test]
fn what_has_nowhere_to_go_is_kept_and_the_exit_code_says_so() {
    let world = world();
    world.advisories.add(&Advisory::new("RUSTSEC-2025-0503", "current").date("2025-07-01"));
    let outcome = world.run(&["fix"]).expect_code(1);
    assert_eq!(world.locked(&ALL), "1.0.1 1.0.0 1.0.0 1.0.1 1.0.1");
    assert!(outcome.stdout.contains("Kept current@1.0.0: not approved, because "), "{}", outcome.stdout);
    let document = json(&world.run(&["fix", "--format", "json"]).expect_code(1));
    assert_eq!((&document["result"], &document["kept"][0]["codes"][0]), (&"unchanged".into(), &"advisory".into()));
}

/// Who runs `fix` to get a fix is told that there is one, and when it may be used.
#[test]
fn a_fix_that_is_held_is_told_with_its_day() {
    let world = world();
    Package::new("current", "1.0.2").pubtime("2026-01-14T12:00:00Z").publish(&world.registry);
    let advisory = Advisory::new("RUSTSEC-2026-0503", "current").date("2026-01-14").patched(">= 1.0.2");
    world.advisories.add(&advisory);
    let outcome = world.run(&["fix"]).expect_code(1);
    for expected in [
        "Kept current@1.0.0: not approved, because it has a vulnerability",
        "Fix held current@1.0.0: RUSTSEC-2026-0503 is fixed by 1.0.2; eligible in 12 hours",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected}: {}", outcome.stdout);
    }
    assert!(outcome.stdout.contains("2 newer releases held"), "{}", outcome.stdout);
}

/// The update of one package moves what has to move with it, whatever else is wrong.
#[test]
fn a_precise_move_takes_along_who_asks_for_exactly_the_old_release() {
    let world = world();
    world.advisories.add(&Advisory::new("RUSTSEC-2025-0503", "current").date("2025-07-01"));
    let outcome = world.run(&["update", "part", "--precise", "1.0.1"]).expect_code(0);
    assert_eq!(world.locked(&["whole", "part", "current"]), "1.0.1 1.0.1 1.0.0");
    assert!(outcome.stdout.contains("Joined whole@1.0.0"), "{}", outcome.stdout);
}

#[test]
fn of_two_majors_the_named_one_moves_to_exactly_what_is_asked() {
    let registry = TestRegistry::new();
    for version in ["1.0.0", "2.0.0"] {
        Package::new("twice", version).pubtime(OLD).publish(&registry);
    }
    Package::new("stuck", "1.0.0").pubtime(FRESH).publish(&registry);
    Package::new("user", "1.0.0").pubtime(OLD).dep("twice", "1").publish(&registry);
    let project = project(&registry).dep("twice", "2").dep("user", "1").dep("stuck", "1");
    project.lock_with_cargo();
    for version in ["1.0.1", "1.0.2", "2.0.1", "2.0.2"] {
        Package::new("twice", version).pubtime(OLD).publish(&registry);
    }
    for (spec, version, expected) in [("twice@1", "1.0.1", "1.0.1 2.0.0"), ("twice@2.0.0", "2.0.1", "1.0.1 2.0.1")] {
        crate::update::update(&project, &[spec, "--precise", version]).expect_code(0);
        assert_eq!(locked(&project, "twice"), expected);
    }
}

/// Where every release of a crate is hidden, cargo asks for its name with underscores as well, which no cache has.
#[test]
fn offline_a_name_with_a_hyphen_is_no_riddle() {
    let registry = TestRegistry::new();
    for name in ["no-fix", "fixable"] {
        Package::new(name, "1.0.0").pubtime(OLD).publish(&registry);
    }
    let project = project(&registry);
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    let project = project.dep("no-fix", "1").dep("fixable", "1");
    project.lock_with_cargo();
    Package::new("fixable", "1.0.1").pubtime(OLD).publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-0501", "fixable").date("2025-07-01").patched(">= 1.0.1"));
    advisories.add(&Advisory::new("RUSTSEC-2025-0502", "no-fix").date("2025-07-01"));
    let world = World { registry, project, advisories };
    world.run(&["audit"]).expect_code(1);
    let unmoved = world.project.read("Cargo.lock");
    for (verb, code) in [("fix", 1), ("update", 0)] {
        world.project.write("Cargo.lock", &unmoved);
        world.registry.forget_requests();
        let outcome = world.run(&[verb, "--offline"]).expect_code(code);
        assert!(outcome.stdout.contains("Kept no-fix@1.0.0"), "{verb}: {}", outcome.stdout);
        assert_eq!(world.locked(&["no-fix", "fixable"]), "1.0.0 1.0.1", "{verb}");
        assert_eq!(world.registry.requested_paths(), [""; 0], "{verb}");
    }
    // What is asked for and not there is still not guessed.
    let root = world.advisories.root().to_string();
    let words = ["cargo", "--now", NOW, "--advisory-db", &root, "add", "not-there", "--offline"];
    let outcome = world.project.sequester(&words).expect_code(2);
    assert!(outcome.stderr.contains("the index entry of not-there could not be had"), "{}", outcome.stderr);
}

/// A commit, and then what a plain cargo brought.
fn world_beyond_its_commit() -> World {
    let world = world();
    Package::new("pin", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("pin", "1.0.1").pubtime(FRESH).publish(&world.registry);
    for words in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "first"]] {
        let identity = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"];
        world.project.run("git", &[&identity[..], words].concat()).expect_code(0);
    }
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", manifest.replace("current =", "pin = \"=1.0.1\"\ncurrent ="));
    world.project.cargo(&["update", "--workspace"]).expect_code(0);
    assert_eq!(world.locked(&["pin", "vulnerable"]), "1.0.1 1.0.0");
    world
}

#[test]
fn what_no_commit_has_stops_no_fix_of_another() {
    let world = world_beyond_its_commit();
    let outcome = world.run(&["fix"]).expect_code(1);
    assert_eq!(world.locked(&["pin", "vulnerable", "fresh", "current", "part"]), "1.0.1 1.0.1 1.0.0 1.0.0 1.0.1");
    assert!(outcome.stdout.contains("Kept pin@1.0.1: not approved, because "), "{}", outcome.stdout);
    let document = json(&world.run(&["fix", "--format", "json"]).expect_code(1));
    assert_eq!((&document["result"], &document["kept"][0]["codes"][0]), (&"unchanged".into(), &"too-new".into()));
    // An update may bring in nothing by leaving it: it is held for whoever wants everything.
    world.run(&["update"]).expect_code(1);
}

#[test]
fn a_removal_that_worked_ends_well_and_tells_once_what_is_left() {
    for name in ["pin", "current"] {
        let world = world_beyond_its_commit();
        let root = world.advisories.root().to_string();
        let words = ["cargo", "--now", NOW, "--advisory-db", &root, "remove", name];
        let outcome = world.project.sequester(&words).expect_code(0);
        assert!(!world.project.read("Cargo.toml").contains(name) && !world.project.read("Cargo.lock").contains(name));
        for (left, times) in [("vulnerable@1.0.0", 1), ("pin@1.0.1", usize::from(name != "pin"))] {
            assert_eq!(outcome.stderr.matches(left).count(), times, "{name}, {left}: {}", outcome.stderr);
        }
    }
}

/// `bringer` 1 brings in the vulnerable `brought` 1, and is locked as `locked`; it has another approved release that `does`.
fn brought_in(locked: &str, does: &dyn Fn(&TestRegistry)) -> World {
    let registry = TestRegistry::new();
    Package::new("brought", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bringer", locked).pubtime(OLD).dep("brought", "^1").publish(&registry);
    let project = project(&registry);
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    let project = project.dep("bringer", "1");
    project.lock_with_cargo();
    does(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-0503", "brought").date("2025-07-01").patched(">= 2.0.0"));
    World { registry, project, advisories }
}

/// Nobody is told to ignore an advisory where another package only need move.
#[test]
fn audit_names_fix_where_the_way_out_leads_over_another_package() {
    let without = |version: &'static str| {
        move |registry: &TestRegistry| {
            Package::new("bringer", version).pubtime(OLD).publish(registry);
        }
    };
    let with_the_fix = |registry: &TestRegistry| {
        Package::new("brought", "2.0.0").pubtime(OLD).publish(registry);
        Package::new("bringer", "1.1.0").pubtime(OLD).dep("brought", "^2").publish(registry);
    };
    let worlds: [(World, &str, &str); 3] = [
        (brought_in("1.0.1", &without("1.0.0")), "bringer 1.0.0 is approved and does without brought", "1.0.0 "),
        (brought_in("1.0.0", &without("1.1.0")), "bringer 1.1.0 is approved and does without brought", "1.1.0 "),
        (
            brought_in("1.0.0", &with_the_fix),
            "bringer 1.1.0 is approved and takes brought 2.0.0, which is approved too",
            "1.1.0 2.0.0",
        ),
    ];
    for (world, words, after) in worlds {
        let outcome = world.run(&["audit"]).expect_code(1);
        assert!(outcome.stdout.contains(words), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("ignore RUSTSEC"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("nothing else: cargo sequester fix"), "{}", outcome.stdout);
        let explained = world.run(&["explain", "brought"]);
        assert!(explained.stdout.contains(&format!("{words}: cargo sequester fix")), "{}", explained.stdout);
        assert!(!explained.stdout.contains("ignore RUSTSEC"), "{}", explained.stdout);
        world.run(&["fix"]).expect_code(0);
        assert_eq!(world.locked(&["bringer", "brought"]), after);
        world.run(&["audit"]).expect_code(0);
    }
    // Where what would do is held itself, there is no such way.
    let held = brought_in("1.0.0", &|registry| {
        Package::new("bringer", "1.1.0").pubtime(FRESH).publish(registry);
    });
    let outcome = held.run(&["audit"]).expect_code(1);
    assert!(outcome.stdout.contains("ignore RUSTSEC-2025-0503"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("sequester fix"), "{}", outcome.stdout);
}

/// Cargo says so of what it locks, too.
#[test]
fn a_fix_that_needs_a_newer_rust_says_so() {
    let world = world();
    for (rust, words) in [("1.99", "needs Rust 1.99; the project is for 1.70"), ("1.70", "")] {
        Package::new("vulnerable", "1.0.1").pubtime(OLD).rust_version(rust).publish(&world.registry);
        let manifest = world.project.read("Cargo.toml");
        if !manifest.contains("rust-version") {
            let with = manifest.replacen("[package]\n", "[package]\nrust-version = \"1.70\"\n", 1);
            world.project.write("Cargo.toml", with);
        }
        let outcome = world.run(&["fix", "-n"]).expect_code(0);
        let moved = outcome.stdout.lines().find(|line| line.contains("Moved vulnerable")).unwrap();
        assert_eq!(moved.contains("needs Rust"), !words.is_empty(), "{moved}");
        assert!(moved.contains(words), "{moved}");
        assert!(!outcome.stdout.contains("nobody asked"), "{}", outcome.stdout);
    }
}
