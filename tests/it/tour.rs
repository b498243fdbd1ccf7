//! `docs/tour.md`: its console blocks are what the program prints, one command after the other, in one project. Comments of the page,
//! `<!-- scene: … -->`, say what happens in between. `cargo test --test it write_the_tour -- --ignored` writes the page anew.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use sha2::{Digest as _, Sha256};

use crate::audit::World;
use crate::support::{Advisory, Package};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tour.md");
const NOW: &str = "2026-11-22T18:54:00Z";
/// The verbs that judge as of a moment. On the page it is the reader's own.
const AS_OF: [&str; 9] = ["approve", "audit", "explain", "fix", "report", "sbom", "status", "update", "vendor"];

/// A project with a release that is too young, a vulnerable one with its fix, and one that can move.
fn world() -> World {
    let world = World::new().dep("http", "1").dep("cinder", "1").dep("shelf", "0.4");
    let publish = |name: &str, version: &str, pubtime: &str| {
        let package = Package::new(name, version).pubtime(pubtime);
        let package = if name == "http" { package.dep("wire", "0.4") } else { package };
        package.publish(&world.registry);
    };
    publish("http", "1.0.0", "2023-11-15T10:00:00Z");
    publish("wire", "0.4.14", "2025-03-01T08:30:00Z");
    publish("wire", "0.4.15", "2026-06-01T08:30:00Z");
    publish("cinder", "1.11.2", "2026-10-02T09:15:00Z");
    publish("cinder", "1.11.3", "2026-11-20T11:48:48Z");
    publish("shelf", "0.4.11", "2025-08-09T04:13:20Z");
    world.lock();
    publish("wire", "0.4.16", "2026-11-20T06:10:00Z");
    publish("shelf", "0.4.12", "2026-02-01T00:00:00Z");
    publish("shelf", "0.4.13", "2026-11-18T08:09:40Z");
    let vulnerability = Advisory::new("RUSTSEC-2026-0258", "wire").title("unbounded empty frames").date("2026-11-20");
    world.advisories.add(&vulnerability.patched(">= 0.4.16"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0259", "elsewhere").date("2026-11-22"));
    // The project's own configuration is for `vendor` to write.
    let config = world.project.path(".cargo/config.toml");
    std::fs::rename(&config, world.project.cargo_home().join("config.toml")).unwrap();
    let home = world.project.outside().join("home");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join(".gitconfig"), "[user]\n\tname = Ana\n\temail = ana@example.org\n").unwrap();
    World { project: world.project.env("LANG", "C.UTF-8"), ..world }
}

/// What happens between the blocks.
fn play(world: &World, scene: &str) {
    let project = &world.project;
    let git = |arguments: &[&str]| {
        project.run("git", arguments).expect_code(0);
    };
    match scene {
        "somebody edits one file and adds a build script" => {
            project.write("vendor/shelf/src/lib.rs", "// edited\n");
            project.write("vendor/wire/build.rs", "fn main() {}\n");
        }
        "a change shortens the quarantine and deletes an event" => {
            git(&["init", "--quiet", "--initial-branch=main"]);
            git(&["add", "--all", "--force"]);
            git(&["commit", "--quiet", "--message", "a start"]);
            git(&["switch", "--quiet", "--create", "change"]);
            let policy = project.read("sequester.toml");
            project.write("sequester.toml", format!("{policy}\n[quarantine]\nmin-publish-age = \"0\"\n"));
            let events = project.path(".sequester/trail").read_dir_utf8().unwrap();
            let mut events = events.map(|entry| entry.unwrap().path().to_owned());
            let approval = |path: &Utf8PathBuf| std::fs::read_to_string(path).unwrap().contains("read the diff");
            std::fs::remove_file(events.find(approval).unwrap()).unwrap();
        }
        other => panic!("nobody knows the scene `{other}`"),
    }
}

/// What a terminal shows of one command.
fn shown(world: &World, command: &str) -> String {
    if let Some(removed) = command.strip_prefix("rm -r -- ") {
        std::fs::remove_file(world.project.path(removed)).unwrap();
        return String::new();
    }
    let mut quote = false;
    let words: Vec<String> = command
        .split(|letter| {
            quote ^= letter == '"';
            letter == ' ' && !quote
        })
        .map(|word| word.replace('"', ""))
        .collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(words[..2], ["cargo", "sequester"], "{command}");
    if AS_OF.contains(&words[2]) {
        words.extend(["--now", NOW]);
    }
    let told = world.project.sequester(&words[2..]);
    let text = world.redact(&format!("{}{}", told.stderr, told.stdout));
    let text = text.replace(&format!(" --now {NOW}"), "").replace("at 2026-11-22 18:54 UTC, as --now says, ", "");
    let text = text.replace("[ADVISORIES]", "advisory-db").replace("[TIME]", "0.2s");
    text.lines().map(|line| at_the_moment(line) + "\n").collect()
}

/// Events have the machine's time.
fn at_the_moment(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.split_once("Z-") {
        Some((time, id)) if time.len() == 15 && time.as_bytes()[8] == b'T' => format!("20261122T185400Z-{id}"),
        _ => word.to_owned(),
    });
    let mut words: Vec<String> = words.collect();
    if let Some(utc) = words.windows(2).position(|two| two == ["UTC", "by"]).filter(|_| line.contains(" by Ana")) {
        words[utc - 2..utc].clone_from_slice(&["2026-11-22".to_owned(), "18:54:00".to_owned()]);
    }
    words.join(" ")
}

/// Ids hang on times and folders: each gets one of its own that stays.
fn with_lasting_ids(page: &str) -> String {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut text = String::new();
    for piece in page.split_inclusive(|letter: char| !letter.is_ascii_hexdigit()) {
        let id = piece.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
        let has = |is: fn(&u8) -> bool| id.as_bytes().iter().any(is);
        // A date is no id, nor is a word. An id may have digits alone: one of two hundred with twelve.
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        let is_id = id.len() >= 12 || (id.len() >= 8 && is_mixed);
        if !is_id {
            text.push_str(piece);
            continue;
        }
        let next = known.len();
        let lasting = known
            .entry(id[..8].to_owned())
            .or_insert_with(|| Sha256::digest(format!("id {next}")).iter().map(|byte| format!("{byte:02x}")).collect());
        text.push_str(&lasting[..id.len().min(lasting.len())]);
        text.push_str(&piece[id.len()..]);
    }
    text
}

/// The page as it is, and as it has to be.
fn pages() -> (String, String) {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let world = world();
    let (mut made, mut in_block) = (String::new(), false);
    for line in page.lines() {
        let command = line.strip_prefix("$ ").filter(|_| in_block);
        if line == "```console" {
            in_block = true;
        } else if in_block && line == "```" {
            in_block = false;
        } else if in_block && command.is_none() {
            continue;
        }
        if let Some(scene) = line.strip_prefix("<!-- scene: ").and_then(|line| line.strip_suffix(" -->")) {
            play(&world, scene);
        }
        made.push_str(line);
        made.push('\n');
        if let Some(command) = command {
            let text = shown(&world, command);
            made.push_str(text.trim_end());
            made.push_str(if text.trim_end().is_empty() { "" } else { "\n" });
        }
    }
    (page, with_lasting_ids(&made))
}

#[test]
fn the_tour_shows_what_is_printed() {
    let (page, made) = pages();
    assert!(page == made, "{made}\nwrite it anew: cargo test --test it write_the_tour -- --ignored");
}

#[test]
#[ignore = "writes docs/tour.md"]
fn write_the_tour() {
    std::fs::write(PAGE, pages().1).unwrap();
}
