//! `sbom` and `vex`: what their documents say of one project that has everything that others get wrong. They are left in
//! `target/tmp/documents/sbom`, where `tests/validators` holds them against schemas and readers of others.

mod hostile;
mod vex;

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
    Package::new("helper", "1.0.0").publish(registry);
    Package::new("spare", "1.0.0").publish(registry);
    Package::new("windowed", "1.0.0").publish(registry);
    Package::new("bar", "1.0.0")
        .dep("leaf", "0.1")
        .dep("derive", "1")
        .dependency(Dependency::new("windowed", "1").target("cfg(windows)"))
        .publish(registry);
    let repository = world.project.outside().join("repository");
    std::fs::create_dir_all(repository.join("forked/src")).unwrap();
    std::fs::write(repository.join("forked/src/lib.rs"), "").unwrap();
    // What it says stands in its workspace for the most part.
    let root = "[workspace]\nmembers = [\"forked\"]\n[workspace.package]\nversion = \"0.1.0\"\nlicense = \"Zlib\"\n\
                [workspace.dependencies]\nhelper = \"1\"\n";
    std::fs::write(repository.join("Cargo.toml"), root).unwrap();
    let manifest = "[package]\nname = \"forked\"\nversion.workspace = true\nlicense.workspace = true\n\
                    [target.'cfg(unix)'.build-dependencies]\nhelper.workspace = true\n";
    std::fs::write(repository.join("forked/Cargo.toml"), manifest).unwrap();
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
        "bar = \"1\"\nspare = {{ version = \"1\", optional = true }}\nbeside = {{ path = \"beside\" }}\nforked = {{ git = \"file://{repository}\" }}\n\
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
    keep(world, name, &text);
    serde_json::from_str(&text).unwrap()
}

/// Leaves a document for the validators, with the lock file that it is about.
fn keep(world: &World, name: &str, text: &str) {
    let folder = Utf8PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents/sbom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
    let lock = format!("{}.lock", name.split('.').next().unwrap());
    std::fs::write(folder.join(lock), world.project.read("Cargo.lock")).unwrap();
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
        // No default feature turns it on.
        ("spare", "1.0.0", "optional", "runtime"),
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
    let forked = named(&found, "forked", "0.1.0");
    assert_eq!(forked["purl"], Value::Null);
    // Its manifest is read from cargo's copy of the repository, under the locked commit.
    assert_eq!((properties(forked, "proc-macro"), properties(forked, "commit").len()), (vec!["false"], 1));
    assert_eq!(forked["licenses"][0]["expression"], "Zlib");
    let asks = properties(forked, "dependency:build");
    assert_eq!(asks, ["pkg:cargo/helper@1.0.0 cfg(unix)"], "{forked:#}");
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
    document(&world, &["sbom", "--fetch", "--format", "cyclonedx-1.6"], "whole-of-1-6.cdx.json");
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
            // Nobody has decided about it.
            ("RUSTSEC-2026-0001", "pkg:cargo/leaf@0.1.0", "under_investigation"),
            ("CVE-2026-1111", "pkg:cargo/leaf@0.1.0", "under_investigation"),
            ("RUSTSEC-2026-0002", "pkg:cargo/bar@1.0.0", "not_affected"),
        ]
    );
    let note = open["statements"][0]["status_notes"].as_str().unwrap();
    assert!(note.contains("leaf >=0.2.0 mends it"), "{note}");
    assert_eq!((&open["role"], &open["statements"][0]["timestamp"]), (&"Document Creator".into(), &NOW.into()));
}

#[test]
fn statements_stand_by_themselves_or_lead_into_a_published_bill_of_materials() {
    let world = world();
    let alone = document(&world, &["vex", "--format", "cyclonedx"], "vex.cdx.json");
    let of = |document: &Value| -> Vec<(String, String, String)> {
        let all = document["vulnerabilities"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.map(|one| (text(&one["id"]), text(&one["analysis"]["state"]), text(&one["affects"][0]["ref"]))).collect()
    };
    let (leaf, bar) = ("pkg:cargo/leaf@0.1.0", "pkg:cargo/bar@1.0.0");
    let row = |id: &str, state: &str, reference: String| (id.to_owned(), state.to_owned(), reference);
    // One entry for each advisory, with its other ids.
    assert_eq!(
        of(&alone),
        [row("RUSTSEC-2026-0001", "in_triage", leaf.into()), row("RUSTSEC-2026-0002", "not_affected", bar.into())]
    );
    assert_eq!(alone["vulnerabilities"][0]["references"][0]["id"], "CVE-2026-1111");
    let names: Vec<_> = alone["components"].as_array().unwrap().iter().map(|one| &one["bom-ref"]).collect();
    assert_eq!(names, [bar, leaf]);
    // It was published a year before, when other things were known.
    let published = world.project.sequester(&["sbom", "--now", "2025-11-22T00:00:00Z"]).expect_code(0).stdout;
    keep(&world, "published.cdx.json", &published);
    world.project.write("published.cdx.json", &published);
    let linked =
        document(&world, &["vex", "--format", "cyclonedx", "--sbom", "published.cdx.json"], "linked-vex.cdx.json");
    let serial = serde_json::from_str::<Value>(&published).unwrap()["serialNumber"].clone();
    let serial = serial.as_str().unwrap().trim_start_matches("urn:uuid:").to_owned();
    assert_eq!(of(&linked)[0].2, format!("urn:cdx:{serial}/1#{leaf}"));
    assert_eq!(linked.get("components"), None);
    // Another project's, and what is none.
    let other = published.replace("pkg:cargo/leaf@0.1.0", "pkg:cargo/leaf@0.1.9");
    for (text, words) in
        [(other.as_str(), "has no pkg:cargo/leaf@0.1.0"), ("{}", "no CycloneDX document"), ("", "no CycloneDX")]
    {
        world.project.write("other.json", text);
        let told = world.project.sequester(&["vex", "--format", "cyclonedx", "--sbom", "other.json"]).expect_code(2);
        assert!(told.stderr.contains(words), "{}", told.stderr);
    }
}

#[test]
fn a_bill_of_materials_says_nothing_of_vulnerabilities() {
    let mut world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").publish(&world.registry);
    world.policy("");
    world.lock();
    let bill = |world: &World, format: &str| {
        world.project.sequester(&["sbom", "--format", format, "--now", NOW]).expect_code(0).stdout
    };
    let before = ["cyclonedx", "cyclonedx-1.6", "spdx"].map(|format| bill(&world, format));
    world.advisories = world.advisories.with(&Advisory::new("RUSTSEC-2026-0001", "bar").patched(">= 9.0.0"));
    world.audit(&[]).expect_code(1);
    assert_eq!(["cyclonedx", "cyclonedx-1.6", "spdx"].map(|format| bill(&world, format)), before);
}

/// A workspace without a package at its root, and everybody's licence and address known.
fn supplied() -> World {
    let world = World::new();
    let registry = &world.registry;
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n{more}")
    };
    let reached = manifest("reached", "authors = [\"Bo <bo@example.org>\", \"Cy\"]\n");
    Package::new("reached", "1.0.0").file("Cargo.toml", reached).publish(registry);
    let page = manifest("page", "authors = [\"Dee\"]\nrepository = \"https://ana:secret@git.example.org/page\"\n");
    Package::new("page", "1.0.0").file("Cargo.toml", page).publish(registry);
    // Nobody says anything.
    Package::new("silent", "1.0.0").file("Cargo.toml", manifest("silent", "")).publish(registry);
    let project = &world.project;
    project.write("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\n");
    std::fs::remove_dir_all(project.path("src")).unwrap();
    let dependencies = "[dependencies]\nreached = \"1\"\npage = \"1\"\nsilent = \"1\"\ntwo = { path = \"../two\" }\n";
    project.write("one/Cargo.toml", manifest("one", dependencies));
    project.write("one/src/main.rs", "fn main() {}\n");
    project.write("two/Cargo.toml", manifest("two", "authors = [\"Flo <flo@example.org>\"]\n"));
    project.write("two/src/lib.rs", "");
    world.policy("[sbom.supplier]\nname = \"Example\"\nemail = \"sbom@example.org\"\nurl = \"https://example.org/\"");
    world.lock();
    world
}

/// The same as `document`, for a project whose policy names who answers.
fn supplied_document(world: &World, arguments: &[&str], name: &str) -> Value {
    let told = world.project.sequester(&[arguments, &["--now", NOW]].concat()).expect_code(0);
    assert_eq!(told.stderr, "", "nothing is unknown");
    keep(world, name, &told.stdout);
    serde_json::from_str(&told.stdout).unwrap()
}

#[test]
fn who_made_and_who_supplies_a_package_is_said_or_said_to_be_unknown() {
    let world = supplied();
    let found = supplied_document(&world, &["sbom", "--fetch"], "supplied.cdx.json");
    let example = serde_json::json!({
        "name": "Example", "url": ["https://example.org/"], "contact": [{ "name": "Example", "email": "sbom@example.org" }]
    });
    assert_eq!(found["metadata"]["supplier"], example);
    assert_eq!(found["metadata"]["manufacturer"], example, "whoever supplies it answers for the document");
    assert_eq!(found["metadata"]["component"]["supplier"], example);
    assert_eq!(found["metadata"]["component"]["licenses"][0]["expression"], "MIT", "that of its members");
    let maker = |name: &str| {
        let maker = &named(&found, name, "1.0.0")["manufacturer"];
        (maker["contact"][0]["email"].as_str().unwrap_or_default(), maker["url"][0].as_str().unwrap_or_default())
    };
    assert_eq!(maker("reached"), ("bo@example.org", ""));
    assert_eq!(maker("page"), ("", "https://git.example.org/page"));
    assert_eq!(maker("silent"), ("", "https://crates.io/crates/silent"));
    assert_eq!(maker("one"), ("sbom@example.org", "https://example.org/"));
    assert_eq!(maker("two"), ("flo@example.org", ""));
    assert_eq!(named(&found, "two", "1.0.0")["supplier"], example);
    assert_eq!(named(&found, "silent", "1.0.0")["supplier"]["name"], "crates.io");
    for (name, file, archive) in [("silent", "silent-1.0.0.crate", "archive"), ("two", "Cargo.toml", "no archive")] {
        let component = named(&found, name, "1.0.0");
        let of = |name: &str| {
            let name = format!("bsi:component:{name}");
            let mut all = component["properties"].as_array().unwrap().iter();
            all.find(|one| one["name"] == *name).unwrap()["value"].as_str().unwrap()
        };
        let found = [of("filename"), of("executable"), of("archive"), of("structured")];
        assert_eq!(found, [file, "non-executable", archive, "structured"]);
    }
    supplied_document(&world, &["sbom", "--fetch", "--format", "spdx"], "supplied.spdx.json");
    supplied_document(&world, &["sbom", "--format", "cyclonedx-1.6"], "supplied-of-1-6.cdx.json");
    // A flag goes before the policy, and answers for the document where nobody else does.
    let other =
        supplied_document(&world, &["sbom", "--supplier", "Other <https://other.example.org>"], "other.cdx.json");
    assert_eq!(other["metadata"]["supplier"]["name"], "Other");
    // Nobody is named: the document says so, and the verb what would help.
    world.policy("");
    let told = world.project.sequester(&["sbom", "--now", NOW]).expect_code(0);
    for words in
        ["(`--author`, or `[sbom.supplier]` in the policy)", "who made or supplies one@1.0.0, two@1.0.0 is given"]
    {
        assert!(told.stderr.contains(words), "{}", told.stderr);
    }
    let silent: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(silent["metadata"].get("supplier"), None);
    let one = named(&silent, "one", "1.0.0");
    assert_eq!((properties(one, "supplier"), properties(one, "producer")), (vec!["unknown"], vec!["unknown"]));
    for nobody in ["", "<>", "Ana <nowhere>"] {
        world.project.sequester(&["sbom", "--supplier", nobody]).expect_code(2);
    }
}
