//! What is written: the tree of stock `cargo vendor`, the configuration, the report.

use serde_json::Value;

use super::{assert_is, build_from_nothing_else, everything, listing, locked, project, publish, stock, vendor};
use crate::support::{Package, Project, TestRegistry};

#[test]
fn the_tree_is_stock_cargos_and_builds_with_nothing_else() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let stock_tree = stock(&project, &[]);
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("Vendored 3 packages (3 new"), "{}", done.stdout);
    assert_is(&stock_tree, &project.path("vendor"));
    let config = project.read(".cargo/config.toml");
    for line in ["replace-with = \"sequestered\"", "directory = \"vendor\"", "\"leaf@0.1.0\" = { checksum = \""] {
        assert!(config.contains(line), "{config}");
    }
    build_from_nothing_else(&project, &[]);
    let left: Vec<_> = listing(&project.path(".sequester")).into_keys().collect();
    assert!(left.len() == 1 && left[0].starts_with("trail/"), "{left:?}");
}

#[test]
fn versioned_dirs_and_another_folder() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let stock_tree = stock(&project, &["--versioned-dirs"]);
    vendor(&project, &["third-party/rust", "--versioned-dirs"]).expect_code(0);
    assert_is(&stock_tree, &project.path("third-party/rust"));
    assert!(project.read(".cargo/config.toml").contains("directory = \"third-party/rust\""));
    build_from_nothing_else(&project, &[]);
}

#[test]
fn a_path_is_taken_from_the_working_directory_and_stays_in_the_workspace() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["sequester", "vendor", "--no-advisories", "deep"]).current_dir(project.path("src"));
    // `src` is the project's own, and so is everything below it.
    assert_eq!(command.output().unwrap().status.code(), Some(2));
    let before = everything(&project);
    for path in ["..", "../elsewhere", "/tmp", ".git/x", "."] {
        let refused = vendor(&project, &[path]).expect_code(2);
        assert!(refused.stderr.contains("help:"), "{}", refused.stderr);
    }
    assert_eq!(everything(&project), before);
}

#[test]
fn without_config_the_text_is_printed_and_nothing_else_changes() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let done = vendor(&project, &["--no-config"]).expect_code(0);
    assert!(done.stdout.contains("[source.sequestered]\ndirectory = \"vendor\""), "{}", done.stdout);
    assert!(!project.path(".cargo/config.toml").exists());
    assert!(project.path("vendor/bar/Cargo.toml").exists());
}

#[test]
fn g6_a_conflicting_replacement_is_refused_before_anything_is_fetched() {
    let registry = TestRegistry::new();
    publish(&registry);
    let url = registry.url();
    let project =
        Project::new().crates_io(&registry).policy(&format!("[sources]\nmirrors = [\"{url}\"]\n")).dep("bar", "1");
    project.lock_with_cargo();
    registry.forget_requests();
    let before = everything(&project);
    let refused = vendor(&project, &[]).expect_code(2);
    assert!(refused.stderr.contains("mirror") && refused.stderr.contains("help:"), "{}", refused.stderr);
    assert_eq!(everything(&project), before);
    assert!(registry.requested_paths().iter().all(|path| !path.starts_with("/dl/")));
}

#[test]
fn what_is_held_stops_everything_and_is_named_as_audit_names_it() {
    let registry = TestRegistry::new();
    publish(&registry);
    Package::new("fresh", "1.0.0").pubtime("2026-11-20T00:00:00Z").publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("fresh", "1");
    project.lock_with_cargo();
    registry.forget_requests();
    let (before, now) = (everything(&project), ["--now", "2026-11-21T00:00:00Z"]);
    let audited = project.sequester(&["audit", "--no-advisories", now[0], now[1]]).expect_code(1);
    let stopped = vendor(&project, &now).expect_code(1);
    let without_time = |text: &str| text.lines().filter(|line| !line.contains(" in 0.")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_time(&stopped.stdout), without_time(&audited.stdout));
    assert!(stopped.stdout.contains("fresh@1.0.0"), "{}", stopped.stdout);
    assert_eq!(everything(&project), before);
    assert!(registry.requested_paths().iter().all(|path| !path.starts_with("/dl/")));

    let json = document(&vendor(&project, &["--format", "json", now[0], now[1]]).expect_code(1).stdout);
    assert_eq!(json["vendored"], Value::Null);
    assert_eq!(json["audit"]["summary"]["quarantined"], 1);
}

#[test]
fn a_blocker_stops_everything_with_another_code() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let before = everything(&project);
    let stopped = project.sequester(&["vendor", "--advisory-db", "nowhere"]).expect_code(2);
    assert!(stopped.stdout.contains("nowhere"), "{}", stopped.stdout);
    assert_eq!(everything(&project), before);
}

#[test]
fn who_writes_judges_the_whole_lock_file_and_no_later_than_now() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let before = everything(&project);
    for (arguments, word) in [
        (["--now", "2999-01-01T00:00:00Z"], "future"),
        (["--base", "Cargo.lock"], "--base"),
        (["--lockfile", "Cargo.lock"], "--lockfile"),
    ] {
        let refused = vendor(&project, &arguments).expect_code(2);
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    assert_eq!(everything(&project), before);
}

/// A document that the published schema accepts.
#[track_caller]
pub(super) fn document(text: &str) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/vendor-v1.schema.json")).unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    document
}

#[test]
fn the_json_document_keeps_its_schema() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let first = document(&vendor(&project, &["--format", "json"]).expect_code(0).stdout);
    let done = &first["vendored"];
    assert_eq!((done["path"].as_str(), done["config"].as_str()), (Some("vendor"), Some("written")));
    assert_eq!(done["downloaded"], 3);
    let directories: Vec<_> =
        done["packages"].as_array().unwrap().iter().map(|package| package["directory"].as_str().unwrap()).collect();
    assert_eq!(directories, ["bar", "leaf", "leaf-0.1.0"]);
    let second = document(&vendor(&project, &["--format", "json", "--no-config"]).expect_code(0).stdout);
    assert!(second["vendored"]["config_text"].as_str().unwrap().contains("sequestered"));
    assert!(second["vendored"]["packages"].as_array().unwrap().iter().all(|package| package["change"] == "kept"));
}

#[test]
fn a_project_without_dependencies_is_vendored_too() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    project.lock_with_cargo();
    vendor(&project, &[]).expect_code(0);
    assert_eq!(listing(&project.path("vendor")).len(), 1);
    build_from_nothing_else(&project, &[]);
}
