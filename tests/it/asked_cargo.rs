//! A cargo that is asked about a project, or resolves it, runs nothing that the checkout names.
#![cfg(unix)]

use crate::audit::{NOW, World};
use crate::support::{Outcome, Package, Project};

/// A project whose configuration names programs of its own wherever cargo can be told one.
fn hostile() -> World {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").publish(&world.registry);
    world.lock();
    Package::new("bar", "1.0.1").publish(&world.registry);
    let project = &world.project;
    script(project, "evil", "echo \"$0 $*\" >> \"$(dirname \"$0\")/ran\"\nexit 1\n");
    let evil = project.path("evil");
    let table = format!(
        "[build]\nrustc = {evil:?}\nrustc-wrapper = {evil:?}\nrustc-workspace-wrapper = {evil:?}\n\n[env]\nEVIL = {{ value = \"evil\", force = true }}\n\n\
         [alias]\nmetadata = \"run\"\nupdate = [\"--config\", \"build.rustc='evil'\", \"update\"]\n\n\
         [registry]\nglobal-credential-providers = [{evil:?}]\n\n[target.'cfg(all())']\nrunner = {evil:?}\nlinker = {evil:?}\n\n\
         [registries.crates-io]\ncredential-provider = [{evil:?}]\n"
    );
    let config = project.read(".cargo/config.toml");
    project.write(".cargo/config.toml", format!("{config}\n{table}"));
    world
}

/// Copied by another process: a file that this one had open for writing may still be open in a child that another test just starts.
fn script(project: &Project, name: &str, text: &str) {
    project.write("../script", format!("#!/bin/sh\n{text}"));
    let path = project.path(name);
    project.run("install", &["-m", "755", "../script", path.as_str()]).expect_code(0);
}

#[track_caller]
fn nothing_ran(world: &World, what: &str) {
    let ran = std::fs::read_to_string(world.project.path("ran")).unwrap_or_default();
    assert_eq!(ran, "", "{what}");
}

#[test]
fn no_verb_runs_a_program_of_the_checkout() {
    let world = hostile();
    let verbs: [&[&str]; 7] = [
        &["audit", "--now", NOW],
        &["status", "--now", NOW],
        &["explain", "bar", "--now", NOW],
        &["update", "-n"],
        &["update"],
        &["cargo", "update"],
        &["cargo", "add", "bar@1", "--dry-run"],
    ];
    for verb in verbs {
        let outcome = world.project.sequester(verb);
        assert_eq!(outcome.code, 0, "{verb:?}: {outcome:?}");
        nothing_ran(&world, verb[0]);
    }
    assert!(world.project.read("Cargo.lock").contains("1.0.1"), "it did resolve");
    // Plain cargo does run them.
    world.project.cargo(&["update"]);
    assert!(world.project.path("ran").exists());
}

/// The variables of `[env]` reach the compiler that is asked for its version, among them the loader's.
#[test]
fn no_variable_of_the_checkout_reaches_a_program() {
    let world = hostile();
    let real = world.project.run("sh", &["-c", "command -v rustc"]).expect_code(0).stdout;
    let seen = world.project.outside().join("seen");
    script(&world.project, "../rustc", &format!("env >> {seen}\nexec {} \"$@\"\n", real.trim()));
    let rustc = world.project.outside().join("rustc");
    let World { registry, advisories, project } = world;
    let world = World { registry, advisories, project: project.env("RUSTC", rustc.as_str()) };
    world.project.sequester(&["update"]).expect_code(0);
    let seen = std::fs::read_to_string(seen).unwrap_or_default();
    assert!(!seen.contains("EVIL"), "{seen}");
}

#[test]
fn cargo_starts_where_the_checkout_has_no_say() {
    let world = hostile();
    let folders = world.project.outside().join("folders");
    script(&world.project, "../cargo-seen", &format!("pwd >> {folders}\nexec {} \"$@\"\n", env!("CARGO")));
    let cargo = world.project.outside().join("cargo-seen");
    let World { registry, advisories, project } = world;
    let world = World { registry, advisories, project: project.env("CARGO", cargo.as_str()) };
    for verb in [&["audit", "--now", NOW][..], &["update", "-n"]] {
        let _: Outcome = world.project.sequester(verb).expect_code(0);
    }
    let folders = std::fs::read_to_string(folders).unwrap();
    assert!(folders.lines().count() >= 3, "{folders}");
    assert!(folders.lines().all(|folder| folder == "/"), "{folders}");
}

/// Rustup's stand-in for the compiler obeys a `rust-toolchain.toml` of the folder that it is started in.
#[test]
fn the_compiler_is_asked_about_a_platform_where_the_checkout_has_no_say() {
    let world = hostile();
    let real = world.project.run("sh", &["-c", "command -v rustc"]).expect_code(0).stdout;
    let folders = world.project.outside().join("folders");
    script(&world.project, "../rustc", &format!("pwd >> {folders}\nexec {} \"$@\"\n", real.trim()));
    let rustc = world.project.outside().join("rustc");
    let World { registry, advisories, project } = world;
    let world = World { registry, advisories, project: project.env("RUSTC", rustc.as_str()) };
    let outcome =
        world.project.sequester(&["vendor", "--no-config", "--now", NOW, "--platform", "x86_64-unknown-linux-gnu"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let folders = std::fs::read_to_string(folders).unwrap();
    assert!(folders.lines().count() >= 1 && folders.lines().all(|folder| folder == "/"), "{folders}");
    nothing_ran(&world, "vendor --platform");
}

/// The manifest is the one that cargo would have found where the user stands.
#[test]
fn a_member_that_the_user_stands_in_is_the_one_that_is_changed() {
    let world = World::new();
    Package::new("bar", "1.0.0").publish(&world.registry);
    let project = &world.project;
    let member = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("Cargo.toml", project.read("Cargo.toml") + "\n[workspace]\nmembers = [\"one\", \"two\"]\n");
    for name in ["one", "two"] {
        project.write(&format!("{name}/Cargo.toml"), member(name)).write(&format!("{name}/src/lib.rs"), "");
    }
    world.lock();
    let outcome = project
        .run("sh", &["-c", &format!("cd one && {} sequester cargo add bar", env!("CARGO_BIN_EXE_cargo-sequester"))]);
    outcome.expect_code(0);
    assert!(project.read("one/Cargo.toml").contains("bar = \"1.0.0\""));
    assert!(!project.read("Cargo.toml").contains("bar = "));
}
