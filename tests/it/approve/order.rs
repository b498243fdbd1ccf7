//! The order of events, and policies that changed between them.

use super::{OLD, THEN, fresh};
use crate::audit::World;
use crate::support::Package;

fn loosened(world: &World) -> Vec<(String, Vec<String>)> {
    let log = world.log();
    let events = log["events"].as_array().unwrap().iter().rev().map(|entry| {
        let event = &entry["event"];
        let changes = event["loosened"].as_array().into_iter().flatten();
        (
            event["kind"].as_str().unwrap().to_owned(),
            changes.map(|one| one["key"].as_str().unwrap().to_owned()).collect(),
        )
    });
    events.collect()
}

#[test]
fn i7_a_policy_that_became_looser_is_itself_an_event() {
    let world = fresh();
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    let policy = world.project.read("sequester.toml");
    world.project.write("sequester.toml", format!("{policy}\n[quarantine]\nmin-publish-age = \"6 days\"\n"));
    world.approve(&["bar", "--reason", "y"]).expect_code(0);
    let only = |kind: &str| (kind.to_owned(), Vec::new());
    let key = "quarantine.min-publish-age".to_owned();
    assert_eq!(loosened(&world), [only("approved"), ("policy-loosened".to_owned(), vec![key]), only("approved")]);
    // Told once; a stricter one is told as changed.
    world.approve(&["bar", "--reason", "z"]).expect_code(0);
    assert_eq!(world.kinds().len(), 4);
    world.project.write("sequester.toml", world.project.read("sequester.toml").replace("6 days", "60 days"));
    world.approve(&["bar", "--reason", "z"]).expect_code(0);
    assert_eq!(world.kinds()[4..], ["policy-changed", "approved"]);
}

#[test]
fn g1_an_approval_whose_run_was_killed_before_its_event_is_told_by_the_next_one() {
    let world = fresh();
    Package::new("bar", "1.2.0").pubtime(super::FRESH).publish(&world.registry);
    Package::new("baz", "1.0.0").pubtime(super::FRESH).publish(&world.registry);
    world.approve(&["baz@1.0.0", "--reason", "x"]).expect_code(0);
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    // What a run leaves that was killed between the two writes: the policy's entry without its event.
    let last = world.log()["events"][0]["file"].as_str().unwrap().to_owned();
    std::fs::remove_file(world.project.path(&format!(".sequester/trail/{last}"))).unwrap();
    world.then(0);
    world.approve(&["bar@1.2.0", "--reason", "x"]).expect_code(0);
    let told = loosened(&world);
    assert_eq!(told[1], ("policy-loosened".to_owned(), vec!["approval bar@1.1.0".to_owned()]));
    assert_eq!(told[2], ("approved".to_owned(), Vec::new()));
    // And once only.
    world.project.sequester(&["revoke", "baz"]).expect_code(0);
    assert_eq!(world.kinds(), ["approved", "policy-loosened", "approved", "revoked"]);
    world.project.sequester(&["log", "--verify"]).expect_code(0);
}

/// A trail that forgot what was revoked would take it for told already; one that forgot more would tell what nobody changed.
#[test]
fn i7_what_was_revoked_and_is_written_back_by_hand_is_told_and_nothing_else() {
    let world = fresh();
    for version in ["1.2.0", "1.3.0"] {
        Package::new("bar", version).pubtime(super::FRESH).publish(&world.registry);
    }
    Package::new("baz", "1.2.0").pubtime(super::FRESH).publish(&world.registry);
    for spec in ["bar@1.1.0", "baz@1.2.0", "bar@1.2.0"] {
        world.approve(&[spec, "--reason", "x"]).expect_code(0);
    }
    let policy = world.project.read("sequester.toml");
    world.project.sequester(&["revoke", "bar@1.2.0"]).expect_code(0);
    world.approve(&["bar@1.3.0", "--reason", "x"]).expect_code(0);
    assert_eq!(world.kinds(), ["approved", "approved", "approved", "revoked", "approved"]);
    world.project.sequester(&["revoke", "bar@1.3.0"]).expect_code(0);
    let written_back = || {
        world.project.write("sequester.toml", &policy);
        world.approve(&["bar@1.3.0", "--reason", "x"]).expect_code(0);
        loosened(&world)[world.kinds().len() - 2..].to_vec()
    };
    let told =
        [("policy-loosened".to_owned(), vec!["approval bar@1.2.0".to_owned()]), ("approved".to_owned(), Vec::new())];
    assert_eq!(written_back(), told);
    // Told before, and revoked since.
    for spec in ["bar@1.2.0", "bar@1.3.0"] {
        world.project.sequester(&["revoke", spec]).expect_code(0);
    }
    assert_eq!(written_back(), told);
}

#[test]
fn the_same_approval_again_takes_the_place_of_the_first() {
    let world = fresh();
    let told = world.approve(&["bar", "--reason", "x", "--until", "2025-01-31"]).expect_code(0).stdout;
    assert!(!told.contains("replaces"), "{told}");
    let told = world.approve(&["bar", "--reason", "y", "--until", "2025-02-01"]).expect_code(0).stdout;
    assert!(told.contains("replaces: through 2025-01-31: x\n"), "{told}");
    let told = world.approve(&["bar", "--reason", "y", "--until", "2025-02-01"]).expect_code(0).stdout;
    assert!(!told.contains("replaces"), "{told}");
    let policy = world.project.read("sequester.toml");
    assert_eq!(policy.matches("[[approval]]").count(), 1, "{policy}");
    assert!(policy.contains("reason = \"y\"") && policy.contains("until = 2025-02-01"), "{policy}");
}
