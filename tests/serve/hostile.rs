//! Clients, registries and paths that mean no good.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::server::{OLD, World, checksum};
use crate::support::{Package, Reply};

fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world
}

#[test]
fn a_path_that_is_not_spelled_as_here_leads_nowhere_and_asks_nobody() {
    let world = world();
    let server = world.serve();
    world.registry.forget_requests();
    for path in [
        "/team/crates-io/3/b/../b/bar",
        "/team/crates-io/3/b/%62ar",
        "/team/crates-io/..%2f..%2fetc/passwd",
        "/team/crates-io/3/b/b\u{e4}r",
        "/team/crates-io/3/b/BAR",
        "/team/crates-io/ba/r/bar",
        "/../team/crates-io/3/b/bar",
        "//team/crates-io/3/b/bar",
        "/team/crates-io/crates/../../1.0.0/0000000000000000000000000000000000000000000000000000000000000000",
        "/team/crates-io/crates/bar/1.0.0/0000",
        "/team/crates-io/crates/bar/1.0.0/latest",
    ] {
        let answer = server.ask("GET", path, "", b"");
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    let long = format!("/team/crates-io/aa/aa/{}", "a".repeat(4000));
    server.get(&long).expect(404);
    assert_eq!(world.registry.requested_paths(), Vec::<String>::new());
}

#[test]
fn nobody_is_told_where_anything_lies_on_the_servers_machine() {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(crate::server::YOUNG).publish(&world.registry);
    world.policy("deep/sequester.toml", "[bans]\ndeny = [\"foo\"]\n");
    let registries = world.registries();
    let server = world.serve_by(&format!("{registries}\n[teams.team]\npolicy = \"deep/sequester.toml\"\n"));
    // A policy that cannot be used and an archive that is not what it should be are told on the pages.
    std::fs::write(world.path("deep/sequester.toml"), "nonsense").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    let young = crate::server::checksum(&world.registry, "bar", "1.1.0");
    let mut told = String::new();
    for path in [
        "/team/",
        "/team/crates-io/config.json",
        "/team/crates-io/3/b/bar",
        &format!("/team/crates-io/crates/bar/1.1.0/{young}"),
        "/team/release/bar/1.1.0",
        "/team/crate/bar",
        "/team/crates/bar",
        "/team/search?q=bar",
        "/team/api/v1/held",
        "/team/api/v1/crates/bar",
        "/team/api/v1/search?q=bar",
        "/team/nowhere",
        "/metrics",
        "/ready",
        "/health",
    ] {
        let answer = server.get(path);
        told += &format!("{path} {} {}\n{}\n", answer.status, answer.headers, answer.text());
    }
    assert!(told.contains("held in quarantine") && told.contains("policy"), "{told}");
    // Neither is a lock file that cannot be kept.
    if cfg!(unix) && std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout != b"0\n") {
        std::fs::create_dir_all(world.path("store/locks/team")).unwrap();
        std::process::Command::new("chmod").args(["500", world.path("store/locks/team").as_str()]).status().unwrap();
    } else {
        std::fs::create_dir_all(world.path("store/locks")).unwrap();
        std::fs::write(world.path("store/locks/team"), "a file where a folder would be").unwrap();
    }
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"bar\"\nversion = \"1.1.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{young}\"\n"
    );
    let answer = server.ask("PUT", "/team/locks/app", "", lock.as_bytes()).expect(503);
    told += &answer.text();
    told += &server.get("/team/").text();
    let (home, advisories) = (world.path(""), world.advisories.root());
    for line in told.lines() {
        for folder in [home.as_str().trim_end_matches('/'), advisories.as_str()] {
            assert!(!line.contains(folder), "{line}");
        }
    }
}

#[test]
fn headers_have_a_bound_and_a_slow_client_an_end() {
    let world = world();
    world.policy("sequester.toml", "");
    let server = world.serve_by(&format!(
        "{}\n[limits]\nseconds = 1\n[teams.team]\npolicy = \"sequester.toml\"\n",
        world.registries()
    ));
    let many = format!("X-Padding: {}\r\n", "x".repeat(64 << 10));
    let answer = server.try_ask("GET", "/health", &many, b"");
    assert!(answer.map_or(true, |answer| answer.status == 431), "64 KiB of headers");
    let mut slow = server.connect();
    slow.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n").unwrap();
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(30), "a client that never ends its headers");
    server.get("/health").expect(200);
    let mut slow = server.connect();
    slow.write_all(b"PUT /team/locks/app HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nversion").unwrap();
    let begun = Instant::now();
    let mut rest = [0; 64];
    let read = slow.read(&mut rest).unwrap_or(0);
    assert!(begun.elapsed() < Duration::from_secs(15) && read > 0, "a body that never ends");
    assert!(rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
}

#[test]
fn a_client_has_a_rate() {
    let world = world();
    world.policy("sequester.toml", "");
    let server = world.serve_by(&format!(
        "{}\n[limits]\nrequests-per-minute = 30\n[teams.team]\npolicy = \"sequester.toml\"\n",
        world.registries()
    ));
    let statuses: Vec<u16> = (0..20).map(|_| server.get("/team/crates-io/config.json").status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    server.get("/health").expect(200);
}

#[test]
fn a_registry_cannot_lead_this_server_elsewhere() {
    let world = world();
    let server = world.serve();
    let sum = checksum(&world.registry, "bar", "1.0.0");
    let crate_path = format!("/team/crates-io/crates/bar/1.0.0/{sum}");
    server.index("team", "bar").expect(200);
    for to in ["http://169.254.169.254/latest/meta-data", "https://elsewhere.example/x", "file:///etc/passwd"] {
        world.registry.reply("/dl/bar/1.0.0/download", Reply::redirect(to));
        server.get(&crate_path).expect(503);
        world.registry.reply("/index/3/f/foo", Reply::redirect(to));
        server.index("team", "foo").expect(503);
        world.registry.be_itself();
    }
    drop(server);
    world.registry.config("{\"dl\":\"http://169.254.169.254/{crate}\"}");
    let server = world.serve();
    let refused = server.get(&crate_path).expect(503);
    assert!(refused.text().contains("download-hosts"), "{}", refused.text());
}

#[test]
fn a_registry_that_lies_is_not_believed() {
    let world = world();
    world.policy("sequester.toml", "");
    let server = world.serve_by(&format!(
        "{}\n[limits]\nlargest-crate = 1048576\n[teams.team]\npolicy = \"sequester.toml\"\n",
        world.registries()
    ));
    let sum = checksum(&world.registry, "bar", "1.0.0");
    let crate_path = format!("/team/crates-io/crates/bar/1.0.0/{sum}");
    world.registry.reply("/dl/bar/1.0.0/download", Reply::ok("other bytes"));
    let wrong = server.get(&crate_path).expect(503);
    assert!(wrong.text().contains("other bytes than its index names"), "{}", wrong.text());
    world.registry.be_itself().reply("/dl/bar/1.0.0/download", Reply::ok(vec![0; 2 << 20]));
    server.get(&crate_path).expect(503);
    world.registry.be_itself().reply("/dl/bar/1.0.0/download", Reply::status(404));
    server.get(&crate_path).expect(503);
    world.registry.be_itself();
    server.get(&crate_path).expect(200);
    // An index that is none, and one about another crate.
    world.registry.reply("/index/3/f/foo", Reply::ok("<html>sign in</html>"));
    server.index("team", "foo").expect(503);
    let other = "{\"name\":\"qux\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"00\",\"features\":{},\"yanked\":false}\n";
    world.registry.be_itself().reply("/index/3/f/foo", Reply::ok(other));
    server.index("team", "foo").expect(404);
    // Two lines for one version, and a line that says itself what only this server may say.
    let line = world.registry.index_file("bar").unwrap();
    let line = line.trim();
    let spoilt = format!(
        "{line}\n{}\n{}\n",
        line.replace("1.0.0", "2.0.0"),
        line.replace("1.0.0", "2.0.0").replace("\"deps\":[]", "\"deps\": []")
    );
    world.registry.be_itself().reply("/index/3/b/bar", Reply::ok(spoilt).times(100));
    assert_eq!(server.shows("team", "bar", "2.0.0"), None);
    assert_eq!(server.shows("team", "bar", "1.0.0"), Some(false));
}
