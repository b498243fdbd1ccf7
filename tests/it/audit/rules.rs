//! Rules and advisories seen from the outside: what cures what, what is told, and where a finding points to.

use super::*;

fn one(name: &str) -> World {
    let world = World::new().dep(name, "1").dep("other", "1");
    Package::new(name, "1.0.0").publish(&world.registry);
    Package::new("other", "1.0.0").publish(&world.registry);
    world.lock();
    world
}

/// The verb with the moment of these tests.
fn run(world: &World, arguments: &[&str]) -> Outcome {
    world.project.sequester(&[arguments, &["--now", NOW]].concat())
}

#[test]
fn e5_an_advisory_of_tomorrow_holds_its_crate_until_the_printed_way_out_is_taken() {
    let world = one("foo");
    let unreadable = Advisory::new("RUSTSEC-2026-0002", "foo").patched("tomorrow");
    world.advisories.add(&unreadable);
    let document = world.json(&[], 1);
    assert_eq!(package(&document, "other")["verdict"], "approved");
    let reason = &package(&document, "foo")["reasons"][0];
    assert_eq!((&reason["code"], &reason["advisory"]), (&"advisory-unreadable".into(), &"RUSTSEC-2026-0002".into()));
    let told = world.audit(&[]).expect_code(1).stdout;
    let printed = told.split("cargo sequester approve ").nth(1).unwrap().lines().next().unwrap();
    let expected = "foo@1.0.0 --id RUSTSEC-2026-0002 --reason \"TEXT\" --until 2026-12-22 --now 2026-11-22T00:00:00Z";
    assert_eq!(printed, expected);
    let filled = printed.replace("\"TEXT\"", "read").replace(&format!(" --now {NOW}"), "");
    let arguments: Vec<&str> = filled.split(' ').collect();
    run(&world, &[&["approve"], &arguments[..]].concat()).expect_code(0);
    let document = world.json(&[], 0);
    assert_eq!(codes(&package(&document, "foo")["warnings"]), ["ignored"]);
    // Ranges that can be read count, whatever stands beside them.
    let known = unreadable.clone().line("cvss = \"CVSS:5.0/AV:N\"");
    world.advisories.add(&known.clone().patched(">= 2"));
    assert_eq!(package(&world.json(&[], 0), "foo")["warnings"][0]["code"], "ignored");
    let mended = Advisory::new("RUSTSEC-2026-0002", "foo").patched(">= 0.9").line("cvss = \"CVSS:5.0/AV:N\"");
    world.advisories.add(&mended);
    assert_eq!(codes(&package(&world.json(&[], 0), "foo")["warnings"]), [""; 0]);
}

#[test]
fn an_advisory_of_another_databases_id_is_ignored_by_rustsecs() {
    let world = one("foo");
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "foo").line("aliases = [\"CVE-2026-0001\"]"));
    let arguments = ["approve", "foo", "--id", "CVE-2026-0001", "--reason", "read", "--until", "2026-12-31"];
    run(&world, &arguments).expect_code(0);
    assert!(world.project.read("sequester.toml").contains("id = \"RUSTSEC-2026-0002\""));
    world.json(&[], 0);
    world.project.sequester(&["revoke", "foo", "--id", "rustsec-2026-0002"]).expect_code(0);
    world.json(&[], 1);
}

#[test]
fn the_platforms_of_an_advisory_are_told() {
    let world = one("foo");
    let advisory = Advisory::new("RUSTSEC-2026-0002", "foo").text();
    let text = advisory.replace("\n```\n", "\n[affected]\nos = [\"windows\"]\narch = [\"x86\"]\n```\n");
    world.advisories.write("crates/foo/RUSTSEC-2026-0002.md", &text);
    let reason = &package(&world.json(&[], 1), "foo")["reasons"][0].clone();
    assert_eq!((&reason["os"], &reason["arch"]), (&serde_json::json!(["windows"]), &serde_json::json!(["x86"])));
    let told = world.audit(&[]).expect_code(1).stdout;
    assert!(told.contains("only on windows, only on x86"), "{told}");
    let told = run(&world, &["explain", "foo@1.0.0"]).expect_code(1).stdout;
    assert!(told.contains("platforms: only on windows, only on x86"), "{told}");
}

#[test]
fn a_folder_or_a_repository_that_an_advisory_names_is_told() {
    let world = World::new().dep_toml("near = { path = \"near\" }");
    world.project.write("near/src/lib.rs", "");
    world.project.write("near/Cargo.toml", "[package]\nname = \"near\"\nversion = \"0.2.0\"\nedition = \"2021\"\n");
    world.lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "near").malicious());
    let warnings = |document: &Value| codes(&package(document, "near")["warnings"]);
    assert_eq!(warnings(&world.json(&[], 0)), ["named-by-advisory"]);
    let told = world.audit(&[]).expect_code(0).stdout;
    assert!(told.contains("made to do harm by their name and version: near@0.2.0"), "{told}");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let lock = format!(
        "version = 4\n[[package]]\nname = \"near\"\nversion = \"0.2.0\"\nsource = \"git+https://git.example.org/near#{commit}\"\n"
    );
    world.project.write("Cargo.lock", lock);
    let allowed = "allow-git = [{ url = \"https://git.example.org\" }]\nmirrors =";
    world.project.write("sequester.toml", world.policy_text("").replace("mirrors =", allowed));
    assert_eq!(warnings(&world.json(&["--lockfile", "Cargo.lock"], 0)), ["named-by-advisory"]);
}

#[test]
fn i4_status_and_audit_warn_two_weeks_before_an_exemption_ends() {
    let world = one("foo");
    for (number, name) in [(2, "foo"), (3, "other")] {
        let id = format!("RUSTSEC-2026-000{number}");
        world.advisories.add(&Advisory::new(&id, name));
        let until = if number == 2 { "2026-12-06" } else { "2026-11-30" };
        run(&world, &["approve", name, "--id", &id, "--reason", "read", "--until", until]).expect_code(0);
    }
    for verb in ["audit", "status"] {
        let told = run(&world, &[verb]).expect_code(0).stdout;
        let notes: Vec<&str> = told.lines().filter(|line| line.contains("then it counts again")).collect();
        assert_eq!(notes.len(), 2, "{verb}: {told}");
    }
    let document = world.json(&[], 0);
    assert_eq!(codes(&document["notices"]), ["ignore-ending", "ignore-ending"]);
    // A day earlier one of the two is not near enough.
    let document = world.json(&["--now", "2026-11-21T23:59:59Z"], 0);
    assert_eq!(codes(&document["notices"]), ["ignore-ending"]);
}

#[test]
fn only_rfc_3339_is_a_moment() {
    let world = one("foo");
    for good in ["2026-11-22T00:00:00Z", "2026-11-22t00:00:00.25z", "2026-11-22T01:30:00+01:30"] {
        world.audit(&["--now", good]).expect_code(0);
    }
    for bad in [
        "2026-11-22",
        "2026-11-22T00:00Z",
        "2026-11-22T00:00:00",
        "2026-11-22 00:00:00Z",
        "2026-11-22T00:00:00.Z",
        "2026-11-22T00:00:00Z[UTC]",
        "2026-11-22T00:00:00+01",
        "2026-11-22T00:00:00+0100",
        "20261122T000000Z",
        "+002026-11-22T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "1795305600",
        "",
    ] {
        let outcome = world.audit(&["--now", bad]).expect_code(2);
        assert!(outcome.stderr.contains("RFC 3339"), "{bad}: {}", outcome.stderr);
    }
    for bad in ["2026-12-31T00:00:00", "31.12.2026", "2026-13-01"] {
        let outcome = run(&world, &["approve", "foo", "--reason", "x", "--until", bad]).expect_code(2);
        assert!(outcome.stderr.contains("expected a day"), "{bad}: {}", outcome.stderr);
    }
}

#[test]
fn a_failure_of_cargo_is_told_by_its_first_message() {
    let mut world = one("foo");
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}\n[workspace]\nmembers = [\"absent\"]\n"));
    world.project = world.project.env("RUST_BACKTRACE", "full");
    let document: Value = serde_json::from_str(&world.audit(&["--format", "json"]).stdout).unwrap_or_default();
    let told = format!("{document}{}", world.audit(&[]).stderr);
    assert!(told.contains("failed to load manifest for workspace member"), "{told}");
    assert!(told.contains("No such file or directory"), "{told}");
    assert!(!told.contains("backtrace") && !told.contains("cargo::"), "{told}");
}

/// A repository around the project's folder, as a code host sees it.
fn in_a_repository(world: &World) {
    std::fs::create_dir_all(world.project.outside().join(".git")).unwrap();
}

fn results(outcome: &Outcome) -> Vec<(String, String, u64)> {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap().clone();
    let place = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap().to_owned();
        (result["ruleId"].as_str().unwrap().to_owned(), uri, place["region"]["startLine"].as_u64().unwrap())
    };
    results.iter().map(place).collect()
}

#[test]
fn findings_name_their_files_from_the_repositorys_root_wherever_a_run_begins() {
    let world = one("foo");
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "foo"));
    in_a_repository(&world);
    let from = |folder: &camino::Utf8Path, arguments: &[&str]| {
        let mut command = world.project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        let arguments = [&["sequester", "audit", "--now", NOW, "--format"], arguments].concat();
        let output = command.args(arguments).current_dir(folder).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Outcome { stdout, stderr: String::from_utf8(output.stderr).unwrap(), code: output.status.code().unwrap() }
    };
    let root = world.project.root();
    let (lock, policy) = (root.join("Cargo.lock"), root.join("sequester.toml"));
    let manifest = root.join("Cargo.toml");
    let alone = ["--lockfile", lock.as_str(), "--policy", policy.as_str()];
    for (folder, more) in [
        (root.clone(), &[][..]),
        (root.join("src"), &[][..]),
        (root.join("src"), &["--manifest-path", manifest.as_str()][..]),
        (root.join("src"), &alone[..]),
    ] {
        // The line of the package in the lock file.
        let before = world.project.read("Cargo.lock");
        let at = 1 + before[..before.find("name = \"foo\"").unwrap()].matches('\n').count() as u64 - 1;
        let found = results(&from(&folder, &[&["sarif"], more].concat()).expect_code(1));
        assert_eq!(found, [("advisory".to_owned(), "project/Cargo.lock".to_owned(), at)], "{folder} {more:?}");
        let told = from(&folder, &[&["github"], more].concat()).expect_code(1).stdout;
        assert!(told.contains(&format!("::error file=project/Cargo.lock,line={at},")), "{folder}: {told}");
    }
}

#[test]
fn notes_about_rules_point_to_their_lines() {
    let world = one("foo");
    in_a_repository(&world);
    world
        .policy("[bans]\ndeny = [\"absent\"]\n\n[[override]]\ncrates = [\"nothing\"]\nmin-publish-age = \"30 days\"\n");
    let text = world.project.read("sequester.toml");
    let line = 1 + text.lines().position(|line| line.starts_with("min-publish-age")).unwrap();
    let told = world.audit(&["--format", "github"]).expect_code(0).stdout;
    let note =
        format!("::notice file=project/sequester.toml,line={line},title=cargo sequester::the override of `nothing`");
    assert!(told.contains(&note), "{told}");
    // What the deny list has nothing to do with is for those who want to hear everything.
    assert!(!told.contains("absent"), "{told}");
    assert!(!world.audit(&[]).stdout.contains("absent"));
    assert!(world.audit(&["-v"]).stdout.contains("the entry of deny `absent` is about nothing that is locked"));
    assert_eq!(codes(&world.json(&[], 0)["notices"]), ["override-unused", "deny-unused"]);
}
