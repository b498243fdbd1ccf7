//! What a change decides itself, and the base that moved on.

use super::*;

/// The checksum of a locked package.
fn checksum(change: &Change, name: &str) -> String {
    let lock = change.world.project.read("Cargo.lock");
    let package = lock.split("[[package]]").find(|one| one.contains(&format!("name = \"{name}\""))).unwrap();
    package.split_once("checksum = \"").unwrap().1.split('"').next().unwrap().to_owned()
}

fn approve(change: &Change, name: &str, version: &str, checksum: &str) {
    let entry = format!(
        "[[approval]]\ncrate = \"{name}\"\nversion = \"{version}\"\nchecksum = \"{checksum}\"\nlifts = [\"too-new\"]\nreason = \"read it\"\nby = \"ana@example.org\"\nuntil = 2026-12-01"
    );
    change.append("sequester.toml", &entry);
}

fn report(change: &Change, code: i32) -> Value {
    change.finish();
    change.world.json(&["--base", "base", "--loosened", "report"], code)
}

fn decides(document: &Value) -> Vec<String> {
    document["decides"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

/// What it does not have it never had.
#[test]
fn a_change_that_grew_from_before_the_policy_took_nothing_back() {
    let change = Change::new();
    let policy = change.world.project.read("sequester.toml");
    change.git(&["checkout", "--quiet", "--orphan", "main"]);
    std::fs::remove_file(change.world.project.path("sequester.toml")).unwrap();
    change.finish();
    change.git(&["branch", "before"]);
    change.world.project.write("sequester.toml", policy);
    change.finish();
    change.git(&["branch", "--force", "base"]);
    change.git(&["checkout", "--quiet", "before"]);
    change.world.project.write("README.md", "A change.\n");
    let document = change.json(0);
    assert_eq!(loosened(&document), [""; 0]);
    // The base's rules judge it all the same.
    let mut change = change;
    Package::new("fresh", "1.0.0").pubtime("2026-11-13T00:00:00Z").publish(&change.world.registry);
    change.add_dependency("fresh");
    assert!(reasons(&change.json(1), "fresh").contains(&"too-new".to_owned()));
}

#[test]
fn a_change_that_adopts_the_tool() {
    // Without a dependency: the mirror, which no policy of the base allows, need not be asked for what it locks.
    let world = World::new();
    world.lock();
    let policy = world.project.read("sequester.toml");
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    let change = Change::commit(world);
    // A first policy by the defaults, as `init` writes it.
    change.world.project.write("sequester.toml", "[quarantine]\nmin-publish-age = \"7 days\"\n");
    change.finish();
    let run = |more: &[&str], code| change.world.json(&[&["--base", "base", "--no-advisories"], more].concat(), code);
    let document = run(&[], 1);
    assert_eq!(loosened(&document), ["policy file"]);
    assert_eq!(document["loosened"][0]["kind"], "adoption");
    let document = run(&["--loosened", "report"], 0);
    assert_eq!((decides(&document), loosened(&document)), (vec!["policy file".to_owned()], Vec::new()));
    // What a first policy takes from elsewhere is no part of that.
    change.world.project.write("sequester.toml", policy);
    change.finish();
    let document = run(&["--loosened", "report"], 1);
    assert!(loosened(&document).contains(&"sources.mirrors".to_owned()), "{document:#}");
    assert_eq!(decides(&document), ["policy file"]);
}

#[test]
fn a_change_that_only_approves() {
    let change = Change::new();
    Package::new("fresh", "1.1.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    approve(&change, "fresh", "1.1.0", &"a".repeat(64));
    assert_eq!(loosened(&change.json(1)), ["approval fresh@1.1.0"]);
    let document = report(&change, 0);
    assert_eq!((decides(&document), loosened(&document)), (vec!["approval fresh@1.1.0".to_owned()], Vec::new()));
}

#[test]
fn a_change_that_bumps_and_approves() {
    let change = Change::new().with_fresh();
    approve(&change, "fresh", "1.1.0", &checksum(&change, "fresh"));
    let document = change.json(1);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
    // The approval that the change contains is not advised once more.
    assert!(!text.contains("cargo sequester approve") && text.contains("this change approves it already"), "{text}");
    insta::assert_snapshot!("bumps_and_approves_in_vain", change.redact(&text));
    // The printed way out is one.
    let help = text.lines().find_map(|line| line.split_once("cargo sequester audit ")).unwrap().1;
    let arguments: Vec<&str> = help.split(' ').collect();
    change.world.audit(&arguments).expect_code(0);
    let document = report(&change, 0);
    assert_eq!(package(&document, "fresh")["basis"]["code"], "approval");
    assert_eq!(package(&document, "fresh")["basis"]["of_change"], true);
    let mut told = change.world.audit(&["--base", "base", "--loosened", "report"]).expect_code(0).stdout;
    for format in ["markdown", "github"] {
        told += "\n---\n";
        told +=
            &change.world.audit(&["--base", "base", "--loosened", "report", "--format", format]).expect_code(0).stdout;
    }
    insta::assert_snapshot!("bumps_and_approves", change.redact(&told));
    // Merged, it is the base's like any other.
    change.git(&["branch", "--force", "base"]);
    assert_eq!(loosened(&change.json(0)), [""; 0]);
}

#[test]
fn an_approval_of_other_bytes_decides_nothing() {
    let change = Change::new().with_fresh();
    approve(&change, "fresh", "1.1.0", &"b".repeat(64));
    let document = report(&change, 1);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    let text = change.world.audit(&["--base", "base", "--loosened", "report"]).stdout;
    assert!(text.contains("cargo sequester approve fresh@1.1.0"), "{text}");
}

#[test]
fn a_dated_ignore_counts_and_a_malicious_release_never_passes() {
    let mut change = Change::new();
    for (name, id) in [("holed", "RUSTSEC-2026-0701"), ("evil", "RUSTSEC-2026-0702")] {
        Package::new(name, "1.0.0").publish(&change.world.registry);
        let mut advisory = Advisory::new(id, name);
        if name == "evil" {
            advisory = advisory.malicious();
        }
        change.world.advisories.add(&advisory);
    }
    change.add_dependency("holed");
    change.append(
        "sequester.toml",
        "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0701\"\nreason = \"not reached\"\nuntil = 2026-12-01",
    );
    let document = change.json(1);
    assert_eq!(reasons(&document, "holed"), ["advisory"]);
    let text = change.world.audit(&["--base", "base"]).stdout;
    assert!(text.contains("this change ignores RUSTSEC-2026-0701 already"), "{text}");
    let document = report(&change, 0);
    assert_eq!(decides(&document), ["advisories.ignore RUSTSEC-2026-0701"]);
    change.add_dependency("evil");
    change.append(
        "sequester.toml",
        "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0702\"\nreason = \"not reached\"\nuntil = 2026-12-01",
    );
    approve(&change, "evil", "1.0.0", &checksum(&change, "evil"));
    assert_eq!(reasons(&report(&change, 1), "evil"), ["malicious"]);
}

#[test]
fn nothing_else_is_decided_in_a_change() {
    for (from, to, key) in [
        ("10 days", "9 days", "quarantine.min-publish-age"),
        ("max-copy-age = \"120 months\"", "max-copy-age = \"121 months\"", "advisories.max-copy-age"),
        ("mirrors = [", "mirrors = [\"sparse+https://mirror.example.org/\", ", "sources.mirrors"),
        ("[sources]", "[sources]\nallow-git = [{ url = \"https://git.example.org/mine\" }]", "sources.allow-git"),
        ("[sources]", "[sources]\nallow-registries = [\"sparse+https://r.example.org/\"]", "sources.allow-registries"),
    ] {
        let change = Change::new();
        change.edit("sequester.toml", from, to);
        let document = report(&change, 1);
        assert_eq!((loosened(&document), decides(&document)), (vec![key.to_owned()], Vec::new()));
    }
}

#[test]
fn the_lane_needs_a_base() {
    let change = Change::new();
    let outcome = change.world.audit(&["--loosened", "report"]).expect_code(2);
    assert!(outcome.stderr.contains("--base"), "{}", outcome.stderr);
}

#[test]
fn a_base_that_moved_on_accuses_nobody() {
    let change = Change::new();
    // The change begins here; the base is made stricter and gains an approval meanwhile.
    change.git(&["checkout", "--quiet", "base"]);
    change.edit("sequester.toml", "10 days", "20 days");
    let config = change.world.project.read(".cargo/config.toml");
    change
        .world
        .project
        .write(".cargo/config.toml", format!("{config}\n[registry]\nglobal-min-publish-age = \"30 days\"\n"));
    Package::new("other", "1.0.0").publish(&change.world.registry);
    Package::new("other", "1.1.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    let approve = ["approve", "other@1.1.0", "--reason", "read it", "--by", "ana", "--now", NOW];
    change.world.project.sequester(&approve).expect_code(0);
    change.finish();
    change.git(&["checkout", "--quiet", "work"]);
    let change = change.with_fresh();
    let document = change.json(1);
    assert_eq!(loosened(&document), [""; 0], "{document:#}");
    assert_eq!(document["trail_truncated"], serde_json::json!([]));
    assert!(codes(&document["notices"]).contains(&"base-moved-on".to_owned()), "{document:#}");
    // The judge is the base as it is today.
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    assert_eq!(document["policy"]["min_age_seconds"], 20 * 86_400);
    // What the change itself takes back it is told.
    change.edit("sequester.toml", "10 days", "5 days");
    assert_eq!(loosened(&change.json(1)), ["quarantine.min-publish-age"]);
    change.edit("sequester.toml", "5 days", "10 days");
    // A merge that keeps the old state is the change's own doing.
    change.finish();
    change.git(&["merge", "--quiet", "--strategy=ours", "-m", "merged", "base"]);
    let document = change.world.json(&["--base", "base"], 1);
    assert!(loosened(&document).contains(&"quarantine.min-publish-age".to_owned()), "{document:#}");
    assert!(!codes(&document["notices"]).contains(&"base-moved-on".to_owned()));
}

#[test]
fn of_several_merge_bases_the_strictest_counts() {
    let change = Change::new();
    change.git(&["branch", "one"]);
    change.git(&["checkout", "--quiet", "one"]);
    change.edit("sequester.toml", "10 days", "12 days");
    change.finish();
    change.git(&["checkout", "--quiet", "-b", "two", "base"]);
    change.edit("sequester.toml", "[sources]", "[bans]\ndeny = [\"openssl-sys\"]\n\n[sources]");
    change.finish();
    // Both merge the other: what they have in common are `one` and `two`.
    change.git(&["branch", "left", "one"]);
    change.git(&["checkout", "--quiet", "left"]);
    change.git(&["merge", "--quiet", "-m", "left", "two"]);
    change.git(&["branch", "--force", "base"]);
    change.git(&["checkout", "--quiet", "-b", "right", "two"]);
    change.git(&["merge", "--quiet", "-m", "right", "one"]);
    assert_eq!(change.git(&["merge-base", "--all", "base", "HEAD"]).lines().count(), 2);
    change.json(0);
    change.edit("sequester.toml", "12 days", "10 days");
    assert_eq!(loosened(&change.json(1)), ["quarantine.min-publish-age"]);
    change.edit("sequester.toml", "10 days", "12 days");
    change.edit("sequester.toml", "\"openssl-sys\"", "");
    assert_eq!(loosened(&change.json(1)), ["bans.deny"]);
}

#[test]
fn a_history_that_is_cut_off_is_compared_with_the_base_itself() {
    let change = Change::new();
    change.git(&["checkout", "--quiet", "base"]);
    change.edit("sequester.toml", "10 days", "20 days");
    change.finish();
    change.git(&["checkout", "--quiet", "work"]);
    change.world.project.write("src/lib.rs", "//! Other.\n");
    change.finish();
    let project = &change.world.project;
    let (from, clone) = (format!("file://{}", project.root()), project.outside().join("clone"));
    let top = project.outside().as_str();
    git(project, top, &["clone", "--quiet", "--depth=1", "--branch=work", &from, clone.as_str()]);
    git(project, clone.as_str(), &["fetch", "--quiet", "--depth=1", "origin", "base"]);
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["audit", "--now", NOW, "--format", "json", "--base", "FETCH_HEAD"]).current_dir(&clone);
    let found: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert!(codes(&found["notices"]).contains(&"no-merge-base".to_owned()), "{found:#}");
    assert_eq!(loosened(&found), ["quarantine.min-publish-age"]);
}

#[test]
fn a_lock_file_as_base_says_that_it_protects_no_rules() {
    let change = Change::new();
    let saved = change.world.project.outside().join("saved.lock");
    std::fs::copy(change.world.project.path("Cargo.lock"), &saved).unwrap();
    let document = change.world.json(&["--base", saved.as_str()], 0);
    assert!(codes(&document["notices"]).contains(&"base-without-rules".to_owned()), "{document:#}");
}
