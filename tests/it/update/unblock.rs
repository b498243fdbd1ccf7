//! Why cargo cannot resolve is found by resolving again, and never read from its words.

use super::{FRESH, OLD, json, project, update};
use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// Nothing is advised that would weaken the gate.
#[track_caller]
fn is_not_blamed(outcome: &Outcome) {
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains("the policy is not the cause"), "{said}");
    for advice in ["approve", "ignore", "wait:", "Hidden"] {
        assert!(!said.contains(advice), "{advice}: {said}");
    }
}

/// The releases that a run says would have to be approved.
#[track_caller]
fn wanting(project: &Project, more: &[&str]) -> Vec<String> {
    let before = project.read("Cargo.lock");
    let document = json(&update(project, &[&["--format", "json"], more].concat()).expect_code(1));
    assert_eq!(project.read("Cargo.lock"), before);
    assert_eq!(
        (&document["unresolved"]["cause"], &document["unresolved"]["all_needed"]),
        (&"hidden".into(), &true.into())
    );
    let obstacles = document["unresolved"]["obstacles"].as_array().unwrap().iter();
    obstacles
        .map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["release"]["version"].as_str().unwrap()))
        .collect()
}

fn published(registry: &TestRegistry, name: &str, releases: &[(&str, &str)]) {
    for (version, pubtime) in releases {
        Package::new(name, version).pubtime(pubtime).publish(registry);
    }
}

/// A project that locks the old release of each, and then asks for more.
fn asking(registry: &TestRegistry, before: &[(&str, &str)], after: &[(&str, &str)]) -> Project {
    let of =
        |asked: &[(&str, &str)]| asked.iter().fold(project(registry), |project, (name, req)| project.dep(name, req));
    let old = of(before);
    let lock = old.lock_with_cargo();
    let new = of(after);
    new.write("Cargo.lock", lock);
    new
}

#[test]
fn the_oldest_release_that_fits_is_named_and_no_other() {
    let registry = TestRegistry::new();
    published(
        &registry,
        "bar",
        &[
            ("1.0.0", OLD),
            ("1.1.0", "2026-01-09T00:00:00Z"),
            ("1.2.0", "2026-01-10T00:00:00Z"),
            ("1.3.0", "2026-01-11T00:00:00Z"),
            ("1.4.0", FRESH),
        ],
    );
    let project = asking(&registry, &[("bar", "=1.0.0")], &[("bar", "1.2")]);
    assert_eq!(wanting(&project, &[]), ["bar 1.2.0"]);
    let outcome = update(&project, &[]).expect_code(1);
    for expected in [
        "bar@1.2.0, for app (^1.2, Cargo.toml:7)",
        "too-new",
        "wait: bar@1.2.0 is eligible in 2 days",
        "approve bar@1.2.0",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected}: {}", outcome.stdout);
    }
    for other in ["1.1.0", "1.3.0", "1.4.0"] {
        assert!(!outcome.stdout.contains(&format!("bar@{other}")), "{other}: {}", outcome.stdout);
    }
    assert!(
        outcome.stdout.contains("help: change `^1.2` in Cargo.toml:7: bar 1.0.0 is approved"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn what_must_come_together_is_named_together_with_the_last_day() {
    let registry = TestRegistry::new();
    for (version, pubtime) in [("4.0.0", OLD), ("4.1.0", "2026-01-10T00:00:00Z"), ("4.2.0", FRESH)] {
        Package::new("clap", version).pubtime(pubtime).dep("clap_derive", &format!("={version}")).publish(&registry);
    }
    published(&registry, "clap_derive", &[("4.0.0", OLD), ("4.1.0", "2026-01-11T00:00:00Z"), ("4.2.0", FRESH)]);
    published(&registry, "other", &[("1.0.0", OLD), ("1.0.1", FRESH)]);
    let before = [("clap", "=4.0.0"), ("other", "=1.0.0")];
    let project = asking(&registry, &before, &[("clap", "4.1"), ("other", "1")]);
    assert_eq!(wanting(&project, &[]), ["clap 4.1.0", "clap_derive 4.1.0"]);
    let outcome = update(&project, &[]).expect_code(1);
    assert!(outcome.stdout.contains("wait: all 2 are eligible in 3 days"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("other"), "{}", outcome.stdout);
}

#[test]
fn two_wants_at_once_are_both_found() {
    let registry = TestRegistry::new();
    published(&registry, "bar", &[("1.0.0", OLD), ("1.1.0", FRESH), ("1.1.1", FRESH)]);
    published(&registry, "baz", &[("1.0.0", OLD), ("1.1.0", FRESH), ("1.1.1", FRESH)]);
    let project = asking(&registry, &[("bar", "=1.0.0"), ("baz", "=1.0.0")], &[("bar", "1.1"), ("baz", "1.1")]);
    assert_eq!(wanting(&project, &[]), ["bar 1.1.0", "baz 1.1.0"]);
}

#[test]
fn a_release_deep_below_is_found_although_cargo_names_another() {
    let registry = TestRegistry::new();
    published(&registry, "leaf", &[("1.0.0", OLD), ("1.1.0", FRESH)]);
    Package::new("bar", "1.0.0").pubtime(OLD).dep("leaf", "1").publish(&registry);
    Package::new("bar", "1.1.0").pubtime(OLD).dep("leaf", "1.1").publish(&registry);
    let project = asking(&registry, &[("bar", "=1.0.0"), ("leaf", "=1.0.0")], &[("bar", "1.1"), ("leaf", "1")]);
    assert_eq!(wanting(&project, &[]), ["leaf 1.1.0"]);
    // Nobody here can edit what bar asks for.
    let outcome = update(&project, &[]).expect_code(1);
    assert!(!outcome.stdout.contains("help: change"), "{}", outcome.stdout);
}

#[test]
fn a_workspace_with_packages_elsewhere_is_tried_in_a_copy() {
    let registry = TestRegistry::new();
    published(&registry, "bar", &[("1.0.0", OLD), ("1.1.0", FRESH)]);
    let project = project(&registry).dep("bar", "1").dep_toml("beside = { path = \"../beside\" }");
    let manifest =
        "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nbar = \"1.1\"\n";
    std::fs::create_dir_all(project.outside().join("beside/src")).unwrap();
    std::fs::write(project.outside().join("beside/src/lib.rs"), "").unwrap();
    std::fs::write(project.outside().join("beside/Cargo.toml"), manifest).unwrap();
    let document = json(&update(&project, &["--format", "json"]).expect_code(1));
    assert_eq!(document["unresolved"]["obstacles"][0]["release"]["version"], "1.1.0", "{document}");
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn what_cargo_refuses_by_itself_is_in_its_own_words_and_nobody_is_told_to_approve_anything() {
    let registry = TestRegistry::new();
    published(&registry, "tokio", &[("1.0.0", OLD), ("1.1.0", FRESH), ("2.0.0", OLD)]);
    let project = project(&registry).dep("tokio", "1").dep_toml("two = { package = \"tokio\", version = \"2\" }");
    update(&project, &[]).expect_code(0);
    let before = project.read("Cargo.lock");
    for (arguments, words) in [
        (&["tokio@1", "--precise", "1.9.9"][..], "there is no release tokio@1.9.9"),
        (&["--breaking"], "only a nightly cargo"),
    ] {
        let outcome = update(&project, arguments).expect_code(2);
        assert!(outcome.stderr.contains(words) && outcome.stdout.is_empty(), "{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(project.read("Cargo.lock"), before);
    }
    for (arguments, words) in [(&["tokoi"][..], "did not match any packages"), (&["tokio"], "ambiguous")] {
        let outcome = update(&project, arguments).expect_code(2);
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains(words), "{}", outcome.stdout);
        is_not_blamed(&outcome);
        assert_eq!(project.read("Cargo.lock"), before);
    }
}

#[test]
fn a_feature_that_no_release_has_and_links_that_clash_are_no_matter_of_the_policy() {
    let registry = TestRegistry::new();
    published(&registry, "bar", &[("1.0.0", OLD), ("1.1.0", FRESH)]);
    let feature = project(&registry).dep_toml("bar = { version = \"1\", features = [\"nope\"] }");
    is_not_blamed(&update(&feature, &[]).expect_code(2));
    let absent = project(&registry).dep("bar", "9");
    is_not_blamed(&update(&absent, &[]).expect_code(2));
}

#[test]
fn a_feature_that_only_a_held_release_has_is_found() {
    let registry = TestRegistry::new();
    published(&registry, "bar", &[("1.0.0", OLD)]);
    Package::new("bar", "1.1.0").pubtime(FRESH).feature("new", &[]).publish(&registry);
    Package::new("bar", "1.2.0").pubtime(FRESH).feature("new", &[]).publish(&registry);
    let project = project(&registry).dep("bar", "=1.0.0");
    project.lock_with_cargo();
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("\"=1.0.0\"", "{ version = \"1\", features = [\"new\"] }"));
    assert_eq!(wanting(&project, &[]), ["bar 1.1.0"]);
}

#[test]
fn where_only_a_malicious_release_would_do_it_is_named_and_nothing_is_advised() {
    let registry = TestRegistry::new();
    published(&registry, "bar", &[("1.0.0", OLD), ("1.1.0", OLD), ("1.2.0", FRESH)]);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0903", "bar").malicious().patched(">= 1.2.0").unaffected("<= 1.0.0"));
    let project = project(&registry).dep("bar", "=1.1.0");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    let db = advisories.root();
    let arguments = ["update", "--now", super::NOW, "--advisory-db", db.as_str()];
    let outcome = project.sequester(&arguments).expect_code(1);
    assert!(outcome.stdout.contains("bar@1.1.0") && outcome.stdout.contains("malicious"), "{}", outcome.stdout);
    for advice in ["approve ", "ignore RUSTSEC", "wait:"] {
        assert!(!outcome.stdout.contains(advice), "{advice}: {}", outcome.stdout);
    }
    // Where another release would do, the malicious one is not mentioned.
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("\"=1.1.0\"", "\"1.1\""));
    let outcome = project.sequester(&arguments).expect_code(1);
    assert!(outcome.stdout.contains("bar@1.2.0") && !outcome.stdout.contains("malicious"), "{}", outcome.stdout);
}
