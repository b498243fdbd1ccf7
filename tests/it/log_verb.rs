//! `log` from the outside: what it tells, and that it names everything that was done to the trail.

use crate::approve::{FRESH, fresh};
use crate::audit::World;
use crate::support::{Advisory, Outcome, Package};

fn log(world: &World, arguments: &[&str], code: i32) -> Outcome {
    world.project.sequester(&[&["log"], arguments].concat()).expect_code(code)
}

/// Three events: two approvals and a revocation.
fn three() -> World {
    let world = fresh();
    Package::new("baz", "1.0.0").pubtime(FRESH).publish(&world.registry);
    world.approve(&["bar", "--reason", "x", "--by", "ana@example.org"]).expect_code(0);
    world.approve(&["baz@1.0.0", "--reason", "y"]).expect_code(0);
    world.project.sequester(&["revoke", "baz"]).expect_code(0);
    world
}

#[test]
fn a_project_without_a_trail_has_an_empty_one() {
    let world = fresh();
    assert_eq!(log(&world, &[], 0).stdout, "     Nothing the audit trail has no event yet\n");
    assert!(log(&world, &["--verify"], 0).stdout.contains("0 events"));
    world.project.sequester(&["log", "--expect-head", "x"]).expect_code(2);
}

#[test]
fn it_is_filtered_by_release_kind_and_day() {
    let world = three();
    let lines = |arguments: &[&str]| {
        let told = log(&world, &[arguments, &["--format", "json"]].concat(), 0).stdout;
        let log: serde_json::Value = serde_json::from_str(&told).unwrap();
        log["events"].as_array().unwrap().len()
    };
    assert_eq!(lines(&[]), 3);
    assert_eq!((lines(&["bar"]), lines(&["baz"]), lines(&["bar@1.0.0"]), lines(&["baz@1.0.0"])), (1, 2, 0, 2));
    assert_eq!((lines(&["--kind", "revoked"]), lines(&["--kind", "revoked", "--kind", "approved"])), (1, 3));
    assert_eq!((lines(&["--until", "2024-11-22"]), lines(&["--since", "2024-11-22"])), (0, 3));
    let told = log(&world, &["--kind", "never"], 2).stderr;
    assert!(told.contains("the kinds are init, vendored"), "{told}");
    assert!(log(&world, &["bar"], 0).stdout.contains("by ana@example.org (as --by says)"));
}

#[test]
fn i1_what_was_done_to_an_event_is_named() {
    let world = three();
    let oldest = world.log()["events"][2]["file"].as_str().unwrap().to_owned();
    let head = world.log()["heads"][0].as_str().unwrap().to_owned();
    log(&world, &["--verify", "--expect-head", &head], 0);
    let path = |name: &str| format!(".sequester/trail/{name}");
    // One byte.
    let first = world.project.read(&path(&oldest));
    world.project.write(&path(&oldest), first.replace("ana@", "bna@"));
    let told = log(&world, &["--verify"], 1).stdout;
    assert!(told.contains(&format!("{oldest}: edited")), "{told}");
    world.project.write(&path(&oldest), &first);
    // One event less: the middle one, then the last.
    let middle = world.log()["events"][1]["file"].as_str().unwrap().to_owned();
    for (name, says) in
        [(middle, ": deleted"), (world.log()["events"][0]["file"].as_str().unwrap().to_owned(), "Missing")]
    {
        let text = world.project.read(&path(&name));
        std::fs::remove_file(world.project.path(&path(&name))).unwrap();
        let told = log(&world, &["--verify", "--expect-head", &head], 1).stdout;
        assert!(told.contains(says) && told.contains(&name[name.len() - 69..name.len() - 5]), "{told}");
        world.project.write(&path(&name), text);
    }
    // One more, with a name that fits its content.
    let other = three();
    let inserted = other.log()["events"][2]["file"].as_str().unwrap().to_owned();
    world.project.write(&path(&inserted), other.project.read(&path(&inserted)));
    let told = log(&world, &["--verify"], 1).stdout;
    assert!(told.contains("put in"), "{told}");
    assert_eq!(world.log()["whole"], false);
}

#[test]
fn i3_two_clones_two_approvals_and_a_merge() {
    let world = fresh();
    for name in ["aaa", "mmm", "zzz"] {
        Package::new(name, "1.0.0").pubtime(FRESH).publish(&world.registry);
    }
    // The trail begins before the clones part.
    world.approve(&["mmm@1.0.0", "--reason", "x"]).expect_code(0);
    world.repository();
    world.git(&["checkout", "-qb", "other"]);
    world.approve(&["aaa@1.0.0", "--reason", "x"]).expect_code(0);
    world.commit();
    world.git(&["checkout", "-q", "main"]);
    world.approve(&["zzz@1.0.0", "--reason", "x"]).expect_code(0);
    world.commit();
    world.git(&["-c", "commit.gpgsign=false", "merge", "-q", "-m", "merge", "other"]);
    let told = log(&world, &["--verify"], 0).stdout;
    assert!(told.contains("3 events") && told.matches("Head").count() == 2, "{told}");
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    let told = log(&world, &["--verify"], 0).stdout;
    assert!(told.matches("Head").count() == 1, "{told}");
    assert!(log(&world, &[], 0).stdout.contains(" joins "));
    let policy = world.project.read("sequester.toml");
    let names: Vec<_> = policy.lines().filter(|line| line.starts_with("crate = ")).collect();
    assert_eq!(names, ["crate = \"aaa\"", "crate = \"bar\"", "crate = \"mmm\"", "crate = \"zzz\""]);
    world.then(0);
}

#[test]
fn a_release_is_exported_as_a_verification_summary() {
    let world = three();
    let vsa = |spec: &str, more: &[&str], code: u8| {
        let id = "https://ci.example.org/sequester";
        log(&world, &[&["--vsa", spec, "--verifier-id", id][..], more].concat(), code.into())
    };
    let stated =
        |spec, more: &[&str]| -> serde_json::Value { serde_json::from_str(&vsa(spec, more, 0).stdout).unwrap() };
    let policy = "git+https://git.example.org/app@0123456789abcdef0123456789abcdef01234567#sequester.toml";
    let statement = stated("bar@1.1.0", &["--now", "2024-11-22T00:00:00Z", "--policy-uri", policy]);
    assert_eq!(statement["predicate"]["verificationResult"], "PASSED");
    assert_eq!(statement["predicate"]["policy"]["uri"], policy);
    assert_eq!(statement["predicate"]["verifier"]["id"], "https://ci.example.org/sequester");
    let statement = stated("bar@1.1.0", &["--now", "2024-11-22T00:00:00Z"]);
    assert!(statement["predicate"]["policy"].get("uri").is_none(), "no path is an address: {statement}");
    assert_eq!(stated("baz@1.0.0", &[])["predicate"]["verificationResult"], "FAILED");
    assert!(vsa("none@1.0.0", &[], 2).stderr.contains("no verdict on none@1.0.0"));
    // `bar` is a spec, and names no single release.
    assert!(vsa("bar", &[], 2).stderr.contains("`bar` names no single release"));
    // Nobody else's name stands for who states it.
    assert!(log(&world, &["--vsa", "bar@1.1.0"], 2).stderr.contains("--verifier-id"));
    for bad in ["sequester.toml", ":x", "1a:b", "https://a b", "https:"] {
        assert!(log(&world, &["--vsa", "bar@1.1.0", "--verifier-id", bad], 2).stderr.contains("absolute URI"), "{bad}");
    }
}

/// The statement about a release, and what was said beside it.
fn stated(world: &World, spec: &str, now: &str) -> (serde_json::Value, String) {
    let told = log(world, &["--vsa", spec, "--verifier-id", "https://ci.example.org/sequester", "--now", now], 0);
    (serde_json::from_str(&told.stdout).unwrap(), told.stderr)
}

fn levels(statement: &serde_json::Value) -> Vec<&str> {
    let levels = statement["predicate"]["verifiedLevels"].as_array().unwrap();
    levels.iter().map(|level| level.as_str().unwrap()).collect()
}

/// An ignore that a person wrote into the policy, without a verb of ours: what leans on it falls with it.
#[test]
fn a_statement_leans_on_what_was_ignored() {
    const NOW: &str = "2026-11-22T00:00:00Z";
    let mut world = World::new().dep("bar", "1");
    world.advisories = world.advisories.with(&Advisory::new("RUSTSEC-2026-0901", "bar").date("2026-11-01"));
    Package::new("bar", "1.0.0").pubtime("2026-01-01T00:00:00Z").publish(&world.registry);
    let ignore = "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0901\"\nreason = \"not reached\"\nuntil = 2026-11-30\n";
    world.policy(ignore);
    let own = world.project.path(".cargo/config.toml");
    std::fs::rename(&own, world.project.cargo_home().join("config.toml")).unwrap();
    world.lock();
    world.project.sequester(&["vendor", "--now", NOW]).expect_code(0);
    let (statement, said) = stated(&world, "bar@1.0.0", "2026-11-30T23:59:59Z");
    assert_eq!((&statement["predicate"]["verificationResult"], said.as_str()), (&"PASSED".into(), ""));
    let expected = [
        "SLSA_BUILD_LEVEL_UNEVALUATED",
        "SEQUESTER_APPROVED",
        "SEQUESTER_ADVISORIES_UNIDENTIFIED",
        "SEQUESTER_IGNORES_RUSTSEC_2026_0901",
        "SEQUESTER_AGE_DAYS_325",
        "SEQUESTER_BASIS_AGED",
    ];
    assert_eq!(levels(&statement), expected);
    // Over, and then taken out; written by another database's id, it may be the same.
    let (statement, said) = stated(&world, "bar@1.0.0", "2026-12-01T00:00:00Z");
    assert_eq!(statement["predicate"]["verificationResult"], "FAILED");
    assert_eq!(statement["predicate"]["timeVerified"], "2026-12-01T00:00:00Z");
    assert!(said.contains("RUSTSEC-2026-0901 hits it and was ignored until 2026-11-30"), "{said}");
    world.policy(&ignore.replace("RUSTSEC-2026-0901", "CVE-2026-1"));
    assert_eq!(stated(&world, "bar@1.0.0", NOW).0["predicate"]["verificationResult"], "PASSED");
    world.policy(&ignore.replace("0901", "0999"));
    let (statement, said) = stated(&world, "bar@1.0.0", NOW);
    assert_eq!(statement["predicate"]["verificationResult"], "FAILED");
    assert!(said.contains("the policy no longer ignores that"), "{said}");
    // The event is one that version 0.1.0 reads: nothing in it has a new name.
    world.policy(ignore);
    assert!(log(&world, &["--verify"], 0).stdout.contains("1 event"));
    let event = world.project.read(&format!(".sequester/trail/{}", world.events()[0]));
    let expected = r#""reasons":[{"about":"RUSTSEC-2026-0901","code":"advisory","until":"2026-12-01T00:00:00Z"}]"#;
    assert!(event.contains(expected), "{event}");
}

/// A release that an override let in early does not look like one that has waited.
#[test]
fn a_statement_tells_a_shortened_age() {
    const NOW: &str = "2026-11-22T00:00:00Z";
    let world = World::new().dep("bar", "1").dep("foo", "1");
    Package::new("bar", "1.0.0").pubtime("2026-01-01T00:00:00Z").publish(&world.registry);
    Package::new("bar", "1.0.1").pubtime("2026-11-16T00:00:00Z").publish(&world.registry);
    Package::new("foo", "1.0.0").pubtime("2026-01-01T00:00:00Z").publish(&world.registry);
    world.policy("[[override]]\ncrates = [\"bar\"]\nmin-publish-age = \"0\"\nreason = \"ours\"");
    let own = world.project.path(".cargo/config.toml");
    std::fs::rename(&own, world.project.cargo_home().join("config.toml")).unwrap();
    world.lock();
    world.project.sequester(&["vendor", "--now", NOW]).expect_code(0);
    // What the policy says today is not what it was judged by.
    world.policy("");
    let (statement, _) = stated(&world, "bar@1.0.1", NOW);
    assert_eq!(levels(&statement)[3..], ["SEQUESTER_AGE_DAYS_6", "SEQUESTER_BASIS_SHORTENED_AGE"]);
    let (statement, _) = stated(&world, "foo@1.0.0", NOW);
    assert_eq!(levels(&statement)[3..], ["SEQUESTER_AGE_DAYS_325", "SEQUESTER_BASIS_AGED"]);
}

/// An approval that somebody took out of the policy by hand passes nothing, though no event says so.
#[test]
fn a_statement_leans_on_the_approval_that_the_policy_has() {
    let world = fresh();
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    let now = "2024-11-22T00:00:00Z";
    let (statement, _) = stated(&world, "bar@1.1.0", now);
    assert_eq!(statement["predicate"]["verificationResult"], "PASSED");
    let policy = world.project.read("sequester.toml");
    let without = policy.split("[[approval]]").next().unwrap();
    world.project.write("sequester.toml", without);
    let (statement, said) = stated(&world, "bar@1.1.0", now);
    assert_eq!(statement["predicate"]["verificationResult"], "FAILED");
    assert!(said.contains("no longer has the approval"), "{said}");
}
