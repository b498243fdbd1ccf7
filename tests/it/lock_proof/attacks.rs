//! Changes after which cargo would silently complete the lock file with what nobody judged. Each passed every verb once.

use crate::audit::NOW;
use crate::support::registry::TestRegistry;
use crate::support::{Dependency, Outcome, Package, Project};

/// A vendored project that is committed: `app` needs `bar`, which needs `leaf` and, with a feature, `extra`; a folder outside the
/// workspace that is a path dependency; a second registry.
struct Scene {
    project: Project,
    other: TestRegistry,
    _registry: TestRegistry,
}

impl Scene {
    fn new() -> Self {
        let (registry, other) = (TestRegistry::new(), TestRegistry::new());
        Package::new("leaf", "1.0.0").publish(&registry);
        Package::new("extra", "1.0.0").publish(&registry);
        Package::new("bar", "1.0.0")
            .dep("leaf", "1")
            .dependency(Dependency::new("extra", "1").optional())
            .feature("more", &["dep:extra"])
            .publish(&registry);
        Package::new("bar", "1.0.0").publish(&other);
        let mirror = format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = {:?}\n",
            registry.url()
        );
        let project = Project::new();
        std::fs::write(project.cargo_home().join("config.toml"), mirror).unwrap();
        let (url, second) = (registry.url(), other.url());
        let project = project.registry("other", &other).policy(&format!(
            "[sources]\nmirrors = [{url:?}]\nallow-registries = [{second:?}]\nallow-git = [{{ url = \"https://git.example.org/bar\" }}]\n"
        ));
        let scene = Self { project, other, _registry: registry };
        scene.write("bar = \"1\"\n", "");
        scene.project.write(
            "../out/Cargo.toml",
            "[package]\nname = \"out\"\nversion = \"0.1.0\"\n[dependencies]\nleaf = \"1\"\n",
        );
        scene.project.write("../out/src/lib.rs", "");
        scene.project.lock_with_cargo();
        scene.run(&["vendor"]).expect_code(0);
        for arguments in [
            &["init", "--quiet", "--initial-branch=work"][..],
            &["add", "-A"],
            &["commit", "--quiet", "-m", "base"],
            &["branch", "base"],
        ] {
            scene.git(arguments);
        }
        for verb in [&["audit"][..], &["audit", "--base", "base"], &["verify"], &["vendor"]] {
            scene.run(verb).expect_code(0);
        }
        scene
    }

    /// The manifest, with these lines about `bar` and these tables at its end.
    fn write(&self, bar: &str, tables: &str) {
        self.project.write(
            "Cargo.toml",
            format!("[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nout = {{ path = \"../out\" }}\n{bar}{tables}"),
        );
    }

    fn git(&self, arguments: &[&str]) {
        crate::audit_base::git(&self.project, self.project.root().as_str(), arguments);
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let more: &[&str] = if arguments[0] == "audit" {
            &["--no-advisories", "--now", NOW]
        } else if arguments[0] == "vendor" {
            &["--no-advisories"]
        } else {
            &[]
        };
        self.project.sequester(&[arguments, more].concat())
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.project.read(file);
        assert!(text.contains(from), "{text}");
        self.project.write(file, text.replace(from, to));
    }

    /// Every verb is undecided and says this; cargo agrees, where it is not laxer on purpose.
    #[track_caller]
    fn is_refused(&self, words: &str, cargo_agrees: bool) {
        let cargo = self.project.cargo(&["metadata", "--locked", "--offline", "--format-version=1"]);
        assert_eq!(cargo.code != 0, cargo_agrees, "{}", cargo.stderr);
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "change"]);
        for verb in [&["audit"][..], &["audit", "--base", "base"], &["verify"], &["vendor"]] {
            let outcome = self.run(verb).expect_code(2);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains(words), "{verb:?}\n{said}");
            assert!(
                said.contains("help: cargo sequester update --workspace") || !said.contains("lock file does not"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_dependency_moved_to_git() {
    let scene = Scene::new();
    scene.write("bar = { git = \"https://git.example.org/bar\", version = \"1\" }\n", "");
    scene.is_refused("asks https://git.example.org/bar for bar ^1", true);
}

#[test]
fn a_dependency_moved_to_a_path() {
    let scene = Scene::new();
    scene
        .project
        .write("mine/Cargo.toml", "[package]\nname = \"bar\"\nversion = \"1.0.0\"\n")
        .write("mine/src/lib.rs", "");
    scene.write("bar = { path = \"mine\" }\n", "");
    scene.is_refused("mine for bar, and is not locked with it but bar@1.0.0", true);
}

#[test]
fn a_dependency_moved_to_another_registry_by_name() {
    let scene = Scene::new();
    scene.write("bar = { version = \"1\", registry = \"other\" }\n", "");
    scene.is_refused("for bar ^1, and is not locked with it", true);
}

#[test]
fn a_dependency_moved_to_another_registry_by_its_index() {
    let scene = Scene::new();
    scene.write(&format!("bar = {{ version = \"1\", registry-index = {:?} }}\n", scene.other.url()), "");
    scene.is_refused("for bar ^1, and is not locked with it", true);
}

/// As a merge gone wrong leaves them: cargo drops every checksum of such a file, and takes new ones from wherever it asks.
#[test]
fn checksums_of_format_1_in_a_later_format() {
    let scene = Scene::new();
    let lock = scene.project.read("Cargo.lock");
    let crates_io = "registry+https://github.com/rust-lang/crates.io-index";
    let [stale, known, odd] = ["gone 1.0.0", "bar 1.0.0", "x"].map(|of| format!("checksum {of} ({crates_io})"));
    for key in [&*stale, "checksum x", &odd] {
        scene.project.write("Cargo.lock", format!("{lock}\n[metadata]\n\"{key}\" = \"<none>\"\n"));
        scene.is_refused("it has checksums in `[metadata]`, as format 1 has them", true);
    }
    let of_bar = lock.split("name = \"bar\"").nth(1).unwrap().split("checksum = \"").nth(1).unwrap();
    let [of_bar, ..] = *of_bar.split('"').collect::<Vec<_>>() else { panic!("{lock}") };
    let metadata = format!("\n[metadata]\n\"{known}\" = \"{of_bar}\"\n");
    for version in ["version = 4\n", "version = 3\n", ""] {
        scene.project.write("Cargo.lock", lock.replacen("version = 4\n", version, 1) + &metadata);
        scene.is_refused("it has checksums in `[metadata]`, as format 1 has them", true);
    }
    // What else stands there is nobody's business.
    scene.project.write("Cargo.lock", format!("{lock}\n[metadata]\n\"checksum\" = \"{of_bar}\"\n"));
    scene.run(&["audit"]).expect_code(0);
    // The way out.
    scene.project.write("Cargo.lock", format!("{lock}{metadata}"));
    scene.run(&["audit"]).expect_code(2);
    scene.project.sequester(&["update", "--workspace", "--no-advisories"]).expect_code(0);
    assert_eq!(scene.project.read("Cargo.lock"), lock);
    scene.run(&["audit"]).expect_code(0);
}

#[test]
fn a_patch_in_the_manifest() {
    let scene = Scene::new();
    scene
        .project
        .write("mine/Cargo.toml", "[package]\nname = \"leaf\"\nversion = \"1.0.0\"\n")
        .write("mine/src/lib.rs", "");
    scene.write("bar = \"1\"\n", "[patch.crates-io]\nleaf = { path = \"mine\" }\n");
    scene.is_refused("leaf", true);
}

#[test]
fn a_patch_in_the_configuration() {
    let scene = Scene::new();
    scene
        .project
        .write("mine/Cargo.toml", "[package]\nname = \"leaf\"\nversion = \"1.0.0\"\n")
        .write("mine/src/lib.rs", "");
    let config = scene.project.read(".cargo/config.toml");
    scene.project.write(".cargo/config.toml", format!("{config}\n[patch.crates-io]\nleaf = {{ path = \"mine\" }}\n"));
    scene.is_refused("leaf", true);
}

#[test]
fn a_dependency_in_a_target_table() {
    let scene = Scene::new();
    scene.write("bar = \"1\"\n", "[target.'cfg(windows)'.dependencies]\nextra = \"1\"\n");
    scene.is_refused("asks crates.io for extra ^1", true);
}

#[test]
fn a_dependency_of_the_workspace() {
    let scene = Scene::new();
    let table =
        format!("[workspace.dependencies]\nbar = {{ version = \"1\", registry-index = {:?} }}\n", scene.other.url());
    scene.write("bar.workspace = true\n", &format!("[workspace]\n{table}"));
    scene.is_refused("for bar ^1, and is not locked with it", true);
}

#[test]
fn a_dependency_under_another_name() {
    let scene = Scene::new();
    scene.write("bar = \"1\"\nother = { package = \"extra\", version = \"1\" }\n", "");
    scene.is_refused("asks crates.io for extra ^1", true);
}

#[test]
fn a_feature_that_turns_a_dependency_on() {
    let scene = Scene::new();
    scene.write("bar = { version = \"1\", features = [\"more\"] }\n", "");
    scene.is_refused("bar@1.0.0 asks crates.io for extra ^1", true);
}

#[test]
fn a_feature_of_the_package_that_turns_a_dependency_on() {
    let scene = Scene::new();
    scene.write("bar = \"1\"\n", "[features]\nall = [\"bar/more\"]\n");
    scene.is_refused("bar@1.0.0 asks crates.io for extra ^1", true);
}

#[test]
fn a_transitive_package_taken_out() {
    let scene = Scene::new();
    scene.project.write("../out/Cargo.toml", "[package]\nname = \"out\"\nversion = \"0.1.0\"\n");
    let lock = scene.project.read("Cargo.lock");
    let blocks: Vec<&str> = lock.split("\n\n").filter(|block| !block.contains("name = \"leaf\"")).collect();
    let lock = blocks.join("\n\n").replace("dependencies = [\n \"leaf\",\n]\n", "");
    scene.project.write("Cargo.lock", lock.replace("dependencies = [\n \"leaf\",\n]", ""));
    scene.is_refused("bar@1.0.0 asks crates.io for leaf ^1", true);
}

#[test]
fn a_decoy_without_a_source() {
    let scene = Scene::new();
    let lock = scene.project.read("Cargo.lock");
    scene.project.write("Cargo.lock", format!("{lock}\n[[package]]\nname = \"decoy\"\nversion = \"1.0.0\"\n"));
    scene.is_refused("decoy@1.0.0 has no source, and no manifest is its own", false);
}

#[test]
fn a_path_dependency_outside_whose_requirements_were_dropped() {
    let scene = Scene::new();
    scene.project.write(
        "../out/Cargo.toml",
        "[package]\nname = \"out\"\nversion = \"0.1.0\"\n[dependencies]\nleaf = \"1\"\nextra = \"1\"\n",
    );
    scene.is_refused("out@0.1.0 asks crates.io for extra ^1", true);
}

#[test]
fn what_the_proof_does_not_follow_is_asked_of_cargo() {
    let scene = Scene::new();
    scene.write("bar = \"1\"\n", "[replace]\n\"leaf:1.0.0\" = { path = \"mine\" }\n");
    scene
        .project
        .write("mine/Cargo.toml", "[package]\nname = \"leaf\"\nversion = \"1.0.0\"\n")
        .write("mine/src/lib.rs", "");
    let outcome = scene.run(&["audit"]).expect_code(2);
    assert!(outcome.stdout.contains("cargo does not take the lock file as it is"), "{}", outcome.stdout);
    // A replacement that fits nothing changes nothing.
    scene.write("bar = \"1\"\n", "[replace]\n\"none:1.0.0\" = { path = \"mine\" }\n");
    scene.project.write("mine/Cargo.toml", "[package]\nname = \"none\"\nversion = \"1.0.0\"\n");
    scene.run(&["audit"]).expect_code(0);
}

#[test]
fn a_lock_file_alone_is_not_held_against_manifests() {
    let scene = Scene::new();
    scene.write("bar = \"2\"\n", "");
    let outcome = scene.run(&["audit", "--lockfile", "Cargo.lock", "--format", "json"]).expect_code(0);
    assert!(outcome.stdout.contains("\"manifests\": \"not-checked\""), "{}", outcome.stdout);
    let outcome = scene.run(&["audit", "--lockfile", "Cargo.lock"]).expect_code(0);
    assert!(outcome.stdout.contains("whether it answers the manifests was not checked"), "{}", outcome.stdout);
    let outcome = scene.run(&["audit", "--format", "json"]).expect_code(2);
    assert!(outcome.stdout.contains("\"manifests\": \"not-answered\""), "{}", outcome.stdout);
    scene.edit("Cargo.toml", "bar = \"2\"", "bar = \"1\"");
    let outcome = scene.run(&["audit", "--format", "json"]).expect_code(0);
    assert!(outcome.stdout.contains("\"manifests\": \"answered\""), "{}", outcome.stdout);
}

#[test]
fn the_way_out_that_is_printed_works() {
    let scene = Scene::new();
    scene.write("bar = { version = \"1\", features = [\"more\"] }\n", "");
    let outcome = scene.run(&["audit"]).expect_code(2);
    let line = outcome.stdout.lines().find_map(|line| line.trim().strip_prefix("help: cargo sequester "));
    let words: Vec<&str> = line.unwrap_or_else(|| panic!("{}", outcome.stdout)).split(' ').collect();
    assert!(words.starts_with(&["update", "--workspace", "--no-advisories"]), "{words:?}");
    scene.project.sequester(&words).expect_code(0);
    scene.run(&["audit"]).expect_code(0);
}

/// Cargo holds the tables of patches by their address and keeps one of those that are spelled differently.
#[test]
fn two_tables_of_patches_for_one_source_are_not_both_believed() {
    let scene = Scene::new();
    for name in ["bar", "leaf"] {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        scene.project.write(&format!("{name}/Cargo.toml"), manifest).write(&format!("{name}/src/lib.rs"), "");
    }
    let tables = "[patch.crates-io]\nbar = { path = \"bar\" }\n[patch.\"https://github.com/rust-lang/crates.io-index\"]\nleaf = { path = \"leaf\" }\n";
    scene.write("bar = \"1\"\nleaf = \"1\"\n", tables);
    scene.project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"bar\",\n \"leaf\",\n \"out\",\n]\n\n[[package]]\nname = \"bar\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"leaf\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"out\"\nversion = \"0.1.0\"\ndependencies = [\n \"leaf\",\n]\n",
    );
    let locked = scene.project.cargo(&["update", "--workspace", "--locked", "--offline"]);
    assert_ne!(locked.code, 0, "cargo would lock something else");
    scene.run(&["audit"]).expect_code(2);
}

/// What a workspace excludes cargo compares as it is written, `..` and all.
#[test]
fn inheritance_is_from_the_workspace_that_cargo_finds() {
    let scene = Scene::new();
    scene.project.write("../out/src/lib.rs", "");
    scene
        .project
        .write("in/Cargo.toml", "[workspace]\nexclude = [\"../in/dep\"]\n[workspace.dependencies]\nleaf = \"2\"\n");
    scene.project.write(
        "in/dep/Cargo.toml",
        "[package]\nname = \"dep\"\nversion = \"0.1.0\"\n[dependencies]\nleaf.workspace = true\n",
    );
    scene.project.write("in/dep/src/lib.rs", "");
    scene.write(
        "dep = { path = \"in/dep\" }\nbar = \"1\"\n",
        "[workspace]\nmembers = [\"in/..\"]\nexclude = [\"in\"]\n[workspace.dependencies]\nleaf = \"1\"\n",
    );
    let lock = scene.project.read("Cargo.lock");
    let lock = lock
        .replace("dependencies = [\n \"bar\",\n \"out\",\n]", "dependencies = [\n \"bar\",\n \"dep\",\n \"out\",\n]");
    let dep = "[[package]]\nname = \"dep\"\nversion = \"0.1.0\"\ndependencies = [\n \"leaf\",\n]\n\n[[package]]\nname = \"leaf\"";
    scene.project.write("Cargo.lock", lock.replace("[[package]]\nname = \"leaf\"", dep));
    assert_ne!(scene.project.cargo(&["update", "--workspace", "--locked", "--offline"]).code, 0);
    scene.run(&["audit"]).expect_code(2);
}

/// Cargo writes no such source for crates.io, and does not find its packages by it.
#[test]
fn the_sparse_address_of_crates_io_is_another_registry_in_a_lock_file() {
    let scene = Scene::new();
    let lock = scene.project.read("Cargo.lock");
    let other =
        lock.replace("registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/");
    assert_ne!(lock, other);
    scene.project.write("Cargo.lock", other);
    assert_ne!(scene.project.cargo(&["update", "--workspace", "--locked", "--offline"]).code, 0);
    let said = scene.run(&["audit"]);
    assert_ne!(said.code, 0, "{}", said.stdout);
}
