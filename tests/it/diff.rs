//! `diff`: what one release has that another has not, on a registry of its own.

use serde_json::Value;

use crate::support::{Dependency, Outcome, Package, Project, Reply, TestRegistry};

const NOW: &str = "2026-11-22T00:00:00Z";

/// A crate as `arrayref` was: years without a dependency or a build script, and then a release with both, on a crate four minutes old.
fn taken_over(registry: &TestRegistry) -> Project {
    Package::new("helper", "0.1.0").pubtime("2026-11-19T23:56:00Z").publish(registry);
    let old = "pub fn one() -> u8 {\n    1\n}\n";
    Package::new("bar", "0.9.0").pubtime("2024-01-01T00:00:00Z").file("src/lib.rs", old).publish(registry);
    Package::new("bar", "1.0.0")
        .pubtime("2025-01-01T00:00:00Z")
        .file("src/lib.rs", old)
        .file("README.md", "# bar\n")
        .publish(registry);
    let project = Project::new().crates_io(registry).dep("bar", "1");
    let project = project.policy(&format!("[sources]\nmirrors = [{:?}]\n", registry.url()));
    project.lock_with_cargo();
    Package::new("bar", "1.0.1")
        .pubtime("2026-11-20T00:00:00Z")
        .file("src/lib.rs", "pub fn one() -> u8 {\n    2\n}\n")
        .file("README.md", "# bar\n\u{1b}[2Jgone\n")
        .file("build.rs", "fn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n}\n")
        .file("logo.png", [0x89, b'P', b'N', b'G', 0, 0xff, 0xfe])
        .dependency(Dependency::new("helper", "^0.1").build())
        .feature("extra", &[])
        .publish(registry);
    project
}

fn diff(project: &Project, words: &[&str]) -> Outcome {
    project.sequester(&[&["diff", "--now", NOW, "--no-advisories"], words].concat())
}

fn json(outcome: &Outcome) -> Value {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../docs/diff-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{document:#}");
    document
}

#[test]
fn a_takeover_shows_its_build_script_and_its_new_dependency_first() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    let told = diff(&project, &["bar"]).expect_code(0).stdout;
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("`{text}` is not in\n{told}"));
    assert!(at("Diff bar 1.0.0 to 1.0.1") < at("Build script added: build.rs"));
    assert!(at("Build script added: build.rs") < at("Dependency helper is new: ^0.1 at build time"));
    assert!(at("helper is new") < at("Feature extra is new"));
    assert!(at("Feature extra is new") < at("Files"));
    assert!(at("Files") < at("+++ bar-1.0.1/build.rs"));
    assert!(at("+++ bar-1.0.1/build.rs") < at("+++ bar-1.0.1/src/lib.rs"));
    assert!(told.contains("-    1\n+    2\n"), "{told}");
    assert!(told.contains("2 days ago"), "{told}");
    assert!(told.contains("quarantined (too-new") && told.contains("approved"), "{told}");
    // Nothing of an archive reaches the terminal as it is.
    assert!(!told.contains('\u{1b}') && told.contains("\\u{1b}[2Jgone"), "{told}");
    assert!(!project.path(".sequester").exists());
    let stat = diff(&project, &["bar", "--stat"]).expect_code(0).stdout;
    assert!(!stat.contains("+++") && stat.contains("build.rs") && told.starts_with(&stat), "{stat}");
}

#[test]
fn json_has_the_same_by_its_schema() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    let document = json(&diff(&project, &["bar", "--format", "json"]).expect_code(0));
    assert_eq!((&document["old"]["version"], &document["new"]["version"]), (&"1.0.0".into(), &"1.0.1".into()));
    assert_eq!(document["build_script"], "added");
    assert_eq!(document["dependencies"][0]["name"], "helper");
    assert_eq!(document["dependencies"][0]["first_published"], "2026-11-19T23:56:00Z");
    assert_eq!(document["files"][0]["path"], "build.rs");
    let logo = document["files"].as_array().unwrap().iter().find(|one| one["path"] == "logo.png").unwrap();
    assert_eq!((&logo["content"], &logo["new_bytes"]), (&"binary".into(), &7.into()));
    let hunk =
        &document["files"].as_array().unwrap().iter().find(|one| one["path"] == "src/lib.rs").unwrap()["hunks"][0];
    assert_eq!(hunk["lines"], serde_json::json!([" pub fn one() -> u8 {", "-    1", "+    2", " }"]));
    let document = json(&diff(&project, &["bar", "--stat", "--format", "json"]).expect_code(0));
    assert!(document["files"].as_array().unwrap().iter().all(|one| one["hunks"] == serde_json::json!([])));
}

#[test]
fn markdown_cannot_be_escaped_from() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    Package::new("bar", "1.0.2")
        .pubtime("2026-11-21T00:00:00Z")
        .file("README.md", "```\n</details>\n@everyone <script>\n`````\n")
        .publish(&registry);
    let told = diff(&project, &["bar", "1.0.0", "1.0.2", "--format", "markdown"]).expect_code(0).stdout;
    assert!(told.contains("``````diff\n"), "{told}");
    let large = "x\n".repeat(60_000);
    Package::new("bar", "1.0.3").pubtime("2026-11-21T01:00:00Z").file("src/x.rs", large).publish(&registry);
    let told = diff(&project, &["bar", "1.0.0", "1.0.3", "--format", "markdown"]).expect_code(0).stdout;
    assert!(told.len() < 65_000 && told.contains("do not fit in here"), "{}", told.len());
}

#[test]
fn the_releases_that_are_meant_are_found() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    let pair = |words: &[&str]| {
        let document = json(&diff(&project, &[words, &["--format", "json", "--stat"]].concat()).expect_code(0));
        format!("{} {}", document["old"]["version"], document["new"]["version"]).replace('"', "")
    };
    // What is locked against what is held, or against the one that is named.
    assert_eq!(pair(&["bar"]), "1.0.0 1.0.1");
    assert_eq!(pair(&["bar@1.0.0"]), "1.0.0 1.0.1");
    assert_eq!(pair(&["bar@1.0.1"]), "1.0.0 1.0.1");
    assert_eq!(pair(&["bar", "1.0.1"]), "1.0.0 1.0.1");
    assert_eq!(pair(&["bar", "1.0.1", "0.9.0"]), "1.0.1 0.9.0");
    // An aged one above does not hide one that is held.
    Package::new("bar", "1.0.2").pubtime("2026-01-01T00:00:00Z").publish(&registry);
    assert_eq!(pair(&["bar"]), "1.0.0 1.0.1");
    // Nothing newer: what is locked against the one before.
    Package::new("foo", "1.0.0").pubtime("2025-01-01T00:00:00Z").publish(&registry);
    Package::new("foo", "1.1.0").pubtime("2025-02-01T00:00:00Z").publish(&registry);
    assert_eq!(pair(&["foo"]), "1.0.0 1.1.0");
    for (words, said) in [
        (&["nothing"][..], "is not in the dependency graph"),
        (&["bar", "1.0.0", "9.9.9"], "no such release"),
        (&["bar", "1", "2"], "invalid value"),
        (&["helper"], "has no release before it"),
    ] {
        let told = diff(&project, words).expect_code(2);
        assert!(told.stderr.contains(said), "{words:?}: {}", told.stderr);
    }
}

#[test]
fn archives_are_hashed_and_offline_nothing_is_fetched() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    diff(&project, &["bar", "--stat"]).expect_code(0);
    registry.forget_requests();
    diff(&project, &["bar", "--stat", "--offline"]).expect_code(0);
    assert_eq!(registry.requested_paths(), [""; 0]);
    let told = diff(&project, &["bar", "0.9.0", "1.0.0", "--offline"]).expect_code(2);
    assert!(told.stderr.contains("help:"), "{}", told.stderr);
    registry.reply(&TestRegistry::download_path("bar", "0.9.0"), Reply::ok("other bytes"));
    let told = diff(&project, &["bar", "0.9.0", "1.0.0"]).expect_code(2);
    assert!(told.stderr.contains("bar"), "{}", told.stderr);
}

#[test]
fn what_is_huge_binary_or_hidden_is_bounded_and_said() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    let blank = format!("fn a() {{}}{}fn b() {{}}\n", " ".repeat(300));
    Package::new("bar", "1.0.4")
        .pubtime("2026-11-21T00:00:00Z")
        .file("src/huge.rs", "// ".to_owned() + &"y".repeat(3 << 20))
        .file("src/long.rs", "// ".to_owned() + &"z".repeat(500_000))
        .file("src/blank.rs", blank)
        .file("src/nul.rs", "// \0\nfn hidden() {}\n")
        .file("src/bidi.rs", "// \u{202e}\u{2066}\n")
        .publish(&registry);
    let told = diff(&project, &["bar", "1.0.0", "1.0.4"]).expect_code(0).stdout;
    assert!(told.contains("src/huge.rs is too large to be compared line by line"), "{told}");
    assert!(told.contains("fn a() {}[300 blanks]fn b() {}"), "the blanks");
    assert!(told.contains("characters more]") && told.len() < 60_000, "{}", told.len());
    // A byte of zero makes no binary file of what can be compiled.
    assert!(told.contains("\\u{0}\n+fn hidden() {}"), "{told}");
    assert!(told.contains("\\u{202e}\\u{2066}"), "{told}");
}

#[test]
fn who_is_about_to_decide_is_shown_what_changed_where_the_archives_are_at_hand() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    let words = ["--now", NOW, "--no-advisories"];
    let approve = || project.sequester(&[&["explain", "bar@1.0.1"], &words[..]].concat()).expect_code(1).stdout;
    registry.forget_requests();
    let told = approve();
    assert!(told.contains("cargo sequester diff bar 1.0.0 1.0.1") && !told.contains("Diff since"), "{told}");
    assert!(!registry.requested_paths().iter().any(|path| path.starts_with("/dl/")), "nothing is downloaded for it");
    diff(&project, &["bar"]).expect_code(0);
    let told = approve();
    assert!(told.contains("Diff since 1.0.0: build script added; a new dependency: helper"), "{told}");
    let approve = [&["approve", "bar@1.0.1", "--reason", "seen"], &words[..]].concat();
    let told = project.sequester(&approve).stdout;
    assert!(told.contains("Diff since 1.0.0: build script added"), "{told}");
}

#[test]
fn who_published_and_from_which_commit_is_compared() {
    let registry = TestRegistry::new();
    let project = taken_over(&registry);
    let version = |num: &str, at: &str, by: Value, trusted: Value| serde_json::json!({ "num": num, "created_at": at, "published_by": by, "trustpub_data": trusted, "audit_actions": [] });
    let (ann, none) = (serde_json::json!({ "login": "ann" }), Value::Null);
    let run = serde_json::json!({ "provider": "github", "repository": "eve/bar", "run_id": "1", "sha": "c0ffee" });
    let all = [
        version("1.0.0", "2025-01-01T00:00:00Z", ann, none.clone()),
        version("1.0.1", "2026-11-20T00:00:00Z", none, run),
    ];
    let page = serde_json::json!({ "versions": all }).to_string();
    registry.reply("/api/v1/crates/bar/versions", Reply::ok(page));
    let helper = serde_json::json!({ "versions": [{ "num": "0.1.0", "created_at": "2026-11-19T23:56:00Z", "published_by": { "login": "eve" } }] });
    registry.reply("/api/v1/crates/helper/versions", Reply::ok(helper.to_string()));
    let told = diff(&project, &["bar", "--facts"]).expect_code(0).stdout;
    assert!(told.contains("Publisher ann before, eve/bar on github (trusted publishing) now"), "{told}");
    assert!(
        told.contains("Commit the archive names no commit, and the registry saw it published from c0ffee"),
        "{told}"
    );
    assert!(told.contains("its latest release by eve"), "{told}");
}
