//! `assess`: every requirement is answered from what can be looked at, and nothing is called met that is not shown.

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
    let schema: Value = serde_json::from_str(include_str!("../../docs/assess-v1.schema.json")).unwrap();
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

/// A project with one aged dependency, vendored, whose policy says what the requirements want.
fn exemplary() -> World {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").pubtime(OLD).file("src/lib.rs", "").publish(&world.registry);
    world.policy("[quarantine]\nmin-publish-age = \"7 days\"");
    // The project's own configuration is for what `vendor` writes.
    let own = world.project.path(".cargo/config.toml");
    std::fs::rename(&own, world.project.cargo_home().join("config.toml")).unwrap();
    world.lock();
    world.project.sequester(&["vendor", "--now", NOW]).expect_code(0);
    world
}

#[test]
fn a_project_that_shows_everything_meets_what_a_repository_can_answer() {
    let world = exemplary();
    let told = document(&world, "slsa-dependency", 0);
    let met = answers(&told);
    assert!(met.iter().all(|(_, answer, _)| answer == "met"), "{met:?}");
    assert_eq!(met.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["level-1", "level-2", "level-3", "level-4"]);
    let evidence = told["requirements"][2]["evidence"].as_array().unwrap();
    let names: Vec<_> = evidence.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["vendor", ".cargo/config.toml"]);
    assert_eq!((&evidence[2]["kind"], &evidence[2]["value"]), (&"event".into(), &"vendored".into()));
    // No level is given, and no sum.
    let text = assess(&world, "slsa-dependency", &[]).expect_code(0).stdout;
    assert!(text.contains("4 met, 0 not met, 0 not for a repository to say; this is evidence, and no level"), "{text}");
    assert!(text.contains("this policy's own rule"), "the exemption for fixes is told: {text}");

    let told = document(&world, "s2c2f", 1);
    let all = answers(&told);
    assert_eq!(all.len(), 25);
    let not_met: Vec<_> = all.iter().filter(|one| one.1 == "not-met").map(|one| (&*one.0, one.2.join(" "))).collect();
    let (licenses, workflow) = ("no-license-list".to_owned(), "no-workflow".to_owned());
    assert_eq!(not_met, [("SCA-2", licenses), ("UPD-2", workflow.clone()), ("UPD-3", workflow)]);
    let others: Vec<_> = all.iter().filter(|one| one.1 == "not-ours").map(|one| &*one.0).collect();
    assert_eq!(others, ["SCA-5", "INV-2", "AUD-4", "REB-1", "REB-2", "REB-3", "REB-4", "FIX-1"]);

    world.project.write(".github/workflows/s.yml", "      - run: cargo-sequester audit --base \"$BASE\"\n");
    world.project.write(".github/dependabot.yml", "  - package-ecosystem: cargo\n");
    let told = document(&world, "s2c2f", 1);
    assert!(lacks(&told, "UPD-2").is_empty() && lacks(&told, "UPD-3").is_empty(), "{told:#}");
}

#[test]
fn what_is_not_shown_is_not_met() {
    let world = exemplary();
    // An edited file.
    world.project.write("vendor/bar/src/lib.rs", "// edited\n");
    let told = document(&world, "slsa-dependency", 1);
    assert_eq!(lacks(&told, "level-3"), ["not-proven"]);
    assert!(lacks(&told, "level-4").is_empty());
    // Nothing vendored.
    for path in ["vendor", ".cargo"] {
        std::fs::remove_dir_all(world.project.path(path)).unwrap();
    }
    assert_eq!(lacks(&document(&world, "slsa-dependency", 1), "level-3"), ["not-vendored"]);
    // An age below what the draft gives as its example, for all or for some crates.
    world.policy("[quarantine]\nmin-publish-age = \"2 days\"");
    assert_eq!(lacks(&document(&world, "slsa-dependency", 1), "level-4"), ["age-too-short"]);
    world.policy("[[override]]\ncrates = [\"b*\"]\nmin-publish-age = \"0\"\nreason = \"ours\"");
    assert_eq!(lacks(&document(&world, "slsa-dependency", 1), "level-4"), ["age-too-short"]);
    // A lock file that cargo would not take as it is.
    world.policy("");
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", manifest.replace("bar = \"1\"", "bar = \"2\""));
    assert!(world.project.read("Cargo.toml") != manifest);
    let told = document(&world, "slsa-dependency", 2);
    assert_eq!(lacks(&told, "level-1"), ["lock-doubtful"]);
    world.project.write("Cargo.toml", &manifest);
    // No advisories.
    let outcome = assess(&world, "slsa-dependency", &["--no-advisories"]).expect_code(1);
    assert!(outcome.stdout.contains("no advisories were read"), "{}", outcome.stdout);
    // A change is not a project.
    let refused = assess(&world, "s2c2f", &["--base", "HEAD"]).expect_code(2);
    assert!(refused.stderr.contains("leave `--base` and `--loosened` out"), "{}", refused.stderr);
}

#[test]
fn a_vulnerability_is_open_until_a_person_decides_and_again_when_that_is_over() {
    let mut world = exemplary();
    world.advisories = world.advisories.with(&Advisory::new("RUSTSEC-2026-0901", "bar").date("2026-11-01"));
    let told = document(&world, "s2c2f", 1);
    for id in ["UPD-1", "ENF-2"] {
        assert!(!lacks(&told, id).is_empty(), "{id}");
    }
    assert!(lacks(&told, "SCA-1").is_empty(), "it was found");
    let ignore = "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0901\"\nreason = \"not reached\"\nuntil = 2026-11-23";
    world.policy(ignore);
    let told = document(&world, "s2c2f", 1);
    assert!(lacks(&told, "UPD-1").is_empty(), "{told:#}");
    let text = told["requirements"][11]["evidence"].to_string();
    assert!(text.contains("RUSTSEC-2026-0901 is ignored until 2026-11-23"), "{text}");
    world.policy(&ignore.replace("2026-11-23", "2026-11-21"));
    assert_eq!(lacks(&document(&world, "s2c2f", 1), "UPD-1"), ["vulnerable"]);
}

#[test]
fn what_is_met_is_stated_as_in_toto_defines_it_and_the_rest_in_a_predicate_of_our_own() {
    let world = exemplary();
    let usage = assess(&world, "slsa-dependency", &["--format", "in-toto"]).expect_code(2);
    assert!(usage.stderr.contains("--verifier-id"), "{}", usage.stderr);
    std::fs::remove_dir_all(world.project.path("vendor")).unwrap();
    let outcome = assess(&world, "slsa-dependency", &["--format", "in-toto", "--verifier-id", ID]).expect_code(1);
    let statements: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [met, all] = statements.as_slice() else { panic!("{}", outcome.stdout) };
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
    let properties = met["predicate"]["properties"].as_array().unwrap();
    let names: Vec<_> = properties.iter().map(|one| one.as_str().unwrap()).collect();
    let level = |number: u8| format!("SEQUESTER_SLSA_DEPENDENCY_DRAFT_LEVEL_{number}");
    assert_eq!(names, [level(1), level(2), level(4)]);
    assert_eq!(all["predicateType"], "urn:cargo-sequester:assessment-v1");
    assert_eq!(all["predicate"]["requirements"][2]["answer"], "not-met");
    assert!(!outcome.stdout.contains(world.project.path("").as_str()), "no path of this machine: {}", outcome.stdout);
}
