//! Several nodes on one store, and nodes that die.

use std::time::Duration;

use crate::server::{NOW, OLD, Server, World, YOUNG, checksum};
use crate::support::{Dice, Package};

const NAMES: [&str; 6] = ["alphabet", "bravery", "cobalt", "dolphin", "elephant", "foxglove"];

pub fn world() -> World {
    let world = World::new();
    for name in NAMES {
        Package::new(name, "1.0.0").pubtime(OLD).publish(&world.registry);
    }
    world
}

/// Every file that a server shows and gives.
pub fn everything(server: &Server, world: &World) -> Vec<Vec<u8>> {
    let files = NAMES.iter().map(|name| server.index("team", name).expect(200).body);
    let crates = NAMES.iter().map(|name| server.download(&world.registry, "team", name, "1.0.0").expect(200).body);
    files.chain(crates).collect()
}

#[test]
fn two_nodes_race_and_come_to_the_same() {
    let world = world();
    let nodes = [world.serve(), world.serve()];
    for patch in 1..5 {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for name in NAMES {
                    Package::new(name, &format!("1.0.{patch}")).pubtime(YOUNG).publish(&world.registry);
                }
            });
            for node in &nodes {
                for name in NAMES {
                    scope.spawn(move || node.index("team", name).expect(200));
                    scope.spawn(|| node.download(&world.registry, "team", name, "1.0.0").expect(200));
                }
            }
        });
    }
    assert_eq!(everything(&nodes[0], &world), everything(&nodes[1], &world));
    for name in NAMES {
        let seen = std::fs::read_to_string(world.path(&format!("store/seen/crates-io/{name}"))).unwrap();
        for patch in 0..5 {
            assert!(seen.contains(&format!("\"1.0.{patch}\"")), "{name} 1.0.{patch}: {seen}");
            assert_eq!(nodes[0].shows("team", name, &format!("1.0.{patch}")), Some(patch > 0), "{name} 1.0.{patch}");
        }
    }
}

#[test]
fn lock_files_posted_to_two_nodes_at_once_are_all_kept() {
    let world = world();
    let nodes = [world.serve(), world.serve()];
    Package::new("alphabet", "1.0.1").pubtime(YOUNG).publish(&world.registry);
    let sum = checksum(&world.registry, "alphabet", "1.0.1");
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"alphabet\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
    );
    nodes[1].download(&world.registry, "team", "alphabet", "1.0.1").expect(403);
    std::thread::scope(|scope| {
        for number in 0..12 {
            let (node, lock) = (&nodes[number % 2], &lock);
            scope.spawn(move || node.ask("PUT", &format!("/team/locks/app-{number}"), "", lock.as_bytes()).expect(200));
        }
    });
    let head = std::fs::read_to_string(world.path("store/locks/team/head")).unwrap();
    assert!((0..12).all(|number| head.contains(&format!("\"app-{number}\""))), "{head}");
    for node in &nodes {
        node.download(&world.registry, "team", "alphabet", "1.0.1").expect(200);
    }
    // What one node was posted, another gives after a moment, without a restart.
    let other = world.serve();
    other.download(&world.registry, "team", "alphabet", "1.0.1").expect(200);
}

#[test]
fn a_node_that_dies_at_any_step_loses_nothing_and_approves_nothing() {
    let world = world();
    for name in NAMES {
        Package::new(name, "1.1.0").pubtime(YOUNG).publish(&world.registry);
    }
    world.policy("sequester.toml", "");
    let mut dice = Dice(7);
    for _ in 0..6 {
        let server = world.serve();
        std::thread::scope(|scope| {
            for name in NAMES {
                let server = &server;
                let registry = &world.registry;
                scope.spawn(move || {
                    // Whatever is answered must be right; broken-off connections are not answered.
                    let path = crate::support::TestRegistry::index_path(name);
                    let path = format!("/team/crates-io/{}", path.strip_prefix("/index/").unwrap());
                    if let Ok(answer) = server.try_ask("GET", &path, "", b"") {
                        let text = answer.text();
                        let young = text.lines().find(|line| line.contains("\"vers\":\"1.1.0\""));
                        assert!(young.is_none_or(|line| line.contains("\"yanked\":true")), "{text}");
                    }
                    let sum = checksum(registry, name, "1.1.0");
                    let path = format!("/team/crates-io/crates/{name}/1.1.0/{sum}");
                    if let Ok(answer) = server.try_ask("GET", &path, "", b"") {
                        assert_ne!(answer.status, 200);
                    }
                });
            }
            let pause = u64::try_from(dice.roll(60)).unwrap();
            let id = server.id();
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(pause));
                let _ = std::process::Command::new("kill").args(["-9", &id]).status();
            });
        });
        server.kill();
    }
    let server = world.serve();
    everything(&server, &world);
    for name in NAMES {
        assert_eq!(server.shows("team", name, "1.1.0"), Some(true));
        assert_eq!(server.shows("team", name, "1.0.0"), Some(false));
    }
    assert!(!server.end().contains("its content is not what its name says"), "half of something was written");
}

/// A node that ends at a step of its writes, and one that follows it. Whether there was such a step.
fn ends_at(step: usize) -> bool {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    let young = checksum(&world.registry, "bar", "1.1.0");
    world.policy("sequester.toml", "");
    let config = format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries());
    world.write("serve.toml", &config);
    let (config, store) = (world.path("serve.toml"), world.path("store"));
    let arguments = ["--config", config.as_str(), "--store", store.as_str()];
    let mut server =
        Server::start_with(&world, &arguments, NOW, &[("SEQUESTER_ENDS_AT_STEP", &step.to_string())], false);
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(20)
        && server.try_ask("GET", "/ready", "", b"").is_ok_and(|answer| answer.status != 200)
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    // All that a node is asked to write: an index file, an archive, a lock file, and what was decided about it.
    let ask = |method: &str, path: &str, body: &str| {
        server.try_ask(method, path, "", body.as_bytes()).ok().map(|answer| (answer.status, answer.text()))
    };
    let index = ask("GET", "/team/crates-io/3/b/bar", "");
    assert!(
        index.as_ref().is_none_or(|(status, text)| *status == 200 && text.contains("\"yanked\":true")),
        "{index:?}"
    );
    let old = checksum(&world.registry, "bar", "1.0.0");
    ask("GET", &format!("/team/crates-io/crates/bar/1.0.0/{old}"), "");
    let lock = |sum: &str| {
        format!(
            "version = 4\n\n[[package]]\nname = \"bar\"\nversion = \"1.1.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
        )
    };
    let posted = ask("PUT", "/team/locks/app", &lock(&young)).is_some_and(|(status, _)| status == 200);
    let again = ask("PUT", "/team/locks/other", &lock(&young)).is_some_and(|(status, _)| status == 200);
    let given =
        ask("GET", &format!("/team/crates-io/crates/bar/1.1.0/{young}"), "").is_some_and(|(status, _)| status == 200);
    assert!(!given || posted || again, "step {step}: held bytes without a lock file");
    // What a moment later is written by itself.
    std::thread::sleep(Duration::from_millis(30));
    let is_over = server.has_ended();
    server.kill();

    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.0.0"), Some(false), "step {step}");
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true), "step {step}");
    assert_eq!(
        server.download(&world.registry, "team", "bar", "1.0.0").expect(200).body,
        world.registry.archive("bar", "1.0.0").unwrap()
    );
    let kept = server.download(&world.registry, "team", "bar", "1.1.0").status;
    assert!(!posted || kept == 200, "step {step}: a lock file that was taken is forgotten");
    assert!(kept == 200 || kept == 403, "step {step}: {kept}");
    server.ask("PUT", "/team/locks/app", "", lock(&young).as_bytes()).expect(200);
    let said = server.end();
    assert!(!said.contains("its content is not what its name says"), "step {step}: {said}");
    is_over
}

#[test]
fn a_node_that_ends_at_each_step_of_each_write_loses_nothing_that_it_said() {
    let mut step = 1;
    // Several at a time: they mostly wait.
    while (step..step + 4)
        .map(|step| std::thread::spawn(move || ends_at(step)))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|one| one.join().unwrap())
        .filter(|there_was| !there_was)
        .count()
        == 0
    {
        step += 4;
    }
    // Three steps for each of index file, head, notes, policy, its head, archive, two lock files and their head.
    assert!(step > 24, "no more than {step} steps");
}
