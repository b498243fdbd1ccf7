//! The verb: from a spec to a report.

use serde_json::Value;

use super::looked;
use crate::support::{Package, Project, TestRegistry};

fn scene(registry: &TestRegistry) -> Project {
    looked()
        .file(
            "build.rs",
            "fn main() { let all: Vec<_> = std::env::vars().collect(); std::net::TcpStream::connect(text(all)); }",
        )
        .publish(registry);
    Package::new("plain", "2.0.0").publish(registry);
    let project = Project::new().dep("looked", "1").dep("plain", "2").registry("mine", registry);
    let project =
        project.crates_io(registry).policy(&format!("[advisories]\n[sources]\nmirrors = [\"{}\"]\n", registry.url()));
    project.lock_with_cargo();
    project
}

fn inspect(project: &Project, more: &[&str]) -> crate::support::Outcome {
    project.sequester(&[&["inspect", "--no-advisories"], more].concat())
}

#[test]
fn the_worst_is_told_first_and_decides_the_exit_code() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    let told = inspect(&project, &["--all"]).expect_code(1);
    assert!(told.stdout.starts_with("        High looked@1.0.0, build.rs:1: reads-and-sends"), "{}", told.stdout);
    assert!(told.stdout.contains("seen: env::vars (line 1) → net::TcpStream::connect (line 1)"), "{}", told.stdout);
    assert!(told.stdout.contains("Suspicious 2 archives looked into"), "{}", told.stdout);
    inspect(&project, &["plain"]).expect_code(0);
    inspect(&project, &["--held"]).expect_code(0);
    // What is in cargo's cache now needs no registry.
    inspect(&project, &["looked", "--offline"]).expect_code(1);
}

#[test]
fn the_document_keeps_its_schema() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    let told = inspect(&project, &["--all", "--format", "json"]).expect_code(1);
    let document: Value = serde_json::from_str(&told.stdout).unwrap();
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/inspect-v1.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(document["packages"][0]["name"], "looked");
    assert_eq!(document["packages"][0]["verdict"], "approved");
    assert_eq!(document["packages"][0]["findings"][0]["code"], "reads-and-sends");
    assert_eq!(document["summary"]["high"], 1);
}

#[test]
fn a_release_that_is_not_locked_is_named_by_its_whole_version() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    Package::new("other", "3.0.0").file("build.rs", "fn main() {}").publish(&registry);
    let told = inspect(&project, &["other@3.0.0"]).expect_code(0);
    assert!(told.stdout.contains("Note other@3.0.0, build.rs: build-script"), "{}", told.stdout);
    inspect(&project, &["other"]).expect_code(2);
    inspect(&project, &["other@4.0.0"]).expect_code(2);
}

#[test]
fn what_could_not_be_looked_at_is_never_fine() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    let told = inspect(&project, &["plain", "--offline"]).expect_code(2);
    assert!(told.stdout.contains("Undecided"), "{}", told.stdout);
    let other = Package::new("plain", "2.0.0").file("src/lib.rs", "// other bytes").archive();
    let checksum = Package::new("plain", "2.0.0").publish(&registry);
    Package::new("plain", "2.0.0").raw_archive(other).checksum(&checksum).publish(&registry);
    let told = inspect(&project, &["--all"]).expect_code(2);
    assert!(told.stdout.contains("plain"), "{}", told.stdout);
    inspect(&project, &["app"]).expect_code(2);
}
