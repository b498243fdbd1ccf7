//! Changes that hide from the judge what cargo will build: what cannot be seen as cargo sees it is undecided.

use super::*;

/// A change that moves the workspace's root into `tools`, whose lock file has a fresh release, and leaves the old lock file where it was.
/// Cargo takes the new one; `config` is added to cargo's configuration, and `root` to the manifest of `tools`.
fn moved(config: &str, root: &str) -> Change {
    let change = Change::new();
    Package::new("fresh", "1.0.0").publish(&change.world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    let project = &change.world.project;
    change.edit("Cargo.toml", "edition", "workspace = \"tools\"\nedition");
    project.write("Cargo.toml", format!("{}fresh = \"1\"\n", project.read("Cargo.toml")));
    let kept = project.read("Cargo.lock");
    project.write("tools/Cargo.toml", "[workspace]\nmembers = [\"..\"]\n");
    project.cargo(&["generate-lockfile"]).expect_code(0);
    assert!(project.read("tools/Cargo.lock").contains("fresh"));
    project.write("Cargo.lock", kept);
    change.append(".cargo/config.toml", config);
    project.write("tools/Cargo.toml", format!("{root}[workspace]\nmembers = [\"..\"]\n"));
    change
}

#[test]
fn a_root_that_only_cargo_finds_is_the_judged_one() {
    let long = format!("[registries.long]\nindex = \"sparse+https://127.0.0.1:1/{}/\"\n", "x".repeat(200_000));
    let configurations = [
        ("nothing", ""),
        ("crates.io under another name", "[registries.twin]\nindex = \"sparse+https://index.crates.io/\"\n"),
        ("a NUL in a name", "[registries.\"a\\u0000b\"]\nindex = \"sparse+https://127.0.0.1:1/\"\n"),
        ("an index that no environment holds", &*long),
    ];
    for (what, config) in configurations {
        let change = moved(config, "");
        // The base's policy holds for what lies below it.
        let document = change.world.json(&["--base", "base"], 1);
        assert_eq!(reasons(&document, "fresh"), ["too-new"], "{what}: {document:#}");
        change.finish();
        let document = change.world.json(&["--base", "base", "--policy", "sequester.toml"], 1);
        assert_eq!(reasons(&document, "fresh"), ["too-new"], "{what}: {document:#}");
        assert_eq!(document["blockers"].as_array().unwrap().len(), 0, "{what}");
    }
}

/// The name that makes the difference: only with it can cargo read the manifest at all.
#[test]
fn a_registry_that_is_crates_io_by_another_name_is_told_to_cargo() {
    let change = moved("[registries.twin]\nindex = \"sparse+https://index.crates.io/\"\n", "");
    let manifest = change.world.project.read("Cargo.toml");
    change
        .world
        .project
        .write("Cargo.toml", manifest.replace("fresh = \"1\"", "fresh = { version = \"1\", registry = \"twin\" }"));
    change.finish();
    let document = change.world.json(&["--base", "base", "--policy", "sequester.toml"], 2);
    assert_eq!(reasons(&document, "fresh"), ["too-new"], "{document:#}");
    // To cargo it is another registry than the one that it calls crates.io, so that it would lock something else.
    assert_eq!(document["manifests"], "not-answered", "{document:#}");
}

#[test]
fn where_cargo_cannot_describe_the_workspace_nothing_is_decided() {
    for (what, root) in [
        ("a feature of a nightly cargo", "cargo-features = [\"edition2027\"]\n\n"),
        ("a registry that nobody defines", ""),
        ("a missing member", ""),
    ] {
        let change = moved("", root);
        let project = &change.world.project;
        match what {
            "a missing member" => {
                project.write("tools/Cargo.toml", "[workspace]\nmembers = [\"..\", \"gone\"]\n");
            }
            "a registry that nobody defines" => {
                let manifest = project.read("Cargo.toml");
                let elsewhere = "fresh = { version = \"1\", registry = \"nowhere\" }";
                project.write("Cargo.toml", manifest.replace("fresh = \"1\"", elsewhere));
            }
            _ => {}
        }
        let document = change.json(2);
        assert_eq!(codes(&document["blockers"])[0], "workspace-unread", "{what}: {document:#}");
        let text = change.world.audit(&["--base", "base"]).expect_code(2).stdout;
        let first = text.lines().find(|line| line.trim_start().starts_with("error")).unwrap_or_default();
        assert!(first.contains("cargo cannot describe the workspace"), "{what}: {text}");
    }
}

/// The base's configuration is read from a copy of its files; a message names them as git does.
#[test]
fn a_mistake_in_the_bases_configuration_is_named_as_the_bases() {
    for (text, line) in [("[http\n", 1), ("[http]\ntimeout = \"soon\"\n", 2), ("include = [\"no.toml\"]\n", 1)] {
        let world = World::new().dep("old", "1");
        Package::new("old", "1.0.0").publish(&world.registry);
        world.lock();
        let good = world.project.read(".cargo/config.toml");
        world.project.write(".cargo/config.toml", text);
        let change = Change::commit(world);
        change.world.project.write(".cargo/config.toml", good);
        change.finish();
        let told = change.world.audit(&["--base", "base"]).expect_code(2).stderr;
        assert!(told.contains(&format!("BASE:.cargo/config.toml:{line}")), "{told}");
        assert!(!told.contains("/tmp/."), "{told}");
    }
}
