//! Nothing of the user's is written over, and nothing is healed in silence.

use super::layout::document;
use super::{beside_trail, everything, listing, locked, vendor};
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

/// Cargo misses the checksums of a package that lies among vendored ones.
#[test]
fn a_package_of_the_workspace_does_not_lie_among_vendored_ones() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    project.write("vendor/mine/Cargo.toml", "[package]\nname = \"mine\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("vendor/mine/src/lib.rs", "");
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", format!("{manifest}\nmine = {{ path = \"vendor/mine\" }}\n"));
    project.cargo(&["update", "--workspace"]).expect_code(0);
    let told = refused(&project, &[]);
    assert!(told.stderr.contains("`vendor/mine` is a package of the workspace"), "{}", told.stderr);
    vendor(&project, &["third-party/vendor"]).expect_code(0);
    project.sequester(&["verify"]).expect_code(0);
    project.cargo(&["build", "--offline", "--locked"]).expect_code(0);
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
fn what_was_altered_is_named_file_by_file_before_it_is_written_anew() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let genuine = beside_trail(&project);
    let alter = || {
        project.write("vendor/bar/src/lib.rs", "compile_error!(\"evil\");\n").write("vendor/bar/README.md", "Other\n");
        std::fs::remove_file(project.path("vendor/leaf/src/lib.rs")).unwrap();
    };
    alter();
    let done = vendor(&project, &["--quiet"]).expect_code(0);
    let said = "warning: vendor/bar (bar@1.1.0) was altered since it was written: README.md was changed, src/lib.rs was changed; it is written anew";
    assert!(done.stdout.contains(said), "{}", done.stdout);
    assert!(done.stdout.contains("src/lib.rs was removed"), "{}", done.stdout);
    assert_eq!(beside_trail(&project), genuine);
    let told = project.sequester(&["log"]).expect_code(0);
    assert!(told.stdout.contains("healed") && told.stdout.contains("README.md"), "{}", told.stdout);

    // What cannot be told is not done.
    alter();
    if cfg!(target_os = "linux") {
        let program = env!("CARGO_BIN_EXE_cargo-sequester");
        let command = format!("'{program}' sequester vendor --no-advisories > /dev/full");
        project.run("sh", &["-c", &command]).expect_code(2);
        assert_eq!(project.read("vendor/bar/README.md"), "Other\n");
    }
    let done = vendor(&project, &["--format", "json"]).expect_code(0);
    assert!(done.stderr.contains("README.md was changed"), "{}", done.stderr);
    let healed = document(&done.stdout)["vendored"]["healed"].as_array().unwrap().clone();
    assert_eq!(healed.len(), 2);
    assert_eq!(healed[0]["path"], "bar");
    assert_eq!(healed[0]["files"][0], serde_json::json!({ "path": "README.md", "change": "changed" }));
    let json = document(&vendor(&project, &["--format", "json"]).expect_code(0).stdout);
    assert_eq!(json["vendored"]["healed"], serde_json::json!([]));
}

/// Of two things that are wrong, neither way out runs into the other.
#[cfg(unix)]
#[test]
fn an_edited_file_that_no_list_vouches_for_is_removed_by_what_verify_prints() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let (genuine, config) = (listing(&project.path("vendor")), project.read(".cargo/config.toml"));
    let line = config.lines().find(|line| line.starts_with("\"bar@1.1.0\"")).unwrap();
    let no_list = config.split("[sequester").next().unwrap();
    for config in [config.replace(line, ""), no_list.to_owned()] {
        for added in ["src/lib.rs", "examples/new one.rs"] {
            project.write(".cargo/config.toml", &config).write(&format!("vendor/bar/{added}"), "fn edited() {}\n");
            refused(&project, &[]);
            let told = project.sequester(&["verify"]).expect_code(1);
            let printed = |line: &str| Some(format!("rm {}", line.split_once("help: ")?.1.split_once(": rm ")?.1));
            let commands: Vec<String> = told.stdout.lines().filter_map(printed).collect();
            assert!(!commands.is_empty(), "{}", told.stdout);
            // One after the other, as they stand there: what the first has mended the next leaves whole.
            let program = format!("'{}' sequester", env!("CARGO_BIN_EXE_cargo-sequester"));
            for (at, command) in commands.iter().enumerate() {
                let command = command.replace("cargo sequester vendor", &format!("{program} vendor --no-advisories"));
                let done = project.run("sh", &["-c", &command]);
                assert!(done.code == 0 || at > 0, "{command}: {}", done.stderr);
            }
            project.sequester(&["verify"]).expect_code(0);
            assert!(listing(&project.path("vendor")) == genuine, "{added}");
        }
    }
}

#[test]
fn edits_are_named_where_the_list_of_files_is_gone_too() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let genuine = beside_trail(&project);
    project.write("vendor/bar/src/lib.rs", "// a fix\n");
    std::fs::remove_file(project.path("vendor/bar/.cargo-checksum.json")).unwrap();
    let done = vendor(&project, &[]).expect_code(0);
    let said = "written: .cargo-checksum.json was removed, src/lib.rs was changed; it is";
    assert!(done.stdout.contains(said), "{}", done.stdout);
    assert_eq!(beside_trail(&project), genuine);
}

#[test]
fn files_that_no_run_wrote_are_refused_by_name_whatever_folder_they_lie_in() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    // Work in a clone that has taken the package's place.
    std::fs::rename(project.path("vendor/bar"), project.outside().join("bar")).unwrap();
    project.write("vendor/bar/Cargo.toml", "[package]\nname = \"bar\"\nversion = \"1.1.0\"\n");
    project.write("vendor/bar/.git/HEAD", "ref: x\n").write("vendor/bar/.git/objects/12/3", "an object");
    project.write("vendor/bar/src/work.rs", "// the only copy\n");
    let told = refused(&project, &[]);
    assert!(told.stderr.contains("`vendor/bar/.git`, `vendor/bar/src/work.rs`"), "{}", told.stderr);
    std::fs::remove_dir_all(project.path("vendor/bar")).unwrap();
    std::fs::rename(project.outside().join("bar"), project.path("vendor/bar")).unwrap();

    // Notes beside what is ours, edited or not, and of another release as well.
    project.write("vendor/bar/build.rs", "fn main() {}").write("vendor/bar/src/lib.rs", "// a fix\n");
    let told = refused(&project, &[]);
    assert!(told.stderr.contains("`vendor/bar/build.rs` would be written over"), "{}", told.stderr);
    std::fs::remove_file(project.path("vendor/bar/build.rs")).unwrap();
    vendor(&project, &[]).expect_code(0);
    crate::support::Package::new("leaf", "0.2.1").file("src/lib.rs", "pub fn leaf() -> u8 { 3 }\n").publish(&registry);
    project.sequester(&["update", "--no-advisories"]).expect_code(0);
    project.write("vendor/leaf/NOTES", "mine");
    let told = refused(&project, &[]);
    assert!(told.stderr.contains("`vendor/leaf/NOTES`"), "{}", told.stderr);
    std::fs::remove_file(project.path("vendor/leaf/NOTES")).unwrap();
    // An empty folder holds nothing that could be lost.
    std::fs::create_dir_all(project.path("vendor/leaf/empty/deep")).unwrap();
    vendor(&project, &[]).expect_code(0);

    // A file in a folder's place is none of ours, whatever the allow-list calls the folder.
    std::fs::remove_dir_all(project.path("vendor/bar")).unwrap();
    project.write("vendor/bar", "a file");
    assert!(refused(&project, &[]).stderr.contains("`vendor/bar`"));
}

#[test]
fn the_tree_of_stock_cargo_is_taken_over_as_far_as_nobody_edited_it() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let stock = super::stock(&project, &[]);
    project.run("cp", &["-r", project.outside().join("stock").as_str(), "vendor"]).expect_code(0);
    project.write("vendor/bar/src/lib.rs", "// an uncommitted fix\n").write("vendor/bar/NOTES", "mine");
    let told = refused(&project, &[]);
    assert!(told.stderr.contains("`vendor/bar/NOTES`, `vendor/bar/src/lib.rs`"), "{}", told.stderr);
    std::fs::remove_file(project.path("vendor/bar/NOTES")).unwrap();
    std::fs::remove_file(project.path("vendor/bar/src/lib.rs")).unwrap();
    vendor(&project, &[]).expect_code(0);
    super::assert_is(&stock, &project.path("vendor"));
}

#[test]
fn what_is_no_longer_locked_stays_where_somebody_worked_in_it() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let manifest =
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nleaf = \"0.2\"\n";
    project.write("Cargo.toml", manifest).write("src/lib.rs", "");
    std::fs::rename(project.path(".cargo"), project.path("kept")).unwrap();
    project.lock_with_cargo();
    std::fs::rename(project.path("kept"), project.path(".cargo")).unwrap();
    project.write("vendor/bar/src/lib.rs", "// an uncommitted fix\n").write("vendor/leaf-0.1.0/NOTES", "mine");
    let told = vendor(&project, &[]).expect_code(1);
    for path in ["vendor/bar", "vendor/leaf-0.1.0"] {
        let said = format!("{path} is not locked, and holds what this program did not write");
        assert!(told.stdout.contains(&said), "{}", told.stdout);
    }
    assert_eq!(project.read("vendor/bar/src/lib.rs"), "// an uncommitted fix\n");
    assert_eq!(project.read("vendor/leaf-0.1.0/NOTES"), "mine");
}

#[test]
fn archives_and_lines_that_no_run_wrote_are_refused_by_name() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    project.write("dist/bar-1.1.0.crate", "a build of one's own");
    let told = refused(&project, &["--local-registry", "dist"]);
    assert!(told.stderr.contains("`dist/bar-1.1.0.crate`"), "{}", told.stderr);
    let way_out = "cargo sequester vendor --local-registry third-party/registry";
    assert!(told.stderr.contains(way_out), "{}", told.stderr);

    let line = format!(
        "{{\"name\":\"mine\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{}\",\"features\":{{}},\"yanked\":false}}\n",
        "0".repeat(64)
    );
    project.write("own/index/mi/ne/mine", &line).write("own/mine-1.0.0.crate", "mine");
    let told = refused(&project, &["--local-registry", "own"]);
    assert!(told.stderr.contains("`own/index/mi/ne/mine` would be written over"), "{}", told.stderr);

    // Nor where a run has been: a line of another crate, or of another release.
    vendor(&project, &["--local-registry", "reg"]).expect_code(0);
    project.write("reg/index/mi/ne/mine", &line);
    assert!(refused(&project, &["--local-registry", "reg"]).stderr.contains("`reg/index/mi/ne/mine`"));
    std::fs::remove_dir_all(project.path("reg/index/mi")).unwrap();
    let ours = project.read("reg/index/3/b/bar");
    project.write("reg/index/3/b/bar", format!("{ours}{}", line.replace("mine", "bar").replace("1.0.0", "9.0.0")));
    assert!(refused(&project, &["--local-registry", "reg"]).stderr.contains("`reg/index/3/b/bar`"));
    project.write("reg/index/3/b/bar", ours.replace("false", "true")).write("reg/bar-1.1.0.crate", "evil");
    let done = vendor(&project, &["--local-registry", "reg"]).expect_code(0);
    assert!(done.stdout.contains("reg/bar-1.1.0.crate") && done.stdout.contains("reg/index"), "{}", done.stdout);
    assert_eq!(project.read("reg/index/3/b/bar"), ours);
}

#[test]
fn a_folder_that_no_run_has_written_to_was_not_altered_either() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let done = vendor(&project, &["--local-registry", "reg"]).expect_code(0);
    assert!(!done.stdout.contains("altered"), "{}", done.stdout);
    let done = vendor(&project, &[]).expect_code(0);
    assert!(
        done.stdout.contains("only .cargo/config.toml was written") && !done.stdout.contains("altered"),
        "{}",
        done.stdout
    );
    std::fs::remove_dir_all(project.path("reg/index")).unwrap();
    let done = vendor(&project, &["--local-registry", "reg"]).expect_code(0);
    assert!(!done.stdout.contains("altered"), "{}", done.stdout);
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
