//! Lock file, allow-list and tree: each disagreement by its own name.

use super::scene::{Scene, codes, json};
use crate::support::Project;

#[test]
fn h7_a_folder_that_the_lock_file_does_not_have() {
    let scene = Scene::new();
    scene.copy("leaf", "extra");
    let manifest = scene.project.read("vendor/extra/Cargo.toml").replace("\"leaf\"", "\"extra\"");
    scene.project.write("vendor/extra/Cargo.toml", manifest);
    scene.rehash("extra");
    scene.refused(&["directory-not-locked"]);
    std::fs::remove_dir_all(scene.project.path("vendor/extra")).unwrap();
    scene.project.write("vendor/odd/file", "").write("vendor/file", "");
    scene.refused(&["no-package", "stray"]);
}

#[test]
fn a_folder_whose_manifest_or_list_of_files_says_nothing_is_refused() {
    for manifest in [&b"\xff"[..], b"[workspace]\n", b"[package]\nname = \"x\"\nversion = \"one\"\n", b"[package"] {
        let scene = Scene::new();
        scene.copy("leaf", "extra");
        std::fs::write(scene.project.path("vendor/extra/Cargo.toml"), manifest).unwrap();
        scene.rehash("extra");
        scene.refused(&["no-package"]);
    }
    for list in ["", "{", "[]"] {
        let scene = Scene::new();
        scene.project.write("vendor/leaf/.cargo-checksum.json", list);
        scene.refused(&["no-list"]);
    }
}

#[test]
fn the_way_out_of_stray_files_works_when_pasted() {
    let scene = Scene::new();
    for path in [".DS_Store", "READ ME.md", ".idea/x.xml", "old_crate/examples/x.rs"] {
        scene.project.write(&format!("vendor/{path}"), "x");
    }
    scene.refused(&["no-package", "stray"]);
    let said = scene.project.sequester(&["verify"]).expect_code(1);
    let commands: Vec<&str> =
        said.stdout.lines().filter_map(|line| line.split_once("then remove it: ")).map(|(_, c)| c).collect();
    assert_eq!(commands, ["rm -r -- vendor/.DS_Store 'vendor/READ ME.md'", "rm -r -- vendor/.idea vendor/old_crate"]);
    if cfg!(unix) {
        for command in commands {
            scene.project.run("sh", &["-c", command]).expect_code(0);
        }
        json(&scene.project, &[], 0);
    }
    // A name that is not shown as it is cannot be pasted either.
    scene.project.write("vendor/\u{1b}[2J", "");
    let said = scene.project.sequester(&["verify"]).expect_code(i32::from(cfg!(unix)));
    assert!(!said.stdout.contains("rm -r"), "{}", said.stdout);
}

#[test]
fn h8_a_locked_package_without_a_folder() {
    let scene = Scene::new();
    std::fs::remove_dir_all(scene.project.path("vendor/leaf")).unwrap();
    scene.refused(&["not-vendored"]);
}

#[test]
fn h9_a_package_hash_that_is_null_or_another() {
    let scene = Scene::new();
    let genuine = scene.listed("bar");
    for package in [None, scene.listed("leaf").package] {
        let mut listed = genuine.clone();
        listed.package = package;
        scene.list("bar", &listed);
        scene.refused(&["package-hash-differs", "tree-differs"]);
    }
}

#[test]
fn h10_no_checksum_in_the_lock_file() {
    let scene = Scene::new();
    let lock = scene.project.read("Cargo.lock");
    let without: String =
        lock.lines().filter(|line| !line.starts_with("checksum")).map(|line| format!("{line}\n")).collect();
    scene.project.write("Cargo.lock", without);
    scene.refused(&["allowed-checksum-differs", "checksum-missing", "package-hash-differs"]);
}

#[test]
fn lock_file_and_allow_list_name_the_same_releases() {
    let scene = Scene::new();
    let config = scene.project.read(".cargo/config.toml");
    let without: String =
        config.lines().filter(|line| !line.contains("leaf@")).map(|line| format!("{line}\n")).collect();
    scene.project.write(".cargo/config.toml", without);
    scene.refused(&["not-allowed"]);
    let digest = "0".repeat(64);
    scene.project.write(
        ".cargo/config.toml",
        format!("{config}\"more@1.0.0\" = {{ checksum = \"{digest}\", tree = \"{digest}\" }}\n"),
    );
    scene.refused(&["not-locked"]);
}

#[test]
fn missing_files_empty_folders_and_other_cases() {
    let scene = Scene::new();
    std::fs::remove_file(scene.project.path("vendor/leaf/src/note.txt")).unwrap();
    std::fs::create_dir_all(scene.project.path("vendor/leaf/src/bin/deep")).unwrap();
    scene.project.write("vendor/leaf/src/LIB.rs", "");
    scene.refused(&["collision", "file-missing", "file-not-listed", "not-a-file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn two_spellings_of_one_name_are_harmless_where_the_bytes_are_the_same() {
    let scene = Scene::new();
    let mut listed = scene.listed("leaf");
    for name in ["README.md", "readme.md"] {
        scene.project.write(&format!("vendor/leaf/{name}"), "same\n");
        listed.files.insert(name.to_owned(), listed.files["src/lib.rs"]);
    }
    scene.list("leaf", &listed);
    scene.rehash("leaf");
    scene.allow_what_is_there();
    json(&scene.project, &[], 0);
    scene.project.write("vendor/leaf/readme.md", "other\n");
    scene.rehash("leaf");
    scene.allow_what_is_there();
    scene.refused(&["collision"]);
}

#[cfg(unix)]
#[test]
fn f1_names_from_the_tree_command_nothing() {
    let scene = Scene::new();
    scene.project.write("vendor/leaf/\u{1b}[2J\n::error::x", "").write("vendor/\u{1b}[2J##[group]", "");
    let document = scene.refused(&["file-not-listed", "stray"]);
    assert_eq!(document["findings"][1]["path"], "\u{1b}[2J\n::error::x", "JSON reads back as it was");
    for format in ["human", "json"] {
        let said = scene.project.sequester(&["--color=never", "verify", "--format", format]).expect_code(1);
        assert!(!said.stdout.contains('\u{1b}') && !said.stdout.contains("##["), "{}", said.stdout);
        assert!(!said.stdout.lines().any(|line| line.trim_start().starts_with("::")), "{}", said.stdout);
    }
}

#[test]
fn g10_a_checkout_with_converted_line_ends_is_named_as_that() {
    let scene = Scene::new();
    for file in ["bar/Cargo.toml", "bar/src/lib.rs", "leaf/Cargo.toml", "leaf/src/lib.rs", "leaf/src/note.txt"] {
        let path = format!("vendor/{file}");
        scene.project.write(&path, scene.project.read(&path).replace('\n', "\r\n"));
    }
    let document = scene.refused(&["line-endings"]);
    assert!(document["findings"][0]["message"].as_str().unwrap().starts_with("5 files differ in line endings"));
    std::fs::remove_file(scene.project.path("vendor/.gitattributes")).unwrap();
    let document = scene.refused(&["line-endings"]);
    assert_eq!(document["notes"][0]["code"], "no-attributes");
    scene.project.write("vendor/.gitattributes", "* text eol=crlf\n");
    assert_eq!(scene.refused(&["line-endings"])["notes"][0]["code"], "other-attributes");
    // A file that differs in more is told by itself.
    scene.project.write("vendor/leaf/src/lib.rs", "evil\r\n");
    scene.refused(&["file-edited", "line-endings"]);
}

#[cfg(unix)]
#[test]
fn g4_a_vendor_folder_behind_a_link() {
    let scene = Scene::new();
    let elsewhere = scene.project.outside().join("elsewhere");
    std::fs::rename(scene.project.path("vendor"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, scene.project.path("vendor")).unwrap();
    scene.builds().refused(&["tree-is-link"]);
    std::fs::remove_file(scene.project.path("vendor")).unwrap();
    let config = scene.project.read(".cargo/config.toml").replace("\"vendor\"", "\"../elsewhere\"");
    scene.project.write(".cargo/config.toml", config);
    scene.builds().refused(&["tree-outside"]);
}

#[test]
fn h11_what_lies_outside_is_listed_and_judged_by_the_policy() {
    let project = Project::new().dep_toml("near = { path = \"../near\" }").dep_toml("own = { path = \"own\" }");
    for (folder, name) in [("../near", "near"), ("own", "own")] {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        project.write(&format!("{folder}/Cargo.toml"), manifest).write(&format!("{folder}/src/lib.rs"), "");
    }
    let scene = Scene::with(project);
    let document = json(&scene.project, &[], 0);
    let outside: Vec<_> = document["outside"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(outside, ["near@0.1.0"], "{document:#}");

    let git = "git+https://git.example.org/work?branch=main#0123456789012345678901234567890123456789";
    let registry = "sparse+https://registry.example.org/index/";
    let checksum = "0".repeat(64);
    let manifest = scene.project.read("Cargo.toml");
    let more = format!(
        "work = {{ git = \"https://git.example.org/work\", branch = \"main\" }}\nyours = {{ version = \"1\", registry-index = \"{registry}\" }}\n"
    );
    scene.project.write("Cargo.toml", manifest + &more);
    let edges = " \"own\",\n \"work\",\n \"yours\",\n";
    let lock = scene.project.read("Cargo.lock").replace(" \"own\",\n", edges);
    scene.project.write(
        "Cargo.lock",
        format!(
            "{lock}\n[[package]]\nname = \"work\"\nversion = \"1.0.0\"\nsource = \"{git}\"\n\n[[package]]\nname = \"yours\"\n\
             version = \"1.0.0\"\nsource = \"{registry}\"\nchecksum = \"{checksum}\"\n"
        ),
    );
    let document = json(&scene.project, &[], 1);
    let unvendored = ["not-allowed", "not-replaced", "not-vendored"];
    assert_eq!(codes(&document), [&unvendored[..], &["source-not-allowed"]].concat());
    assert_eq!(document["outside"].as_array().unwrap().len(), 1, "{document:#}");
    let taken = &document["summary"]["taken_from"];
    assert_eq!((&taken["repository"], &taken["registry"], &taken["vendored"]), (&1.into(), &1.into(), &2.into()));
    // Allowed or not: whatever has a source must be vendored, or it is not proven.
    scene.project.write(
        "sequester.toml",
        format!("[sources]\nallow-git = [{{ url = \"https://git.example.org/work\" }}]\nallow-registries = [\"{registry}\"]\n"),
    );
    assert_eq!(codes(&json(&scene.project, &[], 1)), unvendored);
}
