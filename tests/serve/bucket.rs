//! Buckets: servers of S3 that keep to the conditions of writes, and servers that only say so.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::nodes::{everything, world};
use crate::server::{NOW, Server, World, checksum};
use crate::support::Package;

/// An S3 server of somebody else's.
struct Bucket {
    child: Child,
    endpoint: String,
    folder: tempfile::TempDir,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bucket {
    fn start(mut command: Command, port: u16, folder: tempfile::TempDir) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let bucket = Self { child: command.spawn().unwrap(), endpoint: format!("http://127.0.0.1:{port}"), folder };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return bucket;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the S3 server did not start");
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn moto() -> Option<Bucket> {
    let has_it = Command::new("python3").args(["-c", "import moto, flask"]).output();
    if !has_it.is_ok_and(|output| output.status.success()) {
        crate::support::shared::skipped("the Python package moto[server] is not there");
        return None;
    }
    let port = free_port();
    // Its own command answers in threads that look first and write then: of 300 races between eight writers three had two winners. One at a
    // time it keeps to conditions.
    let serial = "import sys\n\
        from moto.server import DomainDispatcherApplication, create_backend_app\n\
        from werkzeug.serving import run_simple\n\
        run_simple('127.0.0.1', int(sys.argv[1]), DomainDispatcherApplication(create_backend_app))";
    let mut command = Command::new("python3");
    command.args(["-c", serial, &port.to_string()]);
    let bucket = Bucket::start(command, port, tempfile::tempdir().unwrap());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = "PUT /sequester HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
    Some(bucket)
}

fn s3s_fs() -> Option<Bucket> {
    if !Command::new("s3s-fs").arg("--version").output().is_ok_and(|output| output.status.success()) {
        crate::support::shared::skipped("s3s-fs is not there: cargo install s3s-fs --features binary");
        return None;
    }
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("sequester")).unwrap();
    let mut command = Command::new("s3s-fs");
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--access-key", "key", "--secret-key", "secret"]);
    command.arg(folder.path());
    Some(Bucket::start(command, port, folder))
}

fn variables(endpoint: &str) -> [(&str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]
}

fn configured() -> World {
    let world = world();
    world.policy("sequester.toml", "");
    world.write("serve.toml", &format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries()));
    world
}

fn on(world: &World, endpoint: &str) -> Server {
    let config = world.path("serve.toml");
    let arguments = ["--config", config.as_str(), "--store", "s3://sequester/a/b"];
    Server::start_with(world, &arguments, NOW, &variables(endpoint), true)
}

/// Eight lock files at once on two nodes, and all are there afterwards; then the bucket is away.
fn serves_two_nodes_and_outlives_its_outage(bucket: Bucket) {
    let world = configured();
    Package::new("alphabet", "1.0.1").pubtime(crate::server::YOUNG).publish(&world.registry);
    let nodes = [on(&world, &bucket.endpoint), on(&world, &bucket.endpoint)];
    assert_eq!(everything(&nodes[0], &world), everything(&nodes[1], &world));
    let sum = checksum(&world.registry, "alphabet", "1.0.1");
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"alphabet\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
    );
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (node, lock) = (&nodes[number % 2], &lock);
            scope.spawn(move || node.ask("PUT", &format!("/team/locks/app-{number}"), "", lock.as_bytes()).expect(200));
        }
    });
    let third = on(&world, &bucket.endpoint);
    let locks = third.get("/metrics").expect(200).text();
    assert!(locks.contains("sequester_posted_locks 8"), "{locks}");
    third.download(&world.registry, "team", "alphabet", "1.0.1").expect(200);
    drop(bucket);
    // What is in memory goes on; what is not is nobody's to say.
    nodes[0].index("team", "alphabet").expect(200);
    nodes[0].download(&world.registry, "team", "alphabet", "1.0.0").expect(503);
    nodes[0].index("team", "never-seen").expect(503);
    nodes[0].get("/health").expect(200);
}

#[test]
fn a_bucket_of_moto_serves_two_nodes_and_outlives_its_own_outage() {
    if let Some(bucket) = moto() {
        serves_two_nodes_and_outlives_its_outage(bucket);
    }
}

#[test]
fn a_bucket_of_s3s_is_served_from_or_refused_at_the_start() {
    let Some(bucket) = s3s_fs() else { return };
    let world = configured();
    match refusal(&world, &bucket.endpoint) {
        None => serves_two_nodes_and_outlives_its_outage(bucket),
        Some(said) => assert!(said.contains("the store cannot be opened"), "{said}"),
    }
}

/// What a server says that does not start on this bucket; `None` where it starts.
fn refusal(world: &World, endpoint: &str) -> Option<String> {
    let config = world.path("serve.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["sequester", "serve", "--check", "--config", config.as_str(), "--store", "s3://sequester/a/b"]);
    command.env("CARGO_HOME", world.path("home")).env("NO_PROXY", "127.0.0.1").envs(variables(endpoint));
    let output = command.output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// How a server of S3 treats what it is told about conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Honesty {
    /// As it should.
    Whole,
    /// It writes whatever it is sent.
    None,
    /// `If-Match` is nothing to it.
    OnlyNew,
    /// It looks, and writes a moment later.
    Slow,
    /// It finds its own tags wrong.
    Contrary,
    /// It knows no such bucket.
    NoBucket,
}

type Objects = Arc<Mutex<HashMap<String, (u64, Vec<u8>)>>>;

/// A server of S3 in as much as a store needs, which ends with the process.
fn imitation(honesty: Honesty) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let objects = Objects::default();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let objects = Arc::clone(&objects);
            std::thread::spawn(move || imitate(&stream, &objects, honesty));
        }
    });
    endpoint
}

fn imitate(mut stream: &TcpStream, objects: &Objects, honesty: Honesty) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) < 3 {
            break;
        }
        let (name, value) = line.trim().split_once(": ").unwrap();
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let tag = |number: u64| format!("\"{number:032x}\"");
    let there = objects.lock().unwrap().get(&path).cloned();
    let mut answer = |status: &str, tag: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\nETag: {tag}\r\nLast-Modified: Mon, 01 Jun 2026 00:00:00 GMT\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
    };
    if honesty == Honesty::NoBucket {
        return answer("404 Not Found", "", b"<Error><Code>NoSuchBucket</Code></Error>");
    }
    if method == "GET" {
        return match there {
            Some((number, bytes)) => answer("200 OK", &tag(number), &bytes),
            None => answer("404 Not Found", "", b"<Error><Code>NoSuchKey</Code></Error>"),
        };
    }
    let allows = |there: Option<&(u64, Vec<u8>)>| {
        let is_new = headers.get("if-none-match").is_none_or(|_| there.is_none());
        let is_same = headers.get("if-match").is_none_or(|wanted| {
            honesty != Honesty::Contrary && there.is_some_and(|(number, _)| tag(*number) == *wanted)
        });
        match honesty {
            Honesty::None => true,
            Honesty::OnlyNew => is_new,
            Honesty::Whole | Honesty::Slow | Honesty::Contrary | Honesty::NoBucket => is_new && is_same,
        }
    };
    let refused = |there: Option<&(u64, Vec<u8>)>| !allows(there);
    if honesty == Honesty::Slow {
        if refused(there.as_ref()) {
            return answer("412 Precondition Failed", "", b"");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut objects = objects.lock().unwrap();
    if honesty != Honesty::Slow && refused(objects.get(&path)) {
        drop(objects);
        return answer("412 Precondition Failed", "", b"");
    }
    let number = objects.values().map(|(number, _)| *number).max().unwrap_or(0) + 1;
    objects.insert(path, (number, body));
    drop(objects);
    answer("200 OK", &tag(number), b"");
}

#[test]
fn a_bucket_that_does_not_keep_to_conditions_is_refused_before_anything_is_written_to_it() {
    let world = configured();
    let honest = imitation(Honesty::Whole);
    assert_eq!(refusal(&world, &honest), None);
    assert_eq!(everything(&on(&world, &honest), &world), everything(&world.serve(), &world));
    for (honesty, cause) in [
        (Honesty::None, "against `If-None-Match: *`"),
        (Honesty::OnlyNew, "against `If-Match`"),
        (Honesty::Slow, "that replaced one object at once were told that they did"),
        (Honesty::Contrary, "it refuses the tag that it gave itself"),
        (Honesty::NoBucket, "what is written is not there afterwards"),
    ] {
        let said = refusal(&world, &imitation(honesty)).expect("it is refused");
        assert!(said.contains(cause) && said.contains("help: name a bucket"), "{honesty:?}: {said}");
    }
}

#[test]
fn a_bucket_that_is_away_at_the_start_is_tried_before_the_first_write() {
    let world = configured();
    // Nobody listens there yet.
    let port = free_port();
    let server = on(&world, &format!("http://127.0.0.1:{port}"));
    server.index("team", "alphabet").expect(503);
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let objects = Objects::default();
    let kept = Arc::clone(&objects);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let objects = Arc::clone(&objects);
            std::thread::spawn(move || imitate(&stream, &objects, Honesty::None));
        }
    });
    let refused = server.index("team", "alphabet").expect(503);
    assert!(refused.text().contains("against `If-None-Match: *`"), "{}", refused.text());
    let kept: Vec<String> = kept.lock().unwrap().keys().cloned().collect();
    assert_eq!(kept, ["/sequester/a/b/trial"]);
}
