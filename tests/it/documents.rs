//! `sbom` and `vex`: what their documents say of one project that has everything that others get wrong. They are left in
//! `target/tmp/documents/sbom`, where `tests/validators` holds them against schemas and readers of others.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::audit::{NOW, World};
use crate::support::{Advisory, AdvisoryFolder, Dependency, Package};

/// Two versions of a crate, a procedural macro, build, dev and target dependencies, a git and a path crate.
fn world() -> World {
    let mut world = World::new();
    world.advisories = AdvisoryFolder::new()
        .with(&Advisory::new("RUSTSEC-2026-0001", "leaf").line("aliases = [\"CVE-2026-1111\"]").patched(">= 0.2.0"))
        .with(&Advisory::new("RUSTSEC-2026-0002", "bar").patched(">= 9.0.0"));
    let registry = &world.registry;
    Package::new("leaf", "0.1.0").license(Some("MIT/Apache-2.0")).publish(registry);
    Package::new("leaf", "0.2.0").license(None).publish(registry);
    let manifest = "[package]\nname = \"derive\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n[lib]\nproc-macro = true\n";
    Package::new("derive", "1.0.0").file("Cargo.toml", manifest).publish(registry);
    Package::new("builder", "1.0.0").dep("leaf", "0.2").publish(registry);
    Package::new("tester", "1.0.0").publish(registry);
    Package::new("windowed", "1.0.0").publish(registry);
    Package::new("bar", "1.0.0")
        .dep("leaf", "0.1")
        .dep("derive", "1")
        .dependency(Dependency::new("windowed", "1").target("cfg(windows)"))
        .publish(registry);
    let repository = world.project.outside().join("repository");
    std::fs::create_dir_all(repository.join("src")).unwrap();
    std::fs::write(repository.join("src/lib.rs"), "").unwrap();
    std::fs::write(repository.join("Cargo.toml"), "[package]\nname = \"forked\"\nversion = \"0.1.0\"\n").unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-C", repository.as_str(), "-c", "user.name=a", "-c", "user.email=a@example.org"];
        world.project.run("git", &[&identity[..], arguments].concat()).expect_code(0);
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    let project = &world.project;
    project.write("beside/src/lib.rs", "");
    project.write("beside/Cargo.toml", "[package]\nname = \"beside\"\nversion = \"0.3.0\"\nlicense = \"MIT\"\n");
    let manifest = project.read("Cargo.toml");
    let more = format!(
        "bar = \"1\"\nbeside = {{ path = \"beside\" }}\nforked = {{ git = \"file://{repository}\" }}\n\
         [build-dependencies]\nbuilder = \"1\"\n[dev-dependencies]\ntester = \"1\"\n"
    );
    project.write("Cargo.toml", format!("{manifest}{more}"));
    project.write("build.rs", "fn main() {}\n");
    let rule = format!("allow-git = [{{ url = \"file://{repository}\" }}]\n");
    let ignores = "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0002\"\nreason = \"never called\"\nuntil = \"2099-12-31\"\n\
                   justification = \"vulnerable_code_not_in_execute_path\"\n";
    let policy = world.policy_text(ignores).replacen("[sources]\n", &format!("[sources]\n{rule}"), 1);
    project.write("sequester.toml", policy);
    world.lock();
    world
}

/// The document, which is left for the validators under this name.
fn document(world: &World, arguments: &[&str], name: &str) -> Value {
    let told = world.project.sequester(&[arguments, &["--now", NOW, "--author", "Ana <ana@example.org>"]].concat());
    let text = told.expect_code(0).stdout;
    for path in [world.project.outside().as_str(), "127.0.0.1"] {
        assert!(!text.contains(path), "{path} in\n{text}");
    }
    let folder = Utf8PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents/sbom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), &text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn named<'d>(document: &'d Value, name: &str, version: &str) -> &'d Value {
    let mut components = document["components"].as_array().unwrap().iter();
    components
        .find(|one| one["name"] == name && one["version"] == version)
        .unwrap_or_else(|| panic!("{name} {version}"))
}

fn properties<'d>(component: &'d Value, name: &str) -> Vec<&'d str> {
    let all = component["properties"].as_array().unwrap().iter();
    let name = format!("cargo-sequester:{name}");
    all.filter(|one| one["name"] == *name).map(|one| one["value"].as_str().unwrap()).collect()
}

#[test]
fn cyclonedx_has_every_package_once_and_says_what_each_is_for() {
    let world = world();
    let bare = document(&world, &["sbom"], "bare.cdx.json");
    assert_eq!(properties(named(&bare, "bar", "1.0.0"), "sha-512").len(), 1);
    let found = document(&world, &["sbom", "--fetch"], "whole.cdx.json");
    assert_eq!((&found["specVersion"], &found["metadata"]["timestamp"]), (&"1.7".into(), &NOW.into()));
    assert_eq!(found["metadata"]["component"]["name"], "app");
    // References are closed, and each component has an entry of its own.
    let mut references: BTreeSet<&str> = [found["metadata"]["component"]["bom-ref"].as_str().unwrap()].into();
    for component in found["components"].as_array().unwrap() {
        assert!(references.insert(component["bom-ref"].as_str().unwrap()), "{component}");
        for hash in component["hashes"].as_array().into_iter().flatten() {
            let length = if hash["alg"] == "SHA-256" { 64 } else { 128 };
            assert_eq!(hash["content"].as_str().unwrap().len(), length);
        }
    }
    let entries: BTreeSet<&str> = found["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let below = entry["dependsOn"].as_array().unwrap().iter();
            below.for_each(|one| assert!(references.contains(one.as_str().unwrap()), "{one}"));
            entry["ref"].as_str().unwrap()
        })
        .collect();
    assert_eq!(entries, references);
    // What it is for: a macro and a build dependency run while others are built.
    for (name, version, scope, need) in [
        ("bar", "1.0.0", "required", "runtime"),
        ("leaf", "0.1.0", "required", "runtime"),
        ("derive", "1.0.0", "excluded", "build"),
        ("builder", "1.0.0", "excluded", "build"),
        ("leaf", "0.2.0", "excluded", "build"),
        ("tester", "1.0.0", "excluded", "development"),
        ("windowed", "1.0.0", "required", "runtime"),
        ("beside", "0.3.0", "required", "runtime"),
        ("forked", "0.1.0", "required", "runtime"),
    ] {
        let component = named(&found, name, version);
        assert_eq!(
            (&component["scope"], properties(component, "need")),
            (&scope.into(), vec![need]),
            "{name} {version}"
        );
    }
    let asks = properties(named(&found, "bar", "1.0.0"), "dependency:normal");
    assert!(asks.contains(&"pkg:cargo/windowed@1.0.0 cfg(windows)"), "{asks:?}");
    // Only what is from crates.io is said to be.
    assert_eq!(named(&found, "beside", "0.3.0")["purl"], "pkg:generic/beside@0.3.0");
    assert_eq!(named(&found, "forked", "0.1.0")["purl"], Value::Null);
    assert_eq!(named(&found, "leaf", "0.1.0")["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(properties(named(&found, "leaf", "0.2.0"), "license"), ["not stated"]);
    assert_eq!(properties(named(&found, "bar", "1.0.0"), "verdict"), ["approved"]);
    // Nothing of vulnerabilities.
    assert!(found.get("vulnerabilities").is_none());
}

#[test]
fn the_same_facts_are_the_same_bytes_and_options_take_away() {
    let world = world();
    let run = |more: &[&str]| world.project.sequester(&[&["sbom", "--now", NOW], more].concat()).expect_code(0).stdout;
    assert_eq!(run(&[]), run(&[]));
    let names = |text: &str| -> BTreeSet<String> {
        let found: Value = serde_json::from_str(text).unwrap();
        found["components"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(&run(&[]));
    let gone = |more: &[&str]| -> Vec<String> { all.difference(&names(&run(more))).cloned().collect() };
    assert_eq!(gone(&["--no-dev"]), ["tester"]);
    assert_eq!(gone(&["--target", "x86_64-unknown-linux-gnu"]), ["windowed"]);
    assert_eq!(gone(&["--target", "all"]), Vec::<String>::new());
}

#[test]
fn each_format_is_left_for_the_validators() {
    let world = world();
    document(&world, &["sbom", "--fetch", "--format", "cyclonedx-1.6"], "whole-1.6.cdx.json");
    let spdx = document(&world, &["sbom", "--fetch", "--format", "spdx"], "whole.spdx.json");
    let graph = spdx["@graph"].as_array().unwrap();
    let ids: BTreeSet<&str> = graph.iter().filter_map(|one| one["spdxId"].as_str()).collect();
    for element in graph {
        for end in
            [&element["from"], &element["suppliedBy"]].into_iter().chain(element["to"].as_array().into_iter().flatten())
        {
            let known = end.as_str().is_none_or(|end| ids.contains(end) || end.starts_with("https://spdx.org/"));
            assert!(known, "{end} of {element}");
        }
    }
    let open = document(&world, &["vex"], "openvex.json");
    let statements: Vec<(&str, &str, &str)> = open["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |value: &'_ Value| -> &str { Box::leak(value.as_str().unwrap().to_owned().into_boxed_str()) };
            (text(&one["vulnerability"]["name"]), text(&one["products"][0]["@id"]), text(&one["status"]))
        })
        .collect();
    assert_eq!(
        statements,
        [
            ("RUSTSEC-2026-0001", "pkg:cargo/leaf@0.1.0", "affected"),
            ("CVE-2026-1111", "pkg:cargo/leaf@0.1.0", "affected"),
            ("RUSTSEC-2026-0002", "pkg:cargo/bar@1.0.0", "not_affected"),
        ]
    );
    document(&world, &["vex", "--format", "cyclonedx"], "vex.cdx.json");
}
