//! What stock cargo does not notice: each test first shows that cargo builds it, then that `verify` refuses it.

use crate::support::Package;

use super::scene::{Scene, codes, find, json};

#[test]
fn h3_an_unlisted_build_script() {
    let scene = Scene::new();
    let mark = scene.project.outside().join("mark");
    scene.project.write("vendor/bar/build.rs", format!("fn main() {{ std::fs::write({mark:?}, b\"x\").unwrap(); }}"));
    scene.builds();
    assert!(mark.exists(), "cargo runs it");
    let document = scene.refused(&["file-not-listed"]);
    assert_eq!(
        (&document["findings"][0]["directory"], &document["findings"][0]["path"]),
        (&"bar".into(), &"build.rs".into())
    );
}

#[test]
fn h2_an_edited_file_with_its_hash_rewritten() {
    let scene = Scene::new();
    scene.project.write("vendor/bar/src/lib.rs", "pub fn leaf() { /* evil */ }\n");
    scene.rehash("bar");
    scene.builds().refused(&["tree-differs"]);
}

#[test]
fn h4_an_empty_list_of_files() {
    let scene = Scene::new();
    let mut listed = scene.listed("bar");
    listed.files.clear();
    scene.list("bar", &listed);
    scene.builds();
    // What no list names is not read, so nothing is said of the files' bytes.
    scene.refused(&["nothing-listed", "tree-differs"]);
    scene.project.write("vendor/bar/src/lib.rs", "pub fn leaf() { /* evil */ }\n");
    scene.builds().refused(&["nothing-listed", "tree-differs"]);
}

#[test]
fn h5_a_second_folder_of_one_package() {
    let scene = Scene::new();
    scene.copy("bar", "zzz");
    scene.project.write("vendor/zzz/src/lib.rs", "pub fn leaf() { /* evil */ }\n");
    scene.rehash("zzz");
    scene.builds().refused(&["package-twice", "tree-differs"]);
}

#[cfg(unix)]
#[test]
fn h6_a_symbolic_link_for_a_package_or_a_file() {
    let scene = Scene::new();
    let (inside, outside) = (scene.project.path("vendor/bar"), scene.project.outside().join("bar"));
    std::fs::rename(&inside, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &inside).unwrap();
    scene.builds().refused(&["not-vendored", "stray"]);
    std::fs::remove_file(&inside).unwrap();
    std::fs::rename(&outside, &inside).unwrap();
    let file = scene.project.path("vendor/leaf/src/lib.rs");
    let elsewhere = scene.project.outside().join("lib.rs");
    std::fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    scene.builds().refused(&["file-missing", "not-a-file"]);
}

#[test]
fn h1_an_edited_file_whose_unit_is_still_fresh() {
    let scene = Scene::new();
    scene.builds();
    scene.project.write("vendor/leaf/src/note.txt", "edited\n");
    scene.project.write("vendor/leaf/src/lib.rs", "pub fn leaf() { /* evil */ }\n");
    scene.builds();
    let document = scene.refused(&["file-edited"]);
    let paths: Vec<_> = document["findings"].as_array().unwrap().iter().map(|one| one["path"].clone()).collect();
    assert_eq!(paths, ["src/lib.rs", "src/note.txt"]);
}

#[test]
fn b2_a_poisoned_archive_in_cargos_download_cache() {
    let scene = Scene::new();
    let cached = find(&scene.project.cargo_home().join("registry/cache"), "bar-1.1.0.crate").unwrap();
    let evil = Package::new("bar", "1.1.0").dep("leaf", "^0.1").file("src/lib.rs", "pub fn leaf() { /* evil */ }\n");
    std::fs::write(&cached, evil.archive()).unwrap();
    std::fs::remove_dir_all(scene.project.cargo_home().join("registry/src")).unwrap();
    std::fs::remove_dir_all(scene.project.path("vendor")).unwrap();
    // Stock `cargo vendor` takes the cache's word for it.
    let ours = scene.project.read(".cargo/config.toml");
    let index = find(&scene.project.cargo_home().join("registry/index"), "config.json").unwrap();
    let url =
        serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(index).unwrap()).unwrap()["dl"].clone();
    let url = url.as_str().unwrap().replace("/dl", "/index/");
    scene.project.write(
        ".cargo/config.toml",
        format!("[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+{url}\"\n"),
    );
    scene.project.cargo(&["vendor", "--respect-source-config", "--locked", "--offline"]).expect_code(0);
    assert!(scene.project.read("vendor/bar/src/lib.rs").contains("evil"), "stock cargo vendors the altered code");
    scene.project.write(".cargo/config.toml", ours);
    scene.project.write("vendor/.gitattributes", "* -text\n");
    scene.builds().refused(&["tree-differs"]);
    // An allow-list made of it is no better: the archive is not the one that the lock file names.
    scene.allow_what_is_there();
    let document = json(&scene.project, &["--deep", "--offline"], 2);
    assert_eq!(codes(&document), [""; 0]);
    assert!(document["blockers"][0]["message"].as_str().unwrap().contains(cached.as_str()), "{document:#}");
    // The registry has the right one, which the tree is not made of. The altered one is left where it lies, and told.
    let document = json(&scene.project, &["--deep"], 1);
    assert_eq!(codes(&document), ["not-from-archive"]);
    let note = document["notes"].as_array().unwrap().iter().find(|note| note["code"] == "poisoned-cache").unwrap();
    assert!(note["message"].as_str().unwrap().contains(cached.as_str()), "{document:#}");
    assert_eq!(std::fs::read(&cached).unwrap(), evil.archive());
}
