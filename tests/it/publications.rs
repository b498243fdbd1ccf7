//! `--facts`: how releases were published, by the registry's web API on the loopback.

use std::time::{Duration, Instant};

use cargo_sequester::door::gather::trail;
use cargo_sequester::door::model::publication::{
    Publication, PublicationFact, PublicationRecord, Publications, TrustedPublisher,
};
use cargo_sequester::door::model::recorded::Recorded;
use cargo_sequester::door::model::signal::{Signal, SignalCode, SignalLevel};
use cargo_sequester::door::model::trail::{Event, EventId, Kind, ReleaseRecord, Tools, Trail};
use cargo_sequester::door::model::verdict::{Reason, Warning};
use serde_json::{Value, json};

use crate::support::facts::{Line, World, crates_io, days_ago};
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

/// Each question to a host that does not answer takes its time.
#[test]
fn a_registry_that_fails_is_not_asked_about_the_next_crate() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    Package::new("foo", "1.0.1").pubtime("2026-11-19T00:00:00Z").publish(&registry);
    project.cargo(&["update"]).expect_code(0);
    registry.forget_requests();
    let all = versions(&[version("1.0.1", "2026-11-19T00:00:00Z", Some("ann"))]);
    registry.reply(&page("foo"), Reply::ok(all));
    registry.reply(&page("bar"), Reply::status(500));
    let told = run(&project, &["audit", "--facts"]).expect_code(1);
    assert!(asked(&registry).iter().all(|path| *path == page("bar")), "{:?}", asked(&registry));
    assert!(told.stdout.contains("who published bar, foo is not known: "), "{}", told.stdout);
}

#[test]
fn a_list_that_leads_back_to_its_own_page_is_given_up() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    let again = json!({ "versions": [], "meta": { "next_page": "?seek=again" } }).to_string();
    registry.reply(&page("bar"), Reply::ok(again.clone()));
    registry.reply(&format!("{}?seek=again", page("bar")), Reply::ok(again));
    let told = run(&project, &["audit", "--facts"]).expect_code(1);
    assert!(told.stdout.contains("its next page is the same page again"), "{}", told.stdout);
    assert_eq!(asked(&registry).len(), 2);
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

/// `bar` from a registry of its own, whose `config.json` says this of its API, under a policy with this of it.
fn of_own_registry(registry: &TestRegistry, config: &str, policy: &str) -> Project {
    Package::new("bar", "1.0.1").pubtime("2026-11-19T00:00:00Z").publish(registry);
    let project = Project::new().registry("mine", registry).dep_toml("bar = { version = \"1\", registry = \"mine\" }");
    let project = project.policy(&format!("[registries.mine]\nindex = {:?}\n{policy}", registry.url()));
    registry.config(&format!("{{\"dl\":\"{}\"{config}}}", registry.address("/dl")));
    project.lock_with_cargo();
    project
}

#[test]
fn the_policy_says_where_the_api_is_and_a_token_goes_to_the_registrys_own_host_alone() {
    let said = versions(&[version("1.0.1", "2026-11-19T00:00:00Z", Some("ann"))]);
    for is_own in [true, false] {
        let (registry, elsewhere) = (TestRegistry::new(), TestRegistry::new());
        let host = if is_own { &registry } else { &elsewhere };
        host.reply(&page("bar"), Reply::ok(said.clone()));
        let other = TestRegistry::new();
        let named = format!(",\"api\":\"{}\"", other.address(""));
        let project = of_own_registry(&registry, &named, &format!("api = \"{}/\"\n", host.address("")));
        run(&project, &["audit"]).expect_code(1);
        assert_eq!((asked(host), asked(&other)), (vec![], vec![]), "nobody is asked without --facts");
        let told = run(&project, &["explain", "bar", "--facts"]).expect_code(1);
        assert!(told.stdout.contains("ann"), "{}", told.stdout);
        assert_eq!((asked(host), asked(&other)), (vec![page("bar")], vec![]));

        registry.require_token("secret");
        let named = ",\"auth-required\":true";
        registry.config(&format!("{{\"dl\":\"{}\"{named}}}", registry.address("/dl")));
        let project = project.env("CARGO_REGISTRIES_MINE_TOKEN", "secret");
        host.forget_requests();
        run(&project, &["audit", "--facts"]).expect_code(1);
        let request = host.requests().into_iter().find(|one| one.path == page("bar")).unwrap();
        let token = request.headers.get("authorization").map(String::as_str);
        assert_eq!(token, is_own.then_some("secret"));
    }
    let registry = TestRegistry::new();
    let project = of_own_registry(&registry, "", "");
    let told = run(&project, &["audit", "--facts"]).expect_code(1);
    let words = told.stdout + &told.stderr;
    assert!(words.contains("names no web API"), "{words}");
    project.write(
        "sequester.toml",
        format!("[registries.mine]\nindex = {:?}\napi = \"https://me:me@x\"\n", registry.url()),
    );
    let told = run(&project, &["audit"]).expect_code(2);
    assert!(told.stderr.contains("is not the address of a web API"), "{}", told.stderr);
}

#[test]
fn inspect_holds_the_archives_commit_against_the_one_that_the_registry_saw() {
    let registry = TestRegistry::new();
    let vcs = r#"{"git":{"sha1":"c0ffee"},"path_in_vcs":""}"#;
    Package::new("bar", "1.0.0").pubtime("2025-01-01T00:00:00Z").publish(&registry);
    Package::new("bar", "1.0.1").pubtime("2026-11-10T00:00:00Z").file(".cargo_vcs_info.json", vcs).publish(&registry);
    let project = Project::new().crates_io(&registry).dep("bar", "1");
    let project = project.policy(&format!("[sources]\nmirrors = [{:?}]\n", registry.url()));
    let built = |sha: &str| {
        let mut one = version("1.0.1", "2026-11-10T00:00:00Z", None);
        one["trustpub_data"] = json!({ "provider": "github", "repository": "ann/bar", "run_id": "7", "sha": sha });
        Reply::ok(versions(&[version("1.0.0", "2025-01-01T00:00:00Z", Some("ann")), one])).times(1)
    };
    let differs = |words: &[&str]| {
        let told = run(&project, &[&["inspect", "bar@1.0.1", "--format", "json"], words].concat());
        let document: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|error| panic!("{error} {told:?}"));
        let findings = document["packages"][0]["findings"].as_array().unwrap().clone();
        let mut findings = findings.into_iter().filter(|one| one["code"] == "commit-differs");
        findings
            .next()
            .map(|one| format!("{} {}", one["severity"].as_str().unwrap(), one["evidence"].as_str().unwrap()))
    };
    project.lock_with_cargo();
    assert_eq!(differs(&[]), None, "nobody was asked");
    registry.reply(&page("bar"), built("C0FFEE"));
    assert_eq!(differs(&["--facts"]), None);
    registry.reply(&page("bar"), built("decade"));
    let expected = Some("medium the archive names commit c0ffee, the registry decade".to_owned());
    assert_eq!(differs(&["--facts"]), expected);
    // What the trail recorded is known without the registry.
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    registry.reply(&page("bar"), built("decade"));
    run(&project, &["cargo", "--facts", "generate-lockfile"]).expect_code(0);
    assert_eq!(differs(&["--offline"]), expected);
}

/// `bar` with a release for each day before now on which one was published, the last one locked; the verdict's signals.
struct History(Vec<(&'static str, i64, Publication)>);

fn by(login: &str) -> Publication {
    Publication { by: Some(login.into()), ..Publication::default() }
}

fn run_of(repository: &str) -> Publication {
    let run = TrustedPublisher {
        commit: Some("c0ffee".into()),
        provider: "github".into(),
        repository: Some(repository.into()),
        run: None,
    };
    Publication { trusted: Some(run), ..Publication::default() }
}

fn home(url: &str, publication: Publication) -> Publication {
    Publication { repository: Some(url.into()), ..publication }
}

impl History {
    fn world(&self) -> World {
        let mut world = World::new();
        for (version, days, _) in &self.0 {
            world = world.publish(Line::new("bar", version).days_old(*days));
        }
        world.lock("bar", self.0.last().unwrap().0)
    }

    /// What the registry says now.
    fn asked(&self) -> World {
        let releases = self.0.iter().map(|(version, days, publication)| {
            let publication = Publication { created_at: Some(days_ago(*days)), ..publication.clone() };
            (version.parse().unwrap(), publication)
        });
        let mut world = self.world();
        let fact = PublicationFact::Read(Publications { releases: releases.collect() });
        world.publications.insert(crates_io("bar"), fact);
        world
    }

    /// What the trail recorded, and nobody asks.
    fn recorded(&self) -> World {
        let mut world = self.world();
        let tools = Tools { cargo: None, sequester: "0.1.0".parse().unwrap() };
        let mut event = Event::new(Kind::Updated, days_ago(0), tools);
        event.releases = self
            .0
            .iter()
            .map(|(version, days, publication)| {
                let mut record = ReleaseRecord::new(crates_io("bar"), version.parse().unwrap());
                record.pubtime = Some(days_ago(*days));
                record.publication = PublicationRecord::of(publication);
                record
            })
            .collect();
        let events = [(EventId::of(b"event"), event)].into();
        world.trail.recorded = Recorded::of(&Trail { events, ..Trail::default() });
        world
    }
}

/// What stands against `bar`, and what is only told.
fn signals(world: &World) -> (Vec<SignalCode>, Vec<SignalCode>) {
    let judgement = world.judgement("bar");
    let reasons = judgement.reasons().into_iter().flatten().filter_map(Reason::signal);
    let warnings = judgement.warnings.iter().filter_map(Warning::signal);
    (reasons.map(Signal::code).collect(), warnings.map(Signal::code).collect())
}

#[test]
fn a_new_publisher_of_an_established_crate_is_told_and_can_be_made_a_reason() {
    let history = History(vec![("1.0.0", 400, by("ann")), ("1.0.1", 100, by("Bob")), ("1.0.2", 10, by("eve"))]);
    let mut world = history.asked();
    assert_eq!(signals(&world), (vec![], vec![SignalCode::PublisherChange]));
    world.policy.signals.publisher_change = SignalLevel::Reason;
    assert_eq!(signals(&world), (vec![SignalCode::PublisherChange], vec![]));
    assert_eq!(
        world.judgement("bar").reasons().unwrap().eligible_at(),
        Some(days_ago(-4)),
        "until it has the age for a signal"
    );
    // The trail alone tells the same later.
    assert_eq!(signals(&history.recorded()).1, [SignalCode::PublisherChange]);
    // Either of the two before, however it is spelled.
    for known in ["ann", "BOB"] {
        let history = History(vec![("1.0.0", 400, by("ann")), ("1.0.1", 100, by("bob")), ("1.0.2", 10, by(known))]);
        assert_eq!(signals(&history.asked()), (vec![], vec![]), "{known}");
    }
    // A stepping stone vouches for nobody, time ends it, and a new crate has no publisher before.
    let stone = History(vec![("1.0.0", 400, by("ann")), ("1.0.1", 11, by("eve")), ("1.0.2", 10, by("eve"))]);
    assert_eq!(signals(&stone.asked()).1, [SignalCode::PublisherChange]);
    let old = History(vec![("1.0.0", 400, by("ann")), ("1.0.2", 20, by("eve"))]);
    assert_eq!(signals(&old.asked()), (vec![], vec![]));
    let new = History(vec![("1.0.1", 9, by("ann")), ("1.0.2", 8, by("eve"))]);
    assert_eq!(signals(&new.asked()), (vec![], vec![]));
    // What the registry does not say is not guessed.
    for silent in [Publication::default(), Publication { created_at: Some(days_ago(10)), ..Publication::default() }] {
        let history = History(vec![("1.0.0", 400, by("ann")), ("1.0.2", 10, silent)]);
        assert_eq!(signals(&history.asked()), (vec![], vec![]));
    }
}

#[test]
fn trusted_publishing_that_is_lost_holds_and_that_is_begun_at_home_does_not() {
    let lost = History(vec![("1.0.0", 400, by("ann")), ("1.0.1", 100, run_of("ann/bar")), ("1.0.2", 10, by("ann"))]);
    assert_eq!(signals(&lost.asked()), (vec![SignalCode::TrustedPublishingLost], vec![]));
    assert_eq!(signals(&lost.recorded()).0, [SignalCode::TrustedPublishingLost], "offline as well");
    // It was given up long before.
    let given_up =
        History(vec![("1.0.0", 400, run_of("ann/bar")), ("1.0.1", 100, by("ann")), ("1.0.2", 10, by("ann"))]);
    assert_eq!(signals(&given_up.asked()), (vec![], vec![]));
    let begun = |url: &str| {
        History(vec![("1.0.0", 400, home(url, by("ann"))), ("1.0.2", 10, home(url, run_of("ann/bar")))]).asked()
    };
    for url in
        ["https://github.com/ann/bar", "https://www.GitHub.com/Ann/bar.git", "https://github.com/ann/bar/tree/main/x"]
    {
        assert_eq!(signals(&begun(url)), (vec![], vec![]), "{url}");
    }
    for url in
        ["https://github.com/ann/barn", "https://github.com.evil.example/ann/bar", "https://gitlab.com/ann/bar", "x"]
    {
        assert_eq!(signals(&begun(url)).1, [SignalCode::PublisherChange], "{url}");
    }
    // What the release says of itself does not count.
    let moved = History(vec![
        ("1.0.0", 400, home("https://github.com/ann/bar", run_of("ann/bar"))),
        ("1.0.2", 10, home("https://github.com/eve/bar", run_of("eve/bar"))),
    ]);
    assert_eq!(signals(&moved.asked()).1, [SignalCode::PublisherChange]);
}

#[test]
fn update_does_not_take_what_a_publication_holds() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    Package::new("bar", "1.0.2").pubtime("2026-11-10T00:00:00Z").publish(&registry);
    let mut first = version("1.0.0", "2025-01-01T00:00:00Z", None);
    first["trustpub_data"] = json!({ "provider": "github", "repository": "ann/bar", "run_id": "1", "sha": "aa" });
    let all = versions(&[first, version("1.0.2", "2026-11-10T00:00:00Z", Some("ann"))]);
    registry.reply(&page("bar"), Reply::ok(all));
    run(&project, &["update", "--facts"]).expect_code(0);
    assert!(
        project.read("Cargo.lock").contains("name = \"bar\"\nversion = \"1.0.0\""),
        "{}",
        project.read("Cargo.lock")
    );
    let told = run(&project, &["explain", "bar@1.0.2", "--facts"]).expect_code(1).stdout;
    assert!(told.contains("published with a token by ann, and 1.0.0 by ann/bar on github"), "{told}");
    run(&project, &["update"]).expect_code(0);
    assert!(project.read("Cargo.lock").contains("1.0.2"), "without the facts it is old enough");
}
