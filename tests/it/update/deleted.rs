//! A locked release that its registry does not have any more blocks nobody: it stays, joins where something can take its place, and a
//! removal always works.

use super::{FRESH, NOW, OLD, locked, project, update};
use crate::support::{Outcome, Package, Project, TestRegistry};

/// `gone` asks for `leaf` and is asked for with a feature; it will be deleted.
fn world() -> (TestRegistry, Project) {
    let registry = TestRegistry::new();
    Package::new("leaf", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("gone", "1.0.0").pubtime(OLD).dep("leaf", "1").feature("extra", &[]).publish(&registry);
    Package::new("other", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("spare", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry)
        .dep_toml("gone = { version = \"1\", features = [\"extra\"] }")
        .dep("other", "1")
        .dep("spare", "1");
    project.lock_with_cargo();
    Package::new("other", "1.1.0").pubtime(OLD).publish(&registry);
    Package::new("leaf", "1.1.0").pubtime(OLD).publish(&registry);
    (registry, project)
}

fn run(project: &Project, words: &[&str]) -> Outcome {
    let (verb, rest) = words.split_first().unwrap();
    project.sequester(&[&[*verb, "--no-advisories", "--now", NOW], rest].concat())
}

#[test]
fn everything_else_moves() {
    for whole in [false, true] {
        let (registry, project) = world();
        let before = project.read("Cargo.lock");
        if whole {
            registry.delete_crate("gone");
        } else {
            registry.delete("gone", "1.0.0");
            Package::new("gone", "1.0.1").pubtime(FRESH).dep("leaf", "1").feature("extra", &[]).publish(&registry);
        }
        let moved = update(&project, &[]).expect_code(0);
        assert!(moved.stdout.contains("Kept gone@1.0.0"), "{}", moved.stdout);
        assert_eq!(["gone", "leaf", "other"].map(|name| locked(&project, name)), ["1.0.0", "1.1.0", "1.1.0"]);
        project.write("Cargo.lock", &before);
        update(&project, &["other"]).expect_code(0);
        assert_eq!(["gone", "leaf", "other"].map(|name| locked(&project, name)), ["1.0.0", "1.0.0", "1.1.0"]);
        run(&project, &["cargo", "remove", "spare"]).expect_code(0);
        assert!(!project.read("Cargo.lock").contains("spare"), "whole: {whole}");
        run(&project, &["cargo", "remove", "gone"]).expect_code(0);
        assert!(!project.read("Cargo.lock").contains("gone") && !project.read("Cargo.lock").contains("leaf"));
    }
}

#[test]
fn it_joins_where_another_release_can_take_its_place() {
    let (registry, project) = world();
    registry.delete("gone", "1.0.0");
    Package::new("gone", "1.0.1").pubtime(OLD).dep("leaf", "1").feature("extra", &[]).publish(&registry);
    let manifest = project.read("Cargo.toml").replace("spare = \"1\"\n", "");
    project.write("Cargo.toml", manifest);
    update(&project, &["--workspace"]).expect_code(0);
    assert_eq!(["gone", "leaf", "other"].map(|name| locked(&project, name)), ["1.0.1", "1.0.0", "1.0.0"]);
    run(&project, &["audit"]).expect_code(0);
}
