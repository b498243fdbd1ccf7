//! `package` and `publish`: their verification builds from a lock file of its own.

use super::{cargo, two_releases};
use crate::support::{Outcome, Package, Project, TestRegistry};
use crate::update::{FRESH, OLD, locked, project};

const MORE: &str = "[package]\nname = \"more\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";

/// A locked project in which everything is approved, beside fresh releases of all that it could take from the registry.
fn world(registry: &TestRegistry, edit: impl FnOnce(Project) -> Project) -> Project {
    Package::new("bar", "1.0.0").pubtime(OLD).file("src/lib.rs", "pub fn bar() {}\n").publish(registry);
    let project = edit(project(registry).dep("bar", "1"));
    project.lock_with_cargo();
    two_releases(registry);
    Package::new("more", "1.0.0").pubtime(FRESH).file("src/lib.rs", "").publish(registry);
    project
}

fn folder(project: Project) -> Project {
    project.file("more/Cargo.toml", MORE).file("more/src/lib.rs", "")
}

fn downloads(registry: &TestRegistry) -> Vec<String> {
    let fresh = [("bar", "1.1.0"), ("more", "1.0.0")].map(|(name, version)| TestRegistry::download_path(name, version));
    registry.requested_paths().into_iter().filter(|path| fresh.contains(path)).collect()
}

/// Refused before anything is asked, and both ways out work as they are printed.
#[track_caller]
fn expect_refused(registry: &TestRegistry, project: &Project, arguments: &[&str]) {
    let outcome: Outcome = cargo(project, arguments).expect_code(2);
    assert!(outcome.stderr.contains("was not judged"), "{}", outcome.stderr);
    let begin = "cargo sequester cargo ";
    let line = outcome.stderr.lines().find(|line| line.starts_with("help:")).unwrap();
    let pasted = line.rfind(begin).map(|at| &line[at..]).unwrap();
    assert!(pasted.ends_with(" --no-verify"), "{line}");
    let build = line.split('`').find(|part| part.ends_with(" build")).unwrap();
    for command in [build, pasted] {
        let program = command.replacen("cargo", env!("CARGO_BIN_EXE_cargo-sequester"), 1);
        project.run("sh", &["-c", &program]).expect_code(0);
    }
    assert!(downloads(registry).is_empty(), "{:?}", downloads(registry));
}

#[test]
fn what_the_lock_file_has_is_verified() {
    let registry = TestRegistry::new();
    let project = world(&registry, |project| project);
    cargo(&project, &["package", "--allow-dirty"]).expect_code(0);
    assert!(project.path("target/package/app-0.1.0").exists());
    assert!(downloads(&registry).is_empty());
}

#[test]
fn a_package_without_its_lock_file_is_not_verified() {
    let registry = TestRegistry::new();
    let project = world(&registry, |project| project);
    expect_refused(&registry, &project, &["package", "--allow-dirty", "--exclude-lockfile"]);
    cargo(&project, &["publish", "--dry-run", "--allow-dirty", "--exclude-lockfile"]).expect_code(2);
    // Cargo itself would take what is fresh.
    project.cargo(&["package", "--allow-dirty", "--exclude-lockfile"]).expect_code(0);
    assert_eq!(downloads(&registry), [TestRegistry::download_path("bar", "1.1.0")]);
}

#[test]
fn what_a_registry_is_to_give_in_a_folders_place_is_not_verified_with() {
    let registry = TestRegistry::new();
    let project = world(&registry, |project| folder(project.dep_toml("more = { path = \"more\", version = \"1\" }")));
    expect_refused(&registry, &project, &["package", "--allow-dirty"]);
    cargo(&project, &["package", "--list", "--allow-dirty"]).expect_code(0);
    project.cargo(&["package", "--allow-dirty", "--locked"]).expect_code(0);
    assert_eq!(downloads(&registry), [TestRegistry::download_path("more", "1.0.0")]);
}

#[test]
fn what_a_patch_replaces_is_not_verified_with() {
    let registry = TestRegistry::new();
    let project = world(&registry, |project| {
        project
            .file("fork/Cargo.toml", MORE.replace("more", "bar"))
            .file("fork/src/lib.rs", "")
            .config("[patch.crates-io]\nbar = { path = \"fork\" }\n")
    });
    expect_refused(&registry, &project, &["package", "--allow-dirty"]);
    std::fs::remove_file(project.path(".cargo/config.toml")).unwrap();
    let project = project.crates_io(&registry);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", format!("{manifest}\n[patch.crates-io]\nbar = {{ path = \"fork\" }}\n"));
    expect_refused(&registry, &project, &["package", "--allow-dirty"]);
    project.cargo(&["package", "--allow-dirty"]).expect_code(0);
    assert_eq!(downloads(&registry), [TestRegistry::download_path("bar", "1.1.0")]);
}

/// Only the member that is packaged counts, and what is left out of its package does not.
#[test]
fn a_member_that_needs_no_other_is_verified() {
    let registry = TestRegistry::new();
    let project = world(&registry, |project| {
        let project = folder(project.dep_toml("more = { path = \"more\", version = \"1\" }"));
        let manifest = project.read("Cargo.toml");
        project.write("Cargo.toml", format!("{manifest}\n[workspace]\nmembers = [\"more\"]\n"));
        project
    });
    let member = "more/Cargo.toml";
    project
        .write(member, format!("{MORE}[dependencies]\nbar = \"1\"\n[dev-dependencies]\napp = {{ path = \"..\" }}\n"));
    for arguments in [&["-p", "more"][..], &["--manifest-path", member]] {
        cargo(&project, &[&["package", "--allow-dirty"], arguments].concat()).expect_code(0);
    }
    assert_eq!(locked(&project, "bar"), "1.0.0");
    assert!(downloads(&registry).is_empty());
    for arguments in [&["-p", "app"][..], &["-p", "more", "-p", "app"], &["-p", "a*"], &["--workspace"], &[]] {
        cargo(&project, &[&["package", "--allow-dirty"], arguments].concat()).expect_code(2);
    }
    for version in ["0.1", "*"] {
        let manifest = format!("{MORE}[dev-dependencies]\napp = {{ path = \"..\", version = \"{version}\" }}\n");
        project.write(member, manifest);
        cargo(&project, &["package", "--allow-dirty", "-p", "more"]).expect_code(2);
    }
}
