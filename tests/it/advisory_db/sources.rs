//! Addresses, the cache behind them, and rollbacks.

use super::*;
use crate::support::advisories::AdvisoryFolder;

#[test]
fn an_archive_is_fetched_once_and_then_confirmed() {
    let world = World::new();
    let now = at(NOW);
    let archive = small(ONE, "2026-08-20T08:00:00Z").file("db-main/README.md", "not an advisory");
    world.archive("\"a\"", archive.advisory("RUSTSEC-2026-9002", "other").gz());
    let reading = world.read(RUSTSEC, &["lru-fixture", "absent"], now, true);
    let first = db(&reading);
    assert_eq!(first.source, RUSTSEC);
    assert_eq!(first.commit.as_deref(), Some(ONE));
    assert_eq!(first.committed, Some(at("2026-08-20T08:00:00Z")));
    assert_eq!(first.confirmed, Some(now));
    assert_eq!((first.total, first.copy.clone(), first.rolled_back_from.clone()), (2, None, None));
    assert_eq!(ids(first, "lru-fixture"), ["RUSTSEC-2026-9001"]);
    assert!(ids(first, "other").is_empty() && reading.notices.is_empty());

    // Within ten minutes nobody is asked; after that, conditionally.
    let soon = now + SignedDuration::from_mins(9);
    assert_eq!(db(&world.read(RUSTSEC, &["other"], soon, true)).confirmed, Some(now));
    assert_eq!(world.asked.borrow().len(), 1);
    world.status(304);
    let later = now + hours(2);
    let reading = world.read(RUSTSEC, &["lru-fixture"], later, true);
    assert_eq!(world.asked.borrow()[1].etag.as_deref(), Some("\"a\""));
    assert_eq!(db(&reading).confirmed, Some(later));
    assert_eq!(ids(db(&reading), "lru-fixture").len(), 1);

    // The confirmation outlives the run.
    let offline = world.read(RUSTSEC, &["lru-fixture"], later + hours(30), false);
    assert_eq!(db(&offline).confirmed, Some(later));
    assert_eq!((db(&offline).copy.clone(), offline.notices.len()), (None, 0));
}

#[test]
fn a_newer_archive_replaces_the_copy_and_the_old_one_is_removed_later() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(CUSTOM, &[], now, true));
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").advisory("RUSTSEC-2026-9003", "lru-fixture").gz());
    let reading = world.read(CUSTOM, &["lru-fixture"], now + hours(1), true);
    assert_eq!(ids(db(&reading), "lru-fixture"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9003"]);
    assert_eq!(db(&reading).commit.as_deref(), Some(TWO));
    assert_eq!(world.generations(), 2, "a concurrent reader may still be reading the first");
    world.archive("\"c\"", small(ONE, "2026-08-21T09:00:00Z").gz());
    db(&world.read(CUSTOM, &[], now + hours(3), true));
    assert_eq!(world.generations(), 2, "the first is removed, the second retired");
}

#[test]
fn e2_an_older_commit_of_the_same_source_is_a_rollback() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").advisory("RUSTSEC-2026-9003", "lru-fixture").gz());
    db(&world.read(CUSTOM, &[], now, true));
    for run in 1..3 {
        world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
        let reading = world.read(CUSTOM, &["lru-fixture"], now + hours(run), true);
        let rolled = db(&reading);
        assert_eq!(rolled.rolled_back_from.as_deref(), Some(TWO));
        assert_eq!(rolled.commit.as_deref(), Some(ONE));
        assert_eq!(rolled.confirmed, Some(now), "a rollback confirms nothing");
        assert_eq!(ids(rolled, "lru-fixture"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9003"], "it hides nothing");
    }
    assert_eq!(world.generations(), 1, "the older copy is not kept");
    // Another source has its own memory.
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    let other = world.read("https://advisories.example.org/other.tar.gz", &[], now, true);
    assert_eq!(db(&other).rolled_back_from, None);
    // The honest copy is welcome again.
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").advisory("RUSTSEC-2026-9003", "lru-fixture").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now + hours(4), true)).rolled_back_from, None);
}

#[test]
fn e2_an_archive_without_times_or_with_most_advisories_gone_is_a_rollback() {
    let world = World::new();
    let now = at(NOW);
    let mut archive = small(ONE, "2026-08-20T08:00:00Z");
    for number in 9100..9110 {
        archive = archive.advisory(&format!("RUSTSEC-2026-{number}"), "other");
    }
    world.archive("\"a\"", archive.gz());
    db(&world.read(CUSTOM, &[], now, true));
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now + hours(1), true)).rolled_back_from.as_deref(), Some(ONE));
    world.archive("\"c\"", small(TWO, "1970-01-01T00:00:00Z").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now + hours(2), true)).rolled_back_from.as_deref(), Some(ONE));
}

#[test]
fn e2_a_commit_of_the_future_cannot_poison_the_memory() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", small(ONE, "2030-01-01T00:00:00Z").gz());
    assert!(cause(&world.read(CUSTOM, &[], now, true)).contains("in the future"));
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now, true)).rolled_back_from, None);
}

#[test]
fn a_bad_answer_leaves_the_copy_and_its_confirmation() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(CUSTOM, &[], now, true));
    world.unreachable();
    world.status(404);
    world.archive("\"b\"", b"not an archive".to_vec());
    for run in 1..4 {
        let reading = world.read(CUSTOM, &["lru-fixture"], now + hours(run), true);
        assert_eq!(db(&reading).confirmed, Some(now));
        assert_eq!(ids(db(&reading), "lru-fixture").len(), 1);
        let copy = db(&reading).copy.clone().unwrap();
        assert!(copy.contains("sequester"));
        assert_eq!(reading.notices, [Notice::AdvisoriesFromCopy { source: CUSTOM.to_owned(), copy }]);
    }
}

#[test]
fn an_unasked_304_confirms_nothing() {
    let world = World::new();
    world.status(304);
    assert!(cause(&world.read(CUSTOM, &[], at(NOW), true)).contains("status 304"));
}

#[test]
fn a_state_that_cannot_be_read_fails_closed() {
    let world = World::new();
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(CUSTOM, &[], at(NOW), true));
    let source = fs::read_dir(world.path("cargo-home/sequester/advisory-db")).unwrap().next().unwrap().unwrap();
    let state = source.path().join("state.json");
    let text = fs::read_to_string(&state).unwrap();
    for broken in [
        text.replace("\"schema\": 1", "\"schema\": 2"),
        text.replace("generation-", "../generation-"),
        text.replace("\"schema\": 1", "\"schema\": 1, \"extra\": true"),
        text[..text.len() / 2].to_owned(),
    ] {
        fs::write(&state, broken).unwrap();
        assert!(cause(&world.read(CUSTOM, &[], at(NOW) + hours(1), true)).contains("state.json"));
    }
}

#[test]
fn without_a_copy_offline_there_is_nothing_to_judge_by() {
    let world = World::new();
    assert!(cause(&world.read(RUSTSEC, &[], at(NOW), false)).contains("no copy of"));
    world.unreachable();
    assert!(cause(&world.read(RUSTSEC, &[], at(NOW), true)).contains("connection refused"));
}

#[test]
fn addresses_that_could_do_harm_are_refused() {
    let world = World::new();
    for address in [
        "",
        "--upload-pack=x",
        "http://example.org/db.tar.gz",
        "http://127.0.0.1@example.org/db.tar.gz",
        "git+http://example.org/db",
        "git+ext://sh -c x",
        "git+ext::sh -c x",
        "git+ssh://-oProxyCommand=x/db",
        "git+https://-x/db",
        "ftp://example.org/db",
        "https://example.org/\n",
    ] {
        assert!(cause(&world.read(address, &[], at(NOW), true)).contains("no advisory database"), "{address}");
    }
    assert!(world.asked.borrow().is_empty());
}

#[test]
fn an_archive_without_advisories_is_a_database() {
    let world = World::new();
    let time = at("2026-08-20T08:00:00Z");
    let body = AdvisoryFolder::new().archive(ONE, u64::try_from(time.as_second()).unwrap());
    world.archive("\"a\"", body);
    let reading = world.read(CUSTOM, &["lru-fixture"], at(NOW), true);
    assert_eq!((db(&reading).total, db(&reading).committed), (0, Some(time)));
    assert_eq!(db(&reading).commit.as_deref(), Some(ONE));
}
