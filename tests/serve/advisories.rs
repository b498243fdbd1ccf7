//! Advisories that all nodes share: one of them asks, the others read what it found.

use std::time::Duration;

use crate::server::{NOW, OLD, Server, World, YOUNG};
use crate::support::{Advisory, Package, Reply};

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";
/// Seconds since 1970: 2026-05-31, and the day after.
const AT: u64 = 1_780_185_600;
const DAY: u64 = 86_400;
const PATH: &str = "/advisories.tar.gz";

/// The registry has the advisories' archive too.
fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    offer(&world, ONE, AT);
    let db = world.registry.address(PATH);
    world.write(
        "sequester.toml",
        &format!("[advisories]\ndb = \"{db}\"\nmax-age = \"1200 months\"\nmax-copy-age = \"1200 months\"\n"),
    );
    world
}

fn offer(world: &World, commit: &str, at: u64) {
    let reply = Reply::ok(world.advisories.archive(commit, at)).header("ETag", &format!("\"{commit}\""));
    world.registry.be_itself().reply(PATH, reply);
}

fn asked(world: &World) -> usize {
    world.registry.requested_paths().iter().filter(|path| *path == PATH).count()
}

fn head(world: &World) -> (std::path::PathBuf, String) {
    let folder = world.path("store/advisories");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let path = entries.into_iter().find(|path| path.extension().is_some_and(|end| end == "head")).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

/// As if the origin had been asked so long ago.
fn age(world: &World, minutes: i64) {
    let (path, text) = head(world);
    let mut head: serde_json::Value = serde_json::from_str(&text).unwrap();
    let before: cargo_sequester::door::model::Timestamp = head["copy"]["confirmed"].as_str().unwrap().parse().unwrap();
    head["copy"]["confirmed"] = (before - Duration::from_secs(60 * u64::try_from(minutes).unwrap())).to_string().into();
    std::fs::write(path, head.to_string()).unwrap();
}

fn knows_of_bar(server: &Server) -> bool {
    server.shows("team", "bar", "1.0.0") == Some(true)
}

#[test]
fn one_node_asks_and_the_others_read_what_it_found() {
    let world = world();
    let nodes = [world.serve(), world.serve(), world.serve()];
    assert_eq!(asked(&world), 1);
    for node in &nodes {
        assert_eq!(node.shows("team", "bar", "1.0.0"), Some(false));
    }
    drop(nodes);
    // What is in the store needs no origin, for a node that was never there before.
    world.registry.be_itself().reply(PATH, Reply::status(503));
    let server = world.serve();
    assert_eq!((asked(&world), server.shows("team", "bar", "1.0.0")), (1, Some(false)));
    drop(server);

    // After a while one asks again; the new advisory then counts for all.
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "bar").date("2026-05-31"));
    offer(&world, TWO, AT + DAY);
    age(&world, 20);
    let nodes = [world.serve(), world.serve()];
    assert_eq!(asked(&world), 2);
    assert!(nodes.iter().all(knows_of_bar));
}

#[test]
fn a_node_that_dies_while_it_asks_keeps_nobody_from_asking() {
    let world = world();
    drop(world.serve());
    age(&world, 20);
    // Somebody took the turn and is gone; what was known serves meanwhile.
    let (path, text) = head(&world);
    let mut head: serde_json::Value = serde_json::from_str(&text).unwrap();
    let now = cargo_sequester::door::gather::clock::now();
    head["taken_until"] = (now + Duration::from_secs(50)).to_string().into();
    std::fs::write(&path, head.to_string()).unwrap();
    let server = world.serve();
    assert_eq!((asked(&world), server.shows("team", "bar", "1.0.0")), (1, Some(false)));
    drop(server);
    head["taken_until"] = (now - Duration::from_secs(1)).to_string().into();
    std::fs::write(&path, head.to_string()).unwrap();
    // An origin that has nothing newer confirms what is known.
    world.registry.be_itself().reply(PATH, Reply::status(304));
    let server = world.serve();
    assert_eq!((asked(&world), server.shows("team", "bar", "1.0.0")), (2, Some(false)));
    drop(server);
    // Nor does one whose clock is a year ahead.
    age(&world, 20);
    head["taken_until"] = (now + Duration::from_secs(31_536_000)).to_string().into();
    head["copy"]["confirmed"] = (now - Duration::from_secs(1_200)).to_string().into();
    std::fs::write(&path, head.to_string()).unwrap();
    drop(world.serve());
    assert_eq!(asked(&world), 3);
}

#[test]
fn an_origin_that_goes_back_is_not_believed_by_a_node_that_is_new() {
    let world = world();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "bar").date("2026-05-31"));
    offer(&world, TWO, AT + DAY);
    assert!(knows_of_bar(&world.serve()));
    // A copy of the day before, which does not have it.
    let older = crate::support::AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "nobodys"));
    world.registry.be_itself().reply(PATH, Reply::ok(older.archive(ONE, AT)).header("ETag", "\"old\""));
    age(&world, 20);
    let before = head(&world).1;
    let server = Server::start_unready(
        &world,
        &format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries()),
        NOW,
    );
    let begun = std::time::Instant::now();
    while asked(&world) < 2 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(knows_of_bar(&server), "the rollback hides what was known");
    let copy = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["copy"].clone();
    assert_eq!(copy(&head(&world).1), copy(&before), "the others are given the copy that went back");
    assert!(server.get("/metrics").text().contains("advisories"), "{}", server.get("/metrics").text());
}

#[test]
fn a_poisoned_copy_is_fetched_again() {
    let world = world();
    drop(world.serve());
    let folder = world.path("store/advisories");
    let copy = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let copy = copy.into_iter().find(|path| path.extension().is_none()).unwrap();
    let whole = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, b"poison").unwrap();
    let server = world.serve();
    assert_eq!((asked(&world), server.shows("team", "bar", "1.0.0")), (2, Some(false)));
    assert_eq!(std::fs::read(&copy).unwrap(), whole);
}

#[test]
fn an_archive_that_is_newer_and_lacks_malice_takes_nothing_back() {
    let world = world();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0009", "bar").date("2026-05-31").malicious());
    offer(&world, TWO, AT + DAY);
    assert_eq!(world.serve().shows("team", "bar", "1.0.0"), None);
    // The same origin a day later, without it.
    let less = crate::support::AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "nobodys"));
    let lacks = Reply::ok(less.archive(ONE, AT + 2 * DAY)).header("ETag", "\"less\"");
    world.registry.be_itself().reply(PATH, lacks);
    age(&world, 20);
    let server = world.serve();
    assert_eq!((asked(&world), server.shows("team", "bar", "1.0.0")), (2, None), "it hides what was known");
    let refused = server.download(&world.registry, "team", "bar", "1.0.0").expect(403).text();
    assert!(refused.contains("RUSTSEC-2026-0009"), "{refused}");
    let page = server.get("/team/").expect(200).text();
    assert!(page.contains("advisories-forgotten") && page.contains("RUSTSEC-2026-0009 (bar)"), "{page}");
    drop(server);
    // A node that is new has the archive of the others, and what they remember.
    world.registry.be_itself().reply(PATH, Reply::status(503));
    let server = world.serve();
    assert_eq!((asked(&world), server.shows("team", "bar", "1.0.0")), (2, None));
    assert!(server.get("/metrics").text().contains("kind=\"advisories-forgotten\""));
    drop(server);
    // A person knows that it was wrong, and answers for it.
    world.registry.be_itself().reply(PATH, Reply::status(304));
    let withdrawn = "[[withdrawn]]\nadvisory = \"RUSTSEC-2026-0009\"\nby = \"Ana\"\nreason = \"their own word\"\n";
    let config = format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n{withdrawn}", world.registries());
    assert_eq!(world.serve_by(&config).shows("team", "bar", "1.0.0"), Some(false));
    // It is done once, told for ever, and needs its entry no longer.
    assert_eq!(world.serve().shows("team", "bar", "1.0.0"), Some(false));
    let events = std::fs::read_dir(world.path("store/trail")).unwrap();
    let events: Vec<String> = events.map(|one| std::fs::read_to_string(one.unwrap().path()).unwrap()).collect();
    let told: Vec<&String> = events.iter().filter(|event| event.contains("advisory-withdrawn")).collect();
    assert_eq!(told.len(), 1, "{events:?}");
    assert!(told[0].contains("RUSTSEC-2026-0009") && told[0].contains("Ana"), "{told:?}");
}
