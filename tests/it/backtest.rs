//! `backtest`: what a policy would have done with incidents of the past, and how long honest releases would have waited.

use cargo_sequester::door::gather::incidents;
use cargo_sequester::door::model::backtest::Waits;
use cargo_sequester::door::policy::backtest;
use serde_json::Value;

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

const NOW: &str = "2026-11-22T00:00:00Z";

const INCIDENTS: &str = r#"
schema = "incidents-v1"

[[incident]]
id = "RUSTSEC-2026-9001"
crate = "taken"
version = "1.2.1"
kind = "takeover"
runs = "build"
published = 2026-08-20T07:15:00Z
removed = 2026-08-20T08:41:40Z
precision = "second"
before = [{ version = "1.2.0", published = 2024-09-14 }]
brings = [{ crate = "proc-macro1", first-published = 2026-08-20 }]

[[incident]]
crate = "patient"
kind = "new-crate"
runs = "program"
published = 2026-01-01
removed = 2026-03-31
precision = "day"

[[incident]]
crate = "told-of"
kind = "new-crate"
runs = "program"
published = 2026-01-01
removed = 2026-03-31
precision = "day"
advised = 2026-01-25T00:00:00Z

[[incident]]
crate = "quick"
kind = "unknown"
runs = "never"
published = 2026-01-01
removed = 2026-01-01
precision = "hour"
lived-at-most = "5 hours"

[[incident]]
crate = "undated"
kind = "unknown"
runs = "unknown"
removed = 2026-01-01
"#;

/// `bar`, with ordinary updates, a fix, one that takes up a young crate, a pre-release, a yanked one and one from before; and `baz`, which is
/// hardly older than its one update. What `bar` took up for a while is locked no more.
fn project(registry: &TestRegistry, policy: &str) -> Project {
    Package::new("bar", "1.0.0").pubtime("2024-12-15T00:00:00Z").publish(registry);
    Package::new("old", "1.0.0").pubtime("2020-01-01T00:00:00Z").publish(registry);
    Package::new("young", "1.0.0").pubtime("2025-12-20T00:00:00Z").publish(registry);
    Package::new("bar", "1.1.0").pubtime("2025-06-01T00:00:00Z").dep("old", "1").publish(registry);
    Package::new("bar", "1.2.0-rc.1").pubtime("2025-07-01T00:00:00Z").dep("old", "1").publish(registry);
    Package::new("bar", "1.2.0").pubtime("2025-08-01T00:00:00Z").dep("old", "1").yanked().publish(registry);
    Package::new("bar", "1.2.1").pubtime("2025-09-01T12:00:00Z").dep("old", "1").publish(registry);
    let taking_up = Package::new("bar", "1.2.2").pubtime("2026-01-01T00:00:00Z").dep("old", "1").dep("young", "1");
    taking_up.publish(registry);
    Package::new("bar", "1.2.3").pubtime("2026-03-01T00:00:00Z").publish(registry);
    Package::new("baz", "0.1.0").pubtime("2026-05-01T00:00:00Z").publish(registry);
    Package::new("baz", "0.1.1").pubtime("2026-05-21T00:00:00Z").publish(registry);
    let mirrors = format!("[sources]\nmirrors = [{:?}]\n", registry.url());
    let project = Project::new().crates_io(registry).dep("bar", "1").dep("baz", "0.1");
    let project = project.policy(&format!("{mirrors}{policy}")).file("incidents.toml", INCIDENTS);
    project.lock_with_cargo();
    project
}

fn advisories() -> AdvisoryFolder {
    AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2025-0001", "bar").date("2025-09-02").patched(">=1.2.1"))
}

fn tested(project: &Project, db: &AdvisoryFolder, more: &[&str]) -> Outcome {
    let db = db.root();
    let always = ["backtest", "--now", NOW, "--advisory-db", db.as_str(), "--incidents", "incidents.toml"];
    project.sequester(&[&always, more].concat())
}

fn json(outcome: &Outcome) -> Value {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../docs/backtest-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{document:#}");
    document
}

/// Each incident's outcome and what held it.
fn outcomes(document: &Value) -> Vec<(&str, Vec<&str>)> {
    fn codes(one: &Value) -> Vec<&str> {
        one["held_by"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect()
    }
    let each = document["incidents"]["each"].as_array().unwrap();
    each.iter().map(|one| (one["outcome"].as_str().unwrap(), codes(one))).collect()
}

#[test]
fn each_incident_is_put_before_the_policy_on_its_day() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "[quarantine]\nnew-crate-age = \"30 days\"\n");
    let document = json(&tested(&project, &db, &["--format", "json"]).expect_code(0));
    assert_eq!(
        outcomes(&document),
        [
            ("stopped", vec!["too-new", "signal"]),
            ("let-in", vec!["new-crate"]),
            ("stopped", vec!["malicious"]),
            ("stopped", vec!["too-new", "new-crate"]),
            ("undated", vec![]),
        ]
    );
    let incidents = &document["incidents"];
    assert_eq!([&incidents["total"], &incidents["dated"], &incidents["stopped"]], [5, 4, 3]);
    let patient = &incidents["each"][1];
    assert_eq!(patient["let_in_at"], "2026-01-31T00:00:00Z");
    // To the last second of the day on which it was removed.
    assert_eq!(patient["left_seconds"], 60 * 86_400 - 1);
    assert_eq!(incidents["each"][3]["removed"], "2026-01-01T05:00:00Z");
}

/// The figures are worked out by hand from the times of publication in `project`.
#[test]
fn the_price_is_what_the_policy_makes_releases_wait() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let since = ["--since", "2025-01-01", "--format", "json"];
    let document = json(&tested(&project, &db, &since).expect_code(0));
    let day = 86_400;
    let price = &document["price"];
    assert_eq!([&price["crates"], &price["yanked"]], [2, 1]);
    // bar 1.1.0, 1.2.1 and 1.2.3: 7 days; bar 1.2.2: 14, for its young dependency. baz 0.1.0: 30 days, for its crate is new; baz 0.1.1: the 10 days that are left of them.
    let updates = &price["updates"];
    assert_eq!([&updates["count"], &updates["person"]], [6, 0]);
    assert_eq!([&updates["median_seconds"], &updates["p90_seconds"]], [7 * day, 30 * day]);
    // bar 1.2.1, in the place of 1.1.0.
    let fixes = &price["fixes"];
    assert_eq!([&fixes["count"], &fixes["early"]], [1, 1]);
    assert_eq!(fixes["median_seconds"], day);
    let ages = document["ages"].as_array().unwrap();
    let median = |at: usize, of: &str| ages[at][of]["median_seconds"].as_u64().unwrap() / day;
    let days: Vec<u64> = ages.iter().map(|one| one["min_publish_age_seconds"].as_u64().unwrap() / day).collect();
    assert_eq!(days, [1, 3, 7, 14, 30, 45]);
    assert_eq!((0..6).map(|at| median(at, "updates")).collect::<Vec<_>>(), [1, 3, 7, 14, 30, 45]);
    assert_eq!((0..6).map(|at| median(at, "fixes")).collect::<Vec<_>>(), [1; 6]);
    let alone: Vec<u64> = ages.iter().map(|one| one["stopped_by_age_alone"].as_u64().unwrap()).collect();
    assert_eq!(alone, [2, 2, 2, 2, 2, 2]);
    assert_eq!(document["unknown_dependencies"], Value::Array(Vec::new()));
    // Nobody is told of fixes where nobody looks for them.
    let document = json(&project.sequester(&["backtest", "--no-advisories", "--now", NOW, "--format", "json"]));
    assert_eq!(document["price"]["fixes"], Value::Null);
}

#[test]
fn the_policy_decides() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let policy = "[bans]\ndeny = [\"patient\"]\n[quarantine]\nmin-publish-age = \"1 hour\"\nnew-crate-age = \"0\"\n";
    let project = project(&registry, &format!("{policy}[quarantine.security-fix]\nenabled = false\n"));
    let document = tested(&project, &db, &["--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    let each = document["incidents"]["each"].as_array().unwrap();
    let told: Vec<_> = each.iter().map(|one| (one["outcome"].as_str().unwrap(), &one["held_by"][0])).collect();
    assert_eq!(
        told,
        [
            ("stopped", &"signal".into()),
            ("stopped", &"denied".into()),
            ("let-in", &"too-new".into()),
            ("let-in", &"too-new".into()),
            ("undated", &Value::Null),
        ]
    );
    assert_eq!(document["price"]["fixes"]["early"], 0);
    let human = tested(&project, &db, &[]).expect_code(0).stdout;
    assert!(human.contains("Stopped 2 of 4 incidents that are dated, by sequester.toml"), "{human}");
    assert!(human.contains("Let in quick after 1 hour (too-new)"), "{human}");
}

#[test]
fn what_is_not_known_is_said() {
    let (registry, db) = (TestRegistry::new(), advisories());
    let project = project(&registry, "");
    let lock = project.read("Cargo.lock");
    let elsewhere = Project::new().file("Cargo.lock", lock);
    let told = elsewhere.sequester(&[
        "backtest",
        "--offline",
        "--lockfile",
        "Cargo.lock",
        "--advisory-db",
        db.root().as_str(),
    ]);
    let told = told.expect_code(2);
    assert!(told.stdout.contains("Unknown what was published of 2 crates: bar, baz"), "{}", told.stdout);
    let told = project.sequester(&["backtest", "--offline", "--advisory-db", "nowhere"]).expect_code(2);
    assert!(told.stdout.contains("Unknown which releases are security fixes"), "{}", told.stdout);
}

#[test]
fn a_table_with_a_mistake_is_refused_with_its_line() {
    let wrong = |from: &str, to: &str| {
        assert!(INCIDENTS.contains(from), "{from}");
        let text = INCIDENTS.replace(from, to);
        incidents::parse(&text, "table.toml".into()).unwrap_err().to_string()
    };
    let twice = "kind = \"takeover\"";
    for (from, to, told) in [
        ("incidents-v1", "incidents-v2", "table.toml:2: `schema` is incidents-v2"),
        (twice, "kind = \"takeover\"\ncolour = \"red\"", "table.toml:9: unknown field `colour`"),
        (twice, "kind = \"theft\"", "table.toml:8: unknown variant `theft`"),
        ("2026-08-20T08:41:40Z", "2026-08-20T08:41:40", "a time is neither a day nor a moment"),
        ("removed = 2026-08-20T08:41:40Z", "removed = 2026-08-19", "`removed` is before `published`"),
        ("1.2.0\", published = 2024-09-14", "1.2.1\", published = 2024-09-14", "is no earlier one"),
        ("crate = \"patient\"", "crate = \"../patient\"", "no name that crates.io takes"),
        ("5 hours", "5", "`lived-at-most` is no length of time"),
        ("precision = \"second\"\n", "", "`precision` is missing"),
    ] {
        let found = wrong(from, to);
        assert!(found.contains(told), "{found}");
    }
    let project = Project::new().file("huge.toml", vec![b'#'; 1024 * 1024 + 1]);
    let told = project.sequester(&["backtest", "--incidents", "huge.toml"]).expect_code(2);
    assert!(told.stderr.contains("huge.toml cannot be read: it is larger than"), "{}", told.stderr);
}

#[test]
fn the_table_that_comes_along_can_be_read() {
    let own = incidents::read(None).unwrap();
    assert_eq!(own.len(), 80);
    let policy = cargo_sequester::door::model::policy::Policy::default();
    let signals = |name: &str| -> Vec<&str> {
        let incident = own.iter().find(|one| *one.crate_name == *name).unwrap();
        backtest::signals(incident, &[], &policy).iter().map(|signal| signal.code().as_str()).collect()
    };
    assert!(signals("arrayref").starts_with(&["young-dependency", "dormant-growth"]), "{:?}", signals("arrayref"));
    assert!(signals("internment").contains(&"dormant-growth"));
    assert!(signals("append-only-vec").contains(&"young-dependency"));
    for imitation in ["proc-macro1", "tracings", "rustdecimal", "lazystatic", "serd", "postgress", "if-cfg"] {
        assert!(signals(imitation).contains(&"look-alike"), "{imitation}");
    }
    assert_eq!(own.iter().filter(|one| one.lived.is_some()).count(), 41);
    assert!(own.iter().all(|one| one.lived.is_none_or(|lived| lived.published < lived.removed)));
}

#[test]
fn percentiles_are_those_of_the_nearest_rank() {
    let waits = Waits::new((1..=10).rev().collect(), 0, 0);
    assert_eq!([50, 90, 100, 1].map(|percent| waits.percentile(percent)), [Some(5), Some(9), Some(10), Some(1)]);
    let waits = Waits::new(vec![3, 1], 2, 0);
    assert_eq!([50, 51].map(|percent| waits.percentile(percent)), [Some(3), None], "a person comes last");
    assert_eq!(Waits::default().percentile(50), None);
}
