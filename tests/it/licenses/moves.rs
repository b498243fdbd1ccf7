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

/// A crate that is new in the manifest, of which every release has a licence that is not listed.
fn new_crate(world: &World) {
    Package::new("new", "1.0.0").license(Some("BUSL-1.1")).publish(&world.registry);
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", manifest.replace("[dependencies]\n", "[dependencies]\nnew = \"1\"\n"));
}

/// The first command of this verb that was printed, with a reason in it.
fn printed<'t>(told: &'t str, verb: &str) -> String {
    let at = |line: &'t str| line.find(&format!("cargo sequester {verb} ")).map(|at| &line[at..]);
    told.lines()
        .find_map(at)
        .unwrap_or_else(|| panic!("no {verb}: {told}"))
        .replace("TEXT", "read")
        .replace("cargo sequester ", concat!(env!("CARGO_BIN_EXE_cargo-sequester"), " sequester "))
}

#[test]
fn a_new_dependency_whose_licence_is_not_listed_is_told_with_ways_that_lead_out() {
    for (resolve, code) in [(&["update", "--workspace"][..], 1), (&["cargo", "update", "--workspace"], 101)] {
        let world = world();
        new_crate(&world);
        let before = world.project.read("Cargo.lock");
        let policy = world.project.read("sequester.toml");
        let run = world.project.sequester(resolve).expect_code(code);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(!told.contains("the policy is not the cause"), "{told}");
        assert!(told.contains("license-not-allowed: its licence is not on the policy's list: `BUSL-1.1`"), "{told}");
        assert_eq!(world.project.read("Cargo.lock"), before);
        // So says whoever is asked about it.
        let explained = world.project.sequester(&["explain", "new@1.0.0"]).expect_code(2).stdout;
        assert!(explained.contains("license-not-allowed"), "{explained}");
        // Each way leads out.
        world.project.run("sh", &["-c", &printed(&told, "approve")]).expect_code(0);
        world.project.sequester(resolve).expect_code(0);
        world.json(&[], 0);
        world.project.write("Cargo.lock", &before).write("sequester.toml", &policy);
        let entry = told.lines().find_map(|line| line.split_once("under [licenses] of sequester.toml: ")).unwrap().1;
        world
            .project
            .write("sequester.toml", policy.replace("[licenses]\n", &format!("[licenses]\nexception = [{entry}]\n")));
        world.project.sequester(resolve).expect_code(0);
        world.json(&[], 0);
    }
}

/// What is new need not lie in cargo's cache to be looked into: without a lock file, and beside one.
#[test]
fn any_cargo_that_resolves_looks_inside_what_is_new() {
    let world = World::new().dep("bar", "1");
    for name in ["bar", "more", "last"] {
        Package::new(name, "1.0.0").publish(&world.registry);
    }
    world.policy(&listed(""));
    world.project.sequester(&["cargo", "generate-lockfile"]).expect_code(0);
    world.project.sequester(&["cargo", "add", "more"]).expect_code(0);
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", manifest.replace("[dependencies]\n", "[dependencies]\nlast = \"1\"\n"));
    world.project.sequester(&["cargo", "tree"]).expect_code(0);
    let lock = world.project.read("Cargo.lock");
    assert!(["more", "last"].iter().all(|name| lock.contains(&format!("name = \"{name}\""))), "{lock}");
    world.json(&[], 0);
}

#[test]
fn offline_nothing_new_comes_in_unseen() {
    let world = world();
    world.json(&["--fetch"], 0);
    let before = world.project.read("Cargo.lock");
    world.project.sequester(&["update", "--offline"]).expect_code(1);
    assert_eq!(world.project.read("Cargo.lock"), before);
}
