//! One ground for every verb: what `update` says of a release, `audit` says of it too.

use serde_json::Value;

use super::{FRESH, NOW, OLD, json, locked, project};
use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// Older than the policy's seven days, younger than a long age in cargo's own configuration.
const WEEKS_OLD: &str = "2025-12-20T00:00:00Z";
/// A lock file without a dependency.
const APP_ALONE: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
const LONG_AGE: &str = "[registry]\nglobal-min-publish-age = \"2 months\"\n";

/// A project before `update`, with what it is judged by.
struct Case {
    registry: TestRegistry,
    advisories: AdvisoryFolder,
    project: Project,
}

impl Case {
    /// `app` over one registry, not locked yet.
    fn new() -> Self {
        let registry = TestRegistry::new();
        // The newest advisory's day is the database's time; a fix must be older than that.
        let advisories =
            AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0902", "unrelated").date("2026-01-14"));
        let project = project(&registry);
        let case = Self { registry, advisories, project };
        case.policy("");
        case
    }

    fn policy(&self, more: &str) {
        let (mirror, db) = (self.registry.url(), self.advisories.root());
        let text = format!(
            "[sources]\nmirrors = [{mirror:?}]\n\n[advisories]\ndb = \"{db}\"\nmax-copy-age = \"120 months\"\n\n{more}\n"
        );
        self.project.write("sequester.toml", text);
    }

    fn dep(mut self, name: &str) -> Self {
        self.project = self.project.dep(name, "1");
        self
    }

    fn publish(self, name: &str, version: &str, pubtime: &str) -> Self {
        Package::new(name, version).pubtime(pubtime).publish(&self.registry);
        self
    }

    fn locked(self) -> Self {
        self.project.lock_with_cargo();
        self
    }

    fn run(&self, verb: &str, more: &[&str]) -> Outcome {
        self.project.sequester(&[&[verb, "--now", NOW, "--format", "json"], more].concat())
    }

    fn audit(&self, more: &[&str]) -> Value {
        let outcome = self.run("audit", more);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{}", outcome.stderr))
    }
}

/// Every case from which `update` moves something, or holds something.
fn cases() -> Vec<(&'static str, Case)> {
    let aged = Case::new().dep("bar").publish("bar", "1.0.0", OLD).locked();
    let aged = aged.publish("bar", "1.1.0", OLD).publish("bar", "1.2.0", FRESH);

    let fixed = Case::new().dep("foo").publish("foo", "1.0.0", OLD).locked();
    fixed.advisories.add(&Advisory::new("RUSTSEC-2026-0901", "foo").date("2026-01-13").patched(">= 1.0.1"));
    let fixed = fixed.publish("foo", "1.0.1", FRESH).publish("foo", "1.0.2", "2026-01-13T12:00:00Z");

    let first = Case::new().dep("bar").publish("bar", "1.0.0", OLD).publish("bar", "1.1.0", FRESH);

    let long = Case::new().dep("bar").publish("bar", "1.0.0", OLD).locked();
    let long = Case { project: long.project.config(LONG_AGE), ..long }.publish("bar", "1.1.0", WEEKS_OLD);

    let shorter = Case::new().dep("bar").publish("bar", "1.0.0", OLD).locked();
    shorter.policy("[[override]]\ncrates = [\"bar\"]\nmin-publish-age = \"1 day\"\nreason = \"ours\"\n");
    let shorter = shorter.publish("bar", "1.1.0", FRESH).publish("bar", "1.2.0", "2026-01-14T12:00:00Z");

    let approved = Case::new().dep("bar").publish("bar", "1.0.0", OLD).locked();
    let checksum = Package::new("bar", "1.1.0").pubtime(FRESH).publish(&approved.registry);
    approved.policy(&format!(
        "[[approval]]\ncrate = \"bar\"\nversion = \"1.1.0\"\nchecksum = \"{checksum}\"\nlifts = [\"too-new\"]\nreason = \"read\"\n\
         by = \"ana@example.org\"\nat = 2026-01-14\nuntil = 2026-02-14\n"
    ));
    let approved = approved.publish("bar", "1.2.0", FRESH);

    let young = Case::new().dep("bar").publish("bar", "1.0.0", OLD).publish("dep", "1.0.0", WEEKS_OLD).locked();
    Package::new("bar", "1.1.0").pubtime(OLD).dep("dep", "1").publish(&young.registry);

    vec![
        ("aged", aged),
        ("fixed", fixed),
        ("first lock file", first),
        ("cargo's own age", long),
        ("a shorter age", shorter),
        ("an approval", approved),
        ("a new crate comes in", young),
    ]
}

fn package<'a>(document: &'a Value, name: &str, version: &str) -> &'a Value {
    let packages = document["packages"].as_array().unwrap().iter();
    let mut same = packages.filter(|one| one["name"] == name && one["version"] == version);
    same.next().unwrap_or_else(|| panic!("no {name}@{version} in {document}"))
}

/// A basis without the words on where it stands: plainly audited, the lock file is the new one and has the fix already, and only against
/// a base can an approval be the change's own.
fn without_ground(basis: &Value) -> Value {
    let mut basis = basis.clone();
    if let Some(basis) = basis.as_object_mut() {
        basis.remove("need");
        basis.remove("of_change");
    }
    basis
}

fn codes(reasons: &Value) -> Vec<&str> {
    reasons.as_array().into_iter().flatten().map(|reason| reason["code"].as_str().unwrap()).collect()
}

#[test]
fn what_update_takes_and_holds_audit_approves_and_holds_for_the_same_reasons() {
    let (mut taken, mut held) = (0, 0);
    for (name, case) in cases() {
        let old = case.project.path("Cargo.lock").exists().then(|| case.project.read("Cargo.lock"));
        let updated = json(&case.run("update", &[]));
        // The same lock file, plainly and as a change of the one that was replaced.
        case.project.write("old/Cargo.lock", old.clone().unwrap_or_else(|| APP_ALONE.to_owned()));
        for audited in [case.audit(&[]), case.audit(&["--base", "old/Cargo.lock"])] {
            for change in updated["changes"].as_array().unwrap() {
                let (Some(crate_name), Some(to)) = (change["name"].as_str(), change["to"].as_str()) else { continue };
                if change["source"].is_null() {
                    continue;
                }
                let judged = package(&audited, crate_name, to);
                assert_eq!(change["approved"], true, "{name}: {change}");
                assert_eq!(judged["verdict"], "approved", "{name}: {judged}");
                assert_eq!(without_ground(&judged["basis"]), without_ground(&change["basis"]), "{name}");
                taken += 1;
            }
        }
        // Whoever locks what was held is told why it was.
        for one in updated["held"].as_array().unwrap() {
            let (id, version) = (one["id"].as_str().unwrap(), one["candidate"]["version"].as_str().unwrap());
            let crate_name = id.split('@').next().unwrap().rsplit('#').next().unwrap().rsplit('/').next().unwrap();
            case.project.cargo(&["update", "--package", crate_name, "--precise", version]).expect_code(0);
            let audited = case.audit(&[]);
            let judged = package(&audited, crate_name, version);
            assert_eq!(judged["verdict"], "quarantined", "{name}: {judged}");
            assert_eq!(codes(&judged["reasons"]), codes(&one["candidate"]["reasons"]), "{name}");
            assert_eq!(judged["eligible_at"], one["candidate"]["eligible_at"], "{name}");
            held += 1;
        }
    }
    assert_eq!((taken, held), (10, 6), "each change was compared twice");
}

#[test]
fn no_verb_forgets_cargos_own_age() {
    let case = || {
        let case = Case::new().dep("bar").publish("bar", "1.0.0", OLD).locked();
        let case = Case { project: case.project.config(LONG_AGE), ..case }.publish("bar", "1.1.0", WEEKS_OLD);
        case.project.cargo(&["update", "--package", "bar", "--precise", "1.1.0"]).expect_code(0);
        case
    };
    let run = |case: &Case, arguments: &[&str]| case.project.sequester(arguments);
    let locked_one = case();
    for arguments in [
        &["audit"][..],
        &["status"],
        &["explain", "bar@1.1.0"],
        &["vendor"],
        &["cargo", "--", "build"],
        &["audit", "--base", "old/Cargo.lock"],
    ] {
        locked_one.project.write("old/Cargo.lock", APP_ALONE);
        let at: Vec<&str> = match arguments {
            ["cargo", rest @ ..] => [&["cargo", "--now", NOW][..], rest].concat(),
            _ => [arguments, &["--now", NOW][..]].concat(),
        };
        let outcome = run(&locked_one, &at).expect_code(1);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(told.contains("too-new") && told.contains("bar"), "{arguments:?}: {told}");
    }
    // An age that cargo is given on its command line counts as any other.
    let loose = Case::new().dep("bar").publish("bar", "1.0.0", OLD).publish("bar", "1.1.0", WEEKS_OLD).locked();
    run(&loose, &["audit", "--now", NOW]).expect_code(0);
    let age = "registry.global-min-publish-age=\"2 months\"";
    let outcome = run(&loose, &["cargo", "--now", NOW, "--", "--config", age, "build"]).expect_code(1);
    assert!(outcome.stderr.contains("too-new"), "{}", outcome.stderr);
    // It moves back to where it may be.
    run(&locked_one, &["update", "--now", NOW]).expect_code(0);
    assert_eq!(locked(&locked_one.project, "bar"), "1.0.0");
    // What a person approves is what they are shown.
    let approved = case();
    run(&approved, &["approve", "bar@1.1.0", "--reason", "read", "--by", "ana", "--now", NOW]).expect_code(0);
    assert!(approved.project.read("sequester.toml").contains("lifts = [\"too-new\"]"));
    // What is adopted is judged under it too.
    let adopted = case();
    std::fs::remove_file(adopted.project.path("sequester.toml")).unwrap();
    let db = adopted.advisories.root();
    let outcome = run(&adopted, &["init", "--yes", "--now", NOW, "--advisory-db", db.as_str(), "--by", "ana"]);
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(told.contains("too-new") || told.contains("mirror"), "{told}");
}
