//! Licences: what the policy lists, held against what the verified bytes of releases say.

mod expressions;
mod moves;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::audit::{World, codes, package, reasons};
use crate::support::Package;

/// A list of two licences, and more.
fn listed(more: &str) -> String {
    format!("[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n{more}")
}

/// Two releases that `app` locks, one of them under a licence that is not listed.
fn world() -> World {
    let world = World::new().dep("bar", "1").dep("viral", "1");
    Package::new("bar", "1.0.0").license(Some("MIT OR Apache-2.0")).publish(&world.registry);
    Package::new("viral", "1.0.0").license(Some("MPL-2.0")).publish(&world.registry);
    world.policy(&listed(""));
    world.lock();
    world
}

fn verdicts(document: &Value) -> Vec<(&str, Vec<String>)> {
    ["bar", "viral"].map(|name| (name, reasons(document, name))).to_vec()
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_licence_that_nobody_knows_is_not_approved_until_somebody_looks_inside() {
    let world = world();
    let unknown = vec![("bar", vec!["license-unknown".to_owned()]), ("viral", vec!["license-unknown".to_owned()])];
    let document = world.json(&[], 1);
    assert_eq!(verdicts(&document), unknown);
    assert_eq!(package(&document, "bar")["reasons"][0]["gap"], "not-at-hand");
    assert_eq!(package(&document, "bar")["newest_approved"], Value::Null);
    insta::assert_snapshot!(world.redact(&world.audit(&[]).expect_code(1).stdout), @r"
        Policy sequester.toml
    Advisories 1 of [ADVISORIES], not confirmed at its origin
      Rejected 2 packages: bar@1.0.0, viral@1.0.0
               license-unknown: their licences are not known: no verified archives of them are at hand
               help: to look inside, get its archive: cargo sequester audit --fetch --now 2026-11-22T00:00:00Z
      Finished 3 packages: 0 approved, 2 rejected, 1 local; judged 2026-11-22 00:00 UTC in [TIME]
    ");
    // What was fetched is kept: the next run needs no network for it.
    let known = vec![("bar", Vec::new()), ("viral", vec!["license-not-allowed".to_owned()])];
    assert_eq!(verdicts(&world.json(&["--fetch"], 1)), known);
    assert_eq!(verdicts(&world.json(&[], 1)), known);
    assert_eq!(verdicts(&world.json(&["--offline"], 1)), known);
    let told = world.audit(&[]).expect_code(1).stdout;
    for words in [
        "license-not-allowed: its licence is not on the policy's list: `MPL-2.0`",
        "add to `exception` under [licenses] of sequester.toml: { crate = \"viral\", version = \"=1.0.0\", allow = [\"MPL-2.0\"] }",
        "to exempt it after looking inside: cargo sequester approve viral@1.0.0 --reason \"TEXT\" --until 2026-12-22",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn without_a_list_nothing_is_judged_and_nothing_fetched() {
    let world = world();
    world.policy("");
    assert_eq!(verdicts(&world.json(&["--fetch"], 0)), [("bar", Vec::new()), ("viral", Vec::new())]);
    assert!(!world.project.cargo_home().join("registry/cache").exists());
}

#[test]
fn what_a_person_decides_lets_a_licence_through() {
    let world = world();
    world.json(&["--fetch"], 1);
    let viral = || reasons(&world.json(&[], 1), "viral");
    // One crate, some of its releases.
    world.policy(&listed("[[licenses.exception]]\ncrate = \"viral\"\nversion = \"1\"\nallow = [\"MPL-2.0\"]\n"));
    world.json(&[], 0);
    world.policy(&listed("[[licenses.exception]]\ncrate = \"viral\"\nversion = \"2\"\nallow = [\"MPL-2.0\"]\n"));
    assert_eq!(viral(), ["license-not-allowed"]);
    let notices = world.json(&[], 1);
    assert_eq!(codes(&notices["notices"]), ["license-exception-unused"]);
    world.policy(&listed("[[licenses.exception]]\ncrate = \"other\"\nallow = [\"MPL-2.0\"]\n"));
    assert_eq!(viral(), ["license-not-allowed"]);
    // An approval is of these bytes, and ends.
    world.policy(&listed(""));
    let approve = ["approve", "viral@1.0.0", "--reason", "reviewed with counsel", "--until", "2099-12-31"];
    world.project.sequester(&approve).expect_code(0);
    let document = world.json(&[], 0);
    assert_eq!(package(&document, "viral")["basis"]["lifted"][0], "license-not-allowed");
}

#[test]
fn a_clarification_counts_for_the_files_that_were_read_alone() {
    let text = "Do as you like.\n";
    let world = World::new().dep("texted", "1");
    let manifest = "[package]\nname = \"texted\"\nversion = \"1.0.0\"\nlicense-file = \"LICENSE\"\n";
    Package::new("texted", "1.0.0").file("Cargo.toml", manifest).file("LICENSE", text).publish(&world.registry);
    world.policy(&listed(""));
    world.lock();
    let document = world.json(&["--fetch"], 1);
    let reason = &package(&document, "texted")["reasons"][0];
    assert_eq!((&reason["code"], &reason["expression"]), (&"license-not-allowed".into(), &Value::Null));
    assert_eq!(reason["license_file"], serde_json::json!({ "path": "LICENSE", "sha256": digest(text) }));
    // The way out says what to write, and leaves the answer to whoever reads the file.
    let told = world.audit(&[]).expect_code(1).stdout;
    let entry = told.lines().find_map(|line| line.split_once("sequester.toml: ").map(|(_, entry)| entry)).unwrap();
    let with = |entry: &str| world.policy(&listed(&format!("clarify = [{entry}]\n")));
    with(entry);
    assert!(world.audit(&[]).expect_code(2).stderr.contains("not an SPDX licence expression"));
    with(&entry.replace("TEXT", "MIT"));
    world.json(&[], 0);
    with(&entry.replace("TEXT", "ISC"));
    assert_eq!(package(&world.json(&[], 1), "texted")["reasons"][0]["not_listed"], serde_json::json!(["ISC"]));
    with(&entry.replace("TEXT", "MIT").replace(&digest(text), &digest("Do as I like.\n")));
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "texted"), ["license-not-allowed"]);
    assert_eq!(codes(&document["notices"]), ["clarification-of-other-files"]);
}

#[test]
fn bytes_that_are_not_the_locked_ones_say_nothing() {
    let world = world();
    world.json(&["--fetch"], 1);
    // An archive of the same name in cargo's cache, under a licence that is listed.
    let other = Package::new("viral", "1.0.0").license(Some("MIT")).archive();
    let cache = world.project.cargo_home().join("registry/cache");
    let folder = cache.read_dir_utf8().unwrap().next().unwrap().unwrap();
    std::fs::write(folder.path().join("viral-1.0.0.crate"), other).unwrap();
    assert_eq!(reasons(&world.json(&[], 1), "viral"), ["license-unknown"]);
    // Only a registry's answer cures it.
    assert_eq!(reasons(&world.json(&["--fetch"], 1), "viral"), ["license-not-allowed"]);
    assert_eq!(reasons(&world.json(&["--offline"], 1), "viral"), ["license-not-allowed"]);
}

#[test]
fn vendored_sources_answer_without_archives_as_far_as_the_allow_list_proves_them() {
    let world = World::new().dep("bar", "1");
    let home = world.project.cargo_home();
    let url = world.registry.url();
    let machine = format!("[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"{url}\"\n");
    std::fs::write(home.join("config.toml"), machine).unwrap();
    std::fs::remove_file(world.project.path(".cargo/config.toml")).unwrap();
    Package::new("bar", "1.0.0").license(Some("MIT")).publish(&world.registry);
    world.policy(&listed(""));
    world.lock();
    world.project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
    let events = world.project.sequester(&["log", "--format", "json"]).expect_code(0).stdout;
    let events: Value = serde_json::from_str(&events).unwrap();
    let manifest = digest(&world.project.read("vendor/bar/Cargo.toml"));
    let recorded = &events["events"][0]["event"]["releases"][0]["license"];
    assert_eq!(*recorded, serde_json::json!({ "expression": "MIT", "manifest": manifest }));
    std::fs::remove_dir_all(home.join("registry/cache")).unwrap();
    assert_eq!(reasons(&world.json(&[], 0), "bar"), Vec::<String>::new());
    // The list of files is the allowed one, and the manifest is not the listed file.
    let text = world.project.read("vendor/bar/Cargo.toml");
    world.project.write("vendor/bar/Cargo.toml", text.replace("MIT", "ISC"));
    assert_eq!(reasons(&world.json(&[], 1), "bar"), ["license-unknown"]);
    // Nor does a list with the new hash help: it is not the allowed one.
    let list = world.project.read("vendor/bar/.cargo-checksum.json");
    let edited = digest(&world.project.read("vendor/bar/Cargo.toml"));
    world.project.write("vendor/bar/.cargo-checksum.json", list.replace(&manifest, &edited));
    assert_eq!(reasons(&world.json(&[], 1), "bar"), ["license-unknown"]);
}

#[test]
fn a_change_cannot_vouch_for_its_own_vendored_licences() {
    let world = World::new().dep("bar", "1");
    let home = world.project.cargo_home();
    let url = world.registry.url();
    let machine = format!("[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"{url}\"\n");
    std::fs::write(home.join("config.toml"), machine).unwrap();
    std::fs::remove_file(world.project.path(".cargo/config.toml")).unwrap();
    Package::new("bar", "1.0.0").license(Some("MIT")).publish(&world.registry);
    Package::new("new", "1.0.0").license(Some("MIT")).publish(&world.registry);
    world.policy(&listed(""));
    world.lock();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
        world.project.run("git", &[&identity[..], arguments].concat()).expect_code(0);
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "base"]);
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}new = \"1\"\n"));
    world.lock();
    world.project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
    std::fs::remove_dir_all(home.join("registry/cache")).unwrap();
    let audit = |more: &[&str], code| {
        let base = ["audit", "--base", "HEAD", "--no-advisories", "--format", "json"];
        crate::audit::document(&world.project.sequester(&[&base[..], more].concat()).expect_code(code))
    };
    let document = audit(&[], 1);
    assert_eq!(reasons(&document, "new"), ["license-unknown"]);
    assert_eq!(package(&document, "bar")["verdict"], "not-judged");
    assert_eq!(reasons(&audit(&["--fetch"], 0), "new"), Vec::<String>::new());
}

#[test]
fn the_projects_own_packages_are_not_judged_and_those_from_git_are_named() {
    let world = World::new().dep_toml("beside = { path = \"beside\" }");
    let repository = world.project.outside().join("repository");
    std::fs::create_dir_all(repository.join("src")).unwrap();
    std::fs::write(repository.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"forked\"\nversion = \"0.1.0\"\nlicense = \"AGPL-3.0-only\"\n";
    std::fs::write(repository.join("Cargo.toml"), manifest).unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-C", repository.as_str(), "-c", "user.name=a", "-c", "user.email=a@example.org"];
        world.project.run("git", &[&identity[..], arguments].concat()).expect_code(0);
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    let project = &world.project;
    project.write("beside/src/lib.rs", "");
    let manifest = "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nlicense = \"AGPL-3.0-only\"\n";
    project.write("beside/Cargo.toml", manifest);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", format!("{manifest}forked = {{ git = \"file://{repository}\" }}\n"));
    let rule = format!("allow-git = [{{ url = \"file://{repository}\" }}]\n");
    let policy = world.policy_text(&listed("")).replacen("[sources]\n", &format!("[sources]\n{rule}"), 1);
    project.write("sequester.toml", policy);
    world.lock();
    let document = world.json(&[], 0);
    assert_eq!(package(&document, "beside")["verdict"], "local");
    assert_eq!(codes(&package(&document, "forked")["warnings"]), ["license-undecided"]);
    assert_eq!(package(&document, "beside")["warnings"], serde_json::json!([]));
}
