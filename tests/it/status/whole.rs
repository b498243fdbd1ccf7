//! The whole command, on a registry of its own.

use crate::support::{Advisory, AdvisoryFolder, Package, Project, TestRegistry};

use super::words::assert_valid;

const NOW: &str = "2026-11-22T00:00:00Z";

/// A locked project whose crate `bar` has a newer release that is old enough, and one that is not.
fn project(registry: &TestRegistry, policy: &str) -> Project {
    Package::new("foo", "1.0.0").pubtime("2025-01-01T00:00:00Z").publish(registry);
    Package::new("bar", "1.0.0").pubtime("2025-01-01T00:00:00Z").dep("foo", "^1").publish(registry);
    let mirrors = format!("[sources]\nmirrors = [{:?}]\n", registry.url());
    let project = Project::new().crates_io(registry).dep("bar", "1").policy(&format!("{mirrors}{policy}"));
    project.lock_with_cargo();
    Package::new("bar", "1.0.1").pubtime("2026-06-01T00:00:00Z").dep("foo", "^1").publish(registry);
    Package::new("bar", "1.0.2").pubtime("2026-11-19T12:00:00Z").dep("foo", "^1").publish(registry);
    Package::new("bar", "2.0.0").pubtime("2026-11-20T00:00:00Z").publish(registry);
    project
}

fn advisories() -> AdvisoryFolder {
    AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "elsewhere").date("2026-11-20"))
}

fn status(project: &Project, db: &AdvisoryFolder, more: &[&str]) -> crate::support::Outcome {
    project.sequester(&[&["status", "--now", NOW, "--advisory-db", db.root().as_str()], more].concat())
}

#[test]
fn what_is_newer_and_what_is_held() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let before = project.read("Cargo.lock");
    let out = status(&project, &db, &["--until", "2026-11-26"]).expect_code(0).stdout;
    assert!(out.contains("      Update bar  1.0.0 -> 1.0.1  1.0.2 held (too-new), in 4 days 12 hours"), "{out}");
    assert!(out.contains("  2026-11-26 12:00:00 UTC bar 1.0.2 (update, in 4 days 12 hours; too-new)"), "{out}");
    assert!(!out.contains("2026-11-27"), "{out}");
    assert!(out.contains("next is bar 1.0.2, in 4 days 12 hours"), "{out}");
    assert_eq!(project.read("Cargo.lock"), before);
    assert_eq!(status(&project, &db, &["-q"]).expect_code(0).stdout, "");
}

#[test]
fn offline_from_the_cache_it_says_the_same() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let online = status(&project, &db, &["--format", "json"]).expect_code(0).stdout;
    assert_valid("online", &online);
    registry.forget_requests();
    let offline = status(&project, &db, &["--format", "json", "--offline"]).expect_code(0).stdout;
    assert_eq!(registry.requested_paths(), Vec::<String>::new());
    let of = |text: &str| {
        let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
        // That the cache was read is the one difference.
        document["notices"].take();
        document
    };
    assert_eq!(of(&offline), of(&online));
    let bar = &of(&online)["packages"][0];
    assert_eq!(bar["locked"]["name"], "bar");
    assert_eq!(bar["need"], "update");
    assert_eq!(bar["update"]["approved"]["version"], "1.0.1");
    assert_eq!(bar["update"]["held"][0]["version"], "1.0.2");
    assert_eq!(bar["update"]["held"][0]["eligible_at"], "2026-11-26T12:00:00Z");
    assert_eq!(bar["major"]["held"][0]["version"], "2.0.0");
}

#[test]
fn a_cached_entry_from_before_is_all_that_offline_knows() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let out = status(&project, &db, &["--offline"]).expect_code(0).stdout;
    assert!(!out.contains("1.0.1") && out.contains("the index was read from cargo's cache"), "{out}");
}

#[test]
fn a_held_locked_release_is_exit_code_1_and_ignorance_2() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "[quarantine]\nmin-publish-age = \"1000 days\"\n");
    let out = status(&project, &db, &["-q"]).expect_code(1).stdout;
    assert_eq!(out, "      Status 2 quarantined: bar@1.0.0, foo@1.0.0\n");
    let cold = Project::new().crates_io(&registry).policy(&project.read("sequester.toml"));
    cold.write("Cargo.lock", project.read("Cargo.lock"));
    let out = status(&cold, &db, &["--offline"]).expect_code(2).stdout;
    assert!(out.contains("nothing is approved"), "{out}");
    project.sequester(&["status", "--until", "soon"]).expect_code(2);
}

#[test]
fn markdown_and_help_are_there() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let out = status(&project, &db, &["--format", "markdown"]).expect_code(0).stdout;
    assert!(out.contains("| Update | <code>bar</code> | <code>1.0.0</code> | <code>1.0.1</code> |"), "{out}");
    let help = project.sequester(&["status", "-h"]).expect_code(0).stdout;
    assert!(
        help.contains("--until") && help.contains("Exit codes:") && help.contains("updates and what is held"),
        "{help}"
    );
}
