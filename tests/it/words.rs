//! What is said once, in few words, and where it fits: noise, and the width of a terminal.

use cargo_sequester::door::report::print::fold;

use crate::approve::{FRESH, OLD, THEN, fresh};
use crate::audit::World;
use crate::support::{Package, Project, TestRegistry};
use crate::update;

/// Lines as reports write them: a verb, a detail with a command, an error, and a file's text.
fn report() -> String {
    let verb = "\x1b[1m\x1b[31m    Rejected\x1b[0m".to_owned();
    let detail = "             \x1b[1m\x1b[36mhelp\x1b[0m".to_owned();
    let words = "words that go on and on ".repeat(7);
    format!(
        "{verb} {words}\n{detail}: {words}run `cargo sequester update some-crate --precise 1.2.3` now\n\
         \x1b[1m\x1b[31merror\x1b[0m: {words}\n# {words}\n"
    )
}

#[test]
fn lines_are_folded_below_their_text_at_80_and_at_120_columns() {
    for width in [80, 120] {
        let folded = fold(&report(), width);
        let plain = anstream::adapter::strip_str(&folded).to_string();
        let lines: Vec<&str> = plain.lines().collect();
        let hanging = |line: &&str| line.len() - line.trim_start().len();
        let (comments, told): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| line.starts_with('#'));
        assert!(told.iter().all(|line| line.chars().count() <= width), "{plain}");
        assert_eq!(comments.len(), 1, "a file's own text is not folded");
        let deep: Vec<usize> = told.iter().map(hanging).collect();
        let expected =
            if width == 80 { vec![4, 13, 13, 13, 19, 19, 19, 0, 7, 7] } else { vec![4, 13, 13, 19, 19, 0, 7] };
        assert_eq!(deep, expected, "{plain}");
        assert!(plain.contains("`cargo sequester update some-crate --precise 1.2.3`"), "torn: {plain}");
        // Nothing but line ends is added or lost.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&folded), words(&report()));
    }
}

#[test]
fn what_fits_and_what_is_too_narrow_is_left_alone() {
    assert_eq!(fold(&report(), 400), report());
    assert_eq!(fold(&report(), 20), report());
    assert_eq!(fold("{\n  \"a\": 1\n}\n", 80), "{\n  \"a\": 1\n}\n");
}

#[test]
fn an_update_of_one_crate_lists_nothing_of_others() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(update::OLD).publish(&registry);
    Package::new("baz", "1.0.0").pubtime(update::OLD).publish(&registry);
    let project = update::project(&registry).dep("bar", "1").dep("baz", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(update::FRESH).publish(&registry);
    Package::new("baz", "1.1.0").pubtime(update::FRESH).publish(&registry);
    let told = update::update(&project, &["bar"]).expect_code(0).stdout;
    assert!(told.contains("Held bar@1.0.0") && !told.contains("baz"), "{told}");
    assert!(update::update(&project, &[]).expect_code(0).stdout.contains("Held baz@1.0.0"));
}

/// Two exemptions from adoption that are over, one of a person that is over too.
const LAPSED: &str = r#"
[[approval]]
crate = "old"
version = "0.9.0"
checksum = "0000000000000000000000000000000000000000000000000000000000000000"
lifts = ["too-new"]
reason = "existing at adoption"
until = 2024-01-31

[[approval]]
crate = "older"
version = "0.9.0"
checksum = "0000000000000000000000000000000000000000000000000000000000000000"
lifts = ["too-new"]
reason = "existing at adoption: cargo-vet.toml:3 vouches"
until = 2024-02-29

[[approval]]
crate = "oldest"
version = "0.9.0"
checksum = "0000000000000000000000000000000000000000000000000000000000000000"
lifts = ["too-new"]
reason = "read by hand"
until = 2024-02-29
"#;

#[test]
fn what_is_over_is_told_in_one_line_and_an_update_clears_away_the_baseline() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    world.policy(LAPSED);
    let told = world.run("audit", &[]).expect_code(0).stdout;
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("lapsed")).collect();
    let expected = "Note 3 approvals lapsed and do not count: old@0.9.0 (sequester.toml:";
    assert!(lines.len() == 1 && lines[0].trim().starts_with(expected), "{told}");
    assert_eq!(told.matches("cargo sequester approve --prune").count(), 1, "{told}");
    // A dry run and a run about one crate leave the policy alone.
    let before = world.project.read("sequester.toml");
    world.run("update", &["--dry-run"]).expect_code(0);
    world.run("update", &["bar"]).expect_code(0);
    assert_eq!(world.project.read("sequester.toml"), before);
    let told = world.run("update", &[]).expect_code(0).stdout;
    assert!(told.contains("Pruned 2 entries from adoption"), "{told}");
    let after = world.project.read("sequester.toml");
    assert!(!after.contains("existing at adoption") && after.contains("read by hand"), "{after}");
    assert_eq!(world.kinds().last().map(String::as_str), Some("policy-changed"));
    world.run("approve", &["--prune"]).expect_code(0);
    assert!(!world.project.read("sequester.toml").contains("[[approval]]"));
}

#[test]
fn an_approval_that_waits_for_its_update_says_which_and_is_not_pruned() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    Package::new("bar", "1.1.0").pubtime(FRESH).publish(&world.registry);
    world.approve(&["bar@1.1.0", "--reason", "read it"]).expect_code(0);
    let told = world.run("audit", &[]).expect_code(0).stdout;
    assert!(told.contains("is not used yet: run `cargo sequester update bar`"), "{told}");
    world.run("approve", &["--prune"]).expect_code(0);
    assert!(world.project.read("sequester.toml").contains("1.1.0"));
    world.run("update", &["bar"]).expect_code(0);
    assert_eq!(update::locked(&world.project, "bar"), "1.1.0");
}

#[test]
fn the_baseline_is_counted_as_what_it_is() {
    let world = fresh();
    let checksum = world.then(1)["packages"][1]["checksum"].as_str().unwrap().to_owned();
    world.policy(&format!(
        "[[approval]]\ncrate = \"bar\"\nversion = \"1.1.0\"\nchecksum = {checksum:?}\nlifts = [\"too-new\"]\n\
         reason = \"existing at adoption\"\nuntil = 2024-12-31\n"
    ));
    let told = world.run("audit", &[]).expect_code(0).stdout;
    assert!(told.contains("Approved 1 baseline exception: bar@1.1.0"), "{told}");
}

#[test]
fn a_log_about_nothing_says_so_and_a_removed_ignore_is_no_longer_one() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    world.advisories.add(&crate::support::Advisory::new("RUSTSEC-2024-0001", "bar").date("2024-01-01"));
    let ignore = ["bar", "--id", "RUSTSEC-2024-0001", "--reason", "x", "--until", "2024-12-31"];
    world.approve(&ignore).expect_code(0);
    let log = |more: &[&str]| world.project.sequester(&[&["log"], more].concat()).expect_code(0).stdout;
    assert!(
        log(&["nosuch"]).contains("Nothing none of the audit trail's 1 event is about nosuch"),
        "{}",
        log(&["nosuch"])
    );
    assert!(log(&[]).contains("approval: ignores RUSTSEC-2024-0001"));
    world.project.sequester(&["approve", "--prune", "--now", "2025-02-01T00:00:00Z"]);
    world.project.sequester(&["revoke", "bar", "--id", "RUSTSEC-2024-0001"]);
    assert!(log(&[]).contains("approval: no longer ignores RUSTSEC-2024-0001"), "{}", log(&[]));
}

#[test]
fn adding_a_crate_beside_vendored_sources_says_what_is_left_to_do() {
    let world = World::new().dep("bar", "1");
    for name in ["bar", "baz"] {
        Package::new(name, "1.0.0").pubtime(OLD).publish(&world.registry);
    }
    world.lock();
    world.project.write("vendor/README", "approved sources lie here");
    let add = ["cargo", "--now", THEN, "add", "baz"];
    let told = world.project.sequester(&add).expect_code(0).stderr;
    assert!(told.contains("bring the vendored sources along: cargo sequester vendor"), "{told}");
}

#[test]
fn every_verb_has_exit_codes_of_its_own() {
    let help = |verb: &str| Project::new().sequester(&[verb, "-h"]).expect_code(0).stdout;
    assert!(help("revoke").contains("0  it is taken back") && !help("revoke").contains("approval lifts"));
    assert!(help("approve").contains("1  something stands against the release that no approval lifts"));
}

#[test]
fn one_crate_that_could_not_be_had_is_one() {
    let registry = TestRegistry::new();
    Package::new("foo-bar", "1.0.0").pubtime(update::OLD).publish(&registry);
    let project = update::project(&registry).dep("foo-bar", "1");
    registry.reply("/index/fo/o-/foo-bar", crate::support::Reply::status(500));
    let told = update::update(&project, &[]).expect_code(2).stderr;
    assert!(told.contains("error: the index entry of foo-bar could not be had"), "{told}");
}
