//! The project around the lock file: workspaces, folders, git, patches, vendoring, and what other tools were told.

use super::*;

fn simple() -> World {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    world
}

#[test]
fn a_virtual_workspace_is_judged_from_any_of_its_folders() {
    let world = World::new();
    Package::new("old", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-21T00:00:00Z").publish(&world.registry);
    let project = &world.project;
    project.write("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\n");
    for (name, dependency) in [("one", "old"), ("two", "fresh")] {
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n{dependency} = \"1\"\n"
        );
        project.write(&format!("{name}/Cargo.toml"), manifest).write(&format!("{name}/src/lib.rs"), "");
    }
    world.lock();
    let document = world.json(&[], 1);
    assert_eq!(package(&document, "fresh")["path"], serde_json::json!(["two", "fresh"]));
    let arguments = ["sequester", "audit", "--now", NOW, "--format", "json"];
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    let output = command.args(arguments).current_dir(project.path("one/src")).output().unwrap();
    let from_below: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(from_below["packages"], document["packages"]);
    world.json(&["--manifest-path", "two/Cargo.toml"], 1);
}

#[test]
fn packages_from_outside_are_local_and_named() {
    let world = World::new()
        .dep_toml("outer = { path = \"../outer\" }")
        .dep_toml("inner = { path = \"inner\" }")
        .dep("patched", "1");
    Package::new("patched", "1.0.0").publish(&world.registry);
    for (folder, name) in [("../outer", "outer"), ("inner", "inner"), ("../patched", "patched")] {
        let version = if name == "patched" { "1.0.9" } else { "0.1.0" };
        let manifest = format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2021\"\n");
        world.project.write(&format!("{folder}/Cargo.toml"), manifest).write(&format!("{folder}/src/lib.rs"), "");
    }
    let manifest = world.project.read("Cargo.toml");
    world.project.write(
        "Cargo.toml",
        format!("{manifest}\n[workspace]\nexclude = [\"inner\"]\n\n[patch.crates-io]\npatched = {{ path = \"../patched\" }}\n"),
    );
    world.lock();
    let document = world.json(&[], 0);
    let warned = |name: &str| codes(&package(&document, name)["warnings"]);
    assert_eq!(warned("outer"), ["outside-workspace"]);
    assert_eq!(warned("patched"), ["outside-workspace"]);
    assert_eq!(warned("inner"), [""; 0]);
    assert_eq!(package(&document, "patched")["verdict"], "local");
    assert!(world.audit(&["-v"]).stdout.contains(world.project.outside().join("outer").as_str()));
}

/// Cargo calls it by its place in the workspace, and builds what the link leads to.
#[cfg(unix)]
#[test]
fn a_package_behind_a_link_that_leads_out_is_named() {
    let world = World::new().dep_toml("linked = { path = \"linked\" }").dep_toml("near = { path = \"near\" }");
    for (folder, name) in [("../outer", "linked"), ("inner", "near")] {
        let manifest = format!("[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        world.project.write(&format!("{folder}/Cargo.toml"), manifest).write(&format!("{folder}/src/lib.rs"), "");
    }
    std::os::unix::fs::symlink("../outer", world.project.path("linked")).unwrap();
    std::os::unix::fs::symlink("inner", world.project.path("near")).unwrap();
    world.lock();
    let document = world.json(&[], 0);
    let warned = |name: &str| codes(&package(&document, name)["warnings"]);
    assert_eq!(warned("linked"), ["outside-workspace"]);
    assert_eq!(warned("near"), [""; 0]);
}

#[test]
fn a_git_dependency_that_cannot_be_reached_is_judged_all_the_same() {
    let world = simple();
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}far = {{ git = \"https://127.0.0.1:1/far.git\" }}\n"));
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let lock = world.project.read("Cargo.lock").replace("dependencies = [\n", "dependencies = [\n \"far\",\n");
    let source = format!("git+https://127.0.0.1:1/far.git#{commit}");
    world.project.write(
        "Cargo.lock",
        format!("{lock}\n[[package]]\nname = \"far\"\nversion = \"0.1.0\"\nsource = {source:?}\n"),
    );
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "far"), ["source-not-allowed"]);
    assert_eq!(package(&document, "old")["verdict"], "approved");
    let allow = |rule: &str| {
        let policy = world.policy_text("").replace("[sources]", &format!("[sources]\nallow-git = [{rule}]"));
        world.project.write("sequester.toml", policy);
    };
    allow(&format!("{{ url = \"https://127.0.0.1:1/far.git\", rev = {commit:?} }}"));
    assert_eq!(package(&world.json(&[], 0), "far")["basis"]["code"], "allowed-source");
    allow(&format!("{{ url = \"https://127.0.0.1:1/far.git\", rev = {:?} }}", commit.replace('0', "f")));
    world.json(&[], 1);
}

#[test]
fn where_cargo_cannot_describe_the_workspace_nothing_is_decided() {
    let world = simple();
    let manifest = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{manifest}\n[workspace]\nmembers = [\"missing\"]\n"));
    let document = world.json(&[], 2);
    assert_eq!(codes(&document["blockers"]), ["workspace-unread"]);
    assert_eq!(package(&document, "old")["verdict"], "approved", "the rest is judged and told");
    let text = world.audit(&[]).expect_code(2).stdout;
    assert!(text.contains("missing/Cargo.toml"), "{text}");
    assert!(!text.contains("\\u{a}"), "{text}");
}

#[test]
fn a_lock_file_beside_no_manifest_is_judged_alone() {
    let world = simple();
    std::fs::create_dir(world.project.path("alone")).unwrap();
    std::fs::rename(world.project.path("Cargo.lock"), world.project.path("alone/some.lock")).unwrap();
    std::fs::rename(world.project.path("sequester.toml"), world.project.path("alone/sequester.toml")).unwrap();
    let document = world.json(&["--lockfile", "alone/some.lock"], 0);
    assert_eq!(package(&document, "app")["verdict"], "local");
    let outcome = world.audit(&["--lockfile", "absent.lock"]).expect_code(2);
    assert!(outcome.stderr.contains("absent.lock") && outcome.stderr.contains("help:"), "{}", outcome.stderr);
    // There is no lock file any more: nothing to judge is no approval.
    let outcome = world.audit(&[]).expect_code(2);
    assert!(outcome.stderr.contains("Cargo.lock"), "{}", outcome.stderr);
}

#[test]
fn a_broken_lock_file_is_no_empty_one() {
    let world = simple();
    let lock = world.project.read("Cargo.lock");
    let conflict = format!("{lock}\n<<<<<<< ours\n[[package]]\n=======\n>>>>>>> theirs\n");
    for broken in [conflict.as_str(), &lock[..lock.len() - 30], "", "version = 99\n"] {
        world.project.write("Cargo.lock", broken);
        let outcome = world.audit(&[]).expect_code(2);
        assert!(outcome.stderr.contains("Cargo.lock") && outcome.stderr.contains("help:"), "{}", outcome.stderr);
    }
}

#[test]
fn a_lock_file_that_lacks_what_a_manifest_asks_for_is_not_judged() {
    let world = simple();
    let manifest = world.project.read("Cargo.toml");
    let lines = [("sneaked = \"1\"\n", "sneaked"), ("again = { package = \"old\", version = \"2\" }\n", "old")];
    for (more, missing) in lines {
        world.project.write("Cargo.toml", format!("{manifest}{more}"));
        let outcome = world.audit(&[]).expect_code(2);
        assert!(outcome.stdout.contains(missing) && outcome.stdout.contains("help:"), "{}", outcome.stdout);
    }
    // A member's new version changes nothing that would be built; cargo with `--locked` refuses all the same.
    world.project.write("Cargo.toml", manifest.replace("0.1.0", "0.2.0"));
    let outcome = world.audit(&[]).expect_code(2);
    assert!(outcome.stdout.contains("it does not have app@0.2.0"), "{}", outcome.stdout);
}

#[test]
fn a_vendored_project_is_still_asked_of_the_index() {
    let world = simple();
    std::fs::create_dir(world.project.path("vendor")).unwrap();
    let config = "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n";
    world.project.write(".cargo/config.toml", config);
    // crates.io itself cannot be asked here; that it would be is what the cache's name says.
    let document = world.json(&["--offline"], 2);
    assert_eq!(codes(&document["blockers"]), ["index-unavailable"]);
}

#[test]
fn cargos_own_age_can_only_lengthen() {
    let world = World::new().dep("ripe", "1");
    Package::new("ripe", "1.0.0").publish(&world.registry);
    Package::new("ripe", "1.1.0").pubtime("2026-11-10T00:00:00Z").publish(&world.registry);
    world.lock();
    world.json(&[], 0);
    let config = world.project.read(".cargo/config.toml");
    let set = |age: &str| {
        world.project.write(".cargo/config.toml", format!("{config}\n[registry]\nglobal-min-publish-age = {age:?}\n"))
    };
    set("30 days");
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "ripe"), ["too-new"]);
    assert!(codes(&document["notices"]).contains(&"cargo-age-longer".to_owned()), "{document:#}");
    set("1 day");
    let document = world.json(&[], 0);
    assert!(codes(&document["notices"]).contains(&"cargo-age-shorter".to_owned()), "{document:#}");
    set("7");
    let outcome = world.audit(&[]).expect_code(2);
    assert!(
        outcome.stderr.contains("config.toml") && outcome.stderr.contains("global-min-publish-age"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn another_tools_age_that_disagrees_is_a_note() {
    let world = simple();
    world.project.write("cooldown.toml", "[registry]\nglobal-min-publish-age = \"3 days\"\n");
    assert_eq!(codes(&world.json(&[], 0)["notices"]), ["cooldown-disagrees"]);
    world.project.write("cooldown.toml", "[registry]\nglobal-min-publish-age = \"7 days\"\n");
    assert_eq!(codes(&world.json(&[], 0)["notices"]), [""; 0]);
}

#[test]
fn a_policy_that_was_asked_for_must_be_there_and_be_right() {
    let world = simple();
    let outcome = world.audit(&["--policy", "strict.toml"]).expect_code(2);
    assert!(outcome.stderr.contains("strict.toml") && outcome.stderr.contains("help:"), "{}", outcome.stderr);
    world.project.write("strict.toml", world.policy_text("[quarantine]\nmin-publish-age = \"99 months\""));
    assert_eq!(reasons(&world.json(&["--policy", "strict.toml"], 1), "old"), ["too-new"]);
    world.project.write("strict.toml", "[quarantine]\nmin-publish-age = 7\nmin-age = \"7 days\"\n");
    let outcome = world.audit(&["--policy", "strict.toml"]).expect_code(2);
    assert!(outcome.stderr.contains("strict.toml:2") && outcome.stderr.contains("min-age"), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn a_policy_that_leads_nowhere_is_no_leave_to_use_the_defaults() {
    let world = simple();
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    std::os::unix::fs::symlink("absent.toml", world.project.path("sequester.toml")).unwrap();
    let outcome = world.audit(&[]).expect_code(2);
    assert!(outcome.stderr.contains("sequester.toml"), "{}", outcome.stderr);
}

#[test]
fn another_lock_file_in_cargos_configuration_is_not_overlooked() {
    let world = simple();
    let config = world.project.read(".cargo/config.toml");
    world.project.write(".cargo/config.toml", format!("{config}\n[resolver]\nlockfile-path = \"hidden/Cargo.lock\"\n"));
    let outcome = world.audit(&[]).expect_code(2);
    assert!(outcome.stderr.contains("lockfile-path") && outcome.stderr.contains("--lockfile"), "{}", outcome.stderr);
    world.json(&["--lockfile", "Cargo.lock"], 0);
}

/// The lock file is answered, and cargo builds what nobody judged; the way with a base tells it as what the change brings.
#[test]
fn folders_in_the_place_of_locked_packages_are_told() {
    let world = simple();
    world.project.write(".cargo/config.toml", format!("paths = []\n{}", world.project.read(".cargo/config.toml")));
    assert_eq!(codes(&world.json(&[], 0)["notices"]), [""; 0]);
    let config = world.project.read(".cargo/config.toml").replace("paths = []", "paths = [\"other\"]");
    world.project.write(".cargo/config.toml", config);
    assert_eq!(codes(&world.json(&[], 0)["notices"]), ["paths"]);
    let told = world.audit(&[]).expect_code(0).stdout;
    assert!(told.contains("`paths` in .cargo/config.toml:1 makes cargo build other folders"), "{told}");
}

/// Neither way needs git, nor a side that git still knows.
#[test]
fn what_a_broken_lock_file_needs_works() {
    let world = simple();
    world.policy("");
    let lock = world.project.read("Cargo.lock");
    world.project.write(
        "Cargo.lock",
        lock.replace("version = 4", "<<<<<<< ours\nversion = 4\n=======\nversion = 3\n>>>>>>> theirs"),
    );
    let told = world.audit(&[]).expect_code(2).stderr;
    assert!(told.contains("remove the marker lines") && told.contains("cargo sequester update --workspace"), "{told}");
    world.project.write("Cargo.lock", &lock);
    world.project.sequester(&["update", "--workspace", "--now", NOW]).expect_code(0);
    assert_eq!(world.project.read("Cargo.lock"), lock);
    world.project.write("Cargo.lock", "version = 4\n[[package]\n");
    let told = world.audit(&[]).expect_code(2).stderr;
    assert!(told.contains("or remove it") && told.contains("generate-lockfile"), "{told}");
    std::fs::remove_file(world.project.path("Cargo.lock")).unwrap();
    world.project.sequester(&["cargo", "generate-lockfile"]).expect_code(0);
    assert_eq!(world.project.read("Cargo.lock"), lock);
}
