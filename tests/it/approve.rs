//! `approve` and `revoke` from the outside: what is shown, what is written, and what is refused.

use serde_json::Value;

use crate::audit::{World, codes, package, reasons};
use crate::support::{Advisory, Outcome, Package};

mod order;
mod refused;

/// The moment of these tests: a past one, because what is written must not come from the future.
pub const THEN: &str = "2024-11-22T00:00:00Z";
/// Two days before.
pub const FRESH: &str = "2024-11-20T00:00:00Z";
pub const OLD: &str = "2023-01-01T00:00:00Z";

impl World {
    /// Any verb with the moment of these tests.
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Outcome {
        self.project.sequester(&[&[verb], arguments, &["--now", THEN]].concat())
    }

    pub fn approve(&self, arguments: &[&str]) -> Outcome {
        self.run("approve", arguments)
    }

    /// The result of `audit` at that moment.
    pub fn then(&self, code: i32) -> Value {
        self.json(&["--now", THEN], code)
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        self.project.run("git", arguments).expect_code(0).stdout
    }

    /// Makes the project a repository with one commit.
    pub fn repository(&self) {
        self.git(&["init", "-qb", "main"]);
        self.git(&["config", "user.name", "Ana"]);
        self.git(&["config", "user.email", "ana@example.org"]);
        self.commit();
    }

    pub fn commit(&self) {
        self.git(&["add", "-A", "."]);
        self.git(&["-c", "commit.gpgsign=false", "commit", "-qm", "state"]);
    }

    /// The names of the trail's files.
    pub fn events(&self) -> Vec<String> {
        let folder = self.project.path(".sequester/trail");
        let Ok(found) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<_> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The trail as `log` tells it.
    pub fn log(&self) -> Value {
        let outcome = self.project.sequester(&["log", "--format", "json"]);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{}", outcome.stderr))
    }

    /// The kinds of all events, oldest first.
    pub fn kinds(&self) -> Vec<String> {
        let log = self.log();
        let events = log["events"].as_array().unwrap().iter().rev();
        events.map(|entry| entry["event"]["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// A locked release of `bar` that is two days old; an older one is there too.
pub fn fresh() -> World {
    let world = World::new().dep("bar", "1");
    Package::new("helper", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    // Its crate is not silent, so that nothing but age holds the next one.
    Package::new("bar", "0.9.0").pubtime("2024-06-01T00:00:00Z").publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(FRESH).dep("helper", "1").publish(&world.registry);
    world.lock();
    world
}

#[test]
fn an_approval_shows_the_facts_and_lifts_what_it_showed() {
    let world = fresh();
    world.repository();
    world.then(1);
    let before = world.project.read("sequester.toml");
    let told = world.approve(&["bar", "--reason", "read the \"diff\""]).expect_code(0).stdout;
    for piece in [
        "Release bar@1.1.0",
        "published: 2 days ago",
        "too-new: ",
        "eligible: in 5 days",
        "path: app → bar",
        "needed by: app@0.1.0",
        "dependencies: since 1.0.0: adds helper",
        "Approved bar@1.1.0 in sequester.toml: lifts too-new, through 2024-11-27",
        "by Ana <ana@example.org>",
    ] {
        assert!(told.contains(piece), "{piece}\n{told}");
    }
    let after = world.project.read("sequester.toml");
    assert!(after.starts_with(&before), "{after}");
    for line in [
        "lifts = [\"too-new\"]",
        "reason = \"read the \\\"diff\\\"\"",
        "by = \"Ana <ana@example.org>\"",
        "at = 2024-11-22",
    ] {
        assert!(after.contains(line), "{line}\n{after}");
    }
    let document = world.then(0);
    assert_eq!(package(&document, "bar")["basis"]["code"], "approval");
    let log = world.log();
    let event = &log["events"][0]["event"];
    assert_eq!(
        (&event["kind"], &event["time"], &event["who"]["known_from"]),
        (&"approved".into(), &THEN.into(), &"git".into())
    );
    assert!(event["machine_time"].is_string());
    assert_eq!(event["releases"][0]["approval"]["lifts"], serde_json::json!(["too-new"]));
    assert_eq!(event["releases"][0]["reasons"][0]["code"], "too-new");
    assert_eq!(world.events().len(), 1);
}

#[test]
fn i5_it_covers_these_bytes_of_this_version_and_nothing_that_came_later() {
    let world = fresh();
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    // A yank that the policy rejects came later.
    let policy = world.project.read("sequester.toml");
    world.project.write("sequester.toml", policy.replace("max-copy-age", "yanked = \"reject\"\nmax-copy-age"));
    Package::new("bar", "1.1.0").pubtime(FRESH).dep("helper", "1").yanked().publish(&world.registry);
    assert_eq!(reasons(&world.then(1), "bar"), ["yanked"]);
    world.project.write("sequester.toml", policy);
    // The next release is another one.
    Package::new("bar", "1.1.1").pubtime(FRESH).publish(&world.registry);
    world.project.cargo(&["update"]).expect_code(0);
    let document = world.then(1);
    assert_eq!(reasons(&document, "bar"), ["too-new"]);
    assert_eq!(codes(&document["notices"]), ["approval-unused"]);
}

#[test]
fn other_bytes_of_the_version_are_not_covered() {
    let world = fresh();
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    Package::new("bar", "1.1.0").pubtime(FRESH).file("src/lib.rs", "//! Other.\n").publish(&world.registry);
    std::fs::remove_file(world.project.path("Cargo.lock")).unwrap();
    std::fs::remove_dir_all(world.project.cargo_home().join("registry")).unwrap();
    world.lock();
    // The trail knows the bytes that were approved.
    assert_eq!(reasons(&world.then(1), "bar"), ["too-new", "checksum-mismatch"]);
}

#[test]
fn i4_a_lapsed_approval_no_longer_counts_and_is_pruned() {
    let world = fresh();
    world.approve(&["bar", "--reason", "x", "--until", "2024-11-23"]).expect_code(0);
    let before = world.project.read("sequester.toml");
    let later = ["--now", "2024-11-24T00:00:00Z"];
    let document = world.json(&later, 1);
    assert_eq!(
        (reasons(&document, "bar"), codes(&document["notices"])),
        (vec!["too-new".to_owned()], vec!["approval-lapsed".to_owned()])
    );
    // The machine's clock may lie before that day, and nothing is written from the future.
    world.policy(&format!(
        "[[approval]]\ncrate = \"bar\"\nversion = \"1.0.0\"\nchecksum = \"{}\"\nlifts = [\"too-new\"]\nreason = \"old\"\nuntil = 2024-01-01\n",
        "07".repeat(32)
    ));
    let told = world.approve(&["--prune"]).expect_code(0).stdout;
    assert!(told.contains("the approval of bar@1.0.0"), "{told}");
    assert!(!world.project.read("sequester.toml").contains("[[approval]]"));
    assert!(before.contains("[[approval]]"));
    let told = world.approve(&["--prune"]).expect_code(0).stdout;
    assert!(told.contains("every approval and ignore is in use"), "{told}");
}

#[test]
fn revoking_takes_the_approval_and_nothing_else() {
    let world = fresh();
    let before = world.project.read("sequester.toml");
    world.approve(&["bar", "--reason", "x", "--by", "ben@example.org"]).expect_code(0);
    world.project.sequester(&["revoke", "bar@1.0.0"]).expect_code(2);
    let told = world.project.sequester(&["revoke", "bar", "--by", "ana@example.org"]).expect_code(0).stdout;
    assert!(told.contains("Revoked bar@1.1.0 in sequester.toml"), "{told}");
    assert_eq!(world.project.read("sequester.toml"), before);
    assert_eq!(world.kinds(), ["approved", "revoked"]);
    assert_eq!(reasons(&world.then(1), "bar"), ["too-new"]);
    let told = world.project.sequester(&["revoke", "bar"]).expect_code(2).stderr;
    assert!(told.contains("the policy has no approval of `bar`"), "{told}");
}

#[test]
fn a_release_that_is_not_locked_yet_is_approved_by_its_whole_version() {
    let world = fresh();
    Package::new("bar", "2.0.0").pubtime(FRESH).publish(&world.registry);
    Package::new("baz", "0.1.0").pubtime(FRESH).publish(&world.registry);
    for (spec, lifts) in [("bar@2.0.0", "too-new"), ("baz@0.1.0", "too-new, new-crate")] {
        let told = world.approve(&[spec, "--reason", "x"]).expect_code(0).stdout;
        assert!(told.contains("which the lock file does not have"), "{told}");
        assert!(told.contains(&format!("Approved {spec} in sequester.toml: lifts {lifts},")), "{told}");
    }
}

#[test]
fn one_advisory_is_ignored_for_one_crate() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    let advisories = &world.advisories;
    advisories.add(&Advisory::new("RUSTSEC-2026-0100", "bar").patched(">= 2.0.0"));
    assert_eq!(reasons(&world.then(1), "bar"), ["advisory"]);
    let told = world.approve(&["bar", "--reason", "x", "--until", "2024-12-01"]).expect_code(1).stdout;
    assert!(told.contains("no approval lifts `advisory`") && told.contains("--id RUSTSEC-2026-0100"), "{told}");
    let told = world.approve(&["bar", "--reason", "x", "--id", "RUSTSEC-2026-0100"]).expect_code(2).stderr;
    assert!(told.contains("add --until"), "{told}");
    let told =
        world.approve(&["bar", "--reason", "x", "--id", "RUSTSEC-2026-0001", "--until", "2024-12-01"]).expect_code(2);
    assert!(told.stderr.contains("does not hit bar@1.0.0; what does: RUSTSEC-2026-0100"), "{}", told.stderr);
    assert!(world.events().is_empty());
    world
        .approve(&["bar", "--reason", "not reached", "--id", "RUSTSEC-2026-0100", "--until", "2024-12-01"])
        .expect_code(0);
    let policy = world.project.read("sequester.toml");
    assert!(policy.contains("[[advisories.ignore]]\nid = \"RUSTSEC-2026-0100\"\ncrate = \"bar\"\n"), "{policy}");
    assert_eq!(codes(&package(&world.then(0), "bar")["warnings"]), ["ignored"]);
    // Why it is not affected, in the words of VEX and no others. What is said now takes the place of what was said.
    let again = ["bar", "--reason", "not reached", "--until", "2024-12-01"];
    let refused = world.approve(&[&again[..], &["--justification", "inline_mitigations_already_exist"]].concat());
    assert!(refused.expect_code(2).stderr.contains("--id"), "a justification is of an advisory");
    let of_id = [&again[..], &["--id", "RUSTSEC-2026-0100"]].concat();
    let refused = world.approve(&[&of_id[..], &["--justification", "not_my_fault"]].concat()).expect_code(2);
    assert!(refused.stderr.contains("vulnerable_code_not_in_execute_path"), "{}", refused.stderr);
    assert!(!world.project.read("sequester.toml").contains("justification"));
    let told = world.approve(&[&of_id[..], &["--justification", "vulnerable_code_not_in_execute_path"]].concat());
    let told = told.expect_code(0).stdout;
    assert!(told.contains("(vulnerable_code_not_in_execute_path)"), "{told}");
    assert!(told.contains("replaces: through 2024-12-01: not reached\n"), "{told}");
    let policy = world.project.read("sequester.toml");
    assert_eq!(policy.matches("[[advisories.ignore]]").count(), 1, "{policy}");
    assert!(policy.contains("justification = \"vulnerable_code_not_in_execute_path\"\n"), "{policy}");
    let stated = world.project.sequester(&["vex", "--now", "2024-06-01T00:00:00Z"]).expect_code(0).stdout;
    assert!(stated.contains("\"status\": \"not_affected\""), "{stated}");
    world.project.sequester(&["revoke", "bar", "--id", "RUSTSEC-2026-0100"]).expect_code(0);
    assert_eq!(reasons(&world.then(1), "bar"), ["advisory"]);
    assert_eq!(world.kinds(), ["approved", "approved", "revoked"]);
}
