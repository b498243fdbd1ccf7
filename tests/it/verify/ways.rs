//! Ways around, each with file and line.

use serde_json::Value;

use super::scene::{Scene, codes, json};
use crate::support::Project;

/// `code file:line` of every way around that has this effect.
pub fn ways(document: &Value, effect: &str) -> Vec<String> {
    let ways = document["ways_around"].as_array().unwrap();
    let of = ways.iter().filter(|way| way["effect"] == effect);
    let place = |way: &Value| match (&way["file"], &way["variable"]) {
        (Value::String(file), _) => format!("{file}:{}", way["line"]),
        (_, variable) => variable.as_str().unwrap_or_default().to_owned(),
    };
    of.map(|way| format!("{} {}", way["code"].as_str().unwrap(), place(way))).collect()
}

pub fn append(project: &Project, path: &str, text: &str) -> usize {
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
    // The lock file does not have the `[patch]` either.
    let document = json(&scene.project, &[], 2);
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
fn a_members_configuration_is_found_and_weighed() {
    let scene = Scene::with(workspace(&["tools", "fuzz", "docs"]));
    scene.project.write("tools/.cargo/config.toml", "paths = [\"evil\"]\n[source.crates-io]\nreplace-with = \"direct\"\n[source.direct]\nregistry = \"sparse+https://elsewhere.example.org/\"\n");
    scene.project.write("fuzz/.cargo/config", "[target.x86_64-unknown-linux-gnu]\nlinker = \"ld\"\nrunner = [\"run\"]\nfoo = { rustc-link-lib = [\"foo\"] }\n");
    scene.project.write("other/Cargo.lock", "version = 4\n").write("docs/.cargo/config.toml", "[term]\nquiet = true\n");
    scene.project.write("docs/rust-toolchain.toml", "[toolchain]\npath = \"../evil\"\n");
    let document = json(&scene.project, &[], 1);
    let nested = "tools/.cargo/config.toml";
    assert_eq!(
        ways(&document, "fails"),
        [
            format!("paths {nested}:1"),
            format!("source-override {nested}:3"),
            "toolchain-path docs/rust-toolchain.toml:2".to_owned(),
        ]
    );
    assert_eq!(
        ways(&document, "warns"),
        [
            "other-lock-file other/Cargo.lock:1",
            "program fuzz/.cargo/config:2",
            "runner fuzz/.cargo/config:3",
            "links-override fuzz/.cargo/config:4",
        ]
    );
    assert_eq!(codes(&document), ["not-replaced"]);
    let message = document["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("started in") && message.contains("tools"), "{message}");
}

#[test]
fn a_configuration_of_a_folder_that_is_no_member_is_no_finding() {
    let scene = Scene::with(workspace(&["crates/one"]));
    let evil = "paths = [\"evil\"]\n[source.crates-io]\nreplace-with = \"x\"\n[source.x]\ndirectory = \"x\"\n";
    scene.project.write("tests/fixture/in/.cargo/config.toml", evil);
    scene.project.write("tests/fixture/in/Cargo.toml", "[package]\nname = \"x\"\n");
    scene
        .project
        .write("tests/broken/.cargo/config.toml", "not = [toml")
        .write("tests/broken/Cargo.toml", "not = [toml");
    scene.project.write("tests/other/in/rust-toolchain.toml", "[toolchain]\npath = \"../evil\"\n");
    scene.project.write("tests/other/Cargo.toml", "[workspace]\n");
    assert_eq!(json(&scene.project, &[], 0)["ways_around"], Value::Array(Vec::new()));
    // Where this run was started, the build is started too.
    let mut command = scene.project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    let output =
        command.args(["sequester", "verify"]).current_dir(scene.project.path("tests/broken")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    // What lies between the root and a member is read by a cargo that is started in the member's folder.
    scene.project.write("crates/.cargo/config.toml", evil);
    let document = json(&scene.project, &[], 1);
    assert_eq!(
        ways(&document, "fails"),
        ["paths crates/.cargo/config.toml:1", "source-override crates/.cargo/config.toml:3"]
    );
}

#[test]
fn members_below_the_target_folder_outside_and_behind_links_count() {
    let scene = Scene::with(workspace(&["target/deep", "../near", "linked"]));
    let evil = "paths = [\"evil\"]\n";
    scene.project.write("target/deep/.cargo/config.toml", evil);
    assert_eq!(ways(&json(&scene.project, &[], 1), "fails"), ["paths target/deep/.cargo/config.toml:1"]);
    std::fs::remove_file(scene.project.path("target/deep/.cargo/config.toml")).unwrap();
    scene.project.write("../near/.cargo/config.toml", evil);
    let file = scene.project.outside().join("near/.cargo/config.toml");
    assert_eq!(ways(&json(&scene.project, &[], 1), "fails"), [format!("paths {file}:1")]);
    std::fs::remove_file(file).unwrap();
    #[cfg(unix)]
    {
        let elsewhere = scene.project.outside().join("elsewhere");
        std::fs::rename(scene.project.path("linked"), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, scene.project.path("linked")).unwrap();
        scene.project.write("../elsewhere/.cargo/config.toml", evil);
        let file = elsewhere.join(".cargo/config.toml");
        assert_eq!(ways(&json(&scene.project, &[], 1), "fails"), [format!("paths {file}:1")]);
    }
}

/// `app` as the root of a workspace of these members.
pub fn workspace(members: &[&str]) -> Project {
    let project = Project::new();
    for (at, member) in members.iter().enumerate() {
        let manifest = format!(
            "[package]\nname = \"member{at}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nworkspace = \"{}\"\n",
            root_from(member)
        );
        project.write(&format!("{member}/Cargo.toml"), manifest).write(&format!("{member}/src/lib.rs"), "");
    }
    let members: Vec<String> = members.iter().map(|member| format!("{member:?}")).collect();
    // What is added to the dependencies afterwards stands in the last table.
    let last = "[target.'cfg(all())'.dependencies]";
    project.dep_toml(&format!("[workspace]\nmembers = [{}]\n{last}", members.join(", ")))
}

/// The way back from a folder to the root.
fn root_from(folder: &str) -> String {
    if folder.starts_with("../") { "../project".to_owned() } else { vec![".."; folder.split('/').count()].join("/") }
}

#[test]
fn the_repositorys_own_programs_and_variables() {
    let scene = Scene::new();
    let text = "\n[build]\nrustc = \"r\"\nrustflags = [\"-L\", \"evil\"]\nrustc-wrapper = \"\"\n[alias]\nsequester = \"version\"\n\
                build = \"check\"\nown = \"check\"\n[env]\nRUSTC_WRAPPER = \"spy\"\nHARMLESS = \"1\"\n[registry]\n\
                global-credential-providers = [\"cargo:token\", \"spy\"]\n[net]\nretry = 1\n";
    let at = append(&scene.project, ".cargo/config.toml", text);
    let line = |below: usize| at + below;
    let document = json(&scene.project, &[], 1);
    let of = |code: &str, below| format!("{code} .cargo/config.toml:{}", line(below));
    assert_eq!(ways(&document, "fails"), [of("sequester-alias", 6), of("env-override", 10)]);
    assert_eq!(
        ways(&document, "warns"),
        [of("program", 2), of("flags", 3), of("credential-provider", 13), of("builtin-alias", 7), of("env-table", 11)]
    );
}

#[test]
fn every_key_of_env_is_told_and_what_takes_a_build_over_fails() {
    let scene = Scene::new();
    let bad = [
        "LD_PRELOAD",
        "DYLD_INSERT_LIBRARIES",
        "PATH",
        "RUSTC",
        "RUSTC_BOOTSTRAP",
        "CARGO_BUILD_RUSTC",
        "CARGO_ENCODED_RUSTFLAGS",
    ];
    // The last is the idiom by which build scripts find the workspace; neither cargo nor the compiler reads it.
    let told = ["CC", "MY_OWN", "CARGO_WORKSPACE_DIR"];
    let lines: String =
        bad.iter().chain(&told).map(|name| format!("{name} = {{ value = \"x\", force = true }}\n")).collect();
    append(&scene.project, ".cargo/config.toml", &format!("\n[env]\n{lines}"));
    let document = json(&scene.project, &[], 1);
    let keys = |effect: &str| {
        let ways = document["ways_around"].as_array().unwrap().iter().filter(|way| way["effect"] == effect);
        ways.map(|way| way["key"].as_str().unwrap().trim_start_matches("env.").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys("fails"), sorted(&bad));
    assert_eq!(keys("warns"), sorted(&told));
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[test]
fn build_output_that_git_tracks() {
    let scene = Scene::new();
    scene.commit();
    scene.builds();
    json(&scene.project, &[], 0);
    scene.project.run("git", &["add", "-f", "target"]).expect_code(0);
    let document = json(&scene.project, &[], 1);
    let failing = ways(&document, "fails");
    assert!(failing.len() == 1 && failing[0].starts_with("build-output target/"), "{failing:?}");
    // Wherever the effective folder lies, and by whatever way it is reached.
    scene.project.run("git", &["rm", "-rq", "--cached", "target"]).expect_code(0);
    scene.project.write("docs/built", "x");
    scene.project.run("git", &["add", "-f", "docs"]).expect_code(0);
    let project = scene.project.env("CARGO_TARGET_DIR", "docs");
    assert_eq!(ways(&json(&project, &[], 1), "fails"), ["build-output docs/built:1"]);
}

#[test]
fn a_target_folder_that_the_repository_sets() {
    let scene = Scene::new();
    scene.commit();
    let ours = scene.project.read(".cargo/config.toml");
    let line = ours.lines().count() + 3;
    for (key, value, fails) in [
        ("target-dir", "out", true),
        ("build-dir", "{workspace-root}/out", true),
        ("target-dir", "target", false),
        ("target-dir", "target/ci", false),
        ("target-dir", "../outside", false),
        ("build-dir", "{cargo-cache-home}/build/{workspace-path-hash}", false),
    ] {
        scene.project.write(".cargo/config.toml", format!("{ours}\n[build]\n{key} = \"{value}\"\n"));
        let document = json(&scene.project, &[], i32::from(fails));
        let expected = if fails { vec![format!("target-dir .cargo/config.toml:{line}")] } else { Vec::new() };
        assert_eq!(ways(&document, "fails"), expected, "{key} = {value}: {document:#}");
    }
}

#[test]
fn patches_of_the_root_manifest() {
    let scene = Scene::new();
    let at = append(
        &scene.project,
        "Cargo.toml",
        "\n[patch.crates-io]\nnear = { path = \"../near\" }\nown = { path = \"own\" }\nfork = { git = \"https://git.example.org/fork\" }\n",
    );
    // The lock file does not have them either.
    let document = json(&scene.project, &[], 2);
    assert_eq!(ways(&document, "fails"), [format!("patch-outside Cargo.toml:{}", at + 2)]);
    assert_eq!(
        ways(&document, "warns"),
        [format!("manifest-patch Cargo.toml:{}", at + 4), format!("manifest-patch Cargo.toml:{}", at + 3)]
    );
    // As older manifests have it.
    let scene = Scene::new();
    let text = "\n[replace]\n\"bar:1.0.0\" = { path = \"../near\" }\n\"leaf:1.0.0\" = { path = \"own\" }\n";
    let at = append(&scene.project, "Cargo.toml", text);
    let document = json(&scene.project, &[], 1);
    assert_eq!(ways(&document, "fails"), [format!("patch-outside Cargo.toml:{}", at + 2)]);
    assert_eq!(ways(&document, "warns"), [format!("manifest-patch Cargo.toml:{}", at + 3)]);
}

/// What only a nightly cargo takes.
#[test]
fn compiler_settings_in_profiles_of_the_root_manifest_are_told() {
    let scene = Scene::with(Project::new().env("RUSTC_BOOTSTRAP", "1"));
    let manifest = scene.project.read("Cargo.toml");
    scene.project.write("Cargo.toml", format!("cargo-features = [\"profile-rustflags\"]\n{manifest}"));
    let text =
        "\n[profile.dev]\nrustflags = [\"-Copt-level=1\"]\n[profile.release.package.bar]\nrustflags = [\"-g\"]\n";
    let at = append(&scene.project, "Cargo.toml", text);
    let told = ways(&json(&scene.project, &[], 0), "warns");
    assert_eq!(told, [format!("flags Cargo.toml:{}", at + 4), format!("flags Cargo.toml:{}", at + 2)]);
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

/// One of cargo's own runs the program that its setting names.
#[test]
fn a_provider_of_credentials_that_runs_somebodys_program_is_told() {
    for (text, is_told) in [
        ("[registry]\ncredential-provider = \"cargo:token\"\n", false),
        ("[registry]\ncredential-provider = \"cargo:token-from-stdout get\"\n", true),
        ("[registry]\ncredential-provider = [\"mine\", \"--x\"]\n", true),
        ("[registry]\nglobal-credential-providers = [\"cargo:token\", \"cargo:libsecret\"]\n", false),
        ("[registries.x]\ncredential-provider = \"mine\"\n", true),
        ("[credential-alias]\nmine = \"get\"\n", true),
    ] {
        let scene = Scene::new();
        let at = append(&scene.project, ".cargo/config.toml", text);
        let told = ways(&json(&scene.project, &[], 0), "warns");
        let expected =
            if is_told { vec![format!("credential-provider .cargo/config.toml:{}", at + 1)] } else { vec![] };
        assert_eq!(told, expected, "{text}");
    }
    let (one, of_x) = ("CARGO_REGISTRY_CREDENTIAL_PROVIDER", "CARGO_REGISTRIES_X_CREDENTIAL_PROVIDER");
    let several = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
    for (name, value, is_told) in [
        (one, "cargo:token", false),
        (one, "cargo:token-from-stdout get", true),
        (several, "cargo:token cargo:libsecret", false),
        (several, "cargo:token mine", true),
        (of_x, "cargo:token-from-stdout get", true),
        (of_x, "cargo:token", false),
    ] {
        let scene = Scene::with(Project::new().env(name, value));
        let expected = if is_told { vec![format!("credential-provider {name}")] } else { vec![] };
        assert_eq!(ways(&json(&scene.project, &[], 0), "warns"), expected, "{name}={value}");
    }
}

/// Neither changes what lies in the vendored folder. What the user's own network asks for is not told.
#[test]
fn how_registries_are_reached_is_told_unless_the_user_says_it() {
    let scene = Scene::new();
    let text = "[http]\nproxy = \"http://ana:s3cret@127.0.0.1:1\"\ncainfo = \"ca.pem\"\ncheck-revoke = false\n[net]\ngit-fetch-with-cli = true\n";
    append(&scene.project, "../cargo-home/config.toml", text);
    assert_eq!(ways(&json(&scene.project, &[], 0), "warns"), [""; 0]);
    let at = append(&scene.project, ".cargo/config.toml", text);
    let of = |code: &str, below: usize| format!("{code} .cargo/config.toml:{}", at + below);
    let expected = [of("index-way", 1), of("index-way", 2), of("fetch-check", 3), of("fetch-check", 5)];
    let document = json(&scene.project, &[], 0);
    assert_eq!((ways(&document, "warns"), ways(&document, "fails")), (expected.to_vec(), Vec::new()));
    assert!(!document.to_string().contains("s3cret"), "{document:#}");
}

/// `[host]` is for build scripts what `[target]` is for the rest: of every platform, or of one.
#[test]
fn settings_for_the_host_are_told_as_those_for_a_target_are() {
    let scene = Scene::new();
    let text = "[host]\nlinker = \"ld\"\n[host.x86_64-unknown-linux-gnu]\nrunner = \"run\"\nfoo = { rustc-link-lib = [\"foo\"] }\n";
    let at = append(&scene.project, ".cargo/config.toml", text);
    let of = |code: &str, below: usize| format!("{code} .cargo/config.toml:{}", at + below);
    let expected = [of("program", 1), of("runner", 3), of("links-override", 4)];
    assert_eq!(ways(&json(&scene.project, &[], 0), "warns"), expected);
}

#[test]
fn a_toolchain_file_that_does_not_say_which_is_not_passed_over() {
    let scene = Scene::new();
    let path = "[toolchain]\npath = \"evil\"\n";
    let large = format!("{path}#{}\n", " ".repeat(1 << 20));
    for (name, content, code) in [
        ("rust-toolchain", "stable\n", 0),
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n", 0),
        ("rust-toolchain", path, 1),
        ("rust-toolchain", large.as_str(), 2),
        ("rust-toolchain.toml", large.as_str(), 2),
        ("rust-toolchain.toml", "toolchain = [", 2),
        ("rust-toolchain", "stable\nor another\n", 2),
    ] {
        scene.project.write(name, content);
        let said = scene.project.sequester(&["verify"]).expect_code(code);
        assert!(code != 2 || said.stderr.contains(name), "{name}: {}", said.stderr);
        std::fs::remove_file(scene.project.path(name)).unwrap();
    }
    std::fs::create_dir(scene.project.path("rust-toolchain")).unwrap();
    scene.project.sequester(&["verify"]).expect_code(0);
}

/// Cargo passes over a manifest that is a link to nothing, and builds this workspace from there.
#[cfg(unix)]
#[test]
fn g7_a_link_to_no_manifest_hides_nothing() {
    for target in ["nowhere", "Cargo.toml", "/absent/Cargo.toml"] {
        let scene = Scene::new();
        scene.project.write("src/x/.cargo/config.toml", "paths = [\"evil\"]\n");
        std::os::unix::fs::symlink(target, scene.project.path("src/x/Cargo.toml")).unwrap();
        let document = json(&scene.project, &[], 1);
        assert_eq!(ways(&document, "fails"), ["paths src/x/.cargo/config.toml:1"], "{target}");
    }
}

/// What has no name that could be told is not passed over: cargo reads it.
#[cfg(target_os = "linux")]
#[test]
fn g7_a_name_that_is_not_utf_8_hides_nothing() {
    use std::os::unix::ffi::OsStrExt as _;

    let scene = Scene::new();
    let odd = scene.project.path("src").as_std_path().join(std::ffi::OsStr::from_bytes(b"x\xff"));
    std::fs::create_dir_all(odd.join("fixtures")).unwrap();
    std::fs::write(odd.join("fixtures/data.txt"), "").unwrap();
    scene.project.sequester(&["verify"]).expect_code(0);
    for name in [".cargo/config.toml", "deep/Cargo.lock", "rust-toolchain"] {
        let path = odd.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "paths = [\"evil\"]\n").unwrap();
        let outcome = scene.project.sequester(&["verify"]).expect_code(2);
        assert!(outcome.stderr.contains("is not UTF-8\nhelp: "), "{name}: {}", outcome.stderr);
        std::fs::remove_file(path).unwrap();
        let _ = std::fs::remove_dir(odd.join(".cargo"));
    }
    // What is shown of a name is not the name.
    std::fs::write(scene.project.path("vendor/bar").as_std_path().join(std::ffi::OsStr::from_bytes(b"a\xff")), "")
        .unwrap();
    let told = scene.project.sequester(&["verify"]).expect_code(1).stdout;
    assert!(told.contains("remove it by hand") && !told.contains("rm -r"), "{told}");
}
