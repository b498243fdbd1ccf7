//! `verify`: what stock cargo does not notice, this program refuses; and every way around is named with file and line.

mod aliases;
mod around;
#[cfg(unix)]
mod bounds;
mod elsewhere;
mod local_registry;
mod opened;
mod scene;
mod sealed;
mod shared;
mod stubs;
mod tree;
mod unnoticed;
mod ways;

use scene::{Scene, codes, json};

use crate::support::{Reply, TestRegistry};

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
fn where_nothing_was_ever_vendored_a_recipe_may_pass() {
    let scene = Scene::new();
    let vendored = scene.project.read(".cargo/config.toml");
    let if_vendored = |base: &[&str], code| {
        scene.project.sequester(&[&["verify", "--if-vendored"], base].concat()).expect_code(code).stdout
    };
    scene.commit();
    assert!(if_vendored(&[], 0).contains("2 vendored packages"), "what is vendored is proven");
    // A change that takes the allow-list away is asked what the base is asked.
    std::fs::remove_dir_all(scene.project.path("vendor")).unwrap();
    scene.project.write(".cargo/config.toml", "");
    assert!(if_vendored(&["--base", "HEAD"], 1).contains("no allow-list"));
    // Without a base nobody knows of it.
    assert!(if_vendored(&[], 0).contains("nothing to prove"));
    assert_eq!(if_vendored(&["--quiet"], 0), "");
    // Neither has one.
    scene.commit();
    assert!(if_vendored(&["--base", "HEAD"], 0).contains("nothing to prove"));
    // A list that cannot be read is none that was never there, and neither are sources without a list.
    scene.project.write(".cargo/config.toml", vendored.replace("[sequester]", "[sequester]\nnobody-knows = 1"));
    if_vendored(&[], 2);
    scene.commit();
    scene.project.write(".cargo/config.toml", "");
    if_vendored(&["--base", "HEAD"], 1);
    let without_list = vendored.split("[sequester").next().unwrap();
    scene.project.write(".cargo/config.toml", without_list);
    if_vendored(&[], 1);
}

#[test]
fn a_project_without_dependencies_needs_nothing() {
    let project = crate::support::Project::new();
    project.lock_with_cargo();
    project.sequester(&["verify"]).expect_code(0);
}

/// What cargo does not describe was not looked at: which lock file counts, where local packages lie and what they ask.
#[test]
fn where_cargo_cannot_describe_the_workspace_nothing_is_proven() {
    let scene = Scene::new();
    scene.commit();
    let manifest = scene.project.read("Cargo.toml");
    for (what, head, tail) in [
        ("a missing member", "", "\n[workspace]\nmembers = [\"gone\"]\n"),
        ("a feature of a nightly cargo", "cargo-features = [\"edition2027\"]\n", ""),
        (
            "a registry that nobody defines",
            "",
            "\n[target.'cfg(any())'.dependencies]\nx = { version = \"1\", registry = \"nowhere\" }\n",
        ),
    ] {
        scene.project.write("Cargo.toml", format!("{head}{manifest}{tail}"));
        for arguments in [&[][..], &["--base", "HEAD"], &["--deep"]] {
            let document = json(&scene.project, arguments, 2);
            assert_eq!((&document["complete"], &document["proven"]), (&false.into(), &false.into()), "{document:#}");
            assert_eq!(document["blockers"][0]["code"], "workspace-unread", "{what}: {document:#}");
        }
        let said = scene.project.sequester(&["verify"]).expect_code(2).stdout;
        assert!(said.contains("error: cargo cannot describe the workspace: "), "{what}: {said}");
        assert!(
            said.contains("help: mend what cargo names (`cargo metadata --no-deps` must succeed)"),
            "{what}: {said}"
        );
    }
    scene.project.write("Cargo.toml", manifest);
    json(&scene.project, &["--base", "HEAD"], 0);
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
fn deep_asks_nobody_for_what_cargos_cache_has() {
    let scene = Scene::new();
    json(&scene.project, &["--deep"], 0);
    assert_eq!(scene.registry.requested_paths(), [""; 0]);
}

#[test]
fn deep_downloads_what_cargos_cache_lacks_and_writes_nothing() {
    let scene = Scene::new();
    let cache = scene.empty_cache();
    let document = json(&scene.project, &["--deep"], 0);
    assert_eq!((&document["summary"]["derived"], &document["proof"]), (&2.into(), &"authentic".into()));
    assert!(!cache.exists(), "a proof leaves the machine as it found it");
    // Edited together, tree and allow-list are still not the archive.
    scene.project.write("vendor/bar/src/lib.rs", "pub fn evil() {}\n");
    scene.rehash("bar");
    scene.allow_what_is_there();
    assert_eq!(codes(&json(&scene.project, &["--deep"], 1)), ["not-from-archive"]);
    assert!(!cache.exists(), "a proof leaves the machine as it found it");
}

#[test]
fn deep_without_an_archive_is_not_decided() {
    let scene = Scene::new();
    scene.empty_cache();
    let document = json(&scene.project, &["--deep", "--offline"], 2);
    assert_eq!(document["complete"], false);
    let blockers = document["blockers"].as_array().unwrap();
    assert!(blockers.iter().all(|one| one["code"] == "no-archive"), "{document:#}");
    for name in ["bar@1.1.0", "leaf@0.1.0"] {
        assert!(blockers.iter().any(|one| one["package"].as_str().unwrap().contains(name)), "{document:#}");
    }
    let said = scene.project.sequester(&["verify", "--deep", "--offline"]).expect_code(2);
    assert!(said.stderr.contains("bar") || said.stdout.contains("bar"), "{}{}", said.stdout, said.stderr);
    assert_eq!(scene.registry.requested_paths(), [""; 0]);
    // What the registry does not serve any more cannot be proven either.
    let gone = TestRegistry::download_path("bar", "1.1.0");
    scene.registry.reply(&gone, Reply::status(404));
    let document = json(&scene.project, &["--deep"], 2);
    assert_eq!(document["blockers"].as_array().unwrap().len(), 1, "{document:#}");
    assert!(document["blockers"][0]["message"].as_str().unwrap().contains("404"), "{document:#}");
}

#[test]
fn deep_asks_no_mirror_that_the_policy_does_not_allow() {
    let scene = Scene::new();
    scene.empty_cache();
    scene.project.write("sequester.toml", "");
    let document = json(&scene.project, &["--deep"], 2);
    let message = document["blockers"][0]["message"].as_str().unwrap();
    assert!(message.contains("which the policy does not allow"), "{document:#}");
    assert_eq!(scene.registry.requested_paths(), [""; 0]);
}

#[test]
fn against_a_base_no_network_setting_of_the_change_is_heeded() {
    let scene = Scene::new();
    scene.commit();
    scene.empty_cache();
    let config = scene.project.read(".cargo/config.toml");
    scene.project.write(".cargo/config.toml", format!("{config}\n[net]\noffline = true\n[http]\ntimeout = \"no\"\n"));
    let document = json(&scene.project, &["--deep", "--base", "HEAD"], 0);
    assert_eq!(document["summary"]["derived"], 2, "{document:#}");
    scene.project.write("vendor/bar/src/lib.rs", "pub fn evil() {}\n");
    scene.rehash("bar");
    scene.allow_what_is_there();
    assert_eq!(codes(&json(&scene.project, &["--base", "HEAD"], 1)), ["not-from-archive"]);
    let downloads = scene.registry.requested_paths().into_iter().filter(|path| path.contains("/dl/"));
    // Both for the first proof, and for the second the one that the change altered.
    assert_eq!(downloads.count(), 3);
}

#[test]
fn deep_proves_what_vendor_wrote() {
    let scene = Scene::new();
    std::fs::remove_dir_all(scene.project.path("vendor")).unwrap();
    scene.project.write(".cargo/config.toml", "");
    scene.project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
    scene.empty_cache();
    assert_eq!(json(&scene.project, &["--deep"], 0)["summary"]["derived"], 2);
}

#[test]
fn deep_knows_a_stub() {
    let scene = Scene::new();
    std::fs::remove_file(scene.project.path("vendor/leaf/src/note.txt")).unwrap();
    scene.project.write("vendor/leaf/src/lib.rs", "");
    scene.rehash("leaf");
    scene.allow_stub("leaf");
    // That it stands for something that is built is another finding.
    let document = json(&scene.project, &["--deep"], 1);
    assert_eq!(codes(&document), ["stub-needed"]);
    assert_eq!((&document["summary"]["stubs"], &document["summary"]["derived"]), (&1.into(), &2.into()));
    // It has no file that `vendor` would not have put there, not even an empty one.
    scene.project.write("vendor/leaf/src/note.txt", "");
    assert_eq!(codes(&json(&scene.project, &["--deep"], 1)), ["file-not-listed", "not-from-archive", "stub-needed"]);
    std::fs::remove_file(scene.project.path("vendor/leaf/src/note.txt")).unwrap();
    // A stub is empty; what is not is no stub.
    scene.project.write("vendor/leaf/src/lib.rs", "pub fn evil() {}\n");
    scene.rehash("leaf");
    scene.allow_stub("leaf");
    assert_eq!(codes(&json(&scene.project, &["--deep"], 1)), ["not-from-archive", "stub-needed"]);
}
