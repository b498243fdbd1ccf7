//! `cargo sequester report`: one page that holds everything, shows nothing of the machine, and runs nothing but its own script.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::audit::{NOW, World};
use crate::support::{Advisory, Package};

/// One release of each kind of standing, by two ways.
fn world() -> World {
    let world = World::new().dep("aged", "1").dep("bringer", "1").dep("fresh", "1");
    Package::new("aged", "1.0.0").pubtime("2024-05-01T00:00:00Z").publish(&world.registry);
    Package::new("fresh", "1.0.0").pubtime("2026-11-20T12:00:00Z").publish(&world.registry);
    Package::new("fresh", "0.9.0").pubtime("2024-05-01T00:00:00Z").publish(&world.registry);
    Package::new("hit", "1.0.0").pubtime("2025-01-01T00:00:00Z").dep("fresh", "1").publish(&world.registry);
    Package::new("bringer", "1.0.0").pubtime("2026-01-01T00:00:00Z").dep("hit", "1").publish(&world.registry);
    world.advisories.add(
        &Advisory::new("RUSTSEC-2026-0002", "hit")
            .title("<script>alert(1)</script> & \u{202e}\"x\"")
            .date("2026-03-01"),
    );
    world
        .policy("[[advisories.ignore]]\nid = \"RUSTSEC-2019-0001\"\nreason = \"<b>old</b>\"\nuntil = \"2026-01-31\"\n");
    world.lock();
    world
}

fn page(world: &World, code: i32) -> String {
    world.project.sequester(&["report", "--now", NOW, "--offline"]).expect_code(code).stdout
}

/// The page once the index lies in the cache.
fn made() -> (World, String) {
    let world = world();
    world.audit(&[]).expect_code(1);
    let page = page(&world, 1);
    (world, page)
}

#[test]
fn it_tells_everything_and_every_package() {
    let (_, page) = made();
    for part in [
        "<strong>Rejected</strong>",
        "→ bringer → hit</code>",
        "<span class=\"bad\">Rejected</span> <code>hit@1.0.0</code>",
        "<span class=\"wait\">Quarantined</span> <code>fresh@1.0.0</code>",
        "Way out: ",
        "over since 2026-01-31",
        "RUSTSEC-2026-0002",
        "<td>2026-11-27</td><td><code>fresh@1.0.0</code></td>",
        "class=\"limit\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let rows = page.split("data-sort=\"filter\"").nth(1).unwrap().split("</tbody>").next().unwrap();
    assert_eq!(rows.matches("<tr>").count() - 1, 5);
    // Every way to what is held is drawn: app to each, bringer to hit, hit to fresh.
    assert_eq!(page.matches("class=\"edge\"").count(), 4);
}

#[test]
fn it_is_the_same_wherever_it_is_made_and_names_no_folder() {
    let (world, page) = made();
    assert_eq!(page, self::page(&world, 1));
    let moved = world.project.outside().join("elsewhere");
    std::fs::create_dir_all(&moved).unwrap();
    for name in ["Cargo.toml", "Cargo.lock", "sequester.toml", "src", ".cargo"] {
        let done = world.project.run("cp", &["-r", name, moved.as_str()]);
        done.expect_code(0);
    }
    let manifest = moved.join("Cargo.toml");
    let mut command = world.project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.current_dir(&moved).args(["sequester", "report", "--now", NOW, "--offline"]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), page, "{manifest}");
    for place in [world.project.outside().as_str(), world.advisories.root().as_str()] {
        assert!(!page.contains(place), "{place}\n{page}");
    }
}

#[test]
fn it_runs_and_loads_nothing_but_its_own() {
    let (_, page) = made();
    assert!(!page.contains("<script>alert") && !page.contains("<b>old") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; \\u{202e}&quot;x&quot;"), "{page}");
    for forbidden in [" src=", " style=", " onclick", "url(", "@import", "<link", "<iframe", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let links = page.match_indices("href=\"").map(|(at, _)| &page[at + 6..at + 7]);
    assert!(links.into_iter().all(|first| first == "#"));
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    for (tag, kind) in [("style", "style-src"), ("script", "script-src")] {
        let text = page.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        assert_eq!(page.matches(&format!("<{tag}")).count(), 1);
        assert!(policy.contains(&format!("{kind} 'sha256-{}'", base64(&Sha256::digest(text)))), "{policy}");
    }
}

/// By the table of RFC 4648, bit by bit.
fn base64(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let letter = |six: &[u8]| {
        let value = (0..6).fold(0, |value, at| value << 1 | usize::from(six.get(at).copied().unwrap_or(0)));
        letters[value]
    };
    let mut text: String = bits.chunks(6).map(letter).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Every element ends where it should, no id stands twice, and every link within leads somewhere.
#[test]
fn it_is_well_formed() {
    let (_, page) = made();
    let body = page.split("<body>").nth(1).unwrap().split("<script>").next().unwrap();
    let mut open: Vec<String> = Vec::new();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for tag in body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !["br", "input", "meta"].contains(&&*name) {
            open.push(name);
        }
        if let Some(id) = tag.split(" id=\"").nth(1) {
            *ids.entry(id.split('"').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(open, Vec::<String>::new());
    assert!(ids.values().all(|count| *count == 1), "{ids:?}");
    for link in body.split("href=\"#").skip(1) {
        assert!(ids.contains_key(link.split('"').next().unwrap()), "{link}");
    }
}

#[test]
fn it_is_written_into_a_file_or_says_why_not() {
    let (world, page) = made();
    let run =
        |arguments: &[&str]| world.project.sequester(&[&["report", "--now", NOW, "--offline"], arguments].concat());
    let told = run(&["--out", "report.html"]).expect_code(1);
    assert_eq!((told.stdout.as_str(), world.project.read("report.html")), ("", page));
    let said = "       Wrote report.html\n        Note not everything is approved; the page, like `audit`, says what and why\n";
    assert!(told.stderr.ends_with(said), "{}", told.stderr);
    assert_eq!(run(&["--quiet", "--out", "report.html"]).expect_code(1).stderr, "");
    assert!(run(&["--out", "none/report.html"]).expect_code(2).stderr.contains("help: name a file in a folder"));
    // What cannot be decided is told at the top.
    let page = run(&["--advisory-db", "none"]).expect_code(2).stdout;
    assert!(page.contains("<strong>Undecided</strong>"), "{page}");
}

#[test]
fn a_small_page_reads_as_it_should() {
    let (world, page) = made();
    let body = page.split("<main").nth(1).unwrap().split("<section id=\"about\"").next().unwrap();
    insta::assert_snapshot!(world.redact(body));
}

/// Each package of a chain has all of it above: to count that for each would take the square of its length.
#[test]
fn a_long_chain_is_not_walked_anew_for_each_of_its_packages() {
    let (world, _) = made();
    let lock = world.project.root().join("Cargo.lock");
    let mut text = std::fs::read_to_string(&lock).unwrap();
    let (length, source) = (600, "registry+https://github.com/rust-lang/crates.io-index");
    for at in 0..length {
        let next =
            if at + 1 < length { format!("dependencies = [\n \"link 99.0.{}\",\n]\n", at + 1) } else { String::new() };
        text += &format!(
            "\n[[package]]\nname = \"link\"\nversion = \"99.0.{at}\"\nsource = \"{source}\"\nchecksum = \"{at:064}\"\n{next}"
        );
    }
    std::fs::write(&lock, text).unwrap();
    let page = page(&world, 2);
    let told = |before: &'static str| {
        let counts = page.split(before).skip(1);
        counts.filter_map(|rest| rest.split(" more</p>").next()?.parse::<usize>().ok())
    };
    let counted: usize = told("<p>and ").chain(told("<p>and more than ")).sum();
    assert!((40_000..=50_000).contains(&counted), "{counted} steps of {} were counted", length * (length - 1) / 2);
    assert!(page.contains("<p>and others</p>"), "{page}");
}
