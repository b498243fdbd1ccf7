//! What can be asked and what cannot.

use super::*;
use crate::support::Reply;

fn simple() -> World {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    world
}

#[test]
fn c15_nothing_at_all_is_a_clear_no() {
    let world = simple();
    std::fs::remove_dir_all(world.project.cargo_home()).unwrap();
    world.project.write("sequester.toml", "").write(".cargo/config.toml", "");
    let outcome = world.audit(&["--offline"]).expect_code(2);
    insta::assert_snapshot!(world.redact(&outcome.stdout));
    let document = document(&world.project.sequester(&["audit", "--offline", "--format", "json"]).expect_code(2));
    assert_eq!(codes(&document["blockers"]), ["advisories-unavailable", "index-unavailable"]);
}

#[test]
fn offline_reads_what_cargo_left_and_says_how_old_it_is() {
    let world = simple();
    world.registry.forget_requests();
    let document = world.json(&["--offline"], 0);
    assert_eq!(codes(&document["notices"]), ["index-from-cache"]);
    world.json(&["--frozen"], 0);
    let world = World { project: world.project.env("CARGO_NET_OFFLINE", "true"), ..world };
    world.json(&[], 0);
    assert_eq!(world.registry.requested_paths(), [""; 0]);
}

#[test]
fn a_registry_that_is_down_blocks_and_is_named() {
    let world = simple();
    world.registry.reply("*", Reply::status(503));
    let world = World { project: world.project.env("CARGO_NET_RETRY", "1"), ..world };
    std::fs::remove_dir_all(world.project.cargo_home()).unwrap();
    let document = world.json(&[], 2);
    assert_eq!(codes(&document["blockers"]), ["index-unavailable"]);
    assert_eq!(reasons(&document, "old"), ["index-unavailable"]);
    let text = world.audit(&[]).expect_code(2).stdout;
    assert!(text.contains("503") && text.contains("help:"), "{text}");
}

#[test]
fn c14_a_registry_that_recovers_is_waited_for() {
    let world = simple();
    std::fs::remove_dir_all(world.project.cargo_home()).unwrap();
    let path = TestRegistry::index_path("old");
    world.registry.reply(&path, Reply::status(429).header("Retry-After", "0").times(1));
    world.registry.reply(&path, Reply::status(502).times(1));
    world.registry.reply(&path, Reply::hang_up().times(1));
    world.json(&[], 0);
}

#[test]
fn c14_gone_in_every_form_is_gone() {
    for status in [404, 410, 451] {
        let world = simple();
        world.registry.reply(&TestRegistry::index_path("old"), Reply::status(status));
        assert_eq!(reasons(&world.json(&[], 1), "old"), ["not-in-index"], "{status}");
    }
}

#[test]
fn without_any_source_of_advisories_the_rest_is_judged() {
    let world = World::new().dep("fresh", "1");
    Package::new("fresh", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-21T00:00:00Z").publish(&world.registry);
    world.lock();
    // Nobody listens on this port.
    let db = "http://127.0.0.1:1/advisory-db/main.tar.gz";
    let world = World { project: world.project.env("CARGO_NET_RETRY", "0"), ..world };
    let document = world.json(&["--advisory-db", db], 2);
    assert_eq!(codes(&document["blockers"]), ["advisories-unavailable"]);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    let text = world.audit(&["--advisory-db", db]).expect_code(2).stdout;
    assert!(text.contains("--advisory-db") && text.contains("fresh@1.1.0"), "{text}");
}

#[test]
fn judging_without_advisories_is_recorded() {
    let world = simple();
    let document = world.json(&["--no-advisories"], 0);
    assert_eq!(codes(&document["notices"]), ["advisories-skipped"]);
    assert_eq!(document["advisory_db"], Value::Null);
    assert!(world.audit(&["--no-advisories"]).stdout.contains("--no-advisories"));
    world.audit(&["--no-advisories", "--advisory-db", "x"]).expect_code(2);
}

#[test]
fn advisories_come_from_an_archive_over_http() {
    let world = simple();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "old"));
    let committed = 1_795_219_200; // 2026-11-21
    world.registry.reply("/db.tar.gz", Reply::ok(world.advisories.archive(&"a".repeat(40), committed)));
    let db = world.registry.address("/db.tar.gz");
    let now = cargo_sequester::door::gather::clock::now().to_string();
    let document = world.json(&["--advisory-db", &db, "--now", &now], 1);
    assert_eq!(reasons(&document, "old"), ["advisory"]);
    assert_eq!(document["advisory_db"]["commit"], "a".repeat(40));
}

#[test]
fn e5_an_advisory_that_cannot_be_read_holds_its_crate_alone() {
    let world = simple();
    world.advisories.write("crates/old/RUSTSEC-2026-0002.md", "```toml\n[advisory\n```\n");
    world.advisories.write("crates/other/RUSTSEC-2026-0003.md", "nothing of the kind");
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "old"), ["advisory-unreadable"]);
    assert_eq!(codes(&document["blockers"]), [""; 0]);
    assert_eq!(document["summary"]["rejected"], 1);
    let text = world.audit(&[]).expect_code(1).stdout;
    assert!(text.contains("crates/old/RUSTSEC-2026-0002.md"), "{text}");
}

#[test]
fn a_mirror_that_the_policy_does_not_name_is_not_asked() {
    let world = simple();
    world.project.write("sequester.toml", world.policy_text("").replace("mirrors = [", "mirrors = [] # "));
    world.registry.forget_requests();
    let document = world.json(&[], 2);
    assert_eq!(codes(&document["blockers"])[0], "mirror-not-allowed");
    assert_eq!(world.registry.requested_paths(), [""; 0]);
    let text = world.redact(&world.audit(&[]).expect_code(2).stdout);
    insta::assert_snapshot!(text);
}

#[test]
fn other_registries_must_be_named_and_may_be_trusted() {
    let mine = TestRegistry::new();
    Package::new("inner", "1.0.0").pubtime("2026-11-21T23:00:00Z").publish(&mine);
    let mut world = World::new();
    world.project = world.project.registry("mine", &mine).dep_toml("inner = { version = \"1\", registry = \"mine\" }");
    world.lock();
    // The policy does not name it, so whoever wrote the lock file does not say whom this machine talks to.
    mine.forget_requests();
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "inner"), ["source-not-allowed"]);
    assert_eq!(document["blockers"].as_array().unwrap().len(), 0, "{document:#}");
    assert_eq!(mine.requested_paths(), [""; 0]);
    let index = mine.url();
    world.policy(&format!("[registries.whatever]\nindex = {index:?}"));
    assert_eq!(reasons(&world.json(&[], 1), "inner"), ["too-new", "new-crate"]);
    world.policy(&format!("[registries.whatever]\nindex = {index:?}\nmin-publish-age = \"0\""));
    assert_eq!(package(&world.json(&[], 0), "inner")["basis"]["code"], "trusted-registry");
    // Trust is no cure for other bytes.
    Package::new("inner", "1.0.0").file("src/lib.rs", "pub fn other() {}").publish(&mine);
    assert_eq!(reasons(&world.json(&[], 1), "inner"), ["checksum-mismatch"]);
}

#[test]
fn a_registry_that_wants_a_token_gets_the_one_of_its_address() {
    let mine = TestRegistry::new();
    Package::new("inner", "1.0.0").publish(&mine);
    let mut world = World::new();
    world.project = world.project.registry("mine", &mine).dep_toml("inner = { version = \"1\", registry = \"mine\" }");
    world.lock();
    world.policy(&format!("[registries.mine]\nindex = {:?}", mine.url()));
    mine.require_token("secret-of-mine").forget_requests();
    world.registry.forget_requests();
    world.project = world.project.env("CARGO_REGISTRIES_MINE_TOKEN", "secret-of-mine");
    std::fs::remove_dir_all(world.project.cargo_home()).unwrap();
    world.json(&[], 0);
    let sent =
        |registry: &TestRegistry| registry.requests().iter().any(|one| one.headers.contains_key("authorization"));
    assert!(sent(&mine) && !sent(&world.registry));
    world.project = world.project.env("CARGO_REGISTRIES_MINE_TOKEN", "wrong");
    std::fs::remove_dir_all(world.project.cargo_home()).unwrap();
    let outcome = world.audit(&[]).expect_code(2);
    assert!(!outcome.stdout.contains("wrong") && !outcome.stderr.contains("wrong"), "{outcome:?}");
}
