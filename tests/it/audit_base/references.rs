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
    for name in ["base", "HEAD~1", "refs/heads/base", id.as_str(), &id[..12]] {
        assert_eq!(document(&audit(&change, name).expect_code(1))["summary"]["not_judged"], 2, "{name}");
    }
    // From a detached head, as CI checks out.
    change.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(document(&audit(&change, "base").expect_code(1))["summary"]["not_judged"], 2);
}

#[test]
fn what_names_no_commit_is_refused() {
    let change = Change::new().with_fresh();
    change.finish();
    for name in
        ["origin/main", "--help", "-", "", "--output=x", "base:Cargo.lock", "HEAD^{tree}", "base..work", "absent.lock"]
    {
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
