//! The events of a lock file that was moved.

use serde_json::Value;

use super::{FRESH, NOW, OLD, locked, project, update};
use crate::support::{Package, Project, TestRegistry};

fn events(project: &Project) -> Vec<Value> {
    let told = project.sequester(&["log", "--format", "json"]).expect_code(0).stdout;
    let log: Value = serde_json::from_str(&told).unwrap();
    log["events"].as_array().unwrap().iter().map(|entry| entry["event"].clone()).collect()
}

/// `bar` 1.0.0 is locked, and 1.1.0 may be taken.
fn behind(registry: &TestRegistry) -> Project {
    Package::new("bar", "1.0.0").pubtime(OLD).publish(registry);
    let project = project(registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(registry);
    project
}

#[test]
fn what_moved_is_recorded_with_what_it_replaced() {
    let registry = TestRegistry::new();
    let project = behind(&registry);
    update(&project, &["--dry-run"]).expect_code(0);
    assert!(events(&project).is_empty());
    update(&project, &[]).expect_code(0);
    update(&project, &[]).expect_code(0);
    let found = events(&project);
    assert_eq!((found.len(), &found[0]["kind"], &found[0]["time"]), (1, &"updated".into(), &NOW.into()));
    let release = &found[0]["releases"][0];
    assert_eq!((&release["purl"], &release["replaced"]), (&"pkg:cargo/bar@1.1.0".into(), &"1.0.0".into()));
    assert_eq!((&release["verdict"], release["checksum"].is_string()), (&"approved".into(), true));
    assert_eq!(found[0]["releases"].as_array().unwrap().len(), 1);
    // What is not taken is not recorded.
    Package::new("bar", "1.2.0").pubtime(FRESH).publish(&registry);
    update(&project, &["bar"]).expect_code(0);
    assert_eq!(events(&project).len(), 1);
}

#[test]
fn any_cargo_command_that_moves_the_lock_file_is_recorded() {
    let registry = TestRegistry::new();
    let project = behind(&registry);
    Package::new("baz", "1.0.0").pubtime(OLD).publish(&registry);
    let cargo = |arguments: &[&str]| {
        project.sequester(&[&["cargo", "--now", NOW, "--no-advisories"], arguments].concat()).expect_code(0)
    };
    cargo(&["tree"]);
    assert!(events(&project).is_empty());
    cargo(&["update"]);
    cargo(&["add", "baz"]);
    let found = events(&project);
    let told: Vec<_> = found.iter().map(|event| &event["releases"][0]).collect();
    assert_eq!((told.len(), &told[1]["replaced"]), (2, &"1.0.0".into()));
    assert_eq!((&told[0]["purl"], &told[0]["replaced"]), (&"pkg:cargo/baz@1.0.0".into(), &Value::Null));
}

#[test]
fn g2_a_trail_that_cannot_be_written_leaves_the_lock_file_as_it_was() {
    let registry = TestRegistry::new();
    let project = behind(&registry);
    let folder = project.path(".sequester/trail");
    std::fs::create_dir_all(&folder).unwrap();
    let mark = |readonly| {
        let mut permissions = std::fs::metadata(&folder).unwrap().permissions();
        permissions.set_readonly(readonly);
        std::fs::set_permissions(&folder, permissions).unwrap();
    };
    mark(true);
    for verb in [&["update"][..], &["cargo"]] {
        let more: &[&str] = if verb == ["cargo"] { &["update"] } else { &[] };
        let arguments = [verb, &["--now", NOW, "--no-advisories"], more].concat();
        let told = project.sequester(&arguments).expect_code(2).stderr;
        assert!(told.contains("the audit trail cannot be written"), "{told}");
        assert_eq!(locked(&project, "bar"), "1.0.0");
    }
    mark(false);
    assert!(events(&project).is_empty());
}
