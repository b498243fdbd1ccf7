//! Ids as cargo has them: whatever `audit` prints, `cargo pkgid` takes and prints again.

use crate::audit::{World, document};
use crate::support::{Outcome, Package, Project, TestRegistry};
use serde_json::Value;
use std::collections::BTreeSet;

/// A repository of one package, with a branch whose name must be encoded, and a tag.
fn repository(project: &Project, folder: &str, package: &str) -> String {
    let folder = project.outside().join(folder);
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/lib.rs"), "").unwrap();
    let manifest = format!("[package]\nname = {package:?}\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = project.command("git");
        command.current_dir(&folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(["-c", "user.name=ana", "-c", "user.email=ana@example.org"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q", "-b", "main", "."]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    git(&["branch", "feat/x+y"]);
    git(&["tag", "v1"]);
    format!("file://{}", folder.as_str().replace(' ', "%20"))
}

fn ids(document: &Value) -> Vec<String> {
    let packages = document["packages"].as_array().unwrap();
    packages.iter().map(|package| package["id"].as_str().unwrap().to_owned()).collect()
}

fn folder(world: &World, path: &str, name: &str) {
    world.project.write(&format!("{path}/src/lib.rs"), "");
    let manifest = format!("[package]\nname = {name:?}\nversion = \"0.2.0\"\nedition = \"2021\"\n");
    world.project.write(&format!("{path}/Cargo.toml"), manifest);
}

/// Every kind of source, and each thing that cargo writes in its own way: short forms, encoded branches and folders.
fn world() -> (World, TestRegistry) {
    let mine = TestRegistry::new();
    Package::new("inner", "1.0.0").publish(&mine);
    let mut world = World::new().dep("outer", "1");
    Package::new("outer", "1.0.0+meta.1").publish(&world.registry);
    let (short, long) =
        (repository(&world.project, "r/cfg", "cfg"), repository(&world.project, "r/my repo.git", "cfg"));
    world.project = world.project.registry("mine", &mine);
    for line in [
        "inner = { version = \"1\", registry = \"mine\" }".to_owned(),
        format!("a = {{ package = \"cfg\", git = {short:?} }}"),
        format!("b = {{ package = \"cfg\", git = {short:?}, branch = \"feat/x+y\" }}"),
        format!("c = {{ package = \"cfg\", git = {short:?}, tag = \"v1\" }}"),
        format!("d = {{ package = \"cfg\", git = {long:?}, branch = \"main\" }}"),
        "near = { path = \"near\" }".to_owned(),
        "far = { path = \"a%20 b~[1]^é\" }".to_owned(),
    ] {
        world.project = world.project.dep_toml(&line);
    }
    folder(&world, "near", "near");
    folder(&world, "a%20 b~[1]^é", "far");
    world.lock();
    let index = mine.url();
    world.policy(&format!("[registries.mine]\nindex = {index:?}\n"));
    (world, mine)
}

#[test]
fn every_id_is_the_one_that_cargo_pkgid_prints() {
    let (world, _mine) = world();
    let ids = ids(&document(&world.audit(&["--format", "json"])));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:#?}");
    assert_eq!(ids.len(), 9, "{ids:#?}");
    for id in &ids {
        let outcome = world.project.cargo(&["pkgid", "--offline", id]).expect_code(0);
        assert_eq!(outcome.stdout.trim_end(), id);
    }
    // And we take each, and mean by it what cargo means.
    for id in &ids {
        let outcome = world.project.sequester(&["explain", id, "--no-advisories", "--format", "json", "--offline"]);
        assert_ne!(outcome.code, 2, "{id}: {}", outcome.stderr);
        let explained: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(explained["release"]["judged"]["id"], **id, "{id}");
    }
}

#[test]
fn what_could_be_several_is_listed_by_ids_that_work() {
    let (world, _mine) = world();
    let outcome = world.project.sequester(&["explain", "cfg", "--no-advisories", "--offline"]).expect_code(2);
    let listed: Vec<&str> = outcome.stderr.lines().filter_map(|line| line.strip_prefix("  git+")).collect();
    assert_eq!(listed.len(), 4, "{}", outcome.stderr);
    for id in listed {
        let id = format!("git+{id}");
        let outcome = world.project.sequester(&["explain", &id, "--no-advisories", "--offline", "-q"]);
        assert!(!outcome.stderr.contains("could be any of"), "{id}: {}", outcome.stderr);
    }
}

#[test]
fn a_lock_file_alone_has_bare_names_for_local_packages() {
    let (world, _mine) = world();
    let document = document(&world.audit(&["--lockfile", "Cargo.lock", "--format", "json"]));
    let ids = ids(&document);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let local: Vec<_> = ids.iter().filter(|id| !id.contains("://")).map(String::as_str).collect();
    assert_eq!(local, ["app@0.1.0", "far@0.2.0", "near@0.2.0"]);
}
