//! What is read of manifests, and what of them is refused.

use std::fmt::Write as _;

use camino::Utf8PathBuf;
use cargo_metadata::DependencyKind as CargoKind;
use cargo_sequester::door::gather::cargo_config::CargoConfig;
use cargo_sequester::door::gather::manifest::{self, Roots};
use cargo_sequester::door::model::index_line::DependencyKind;
use cargo_sequester::door::model::manifest::{DependencySource, ManifestProblem, Manifests, Unsupported};

use crate::support::Project;

fn read(project: &Project, members: &[&str]) -> Manifests {
    let config = CargoConfig::load(&project.root(), &project.environment()).unwrap();
    let members: Vec<Utf8PathBuf> = members.iter().map(|one| project.path(one)).collect();
    manifest::read(&Roots { root: &project.root(), members: &members, config: &config })
}

/// Name, rename, requirement, kind, optional, default features, features, target's or path's end.
type Line = String;

fn ours(manifests: &Manifests) -> Vec<Line> {
    let members = manifests.packages.iter().filter(|one| one.member);
    let mut lines: Vec<Line> = members
        .flat_map(|one| one.dependencies.iter().map(move |dep| (one, dep)))
        .map(|(one, dep)| {
            let renamed = (dep.key != *dep.name).then(|| dep.key.clone());
            let req = dep.req.as_ref().map_or_else(|| String::from("*"), ToString::to_string);
            let path = match &dep.from {
                DependencySource::Path(path) => path.as_str(),
                DependencySource::Registry(_) | DependencySource::Git { .. } => "",
            };
            format!(
                "{} {} {renamed:?} {req} {:?} {} {} {:?} {path}",
                one.name, dep.name, dep.kind, dep.optional, dep.default_features, dep.features
            )
        })
        .collect();
    lines.sort();
    lines
}

fn cargos(project: &Project) -> Vec<Line> {
    let outcome = project.cargo(&["metadata", "--no-deps", "--format-version=1", "--offline"]).expect_code(0);
    let metadata = cargo_metadata::MetadataCommand::parse(&outcome.stdout).unwrap();
    let mut lines: Vec<Line> = metadata
        .packages
        .iter()
        .flat_map(|one| one.dependencies.iter().map(move |dep| (one, dep)))
        .map(|(one, dep)| {
            let kind = match dep.kind {
                CargoKind::Development => DependencyKind::Dev,
                CargoKind::Build => DependencyKind::Build,
                CargoKind::Normal | CargoKind::Unknown => DependencyKind::Normal,
            };
            let path = dep.path.as_deref().map_or("", |path| path.as_str());
            let (optional, default) = (dep.optional, dep.uses_default_features);
            format!(
                "{} {} {:?} {} {kind:?} {optional} {default} {:?} {path}",
                one.name, dep.name, dep.rename, dep.req, dep.features
            )
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn dependencies_are_read_as_cargo_reads_them() {
    let project = Project::new().config("[registries.mine]\nindex = \"sparse+http://127.0.0.1:1/index/\"\n");
    project.write(
        "Cargo.toml",
        r#"
[workspace]
members = ["in"]
[workspace.package]
version = "3.1.4"
[workspace.dependencies]
plain = "1"
bare = { version = "1", default-features = false, features = ["a"] }
near = { path = "near" }
real = { version = "2", package = "really" }
[package]
name = "app"
version.workspace = true
edition = "2021"
[dependencies]
plain.workspace = true
bare = { workspace = true, features = ["b"], optional = true }
real = { workspace = true }
near = { workspace = true }
mine = { version = "1", registry = "mine" }
index = { version = "1", registry-index = "sparse+http://127.0.0.1:1/index/" }
git = { git = "https://git.example.org/x.git", branch = "feat/x" }
old = { version = "1", default_features = false }
[dev-dependencies]
plain = "1.2"
[build_dependencies]
built = "=1.0.0"
[target.'cfg(unix)'.dependencies]
unix = "0.1"
[target.x86_64-unknown-linux-gnu.dev-dependencies]
linux = ">=1, <2"
"#,
    );
    project.write("near/Cargo.toml", "[package]\nname = \"near\"\n").write("near/src/lib.rs", "");
    project.write(
        "in/Cargo.toml",
        "[package]\nname = \"in\"\nversion = { workspace = true }\n[dependencies]\nbare = { workspace = true, default-features = true }\n\
         near = { path = \"../near/../near\", version = \"0\" }\n",
    );
    project.write("in/src/lib.rs", "");
    let manifests = read(&project, &["", "in", "near"]);
    assert_eq!((&manifests.problems[..], &manifests.unfollowed[..]), (&[][..], &[][..]));
    assert_eq!(ours(&manifests), cargos(&project));
    let versions: Vec<_> = manifests.packages.iter().map(|one| format!("{} {}", one.name, one.version)).collect();
    assert_eq!(versions, ["app 3.1.4", "in 3.1.4", "near 0.0.0"]);
}

#[test]
fn a_package_outside_inherits_from_its_own_workspace() {
    let project = Project::new().dep_toml("inner = { path = \"../other/inner\" }");
    let other = |path: &str, text: &str| project.write(&format!("../other/{path}"), text);
    other(
        "Cargo.toml",
        "[workspace]\nmembers = [\"inner\"]\n[workspace.dependencies]\nfar = { path = \"far\", features = [\"x\"] }\n",
    );
    other(
        "inner/Cargo.toml",
        "[package]\nname = \"inner\"\nversion = \"1.0.0\"\n[dependencies]\nfar.workspace = true\n",
    );
    other("far/Cargo.toml", "[package]\nname = \"far\"\nversion = \"1.0.0\"\nworkspace = \"..\"\n");
    let manifests = read(&project, &[""]);
    let names: Vec<_> = manifests.packages.iter().map(|one| (&*one.name, one.member)).collect();
    assert_eq!(names, [("app", true), ("inner", false), ("far", false)]);
    assert_eq!(manifests.packages[1].dependencies[0].features, ["x"]);
}

/// Wherever it lies, and whatever lies above it.
#[test]
fn a_package_inherits_from_the_workspace_that_it_names() {
    let project = Project::new().dep_toml("far = { path = \"../elsewhere/far\" }");
    let beside = |path: &str, text: &str| project.write(&format!("../{path}"), text);
    beside(
        "other/Cargo.toml",
        "[workspace]\nmembers = [\"../elsewhere/far\"]\n[workspace.package]\nversion = \"4.5.6\"\n",
    );
    beside("elsewhere/Cargo.toml", "[workspace]\n[workspace.package]\nversion = \"9.9.9\"\n");
    let far = "[package]\nname = \"far\"\nversion.workspace = true\nworkspace = \"../../other\"\n";
    beside("elsewhere/far/Cargo.toml", far);
    beside("elsewhere/far/src/lib.rs", "");
    let versions = |manifests: Manifests| -> Vec<String> {
        manifests.packages.iter().map(|one| format!("{} {}", one.name, one.version)).collect()
    };
    assert_eq!(versions(read(&project, &[""])), ["app 0.1.0", "far 4.5.6"]);
    let told = project.cargo(&["metadata", "--format-version=1", "--offline"]).expect_code(0).stdout;
    assert!(told.contains("far#4.5.6\"") || told.contains("far@4.5.6\""), "{told}");
}

#[test]
fn what_is_no_manifest_is_named_with_file_and_key() {
    let project = Project::new();
    let mut said = String::new();
    for text in [
        "",
        "[package\n",
        "[package]\n",
        "[package]\nname = 1\n",
        "[package]\nname = \"a\"\nversion = \"1\"\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { version = \"one\" }\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { }\n",
        "[package]\nname = \"a\"\n[dependencies]\nb.workspace = true\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { git = \"x\" }\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { git = \"https://x.org/\", tag = \"1\", rev = \"2\" }\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { version = \"1\", registry = \"nowhere\" }\n",
        "[package]\nname = \"a\"\n[target.x]\ndependencies = 1\n",
        "[package]\nname = \"a\"\n[features]\nf = [1]\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\n[patch.crates-io]\nb = 1\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { version = \"1\", registry-index = \"nowhere\" }\n",
        "[package]\nname = \"a\"\n[dependencies]\nb = { git = \"https://x.org/\", registry-index = \"sparse+https://x.org/\" }\n",
        "[package]\nname = \"a\"\nversion.workspace = false\n",
        "[package]\nname = \"a\"\nversion.workspace = true\n",
    ] {
        project.write("Cargo.toml", text);
        let manifests = read(&project, &[""]);
        for (path, problem) in &manifests.problems {
            assert_eq!(*path, project.path("Cargo.toml"), "{text}");
            writeln!(said, "{problem}").unwrap();
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn what_only_cargo_follows_is_named() {
    let project = Project::new().config("paths = [\"x\"]\n");
    let manifest = "cargo-features = [\"x\"]\n[package]\nname = \"a\"\n[dependencies]\nb = { version = \"1\", artifact = \"bin\" }\n\
                    c = { path = \"c\", base = \"x\" }\n\
                    e = { git = \"https://git.example.org/e?x=1\" }\n[replace]\n\"f:1.0.0\" = { path = \"f\" }\n\
                    [patch.\"file:///x\"]\ng = { path = \"g\" }\n";
    project.write("Cargo.toml", manifest);
    let manifests = read(&project, &[""]);
    let of_package = manifests.packages.iter().flat_map(|one| &one.unfollowed);
    let found: Vec<_> = manifests.unfollowed.iter().chain(of_package).map(|one| (one.what, one.key.as_str())).collect();
    assert_eq!(
        found,
        [
            (Unsupported::PathOverrides, "paths"),
            (Unsupported::Replace, "replace"),
            (Unsupported::CargoFeatures, "cargo-features"),
            (Unsupported::Address, "patch.\"file:///x\""),
            (Unsupported::CargoFeatures, "cargo-features"),
            (Unsupported::Artifact, "dependencies.b"),
            (Unsupported::PathBase, "dependencies.c"),
            (Unsupported::Address, "dependencies.e"),
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_a_folder_and_a_giant_are_refused_at_once() {
    let project = Project::new().dep_toml("x = { path = \"x\" }");
    std::fs::create_dir(project.path("x")).unwrap();
    let path = project.path("x/Cargo.toml");
    let problem = || read(&project, &[""]).unread.remove(&project.path("x"));
    assert_eq!(problem(), Some(ManifestProblem::Absent));
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(problem(), Some(ManifestProblem::NotAFile));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(problem(), Some(ManifestProblem::NotAFile));
    std::fs::remove_dir(&path).unwrap();
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(problem(), Some(ManifestProblem::Unreadable(_))));
    std::fs::write(&path, b"\xff").unwrap();
    assert!(matches!(problem(), Some(ManifestProblem::Unreadable(_))));
}
