//! `explain`: everything about one release, on a registry of its own.

use serde_json::Value;

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

const NOW: &str = "2026-11-22T00:00:00Z";

/// `app` → `bar` → `foo`, and `app` → `foo`; `bar` has a young release locked.
fn project(registry: &TestRegistry, policy: &str) -> Project {
    Package::new("foo", "1.0.0").pubtime("2025-01-01T00:00:00Z").publish(registry);
    Package::new("foo", "1.1.0").pubtime("2025-06-01T00:00:00Z").publish(registry);
    Package::new("bar", "0.9.0").pubtime("2024-01-01T00:00:00Z").publish(registry);
    Package::new("bar", "1.0.0").pubtime("2025-01-01T00:00:00Z").dep("foo", "^1").publish(registry);
    Package::new("bar", "1.0.1").pubtime("2026-06-01T00:00:00Z").dep("foo", "^1").yanked().publish(registry);
    Package::new("bar", "1.0.2").pubtime("2026-11-19T12:00:00Z").dep("foo", "^1.0").publish(registry);
    let mirrors = format!("[sources]\nmirrors = [{:?}]\n", registry.url());
    let project =
        Project::new().crates_io(registry).dep("bar", "1").dep("foo", "1").policy(&format!("{mirrors}{policy}"));
    project.lock_with_cargo();
    Package::new("bar", "2.0.0").pubtime("2026-11-20T00:00:00Z").publish(registry);
    project
}

fn advisories() -> AdvisoryFolder {
    AdvisoryFolder::new()
        .with(&Advisory::new("RUSTSEC-2026-0001", "foo").date("2026-11-20").patched(">=1.2.0").unaffected("<1.1.0"))
        .with(&Advisory::new("RUSTSEC-2026-0002", "foo").date("2026-10-20").patched(">=1.0.5"))
        .with(&Advisory::new("RUSTSEC-2026-0003", "foo").date("2026-09-20").informational("unmaintained"))
}

fn explain(project: &Project, db: &AdvisoryFolder, more: &[&str]) -> Outcome {
    project.sequester(&[&["explain", "--now", NOW, "--advisory-db", db.root().as_str()], more].concat())
}

/// Without what differs from run to run: the registry's port, digests and folders.
fn steady(text: &str, registry: &TestRegistry, db: &AdvisoryFolder) -> String {
    let text = text.replace(&registry.url(), "sparse+http://mirror/").replace(db.root().as_str(), "/advisories");
    let mut steady = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|character: char| character.is_ascii_hexdigit()) {
        let end = rest[at..].find(|character: char| !character.is_ascii_hexdigit()).map_or(rest.len(), |end| at + end);
        steady += &rest[..at];
        steady += if end - at == 64 { "DIGEST" } else { &rest[at..end] };
        rest = &rest[end..];
    }
    steady + rest
}

fn json(outcome: &Outcome) -> Value {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../docs/explain-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{document:#}");
    document
}

#[test]
fn everything_about_a_held_release() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "[quarantine]\nmin-publish-age = \"5 days\"\n");
    let before = project.read("Cargo.lock");
    let human = explain(&project, &db, &["bar@1.0.2"]).expect_code(1).stdout;
    insta::assert_snapshot!("held_human", steady(&human, &registry, &db));
    let out = explain(&project, &db, &["bar@1.0.2", "--format", "json"]).expect_code(1);
    json(&out);
    insta::assert_snapshot!("held_json", steady(&out.stdout, &registry, &db));
    assert_eq!(project.read("Cargo.lock"), before);
    assert!(!project.path(".sequester").exists());
}

#[test]
fn everything_about_a_vulnerable_release() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(
        &registry,
        "[advisories]\nunmaintained = \"warn\"\n[[advisories.ignore]]\nid = \"RUSTSEC-2026-0003\"\nreason = \"known\"\nuntil = \"2026-12-01\"\n",
    );
    let human = explain(&project, &db, &["foo@1.1.0"]).expect_code(1).stdout;
    insta::assert_snapshot!("vulnerable_human", steady(&human, &registry, &db));
    let out = explain(&project, &db, &["foo@1.1.0", "--format", "json"]).expect_code(1);
    let release = &json(&out)["release"];
    let of = |field: &str| -> Vec<String> {
        release["advisories"].as_array().unwrap().iter().map(|one| one[field].to_string()).collect()
    };
    assert_eq!(of("effect"), [r#""rejects""#, r#""ignored""#, r#""not-affected""#]);
    assert_eq!(of("hits"), ["true", "true", "false"]);
    assert_eq!(release["advisories"][0]["patched"][0], ">=1.2.0");
    assert_eq!(release["advisories"][1]["decider"]["key"], "advisories.ignore");
    assert_eq!(release["advisories"][1]["decider"]["line"], 5, "{release:#}");
    assert_eq!(release["paths"], serde_json::json!([["app", "foo"], ["app", "bar", "foo"]]));
    assert_eq!(release["dependents"][1]["requirements"][0]["req"], "^1.0");
}

#[test]
fn an_advisory_that_was_withdrawn_or_is_let_through_is_told_as_that() {
    let (registry, db) = (TestRegistry::new(), AdvisoryFolder::new());
    db.add(&Advisory::new("RUSTSEC-2026-0001", "unrelated").date("2026-11-20"));
    db.add(&Advisory::new("RUSTSEC-2026-0004", "foo").date("2026-09-20").informational("notice"));
    db.add(&Advisory::new("RUSTSEC-2026-0005", "foo").date("2026-09-21").line("withdrawn = \"2026-10-01\""));
    let project = project(&registry, "[advisories]\nnotice = \"allow\"\n");
    let out = explain(&project, &db, &["foo@1.1.0", "--format", "json"]).expect_code(0);
    let document = json(&out);
    let of = |field: &str| -> Vec<Value> {
        let told = document["release"]["advisories"].as_array().unwrap();
        told.iter().map(|one| serde_json::json!([one["id"], one[field]])).collect()
    };
    let expected = |values: [&str; 2]| {
        let ids = ["RUSTSEC-2026-0004", "RUSTSEC-2026-0005"];
        std::iter::zip(ids, values).map(|(id, value)| serde_json::json!([id, value])).collect::<Vec<_>>()
    };
    assert_eq!(of("effect"), expected(["allowed", "withdrawn"]), "{document:#}");
    assert_eq!(document["release"]["advisories"][0]["decider"]["key"], "advisories.notice");
}

#[test]
fn a_bare_name_also_lists_the_releases() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let human = explain(&project, &db, &["bar"]).expect_code(1).stdout;
    insta::assert_snapshot!("name_human", steady(&human, &registry, &db));
    let document = json(&explain(&project, &db, &["bar", "--format", "json"]).expect_code(1));
    assert_eq!(document["release"]["judged"]["version"], "1.0.2");
    let releases = document["releases"].as_array().unwrap();
    let versions: Vec<_> = releases.iter().map(|one| one["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["2.0.0", "1.0.2", "1.0.1", "1.0.0", "0.9.0"]);
    assert_eq!(releases[1]["verdict"], "quarantined");
    assert_eq!(releases[2]["yanked"], true);
}

#[test]
fn a_release_that_is_not_locked_is_explained_from_the_index() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let human = explain(&project, &db, &["bar@2.0.0"]).expect_code(1).stdout;
    assert!(human.contains("Quarantined bar@2.0.0, which is not in the lock file"), "{human}");
    assert!(!human.contains("Path") && !human.contains("Dependent"), "{human}");
    let old = json(&explain(&project, &db, &["bar@1.0.0", "--format", "json"]).expect_code(0));
    assert_eq!(old["release"]["judged"]["verdict"], "approved");
    assert_eq!(old["release"]["locked"], false);
    // A crate that nothing here depends on.
    Package::new("other", "0.1.0").pubtime("2025-01-01T00:00:00Z").publish(&registry);
    let other = explain(&project, &db, &["other"]).expect_code(0).stdout;
    assert!(other.contains("1 release of other") && other.contains("0.1.0  approved"), "{other}");
}

#[test]
fn a_spec_that_names_nothing_or_too_much_says_so() {
    let (registry, db) = (TestRegistry::new(), advisories());
    Package::new("foo", "0.3.0").pubtime("2025-01-01T00:00:00Z").publish(&registry);
    let project = project(&registry, "").dep_toml("old = { package = \"foo\", version = \"0.3\" }");
    project.lock_with_cargo();
    for (spec, said) in [
        ("nothing", "`nothing` is not in the dependency graph"),
        ("bar@9.9.9", "its registry has no such release"),
        ("foo@", "is no package-id spec"),
        ("../foo", "is no package-id spec"),
        ("foo@^1", "is no package-id spec"),
        ("--", "required"),
        ("ftp://example.org/#bar@1.0.2", "error"),
    ] {
        let outcome = explain(&project, &db, &[spec]).expect_code(2);
        assert!(outcome.stderr.contains(said) && outcome.stdout.is_empty(), "{spec}: {}", outcome.stderr);
    }
    // Plain `cargo tree` would download and unpack what is held.
    let unknown = explain(&project, &db, &["nothing"]).expect_code(2).stderr;
    assert!(unknown.contains("help: `cargo sequester cargo ") && !unknown.contains("`cargo tree"), "{unknown}");
    // Two locked releases: the list, with each.
    let both = explain(&project, &db, &["foo"]).expect_code(1).stdout;
    assert!(both.contains("3 releases of foo") && both.contains("cargo sequester explain foo@"), "{both}");
    let offline = explain(&project, &db, &["unheard-of", "--offline"]).expect_code(2).stderr;
    assert!(offline.contains("`unheard-of` is not in the dependency graph, and its index entry"), "{offline}");
}

#[test]
fn text_from_outside_cannot_touch_the_terminal() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    db.add(
        &Advisory::new("RUSTSEC-2026-0004", "foo")
            .title("worse \\u001b]0;owned\\u0007 \\u202e\\n::error::x")
            .patched(">=3.0.0"),
    );
    for format in ["human", "json"] {
        let out = explain(&project, &db, &["foo@1.1.0", "--format", format]).expect_code(1).stdout;
        assert!(out.contains("owned"), "{out}");
        assert!(!out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{out:?}");
        assert!(!out.lines().any(|line| line.trim_start().starts_with("::")), "{out}");
    }
}

#[test]
fn other_places_of_the_checksum_are_compared() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let wrong = "a".repeat(64);
    let approval = format!(
        "[[approval]]\ncrate = \"bar\"\nversion = \"1.0.2\"\nchecksum = \"{wrong}\"\nlifts = [\"too-new\"]\nreason = \"seen\"\n"
    );
    let project = project(&registry, &approval);
    let project = project.config(&format!(
        "[sequester]\nversion = 1\n[sequester.allow]\n\"bar@1.0.2\" = {{ checksum = \"{wrong}\", tree = \"{wrong}\" }}\n"
    ));
    let release = &json(&explain(&project, &db, &["bar@1.0.2", "--format", "json"]).expect_code(1))["release"];
    let said = |field: &str| -> Vec<String> {
        release["checksums"].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(said("place"), ["index", "lock-file", "allow-list", "approval"]);
    assert_eq!(said("agreement"), ["agrees", "agrees", "differs", "differs"]);
    let human = explain(&project, &db, &["bar@1.0.2"]).expect_code(1).stdout;
    assert!(human.contains(&format!("differs: the allow-list has {wrong}")), "{human}");
}

#[test]
fn the_trail_tells_what_was_decided_before() {
    use cargo_sequester::door::model::trail::release::ApprovalRecord;
    use cargo_sequester::door::model::trail::{Event, Kind, KnownFrom, ReleaseRecord, Tools, Trail, Who};
    use cargo_sequester::door::model::verdict::VerdictCode;
    use cargo_sequester::door::write::trail::append;

    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let judged = json(&explain(&project, &db, &["bar@1.0.2", "--format", "json"]).expect_code(1));
    let judged = &judged["release"]["judged"];
    let record = |checksum: &str| {
        let mut record = ReleaseRecord::new(crate::support::facts::crates_io("bar"), "1.0.2".parse().unwrap());
        record.checksum = Some(checksum.parse().unwrap());
        record.verdict = Some(VerdictCode::Approved);
        record.approval =
            Some(ApprovalRecord { reason: Some("read \u{1b}[31mit".to_owned()), ..ApprovalRecord::default() });
        record
    };
    let write = |project: &Project, checksum: &str| {
        let tools = Tools { cargo: None, sequester: "0.1.0".parse().unwrap() };
        let mut event = Event::new(Kind::Approved, "2026-11-20T10:00:00Z".parse().unwrap(), tools);
        event.who = Some(Who { known_from: KnownFrom::Flag, name: "ana@example.org".to_owned() });
        event.releases.push(record(checksum));
        append(&project.path(".sequester/trail"), &Trail::default(), event).unwrap();
    };
    write(&project, judged["checksum"].as_str().unwrap());
    let human = explain(&project, &db, &["bar@1.0.2"]).expect_code(1).stdout;
    let told = "Trail approved on 2026-11-20 10:00 UTC (1 day 14 hours ago) by ana@example.org; approved; \"read \\u{1b}[31mit\"; event ";
    assert!(human.contains(told) && human.contains("agrees: the audit trail"), "{human}");
    std::fs::remove_dir_all(project.path(".sequester")).unwrap();
    write(&project, &"b".repeat(64));
    let out = json(&explain(&project, &db, &["bar@1.0.2", "--format", "json"]).expect_code(1));
    let release = &out["release"];
    assert_eq!(release["judged"]["verdict"], "rejected");
    assert_eq!(release["checksums"][2]["place"], "trail");
    assert_eq!(release["checksums"][2]["agreement"], "differs");
    assert_eq!(release["trail"][0]["by"], "ana@example.org");
    // No setting changes that.
    assert_eq!(release["deciders"]["reasons"][1], Value::Null);
}

#[test]
fn what_could_not_be_decided_is_not_called_approved() {
    let (registry, db) = (TestRegistry::new(), AdvisoryFolder::new());
    let project = project(&registry, "");
    let arguments = ["explain", "bar@1.0.0", "--now", NOW, "--advisory-db", "missing"];
    let outcome = project.sequester(&arguments).expect_code(2);
    assert!(!outcome.stdout.to_lowercase().contains("approved"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("Undecided bar@1.0.0"), "{}", outcome.stdout);
    // An advisory about the crate that cannot be read.
    db.add(&Advisory::new("RUSTSEC-2026-0009", "elsewhere").date("2026-11-20"));
    db.write("crates/bar/RUSTSEC-2026-0010.md", "no advisory");
    let document = json(&explain(&project, &db, &["bar@1.0.0", "--format", "json"]).expect_code(1));
    assert_eq!(document["blockers"], serde_json::json!([]));
    assert_eq!(document["release"]["judged"]["reasons"][0]["code"], "advisory-unreadable", "{document:#}");
    // Which says nothing about another crate.
    explain(&project, &db, &["foo@1.1.0"]).expect_code(0);
}
