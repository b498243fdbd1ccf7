//! A running `cargo sequester serve`, and what asks it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::support::{Advisory, AdvisoryFolder, Outcome, Project, TestRegistry};

/// The moment at which everything here is judged.
pub const NOW: &str = "2026-06-01T00:00:00Z";
/// Two days before.
pub const YOUNG: &str = "2026-05-30T00:00:00Z";
/// Long before.
pub const OLD: &str = "2025-01-01T00:00:00Z";

/// Everything that a server needs: a registry behind it, advisories, a folder for its state and its files.
pub struct World {
    pub registry: TestRegistry,
    pub advisories: AdvisoryFolder,
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "nobodys").date("2026-05-31"));
        let folder = tempfile::Builder::new().prefix("sequester-serve-").tempdir().unwrap();
        Self { registry: TestRegistry::new(), advisories, folder }
    }

    pub fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    /// A policy with these tables beside where the advisories are.
    pub fn policy(&self, name: &str, tables: &str) -> &Self {
        let db = self.advisories.root();
        self.write(name, &format!("[advisories]\ndb = \"{db}\"\n\n{tables}"))
    }

    /// What every configuration here begins with: crates.io is the registry on the loopback.
    pub fn registries(&self) -> String {
        format!("[registries.crates-io]\nindex = \"{}\"\nfresh-for = \"0\"\n", self.registry.url())
    }

    /// A server of one team called `team` without a token.
    pub fn serve(&self) -> Server {
        if !self.path("sequester.toml").exists() {
            self.policy("sequester.toml", "");
        }
        let registries = self.registries();
        self.serve_by(&format!("{registries}\n[teams.team]\npolicy = \"sequester.toml\"\n"))
    }

    /// A server by this configuration, with its state where every server of this world has it.
    pub fn serve_by(&self, config: &str) -> Server {
        self.write("serve.toml", config);
        self.start(&["--config", self.path("serve.toml").as_str(), "--store", self.path("store").as_str()])
    }

    pub fn start(&self, arguments: &[&str]) -> Server {
        Server::start(self, arguments, NOW)
    }

    /// A package that has its dependencies from a team of this server.
    #[expect(clippy::unused_self, reason = "a project is of the world that its server is of")]
    pub fn project(&self, server: &Server, team: &str) -> Project {
        Project::new().config(&format!(
            "[source.crates-io]\nreplace-with = \"ours\"\n\n[registries.ours]\nindex = \"sparse+{}/{team}/crates-io/\"\n",
            server.url
        ))
    }
}

/// A server; it ends with this value.
pub struct Server {
    child: Child,
    pub url: String,
    /// What it says on standard error.
    said: Option<std::thread::JoinHandle<String>>,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.headers, self.text());
        self
    }
}

impl Server {
    pub fn start(world: &World, arguments: &[&str], now: &str) -> Self {
        Self::start_that(world, arguments, now, true)
    }

    /// One that is not ready for want of advisories.
    pub fn start_unready(world: &World, config: &str, now: &str) -> Self {
        world.write("serve.toml", config);
        let (config, store) = (world.path("serve.toml"), world.path("store"));
        Self::start_that(world, &["--config", config.as_str(), "--store", store.as_str()], now, false)
    }

    fn start_that(world: &World, arguments: &[&str], now: &str, becomes_ready: bool) -> Self {
        Self::start_with(world, arguments, now, &[], becomes_ready)
    }

    /// The same with more variables.
    pub fn start_with(
        world: &World,
        arguments: &[&str],
        now: &str,
        variables: &[(&str, &str)],
        becomes_ready: bool,
    ) -> Self {
        let home = world.path("home");
        std::fs::create_dir_all(&home).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-sequester"));
        let path = cargo_sequester::door::gather::environment::Environment::read().unwrap();
        command.env_clear().env("HOME", &home).env("CARGO_HOME", &home).env("NO_PROXY", "127.0.0.1");
        command.env("PATH", path.get("PATH").unwrap_or_default()).env("UPSTREAM_TOKEN", "upstream-secret");
        command.envs(variables.iter().copied());
        command.args(["sequester", "serve", "--listen", "127.0.0.1:0", "--now", now]).args(arguments);
        command.current_dir(world.path("home")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            said
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else {
            let _ = child.wait();
            panic!("it did not start: {}", said.join().unwrap());
        };
        let url = first.trim().strip_prefix("Serving ").unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, url, said: Some(said) };
        if !becomes_ready {
            return server;
        }
        let begun = Instant::now();
        while server.get("/ready").status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never became ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", b"")
    }

    /// Makes one request; `headers` are whole lines.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.try_ask(method, path, headers, body).unwrap()
    }

    pub fn try_ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> std::io::Result<Answer> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        let mut stream = self.try_connect()?;
        stream.write_all(head.as_bytes())?;
        // Whoever is refused early is not read to the end.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let headers = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let mut body = answer[end + 4..].to_vec();
        if headers.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Ok(Answer { status, headers, body })
    }

    pub fn connect(&self) -> TcpStream {
        self.try_connect().unwrap()
    }

    fn try_connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap())?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(stream)
    }

    /// A crate's index file as a team sees it.
    pub fn index(&self, team: &str, name: &str) -> Answer {
        let path = TestRegistry::index_path(name);
        self.get(&format!("/{team}/crates-io/{}", path.strip_prefix("/index/").unwrap()))
    }

    /// Whether a release is shown, and then whether as yanked.
    pub fn shows(&self, team: &str, name: &str, version: &str) -> Option<bool> {
        let answer = self.index(team, name);
        let text = answer.text();
        let line = text.lines().find(|line| line.contains(&format!("\"vers\":\"{version}\"")))?;
        Some(line.contains("\"yanked\":true"))
    }

    /// A release's archive, by the checksum that the registry behind has of it.
    pub fn download(&self, registry: &TestRegistry, team: &str, name: &str, version: &str) -> Answer {
        self.get(&format!("/{team}/crates-io/crates/{name}/{version}/{}", checksum(registry, name, version)))
    }

    /// Ends it as an operator would, and gives what it said on standard error.
    pub fn end(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").arg(&id).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        self.said.take().unwrap().join().unwrap()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Its process.
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Ends it as a machine that loses its power would.
    pub fn kill(mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    whole
}

/// The checksum that a registry's index has of a release.
pub fn checksum(registry: &TestRegistry, name: &str, version: &str) -> String {
    let file = registry.index_file(name).unwrap();
    let line = file.lines().find(|line| line.contains(&format!("\"vers\":\"{version}\""))).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["cksum"].as_str().unwrap().to_owned()
}

/// Runs a verb of this program that ends by itself.
pub fn sequester(world: &World, arguments: &[&str]) -> Outcome {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-sequester"))
        .args(["sequester"])
        .args(arguments)
        .env("CARGO_HOME", world.path("home"))
        .current_dir(world.path("."))
        .output()
        .unwrap();
    Outcome {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}
