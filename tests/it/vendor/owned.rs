//! Nothing of the user's is written over, and nothing is healed in silence.

use super::layout::document;
use super::{beside_trail, everything, locked, vendor};
use crate::support::{Outcome, Project, TestRegistry};

#[track_caller]
fn refused(project: &Project, arguments: &[&str]) -> Outcome {
    let before = everything(project);
    let refused = vendor(project, arguments).expect_code(2);
    assert!(refused.stderr.contains("\nhelp: "), "{}", refused.stderr);
    assert_eq!(everything(project), before);
    refused
}

#[test]
fn what_no_run_wrote_is_not_written_over() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    // A member that has the name of a dependency, with work that nobody committed.
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", format!("{manifest}\n[workspace]\nmembers = [\"crates/*\"]\n"));
    project.write("crates/bar/Cargo.toml", "[package]\nname = \"own-bar\"\nversion = \"0.0.0\"\nedition = \"2021\"\n");
    project.write("crates/bar/src/lib.rs", "// the only copy\n");
    project.cargo(&["update", "--workspace"]).expect_code(0);
    let told = refused(&project, &["crates"]);
    assert!(told.stderr.contains("`crates/bar`"), "{}", told.stderr);

    // Folders and files of any other kind, whatever their names.
    project.write("docs/index/start.html", "<h1>Ours</h1>");
    project.write("docs/bar/notes.txt", "ours");
    project.write("build/debug/app", "a binary");
    for arguments in [["docs", ""], ["--local-registry", "docs"], ["build", ""], ["target", ""]] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|argument| !argument.is_empty()).collect();
        refused(&project, &arguments);
    }
    vendor(&project, &[]).expect_code(0);
    vendor(&project, &["third-party/vendor"]).expect_code(0);
    assert_eq!(project.read("crates/bar/src/lib.rs"), "// the only copy\n");
}

#[test]
fn entries_that_are_in_the_way_are_all_named() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &["--no-config"]).expect_code(0);
    std::fs::remove_dir_all(project.path("vendor/bar")).unwrap();
    std::fs::remove_dir_all(project.path("vendor/leaf")).unwrap();
    project.write("vendor/bar", "a file").write("vendor/leaf/notes.txt", "a folder of ours");
    let told = refused(&project, &[]);
    assert!(told.stderr.contains("`vendor/bar`, `vendor/leaf`"), "{}", told.stderr);
}

#[test]
fn what_was_altered_is_named_file_by_file_wherever_it_is_told() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let genuine = beside_trail(&project);
    let alter = || {
        project
            .write("vendor/bar/src/lib.rs", "compile_error!(\"evil\");\n")
            .write("vendor/bar/build.rs", "fn main() {}");
        std::fs::remove_file(project.path("vendor/leaf/src/lib.rs")).unwrap();
    };
    alter();
    let done = vendor(&project, &["--quiet"]).expect_code(0);
    let said = "warning: vendor/bar (bar@1.1.0) was altered since it was written: build.rs was added, src/lib.rs was changed; it was written anew";
    assert!(done.stdout.contains(said), "{}", done.stdout);
    assert!(done.stdout.contains("src/lib.rs was removed"), "{}", done.stdout);
    assert_eq!(beside_trail(&project), genuine);
    let told = project.sequester(&["log"]).expect_code(0);
    assert!(told.stdout.contains("healed") && told.stdout.contains("build.rs"), "{}", told.stdout);

    alter();
    let json = document(&vendor(&project, &["--format", "json"]).expect_code(0).stdout);
    let healed = json["vendored"]["healed"].as_array().unwrap();
    assert_eq!(healed.len(), 2);
    assert_eq!(healed[0]["path"], "bar");
    assert_eq!(healed[0]["files"][0], serde_json::json!({ "path": "build.rs", "change": "added" }));
    let json = document(&vendor(&project, &["--format", "json"]).expect_code(0).stdout);
    assert_eq!(json["vendored"]["healed"], serde_json::json!([]));
}

#[test]
fn a_release_that_takes_anothers_place_is_no_alteration() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    crate::support::Package::new("leaf", "0.2.1").file("src/lib.rs", "pub fn leaf() -> u8 { 3 }\n").publish(&registry);
    project.sequester(&["update", "--no-advisories"]).expect_code(0);
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("1 rewritten") && !done.stdout.contains("altered"), "{}", done.stdout);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    // A run that waits never ends; each of these either heals or is refused with the file's name.
    for path in [
        "vendor/.gitattributes",
        "vendor/bar/.cargo-checksum.json",
        "vendor/bar/src/lib.rs",
        "vendor/notes",
        ".cargo/config.toml",
        ".sequester/lock",
        ".sequester/journal.json",
    ] {
        let (place, aside) = (project.path(path), project.outside().join("aside"));
        let was_there = std::fs::rename(&place, &aside).is_ok();
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        project.run("mkfifo", &[place.as_str()]).expect_code(0);
        let mut command = project.command("timeout");
        command.args(["60", env!("CARGO_BIN_EXE_cargo-sequester"), "sequester", "vendor", "--no-advisories"]);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_ne!(output.status.code(), Some(124), "{path}: it waits");
        let name = place.file_name().unwrap();
        assert!(told.contains(name) || told.contains("vendor/bar"), "{path}: {told}");
        let _ = std::fs::remove_file(&place);
        if was_there && !place.exists() {
            std::fs::rename(&aside, &place).unwrap();
        }
    }
    vendor(&project, &[]).expect_code(0);
}
