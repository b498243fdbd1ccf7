//! Honest changes: what is new is judged, the rest is counted.

use super::*;

#[test]
fn only_what_a_change_adds_is_judged() {
    // The base itself holds a release that is too young by now: that is not this change's doing.
    let world = World::new().dep("young", "1");
    Package::new("young", "1.0.0").publish(&world.registry);
    Package::new("young", "1.1.0").pubtime("2026-11-19T00:00:00Z").publish(&world.registry);
    world.lock();
    let change = Change::commit(world).with_fresh();
    let document = change.json(1);
    assert_eq!(package(&document, "young")["verdict"], "not-judged");
    assert_eq!(package(&document, "app")["verdict"], "not-judged");
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    assert_eq!(document["summary"]["not_judged"], 2);
    assert_eq!(document["policy"]["base"], "base");
    let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
    insta::assert_snapshot!(change.redact(&text));
    // Without a base both are.
    let document = change.world.json(&[], 1);
    assert_eq!(reasons(&document, "young"), ["too-new"]);
}

#[test]
fn a_change_without_packages_is_approved() {
    let change = Change::new();
    change.world.project.write("src/lib.rs", "//! Other.\n");
    let document = change.json(0);
    assert_eq!(document["summary"]["not_judged"], 2);
    assert_eq!(loosened(&document), [""; 0]);
}

#[test]
fn a_change_may_make_the_policy_stricter_but_not_yet_be_judged_by_it() {
    let change = Change::new().with_fresh();
    change.edit("sequester.toml", "10 days", "1 month");
    let document = change.json(1);
    assert_eq!(loosened(&document), [""; 0]);
    assert_eq!(document["policy"]["min_age_seconds"], 864_000);
}

#[test]
fn a_base_without_a_policy_judges_by_the_defaults() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    let text = world.project.read("sequester.toml");
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    let change = Change::commit(world);
    change.world.project.write("sequester.toml", text);
    let db = change.world.advisories.root();
    change.finish();
    let arguments = ["--base", "base", "--advisory-db", db.as_str()];
    let document = change.world.json(&arguments, 2);
    // A folder's age limit and the mirror are the change's wishes; the base knows neither.
    assert!(codes(&document["blockers"]).contains(&"advisories-stale".to_owned()), "{document:#}");
    assert_eq!(document["policy"]["file"], Value::Null);
    assert!(loosened(&document).contains(&"sources.mirrors".to_owned()), "{document:#}");
}

#[test]
fn a_base_without_a_lock_file_has_everything_judged() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    let change = Change::commit(world);
    change.world.lock();
    // Nothing in it could be held against the base, so that whoever merges it is told.
    let document = change.json(1);
    assert_eq!(loosened(&document), ["the lock file that is judged"]);
    assert_eq!(document["summary"]["not_judged"], 0);
    assert_eq!(package(&document, "old")["verdict"], "approved");
}

#[test]
fn a_lock_file_can_be_the_base() {
    let change = Change::new();
    let saved = change.world.project.outside().join("saved.lock");
    std::fs::copy(change.world.project.path("Cargo.lock"), &saved).unwrap();
    let change = change.with_fresh();
    let document = change.world.json(&["--base", saved.as_str()], 1);
    assert_eq!(document["summary"]["not_judged"], 2);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    // The policy is then the working tree's, and the report says so.
    assert_eq!(document["policy"]["judged_by"], "file");
}

#[test]
fn a_workspace_below_the_top_of_the_repository() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.policy("[quarantine]\nmin-publish-age = \"10 days\"");
    world.lock();
    let mut change = Change { world };
    git(&change.world.project, change.world.project.outside().as_str(), &["init", "--quiet", "--initial-branch=work"]);
    std::fs::write(change.world.project.outside().join(".gitignore"), "/cargo-home\n/home\n").unwrap();
    change.git(&["add", "-A", ".."]);
    change.git(&["commit", "--quiet", "-m", "base"]);
    change.git(&["branch", "base"]);
    change = change.with_fresh();
    change.edit("sequester.toml", "10 days", "0");
    let document = change.json(1);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    assert_eq!(document["summary"]["not_judged"], 2);
    assert_eq!(loosened(&document), ["quarantine.min-publish-age"]);
}

#[test]
fn a_policy_from_outside_the_repository_is_the_callers() {
    let change = Change::new().with_fresh();
    let policy = change.world.project.outside().join("ours.toml");
    std::fs::write(&policy, change.world.policy_text("[quarantine]\nmin-publish-age = \"1 day\"")).unwrap();
    change.edit("sequester.toml", "10 days", "0");
    change.finish();
    let document = change.world.json(&["--base", "base", "--policy", policy.as_str()], 0);
    assert_eq!(loosened(&document), [""; 0]);
    let document = change.world.json(&["--base", "base", "--policy", "../ours.toml"], 0);
    assert_eq!(document["policy"]["min_age_seconds"], 86_400);
}

#[test]
fn a_private_registry_of_the_base_gets_its_token() {
    let mine = TestRegistry::new();
    Package::new("inner", "1.0.0").publish(&mine);
    let mut world = World::new();
    world.project = world.project.registry("mine", &mine).env("CARGO_REGISTRIES_MINE_TOKEN", "secret");
    world.policy(&format!("[registries.mine]\nindex = {:?}", mine.url()));
    world.lock();
    let change = Change::commit(world);
    change.append("Cargo.toml", "inner = { version = \"1\", registry = \"mine\" }");
    change.world.lock();
    mine.require_token("secret");
    std::fs::remove_dir_all(change.world.project.cargo_home()).unwrap();
    let document = change.json(0);
    assert_eq!(package(&document, "inner")["verdict"], "approved");
    // The manifest names the registry, which only the repository's configuration defines.
    assert_eq!(codes(&document["notices"]), [""; 0]);
}
