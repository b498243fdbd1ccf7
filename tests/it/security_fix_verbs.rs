//! `audit`, `explain`, `update` and `audit --base` say the same of the same security fix on the same ground.

use serde_json::{Value, json};

use crate::audit::{World, package, reasons};
use crate::audit_base::Change;
use crate::support::{Advisory, AdvisoryFolder, Package, TestRegistry};
use crate::update;

/// A folder of advisories that is young enough to know of everything.
fn known(advisories: &AdvisoryFolder, day: &str) {
    advisories.add(&Advisory::new("RUSTSEC-2026-0009", "unrelated").date(day));
}

#[test]
fn what_audit_calls_approved_update_takes_where_all_that_is_older_is_yanked() {
    let registry = TestRegistry::new();
    Package::new("h2", "0.4.4").pubtime(update::OLD).publish(&registry);
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2026-0901", "h2").date("2026-01-13").patched(">= 0.4.5"));
    known(&advisories, "2026-01-14");
    let project = update::project(&registry).dep("h2", "0.4");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    project.lock_with_cargo();
    Package::new("h2", "0.4.4").pubtime(update::OLD).yanked().publish(&registry);
    Package::new("h2", "0.4.5").pubtime(update::FRESH).publish(&registry);
    let run = |verb: &[&str], code| {
        let root = advisories.root();
        let by = ["--now", update::NOW, "--advisory-db", root.as_str(), "--format", "json"];
        let outcome = project.sequester(&[verb, &by].concat()).expect_code(code);
        serde_json::from_str::<Value>(&outcome.stdout).unwrap()
    };
    let in_place_of = |locked_by| json!({ "code": "vulnerable-locked", "version": "0.4.4", "locked_by": locked_by });
    let before = run(&["audit"], 1);
    assert_eq!(package(&before, "h2")["fixes"][0]["basis"]["need"], in_place_of("lock-file"), "{before:#}");
    let explained = run(&["explain", "h2@0.4.5"], 0);
    assert_eq!(explained["release"]["judged"]["basis"]["need"], in_place_of("lock-file"), "{explained:#}");
    let updated = run(&["update"], 0);
    assert_eq!(update::locked(&project, "h2"), "0.4.5");
    assert_eq!(updated["changes"][0]["basis"]["need"], in_place_of("replaced-lock-file"), "{updated:#}");
    let after = run(&["audit"], 0);
    assert_eq!(
        package(&after, "h2")["basis"]["need"],
        json!({ "code": "fix-locked", "version": "0.4.4" }),
        "{after:#}"
    );
    // A second run changes nothing.
    assert_eq!(run(&["update"], 0)["result"], "unchanged");
}

/// `sys` is fixed in 0.3.1 and comes in through exact requirements of `wrap`.
fn wrapped(sys: &str) -> Change {
    let world = World::new().dep("wrap", "1");
    Package::new("sys", "0.2.9").publish(&world.registry);
    Package::new("sys", "0.3.0").publish(&world.registry);
    Package::new("sys", "0.4.0").publish(&world.registry);
    Package::new("wrap", "1.0.0").dep("sys", sys).publish(&world.registry);
    world.policy("");
    world.lock();
    world
        .advisories
        .add(&Advisory::new("RUSTSEC-2026-0002", "sys").date("2026-11-18").patched(">= 0.3.1").unaffected("< 0.3.0"));
    known(&world.advisories, "2026-11-22");
    let change = Change::commit(world);
    Package::new("sys", "0.3.1").pubtime("2026-11-19T00:00:00Z").publish(&change.world.registry);
    Package::new("wrap", "1.0.1").pubtime("2026-11-19T00:00:00Z").dep("sys", "=0.3.1").publish(&change.world.registry);
    change.world.project.cargo(&["update"]).expect_code(0);
    change
}

#[test]
fn with_a_base_its_lock_file_is_what_needs_the_fix() {
    let change = wrapped("=0.3.0");
    let document = change.json(0);
    let need = json!({ "code": "vulnerable-locked", "version": "0.3.0", "locked_by": "base" });
    for name in ["sys", "wrap"] {
        assert_eq!(package(&document, name)["basis"]["need"], need, "{document:#}");
    }
    assert_eq!(package(&document, "wrap")["basis"]["role"], "dependent");
}

#[test]
fn with_a_base_what_the_change_no_longer_locks_still_says_what_may_come_along_with_its_fix() {
    let world = World::new().dep("sys", "0.3").dep("helper", "1");
    Package::new("helper", "1.0.0").publish(&world.registry);
    Package::new("sys", "0.3.0").dep("helper", "1").publish(&world.registry);
    world.lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "sys").date("2026-11-18").patched(">= 0.3.1"));
    known(&world.advisories, "2026-11-22");
    let change = Change::commit(world);
    let world = &change.world;
    Package::new("sys", "0.3.1").pubtime("2026-11-19T00:00:00Z").dep("helper", "1.0.1").publish(&world.registry);
    Package::new("helper", "1.0.1").pubtime("2026-11-19T00:00:00Z").publish(&world.registry);
    let manifest = world.project.read("Cargo.toml");
    let without: Vec<&str> = manifest.lines().filter(|line| !line.starts_with("sys")).collect();
    world.project.write("Cargo.toml", without.join("\n"));
    world.project.cargo(&["update"]).expect_code(0);
    let document = change.json(0);
    assert_eq!(package(&document, "helper")["basis"]["role"], "companion", "{document:#}");
}

#[test]
fn with_a_base_that_is_not_hit_nothing_in_the_change_makes_a_need() {
    let change = wrapped("=0.2.9");
    let document = change.json(1);
    for name in ["sys", "wrap"] {
        assert_eq!(reasons(&document, name), ["too-new"], "{document:#}");
    }
    // Nobody knows what was before, and the fix is locked: what would be there instead is vulnerable. An old release of its user would
    // do with one that never was.
    let alone = change.world.json(&[], 1);
    assert_eq!(package(&alone, "sys")["basis"]["need"]["code"], "fix-locked");
    assert_eq!(reasons(&alone, "wrap"), ["too-new"]);
}

#[test]
fn a_fix_of_five_hours_is_held_for_a_day_and_not_for_a_week() {
    let world = World::new().dep("mended", "1");
    Package::new("mended", "1.0.0").publish(&world.registry);
    world.lock();
    Package::new("mended", "1.0.1").pubtime("2026-11-21T19:00:00Z").publish(&world.registry);
    Package::new("mended", "1.0.2").pubtime("2026-11-21T20:00:00Z").publish(&world.registry);
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "mended").date("2026-11-21").patched(">= 1.0.1"));
    known(&world.advisories, "2026-11-22");
    let document = world.json(&[], 1);
    let fix = &package(&document, "mended")["fixes"][0];
    assert_eq!((&fix["version"], &fix["eligible_at"]), (&json!("1.0.1"), &json!("2026-11-22T19:00:00Z")), "{fix:#}");
    // Locked, it says the same, and why it is a day.
    world.project.cargo(&["update", "mended", "--precise", "1.0.1"]).expect_code(0);
    let document = world.json(&[], 1);
    let reason = &package(&document, "mended")["reasons"][0];
    assert_eq!(reason["eligible_at"], "2026-11-22T19:00:00Z", "{reason:#}");
    assert_eq!(reason["fix"], json!({ "advisory": "RUSTSEC-2026-0002", "min_age_seconds": 86_400 }), "{reason:#}");
    world.project.cargo(&["update", "mended", "--precise", "1.0.0"]).expect_code(0);
    let text = world.audit(&[]).stdout;
    assert!(text.contains("eligible in 19 hours, at 2026-11-22 19:00 UTC"), "{text}");
}
