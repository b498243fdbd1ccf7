//! What the verbs do about signals, with real cargo over a loopback registry. Ages hold nothing here, so that only signals do.

use serde_json::Value;

use crate::init::World;
use crate::support::{Dependency, Outcome, Package, Project, TestRegistry};
use crate::update::{NOW, locked};

/// Two days before [`NOW`].
const FRESH: &str = "2026-01-13T00:00:00Z";
/// Four minutes later.
const JUST_AFTER: &str = "2026-01-13T00:04:00Z";
/// 705 days before that.
const LONG_AGO: &str = "2024-02-08T00:00:00Z";

fn project(registry: &TestRegistry) -> Project {
    let url = registry.url();
    Project::new().crates_io(registry).policy(&format!(
        "[quarantine]\nmin-publish-age = \"0\"\nnew-crate-age = \"0\"\n[sources]\nmirrors = [\"{url}\"]\n"
    ))
}

fn run(project: &Project, arguments: &[&str]) -> Outcome {
    let (verb, rest) = arguments.split_first().unwrap();
    project.sequester(&[&[verb, "--now", NOW, "--no-advisories"], rest].concat())
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", outcome.stdout, outcome.stderr))
}

/// The signals among a package's reasons and warnings in the JSON of `audit`.
fn signals(document: &Value, name: &str) -> Vec<String> {
    let packages = document["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name).unwrap();
    let told = ["reasons", "warnings"].map(|list| package[list].as_array().unwrap().clone()).concat();
    told.iter().filter_map(|one| Some(one["signal"].as_str()?.to_owned())).collect()
}

/// `arrays` as it was before it was taken over, and a project that locks it.
fn before_takeover(registry: &TestRegistry) -> Project {
    Package::new("arrays", "0.3.8").pubtime("2020-05-01T00:00:00Z").publish(registry);
    Package::new("arrays", "0.3.9").pubtime(LONG_AGO).publish(registry);
    let project = project(registry).dep("arrays", "0.3");
    project.lock_with_cargo();
    project
}

/// The good releases are yanked, and a new one depends on a crate that is four minutes old.
fn take_over(registry: &TestRegistry) {
    Package::new("arrays", "0.3.8").pubtime("2020-05-01T00:00:00Z").yanked().publish(registry);
    Package::new("arrays", "0.3.9").pubtime(LONG_AGO).yanked().publish(registry);
    Package::new("tinyhelp", "1.0.0").pubtime(FRESH).publish(registry);
    Package::new("arrays", "0.3.10").pubtime(JUST_AFTER).dep("tinyhelp", "1").publish(registry);
}

/// The crate that it brings is in no lock file.
#[test]
fn c9_an_update_knows_how_old_the_crates_are_that_a_release_brings() {
    for (born, taken) in [(LONG_AGO, "1.1.0"), (FRESH, "1.0.1")] {
        let registry = TestRegistry::new();
        for (version, pubtime) in [("1.0.0", "2025-03-01T00:00:00Z"), ("1.0.1", "2025-09-01T00:00:00Z")] {
            Package::new("steady", version).pubtime(pubtime).publish(&registry);
        }
        let project = project(&registry).dep("steady", "1");
        project.lock_with_cargo();
        Package::new("helper", "1.0.0").pubtime(born).publish(&registry);
        Package::new("steady", "1.1.0").pubtime(JUST_AFTER).dep("helper", "1").publish(&registry);
        let told = run(&project, &["update"]).expect_code(0).stdout;
        assert_eq!(locked(&project, "steady"), taken, "helper of {born}: {told}");
    }
}

#[test]
fn c9_a_takeover_is_held_by_audit_update_and_status_without_any_advisory() {
    let registry = TestRegistry::new();
    let project = before_takeover(&registry);
    run(&project, &["audit"]).expect_code(0);
    take_over(&registry);
    run(&project, &["update"]).expect_code(0);
    assert_eq!(locked(&project, "arrays"), "0.3.9", "nobody goes past the yank");
    let status = run(&project, &["status"]).expect_code(0);
    assert!(status.stdout.contains("0.3.10") && status.stdout.contains("signal"), "{}", status.stdout);

    let good = project.read("Cargo.lock");
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    project.lock_with_cargo();
    assert_eq!(locked(&project, "arrays"), "0.3.10", "stock cargo goes past it");
    let audit = run(&project, &["audit", "--format", "json"]).expect_code(1);
    let found = signals(&json(&audit), "arrays");
    assert_eq!(found, ["young-dependency", "dormant-growth", "yank-lure"]);
    let told = run(&project, &["audit"]).expect_code(1);
    assert!(told.stdout.contains("tinyhelp"), "{}", told.stdout);
    run(&project, &["audit", "--offline"]).expect_code(1);
    let later = project.sequester(&["audit", "--now", "2026-01-27T00:04:00Z", "--no-advisories"]);
    later.expect_code(0);

    let approval = ["approve", "arrays@0.3.10", "--reason", "read both crates", "--by", "ana@example.org"];
    run(&project, &approval).expect_code(0);
    run(&project, &["audit"]).expect_code(0);
    project.write("Cargo.lock", good);
    run(&project, &["update"]).expect_code(0);
    assert_eq!(locked(&project, "arrays"), "0.3.10");
}

#[test]
fn explain_shows_signals_with_what_makes_them() {
    let registry = TestRegistry::new();
    let project = before_takeover(&registry);
    take_over(&registry);
    let explained = json(&run(&project, &["explain", "arrays@0.3.10", "--format", "json"]).expect_code(1));
    let all = explained["release"]["signals"].as_array().unwrap();
    let named: Vec<_> =
        all.iter().map(|one| (one["signal"].as_str().unwrap(), one["level"].as_str().unwrap())).collect();
    let expected = [
        ("young-dependency", "reason"),
        ("dormant-growth", "reason"),
        ("yank-lure", "reason"),
        ("dormant", "off"),
        ("new-dependency", "off"),
    ];
    assert_eq!(named, expected);
    assert_eq!(all[0]["added"][0]["name"], "tinyhelp");
    assert_eq!(all[0]["added"][0]["first_published"], FRESH);
    let deciders = &explained["release"]["deciders"]["reasons"];
    assert_eq!(deciders[0]["key"], "signals.young-dependency");
    let told = run(&project, &["explain", "arrays@0.3.10"]).expect_code(1).stdout;
    assert!(told.contains("new-dependency") && told.contains("signals.dormant-growth"), "{told}");
    let old = json(&run(&project, &["explain", "arrays@0.3.9", "--format", "json"]));
    assert_eq!(old["release"]["judged"]["name"], "arrays");
}

#[test]
fn what_a_release_adds_behind_a_feature_is_asked_for_though_nothing_locks_it() {
    let registry = TestRegistry::new();
    let std = |package: Package| package.feature("std", &[]);
    std(Package::new("plinth", "1.0.0").pubtime("2025-06-01T00:00:00Z")).publish(&registry);
    Package::new("helper", "1.0.0").pubtime("2020-01-01T00:00:00Z").publish(&registry);
    Package::new("evil", "1.0.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("plinth", "1");
    project.lock_with_cargo();
    let with = |version: &str, dependency: &str| {
        Package::new("plinth", version)
            .pubtime(JUST_AFTER)
            .dependency(Dependency::new(dependency, "1").optional())
            .feature("std", &[&format!("dep:{dependency}")])
            .publish(&registry)
    };
    with("1.0.1", "helper");
    run(&project, &["update"]).expect_code(0);
    assert_eq!(locked(&project, "plinth"), "1.0.1", "how old the dependency is was found out");
    run(&project, &["audit"]).expect_code(0);
    with("1.0.2", "evil");
    run(&project, &["update"]).expect_code(0);
    assert_eq!(locked(&project, "plinth"), "1.0.1");
    let held = json(&run(&project, &["update", "-n", "--format", "json"]));
    assert!(held.to_string().contains("young-dependency"), "{held}");
}

#[test]
fn f5_a_young_stranger_by_the_name_of_ones_own_crate_is_rejected() {
    let registry = TestRegistry::new();
    Package::new("base", "1.0.0").publish(&registry);
    Package::new("acme-auth", "99.0.0").pubtime("2025-11-01T00:00:00Z").publish(&registry);
    Package::new("base", "1.0.1").pubtime("2025-11-02T00:00:00Z").dep("acme-auth", ">=1").publish(&registry);
    let own = "[package]\nname = \"acme-auth\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    let project = project(&registry)
        .file("auth/Cargo.toml", own)
        .file("auth/src/lib.rs", "")
        .dep_toml("acme-auth = { path = \"auth\" }")
        .dep("base", "1");
    project.lock_with_cargo();
    let audit = run(&project, &["audit", "--format", "json"]).expect_code(1);
    assert!(audit.stdout.contains("look-alike"), "{}", audit.stdout);
    let told = run(&project, &["audit"]).expect_code(1).stdout;
    assert!(told.contains("--until"), "what time does not lift needs a last day: {told}");
}

#[test]
fn f4_a_look_alike_is_rejected_until_it_is_named_as_meant() {
    let registry = TestRegistry::new();
    Package::new("acme-billing", "1.0.0").publish(&registry);
    Package::new("acme-biling", "1.0.0").pubtime("2025-11-01T00:00:00Z").publish(&registry);
    let project = project(&registry).dep("acme-billing", "1").dep("acme-biling", "1");
    project.lock_with_cargo();
    let audit = run(&project, &["audit", "--format", "json"]).expect_code(1);
    let document = json(&audit);
    assert_eq!(signals(&document, "acme-biling"), ["look-alike"]);
    assert_eq!(signals(&document, "acme-billing"), Vec::<String>::new());
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}[signals]\nlook-alike-known = [\"acme-biling\"]\n"));
    run(&project, &["audit"]).expect_code(0);
}

#[test]
fn init_leaves_signals_to_a_person() {
    let mut world = World::new();
    Package::new("old", "1.0.0").publish(&world.registry);
    Package::new("old", "1.0.1").pubtime("2026-01-20T00:00:00Z").links("z").publish(&world.registry);
    world.project = world.project.dep("old", "1");
    let world = world.lock();
    world.init(&[], 1);
    assert!(!world.project.read("sequester.toml").contains("[[approval]]"));
    let audit = world.run("audit", &[]).expect_code(1);
    assert!(audit.stdout.contains("links"), "{}", audit.stdout);
    world.run("approve", &["old@1.0.1", "--reason", "read its build script", "--by", "ana"]).expect_code(0);
    world.run("audit", &[]).expect_code(0);
}
