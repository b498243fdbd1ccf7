//! How a server begins and ends: without any option, and by a signal.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::server::{NOW, OLD, World, YOUNG, checksum};
use crate::support::{Package, Project, Reply};

fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world
}

/// Starts it in a project's folder, and gives what it prints up to an empty line behind `[registries.`.
fn started(project: &Project, arguments: &[&str]) -> (Child, Vec<String>) {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["sequester", "serve", "--listen", "127.0.0.1:0", "--now", NOW]).args(arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        said.push(line.unwrap());
        if said.iter().any(|line| line.starts_with("index = ")) {
            break;
        }
    }
    (child, said)
}

/// Sends a signal and waits for the end, which must be a good one.
fn end(mut child: Child, signal: &str) -> Duration {
    let begun = Instant::now();
    assert!(std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success(), "{status}: {said}");
    begun.elapsed()
}

#[test]
fn without_an_option_it_has_this_folders_policy_and_prints_what_to_paste() {
    let world = world();
    let db = world.advisories.root();
    let project =
        Project::new().policy(&format!("[quarantine]\nmin-publish-age = \"1 day\"\n\n[advisories]\ndb = \"{db}\"\n"));
    project.run("git", &["init", "-q"]).expect_code(0);
    for signal in ["-INT", "-TERM"] {
        let (child, said) = started(&project, &[]);
        let url = said[0].trim().strip_prefix("Serving ").unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{said:?}");
        let lines: Vec<&str> = said.iter().skip_while(|line| !line.starts_with('[')).map(String::as_str).collect();
        let pasted: toml::Table = lines.join("\n").parse().unwrap();
        assert_eq!(pasted["source"]["crates-io"]["replace-with"].as_str(), Some("sequester-default-crates-io"));
        let index = pasted["registries"]["sequester-default-crates-io"]["index"].as_str().unwrap();
        assert_eq!(index, format!("sparse+{url}/default/crates-io/"));
        if signal == "-TERM" {
            let begun = Instant::now();
            let head = project.path(".sequester/store/policy/default/head");
            while !head.exists() {
                assert!(begun.elapsed() < Duration::from_secs(20), "it writes no policy");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // The first is ended in the moment in which it says that it is there.
        assert!(end(child, signal) < Duration::from_secs(10));
    }
    // It is the server's own, and no part of the project.
    let status = project.run("git", &["status", "--short", "--untracked-files=all"]).expect_code(0).stdout;
    assert!(!status.contains(".sequester"), "{status}");
}

#[test]
fn what_it_prints_works_when_pasted() {
    let world = world();
    world.policy("sequester.toml", "");
    let registries = world.registries();
    world.write("serve.toml", &format!("{registries}\n[teams.team]\npolicy = \"sequester.toml\"\n"));
    let home = Project::new();
    let (config, store) = (world.path("serve.toml"), world.path("store"));
    let (child, said) = started(&home, &["--config", config.as_str(), "--store", store.as_str()]);
    let lines: Vec<&str> = said.iter().skip_while(|line| !line.starts_with('[')).map(String::as_str).collect();
    let project = Project::new().dep("bar", "1").config(&lines.join("\n"));
    let begun = Instant::now();
    while project.cargo(&["build"]).code != 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", project.cargo(&["build"]).stderr);
    }
    assert!(project.read("Cargo.lock").contains("name = \"bar\"\nversion = \"1.0.0\""));
    end(child, "-TERM");
}

#[test]
fn what_has_begun_comes_to_its_end() {
    let world = world();
    let server = world.serve();
    let path = format!("/team/crates-io/crates/bar/1.0.0/{}", checksum(&world.registry, "bar", "1.0.0"));
    let whole = world.registry.archive("bar", "1.0.0").unwrap();
    let download = crate::support::TestRegistry::download_path("bar", "1.0.0");
    world.registry.reply(&download, Reply::usual().delay(Duration::from_millis(1_500)));
    let (url, id) = (server.url.clone(), server.id());
    let answer = std::thread::scope(|scope| {
        let asking = scope.spawn(|| server.try_ask("GET", &path, "", b""));
        std::thread::sleep(Duration::from_millis(500));
        assert!(std::process::Command::new("kill").arg(&id).status().unwrap().success());
        asking.join().unwrap()
    });
    assert_eq!(answer.unwrap().expect(200).body, whole);
    // And nothing new is begun.
    std::thread::sleep(Duration::from_millis(200));
    assert!(std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).is_err());
}
