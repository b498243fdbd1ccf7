//! Repositories, folders, and other tools' checkouts.

use super::*;

#[test]
fn another_tools_checkout_stands_in_for_rustsec_alone() {
    let world = World::new();
    let remote = "https://github.com/RustSec/advisory-db.git";
    world.checkout("cargo-home/advisory-db", remote, "2026-08-10T00:00:00Z");
    world.checkout("cargo-home/advisory-dbs/github.com-1", remote, "2026-08-15T00:00:00Z");
    world.checkout(
        "cargo-home/advisory-dbs/github.com-2",
        "https://github.com/acme/advisory-db",
        "2026-08-20T00:00:00Z",
    );
    let reading = world.read(RUSTSEC, &["lru-fixture"], at(NOW), false);
    let copy = world.path("cargo-home/advisory-dbs/github.com-1").into_string();
    assert_eq!(db(&reading).copy, Some(copy.clone()), "the freshest of RustSec's");
    assert_eq!(db(&reading).confirmed, None);
    assert_eq!(db(&reading).committed, Some(at("2026-08-15T00:00:00Z")));
    assert_eq!(db(&reading).commit.as_ref().unwrap().len(), 40);
    assert_eq!(ids(db(&reading), "lru-fixture"), ["RUSTSEC-2026-9001"]);
    assert_eq!(reading.notices, [Notice::AdvisoriesFromCopy { source: RUSTSEC.to_owned(), copy }]);
    assert!(cause(&world.read(CUSTOM, &[], at(NOW), false)).contains("no copy of"));

    // Our own copy wins as soon as it is the fresher one, and tells when another is older than what was seen.
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(RUSTSEC, &[], at(NOW), true));
    assert_eq!(db(&world.read(RUSTSEC, &[], at(NOW) + hours(1), false)).commit.as_deref(), Some(ONE));
    let cache = world.path("cargo-home/sequester/advisory-db");
    let source = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("generation-") {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let reading = world.read(RUSTSEC, &[], at(NOW) + hours(1), false);
    assert_eq!(db(&reading).rolled_back_from.as_deref(), Some(ONE));
}

#[test]
fn a_git_repository_is_fetched_and_its_rollback_seen() {
    let world = World::new();
    let remote = "https://example.org/unused";
    world.checkout("origin", remote, "2026-08-10T00:00:00Z");
    let source = format!("git+file://{}", world.path("origin"));
    let first = world.read(&source, &["lru-fixture"], at(NOW), false);
    assert_eq!(db(&first).committed, Some(at("2026-08-10T00:00:00Z")));
    assert_eq!(db(&first).confirmed, Some(at(NOW)));
    assert_eq!((db(&first).total, ids(db(&first), "lru-fixture").len()), (1, 1));

    world.write(
        "origin/crates/lru-fixture/RUSTSEC-2026-9002.md",
        &advisory("RUSTSEC-2026-9002", "lru-fixture", "", "Another"),
    );
    world.git("origin", &["add", "."], "2026-08-11T00:00:00Z");
    world.git("origin", &["commit", "--quiet", "-m", "second"], "2026-08-11T00:00:00Z");
    let second = world.read(&source, &["lru-fixture"], at(NOW) + hours(1), true);
    assert_eq!(ids(db(&second), "lru-fixture").len(), 2);
    assert_eq!(db(&second).rolled_back_from, None);
    assert_eq!(db(&world.read(&source, &[], at(NOW) + hours(2), true)).confirmed, Some(at(NOW) + hours(2)));

    // A commit that does not follow the last one, although it claims to be younger.
    world.git("origin", &["reset", "--quiet", "--hard", "HEAD~1"], "2026-08-12T00:00:00Z");
    world.git("origin", &["commit", "--quiet", "--allow-empty", "-m", "third"], "2026-08-12T00:00:00Z");
    let third = world.read(&source, &["lru-fixture"], at(NOW) + hours(3), true);
    assert_eq!(db(&third).rolled_back_from, db(&second).commit);
    assert_eq!(ids(db(&third), "lru-fixture").len(), 2, "a rollback hides nothing");

    let absent = world.read(&format!("git+file://{}", world.path("absent")), &[], at(NOW), true);
    assert!(cause(&absent).contains("git fetch failed"));
}

#[test]
fn a_repositorys_hooks_and_filters_are_not_run() {
    let world = World::new();
    world.checkout("cargo-home/advisory-db", "https://github.com/RustSec/advisory-db", "2026-08-10T00:00:00Z");
    let trap = format!("touch {}", world.path("sprung"));
    let config = ["core.fsmonitor", "core.sshCommand", "core.pager", "gpg.program", "uploadpack.packObjectsHook"];
    for key in config {
        world.git("cargo-home/advisory-db", &["config", key, &trap], NOW);
    }
    db(&world.read(RUSTSEC, &[], at(NOW), false));
    assert!(!world.path("sprung").exists());
}

#[test]
fn a_plain_folder_has_the_age_of_its_newest_advisory() {
    let world = World::new();
    let dated = |number: u32, date: &str| {
        let id = format!("RUSTSEC-2026-900{number}");
        let text = advisory(&id, "dated", "", "A title").replace("2026-08-01", date);
        world.write(&format!("db/crates/dated/{id}.md"), &text);
    };
    dated(1, "2026-08-03");
    dated(2, "2026-08-17");
    dated(3, "2099-01-01");
    world.write("db/crates/dated/RUSTSEC-2026-9004.md", "date = \"not a date\" äöü");
    // A project's own repository around the folder says nothing about the advisories in it.
    world.git("", &["init", "--quiet"], NOW);
    world.git("", &["commit", "--quiet", "--allow-empty", "-m", "project"], NOW);
    let reading = world.read("db", &[], at(NOW), true);
    let db = db(&reading);
    assert_eq!(db.newest, Some("2026-08-17".parse().unwrap()), "a day that is yet to come is not believed");
    assert_eq!((db.commit.clone(), db.committed, db.confirmed), (None, None, None));
    assert_eq!(db.total, 4);
}

#[test]
fn a_plain_folders_newest_day_is_looked_for_by_the_years_of_the_ids() {
    let world = World::new();
    let newest = |files: &[(&str, &str)]| {
        let _ = fs::remove_dir_all(world.path("db"));
        fs::create_dir_all(world.path("db/crates")).unwrap();
        for (id, date) in files {
            let text = advisory(id, "dated", "", "A title").replace("2026-08-01", date);
            world.write(&format!("db/crates/dated/{id}.md"), &text);
        }
        let reading = world.read("db", &[], at(NOW), true);
        assert_eq!(db(&reading).total, files.len());
        db(&reading).newest.map(|day| day.to_string())
    };
    let old =
        [("RUSTSEC-2024-0001", "2024-02-01"), ("RUSTSEC-2025-0001", "2025-03-01"), ("RUSTSEC-2025-0002", "2025-01-01")];
    assert_eq!(newest(&old).as_deref(), Some("2025-03-01"));
    let ahead = [&old[..], &[("RUSTSEC-2099-0001", "2099-01-01"), ("RUSTSEC-2026-0001", "no day")]].concat();
    assert_eq!(newest(&ahead).as_deref(), Some("2025-03-01"), "a year without a believed day is as none");
    let otherwise = [&old[..], &[("COMPANY-1", "2026-07-01"), ("RUSTSEC-26-1", "2026-07-02")]].concat();
    assert_eq!(newest(&otherwise).as_deref(), Some("2026-07-02"), "other names are all looked into");
    let late = [&old[..], &[("RUSTSEC-2023-0001", "2026-07-01")]].concat();
    assert_eq!(newest(&late).as_deref(), Some("2025-03-01"), "a copy may look older than it is, never younger");
}

#[test]
fn folders_without_advisories_are_unavailable() {
    let world = World::new();
    fs::create_dir_all(world.path("empty/rust")).unwrap();
    assert!(cause(&world.read("empty", &[], at(NOW), true)).contains("no `crates` folder"));
    assert!(cause(&world.read("absent", &[], at(NOW), true)).contains("absent"));
    fs::create_dir_all(world.path("fresh/crates/a-crate")).unwrap();
    let reading = world.read("fresh", &["a-crate"], at(NOW), true);
    assert_eq!((db(&reading).total, db(&reading).unreadable.len()), (0, 0));
}
