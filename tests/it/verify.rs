//! `verify`: what stock cargo does not notice, this program refuses; and every way around is named with file and line.

mod scene;
mod tree;
mod unnoticed;
mod ways;

use scene::{Scene, codes, json};

#[test]
fn a_clean_project_is_verified() {
    let scene = Scene::new();
    let said = scene.project.sequester(&["verify"]).expect_code(0);
    assert!(said.stdout.contains("2 vendored packages"), "{}", said.stdout);
    assert!(said.stdout.contains("Limits"), "the standing limits are always told: {}", said.stdout);
    let document = json(&scene.project, &["--deep"], 0);
    assert_eq!((&document["proven"], &document["summary"]["derived"]), (&true.into(), &2.into()), "{document:#}");
    assert_eq!(document["proof"], "authentic");
    scene.builds();
}

#[test]
fn a_project_that_was_never_vendored_is_told_so() {
    let scene = Scene::new();
    std::fs::remove_dir_all(scene.project.path("vendor")).unwrap();
    scene.project.write(".cargo/config.toml", "");
    let document = json(&scene.project, &[], 1);
    assert_eq!(codes(&document), ["no-allow-list", "no-tree", "not-replaced"]);
}

#[test]
fn a_project_without_dependencies_needs_nothing() {
    let project = crate::support::Project::new();
    project.lock_with_cargo();
    project.sequester(&["verify"]).expect_code(0);
}

#[test]
fn deep_catches_a_tree_and_an_allow_list_that_were_edited_together() {
    let scene = Scene::new();
    let edit = |scene: &Scene| {
        scene.project.write("vendor/bar/src/lib.rs", "pub fn evil() {}\n");
        scene.rehash("bar");
        scene.allow_what_is_there();
    };
    scene.commit();
    edit(&scene);
    scene.project.sequester(&["verify"]).expect_code(0);
    for arguments in [&["--deep"][..], &["--base", "HEAD"]] {
        let document = json(&scene.project, arguments, 1);
        assert_eq!(codes(&document), ["not-from-archive"], "{arguments:?}");
        assert!(document["findings"][0]["message"].as_str().unwrap().contains("src/lib.rs"), "{document:#}");
    }
    // What the base has already is not derived again.
    scene.commit();
    let document = json(&scene.project, &["--base", "HEAD"], 0);
    assert_eq!(document["summary"]["derived"], 0);
}

#[test]
fn deep_without_an_archive_is_not_decided() {
    let scene = Scene::new();
    std::fs::remove_dir_all(scene.project.cargo_home().join("registry")).unwrap();
    let document = json(&scene.project, &["--deep"], 2);
    assert_eq!(document["complete"], false);
    assert_eq!(document["blockers"][0]["code"], "no-archive");
    scene.project.sequester(&["verify", "--deep"]).expect_code(2);
}

#[test]
fn deep_knows_a_stub() {
    let scene = Scene::new();
    std::fs::remove_file(scene.project.path("vendor/leaf/src/note.txt")).unwrap();
    scene.project.write("vendor/leaf/src/lib.rs", "");
    scene.rehash("leaf");
    scene.allow_stub("leaf");
    let document = json(&scene.project, &["--deep"], 0);
    assert_eq!(document["summary"]["stubs"], 1);
    // A stub is empty; what is not is no stub.
    scene.project.write("vendor/leaf/src/lib.rs", "pub fn evil() {}\n");
    scene.rehash("leaf");
    scene.allow_stub("leaf");
    assert_eq!(codes(&json(&scene.project, &["--deep"], 1)), ["not-from-archive"]);
}
