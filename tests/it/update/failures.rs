//! What must leave the lock file as it was.

use super::{FRESH, NOW, OLD, json, locked, project, update};
use crate::support::{Advisory, AdvisoryFolder, Package, Project, Reply, TestRegistry};

fn with_advisories(project: &Project, advisories: &AdvisoryFolder, more: &[&str]) -> crate::support::Outcome {
    let root = advisories.root();
    project.sequester(&[&["update", "--now", NOW, "--advisory-db", root.as_str()], more].concat())
}

fn advised(registry: &TestRegistry) -> Project {
    let project = project(registry);
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    project
}

#[test]
fn a_failed_resolution_says_what_was_hidden_and_until_when() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1.1");
    let outcome = update(&project, &[]).expect_code(1);
    for expected in [
        "bar@1.1.0, for app (^1.1, Cargo.toml:7)",
        "too-new",
        "wait: bar@1.1.0 is eligible in 5 days",
        "approve bar@1.1.0",
        "bar 1.0.0 is approved",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected}: {}\n{}", outcome.stdout, outcome.stderr);
    }
    assert!(!project.path("Cargo.lock").exists());
    let document = json(&update(&project, &["--format", "json"]).expect_code(1));
    assert_eq!(document["result"], "unresolved");
    assert_eq!(document["unresolved"]["obstacles"][0]["release"]["version"], "1.1.0");
}

#[test]
fn a_crate_with_no_visible_release_is_explained_too() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    let outcome = update(&project, &[]).expect_code(1);
    assert!(outcome.stdout.contains("bar@1.1.0"), "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn nothing_is_moved_into_a_vulnerability() {
    let registry = TestRegistry::new();
    Package::new("h2", "0.4.4").pubtime(OLD).publish(&registry);
    Package::new("h2", "0.4.5").pubtime(FRESH).publish(&registry);
    // The only release that is not hit is too new, came long after the advisory, and the old one is vulnerable.
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0901", "h2").date("2025-11-01").patched(">= 0.4.5"));
    let project = advised(&registry).dep("h2", "0.4");
    project.lock_with_cargo();
    let before = project.read("Cargo.lock");
    let outcome = with_advisories(&project, &advisories, &[]).expect_code(0);
    assert!(outcome.stdout.contains("Kept h2@0.4.5"), "{}", outcome.stdout);
    assert_eq!(project.read("Cargo.lock"), before);
    // Nothing is locked into it either.
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    let outcome = with_advisories(&project, &advisories, &[]).expect_code(1);
    assert!(!project.path("Cargo.lock").exists());
    // The one that time approves is what to wait for; the vulnerable one is no way out.
    for expected in ["h2@0.4.5", "too-new", "wait: h2@0.4.5"] {
        assert!(outcome.stdout.contains(expected), "{expected}: {}", outcome.stdout);
    }
}

#[test]
fn a_security_fix_comes_early() {
    let registry = TestRegistry::new();
    Package::new("h2", "0.4.4").pubtime(OLD).publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0901", "h2").date("2026-01-13").patched(">= 0.4.5"));
    // The newest advisory's day is the database's time; the fix must be older than that.
    advisories.add(&Advisory::new("RUSTSEC-2026-0902", "unrelated").date("2026-01-14"));
    let project = advised(&registry).dep("h2", "0.4");
    project.lock_with_cargo();
    Package::new("h2", "0.4.5").pubtime("2026-01-13T00:00:00Z").publish(&registry);
    Package::new("h2", "0.4.6").pubtime("2026-01-13T12:00:00Z").publish(&registry);
    let document = json(&with_advisories(&project, &advisories, &["--format", "json"]).expect_code(0));
    assert_eq!(locked(&project, "h2"), "0.4.5");
    assert_eq!(document["changes"][0]["basis"]["code"], "security-fix");
    assert_eq!(document["held"][0]["candidate"]["version"], "0.4.6");
}

#[test]
fn a_first_lock_file_may_have_a_security_fix_too() {
    let registry = TestRegistry::new();
    Package::new("leaf", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("h2", "0.4.4").pubtime(OLD).dep("leaf", "1").publish(&registry);
    Package::new("h2", "0.4.5").pubtime(FRESH).dep("leaf", "1").publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0901", "h2").date("2026-01-13").patched(">= 0.4.5"));
    advisories.add(&Advisory::new("RUSTSEC-2026-0902", "unrelated").date("2026-01-14"));
    let project = advised(&registry).dep("h2", "0.4");
    with_advisories(&project, &advisories, &[]).expect_code(0);
    assert_eq!(locked(&project, "h2"), "0.4.5");
}

#[test]
fn malicious_releases_are_hidden_whatever_their_age() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0903", "bar").malicious().patched(">= 1.2.0").unaffected("<= 1.0.0"));
    let project = advised(&registry).dep("bar", "1");
    project.lock_with_cargo();
    with_advisories(&project, &advisories, &[]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
}

#[test]
fn an_upstream_that_fails_leaves_the_lock_file_and_exits_2() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).dep("leaf", "1").publish(&registry);
    Package::new("leaf", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1").env("CARGO_NET_RETRY", "0");
    registry.reply(&TestRegistry::index_path("leaf"), Reply::status(500));
    let outcome = update(&project, &[]).expect_code(2);
    assert!(outcome.stderr.contains("leaf"), "{}", outcome.stderr);
    assert!(!project.path("Cargo.lock").exists());
    registry.be_itself();
    project.lock_with_cargo();
    let before = project.read("Cargo.lock");
    Package::new("bar", "1.1.0").pubtime(OLD).dep("deep", "1").publish(&registry);
    Package::new("deep", "1.0.0").pubtime(OLD).publish(&registry);
    registry.reply(&TestRegistry::index_path("deep"), Reply::hang_up());
    update(&project, &[]).expect_code(2);
    assert_eq!(project.read("Cargo.lock"), before);
}

#[test]
fn c8_a_yanked_locked_release_stays_and_the_fresh_one_after_it_is_not_taken() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("baz", "1");
    Package::new("baz", "1.0.0").pubtime(OLD).publish(&registry);
    project.lock_with_cargo();
    Package::new("bar", "1.0.0").pubtime(OLD).yanked().publish(&registry);
    Package::new("bar", "1.0.1").pubtime(FRESH).publish(&registry);
    update(&project, &["baz"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
    // Nor does a full update take the fresh one.
    let before = project.read("Cargo.lock");
    let outcome = update(&project, &[]).expect_code(0);
    assert!(project.read("Cargo.lock") == before, "{}", outcome.stdout);
    assert!(outcome.stdout.contains("Kept bar@1.0.0: yanked"), "{}", outcome.stdout);
}

#[test]
fn c9_releases_yanked_around_a_fresh_one_do_not_push_to_it() {
    let registry = TestRegistry::new();
    for version in ["1.0.0", "1.0.1"] {
        Package::new("arrayref", version).pubtime(OLD).yanked().publish(&registry);
    }
    Package::new("arrayref", "1.0.2").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("arrayref", "1");
    let outcome = update(&project, &[]).expect_code(1);
    assert!(outcome.stdout.contains("arrayref@1.0.2"), "{}", outcome.stdout);
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn c7_a_locked_release_that_is_gone_is_not_silently_replaced_by_a_fresh_one() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.0.1").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    registry.delete("bar", "1.0.1");
    Package::new("bar", "1.0.2").pubtime(FRESH).publish(&registry);
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
}

#[test]
fn d1_a_registry_whose_clock_is_behind_blocks_the_run() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime("2020-01-01T00:00:00Z").publish(&registry);
    registry.date("Wed, 01 Jan 2025 00:00:00 GMT");
    let project = project(&registry).dep("bar", "1");
    let document = json(&project.sequester(&["update", "--no-advisories", "--format", "json"]).expect_code(2));
    assert_eq!((&document["result"], &document["blockers"][0]["code"]), (&"undecided".into(), &"clock-skew".into()));
    let outcome = project.sequester(&["update", "--no-advisories"]).expect_code(2);
    assert!(outcome.stdout.contains("clock"), "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn d2_a_time_that_has_not_come_is_refused() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    let outcome = project.sequester(&["update", "--no-advisories", "--now", "9000-01-01T00:00:00Z"]).expect_code(2);
    assert!(outcome.stderr.contains("lies in the future"), "{}", outcome.stderr);
    assert!(!project.path("Cargo.lock").exists());
}
