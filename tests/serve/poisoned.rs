//! Whatever lies in the store may be spoilt: every object that a node writes is tried, so that a new kind cannot be forgotten.

use std::collections::BTreeSet;
use std::sync::Mutex;

use camino::{Utf8Path, Utf8PathBuf};

use crate::server::{OLD, Server, World, YOUNG, checksum};
use crate::support::Package;

/// Ways of spoiling an object.
const WAYS: [&str; 5] = ["halved", "emptied", "changed", "replaced", "removed"];

fn spoil(path: &Utf8Path, way: &str) {
    let mut bytes = std::fs::read(path).unwrap();
    match way {
        "halved" => bytes.truncate(bytes.len() / 2),
        "emptied" => bytes.clear(),
        "changed" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        "replaced" => bytes = b"{\"projects\":{},\"releases\":{}}".to_vec(),
        _ => return std::fs::remove_file(path).unwrap(),
    }
    std::fs::write(path, bytes).unwrap();
}

fn lock(world: &World, version: &str) -> String {
    let sum = checksum(&world.registry, "bar", version);
    format!(
        "version = 4\n\n[[package]]\nname = \"bar\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
    )
}

/// A world with something of every kind in its store.
fn full() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    let server = world.serve();
    server.index("team", "bar").expect(200);
    server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
    server.ask("PUT", "/team/locks/app", "", lock(&world, "1.0.0").as_bytes()).expect(200);
    server.end();
    world
}

fn objects(world: &World) -> Vec<Utf8PathBuf> {
    let root = world.path("store");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
            let path = entry.path().to_owned();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if !path.file_name().unwrap().starts_with('.') {
                files.push(path.strip_prefix(&root).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// What a store with a spoilt object does for clients: nothing that is held comes, and what still comes is told.
fn after(object: &Utf8Path, way: &str) -> (bool, bool) {
    let world = full();
    // Names of records hold the moment of their writing.
    let path = world.path("store").join(object);
    if !path.exists() {
        return (true, true);
    }
    spoil(&path, way);
    let server = world.serve();
    let shown = server.index("team", "bar");
    let text = shown.text();
    assert!(matches!(shown.status, 200 | 503), "{object} {way}: {text}");
    let held = text.lines().find(|line| line.contains("\"vers\":\"1.1.0\""));
    assert!(shown.status != 200 || held.unwrap().contains("\"yanked\":true"), "{object} {way}: {text}");
    let held = server.download(&world.registry, "team", "bar", "1.1.0");
    assert!(matches!(held.status, 403 | 503), "{object} {way}: {}", held.status);
    // The project has posted before, so that what it locks now is not adopted.
    let posted = server.ask("PUT", "/team/locks/app", "", lock(&world, "1.1.0").as_bytes());
    let says_so = posted.text().contains("\"refused\":[\"bar 1.1.0\"]") || posted.text().contains("bar@1.1.0");
    let may_be_new = object == "locks/team/head" && matches!(way, "removed" | "replaced");
    assert!(posted.status == 503 || says_so || may_be_new, "{object} {way}: {} {}", posted.status, posted.text());
    let held = server.download(&world.registry, "team", "bar", "1.1.0");
    assert!(may_be_new || matches!(held.status, 403 | 503), "{object} {way}: {}", held.status);
    let good = server.download(&world.registry, "team", "bar", "1.0.0");
    assert!(matches!(good.status, 200 | 503), "{object} {way}: {}", good.status);
    assert!(good.status != 200 || good.body == world.registry.archive("bar", "1.0.0").unwrap(), "{object} {way}");
    (good.status == 200, posted.status == 200)
}

#[test]
fn no_spoilt_object_lets_anything_held_through_and_most_are_mended() {
    let objects = objects(&full());
    let kinds: BTreeSet<&str> =
        objects.iter().map(|path| path.as_str().split_once('/').map_or("", |(kind, _)| kind)).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["crate", "index", "locks", "policy", "seen", "trail"]);
    let cases: Vec<(Utf8PathBuf, &str)> =
        objects.into_iter().flat_map(|object| WAYS.map(|way| (object.clone(), way))).collect();
    let todo = Mutex::new(cases.iter());
    let stopped = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((object, way)) = todo.lock().unwrap().next() else { break };
                    let (gives, takes) = after(object, way);
                    if !gives {
                        stopped.lock().unwrap().insert(format!("{object}, {way}: gives nothing"));
                    }
                    if !takes {
                        stopped.lock().unwrap().insert(format!("{object}, {way}: takes no lock file"));
                    }
                }
            });
        }
    });
    // What no registry can say again stops what hangs on it, until a person has looked. One bit more or less may still be read.
    let stopped: Vec<String> =
        stopped.into_inner().unwrap().into_iter().filter(|what| !what.contains(", changed: ")).collect();
    let ways = ["emptied", "halved", "replaced"];
    let locks = ways.map(|way| format!("locks/team/head, {way}: takes no lock file"));
    let seen = ways
        .map(|way| ["gives nothing", "takes no lock file"].map(|what| format!("seen/crates-io/bar, {way}: {what}")));
    assert_eq!(stopped, [&locks[..], seen.as_flattened()].concat());
}
