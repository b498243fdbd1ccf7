//! What the audit trail has of vendored releases, and what `audit` makes of that later.

use serde_json::Value;

use super::{everything, locked, vendor};
use crate::audit::{codes, package, reasons};
use crate::support::{Package, Project, TestRegistry};

/// The events of the trail, the newest first.
fn events(project: &Project) -> Vec<Value> {
    let told = project.sequester(&["log", "--format", "json"]).expect_code(0).stdout;
    let log: Value = serde_json::from_str(&told).unwrap();
    log["events"].as_array().unwrap().iter().map(|entry| entry["event"].clone()).collect()
}

#[test]
fn every_release_is_recorded_with_its_digests_and_a_second_run_adds_nothing() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let found = events(&project);
    assert_eq!((found.len(), &found[0]["kind"]), (1, &"vendored".into()));
    let releases = found[0]["releases"].as_array().unwrap();
    let config = project.read(".cargo/config.toml");
    let names: Vec<_> = releases.iter().map(|release| release["purl"].as_str().unwrap()).collect();
    assert_eq!(names, ["pkg:cargo/bar@1.1.0", "pkg:cargo/leaf@0.1.0", "pkg:cargo/leaf@0.2.0"]);
    for release in releases {
        assert_eq!(release["verdict"], "approved", "{release}");
        for key in ["checksum", "tree"] {
            let digest = release[key].as_str().unwrap();
            assert!(config.contains(digest), "{key} of {release}\n{config}");
        }
    }
    let before = everything(&project);
    vendor(&project, &[]).expect_code(0);
    assert_eq!(everything(&project), before);
    // What is put right again is a change.
    project.write("vendor/bar/src/lib.rs", "compile_error!(\"evil\");\n");
    vendor(&project, &[]).expect_code(0);
    assert_eq!(events(&project).len(), 2);
    project.sequester(&["log", "--verify"]).expect_code(0);
}

#[test]
fn b5_bytes_that_changed_after_vendoring_are_not_believed() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let audit = |code| {
        let told = project.sequester(&["audit", "--no-advisories", "--format", "json"]).expect_code(code);
        crate::audit::document(&told)
    };
    let first = package(&audit(0), "bar")["checksum"].as_str().unwrap().to_owned();
    let other = Package::new("bar", "1.1.0").dep("leaf", "^0.1").file("src/lib.rs", "//! Other.\n").publish(&registry);
    project.write("Cargo.lock", project.read("Cargo.lock").replace(&first, &other));
    let document = audit(1);
    assert_eq!(reasons(&document, "bar"), ["checksum-mismatch"]);
    let reason = &package(&document, "bar")["reasons"][0];
    assert_eq!((&reason["witness"], codes(&package(&document, "bar")["reasons"]).len()), (&"trail".into(), 1));
    // Nor are they vendored, and a refusal is no event.
    let before = everything(&project);
    vendor(&project, &[]).expect_code(1);
    assert_eq!(everything(&project), before);
}

#[test]
fn g2_a_trail_that_cannot_be_written_stops_it_before_anything_is_changed() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let folder = project.path(".sequester/trail");
    std::fs::create_dir_all(&folder).unwrap();
    let mark = |readonly| {
        let mut permissions = std::fs::metadata(&folder).unwrap().permissions();
        permissions.set_readonly(readonly);
        std::fs::set_permissions(&folder, permissions).unwrap();
    };
    let before = everything(&project);
    mark(true);
    let told = vendor(&project, &[]).expect_code(2).stderr;
    assert!(told.contains("the audit trail cannot be written"), "{told}");
    assert_eq!(everything(&project), before);
    mark(false);
    vendor(&project, &[]).expect_code(0);
    // A run with nothing to do has nothing to write either.
    mark(true);
    vendor(&project, &[]).expect_code(0);
    mark(false);
}
