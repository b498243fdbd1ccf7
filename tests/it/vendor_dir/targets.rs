//! G4: where the vendor folder may lie, and what a journal may say.

use std::time::Duration;

use cargo_sequester::door::model::run::Listener;
use cargo_sequester::door::write::vendor_dir::{Faults, Opening, TargetFault, VendorDir, VendorDirError};

use super::scene::Scene;

fn fault(scene: &Scene, target: &str) -> TargetFault {
    let records = scene.records();
    let (listener, faults) = (Listener::default(), Faults::default());
    let opening = Opening { command: "test", wait: Duration::ZERO, listener: &listener, records: &records, faults };
    match VendorDir::open(&scene.root(), target.into(), opening) {
        Err(VendorDirError::Target { fault, .. }) => fault,
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn g4_a_target_outside_the_workspace_or_of_somebody_else_is_refused() {
    let scene = Scene::empty();
    scene.write("crates/app/Cargo.toml", "");
    scene.write("file", "");
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().to_str().unwrap();
    for target in ["../vendor", "a/../../b", "a/../b", "/", outside] {
        assert_eq!(fault(&scene, target), TargetFault::Outside, "{target}");
    }
    for target in
        ["", ".", ".git", ".git/x", "deep/.git", ".cargo", ".CARGO/vendor", ".sequester", "src", "src/vendor", "target"]
    {
        assert_eq!(fault(&scene, target), TargetFault::Taken, "{target}");
    }
    assert_eq!(fault(&scene, scene.root().as_str()), TargetFault::Taken);
    assert_eq!(fault(&scene, scene.root().parent().unwrap().as_str()), TargetFault::Outside);
    assert_eq!(fault(&scene, "crates/app"), TargetFault::Package);
    assert_eq!(fault(&scene, "file"), TargetFault::NotAFolder);
    assert_eq!(fault(&scene, "file/vendor"), TargetFault::NotAFolder);
    let records = scene.records();
    let (listener, faults) = (Listener::default(), Faults::default());
    let opening = Opening { command: "test", wait: Duration::ZERO, listener: &listener, records: &records, faults };
    let vendor = VendorDir::open(&scene.root(), &scene.path("third-party/./vendor"), opening).unwrap();
    assert_eq!(vendor.relative(), "third-party/vendor");
    assert_eq!(vendor.path(), scene.path("third-party/vendor"));
}

#[cfg(unix)]
#[test]
fn g4_links_are_refused_at_every_component() {
    use std::os::unix::fs::symlink;
    let scene = Scene::empty();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), scene.path("vendor")).unwrap();
    scene.write("real/x", "");
    symlink(scene.path("real"), scene.path("inside")).unwrap();
    symlink("nowhere", scene.path("dangling")).unwrap();
    for target in ["vendor", "vendor/deep", "inside", "inside/vendor", "dangling", "dangling/vendor"] {
        assert_eq!(fault(&scene, target), TargetFault::Link, "{target}");
    }
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);

    // Nor is a link followed on the way to our own files.
    let scene = Scene::empty();
    symlink(elsewhere.path(), scene.path(".sequester")).unwrap();
    assert!(scene.publish(&["a=1"], Faults::default()).is_err());
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
    let scene = Scene::empty();
    symlink(elsewhere.path(), scene.path(".cargo")).unwrap();
    assert!(cargo_sequester::door::write::cargo_config::ConfigFile::read(&scene.root()).is_err());
}

#[cfg(unix)]
#[test]
fn g4_a_root_that_is_reached_through_a_link_is_fine() {
    let scene = Scene::empty();
    let link = tempfile::tempdir().unwrap();
    let link = camino::Utf8Path::from_path(link.path()).unwrap().join("project");
    std::os::unix::fs::symlink(scene.root(), &link).unwrap();
    Scene::at(&link).publish(&["a=1"], Faults::default()).unwrap();
    assert_eq!(scene.names("vendor"), [".gitattributes", "a"]);
}

#[test]
fn a_journal_that_came_with_the_repository_changes_nothing() {
    let entry = |name: &str| format!("[{{\"name\":\"{name}\",\"old\":true,\"new\":false}}]");
    let journal = |target: &str, id: &str, entries: &str| {
        format!(
            "{{\"version\":1,\"id\":\"{id}\",\"target\":\"{target}\",\"inside\":false,\"method\":\"entries\",\"entries\":{entries},\"config\":null}}"
        )
    };
    for text in [
        journal("vendor", "7", &entry("a")),
        journal("vendor", "../x", "[]"),
        journal("../..", "7", "[]"),
        journal(".git", "7", &entry("config")),
        journal("vendor", "7", &entry("../../x")),
        journal("vendor", "7", "[]").replace("\"version\":1", "\"version\":2"),
        journal("vendor", "7", "[]").replace("\"inside\"", "\"more\":1,\"inside\""),
        "{".to_owned(),
    ] {
        let scene = Scene::empty();
        scene.publish(&["a=1"], Faults::default()).unwrap();
        scene.write(".sequester/journal.json", &text);
        let before = scene.snapshot();
        let error = scene.open(Faults::default()).expect_err(&text);
        assert!(error.to_string().contains("\nhelp: "), "{error}");
        assert_eq!(scene.snapshot(), before);
    }
}
