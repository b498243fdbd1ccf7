//! `cargo sequester vendor`, run as a user runs it, against a registry on loopback.

pub(crate) mod believed;
mod bytes;
mod kept;
mod layout;
mod manifests;
mod more_sources;
mod owned;
mod platform;
mod recorded;
mod rerun;

use std::collections::BTreeMap;
use std::time::SystemTime;

use camino::Utf8Path;

use crate::support::{Outcome, Package, Project, TestRegistry};

/// A project for which the registry stands in for crates.io. The machine's configuration says so: the project's own belongs to
/// `vendor`.
fn project(registry: &TestRegistry) -> Project {
    let (project, url) = (Project::new(), registry.url());
    let config = format!("[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"{url}\"\n");
    std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
    project.policy(&format!("[sources]\nmirrors = [\"{url}\"]\n"))
}

fn vendor(project: &Project, arguments: &[&str]) -> Outcome {
    project.sequester(&[&["vendor", "--no-advisories"], arguments].concat())
}

/// Two versions of one crate, a dependency between crates, and files that cargo treats in ways of their own.
fn publish(registry: &TestRegistry) {
    Package::new("leaf", "0.1.0").file("src/lib.rs", "pub fn leaf() -> u8 { 1 }\n").publish(registry);
    Package::new("leaf", "0.2.0").file("src/lib.rs", "pub fn leaf() -> u8 { 2 }\n").publish(registry);
    Package::new("bar", "1.1.0")
        .dep("leaf", "^0.1")
        .file("src/lib.rs", "pub use leaf::leaf;\n")
        .file(".gitignore", "target\n")
        .file("docs/.gitattributes", "* text\n")
        .file("README.md", "Line ends\r\nstay.\r\n")
        .publish(registry);
}

/// Depends on all of [`publish`].
fn locked(registry: &TestRegistry) -> Project {
    publish(registry);
    let project = project(registry).dep("bar", "1").dep("leaf", "0.2");
    project.write("src/lib.rs", "pub fn sum() -> u8 { bar::leaf() + leaf::leaf() }\n");
    project.lock_with_cargo();
    project
}

/// Mode and bytes of every file below a folder; an empty map where there is none.
fn listing(folder: &Utf8Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    each_file(folder, &mut |path, metadata| {
        found.insert(path.strip_prefix(folder).unwrap().to_string(), (mode(metadata), std::fs::read(path).unwrap()));
    });
    found
}

/// When each file below a folder was last written or renamed into place.
fn stamps(folder: &Utf8Path) -> BTreeMap<String, (SystemTime, u64)> {
    let mut found = BTreeMap::new();
    each_file(folder, &mut |path, metadata| {
        found.insert(path.strip_prefix(folder).unwrap().to_string(), (metadata.modified().unwrap(), inode(metadata)));
    });
    found
}

fn each_file(folder: &Utf8Path, visit: &mut dyn FnMut(&Utf8Path, &std::fs::Metadata)) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    for entry in entries.map(Result::unwrap) {
        let metadata = std::fs::symlink_metadata(entry.path()).unwrap();
        if metadata.is_dir() {
            each_file(entry.path(), visit);
        } else {
            visit(entry.path(), &metadata);
        }
    }
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions())
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn mode(_metadata: &std::fs::Metadata) -> u32 {
    0
}

#[cfg(not(unix))]
fn inode(_metadata: &std::fs::Metadata) -> u64 {
    0
}

/// Everything below the project's root.
fn everything(project: &Project) -> BTreeMap<String, (u32, Vec<u8>)> {
    listing(&project.root())
}

/// Everything below the project's root but the events, of which every run that changes something adds one.
fn beside_trail(project: &Project) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = everything(project);
    found.retain(|path, _| !path.starts_with(".sequester/trail/"));
    found
}

/// What stock `cargo vendor` makes of the project.
fn stock(project: &Project, arguments: &[&str]) -> BTreeMap<String, (u32, Vec<u8>)> {
    let folder = project.outside().join("stock");
    let _ = std::fs::remove_dir_all(&folder);
    let fixed = ["vendor", "--locked", "--respect-source-config", "--quiet"];
    project.cargo(&[&fixed, arguments, &[folder.as_str()]].concat()).expect_code(0);
    listing(&folder)
}

/// Fails unless the vendored tree is stock cargo's with `.gitattributes` added.
#[track_caller]
fn assert_is(stock: &BTreeMap<String, (u32, Vec<u8>)>, vendored: &Utf8Path) {
    let mut ours = listing(vendored);
    assert_eq!(ours.remove(".gitattributes").map(|(_, text)| text), Some(b"* -text\n".to_vec()));
    assert_eq!(stock.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (path, expected) in stock {
        assert!(ours[path] == *expected, "{path} differs");
    }
}

/// Builds with nothing but what the project holds.
#[track_caller]
fn build_from_nothing_else(project: &Project, arguments: &[&str]) {
    let home = project.outside().join("another-home");
    let mut cargo = project.command(env!("CARGO"));
    cargo.args(["build", "--offline", "--locked"]).args(arguments).env("CARGO_HOME", &home);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
