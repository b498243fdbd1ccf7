//! Only the locked bytes, whatever lies in caches or comes from the network.

use camino::Utf8PathBuf;

use super::{each_file, everything, locked, project, vendor};
use crate::support::{Dependency, Package, Project, Reply, TestRegistry};

/// The entries of cargo's download cache with this file name.
fn cached(project: &Project, name: &str) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    each_file(&project.cargo_home().join("registry/cache"), &mut |path, _| {
        if path.file_name() == Some(name) {
            found.push(path.to_owned());
        }
    });
    found
}

#[test]
fn b2_a_poisoned_cache_is_reported_replaced_and_never_used() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    project.cargo(&["fetch", "--locked"]).expect_code(0);
    let [entry] = &cached(&project, "bar-1.1.0.crate")[..] else { panic!("one registry, one entry") };
    let evil =
        Package::new("bar", "1.1.0").dep("leaf", "^0.1").file("src/lib.rs", "compile_error!(\"evil\");").archive();
    std::fs::write(entry, evil).unwrap();
    let genuine = registry.archive("bar", "1.1.0").unwrap();

    let before = everything(&project);
    let offline = vendor(&project, &["--offline"]).expect_code(2);
    assert!(offline.stdout.contains(entry.as_str()), "{}", offline.stdout);
    assert_eq!(everything(&project), before);

    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("Poisoned") && done.stdout.contains(entry.as_str()), "{}", done.stdout);
    assert_eq!(std::fs::read(entry).unwrap(), genuine);
    assert_eq!(project.read("vendor/bar/src/lib.rs"), "pub use leaf::leaf;\n");
}

#[test]
fn b3_unpacked_sources_of_cargo_are_never_read() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    project.cargo(&["fetch", "--locked"]).expect_code(0);
    let mut edited = 0;
    each_file(&project.cargo_home().join("registry/src"), &mut |path, _| {
        if path.file_name() == Some("lib.rs") {
            std::fs::write(path, "compile_error!(\"evil\");").unwrap();
            edited += 1;
        }
    });
    assert_eq!(edited, 3);
    registry.forget_requests();
    vendor(&project, &[]).expect_code(0);
    assert_eq!(project.read("vendor/bar/src/lib.rs"), "pub use leaf::leaf;\n");
    assert!(registry.requested_paths().iter().all(|path| !path.starts_with("/dl/")), "the cache had them all");
}

#[test]
fn b4_b6_a_checksum_that_is_not_the_indexs_stops_everything() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let lock = project.read("Cargo.lock");
    let checksum = lock.split("checksum = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for other in ["0".repeat(64), checksum.to_uppercase(), checksum[1..].to_owned()] {
        project.write("Cargo.lock", lock.replace(&checksum, &other));
        let before = everything(&project);
        let stopped = vendor(&project, &[]).expect_code(1);
        assert!(stopped.stdout.contains("checksum-mismatch"), "{}", stopped.stdout);
        assert_eq!(everything(&project), before);
    }
}

#[test]
fn a16_b1_what_the_registry_should_not_have_sent_is_refused_and_not_cached() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    registry.reply(&TestRegistry::download_path("bar", "1.1.0"), Reply::ok("<html>log in</html>"));
    let before = everything(&project);
    let stopped = vendor(&project, &[]).expect_code(1);
    assert!(stopped.stdout.contains("bar@1.1.0") && stopped.stdout.contains("a web page"), "{}", stopped.stdout);
    assert_eq!(everything(&project), before);
    assert!(cached(&project, "bar-1.1.0.crate").is_empty());
    assert_eq!(cached(&project, "leaf-0.1.0.crate").len(), 1, "what was good is kept for the next run");
    registry.be_itself();
    let done = vendor(&project, &["--offline"]).expect_code(2);
    assert!(done.stdout.contains("bar@1.1.0"), "{}", done.stdout);
    vendor(&project, &[]).expect_code(0);
}

#[test]
fn a18_a_manifest_that_is_not_what_was_judged_is_refused() {
    let registry = TestRegistry::new();
    Package::new("evil", "1.0.0").publish(&registry);
    let manifest = "[package]\nname = \"bar\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nevil = \"1\"\n";
    Package::new("bar", "1.0.0").file("Cargo.toml", manifest).publish(&registry);
    Package::new("baz", "1.0.0")
        .dependency(Dependency::new("evil", "1").optional())
        .file("Cargo.toml", manifest.replace("bar", "baz"))
        .publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("baz", "1");
    project.lock_with_cargo();
    let before = everything(&project);
    let stopped = vendor(&project, &[]).expect_code(1);
    for name in ["bar@1.0.0", "baz@1.0.0"] {
        assert!(stopped.stdout.contains(name), "both are named: {}", stopped.stdout);
    }
    assert!(stopped.stdout.contains("evil"), "{}", stopped.stdout);
    assert_eq!(everything(&project), before);
}

#[test]
fn a1_a17_a_hostile_archive_with_the_locked_hash_is_refused() {
    let registry = TestRegistry::new();
    let path = "bar-1.0.0/../../escaped";
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    tar.append(&header, &b"x"[..]).unwrap();
    Package::new("bar", "1.0.0").raw_archive(tar.into_inner().unwrap().finish().unwrap()).publish(&registry);
    let other = Package::new("other", "1.0.0").archive();
    Package::new("foo", "1.0.0").raw_archive(other).publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("foo", "1");
    project.lock_with_cargo();
    let before = everything(&project);
    let stopped = vendor(&project, &[]).expect_code(1);
    assert!(stopped.stdout.contains("bar@1.0.0") && stopped.stdout.contains("foo@1.0.0"), "{}", stopped.stdout);
    assert_eq!(everything(&project), before);
    let mut escaped = false;
    each_file(project.outside(), &mut |path, _| escaped |= path.file_name() == Some("escaped"));
    assert!(!escaped);
}

#[test]
fn a_dropped_connection_is_no_failure() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    registry.reply(&TestRegistry::download_path("bar", "1.1.0"), Reply::usual().truncated().times(1));
    registry.reply(&TestRegistry::download_path("leaf", "0.1.0"), Reply::hang_up().times(1));
    vendor(&project, &[]).expect_code(0);
}
