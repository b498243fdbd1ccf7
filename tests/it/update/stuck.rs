//! What cannot move stays, and everything else moves: promise 5.

use super::{FRESH, NOW, OLD, json, locked, project, update};
use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

fn with_advisories(project: &Project, advisories: &AdvisoryFolder, words: &[&str]) -> Outcome {
    let (verb, rest) = words.split_first().unwrap();
    let root = advisories.root();
    project.sequester(&[&[*verb, "--now", NOW, "--advisory-db", root.as_str()], rest].concat())
}

fn advised(registry: &TestRegistry) -> Project {
    let project = project(registry);
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    project
}

/// `nofix` has a vulnerability and no fix, `fixable` one with a fix, `other` something newer.
fn one_fixable_one_not(registry: &TestRegistry) -> (Project, AdvisoryFolder) {
    for name in ["fixable", "nofix", "other"] {
        Package::new(name, "1.0.0").pubtime(OLD).publish(registry);
    }
    let project = advised(registry).dep("fixable", "1").dep("nofix", "1").dep("other", "1");
    project.lock_with_cargo();
    Package::new("fixable", "1.0.1").pubtime(OLD).publish(registry);
    Package::new("other", "1.0.1").pubtime(OLD).publish(registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-9401", "fixable").date("2025-07-01").patched(">= 1.0.1"));
    advisories.add(&Advisory::new("RUSTSEC-2025-9402", "nofix").date("2025-07-01"));
    (project, advisories)
}

fn all(project: &Project, names: &[&str]) -> String {
    names.iter().map(|name| locked(project, name)).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_advisory_without_a_fix_stops_nobody_else() {
    let registry = TestRegistry::new();
    let (project, advisories) = one_fixable_one_not(&registry);
    let outcome = with_advisories(&project, &advisories, &["update"]).expect_code(0);
    assert_eq!(all(&project, &["fixable", "nofix", "other"]), "1.0.1 1.0.0 1.0.1");
    assert!(outcome.stdout.contains("Kept nofix@1.0.0: not approved, because "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("RUSTSEC-2025-9402"), "{}", outcome.stdout);
    let again = json(&with_advisories(&project, &advisories, &["update", "--format", "json"]).expect_code(0));
    assert_eq!(again["result"], "unchanged");
    assert_eq!(again["kept"][0]["codes"][0], "advisory");
    with_advisories(&project, &advisories, &["audit"]).expect_code(1);
}

#[test]
fn named_packages_move_beside_one_that_is_stuck() {
    for (words, moved) in [
        (&["update", "other"][..], "1.0.1 1.0.0 1.0.1"),
        (&["update", "fixable"], "1.0.1 1.0.0 1.0.0"),
        (&["update", "--workspace"], "1.0.1 1.0.0 1.0.0"),
        (&["update", "fixable", "--precise", "1.0.1"], "1.0.1 1.0.0 1.0.0"),
        (&["update", "other", "--precise", "1.0.1"], "1.0.1 1.0.0 1.0.1"),
    ] {
        let registry = TestRegistry::new();
        let (project, advisories) = one_fixable_one_not(&registry);
        with_advisories(&project, &advisories, words).expect_code(0);
        assert_eq!(all(&project, &["fixable", "nofix", "other"]), moved, "{words:?}");
    }
    let registry = TestRegistry::new();
    let (project, advisories) = one_fixable_one_not(&registry);
    let outcome = with_advisories(&project, &advisories, &["update", "nofix"]).expect_code(0);
    assert!(outcome.stdout.contains("Kept nofix@1.0.0"), "{}", outcome.stdout);
}

#[test]
fn a_fix_that_is_held_is_waited_for_and_the_rest_moves() {
    let registry = TestRegistry::new();
    Package::new("fixme", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("other", "1.0.0").pubtime(OLD).publish(&registry);
    let project = advised(&registry).dep("fixme", "1").dep("other", "1");
    project.lock_with_cargo();
    // Half a day old: a fix may come after a day.
    Package::new("fixme", "1.0.1").pubtime("2026-01-14T12:00:00Z").publish(&registry);
    Package::new("other", "1.0.1").pubtime(OLD).publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-9301", "fixme").date("2026-01-14").patched(">= 1.0.1"));
    let outcome = with_advisories(&project, &advisories, &["update"]).expect_code(0);
    assert_eq!(all(&project, &["fixme", "other"]), "1.0.0 1.0.1");
    assert!(outcome.stdout.contains("Kept fixme@1.0.0"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("Fix held fixme@1.0.0"), "{}", outcome.stdout);
}

#[test]
fn a_yanked_release_whose_replacement_is_held_stays() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("other", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("other", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.0.0").pubtime(OLD).yanked().publish(&registry);
    Package::new("bar", "1.0.1").pubtime(FRESH).publish(&registry);
    Package::new("other", "1.0.1").pubtime(OLD).publish(&registry);
    let outcome = update(&project, &[]).expect_code(0);
    assert_eq!(all(&project, &["bar", "other"]), "1.0.0 1.0.1");
    assert!(outcome.stdout.contains("Kept bar@1.0.0: yanked"), "{}", outcome.stdout);
}

#[test]
fn only_what_is_stuck_stays_and_a_lockstep_moves_whole() {
    let registry = TestRegistry::new();
    // Pinned by the manifest and fresh: stuck, with what it asks for exactly.
    Package::new("pinned", "1.0.0").pubtime(FRESH).dep("pinned_part", "=1.0.0").publish(&registry);
    Package::new("pinned_part", "1.0.0").pubtime(FRESH).publish(&registry);
    // Fresh, and with something older to go to.
    for (version, time) in [("4.0.0", OLD), ("4.1.0", FRESH)] {
        Package::new("clap", version).pubtime(time).dep("clap_derive", &format!("={version}")).publish(&registry);
        Package::new("clap_derive", version).pubtime(time).publish(&registry);
    }
    Package::new("loose", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("loose", "1.0.1").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("pinned", "=1.0.0").dep("clap", "4").dep("loose", "1");
    project.lock_with_cargo();
    assert_eq!(locked(&project, "clap"), "4.1.0");
    let document = json(&update(&project, &["--format", "json"]).expect_code(0));
    assert_eq!(
        all(&project, &["pinned", "pinned_part", "clap", "clap_derive", "loose"]),
        "1.0.0 1.0.0 4.0.0 4.0.0 1.0.0"
    );
    let kept: Vec<_> = document["kept"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
}

#[test]
fn what_the_commit_does_not_have_may_not_stay() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(FRESH).publish(&registry);
    Package::new("other", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("other", "1");
    project.lock_with_cargo();
    for words in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "first"]] {
        let identity = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"];
        project.run("git", &[&identity[..], words].concat()).expect_code(0);
    }
    let project = project.dep("bar", "1");
    project.lock_with_cargo();
    Package::new("other", "1.0.1").pubtime(OLD).publish(&registry);
    let before = project.read("Cargo.lock");
    let outcome = update(&project, &[]).expect_code(1);
    assert!(outcome.stdout.contains("bar@1.0.0"), "{}", outcome.stdout);
    assert_eq!(project.read("Cargo.lock"), before);
}

#[test]
fn what_harms_never_stays_and_removing_always_works() {
    let registry = TestRegistry::new();
    for name in ["evil", "plain", "nofix"] {
        Package::new(name, "1.0.0").pubtime(OLD).publish(&registry);
    }
    Package::new("sub", "1.0.0").pubtime(OLD).dep("evil", "1").publish(&registry);
    let project = advised(&registry).dep("evil", "1").dep("sub", "1").dep("plain", "1").dep("nofix", "1");
    project.lock_with_cargo();
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0903", "evil").malicious().date("2025-07-01"));
    advisories.add(&Advisory::new("RUSTSEC-2026-0904", "nofix").date("2025-07-01"));
    let before = project.read("Cargo.lock");
    let outcome = with_advisories(&project, &advisories, &["update"]).expect_code(1);
    assert!(outcome.stdout.contains("evil"), "{}", outcome.stdout);
    assert_eq!(project.read("Cargo.lock"), before);
    // One after the other, in whatever order: each takes something away.
    for name in ["plain", "evil", "sub"] {
        let root = advisories.root().to_string();
        let words = ["cargo", "--now", NOW, "--advisory-db", &root, "remove", name];
        // It is done, and what harms is told until it is gone.
        let outcome = project.sequester(&words).expect_code(i32::from(name != "sub"));
        assert!(!project.read("Cargo.toml").contains(name), "{name}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.contains("Kept evil@1.0.0"), name != "sub", "{name}: {}", outcome.stderr);
    }
    assert_eq!(all(&project, &["evil", "sub", "plain", "nofix"]), "   1.0.0");
}

/// Seen from cargo it is the yank alone that stands in the way.
#[test]
fn what_harms_and_is_yanked_besides_is_named_as_what_harms() {
    let registry = TestRegistry::new();
    Package::new("evil", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("sub", "1.0.0").pubtime(OLD).dep("evil", "1").publish(&registry);
    let project = advised(&registry).dep("sub", "1");
    project.lock_with_cargo();
    Package::new("evil", "1.0.0").pubtime(OLD).yanked().publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0905", "evil").malicious().date("2025-07-01"));
    let before = project.read("Cargo.lock");
    let document = json(&with_advisories(&project, &advisories, &["update", "--format", "json"]).expect_code(1));
    assert_eq!(project.read("Cargo.lock"), before);
    assert_eq!(document["unresolved"]["cause"], "hidden");
    let outcome = with_advisories(&project, &advisories, &["update"]).expect_code(1);
    assert!(
        outcome.stdout.contains("evil@1.0.0") && outcome.stdout.contains("RUSTSEC-2026-0905"),
        "{}",
        outcome.stdout
    );
}

/// What the first lock file waits for can be decided without one, and what a new requirement waits for without one that has it.
#[test]
fn a_person_decides_about_a_release_that_no_lock_file_has() {
    let registry = TestRegistry::new();
    Package::new("fresh", "1.0.0").pubtime(FRESH).publish(&registry);
    Package::new("hit", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("later", "1.0.0").pubtime(FRESH).publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-9402", "hit").date("2025-07-01"));
    let project = advised(&registry).dep("fresh", "1").dep("hit", "1");
    let why = ["--reason", "looked inside", "--by", "ana"];
    let until = ["--until", "2026-02-28"];
    let outcome = with_advisories(&project, &advisories, &["update"]).expect_code(1);
    assert!(!project.path("Cargo.lock").exists(), "{}", outcome.stdout);
    with_advisories(&project, &advisories, &[&["approve", "fresh@1.0.0"][..], &why].concat()).expect_code(0);
    let ignore = ["approve", "hit@1.0.0", "--id", "RUSTSEC-2025-9402"];
    with_advisories(&project, &advisories, &[&ignore[..], &why, &until].concat()).expect_code(0);
    with_advisories(&project, &advisories, &["update"]).expect_code(0);
    assert_eq!(all(&project, &["fresh", "hit"]), "1.0.0 1.0.0");
    let project = project.dep("later", "1");
    with_advisories(&project, &advisories, &["update", "--workspace"]).expect_code(1);
    with_advisories(&project, &advisories, &[&["approve", "later@1.0.0"][..], &why].concat()).expect_code(0);
    with_advisories(&project, &advisories, &["update", "--workspace"]).expect_code(0);
    with_advisories(&project, &advisories, &["audit"]).expect_code(0);
    // A lock file that was named and is not there is a slip of the pen.
    let missing = ["approve", "fresh@1.0.0", "--lockfile", "nowhere/Cargo.lock"];
    with_advisories(&project, &advisories, &[&missing[..], &why].concat()).expect_code(2);
}

/// A fork in the place of a release is somebody's choice: what it needs stays, as far as it is locked, before cargo does without the fork.
#[test]
fn a_patch_is_not_dropped_for_a_locked_release_that_is_held() {
    let registry = TestRegistry::new();
    for (name, version) in [("alpha", "1.0.0"), ("alpha", "1.1.0"), ("third", "0.1.0"), ("other", "1.0.0")] {
        // Old enough that nobody takes the crate for one that imitates the fork.
        Package::new(name, version).pubtime("2020-01-01T00:00:00Z").publish(&registry);
    }
    Package::new("third", "0.2.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("alpha", "1").dep("other", "1");
    let fork =
        "[package]\nname = \"alpha\"\nversion = \"1.1.5\"\nedition = \"2021\"\n\n[dependencies]\nthird = \"0.2\"\n";
    project.write("fork/Cargo.toml", fork).write("fork/src/lib.rs", "");
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", format!("{manifest}\n[patch.crates-io]\nalpha = {{ path = \"fork\" }}\n"));
    project.lock_with_cargo();
    Package::new("other", "1.1.0").pubtime(OLD).publish(&registry);
    let lock = project.read("Cargo.lock");
    for words in [&["update"][..], &["update", "other"], &["cargo", "update"]] {
        project.write("Cargo.lock", &lock);
        let (verb, rest) = words.split_first().unwrap();
        let outcome = project.sequester(&[&[*verb, "--now", NOW, "--no-advisories"], rest].concat()).expect_code(0);
        assert_eq!(all(&project, &["alpha", "third", "other"]), "1.1.5 0.2.0 1.1.0", "{words:?}");
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains("Kept third@0.2.0"), "{words:?}: {outcome:?}");
    }
    // Where nothing that may stay brings it back, that is told.
    project.write("fork/Cargo.toml", fork.replace("1.1.5", "2.0.0")).write("Cargo.lock", &lock);
    let outcome = update(&project, &[]).expect_code(0);
    assert!(outcome.stderr.contains("Unused alpha@2.0.0 of [patch]: cargo found no way with it"), "{outcome:?}");
    assert_eq!(all(&project, &["alpha", "third", "other"]), "1.1.0  1.1.0");
}
