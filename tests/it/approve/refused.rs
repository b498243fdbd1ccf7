//! What `approve` refuses, and that nothing is written then.

use super::{FRESH, OLD, THEN, fresh};
use crate::audit::{World, codes};
use crate::support::{Advisory, Package};

/// Runs `approve`, expects that it ends so, says so and leaves the project as it was.
#[track_caller]
fn refused(world: &World, arguments: &[&str], code: i32, says: &str) {
    let (policy, events) = (world.project.read("sequester.toml"), world.events());
    let told = world.project.sequester(&[&["approve"], arguments].concat()).expect_code(code);
    let all = format!("{}{}", told.stdout, told.stderr);
    assert!(all.contains(says), "{says}\n{all}");
    assert!(all.contains("help:"), "{all}");
    assert_eq!((world.project.read("sequester.toml"), world.events()), (policy, events));
}

#[test]
fn a_spec_must_name_one_release_of_the_graph() {
    let world = World::new().dep("twice", "1").dep_toml("again = { package = \"twice\", version = \"2\" }");
    Package::new("twice", "1.0.0").pubtime(FRESH).publish(&world.registry);
    Package::new("twice", "2.0.0").pubtime(FRESH).publish(&world.registry);
    world.lock();
    let refused = |spec: &str, says: &str| {
        refused(&world, &[spec, "--reason", "x", "--now", THEN], 2, says);
    };
    refused("twice", "`twice` could be any of\n  twice@1.0.0\n  twice@2.0.0");
    refused("twice@3", "`twice@3` is not in the dependency graph; it has twice@1.0.0, twice@2.0.0 of that name");
    refused("absent", "`absent` is not in the dependency graph");
    refused("absent@1.0.0", "its registry has no such release");
    refused("twice@1.0.9", "its registry has no such release");
    for bad in ["", "@1", "a b", "bar@", "bar@x", "https://example.org/index#"] {
        refused(bad, "is no package-id spec");
    }
    for good in [
        "twice@1",
        "twice:1.0.0",
        "registry+https://github.com/rust-lang/crates.io-index#twice@1.0.0",
        "https://github.com/rust-lang/crates.io-index#twice@1.0",
    ] {
        let told = world.approve(&[good, "--reason", "x"]).expect_code(0).stdout;
        assert!(told.contains("Approved twice@1.0.0"), "{told}");
    }
}

#[test]
fn arguments_that_cannot_be_meant_are_refused() {
    let world = fresh();
    let now = ["--now", THEN];
    let with = |more: &[&'static str]| [&["bar", "--reason", "x"], more, &now].concat();
    refused(&world, &["bar", "--reason", " ", "--now", THEN], 2, "--reason is empty");
    refused(&world, &with(&["--until", "2024-11-21"]), 2, "--until 2024-11-21 is before today, 2024-11-22");
    refused(&world, &with(&["--base", "HEAD"]), 2, "this command changes the working tree");
    refused(
        &world,
        &["bar", "--reason", "x", "--now", "2999-01-01T00:00:00Z"],
        2,
        "lies in the future, and this command writes",
    );
}

#[test]
fn a_malicious_release_cannot_be_approved_nor_its_advisory_ignored() {
    let world = fresh();
    world.advisories.add(&Advisory::new("RUSTSEC-2024-0200", "bar").malicious());
    refused(&world, &["bar", "--reason", "x", "--now", THEN], 1, "no approval lifts `malicious`");
    let ignore = ["bar", "--reason", "x", "--id", "RUSTSEC-2024-0200", "--until", "2024-12-01", "--now", THEN];
    refused(&world, &ignore, 1, "nothing lifts that");
}

#[test]
fn what_time_does_not_lift_needs_a_last_day() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").no_pubtime().publish(&world.registry);
    world.lock();
    refused(&world, &["bar", "--reason", "x", "--now", THEN], 2, "time does not lift `pubtime-unknown`");
    world.approve(&["bar", "--reason", "x", "--until", "2024-12-24"]).expect_code(0);
    world.then(0);
}

#[test]
fn what_needs_no_approval_gets_none() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    let told = world.approve(&["bar", "--reason", "x"]).expect_code(0).stdout;
    assert!(told.contains("bar@1.0.0 needs no approval; nothing was written"), "{told}");
    assert!(world.events().is_empty());
}

#[test]
fn a_run_that_cannot_decide_writes_nothing() {
    let world = fresh();
    refused(&world, &["bar", "--reason", "x", "--now", THEN, "--advisory-db", "absent"], 2, "undecided");
    // A trail of which nobody knows what it says is not added to.
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    let name = format!(".sequester/trail/{}", world.events()[0]);
    world.project.write(&name, world.project.read(&name).replace("too-new", "too-old"));
    refused(&world, &["bar", "--reason", "y", "--now", THEN], 2, "the audit trail is not whole");
    assert_eq!(codes(&world.then(2)["blockers"]), ["trail-broken"]);
}

#[test]
fn g2_a_repository_that_may_only_be_read_stays_as_it_is() {
    let world = fresh();
    let root = world.project.root();
    let set = |path: &camino::Utf8Path, readonly: bool| {
        let mut permissions = std::fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(readonly);
        std::fs::set_permissions(path, permissions).unwrap();
    };
    for place in [root.join("sequester.toml"), root] {
        set(&place, true);
        refused(&world, &["bar", "--reason", "x", "--now", THEN], 2, "help: make ");
        set(&place, false);
        assert!(world.events().is_empty());
    }
}

#[test]
fn without_git_and_without_a_policy_it_is_written_all_the_same() {
    let world = World::new();
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    let project = &world.project;
    let told = project.sequester(&["approve", "app", "--reason", "x", "--now", THEN]);
    assert_ne!(told.code, 0, "{told:?}");
    let world = fresh();
    let told = world.approve(&["bar", "--reason", "x"]).expect_code(0).stdout;
    assert!(told.contains("author unknown"), "{told}");
    assert!(world.log()["events"][0]["event"]["who"].is_null());
}

#[test]
fn a_detached_or_shallow_clone_is_a_repository_too() {
    let world = fresh();
    world.repository();
    world.git(&["checkout", "-q", "--detach"]);
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    world.commit();
    world.then(0);
    let document = world.json(&["--now", THEN, "--base", "HEAD"], 0);
    assert_eq!(document["trail_truncated"], serde_json::json!([]));
}
