//! What `status` foretells is what `update` does: with cargo as the judge.

use serde_json::Value;

use super::words::assert_valid;
use crate::support::{Package, Project, TestRegistry};

const NOW: &str = "2026-01-15T00:00:00Z";
const OLD: &str = "2025-06-01T00:00:00Z";

fn project(registry: &TestRegistry) -> Project {
    Project::new().crates_io(registry).policy(&format!("[sources]\nmirrors = [{:?}]\n", registry.url()))
}

fn status(project: &Project, more: &[&str]) -> Value {
    let before = project.read("Cargo.lock");
    let arguments = ["status", "--now", NOW, "--no-advisories", "--format", "json"];
    let out = project.sequester(&[&arguments, more].concat()).expect_code(0).stdout;
    assert_valid("foretold", &out);
    assert_eq!(project.read("Cargo.lock"), before);
    serde_json::from_str(&out).unwrap()
}

fn of<'d>(document: &'d Value, name: &str) -> &'d Value {
    let packages = document["packages"].as_array().unwrap();
    packages.iter().find(|package| package["locked"]["name"] == name).unwrap()
}

/// The packages that an update would move, as `update -n` says.
fn moved(project: &Project) -> Vec<String> {
    let arguments = ["update", "-n", "--now", NOW, "--no-advisories", "--format", "json"];
    let document: Value = serde_json::from_str(&project.sequester(&arguments).expect_code(0).stdout).unwrap();
    let changes = document["changes"].as_array().unwrap().iter();
    changes.map(|change| format!("{} {}", change["name"].as_str().unwrap(), change["to"].as_str().unwrap())).collect()
}

/// The updates that `status` names.
fn promised(document: &Value) -> Vec<String> {
    let packages = document["packages"].as_array().unwrap().iter();
    let updates = packages.filter(|package| package["need"] == "update");
    let name = |package: &Value| package["locked"]["name"].as_str().unwrap().to_owned();
    updates.map(|one| format!("{} {}", name(one), one["update"]["approved"]["version"].as_str().unwrap())).collect()
}

#[test]
fn a_release_that_wants_a_newer_compiler_is_not_promised() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("baz", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("baz", "1");
    let manifest =
        project.read("Cargo.toml").replace("[package]\n", "[package]\nrust-version = \"1.85\"\nresolver = \"3\"\n");
    project.write("Cargo.toml", manifest);
    project.lock_with_cargo();
    let line = format!(
        "{{\"name\":\"bar\",\"vers\":\"1.1.0\",\"deps\":[],\"cksum\":\"{}\",\"features\":{{}},\"yanked\":false,\
         \"pubtime\":\"{OLD}\",\"rust_version\":\"1.99\"}}",
        "0".repeat(64)
    );
    Package::new("bar", "1.1.0").raw_line(&line).publish(&registry);
    Package::new("baz", "1.1.0").pubtime(OLD).publish(&registry);
    let document = status(&project, &[]);
    assert_eq!(moved(&project), ["baz 1.1.0"]);
    assert_eq!(promised(&document), ["baz 1.1.0"]);
    assert_eq!((&document["foretold_by"], &of(&document, "bar")["passed_over"]), (&"resolution".into(), &true.into()));
    let words = project.sequester(&["status", "-v", "--now", NOW, "--no-advisories"]).expect_code(0).stdout;
    assert!(words.contains("cargo does not take it"), "{words}");
}

#[test]
fn what_waits_for_another_package_is_not_promised() {
    let registry = TestRegistry::new();
    for (version, derive) in [("4.0.0", OLD), ("4.1.0", "2026-01-13T00:00:00Z")] {
        Package::new("clap", version).pubtime(OLD).dep("clap_derive", &format!("={version}")).publish(&registry);
        Package::new("clap_derive", version).pubtime(derive).publish(&registry);
    }
    let project = project(&registry).dep("clap", "4");
    assert!(project.sequester(&["update", "--now", NOW, "--no-advisories"]).expect_code(0).stdout.contains("4.0.0"));
    let document = status(&project, &[]);
    assert_eq!(moved(&project), Vec::<String>::new());
    assert_eq!(promised(&document), Vec::<String>::new());
}

#[test]
fn of_several_held_releases_the_first_that_comes_of_age_is_named() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime("2026-01-10T00:00:00Z").publish(&registry);
    Package::new("bar", "1.2.0").pubtime("2026-01-14T00:00:00Z").publish(&registry);
    let words = project.sequester(&["status", "--now", NOW, "--no-advisories"]).expect_code(0).stdout;
    assert!(words.contains("Waiting bar  1.0.0 -> 1.1.0  held (too-new)"), "{words}");
    assert!(words.contains("2 days"), "{words}");
}

#[test]
fn where_nothing_can_be_resolved_that_is_said() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let document = status(&project, &["--lockfile", "Cargo.lock"]);
    assert_eq!(document["foretold_by"], "index");
    assert!(document["foretold_cause"].as_str().unwrap().contains("no manifests"), "{document}");
    let arguments = ["status", "--now", NOW, "--no-advisories", "--lockfile", "Cargo.lock"];
    let words = project.sequester(&arguments).expect_code(0).stdout;
    assert!(words.contains("told from the index alone"), "{words}");
}

#[test]
fn what_stays_is_found_as_update_finds_it() {
    let registry = TestRegistry::new();
    for name in ["bar", "stuck"] {
        Package::new(name, "1.0.0").pubtime(OLD).publish(&registry);
    }
    let project = project(&registry).dep("bar", "1").dep("stuck", "1");
    project.lock_with_cargo();
    // Both are yanked now; one has an heir, and the other holds still.
    Package::new("bar", "1.0.0").pubtime(OLD).yanked().publish(&registry);
    Package::new("stuck", "1.0.0").pubtime(OLD).yanked().publish(&registry);
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let document = status(&project, &[]);
    assert_eq!(moved(&project), ["bar 1.1.0"]);
    assert_eq!(promised(&document), ["bar 1.1.0"]);
}

#[test]
fn the_world_is_read_once() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    registry.forget_requests();
    status(&project, &[]);
    let paths = registry.requested_paths();
    let asked = |path: &str| paths.iter().filter(|asked| *asked == path).count();
    assert_eq!((asked(&TestRegistry::index_path("bar")), asked("/index/config.json")), (1, 1), "{paths:?}");
}

#[test]
fn where_nothing_can_be_decided_cargo_is_not_blamed() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let words = project.sequester(&["status", "--now", NOW, "--advisory-db", "nowhere"]).expect_code(2).stdout;
    assert!(!words.contains("cargo finds no way"), "{words}");
}
