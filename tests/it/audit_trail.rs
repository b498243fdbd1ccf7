//! `audit` held to what the audit trail recorded.

use crate::approve::{FRESH, OLD, THEN, fresh};
use crate::audit::{World, codes, package, reasons};
use crate::support::{Advisory, Package};

fn bar(version: &str, pubtime: &str) -> Package {
    Package::new("bar", version).pubtime(pubtime)
}

/// `bar` 1.1.0 is locked, approved and recorded.
fn approved() -> World {
    let world = fresh();
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    world.then(0);
    world
}

#[test]
fn c6_a_pubtime_that_changed_is_not_believed() {
    let world = approved();
    bar("1.1.0", OLD).dep("helper", "1").publish(&world.registry);
    assert_eq!(reasons(&world.then(1), "bar"), ["pubtime-changed"]);
    bar("1.1.0", OLD).no_pubtime().dep("helper", "1").publish(&world.registry);
    assert!(reasons(&world.then(1), "bar").contains(&"pubtime-changed".to_owned()));
}

#[test]
fn b5_bytes_that_changed_are_not_believed_whoever_says_so() {
    let world = approved();
    // The index and the lock file agree on other bytes.
    let lock = world.project.read("Cargo.lock");
    let first = package(&world.then(0), "bar")["checksum"].as_str().unwrap().to_owned();
    let other = bar("1.1.0", FRESH).dep("helper", "1").file("src/lib.rs", "//! Other.\n").publish(&world.registry);
    world.project.write("Cargo.lock", lock.replace(&first, &other));
    let document = world.then(1);
    assert_eq!(reasons(&document, "bar"), ["too-new", "checksum-mismatch"]);
    assert_eq!(package(&document, "bar")["reasons"][1]["witness"], "trail");
}

#[test]
fn c7_a_release_that_was_removed_is_an_alarm_and_its_approval_is_suspended() {
    let world = approved();
    bar("1.2.0", FRESH).publish(&world.registry);
    world.registry.delete("bar", "1.1.0");
    let document = world.then(1);
    assert_eq!(reasons(&document, "bar"), ["not-in-index"]);
    assert!(codes(&document["notices"]).contains(&"removed-upstream".to_owned()), "{document:#}");
    world.registry.delete_crate("bar");
    let document = world.then(1);
    assert_eq!(reasons(&document, "bar"), ["not-in-index"]);
    assert!(codes(&document["notices"]).contains(&"removed-upstream".to_owned()), "{document:#}");
}

#[test]
fn c10_a_list_that_ends_before_what_was_recorded_stops_the_run() {
    let world = approved();
    bar("1.2.0", "2024-11-21T00:00:00Z").publish(&world.registry);
    world.approve(&["bar@1.2.0", "--reason", "x"]).expect_code(0);
    world.registry.delete("bar", "1.2.0");
    let document = world.then(2);
    assert_eq!(codes(&document["blockers"]), ["index-shortened"], "{document:#}");
}

#[test]
fn c16_a_name_that_was_given_to_another_crate_has_no_approvals() {
    let world = approved();
    world.registry.delete_crate("bar");
    // The same release again, byte for byte, in a crate that begins later than the recorded one.
    bar("1.1.0", "2024-11-21T00:00:00Z").dep("helper", "1").publish(&world.registry);
    let document = world.then(1);
    assert!(codes(&document["notices"]).contains(&"crate-reappeared".to_owned()), "{document:#}");
    let found = reasons(&document, "bar");
    assert!(found.contains(&"too-new".to_owned()) && found.contains(&"pubtime-changed".to_owned()), "{found:?}");
}

#[test]
fn d2_a_clock_that_went_back_stops_the_run() {
    let world = approved();
    // The event is of this moment; one of tomorrow is what a clock leaves that goes back today.
    let trail = world.project.path(".sequester/trail");
    let read = cargo_sequester::door::gather::trail::read(&trail).unwrap();
    let tomorrow = cargo_sequester::door::gather::clock::now() + jiff::SignedDuration::from_hours(24);
    let mut event = read.events.values().next().unwrap().clone();
    (event.time, event.machine_time) = (jiff::Timestamp::from_second(tomorrow.as_second()).unwrap(), None);
    cargo_sequester::door::write::trail::append(&trail, &read, event).unwrap();
    let told = world.project.sequester(&["audit", "--format", "json"]).expect_code(2);
    assert_eq!(codes(&crate::audit::document(&told)["blockers"]), ["clock-behind-trail"]);
    // A moment that the caller sets is held against no clock, but nothing is written after an event of tomorrow.
    world.then(0);
    let told = world.approve(&["bar", "--reason", "y"]).expect_code(2).stderr;
    assert!(told.contains("set the machine's clock"), "{told}");
}

#[test]
fn with_a_base_an_added_approval_is_policy_loosened_and_a_removed_event_trail_truncated() {
    let world = fresh();
    world.repository();
    world.approve(&["bar", "--reason", "x"]).expect_code(0);
    let base = ["--now", THEN, "--base", "HEAD"];
    let document = world.json(&base, 1);
    assert_eq!(document["loosened"][0]["key"], "approval bar@1.1.0");
    assert_eq!(document["trail_truncated"], serde_json::json!([]));
    world.commit();
    assert_eq!(world.json(&base, 0)["loosened"], serde_json::json!([]));
    let name = world.events()[0].clone();
    let path = format!(".sequester/trail/{name}");
    let text = world.project.read(&path);
    for change in [None, Some(text.replace("too-new", "new-crate"))] {
        match change {
            None => std::fs::remove_file(world.project.path(&path)).unwrap(),
            Some(text) => drop(world.project.write(&path, text)),
        }
        assert_eq!(world.json(&base, 1)["trail_truncated"], serde_json::json!([name]));
        let told = world.audit(&base).expect_code(1).stdout;
        assert!(told.contains("Truncated") && told.contains(&name), "{told}");
        let told = world.audit(&[&base[..], &["--format", "github"]].concat()).expect_code(1).stdout;
        assert!(told.contains("audit trail truncated"), "{told}");
    }
    // A policy without its trail is judged by the base's, so what was recorded still counts.
    std::fs::remove_dir_all(world.project.path(".sequester")).unwrap();
    bar("1.1.0", OLD).dep("helper", "1").publish(&world.registry);
    world.project.write("Cargo.toml", world.project.read("Cargo.toml"));
    assert_eq!(world.json(&base, 1)["trail_truncated"], serde_json::json!([name]));
}

#[test]
fn i1_an_event_that_was_edited_stops_the_run_by_name() {
    let world = approved();
    let name = world.events()[0].clone();
    let path = format!(".sequester/trail/{name}");
    world.project.write(&path, world.project.read(&path).replace("too-new", "too-old"));
    let document = world.then(2);
    assert_eq!(codes(&document["blockers"]), ["trail-broken"]);
    assert!(document["blockers"][0]["message"].as_str().unwrap().contains(&name), "{document:#}");
    // What is no event does not.
    let world = approved();
    world.project.write(".sequester/trail/README.md", "What lies here.\n");
    assert_eq!(codes(&world.then(0)["notices"]), ["trail-disordered"]);
}

#[test]
fn e6_malice_that_becomes_known_later_stops_what_was_approved_and_vendored() {
    let world = approved();
    world.run("vendor", &["--no-config"]).expect_code(0);
    world.then(0);
    let malice = Advisory::new("RUSTSEC-2024-0999", "bar").malicious().date("2024-11-22");
    world.advisories.add(&malice);
    let document = world.then(1);
    assert_eq!(reasons(&document, "bar"), ["malicious"]);
    let told = world.audit(&["--now", THEN]).expect_code(1).stdout;
    for part in ["bar@1.1.0", "RUSTSEC-2024-0999", "nor an approval lifts this", "cargo sequester incident bar@1.1.0"] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    let again = world.run("vendor", &["--no-config"]).expect_code(1);
    assert!(again.stdout.contains("Malicious bar@1.1.0"), "{}{}", again.stdout, again.stderr);
    // Nothing but another lock file helps: the approval is not to be had again.
    world.approve(&["bar", "--reason", "x", "--until", "2025-01-01"]).expect_code(1);
}

#[test]
fn i6_a_policy_that_changed_is_what_decides_and_not_what_was_recorded() {
    let world = approved();
    world.run("vendor", &["--no-config"]).expect_code(0);
    world.then(0);
    let kept = world.project.read("sequester.toml");
    // What the trail recorded as approved is judged by the policy that there is now: held where it asks for more ...
    let approval = kept.find("[[approval]]").unwrap();
    world.project.write("sequester.toml", &kept[..approval]);
    assert_eq!(reasons(&world.then(1), "bar"), ["too-new"]);
    world.project.write("sequester.toml", format!("{kept}\n[bans]\ndeny = [\"helper\"]\n"));
    assert_eq!(reasons(&world.then(1), "helper"), ["denied"]);
    // ... and approved where it asks for less, which is told.
    world
        .project
        .write("sequester.toml", format!("{}\n[quarantine]\nmin-publish-age = \"1 day\"\n", &kept[..approval]));
    assert_eq!(package(&world.then(0), "bar")["verdict"], "approved");
}
