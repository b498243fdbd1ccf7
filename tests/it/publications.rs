//! `--facts`: how releases were published, by the registry's web API on the loopback.

use std::time::{Duration, Instant};

use cargo_sequester::door::gather::trail;
use serde_json::{Value, json};

use crate::support::{Outcome, Package, Project, Reply, TestRegistry};

const NOW: &str = "2026-11-22T00:00:00Z";

fn page(name: &str) -> String {
    format!("/api/v1/crates/{name}/versions")
}

/// A version as crates.io's API has it.
fn version(num: &str, at: &str, by: Option<&str>) -> Value {
    json!({ "num": num, "created_at": at, "published_by": by.map(|login| json!({ "id": 1, "login": login, "name": null })),
        "trustpub_data": null, "repository": "https://github.com/ann/bar", "audit_actions": [], "features": {} })
}

fn versions(all: &[Value]) -> String {
    json!({ "versions": all, "meta": { "total": all.len(), "next_page": null } }).to_string()
}

/// `app` → `bar` 1.0.1, three days old, and `foo`, a year old.
fn project(registry: &TestRegistry) -> Project {
    Package::new("foo", "1.0.0").pubtime("2025-01-01T00:00:00Z").publish(registry);
    Package::new("bar", "1.0.0").pubtime("2025-01-01T00:00:00Z").publish(registry);
    let project = Project::new().crates_io(registry).dep("bar", "1").dep("foo", "1");
    let project = project.policy(&format!("[sources]\nmirrors = [{:?}]\n", registry.url()));
    Package::new("bar", "1.0.1").pubtime("2026-11-19T00:00:00Z").publish(registry);
    project.lock_with_cargo();
    registry.forget_requests();
    project
}

fn run(project: &Project, words: &[&str]) -> Outcome {
    let common = ["--now", NOW, "--no-advisories"];
    project.sequester(&[&words[..1], &common, &words[1..]].concat())
}

fn asked(registry: &TestRegistry) -> Vec<String> {
    registry.requested_paths().into_iter().filter(|path| path.starts_with("/api/")).collect()
}

#[test]
fn the_api_is_asked_only_with_facts_and_only_about_what_is_held_or_new() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    registry.reply(&page("bar"), Reply::ok(versions(&[version("1.0.1", "2026-11-19T00:00:00Z", Some("ann"))])));
    run(&project, &["audit"]).expect_code(1);
    assert_eq!(asked(&registry), [""; 0]);
    let told = run(&project, &["audit", "--facts"]).expect_code(1);
    assert_eq!(asked(&registry), [page("bar")]);
    assert!(!told.stdout.contains("not known"), "{}", told.stdout);
    let request = registry.requests().into_iter().find(|one| one.path == page("bar")).unwrap();
    assert!(request.headers["user-agent"].starts_with("cargo-sequester/"), "{request:?}");
}

#[test]
fn what_the_registry_does_not_say_is_said_and_changes_no_verdict() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    let words = |told: &Outcome| told.stdout.clone() + &told.stderr;
    for (reply, said) in [
        (None, "status 404"),
        (Some(Reply::status(403).body("{\"errors\":[{\"detail\":\"no robots\"}]}")), "no robots"),
        (Some(Reply::ok("<html>")), "cannot be used"),
        (Some(Reply::ok("{\"versions\":[{\"num\":\"1.0.1\",\"published_by\":7}]}")), "cannot be used"),
    ] {
        if let Some(reply) = reply {
            registry.reply(&page("bar"), reply.times(1));
        }
        let told = run(&project, &["audit", "--facts"]).expect_code(1);
        assert!(words(&told).contains("who published bar is not known"), "{}", words(&told));
        assert!(words(&told).contains(said), "{said}: {}", words(&told));
    }
    let told = run(&project, &["audit", "--facts", "--offline"]);
    assert!(words(&told).contains("no registry may be asked"), "{}", words(&told));
    registry.config(&format!("{{\"dl\":\"{}\"}}", registry.address("/dl")));
    let told = run(&project, &["audit", "--facts"]).expect_code(1);
    assert!(words(&told).contains("names no web API"), "{}", words(&told));
}

#[test]
fn explain_tells_who_published_and_who_yanked_when() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    let mut new = version("1.0.1", "2026-11-19T00:00:00Z", None);
    new["trustpub_data"] = json!({ "provider": "github", "repository": "ann/bar", "run_id": "77", "sha": "c0ffee" });
    let mut old = version("1.0.0", "2025-01-01T00:00:00Z", Some("ann"));
    old["audit_actions"] = json!([{ "action": "yank", "time": "2026-11-19T00:05:00Z", "user": { "login": "ann" } }]);
    // In two pages.
    let first = json!({ "versions": [new], "meta": { "next_page": "?seek=next" } }).to_string();
    registry.reply(&page("bar"), Reply::ok(first));
    registry.reply(&format!("{}?seek=next", page("bar")), Reply::ok(versions(&[old])));
    let began = Instant::now();
    let told = run(&project, &["explain", "bar@1.0.1", "--facts"]).expect_code(1);
    assert!(began.elapsed() >= Duration::from_secs(1), "a second page comes a second later");
    assert!(told.stdout.contains("ann/bar on github (trusted publishing, run 77, commit c0ffee)"), "{}", told.stdout);
    let told = run(&project, &["explain", "bar@1.0.0", "--facts", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(
        told["release"]["publication"],
        json!({ "told_by": "registry", "by": "ann", "trusted": null,
            "yanks": [{ "at": "2026-11-19T00:05:00Z", "undone": false, "by": "ann" }] })
    );
}

#[test]
fn what_was_published_by_whom_is_recorded_and_told_without_the_registry() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    Package::new("bar", "1.0.2").pubtime("2026-11-10T00:00:00Z").publish(&registry);
    let all = |login| {
        let first = version("1.0.0", "2025-01-01T00:00:00Z", Some("ann"));
        versions(&[first, version("1.0.2", "2026-11-10T00:00:00Z", Some(login))])
    };
    registry.reply(&page("bar"), Reply::ok(all("ann")).times(1));
    run(&project, &["update", "--facts"]).expect_code(0);
    let recorded = trail::read(&project.path(".sequester/trail")).unwrap();
    assert_eq!(recorded.problems, []);
    let releases = recorded.events.values().flat_map(|event| &event.releases);
    let published: Vec<_> = releases.filter_map(|one| one.publication.clone()).collect();
    assert_eq!(published.len(), 1, "{recorded:#?}");
    assert_eq!(published[0].by.as_deref(), Some("ann"));
    let told = run(&project, &["explain", "bar@1.0.2", "--offline"]).expect_code(0);
    assert!(told.stdout.contains("ann, as the audit trail recorded it"), "{}", told.stdout);
    // Another name for the same release later is told, and holds nothing back: accounts are renamed.
    registry.reply(&page("bar"), Reply::ok(all("eve")).times(1));
    let told = run(&project, &["audit", "--facts"]).expect_code(0);
    let words = told.stdout + &told.stderr;
    assert!(words.contains("is recorded as published by ann; the registry names eve now"), "{words}");
}

#[test]
fn a_registry_that_wants_a_token_gets_it_for_its_api_too() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.1").pubtime("2026-11-19T00:00:00Z").publish(&registry);
    let project = Project::new().registry("mine", &registry).dep_toml("bar = { version = \"1\", registry = \"mine\" }");
    let project = project.policy(&format!("[registries.mine]\nindex = {:?}\n", registry.url()));
    project.lock_with_cargo();
    registry.require_token("secret");
    let project = project.env("CARGO_REGISTRIES_MINE_TOKEN", "secret");
    registry.reply(&page("bar"), Reply::ok(versions(&[version("1.0.1", "2026-11-19T00:00:00Z", Some("ann"))])));
    run(&project, &["audit", "--facts"]).expect_code(1);
    let request = registry.requests().into_iter().find(|one| one.path == page("bar")).unwrap();
    assert_eq!(request.headers.get("authorization").map(String::as_str), Some("secret"));
}
