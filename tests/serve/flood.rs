//! Clients and registries that want all of what there is: connections, streams, guesses, memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::{OLD, Server, World, checksum};
use crate::support::{Package, Reply, shared};

fn world(limits: &str) -> (World, Server) {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.policy("sequester.toml", "");
    let teams = "[teams.team]\npolicy = \"sequester.toml\"\n";
    let server = world.serve_by(&format!("{}\n[limits]\n{limits}\n{teams}", world.registries()));
    (world, server)
}

/// A figure of a process in MB; `None` where the system does not tell.
fn megabytes(server: &Server, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.id())).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes >> 10)
}

/// How long it is until somebody is answered.
fn waits(server: &Server) -> Duration {
    let begun = Instant::now();
    server.get("/health").expect(200);
    begun.elapsed()
}

#[test]
fn connections_that_say_nothing_or_begin_and_fall_silent_make_place() {
    let (_world, server) = world("connections = 8\nseconds = 1");
    for said in [b"".as_slice(), b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
        let silent: Vec<TcpStream> = (0..16)
            .map(|_| {
                let mut stream = server.connect();
                stream.write_all(said).unwrap();
                stream
            })
            .collect();
        assert!(waits(&server) < Duration::from_secs(8), "{said:?}");
        drop(silent);
    }
}

#[test]
fn two_thousand_connections_are_no_more_than_a_wait() {
    let (_world, server) = world("seconds = 2");
    let mut many = Vec::new();
    while many.len() < 2000 {
        match TcpStream::connect(server.url.strip_prefix("http://").unwrap()) {
            Ok(stream) => many.push(stream),
            // This process may have no more of them.
            Err(_) => break,
        }
    }
    if many.len() < 2000 {
        shared::skipped("only some of two thousand connections could be had");
    }
    assert!(waits(&server) < Duration::from_secs(20), "{} connections", many.len());
    assert!(megabytes(&server, "VmHWM:").is_none_or(|megabytes| megabytes < 300));
    drop(many);
    assert!(waits(&server) < Duration::from_secs(5));
}

#[test]
fn streams_that_are_begun_and_taken_back_cost_their_client_the_connection() {
    let (_world, server) = world("");
    let frame = |kind: u8, flags: u8, stream: u32, body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
    };
    let mut stream = server.connect();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(4, 0, 0, b"")).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let heard = std::thread::spawn(move || {
        let mut heard = Vec::new();
        let _ = reader.read_to_end(&mut heard);
        heard
    });
    // GET / over http at `x`, and at once the end of it.
    let headers = [0x82, 0x84, 0x86, 0x41, 1, b'x'];
    let begun = Instant::now();
    let mut sent = 0_u32;
    while sent < 200_000 && begun.elapsed() < Duration::from_secs(20) {
        let number = 2 * sent + 1;
        let both = [frame(1, 5, number, &headers), frame(3, 0, number, &8_u32.to_be_bytes())].concat();
        if stream.write_all(&both).is_err() {
            break;
        }
        sent += 1;
    }
    assert!(waits(&server) < Duration::from_secs(5));
    assert!(megabytes(&server, "VmHWM:").is_none_or(|megabytes| megabytes < 200));
    drop(stream);
    let heard = heard.join().unwrap();
    // A frame of the kind GOAWAY, and the reason: enhance your calm.
    let mut rest = heard.as_slice();
    let mut reason = None;
    while rest.len() >= 9 {
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        if rest[3] == 7 {
            reason = rest.get(13..17).map(<[u8]>::to_vec);
        }
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    assert_eq!(reason, Some(vec![0, 0, 0, 11]), "after {sent} streams");
}

#[test]
fn whoever_guesses_tokens_is_slowed_down_and_slows_nobody_else() {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.policy("sequester.toml", "");
    let (token, table) = crate::teams::token(&world, "ci", false);
    let teams = ["team", "other"]
        .map(|team| format!("[teams.{team}]\npolicy = \"sequester.toml\"\n[[teams.{team}.tokens]]\n{table}"))
        .concat();
    let server = world.serve_by(&format!("{}\n[limits]\nrequests-per-minute = 60\n{teams}", world.registries()));
    let ask = |path: &str, token: &str| server.ask("GET", path, &format!("Authorization: {token}\r\n"), b"").status;
    let guesses: Vec<u16> =
        (0..40).map(|guess| ask("/team/crates-io/config.json", &format!("guess-{guess}"))).collect();
    assert!(guesses.iter().all(|status| matches!(status, 401 | 429)), "{guesses:?}");
    assert!(guesses.iter().filter(|status| **status == 401).count() < 20, "{guesses:?}");
    assert_eq!(ask("/other/api/v1/held", "guess"), 429, "wherever it guesses");
    assert_eq!(ask("/team/crates-io/config.json", &token), 200);
}

#[test]
fn a_registry_that_never_ends_its_answer_is_given_up_within_bounds() {
    let (world, server) = world("largest-crate = 1048576");
    world.registry.reply("/index/3/f/foo", Reply::ok("").endless());
    let begun = Instant::now();
    server.index("team", "foo").expect(503);
    world.registry.reply("/dl/bar/1.0.0/download", Reply::ok("").endless());
    server.index("team", "bar").expect(200);
    server.download(&world.registry, "team", "bar", "1.0.0").expect(503);
    assert!(begun.elapsed() < Duration::from_secs(60));
    // Each index file may have 64 MB, and is in memory once while it comes.
    assert!(megabytes(&server, "VmHWM:").is_none_or(|megabytes| megabytes < 350));
    world.registry.be_itself();
    server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
}

#[test]
fn archives_on_their_way_have_a_bound_together_and_who_takes_none_gives_it_back() {
    let world = World::new();
    let size = 12 << 20;
    let names = ["a1", "b1", "c1", "d1", "e1", "f1"];
    for (number, name) in names.iter().enumerate() {
        let archive = vec![u8::try_from(number).unwrap(); size];
        Package::new(name, "1.0.0").pubtime(OLD).raw_archive(archive).publish(&world.registry);
    }
    world.policy("sequester.toml", "");
    let teams = "[teams.team]\npolicy = \"sequester.toml\"\n";
    let limits = "[limits]\nseconds = 1\nspool = 16777216\nlargest-crate = 16777216\n";
    let server = world.serve_by(&format!("{}\n{limits}{teams}", world.registries()));
    let free = || {
        let metrics = server.get("/metrics").expect(200).text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("sequester_spool_free_bytes "));
        line.unwrap().parse::<u64>().unwrap()
    };
    let before = free();
    assert_eq!(before, 16 << 20);
    // They ask, and take nothing of what comes.
    let stalled: Vec<TcpStream> = names
        .iter()
        .map(|name| {
            let sum = checksum(&world.registry, name, "1.0.0");
            let mut stream = server.connect();
            let path = format!("/team/crates-io/crates/{name}/1.0.0/{sum}");
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
            stream
        })
        .collect();
    let answer = server.download(&world.registry, "team", "a1", "1.0.0");
    assert!(matches!(answer.status, 200 | 503), "{}", answer.status);
    let begun = Instant::now();
    while free() != before {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} bytes are free", free());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.download(&world.registry, "team", "b1", "1.0.0").expect(200).body.len(), size);
    assert!(megabytes(&server, "VmHWM:").is_none_or(|megabytes| megabytes < 200));
    drop(stalled);
}
