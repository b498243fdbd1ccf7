//! What may be given as a base, and what a clone may lack.

use super::*;

fn audit(change: &Change, base: &str) -> Outcome {
    change.world.audit(&["--format", "json", &format!("--base={base}")])
}

#[test]
fn commits_by_any_name() {
    let change = Change::new().with_fresh();
    change.finish();
    let id = change.git(&["rev-parse", "base"]);
    change.git(&["fetch", "--quiet", ".", "base"]);
    change.git(&["branch", "--quiet", "feed", "base"]);
    for name in [
        "base",
        "heads/base",
        "refs/heads/base",
        "refs/heads/feed",
        "HEAD~1",
        "HEAD^",
        "HEAD^1",
        "HEAD~0^1~0",
        "base~0",
        "FETCH_HEAD",
        id.as_str(),
        &format!("{id}^0"),
    ] {
        let document = document(&audit(&change, name).expect_code(1));
        assert_eq!(document["summary"]["not_judged"], 2, "{name}");
        assert_eq!(document["policy"]["base"], name);
        assert_eq!(document["policy"]["base_commit"], id, "{name}");
    }
    let text = change.world.audit(&["--base", "base"]).stdout;
    assert!(text.contains(&format!("of the base base (--base {id})")), "{text}");
    // From a detached head, as CI checks out.
    change.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(document(&audit(&change, "base").expect_code(1))["summary"]["not_judged"], 2);
}

#[test]
fn what_names_no_commit_is_refused() {
    let change = Change::new().with_fresh();
    change.finish();
    for name in [
        "origin/main",
        "--help",
        "-",
        "",
        "--output=x",
        "base:Cargo.lock",
        "HEAD^{tree}",
        "base..work",
        "absent.lock",
        "@",
        "base@{0}",
        "@{-1}",
        ":/base",
        "HEAD^{/base}",
        "FETCH_HEAD",
        "heads/*",
        "refs/heads/absent",
        &"a".repeat(40),
        &"a".repeat(64),
        "^base",
        "~1",
    ] {
        let outcome = audit(&change, name).expect_code(2);
        assert_eq!(outcome.stdout, "", "{name}");
        assert!(
            outcome.stderr.starts_with("error: ") && outcome.stderr.contains("help:"),
            "{name}: {}",
            outcome.stderr
        );
    }
    assert!(!change.world.project.path("x").exists());
}

#[test]
fn a_file_that_a_change_brings_is_never_taken_for_a_reference() {
    let change = Change::new().with_fresh();
    // A lock file with everything in it, named as the reference that CI gives.
    let lock = change.world.project.read("Cargo.lock");
    change.world.project.write("origin/main", &lock).write("base", &lock);
    change.edit("sequester.toml", "10 days", "0");
    assert_eq!(reasons(&change.json(1), "fresh"), ["too-new"]);
    let outcome = audit(&change, "origin/main").expect_code(2);
    assert!(outcome.stderr.contains("origin/main"), "{}", outcome.stderr);
}

#[test]
fn a_folder_without_a_repository_is_said_to_be_one() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    let outcome = world.audit(&["--base", "main"]).expect_code(2);
    assert!(outcome.stderr.contains("no git repository"), "{}", outcome.stderr);
}

#[test]
fn a_shallow_clone_needs_the_base_fetched() {
    let change = Change::new().with_fresh();
    change.finish();
    let project = &change.world.project;
    let (from, clone) = (format!("file://{}", project.root()), project.outside().join("clone"));
    git(
        project,
        project.outside().as_str(),
        &["clone", "--quiet", "--depth=1", "--branch=work", &from, clone.as_str()],
    );
    let run = |base: &str| {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.args(["audit", "--now", NOW, "--format", "json", "--base", base]).current_dir(&clone);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = run("origin/base");
    assert!(code == Some(2) && stderr.contains("git fetch"), "{stderr}");
    git(project, clone.as_str(), &["fetch", "--quiet", "--depth=1", "origin", "base"]);
    assert_eq!(run("FETCH_HEAD"), (Some(1), String::new()));
}

#[test]
fn a_hook_that_points_git_elsewhere_changes_nothing() {
    let mut change = Change::new().with_fresh();
    change.finish();
    let other = change.world.project.outside().join("other");
    std::fs::create_dir(&other).unwrap();
    git(&change.world.project, other.as_str(), &["init", "--quiet"]);
    change.world.project = change.world.project.env("GIT_DIR", other.join(".git").as_str());
    assert_eq!(document(&audit(&change, "base").expect_code(1))["summary"]["not_judged"], 2);
}

/// The change as a branch or tag could be made to name it.
fn impostor() -> Change {
    let change = Change::new().with_fresh();
    change.edit("sequester.toml", "10 days", "0");
    change.finish();
    change
}

#[test]
fn a_name_that_a_tag_or_a_local_branch_has_as_well_is_refused() {
    let change = impostor();
    let base = change.git(&["rev-parse", "base"]);
    change.git(&["update-ref", "refs/remotes/origin/main", &base]);
    assert_eq!(document(&audit(&change, "origin/main").expect_code(1))["policy"]["base_commit"], base);
    for kind in ["tags", "heads"] {
        let other = format!("refs/{kind}/origin/main");
        change.git(&["update-ref", &other, "HEAD"]);
        for name in ["origin/main", "origin/main~0", "origin/main^0"] {
            let outcome = audit(&change, name).expect_code(2);
            assert!(outcome.stderr.contains(&other) && outcome.stdout.is_empty(), "{name}: {}", outcome.stderr);
            let help = outcome.stderr.split_once("--base ").unwrap().1.trim();
            assert_eq!(help, "refs/remotes/origin/main");
            assert_eq!(document(&audit(&change, help).expect_code(1))["policy"]["base_commit"], base);
        }
        change.git(&["update-ref", "-d", &other]);
    }
    // Also where both are the same commit today.
    change.git(&["tag", "base", "base"]);
    audit(&change, "base").expect_code(2);
}

#[test]
fn a_short_id_is_no_base() {
    let change = impostor();
    let id = change.git(&["rev-parse", "base"]);
    for digits in [4, 7, 12, 39] {
        let name = &id[..digits];
        // A tag of that name is what git would take.
        for name in [name.to_owned(), format!("{name}~0"), format!("v1.0-3-g{name}")] {
            let outcome = audit(&change, &name).expect_code(2);
            assert!(outcome.stderr.contains("git rev-parse"), "{}", outcome.stderr);
        }
        change.git(&["tag", name, "HEAD"]);
        let outcome = audit(&change, name).expect_code(2);
        assert!(outcome.stderr.contains(&format!("refs/tags/{name}")), "{}", outcome.stderr);
    }
    // The whole id is the commit's, whatever is named like it.
    change.git(&["update-ref", &format!("refs/tags/{id}"), "HEAD"]);
    assert_eq!(document(&audit(&change, &id).expect_code(1))["policy"]["base_commit"], id);
}

#[test]
fn what_stands_for_a_fetch_is_no_branch_of_that_name() {
    let change = impostor();
    change.git(&["update-ref", "refs/tags/FETCH_HEAD", "HEAD"]);
    audit(&change, "FETCH_HEAD").expect_code(2);
    change.git(&["fetch", "--quiet", ".", "base"]);
    let outcome = audit(&change, "FETCH_HEAD").expect_code(2);
    assert!(outcome.stderr.contains("refs/tags/FETCH_HEAD"), "{}", outcome.stderr);
    change.git(&["update-ref", "-d", "refs/tags/FETCH_HEAD"]);
    assert_eq!(reasons(&document(&audit(&change, "FETCH_HEAD").expect_code(1)), "fresh"), ["too-new"]);
}

/// What a run with a base prints is for verbs that have none, too.
#[test]
fn a_printed_command_that_judges_no_change_names_no_base() {
    let change = Change::new();
    let helps = |arguments: &[&str]| -> Vec<String> {
        let arguments = [arguments, &["--base", "base", "--now", NOW, "--no-advisories"]].concat();
        let outcome = change.world.project.sequester(&arguments);
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        let commands = text.lines().filter_map(|line| Some(line.split_once("cargo sequester ")?.1.trim().to_owned()));
        commands.map(|command| command.split('`').next().unwrap().to_owned()).collect()
    };
    let of_absent = helps(&["explain", "absent"]);
    assert!(of_absent.iter().any(|help| help.starts_with("cargo ")), "{of_absent:?}");
    std::fs::remove_file(change.world.project.path("Cargo.lock")).unwrap();
    let of_unlocked = helps(&["audit"]);
    assert!(of_unlocked.iter().any(|help| help.contains("generate-lockfile")), "{of_unlocked:?}");
    for help in of_absent.iter().chain(&of_unlocked) {
        let words: Vec<&str> = help.split(' ').collect();
        let judges_a_change = ["audit", "explain", "status"].contains(&words[0]);
        assert!(judges_a_change || !words.contains(&"--base"), "{help}");
    }
    let command = of_unlocked.iter().find(|help| help.contains("generate-lockfile")).unwrap();
    change.world.project.sequester(&command.split(' ').collect::<Vec<_>>()).expect_code(0);
}
