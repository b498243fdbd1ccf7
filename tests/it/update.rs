//! `update`, with real cargo over a loopback registry.

mod deleted;
mod failures;
mod ground;
mod joined;
mod pinned;
mod places;
mod private;
mod recorded;
mod runs;
mod stuck;
mod unblock;

use crate::support::{Outcome, Package, Project, TestRegistry};
use serde_json::Value;

/// The moment of every test.
pub const NOW: &str = "2026-01-15T00:00:00Z";
/// Old enough at that moment.
pub const OLD: &str = "2025-06-01T00:00:00Z";
/// Two days old at that moment.
pub const FRESH: &str = "2026-01-13T00:00:00Z";

/// A project over this registry in crates.io's place, by a policy that allows that.
pub fn project(registry: &TestRegistry) -> Project {
    let url = registry.url();
    Project::new().crates_io(registry).policy(&format!("[sources]\nmirrors = [\"{url}\"]\n"))
}

/// Runs `update` without advisories at the tests' moment.
pub fn update(project: &Project, more: &[&str]) -> Outcome {
    project.sequester(&[&["update", "--now", NOW, "--no-advisories"], more].concat())
}

/// The JSON document of a run.
#[track_caller]
pub fn json(outcome: &Outcome) -> Value {
    let document = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", outcome.stdout, outcome.stderr));
    fits_the_schema(&document);
    document
}

/// The version of a package in the project's lock file; the versions, where there are several.
#[track_caller]
pub fn locked(project: &Project, name: &str) -> String {
    let lock: toml::Table = toml::from_str(&project.read("Cargo.lock")).unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let versions = packages.filter(|package| package["name"].as_str() == Some(name));
    versions.map(|package| package["version"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_fresh_release_is_passed_over_and_an_old_one_taken() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("baz", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("baz", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.2.0").pubtime(FRESH).publish(&registry);
    Package::new("baz", "1.1.0").pubtime(FRESH).publish(&registry);
    let outcome = update(&project, &[]).expect_code(0);
    assert_eq!((locked(&project, "bar"), locked(&project, "baz")), ("1.1.0".to_owned(), "1.0.0".to_owned()));
    assert!(outcome.stdout.contains("1.0.0 → 1.1.0"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("1.2.0 is newer (too-new)"), "{}", outcome.stdout);
    project.cargo(&["metadata", "--locked", "--format-version=1"]).expect_code(0);
    let again = update(&project, &["--format", "json"]).expect_code(0);
    assert_eq!(json(&again)["result"], "unchanged");
    project.sequester(&["audit", "--now", NOW, "--no-advisories"]).expect_code(0);
}

#[test]
fn a_full_update_moves_hidden_locked_releases_back_together() {
    let registry = TestRegistry::new();
    Package::new("clap", "4.0.0").pubtime(OLD).dep("clap_derive", "=4.0.0").publish(&registry);
    Package::new("clap_derive", "4.0.0").pubtime(OLD).publish(&registry);
    Package::new("clap", "4.1.0").pubtime(FRESH).dep("clap_derive", "=4.1.0").publish(&registry);
    Package::new("clap_derive", "4.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("clap", "4");
    project.lock_with_cargo();
    assert_eq!(locked(&project, "clap_derive"), "4.1.0");
    let outcome = update(&project, &["--format", "json"]).expect_code(0);
    let document = json(&outcome);
    assert_eq!((locked(&project, "clap"), locked(&project, "clap_derive")), ("4.0.0".to_owned(), "4.0.0".to_owned()));
    assert_eq!(document["changes"][0]["from"], "4.1.0");
    assert_eq!(document["changes"][0]["to"], "4.0.0");
    assert_eq!(document["held"][0]["candidate"]["version"], "4.1.0");
    assert_eq!(document["held"][0]["candidate"]["eligible_at"], "2026-01-20T00:00:00Z");
}

#[test]
fn a_named_package_takes_hidden_ones_along_and_says_so() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("other", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("other", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("other", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let outcome = update(&project, &["bar"]).expect_code(0);
    assert_eq!((locked(&project, "bar"), locked(&project, "other")), ("1.1.0".to_owned(), "1.0.0".to_owned()));
    assert!(outcome.stdout.contains("Joined other@1.1.0"), "{}", outcome.stdout);
}

#[test]
fn a_workspace_update_takes_hidden_ones_along() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("other", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("other", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("other", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    update(&project, &["--workspace"]).expect_code(0);
    assert_eq!((locked(&project, "bar"), locked(&project, "other")), ("1.0.0".to_owned(), "1.0.0".to_owned()));
}

#[test]
fn changes_that_nobody_asked_for_are_told() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("extra", "0.1.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.1.0").pubtime(OLD).dep("extra", "0.1").publish(&registry);
    let document = json(&update(&project, &["bar", "--format", "json"]).expect_code(0));
    let changes = document["changes"].as_array().unwrap();
    let asked: Vec<_> = changes.iter().map(|change| (change["name"].as_str(), change["asked"].as_bool())).collect();
    assert_eq!(asked, [(Some("bar"), Some(true)), (Some("extra"), Some(false))]);
}

#[test]
fn precise_to_a_hidden_release_is_refused_before_cargo_runs() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.2.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let before = project.read("Cargo.lock");
    let outcome = update(&project, &["bar", "--precise", "1.2.0"]).expect_code(1);
    for expected in ["Refused bar@1.2.0", "too-new", "eligible", "cargo sequester approve bar@1.2.0"] {
        assert!(outcome.stdout.contains(expected), "{expected}: {}", outcome.stdout);
    }
    assert_eq!(project.read("Cargo.lock"), before);
    let document = json(&update(&project, &["bar", "--precise", "1.2.0", "--format", "json"]).expect_code(1));
    assert_eq!((&document["result"], &document["refused"]["version"]), (&"refused".into(), &"1.2.0".into()));
    update(&project, &["bar", "--precise", "1.0.0"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
}

#[test]
fn a_dry_run_leaves_the_lock_file_as_it_was() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let before = project.read("Cargo.lock");
    let modified = std::fs::metadata(project.path("Cargo.lock")).unwrap().modified().unwrap();
    let document = json(&update(&project, &["--dry-run", "--format", "json"]).expect_code(0));
    assert_eq!(document["result"], "would-change");
    assert_eq!(document["written"], false);
    assert_eq!(document["changes"][0]["to"], "1.1.0");
    assert_eq!(project.read("Cargo.lock"), before);
    assert_eq!(std::fs::metadata(project.path("Cargo.lock")).unwrap().modified().unwrap(), modified);
}

#[test]
fn a_first_lock_file_is_born_sequestered() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
}

#[test]
fn an_exact_approval_shows_a_release() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let checksum = Package::new("bar", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    let policy = project.read("sequester.toml");
    let approval = format!(
        "{policy}\n[[approval]]\ncrate = \"bar\"\nversion = \"1.1.0\"\nchecksum = \"{checksum}\"\nreason = \"looked inside\"\nlifts = [\"too-new\"]\n"
    );
    project.write("sequester.toml", approval);
    let outcome = update(&project, &["--format", "json"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.1.0");
    assert_eq!(
        json(&outcome)["changes"].as_array().unwrap().iter().find(|one| one["name"] == "bar").unwrap()["basis"]["code"],
        "approval"
    );
}

/// Every document that these tests see is one of the published schema.
#[track_caller]
fn fits_the_schema(document: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/update-v1.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(schema["$id"], cargo_sequester::door::report::update::json::UPDATE_V1);
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let schema = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> =
        schema.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
}
