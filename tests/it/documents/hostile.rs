//! What others choose does not get through: names, texts, addresses, moments, sizes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{keep, named, properties};
use crate::audit::{NOW, World};
use crate::support::Package;

const FORMATS: [&str; 3] = ["cyclonedx", "cyclonedx-1.6", "spdx"];

fn bill(world: &World, arguments: &[&str]) -> String {
    world.project.sequester(&[&["sbom", "--now", NOW], arguments].concat()).expect_code(0).stdout
}

#[test]
fn no_address_lets_anybody_in() {
    let world = World::new();
    let lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"forked\", \"own\"]\n\n\
                [[package]]\nname = \"forked\"\nversion = \"0.1.0\"\n\
                source = \"git+https://ana:secret@git.example.org/forked?branch=main#0123456789abcdef0123456789abcdef01234567\"\n\n\
                [[package]]\nname = \"own\"\nversion = \"1.0.0\"\nsource = \"sparse+https://ana:token@own.example.org/index/\"\n\
                checksum = \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n";
    world.project.write("other.lock", lock);
    world.policy("");
    let of = |verb: &[&str]| {
        let told = world.project.sequester(&[verb, &["--lockfile", "other.lock", "--offline", "--now", NOW]].concat());
        let text = format!("{}{}", told.stdout, told.stderr);
        for secret in ["secret", "token", "ana"] {
            assert!(!text.contains(secret), "{secret} in {verb:?}\n{text}");
        }
        text
    };
    for format in FORMATS {
        let text = of(&["sbom", "--format", format]);
        assert!(text.contains("git.example.org") && text.contains("own.example.org"), "{text}");
    }
    for format in ["human", "json", "markdown", "sarif", "github", "gitlab"] {
        assert!(of(&["audit", "--format", format]).contains("git.example.org"), "{format}");
    }
    of(&["vex"]);
    let found: Value = serde_json::from_str(&bill(&world, &["--lockfile", "other.lock", "--offline"])).unwrap();
    let forked = named(&found, "forked", "0.1.0");
    assert_eq!(
        forked["purl"],
        "pkg:cargo/forked@0.1.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.org%2Fforked%400123456789abcdef0123456789abcdef01234567"
    );
    assert_eq!(properties(forked, "commit"), ["0123456789abcdef0123456789abcdef01234567"]);
}

#[test]
fn what_a_manifest_says_is_a_text_of_bounded_length_and_no_command() {
    let world = World::new().dep("bar", "1");
    let long = "x".repeat(5000);
    let manifest = format!(
        "[package]\nname = \"bar\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT; DROP TABLE\"\n\
         description = \"one\\r\\n\\u202etwo\\u0007 <script>{long}\"\nhomepage = \"javascript:alert(1)\"\n\
         repository = \"file:///home/ana/bar\"\nauthors = [\"\\u202eEve\\n::set-output <eve@@example>\", \"<>\", \"{long}\"]\n"
    );
    Package::new("bar", "1.0.0").file("Cargo.toml", manifest).license(Some("MIT; DROP TABLE")).publish(&world.registry);
    world.policy("");
    world.lock();
    for format in FORMATS {
        let text = bill(&world, &["--fetch", "--format", format]);
        for gone in ["\u{202e}", "\\u202e", "\u{7}", "\\u0007", "javascript:", "/home/ana", &"x".repeat(1001)] {
            assert!(!text.contains(gone), "{gone:?} in {format}");
        }
        keep(
            &world,
            &format!("hostile-{}.{}.json", format.replace('.', "-"), if format == "spdx" { "spdx" } else { "cdx" }),
            &text,
        );
    }
    let found: Value = serde_json::from_str(&bill(&world, &[])).unwrap();
    let bar = named(&found, "bar", "1.0.0");
    assert_eq!(bar["licenses"][0]["license"]["name"], "MIT; DROP TABLE");
    assert_eq!(bar["authors"][0]["name"], "Eve ::set-output");
    assert!(bar["description"].as_str().unwrap().starts_with("one two <script>"));
}

#[test]
fn the_moment_is_set_by_a_variable_that_makes_sense_or_by_the_clock() {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").publish(&world.registry);
    world.policy("");
    world.lock();
    let at = |moment: Option<&str>| {
        let mut command = world.project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.args(["sbom"]).envs(moment.map(|moment| ("SOURCE_DATE_EPOCH", moment)));
        command.output().unwrap()
    };
    let set = at(Some("1795305600"));
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let read: Value = serde_json::from_slice(&set.stdout).unwrap();
    assert_eq!(read["metadata"]["timestamp"], "2026-11-22T00:00:00Z");
    assert_eq!(set.stdout, at(Some("1795305600")).stdout);
    for odd in ["yesterday", "1e9", "99999999999999999999", " 1795305600"] {
        let told = at(Some(odd));
        assert_eq!(told.status.code(), Some(2), "{odd:?}");
        assert!(String::from_utf8_lossy(&told.stderr).contains("SOURCE_DATE_EPOCH"), "{odd:?}");
    }
    assert!(at(None).status.success());
}

#[test]
fn two_thousand_packages_are_no_trouble() {
    let world = World::new();
    let mut lock = String::from("version = 4\n");
    for at in 0..2000 {
        let _ = write!(lock, "\n[[package]]\nname = \"p{at}\"\nversion = \"1.0.0\"\n");
        if at > 0 {
            let _ = write!(
                lock,
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{at:064x}\"\n"
            );
        }
        let below: Vec<String> = [at * 2 + 1, at * 2 + 2, at + 700]
            .iter()
            .filter(|at| **at < 2000)
            .map(|at| format!(" \"p{at}\",\n"))
            .collect();
        if !below.is_empty() {
            let _ = write!(lock, "dependencies = [\n{}]\n", below.concat());
        }
    }
    world.project.write("large.lock", &lock);
    world.policy("");
    for (format, list, many) in [("cyclonedx", "components", 1999), ("spdx", "@graph", 2000)] {
        let begun = Instant::now();
        let text = bill(&world, &["--lockfile", "large.lock", "--offline", "--format", format]);
        assert!(begun.elapsed() < Duration::from_secs(60), "{format}: {:?}", begun.elapsed());
        assert!(text.len() < 32 << 20, "{format}: {}", text.len());
        let found: Value = serde_json::from_str(&text).unwrap();
        let components = found[list].as_array().unwrap().iter();
        let is_one = |one: &&Value| !matches!(one["type"].as_str(), Some(kind) if format == "spdx" && kind != "software_Package");
        assert_eq!(components.filter(is_one).count(), many, "{format}");
    }
}
