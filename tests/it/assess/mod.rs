//! `assess`: every requirement is answered from what was checked in this run, and nothing is called met that is not shown.

mod mutations;

use serde_json::Value;

use crate::audit::{NOW, World};
use crate::support::{Advisory, Outcome, Package};

const OLD: &str = "2026-01-01T00:00:00Z";
const ID: &str = "https://ci.example.org/sequester";

fn assess(world: &World, standard: &str, more: &[&str]) -> Outcome {
    world.project.sequester(&[&["assess", "--standard", standard, "--now", NOW], more].concat())
}

/// The document, valid by the published schema.
fn document(world: &World, standard: &str, code: i32) -> Value {
    let outcome = assess(world, standard, &["--format", "json"]).expect_code(code);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../../docs/assess-v1.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
    document
}

/// Each requirement with its answer and the codes of what it lacks.
fn answers(document: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |one: &Value| {
        let lacking = one["lacking"].as_array().unwrap().iter().map(|lack| text(&lack["code"])).collect();
        (text(&one["id"]), text(&one["answer"]), lacking)
    };
    document["requirements"].as_array().unwrap().iter().map(one).collect()
}

fn lacks(document: &Value, id: &str) -> Vec<String> {
    let mut all = answers(document).into_iter();
    all.find(|one| one.0 == id).unwrap().2
}

/// The ids with this answer.
fn with(document: &Value, answer: &str) -> Vec<String> {
    answers(document).into_iter().filter(|one| one.1 == answer).map(|one| one.0).collect()
}

/// The codes of what was not seen for a requirement.
fn unseen(document: &Value, id: &str) -> Vec<String> {
    let requirement = document["requirements"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    let codes = requirement["not_seen"].as_array().unwrap().iter();
    codes.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

const POLICY: &str = "[quarantine]\nmin-publish-age = \"7 days\"\n\n[licenses]\nallow = [\"MIT\"]";
const JUDGE: &str = "on:\n  pull_request:\njobs:\n  judge:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo-sequester audit --base \"$BASE\"\n";
const DEPENDABOT: &str =
    "version: 2\nupdates:\n  - package-ecosystem: cargo\n    directory: /\n    schedule:\n      interval: weekly\n";

/// A project with one aged dependency, vendored and committed, whose policy and workflows say what the requirements want.
fn exemplary() -> World {
    let mut world = World::new().dep("bar", "1");
    world.advisories = world.advisories.with(&Advisory::new("RUSTSEC-2026-0900", "other").date("2026-11-15"));
    let package = Package::new("bar", "1.0.0").pubtime(OLD).license(Some("MIT"));
    package.file("src/lib.rs", "").publish(&world.registry);
    world.policy(POLICY);
    // The project's own configuration is for what `vendor` writes.
    let own = world.project.path(".cargo/config.toml");
    std::fs::rename(&own, world.project.cargo_home().join("config.toml")).unwrap();
    world.lock();
    world.project.sequester(&["vendor", "--now", NOW]).expect_code(0);
    world.project.write(".github/workflows/sequester.yml", JUDGE).write(".github/dependabot.yml", DEPENDABOT);
    world.repository();
    world
}

#[test]
fn a_project_that_shows_everything_meets_what_a_repository_can_answer() {
    let world = exemplary();
    let told = document(&world, "slsa-dependency", 0);
    assert_eq!(with(&told, "met"), ["level-3"]);
    assert_eq!(with(&told, "partly"), ["level-1", "level-2", "level-4"]);
    let evidence = told["requirements"][2]["evidence"].as_array().unwrap();
    let kinds: Vec<_> = evidence.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["commit", "file", "file", "event"]);
    assert_eq!((&evidence[1]["name"], &evidence[3]["value"]), (&"vendor".into(), &"vendored".into()));
    // No level is given, and no sum.
    let text = assess(&world, "slsa-dependency", &[]).expect_code(0).stdout;
    let summary = "1 met, 3 met in part, 0 not met, 0 not for a repository to say; this is evidence, and no level";
    assert!(text.contains(summary), "{text}");
    assert!(text.contains("this policy's own rule"), "the exemption for fixes is told: {text}");
    // The advisories are told by what they are, and not by where they lie on this machine.
    assert!(
        text.contains("the advisories of a folder, the newest of 2026-11-15, 2 in all, which nobody confirmed"),
        "{text}"
    );
    assert!(!text.contains(world.advisories.root().as_str()), "{text}");

    let told = document(&world, "s2c2f", 0);
    assert_eq!(answers(&told).len(), 25);
    let met = ["ING-1", "ING-3", "SCA-1", "SCA-2", "INV-1", "UPD-1", "AUD-2", "AUD-3", "ENF-1"];
    assert_eq!(with(&told, "met"), met);
    let partly = ["ING-2", "ING-4", "SCA-3", "SCA-4", "UPD-2", "UPD-3", "AUD-1", "ENF-2"];
    assert_eq!(with(&told, "partly"), partly);
    let others = ["SCA-5", "INV-2", "AUD-4", "REB-1", "REB-2", "REB-3", "REB-4", "FIX-1"];
    assert_eq!(with(&told, "not-ours"), others);
}

#[test]
fn what_is_assessed_is_a_whole_project_by_its_own_rules() {
    let world = exemplary();
    for (option, value) in [("--base", "HEAD"), ("--min-publish-age", "30 days")] {
        let refused = assess(&world, "s2c2f", &[option, value]).expect_code(2);
        assert!(refused.stderr.contains(&format!("leave `{option}`")), "{}", refused.stderr);
    }
    let outcome = assess(&world, "slsa-dependency", &["--no-advisories"]).expect_code(1);
    assert!(outcome.stdout.contains("no advisories were read"), "{}", outcome.stdout);
    // Advisories that nobody but the caller names are the caller's.
    let folder = world.advisories.root();
    let told = assess(&world, "s2c2f", &["--format", "json", "--advisory-db", folder.as_str()]).expect_code(0);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(unseen(&told, "SCA-1"), ["advisories-named"]);
}

#[test]
fn without_a_commit_nothing_is_said_of_what_a_clone_has() {
    let world = exemplary();
    std::fs::remove_dir_all(world.project.path(".git")).unwrap();
    let told = document(&world, "s2c2f", 0);
    assert_eq!(with(&told, "met"), ["ING-3", "SCA-1"]);
    for id in ["INV-1", "AUD-2", "AUD-3", "ENF-1", "UPD-2", "UPD-3", "ENF-2"] {
        assert_eq!(unseen(&told, id), ["commit"], "{id}");
    }
}

#[test]
fn an_ignored_vulnerability_is_decided_until_its_day() {
    let mut world = exemplary();
    world.advisories = world.advisories.with(&Advisory::new("RUSTSEC-2026-0901", "bar").date("2026-11-01"));
    let told = document(&world, "s2c2f", 1);
    for id in ["UPD-1", "ENF-2"] {
        assert!(!lacks(&told, id).is_empty(), "{id}");
    }
    assert!(lacks(&told, "SCA-1").is_empty(), "it was found");
    let ignore = "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0901\"\nreason = \"not reached\"\nuntil = 2026-11-23";
    let until = |day: &str| {
        world.policy(&format!("{POLICY}\n\n{}", ignore.replace("2026-11-23", day)));
        world.commit();
    };
    until("2026-11-23");
    let told = document(&world, "s2c2f", 0);
    let text = told["requirements"][11]["evidence"].to_string();
    assert!(text.contains("RUSTSEC-2026-0901 is ignored until 2026-11-23"), "{text}");
    until("2026-11-21");
    assert_eq!(lacks(&document(&world, "s2c2f", 1), "UPD-1"), ["vulnerable"]);
}

#[test]
fn what_is_met_is_stated_as_in_toto_defines_it_and_the_rest_in_a_predicate_of_our_own() {
    let world = exemplary();
    let usage = assess(&world, "slsa-dependency", &["--format", "in-toto"]).expect_code(2);
    assert!(usage.stderr.contains("--verifier-id"), "{}", usage.stderr);
    let stated = |standard: &str, code: i32| -> (Vec<Value>, String) {
        let outcome = assess(&world, standard, &["--format", "in-toto", "--verifier-id", ID]).expect_code(code);
        (outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), outcome.stdout)
    };
    let (statements, text) = stated("slsa-dependency", 0);
    let [met, all] = statements.as_slice() else { panic!("{text}") };
    for statement in [met, all] {
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(statement["subject"][0]["name"], "Cargo.lock");
        assert_eq!(statement["subject"][0]["digest"]["sha256"].as_str().unwrap().len(), 64);
        let verifier = &statement["predicate"]["verifier"];
        assert_eq!(verifier["id"], ID);
        assert_eq!(verifier["policies"][0]["digest"]["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(statement["predicate"]["timeCreated"], NOW);
    }
    assert_eq!(met["predicateType"], "https://in-toto.io/attestation/svr/v0.2");
    // What is met in part is not in what is to be signed as met.
    assert_eq!(met["predicate"]["properties"], serde_json::json!(["SEQUESTER_SLSA_DEPENDENCY_DRAFT_LEVEL_3"]));
    assert_eq!(all["predicateType"], "urn:cargo-sequester:assessment-v1");
    assert_eq!(all["predicate"]["requirements"][0]["answer"], "partly");
    let not_shown = all["predicate"]["requirements"][0]["notShown"].as_array().unwrap();
    assert!(not_shown[0].as_str().unwrap().contains("the list of each released version is kept"));
    assert!(!text.contains(world.project.outside().as_str()), "no path of this machine: {text}");
    std::fs::remove_dir_all(world.project.path("vendor")).unwrap();
    let (statements, _) = stated("slsa-dependency", 1);
    assert_eq!(statements[0]["predicate"]["properties"], serde_json::json!([]));
    assert_eq!(statements[1]["predicate"]["requirements"][2]["answer"], "not-met");
}
