//! `inspect = true`: what is inside a young release holds it longer, where its archive is at hand, and never does more.

use serde_json::Value;

use super::looked;
use crate::support::{Outcome, Package, Project, TestRegistry};
use crate::update::{NOW, locked};

/// Two days before [`NOW`], and the moment at which a sign no longer holds what was published then.
const FRESH: &str = "2026-01-13T00:00:00Z";
const LIFTED: &str = "2026-01-27T00:00:00Z";
const LONG_AGO: &str = "2025-01-13T00:00:00Z";

const SENDS: &str =
    "fn main() { let all: Vec<_> = std::env::vars().collect(); std::net::TcpStream::connect(text(all)); }";

fn policy(registry: &TestRegistry, more: &str) -> String {
    let url = registry.url();
    format!(
        "[quarantine]\nmin-publish-age = \"0\"\nnew-crate-age = \"0\"\n{more}[sources]\nmirrors = [\"{url}\"]\n\
         [signals]\nfirst-build-script-input = \"off\"\nlook-alike = \"off\"\n"
    )
}

/// A harmless old release, and a young one whose build script sends variables away.
fn published(registry: &TestRegistry) {
    looked().pubtime(LONG_AGO).publish(registry);
    Package::new("looked", "1.0.1").pubtime(FRESH).file("build.rs", SENDS).publish(registry);
    Package::new("plain", "2.0.0").pubtime(FRESH).publish(registry);
}

fn scene(registry: &TestRegistry) -> Project {
    published(registry);
    let project = Project::new().dep("looked", "1").dep("plain", "2").crates_io(registry);
    let project = project.policy(&policy(registry, "inspect = true\n"));
    project.lock_with_cargo();
    project
}

fn run(project: &Project, arguments: &[&str]) -> Outcome {
    run_at(project, NOW, arguments)
}

fn run_at(project: &Project, now: &str, arguments: &[&str]) -> Outcome {
    let (verb, rest) = arguments.split_first().unwrap();
    project.sequester(&[&[verb, "--now", now, "--no-advisories"], rest].concat())
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", outcome.stdout, outcome.stderr))
}

/// The reasons against `looked` in the JSON of `audit`.
fn reasons(document: &Value) -> Vec<Value> {
    let packages = document["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "looked").unwrap();
    package["reasons"].as_array().unwrap().clone()
}

/// The archives of `looked` in cargo's download cache.
fn archives(project: &Project) -> Vec<camino::Utf8PathBuf> {
    let hosts = project.cargo_home().join("registry/cache").read_dir_utf8().into_iter().flatten();
    let files = hosts.flat_map(|host| host.unwrap().path().read_dir_utf8().unwrap());
    let files = files.map(|file| file.unwrap().path().to_owned());
    files.filter(|path| path.file_name().unwrap().starts_with("looked-1.0.1")).collect()
}

#[test]
fn what_is_inside_holds_a_release_from_the_moment_at_which_its_archive_is_at_hand() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    run(&project, &["audit"]).expect_code(0);
    let explained = json(&run(&project, &["explain", "looked@1.0.1", "--format", "json"]).expect_code(0));
    assert_eq!(explained["release"]["inspected"], false);
    let told = run(&project, &["explain", "looked@1.0.1"]).expect_code(0).stdout;
    assert!(told.contains("not looked at: its archive is not at hand"), "{told}");
    assert_eq!(archives(&project).len(), 0, "no verdict downloads an archive");

    run(&project, &["inspect", "--all"]).expect_code(1);
    assert_eq!(archives(&project).len(), 1);
    for more in [&[][..], &["--offline"]] {
        let audit = json(&run(&project, &[&["audit", "--format", "json"], more].concat()).expect_code(1));
        let [reason] = &reasons(&audit)[..] else { panic!("one reason: {audit}") };
        assert_eq!((&reason["code"], &reason["eligible_at"]), (&"inspection".into(), &LIFTED.into()));
        assert_eq!((&reason["more"], &reason["unreadable"]), (&0.into(), &Value::Null));
        let finding = &reason["findings"][0];
        assert_eq!((&finding["code"], &finding["file"]), (&"reads-and-sends".into(), &"build.rs".into()));
        assert_eq!(finding["line"], 1);
        assert_eq!(audit["summary"]["quarantined"], 1, "`plain` is looked into as well, and nothing holds it");
    }
    let told = run(&project, &["audit"]).expect_code(1).stdout;
    assert!(told.contains("inspection") && told.contains("reads-and-sends at build.rs:1"), "{told}");
    assert!(told.contains("cargo sequester inspect") && told.contains("looked"), "{told}");
    run_at(&project, LIFTED, &["audit"]).expect_code(0);
    run_at(&project, "2026-01-26T23:59:59Z", &["audit"]).expect_code(1);

    project.write("sequester.toml", policy(&registry, ""));
    run(&project, &["audit"]).expect_code(0);
    project.write("sequester.toml", policy(&registry, "inspect = true\n"));
    std::fs::remove_file(&archives(&project)[0]).unwrap();
    run(&project, &["audit"]).expect_code(0);
}

#[test]
fn audit_explain_status_and_update_say_the_same_of_the_same_release() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    run(&project, &["inspect", "--all"]).expect_code(1);
    let of_locked = reasons(&json(&run(&project, &["audit", "--format", "json"]).expect_code(1)));
    let explained = json(&run(&project, &["explain", "looked@1.0.1", "--format", "json"]).expect_code(1));
    assert_eq!(explained["release"]["judged"]["reasons"].as_array().unwrap(), &of_locked);
    assert_eq!(explained["release"]["deciders"]["reasons"][0]["key"], "quarantine.inspect");
    assert_eq!(explained["release"]["inspected"], true);
    let status = run(&project, &["status"]).stdout;
    assert!(status.contains("inspection"), "{status}");

    // Cargo moves away from it, and nothing leads there.
    run(&project, &["update"]).expect_code(0);
    assert_eq!(locked(&project, "looked"), "1.0.0");
    let explained = json(&run(&project, &["explain", "looked@1.0.1", "--format", "json"]).expect_code(1));
    assert_eq!(explained["release"]["judged"]["reasons"].as_array().unwrap(), &of_locked);
    let status = run(&project, &["status"]).expect_code(0).stdout;
    assert!(status.contains("1.0.1") && status.contains("inspection"), "{status}");
    let held = json(&run(&project, &["update", "-n", "--format", "json"]).expect_code(0));
    assert!(held.to_string().contains("inspection"), "{held}");
    let before = project.read("Cargo.lock");
    assert_ne!(run(&project, &["cargo", "add", "looked@=1.0.1"]).code, 0);
    assert_eq!(project.read("Cargo.lock"), before);
    run_at(&project, LIFTED, &["update"]).expect_code(0);
    assert_eq!(locked(&project, "looked"), "1.0.1");
}

#[test]
fn only_an_approval_that_names_it_lifts_it() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    run(&project, &["inspect", "--all"]).expect_code(1);
    run(&project, &["approve", "looked@1.0.1", "--reason", "read it", "--by", "ana@example.org"]).expect_code(0);
    assert!(project.read("sequester.toml").contains("lifts = [\"inspection\"]"), "{}", project.read("sequester.toml"));
    run(&project, &["audit"]).expect_code(0);
    let other = project.read("sequester.toml").replace("lifts = [\"inspection\"]", "lifts = [\"too-new\", \"signal\"]");
    project.write("sequester.toml", other);
    run(&project, &["audit"]).expect_code(1);
}

#[test]
fn a_trusted_registry_is_not_looked_into() {
    let registry = TestRegistry::new();
    published(&registry);
    let project = Project::new().dep_toml("looked = { version = \"1\", registry = \"mine\" }");
    let own = format!("inspect = true\n[registries.mine]\nindex = \"{}\"\n", registry.url());
    let project = project.registry("mine", &registry).policy(&policy(&registry, &own));
    project.lock_with_cargo();
    run(&project, &["inspect", "--all"]).expect_code(1);
    run(&project, &["audit"]).expect_code(1);
    project.write("sequester.toml", policy(&registry, &format!("{own}min-publish-age = \"0\"\n")));
    run(&project, &["audit"]).expect_code(0);
}

/// B-series: what lies in the cache under its name need not be it.
#[test]
fn other_bytes_are_not_at_hand_and_the_right_ones_that_cannot_be_read_hold() {
    let registry = TestRegistry::new();
    let project = scene(&registry);
    run(&project, &["inspect", "--all"]).expect_code(1);
    let [archive] = &archives(&project)[..] else { panic!("one archive") };
    std::fs::write(archive, looked().archive()).unwrap();
    run(&project, &["audit", "--offline"]).expect_code(0);

    let registry = TestRegistry::new();
    looked().pubtime(LONG_AGO).publish(&registry);
    let broken = b"no archive at all".to_vec();
    Package::new("looked", "1.0.1").pubtime(FRESH).raw_archive(broken.clone()).publish(&registry);
    Package::new("plain", "2.0.0").pubtime(FRESH).publish(&registry);
    let project = Project::new().dep("looked", "1").dep("plain", "2").crates_io(&registry);
    let project = project.policy(&policy(&registry, "inspect = true\n"));
    project.lock_with_cargo();
    run(&project, &["inspect", "--all"]).expect_code(2);
    assert_eq!(archives(&project).len(), 1);
    let audit = json(&run(&project, &["audit", "--format", "json"]).expect_code(1));
    let [reason] = &reasons(&audit)[..] else { panic!("one reason: {audit}") };
    assert_eq!(reason["findings"], serde_json::json!([]));
    assert!(reason["unreadable"].as_str().is_some_and(|cause| !cause.is_empty()), "{reason}");
    assert_eq!(audit["summary"]["quarantined"], 1);
    let told = run(&project, &["audit"]).expect_code(1).stdout;
    assert!(told.contains("cannot be looked into"), "{told}");
}

#[test]
fn source_on_which_the_parser_ends_holds_its_release_and_no_other() {
    let registry = TestRegistry::new();
    looked().pubtime(LONG_AGO).publish(&registry);
    let nested = format!("fn main() {{ {}true; }}", "!".repeat(200_000));
    Package::new("looked", "1.0.1").pubtime(FRESH).file("src/lib.rs", &nested).publish(&registry);
    Package::new("plain", "2.0.0").pubtime(FRESH).publish(&registry);
    let project = Project::new().dep("looked", "1").dep("plain", "2").crates_io(&registry);
    let project = project.policy(&policy(&registry, "inspect = true\n"));
    project.lock_with_cargo();
    run(&project, &["inspect", "--all"]).expect_code(1);
    let audit = json(&run(&project, &["audit", "--format", "json"]).expect_code(1));
    let [reason] = &reasons(&audit)[..] else { panic!("one reason: {audit}") };
    assert_eq!(reason["findings"][0]["code"], "not-parsed");
    assert_eq!(audit["summary"]["quarantined"], 1);
}

#[test]
fn with_a_base_it_is_the_bases_word_whether_archives_are_looked_into() {
    let registry = TestRegistry::new();
    published(&registry);
    let project = Project::new().dep("plain", "2").crates_io(&registry);
    let project = project.policy(&policy(&registry, "inspect = true\n"));
    project.lock_with_cargo();
    let git = |arguments: &[&str]| project.run("git", arguments).expect_code(0);
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "base"]);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("[dependencies]", "[dependencies]\nlooked = \"1\""));
    project.lock_with_cargo();
    run(&project, &["audit", "--base", "main"]).expect_code(0);
    run(&project, &["inspect", "looked"]).expect_code(1);
    project.write("sequester.toml", policy(&registry, "inspect = false\n"));
    let audit = run(&project, &["audit", "--base", "main"]).expect_code(1);
    assert!(audit.stdout.contains("quarantine.inspect"), "what is looser is named: {}", audit.stdout);
    assert!(audit.stdout.contains("reads-and-sends"), "{}", audit.stdout);
}
