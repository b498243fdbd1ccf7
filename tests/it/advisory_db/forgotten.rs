//! A newer copy that says nothing more of a malicious release: what was said counts until it is withdrawn.

use super::*;

const EVIL: &str = "RUSTSEC-2026-9100";

/// A copy of that day, with what it says of `evil`.
fn copy(commit: &str, day: u32, of_evil: Option<(&str, &str)>) -> Vec<u8> {
    let fixture = small(commit, &format!("2026-08-{day}T08:00:00Z"));
    let fixture = fixture.advisory("RUSTSEC-2026-9101", "lru-fixture");
    let told = of_evil.map(|(extra, title)| advisory(EVIL, "evil", extra, title));
    match told {
        Some(text) => fixture.file(&format!("db-main/crates/evil/{EVIL}.md"), &text).gz(),
        None => fixture.gz(),
    }
}

const MALICIOUS: (&str, &str) = ("categories = [\"malicious\"]", "It takes keys");
const HARMLESS: (&str, &str) = ("informational = \"unmaintained\"", "Nobody looks after it");
const WITHDRAWN: (&str, &str) = ("categories = [\"malicious\"]\nwithdrawn = \"2026-08-20\"", "It takes keys");

#[test]
fn e2_a_newer_copy_that_lacks_malice_has_not_taken_it_back() {
    for less in [None, Some(HARMLESS)] {
        let world = World::new();
        let now = at(NOW);
        world.archive("\"a\"", copy(ONE, 17, Some(MALICIOUS)));
        assert!(world.read(CUSTOM, &["evil"], now, true).notices.is_empty());
        world.archive("\"b\"", copy(TWO, 18, less));
        let reading = world.read(CUSTOM, &["evil", "lru-fixture"], now + hours(1), true);
        assert!(kinds(db(&reading), "evil").contains(&AdvisoryKind::Malicious), "{less:?}");
        assert_eq!(ids(db(&reading), "lru-fixture"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9101"]);
        let [Notice::AdvisoriesForgotten { source, advisories, memory }] = &*reading.notices else {
            panic!("{:?}", reading.notices)
        };
        assert_eq!((&**source, &**advisories), (CUSTOM, &[format!("{EVIL} (evil)")][..]));
        // Offline, without a word on that crate, and after one more copy without it as well.
        let offline = world.read(CUSTOM, &["evil"], now + hours(2), false);
        assert!(kinds(db(&offline), "evil").contains(&AdvisoryKind::Malicious));
        assert!(!db(&world.read(CUSTOM, &["lru-fixture"], now + hours(2), false)).by_crate.contains_key("evil"));
        world.archive("\"c\"", copy(ONE, 19, less));
        let reading = world.read(CUSTOM, &["Evil"], now + hours(3), true);
        assert!(kinds(db(&reading), "Evil").contains(&AdvisoryKind::Malicious), "{less:?}");
        // Whoever removes the memory has taken it back.
        fs::remove_dir_all(memory).unwrap();
        world.archive("\"c\"", copy(ONE, 19, less));
        let reading = world.read(CUSTOM, &["evil"], now + hours(4), true);
        assert!(reading.notices.is_empty() && !kinds(db(&reading), "evil").contains(&AdvisoryKind::Malicious));
    }
}

#[test]
fn e3_what_is_withdrawn_is_taken_back_and_what_is_no_malice_may_go() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", copy(ONE, 17, Some(MALICIOUS)));
    db(&world.read(CUSTOM, &[], now, true));
    world.archive("\"b\"", copy(TWO, 18, None));
    assert_eq!(world.read(CUSTOM, &[], now + hours(1), true).notices.len(), 1);
    // The source says that it was wrong.
    world.archive("\"c\"", copy(ONE, 19, Some(WITHDRAWN)));
    let reading = world.read(CUSTOM, &["evil"], now + hours(2), true);
    assert!(reading.notices.is_empty() && db(&reading).by_crate["evil"].iter().all(|one| one.withdrawn));
    // After that it may be left out; and so may what is no malice, as before.
    world.archive("\"d\"", small(TWO, "2026-08-20T08:00:00Z").gz());
    let reading = world.read(CUSTOM, &["evil", "lru-fixture"], now + hours(3), true);
    assert_eq!((reading.notices.len(), db(&reading).by_crate.len()), (0, 1));
    assert_eq!(ids(db(&reading), "lru-fixture"), ["RUSTSEC-2026-9001"]);
}

#[test]
fn e2_a_commit_that_takes_malice_away_has_not_taken_it_back() {
    let world = World::new();
    let now = at(NOW);
    world.write("origin/crates/evil/RUSTSEC-2026-9100.md", &advisory(EVIL, "evil", MALICIOUS.0, MALICIOUS.1));
    world.write(
        "origin/crates/lru-fixture/RUSTSEC-2026-9001.md",
        &advisory("RUSTSEC-2026-9001", "lru-fixture", "", "x"),
    );
    let source = format!("git+file://{}", world.path("origin"));
    let day = "2026-08-18T08:00:00Z";
    world.git("origin", &["init", "--quiet", "--initial-branch=main"], day);
    world.git("origin", &["add", "-A"], day);
    world.git("origin", &["commit", "--quiet", "-m", "one"], day);
    assert!(world.read(&source, &["evil"], now, true).notices.is_empty());
    fs::remove_dir_all(world.path("origin/crates/evil")).unwrap();
    world.git("origin", &["add", "-A"], "2026-08-19T08:00:00Z");
    world.git("origin", &["commit", "--quiet", "-m", "two"], "2026-08-19T08:00:00Z");
    let reading = world.read(&source, &["evil"], now + hours(1), true);
    assert_eq!(kinds(db(&reading), "evil"), [AdvisoryKind::Malicious]);
    assert!(matches!(&*reading.notices, [Notice::AdvisoriesForgotten { .. }]), "{:?}", reading.notices);
}
