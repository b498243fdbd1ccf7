//! What counts besides the root's own configuration: other folders of the workspace, members elsewhere, build output wherever it lies.
//! Each attack first shows that stock cargo builds the altered code.

use serde_json::Value;

use super::scene::{Scene, json};
use super::ways::{append, ways, workspace};
use crate::support::Project;

const ALTERED: &str = "pub fn leaf() { println!(\"altered\"); }\n";

/// A scene whose program prints nothing, in a commit; beside it, in `tools`, its vendored packages altered so that it prints `altered`.
pub struct Altered {
    pub scene: Scene,
    config: String,
}

impl Altered {
    pub fn new() -> Self {
        Self::with(Project::new())
    }

    pub fn with(project: Project) -> Self {
        let scene = Scene::with(project);
        scene.project.write("src/main.rs", "fn main() { app::app() }\n");
        for package in ["bar", "leaf"] {
            scene.copy(package, &format!("../tools/{package}"));
        }
        scene.project.write("tools/leaf/src/lib.rs", ALTERED);
        scene.rehash("../tools/leaf");
        scene.commit();
        let config = scene.project.read(".cargo/config.toml");
        Self { scene, config }
    }

    /// Takes back what the root's configuration had added.
    pub fn restore(&self) {
        self.scene.project.write(".cargo/config.toml", &self.config);
    }

    /// What a cargo of this command prints, started in this folder.
    #[track_caller]
    pub fn printed(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = self.scene.project.command(env!("CARGO"));
        let output = command.args(arguments).current_dir(self.scene.project.path(folder)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Builds from the altered packages as if they were the vendored ones, into this folder, and keeps all but the program.
    pub fn build_altered(&self, folder: &str) {
        self.in_the_place_of_the_vendored(&["build", "-q", "--offline", "--locked", "--target-dir", folder]);
        std::fs::remove_file(self.scene.project.path(&format!("{folder}/debug/app{}", std::env::consts::EXE_SUFFIX)))
            .unwrap();
    }

    fn in_the_place_of_the_vendored(&self, arguments: &[&str]) {
        let project = &self.scene.project;
        let files = ["src/lib.rs", ".cargo-checksum.json"];
        let genuine = files.map(|file| project.read(&format!("vendor/leaf/{file}")));
        for file in files {
            project.write(&format!("vendor/leaf/{file}"), project.read(&format!("tools/leaf/{file}")));
        }
        self.printed(".", arguments);
        for (file, text) in files.iter().zip(genuine) {
            project.write(&format!("vendor/leaf/{file}"), text);
        }
    }

    /// No form of `verify` lets it pass; each names a way of this code.
    #[track_caller]
    pub fn fails(&self, code: &str) {
        for arguments in [&[][..], &["--deep"], &["--base", "HEAD"]] {
            let document = json(&self.scene.project, arguments, 1);
            let failing = ways(&document, "fails");
            assert!(failing.iter().any(|way| way.starts_with(code)), "{arguments:?} {code}: {document:#}");
        }
    }
}

const RUN: [&str; 4] = ["run", "-q", "--offline", "--locked"];

#[test]
fn a_configuration_in_a_folder_without_a_manifest() {
    let altered = Altered::new();
    for (folder, tools) in [("src", "../tools"), ("scripts/deep", "../../tools")] {
        let file = format!("{folder}/.cargo/config.toml");
        altered.scene.project.write(&file, format!("[source.sequestered]\ndirectory = \"{tools}\"\n"));
        std::fs::remove_dir_all(altered.scene.project.path("target")).ok();
        assert_eq!(altered.printed(folder, &RUN), "altered\n", "cargo reads the closest configuration");
        altered.fails("source-override");
        // A manifest in between is another project's.
        altered.scene.project.write(&format!("{folder}/Cargo.toml"), "[package]\nname = \"x\"\n");
        json(&altered.scene.project, &[], 0);
        std::fs::remove_file(altered.scene.project.path(&file)).unwrap();
    }
    // The same said once more is nothing else, and what no cargo could read stops one.
    altered.scene.project.write("docs/.cargo/config.toml", "[source.sequestered]\ndirectory = \"../vendor\"\n");
    json(&altered.scene.project, &[], 0);
    altered.scene.project.write("docs/.cargo/config.toml", "not = [toml");
    altered.scene.project.sequester(&["verify"]).expect_code(2);
}

#[test]
fn more_configurations_than_any_project_has_are_not_all_read() {
    let scene = Scene::new();
    for at in 0..300 {
        scene.project.write(&format!("docs/{at}/.cargo/config.toml"), "");
    }
    let document = json(&scene.project, &[], 2);
    assert_eq!(document["blockers"][0]["code"], "search-ended", "{document:#}");
}

#[test]
fn a_configuration_above_the_root_and_a_member_outside_it() {
    let altered = Altered::with(workspace(&["../near"]));
    // What the user set in every folder is a limit of its own there.
    json(&altered.scene.project, &[], 0);
    let project = &altered.scene.project;
    project.write(
        "../.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"t\"\n[source.t]\ndirectory = \"project/tools\"\n",
    );
    assert_eq!(altered.printed(".", &RUN), "", "in the root its own configuration wins");
    std::fs::remove_dir_all(project.path("target")).unwrap();
    let near = [&RUN[..], &["--package", "app", "--bin", "app"]].concat();
    assert_eq!(altered.printed("../near", &near), "altered\n", "outside it does not");
    let document = json(project, &[], 1);
    let file = project.outside().join(".cargo/config.toml");
    assert_eq!(ways(&document, "fails"), [format!("source-override {file}:2")]);
}

#[test]
fn toolchain_files_of_every_folder_of_the_workspace() {
    let scene = Scene::with(workspace(&["../near", "crates/one"]));
    let project = &scene.project;
    let near = project.outside().join("near/rust-toolchain.toml");
    for (file, text, expected) in [
        ("src/rust-toolchain.toml", "[toolchain]\npath = \"../tc\"\n", Some("src/rust-toolchain.toml:2")),
        ("crates/rust-toolchain.toml", "[toolchain]\npath = \"../tc\"\n", Some("crates/rust-toolchain.toml:2")),
        ("../near/rust-toolchain.toml", "[toolchain]\npath = \"/tc\"\n", Some(near.as_str())),
        // The old form holds a name or a path.
        ("rust-toolchain", "/abs/tc\n", Some("rust-toolchain:1")),
        ("rust-toolchain", "\n C:\\tc \n", Some("rust-toolchain:1")),
        ("rust-toolchain", "nightly-2026-01-01\n", None),
    ] {
        project.write(file, text);
        let document = json(project, &[], i32::from(expected.is_some()));
        let failing = ways(&document, "fails");
        assert_eq!(failing.len(), usize::from(expected.is_some()), "{document:#}");
        for way in failing {
            assert!(way.starts_with(&format!("toolchain-path {}", expected.unwrap())), "{way}");
        }
        std::fs::remove_file(project.path(file)).unwrap();
    }
    project.write("src/rust-toolchain.toml", format!("#{}\n[toolchain]\npath = \"x\"\n", "x".repeat(1_100_000)));
    project.sequester(&["verify"]).expect_code(2);
}

#[test]
fn build_output_below_the_hash_of_the_workspaces_path() {
    let mut altered = Altered::new();
    altered.scene.project =
        altered.scene.project.env("CARGO_BUILD_BUILD_DIR", "{workspace-root}/cache/x-{workspace-path-hash}/b");
    altered.scene.project.write("cache/other", "tracked, and no build output");
    altered.scene.commit();
    json(&altered.scene.project, &[], 0);
    altered.in_the_place_of_the_vendored(&["build", "-q", "--offline", "--locked"]);
    std::fs::remove_dir_all(altered.scene.project.path("target")).unwrap();
    json(&altered.scene.project, &[], 0);
    altered.scene.commit();
    assert_eq!(altered.printed(".", &RUN), "altered\n", "cargo takes what lies there");
    altered.fails("build-output");
}

#[test]
fn build_output_of_which_git_cannot_tell() {
    let altered = Altered::new();
    let project = &altered.scene.project;
    altered.build_altered("target");
    project.run("git", &["add", "-f", "target"]).expect_code(0);
    project.write(".git/config", "no configuration");
    assert_eq!(altered.printed(".", &RUN), "altered\n", "cargo takes what lies there");
    for arguments in [&[][..], &["--deep"]] {
        let document = json(project, arguments, 2);
        assert_eq!(document["blockers"][0]["code"], "build-output-unknown", "{document:#}");
    }
    let said = project.sequester(&["verify"]).expect_code(2);
    assert!(said.stderr.contains("help:") || said.stdout.contains("help:"), "{}{}", said.stdout, said.stderr);
    // Cargo has nothing to take for fresh, or nobody tracks anything.
    std::fs::remove_dir_all(project.path("target")).unwrap();
    json(project, &[], 0);
    altered.printed(".", &RUN);
    std::fs::remove_dir_all(project.path(".git")).unwrap();
    json(project, &[], 0);
}

#[test]
fn a_submodules_build_output_is_its_own_repositorys() {
    let scene = Scene::new();
    scene.commit();
    scene.project.write("cache/deep/built", "x");
    let git = |arguments: &[&str]| scene.project.run("git", &[&["-C", "cache"], arguments].concat()).expect_code(0);
    git(&["init", "-q", "."]);
    let project = scene.project.env("CARGO_TARGET_DIR", "cache/deep");
    json(&project, &[], 0);
    project.run("git", &["-C", "cache", "add", "."]).expect_code(0);
    assert_eq!(ways(&json(&project, &[], 1), "fails"), ["build-output cache/deep/built:1"]);
}

#[test]
fn the_program_that_shows_the_documentation() {
    let scene = Scene::new();
    let line = append(&scene.project, ".cargo/config.toml", "\n[doc]\nbrowser = [\"tools/b\"]\n");
    let document = json(&scene.project, &[], 0);
    assert_eq!(ways(&document, "warns"), [format!("program .cargo/config.toml:{}", line + 2)]);
}

/// The vendored sources are where they were, however the path is spelled; where they are elsewhere, that is what is said.
#[test]
fn the_vendored_folder_is_one_place_however_it_is_spelled() {
    let scene = Scene::new();
    let project = &scene.project;
    project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
    scene.commit();
    let config = project.read(".cargo/config.toml");
    let spelled = |path: &str| config.replace("directory = \"vendor\"", &format!("directory = \"{path}\""));
    let also = || {
        let run = project.sequester(&["audit", "--no-advisories", "--base", "HEAD", "--format", "json"]).expect_code(0);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        document["also"].clone()
    };
    for path in ["vendor/.", "./vendor", "vendor/", "vendor//"] {
        project.write(".cargo/config.toml", spelled(path));
        assert_eq!(also(), Value::Array(Vec::new()), "{path}");
        json(project, &["--base", "HEAD"], 0);
        let told = project.sequester(&["vendor", "--no-advisories"]).expect_code(0).stdout;
        assert!(told.contains("(only .cargo/config.toml was written)"), "{path}: {told}");
        assert_eq!(project.read(".cargo/config.toml"), config);
    }
    let told = project.sequester(&["vendor", "--no-advisories"]).expect_code(0).stdout;
    assert!(told.contains("(nothing to do)"), "{told}");
    project.write("moved/.gitkeep", "");
    for path in ["moved/../vendor", "moved"] {
        project.write(".cargo/config.toml", spelled(path));
        let also = also();
        assert_eq!(also[0]["code"], "vendored-place", "{also:#}");
        let expected = format!(
            "sets `source.sequestered.directory` = `{path}` in .cargo/config.toml:4: the vendored sources are taken from this place"
        );
        assert_eq!(also[0]["message"], expected, "{also:#}");
    }
}
