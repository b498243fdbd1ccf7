//! Posted lock files: what is locked may stay, what is held is not let in by being locked, and a fix needs somebody who needs it.

use crate::server::{OLD, World, YOUNG, checksum};
use crate::support::{Advisory, Package};

/// A lock file of crates.io's with these releases.
fn lock(world: &World, releases: &[(&str, &str)]) -> String {
    let mut text = "version = 4\n".to_owned();
    for (name, version) in releases {
        let sum = checksum(&world.registry, name, version);
        text += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
        );
    }
    text
}

fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    Package::new("baz", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("baz", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world
}

#[test]
fn what_is_locked_may_stay_and_is_chosen_by_nobody_else() {
    let world = world();
    let server = world.serve();
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    let text = lock(&world, &[("bar", "1.1.0")]);
    let posted = server.ask("PUT", "/team/locks/app", "", text.as_bytes()).expect(200);
    assert!(posted.text().contains("\"refused\":[]"), "{}", posted.text());
    server.download(&world.registry, "team", "bar", "1.1.0").expect(200);
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true));
    let project = world.project(&server, "team").dep("bar", "1").file("Cargo.lock", &text);
    project.cargo(&["build"]).expect_code(0);
    assert!(project.read("Cargo.lock").contains("version = \"1.1.0\""));
    let other = world.project(&server, "team").dep("bar", "1");
    other.cargo(&["generate-lockfile"]).expect_code(0);
    assert!(other.read("Cargo.lock").contains("version = \"1.0.0\""));
}

#[test]
fn a_later_lock_file_lets_nothing_in_that_is_held() {
    let world = world();
    let server = world.serve();
    let put = |releases: &[(&str, &str)]| {
        server.ask("PUT", "/team/locks/app", "", lock(&world, releases).as_bytes()).expect(200).text()
    };
    put(&[("bar", "1.0.0")]);
    let answer = put(&[("bar", "1.1.0"), ("baz", "1.0.0")]);
    assert!(answer.contains("#bar@1.1.0") && !answer.contains("baz"), "{answer}");
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    // Nor does it come in by being locked twice.
    assert!(put(&[("bar", "1.1.0"), ("baz", "1.0.0")]).contains("#bar@1.1.0"));
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    drop(server);
    let server = world.serve();
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
}

#[test]
fn neither_harm_nor_other_bytes_come_in_by_a_lock_file() {
    let world = world();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "baz").date("2026-05-31").malicious());
    let server = world.serve();
    let text = lock(&world, &[("bar", "1.0.0"), ("baz", "1.1.0")]);
    let other = "f".repeat(64);
    let text = text.replace(&checksum(&world.registry, "bar", "1.0.0"), &other);
    server.ask("PUT", "/team/locks/app", "", text.as_bytes()).expect(200);
    server.get(&format!("/team/crates-io/crates/bar/1.0.0/{other}")).expect(403);
    server.download(&world.registry, "team", "baz", "1.1.0").expect(403);
    assert_eq!(server.shows("team", "baz", "1.1.0"), None);
}

#[test]
fn a_fix_comes_early_for_whoever_needs_it() {
    let world = world();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0003", "bar").date("2026-05-30").patched(">= 1.1.0"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0004", "nobodys").date("2026-06-01"));
    let server = world.serve();
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    server.ask("PUT", "/team/locks/app", "", lock(&world, &[("bar", "1.0.0")]).as_bytes()).expect(200);
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(false));
    server.download(&world.registry, "team", "bar", "1.1.0").expect(200);
    assert_eq!(server.shows("team", "baz", "1.1.0"), Some(true));
}

#[test]
fn audit_posts_what_it_judged_with_the_token_it_is_given() {
    let world = world();
    let made = crate::server::sequester(&world, &["serve", "--new-token"]).expect_code(0).stdout;
    let token = made.lines().next().unwrap().to_owned();
    let hash = made.lines().find(|line| line.starts_with("hash = ")).unwrap();
    let mirror = world.registry.url();
    world.policy("sequester.toml", &format!("[sources]\nmirrors = [\"{mirror}\"]\n"));
    let server = world.serve_by(&format!(
        "{}\n[teams.team]\npolicy = \"sequester.toml\"\n[[teams.team.tokens]]\nname = \"ci\"\npost = true\n{hash}\n",
        world.registries()
    ));
    let project = crate::support::Project::new().crates_io(&world.registry);
    project.write("Cargo.lock", lock(&world, &[("bar", "1.1.0")]));
    let (policy, url) = (world.path("sequester.toml"), format!("{}/team/locks/app", server.url));
    let audit = |token: &str| {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.args(["sequester", "audit", "--lockfile", "Cargo.lock", "--policy", policy.as_str()]);
        command.args(["--now", crate::server::NOW, "--post", &url]).env("SEQUESTER_TOKEN", token);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = audit("wrong");
    assert!(code == Some(2) && said.contains("status 401") && said.contains("help:"), "{said}");
    let (code, said) = audit(&token);
    assert!(code == Some(1) && said.contains("Posted 1 package to"), "{said}");
    let authorization = format!("Authorization: {token}\r\n");
    let sum = checksum(&world.registry, "bar", "1.1.0");
    server.ask("GET", &format!("/team/crates-io/crates/bar/1.1.0/{sum}"), &authorization, b"").expect(200);
    project.write("Cargo.lock", lock(&world, &[("bar", "1.1.0"), ("baz", "1.1.0")]));
    let (code, said) = audit(&token);
    assert!(code == Some(1) && said.contains("baz@1.1.0 is not approved there"), "{said}");
    let elsewhere = project.sequester(&["audit", "--lockfile", "Cargo.lock", "--post", "http://x.example/team"]);
    assert!(elsewhere.stderr.contains("no address of a team's lock files"), "{}", elsewhere.stderr);
}

#[test]
fn what_is_no_lock_file_is_refused() {
    let world = world();
    let server = world.serve();
    server.ask("PUT", "/team/locks/app", "", b"nonsense = [").expect(400);
    server.ask("PUT", "/team/locks/..", "", b"version = 4\n").expect(404);
    server.ask("PUT", "/team/locks/a%2fb", "", b"version = 4\n").expect(404);
    server.ask("POST", "/team/locks/app", "", b"version = 4\n").expect(405);
    server.ask("PUT", "/team/crates-io/config.json", "", b"{}").expect(405);
    let large = vec![b'#'; 9 << 20];
    server.ask("PUT", "/team/locks/app", "", &large).expect(413);
}
