//! Ways around, each with file and line.

use serde_json::Value;

use super::scene::{Scene, json};
use crate::support::Project;

/// `code file:line` of every way around that has this effect.
fn ways(document: &Value, effect: &str) -> Vec<String> {
    let ways = document["ways_around"].as_array().unwrap();
    let of = ways.iter().filter(|way| way["effect"] == effect);
    let place = |way: &Value| match (&way["file"], &way["variable"]) {
        (Value::String(file), _) => format!("{file}:{}", way["line"]),
        (_, variable) => variable.as_str().unwrap_or_default().to_owned(),
    };
    of.map(|way| format!("{} {}", way["code"].as_str().unwrap(), place(way))).collect()
}

fn append(project: &Project, path: &str, text: &str) -> usize {
    let present = std::fs::read_to_string(project.path(path)).unwrap_or_default();
    project.write(path, format!("{present}{text}"));
    present.lines().count() + 1
}

#[test]
fn paths_are_obeyed_by_cargo_and_refused_here() {
    let scene = Scene::new();
    let manifest = scene.project.read("vendor/bar/Cargo.toml");
    scene.project.write("../evil/Cargo.toml", manifest).write("../evil/src/lib.rs", "pub fn leaf() { /* evil */ }");
    scene.project.write("../.cargo/config.toml", "# of the folder above\npaths = [\"evil\"]\n");
    let said = scene.project.cargo(&["check", "--offline", "--locked"]).expect_code(0);
    assert!(said.stderr.contains("evil"), "cargo builds the other folder: {}", said.stderr);
    let document = json(&scene.project, &[], 1);
    let file = scene.project.outside().join(".cargo/config.toml");
    assert_eq!(ways(&document, "fails"), [format!("paths {file}:2")]);
    let said = scene.project.sequester(&["verify"]).expect_code(1);
    assert!(said.stdout.contains(&format!("{file}:2")), "{}", said.stdout);
}

#[test]
fn g7_a_legacy_config_wins_over_ours() {
    let scene = Scene::new();
    scene.project.write(
        ".cargo/config",
        "[source.crates-io]\nreplace-with = \"other\"\n[source.other]\ndirectory = \"other\"\n",
    );
    let document = json(&scene.project, &[], 1);
    let expected = ["source-override .cargo/config:2", "legacy-config .cargo/config:1"];
    assert_eq!(ways(&document, "fails"), expected, "{document:#}");
    assert_eq!(document["findings"][0]["code"], "not-replaced");
}

#[test]
fn g7_every_effective_setting_of_cargos_own_home_and_of_includes() {
    let scene = Scene::new();
    let home = scene.project.cargo_home();
    std::fs::write(
        home.join("config.toml"),
        "include = [\"more.toml\"]\n[patch.crates-io]\nbar = { path = \"/evil\" }\n",
    )
    .unwrap();
    std::fs::write(
        home.join("more.toml"),
        "[build]\nrustc-wrapper = \"spy\"\n\n[resolver]\nlockfile-path = \"x/Cargo.lock\"\n",
    )
    .unwrap();
    let document = json(&scene.project, &[], 1);
    assert_eq!(
        ways(&document, "fails"),
        [format!("config-patch {home}/config.toml:3"), format!("lockfile-path {home}/more.toml:5")]
    );
    assert_eq!(ways(&document, "warns"), [format!("program {home}/more.toml:2")]);
    assert_eq!(document["ways_around"][0]["scope"], "cargo-home");
}

#[test]
fn a_mirror_in_cargos_home_is_not_effective_and_not_listed() {
    let scene = Scene::new();
    let text = "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+https://mirror.example.org/\"\n";
    std::fs::write(scene.project.cargo_home().join("config.toml"), text).unwrap();
    scene.builds();
    assert_eq!(json(&scene.project, &[], 0)["ways_around"], Value::Array(Vec::new()));
}

#[test]
fn other_places_for_crates_io() {
    let scene = Scene::new();
    let ours = scene.project.read(".cargo/config.toml");
    let place = "registry = \"sparse+https://evil.example.org/\"\n";
    let line = append(&scene.project, "../.cargo/config.toml", &format!("[source.crates-io]\n{place}"));
    let file = scene.project.outside().join(".cargo/config.toml");
    let document = json(&scene.project, &[], 1);
    assert_eq!(ways(&document, "fails"), [format!("source-override {file}:{}", line + 1)]);
    std::fs::remove_file(&file).unwrap();

    // Replaced once more, behind our own source.
    let replaced = ours.replace("directory = \"vendor\"\n", "directory = \"vendor\"\nreplace-with = \"evil\"\n");
    assert_ne!(replaced, ours);
    scene.project.write(".cargo/config.toml", format!("{replaced}\n[source.evil]\n{place}"));
    let document = json(&scene.project, &[], 1);
    assert_eq!(ways(&document, "fails").len(), 1, "{document:#}");
    assert_eq!(document["findings"][0]["code"], "not-replaced");
}

#[test]
fn a_nested_configuration_is_found_and_weighed() {
    let scene = Scene::new();
    scene.project.write("tools/.cargo/config.toml", "paths = [\"evil\"]\n[source.crates-io]\nreplace-with = \"direct\"\n[source.direct]\nregistry = \"sparse+https://index.crates.io/\"\n");
    scene.project.write("fuzz/.cargo/config", "[target.x86_64-unknown-linux-gnu]\nlinker = \"ld\"\nrunner = [\"run\"]\nfoo = { rustc-link-lib = [\"foo\"] }\n");
    scene.project.write("fuzz/Cargo.lock", "version = 4\n").write("docs/.cargo/config.toml", "[term]\nquiet = true\n");
    scene.project.write("vendor-not/rust-toolchain.toml", "[toolchain]\npath = \"../evil\"\n");
    let document = json(&scene.project, &[], 1);
    let nested = "tools/.cargo/config.toml";
    assert_eq!(
        ways(&document, "fails"),
        [
            format!("paths {nested}:1"),
            format!("source-override {nested}:3"),
            format!("source-override {nested}:5"),
            "toolchain-path vendor-not/rust-toolchain.toml:2".to_owned(),
        ]
    );
    assert_eq!(
        ways(&document, "warns"),
        [
            "other-lock-file fuzz/Cargo.lock:1",
            "program fuzz/.cargo/config:2",
            "runner fuzz/.cargo/config:3",
            "links-override fuzz/.cargo/config:4",
        ]
    );
}

#[test]
fn the_repositorys_own_programs_and_aliases() {
    let scene = Scene::new();
    let text = "\n[build]\nrustc = \"r\"\nrustflags = [\"-L\", \"evil\"]\nrustc-wrapper = \"\"\n[alias]\nsequester = \"version\"\n\
                build = \"check\"\nown = \"check\"\n[env]\nRUSTC_WRAPPER = \"spy\"\nHARMLESS = \"1\"\n[registry]\n\
                global-credential-providers = [\"cargo:token\", \"spy\"]\n[net]\nretry = 1\n";
    let at = append(&scene.project, ".cargo/config.toml", text);
    let line = |below: usize| at + below;
    let document = json(&scene.project, &[], 1);
    let of = |code: &str, below| format!("{code} .cargo/config.toml:{}", line(below));
    assert_eq!(ways(&document, "fails"), [of("sequester-alias", 6)]);
    assert_eq!(
        ways(&document, "warns"),
        [of("program", 2), of("flags", 3), of("credential-provider", 13), of("builtin-alias", 7), of("env-table", 10)]
    );
}

#[test]
fn patches_of_the_root_manifest() {
    let scene = Scene::new();
    let at = append(
        &scene.project,
        "Cargo.toml",
        "\n[patch.crates-io]\nnear = { path = \"../near\" }\nown = { path = \"own\" }\nfork = { git = \"https://git.example.org/fork\" }\n",
    );
    let document = json(&scene.project, &[], 1);
    assert_eq!(ways(&document, "fails"), [format!("patch-outside Cargo.toml:{}", at + 2)]);
    assert_eq!(
        ways(&document, "warns"),
        [format!("manifest-patch Cargo.toml:{}", at + 4), format!("manifest-patch Cargo.toml:{}", at + 3)]
    );
}

#[test]
fn variables_of_the_environment() {
    let scene = Scene::with(
        Project::new()
            .env("RUSTC_WRAPPER", "")
            .env("RUSTFLAGS", "-Copt-level=1")
            .env("CARGO_SOURCE_CRATES_IO_REGISTRY", "x"),
    );
    let document = json(&scene.project, &[], 0);
    assert_eq!(ways(&document, "warns"), ["flags RUSTFLAGS"]);
    let project = scene.project.env("CARGO_RESOLVER_LOCKFILE_PATH", "x/Cargo.lock").env("CARGO_TARGET_X_LINKER", "ld");
    let document = json(&project, &[], 1);
    assert_eq!(ways(&document, "fails"), ["lockfile-path CARGO_RESOLVER_LOCKFILE_PATH"]);
    assert_eq!(ways(&document, "warns"), ["program CARGO_TARGET_X_LINKER", "flags RUSTFLAGS"]);
}
