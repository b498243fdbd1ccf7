//! What stock cargo makes of the server: it resolves, builds, keeps and is refused.

use crate::server::{OLD, World, YOUNG, checksum};
use crate::support::Package;

/// `bar` has an old release and a young one, which depends on an old crate.
fn world() -> World {
    let world = World::new();
    Package::new("foo", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.0.0").pubtime(OLD).dep("foo", "1").publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).dep("foo", "1").publish(&world.registry);
    world
}

#[test]
fn a_first_build_takes_what_is_approved() {
    let world = world();
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "1");
    project.cargo(&["build"]).expect_code(0);
    let lock = project.read("Cargo.lock");
    assert!(
        lock.contains(
            "name = \"bar\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\""
        ),
        "{lock}"
    );
    // Nothing changes for whoever asks again, and little is sent.
    project.cargo(&["update"]).expect_code(0);
    assert_eq!(project.read("Cargo.lock"), lock);
    let added = project.cargo(&["add", "foo"]).expect_code(0);
    assert!(added.stderr.contains("foo v1.0.0"), "{}", added.stderr);
    project.cargo(&["build", "--locked"]).expect_code(0);
}

#[test]
fn what_is_held_is_refused_with_the_reason_and_the_day() {
    let world = world();
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "1");
    project.cargo(&["generate-lockfile"]).expect_code(0);
    let precise = project.cargo(&["update", "bar", "--precise", "1.1.0"]);
    // A yanked release may be chosen by its exact number; its bytes are not to be had.
    if precise.code == 0 {
        let built = project.cargo(&["build"]).expect_code(101);
        for words in [
            "bar 1.1.0 is held in quarantine",
            "are held for 7 days",
            "in 5 days",
            "the newest approved release is 1.0.0",
        ] {
            assert!(built.stderr.contains(words), "{words}: {}", built.stderr);
        }
    }
    // So is an edited lock file's.
    let edited = project.read("Cargo.lock").replace("version = \"1.0.0\"\nsource", "version = \"1.1.0\"\nsource");
    let young = checksum(&world.registry, "bar", "1.1.0");
    let old = checksum(&world.registry, "bar", "1.0.0");
    project.write("Cargo.lock", edited.replace(&old, &young));
    let built = project.cargo(&["fetch"]);
    assert!(built.code != 0, "{}{}", built.stdout, built.stderr);
    let refused = server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    assert!(refused.text().contains("2026-06-06"), "{}", refused.text());
    // Other bytes under an approved number are none that the index names.
    let wrong = server.get(&format!("/team/crates-io/crates/bar/1.0.0/{young}")).expect(403);
    assert!(wrong.text().contains("other bytes"), "{}", wrong.text());
    server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
    server.get(&format!("/team/crates-io/crates/bar/9.0.0/{young}")).expect(404);
}

#[test]
fn install_gets_the_newest_approved_and_is_told_why_not_the_other() {
    let world = World::new();
    let main = "fn main() {}";
    Package::new("tool", "1.0.0").pubtime(OLD).file("src/main.rs", main).publish(&world.registry);
    Package::new("tool", "1.1.0").pubtime(YOUNG).file("src/main.rs", main).publish(&world.registry);
    let server = world.serve();
    let project = world.project(&server, "team");
    // An installation is none of the folder's: cargo reads the home's configuration alone.
    std::fs::copy(project.path(".cargo/config.toml"), project.cargo_home().join("config.toml")).unwrap();
    let installed = project.cargo(&["install", "tool"]).expect_code(0);
    assert!(installed.stderr.contains("tool v1.0.0"), "{}", installed.stderr);
    let held = project.cargo(&["install", "tool@1.1.0"]);
    assert_eq!(held.code, 101, "{}", held.stderr);
    let words = ["held in quarantine", "yanked"];
    assert!(words.iter().any(|words| held.stderr.contains(words)), "{}", held.stderr);
}

#[test]
fn what_each_client_gets() {
    let world = world();
    Package::new("tool", "1.0.0")
        .pubtime(OLD)
        .dep("bar", "1")
        .file("src/main.rs", "fn main() {}\n")
        .publish(&world.registry);
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "1");
    std::fs::copy(project.path(".cargo/config.toml"), project.cargo_home().join("config.toml")).unwrap();
    project.lock_with_cargo();
    let locked = |text: &str, version: &str| text.contains(&format!("name = \"bar\"\nversion = \"{version}\""));
    assert!(locked(&project.read("Cargo.lock"), "1.0.0"));
    // An IDE asks with many processes at once, none of which may see anything else.
    std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..8).map(|_| scope.spawn(|| project.cargo(&["metadata", "--format-version", "1"]))).collect();
        for one in asking {
            let told = one.join().unwrap().expect_code(0).stdout;
            assert!(told.contains("bar@1.0.0") && !told.contains("bar@1.1.0"));
        }
    });
    for arguments in [&["update"][..], &["update", "bar"], &["add", "bar"], &["generate-lockfile"]] {
        project.cargo(arguments).expect_code(0);
        assert!(locked(&project.read("Cargo.lock"), "1.0.0"), "{arguments:?}");
    }
    // A tool is built with what is approved, whether or not it brings a lock file.
    for more in [&[][..], &["--locked"]] {
        let root = project.path("root");
        let installed = project.cargo(&[&["install", "tool", "--root", root.as_str(), "--force"], more].concat());
        let installed = installed.expect_code(0).stderr;
        assert!(installed.contains("bar v1.0.0") && !installed.contains("bar v1.1.0"), "{installed}");
    }
    // Whoever names what is held gets its name and no byte of it.
    let held = project.cargo(&["install", "bar@1.1.0"]).expect_code(101).stderr;
    assert!(held.contains("has been yanked from registry") || held.contains("is held in quarantine"), "{held}");
    project.cargo(&["update", "bar", "--precise", "1.1.0"]);
    let fetched = project.cargo(&["fetch"]);
    assert!(
        fetched.code == 0 && locked(&project.read("Cargo.lock"), "1.0.0")
            || fetched.stderr.contains("is held in quarantine"),
        "{}",
        fetched.stderr
    );
    let cache = project.cargo_home().join("registry/cache");
    let names: Vec<String> = walk(&cache);
    assert!(
        names.iter().any(|name| name.contains("bar-1.0.0")) && !names.iter().any(|name| name.contains("bar-1.1.0")),
        "{names:?}"
    );
}

fn walk(folder: &camino::Utf8Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            names.extend(walk(entry.path()));
        } else {
            names.push(entry.path().to_string());
        }
    }
    names
}

#[test]
fn lines_are_the_registrys_own_but_for_the_yank() {
    let world = world();
    let server = world.serve();
    let shown = server.index("team", "bar").expect(200).text();
    let own = world.registry.index_file("bar").unwrap();
    let lines = || shown.lines().zip(own.lines());
    assert_eq!(lines().next().map(|(shown, own)| shown == own), Some(true), "{shown}");
    let held = lines().nth(1).unwrap();
    assert!(held.0.starts_with("{\"yanked-upstream\":false,"), "{}", held.0);
    let undone = held.0.replacen("\"yanked-upstream\":false,", "", 1).replace("\"yanked\":true", "\"yanked\":false");
    assert_eq!(undone, held.1);
}

#[test]
fn an_unchanged_file_is_told_by_its_validator_in_either_encoding() {
    let world = world();
    let server = world.serve();
    let path = "/team/crates-io/3/b/bar";
    let plain = server.get(path).expect(200);
    let gzip = server.ask("GET", path, "Accept-Encoding: gzip\r\n", b"").expect(200);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let (plain_tag, gzip_tag) = (plain.header("etag").unwrap(), gzip.header("etag").unwrap());
    assert_ne!(plain_tag, gzip_tag);
    let again = server.ask("GET", path, &format!("If-None-Match: {plain_tag}\r\n"), b"").expect(304);
    assert!(again.body.is_empty());
    server.ask("GET", path, &format!("Accept-Encoding: gzip\r\nIf-None-Match: {gzip_tag}\r\n"), b"").expect(304);
    server.ask("GET", path, &format!("Accept-Encoding: gzip\r\nIf-None-Match: {plain_tag}\r\n"), b"").expect(200);
}

#[test]
fn malicious_and_denied_releases_are_not_shown_and_not_given() {
    let world = world();
    Package::new("bad", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("unwanted", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.advisories.add(&crate::support::Advisory::new("RUSTSEC-2026-0002", "bad").date("2026-05-31").malicious());
    world.policy("sequester.toml", "[bans]\ndeny = [\"unwanted\"]\n");
    let server = world.serve();
    for name in ["bad", "unwanted"] {
        assert_eq!(server.shows("team", name, "1.0.0"), None, "{name}");
        let refused = server.download(&world.registry, "team", name, "1.0.0").expect(403).text();
        assert!(!refused.contains("to ask for it"), "no approval lifts it: {refused}");
        let page = server.get(&format!("/team/crate/{name}/1.0.0")).expect(200).text();
        assert!(!page.contains("sequester approve"), "{page}");
        if name == "bad" {
            for told in [refused, page] {
                for words in ["RUSTSEC-2026-0002", "cargo sequester incident bad@1.0.0"] {
                    assert!(told.contains(words), "{words}: {told}");
                }
            }
        }
    }
    assert_eq!(server.shows("team", "foo", "1.0.0"), Some(false));
}

#[test]
fn a_second_start_needs_no_registry_for_what_the_first_has_seen() {
    let world = world();
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "1");
    project.cargo(&["build"]).expect_code(0);
    server.kill();
    world.registry.reply("*", crate::support::Reply::status(503).times(1000));
    let server = world.serve();
    let again = world.project(&server, "team").dep("bar", "1").file("Cargo.lock", project.read("Cargo.lock"));
    again.cargo(&["build", "--locked"]).expect_code(0);
    assert_eq!(server.index("team", "bar").expect(200).header("x-sequester-stale"), Some("1"));
}

#[test]
fn many_clients_at_once_ask_the_registry_once() {
    let world = world();
    world.registry.latency(std::time::Duration::from_millis(100));
    let registries = world.registries().replace("fresh-for = \"0\"", "fresh-for = \"1 hour\"");
    world.policy("sequester.toml", "");
    let server = world.serve_by(&format!("{registries}\n[teams.team]\npolicy = \"sequester.toml\"\n"));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                server.index("team", "bar").expect(200);
                server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
            });
        }
    });
    let paths = world.registry.requested_paths();
    let count = |wanted: &str| paths.iter().filter(|path| *path == wanted).count();
    assert_eq!((count("/index/3/b/bar"), count("/dl/bar/1.0.0/download")), (1, 1), "{paths:?}");
}
