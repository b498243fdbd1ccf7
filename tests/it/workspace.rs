//! `gather::workspace`: what cargo says of the workspace, and what is left where cargo refuses.

use camino::Utf8Path;
use cargo_sequester::door::gather::cargo::{self, CargoFailure};
use cargo_sequester::door::gather::cargo_config::CargoConfig;
use cargo_sequester::door::gather::lock_file;
use cargo_sequester::door::gather::workspace::{self, Local, Workspace, WorkspaceError};
use cargo_sequester::door::model::index_line::DependencyKind;

use crate::support::{Package, Project, TestRegistry};

fn locate(project: &Project) -> Workspace {
    find(project, None).unwrap()
}

fn find(project: &Project, manifest: Option<&Utf8Path>) -> Result<Workspace, WorkspaceError> {
    let environment = project.environment();
    let config = CargoConfig::load(environment.current_dir(), &environment).unwrap();
    workspace::locate(&environment, &config, manifest)
}

#[track_caller]
fn local<'a>(workspace: &'a Workspace, name: &str) -> &'a Local {
    workspace.packages.iter().find(|local| &*local.name == name).unwrap_or_else(|| panic!("{workspace:#?}"))
}

fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
}

/// A project that cargo refuses, with a lock file all the same; returns cargo's words.
#[track_caller]
fn refused(project: &Project) -> String {
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
    let found = locate(project);
    assert_eq!(found.lock_file, project.path("Cargo.lock"));
    assert!(found.packages.is_empty());
    let Some(CargoFailure::Refused(words)) = found.failure else { panic!("{:?}", found.failure) };
    words.to_string()
}

#[test]
fn members_and_their_requirements() {
    let registry = TestRegistry::new();
    let project = Project::new()
        .registry("mine", &registry)
        .dep_toml("bar = { version = \"1.2\", default-features = false, features = [\"x\"], optional = true }")
        .dep_toml("other = { package = \"own\", version = \"=2.0.0\", registry = \"mine\" }")
        .dep_toml("work = { git = \"https://unreachable.invalid/work\" }")
        .dep_toml("m = { path = \"m\" }");
    project.write(
        "m/Cargo.toml",
        package("m", "[target.'cfg(unix)'.build-dependencies]\ncc = \"1\"\n[dev-dependencies]\nt = \"3\"\n"),
    );
    project.write("m/src/lib.rs", "");
    project.write("Cargo.toml", project.read("Cargo.toml") + "\n[workspace]\n");
    let found = locate(&project);
    assert_eq!(found.root, project.root());
    assert_eq!(found.lock_file, project.path("Cargo.lock"));
    assert_eq!(found.failure, None);

    let app = &local(&found, "app").package;
    assert!(app.member && app.inside_workspace);
    assert_eq!(app.root, project.root());
    let names: Vec<_> = app.requirements.iter().map(|requirement| &*requirement.name).collect();
    assert_eq!(names, ["bar", "own"], "git and path dependencies ask nothing of a registry");
    let [bar, own] = &app.requirements[..] else { panic!() };
    assert_eq!((bar.req.to_string(), bar.optional, bar.default_features), ("^1.2".to_owned(), true, false));
    assert_eq!((&bar.features[..], &bar.registry, bar.kind), (&["x".to_owned()][..], &None, DependencyKind::Normal));
    assert_eq!(own.renamed.as_deref(), Some("other"));
    assert_eq!(own.registry.as_deref(), Some(&*registry.url()));

    let [t, cc] = &local(&found, "m").package.requirements[..] else { panic!() };
    assert_eq!((&*t.name, t.kind), ("t", DependencyKind::Dev));
    assert_eq!((&*cc.name, cc.kind, cc.target.as_deref()), ("cc", DependencyKind::Build, Some("cfg(unix)")));
    assert!(registry.requests().is_empty(), "finding the workspace must not use the network");
    assert!(!project.path("Cargo.lock").exists(), "finding the workspace must not write");
}

#[test]
fn paths_outside_the_workspace_are_followed_and_attached() {
    let registry = TestRegistry::new();
    for name in ["bar", "patched"] {
        Package::new(name, "1.0.0").publish(&registry);
    }
    let project = Project::new().crates_io(&registry).dep("patched", "1").dep_toml("near = { path = \"../near\" }");
    project.write(
        "Cargo.toml",
        project.read("Cargo.toml") + "\n[patch.crates-io]\npatched = { path = \"./x/../../patch\" }\n",
    );
    project.write("../near/Cargo.toml", package("near", "[dependencies]\nfar = { path = \"../far\" }\n"));
    project.write("../far/Cargo.toml", package("far", "[dependencies]\nbar = \"1\"\n"));
    project.write("../patch/Cargo.toml", package("patched", "").replace("0.1.0", "1.5.0"));
    for folder in ["near", "far", "patch"] {
        project.write(&format!("../{folder}/src/lib.rs"), "");
    }
    project.write("x/keep", "");
    project.lock_with_cargo();
    let found = locate(&project);
    let mut packages = lock_file::read(&found.lock_file).unwrap().packages;
    workspace::attach(&mut packages, &found);
    let mut seen = Vec::new();
    for package in &packages {
        let Some(local) = &package.local else {
            seen.push((package.id.to_string(), None));
            continue;
        };
        let root = local.root.strip_prefix(project.outside()).unwrap().as_str().replace('\\', "/");
        seen.push((package.id.to_string(), Some((root, local.member, local.inside_workspace))));
    }
    let at = |spec: &str, root: &str, member| (spec.to_owned(), Some((root.to_owned(), member, member)));
    let bar = ("registry+https://github.com/rust-lang/crates.io-index#bar@1.0.0".to_owned(), None);
    assert_eq!(
        seen,
        [
            at("app@0.1.0", "project", true),
            bar,
            at("far@0.1.0", "far", false),
            at("near@0.1.0", "near", false),
            at("patched@1.5.0", "patch", false)
        ]
    );
    let far = packages.iter().find(|package| &*package.id.name == "far").unwrap();
    assert_eq!(far.local.as_ref().unwrap().requirements.len(), 1);
}

#[test]
fn a_path_dependency_that_is_not_there_is_known_by_name() {
    let project = Project::new().dep_toml("gone = { path = \"../gone\" }");
    project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"gone\"]\n\n\
         [[package]]\nname = \"gone\"\nversion = \"0.7.0\"\n",
    );
    let found = locate(&project);
    let mut packages = lock_file::read(&found.lock_file).unwrap().packages;
    workspace::attach(&mut packages, &found);
    let gone = packages[1].local.as_ref().unwrap();
    assert_eq!(gone.root, project.outside().join("gone"));
    assert!(!gone.inside_workspace && !gone.member);
}

#[test]
fn the_manifest_path_and_a_member_folder_lead_to_the_root() {
    let project = Project::new();
    project.write("Cargo.toml", project.read("Cargo.toml") + "\n[workspace]\nmembers = [\"m\"]\n");
    project.write("m/Cargo.toml", package("m", ""));
    project.write("m/src/lib.rs", "");
    let found = find(&project, Some(Utf8Path::new("m/Cargo.toml"))).unwrap();
    assert_eq!(found.root, project.root());
    let absent = find(&project, Some(Utf8Path::new("n/Cargo.toml"))).unwrap_err();
    assert!(
        matches!(&absent, WorkspaceError::NoManifest { path } if *path == project.path("n/Cargo.toml")),
        "{absent}"
    );
}

#[test]
fn a_missing_member_is_told_in_cargos_words() {
    let project = Project::new();
    project.write("Cargo.toml", project.read("Cargo.toml") + "\n[workspace]\nmembers = [\"gone\"]\n");
    let words = refused(&project);
    assert!(words.starts_with("failed to load manifest for workspace member"), "{words}");
    assert!(words.contains(": failed to read `"), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
}

#[test]
fn an_undefined_registry_is_told_in_cargos_words() {
    let words = refused(&Project::new().dep_toml("bar = { version = \"1\", registry = \"nowhere\" }"));
    assert!(words.contains("nowhere"), "{words}");
}

#[test]
fn a_newer_edition_is_told_in_cargos_words() {
    let project = Project::new();
    project.write("Cargo.toml", project.read("Cargo.toml").replace("2021", "2099"));
    let words = refused(&project);
    assert!(words.contains("2099"), "{words}");
}

#[cfg(unix)]
#[test]
fn an_absent_toolchain_is_told_in_rustups_words() {
    // What rustup's stand-in for cargo does in a folder whose `rust-toolchain.toml` names a channel that is not installed.
    let script = "#!/bin/sh\necho 'info: looking for the toolchain' >&2\n\
                  echo \"error: toolchain 'made-up' is not installed\" >&2\necho 'help: install it' >&2\nexit 1\n";
    let project = Project::new();
    project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"made-up\"\n");
    let project = with_cargo(project, script);
    assert_eq!(refused(&project), "toolchain 'made-up' is not installed");
}

#[cfg(unix)]
#[test]
fn a_cargo_that_answers_nonsense_or_is_absent_is_a_failure() {
    let project = with_cargo(Project::new(), "#!/bin/sh\necho '{\"not\": \"metadata\"}'\n");
    project.write("Cargo.lock", "version = 4\n");
    assert!(matches!(locate(&project).failure, Some(CargoFailure::Answer { .. })));
    assert!(cargo::version(&project.environment()).is_err());
    let project = Project::new().env("CARGO", "/nowhere/cargo");
    project.write("Cargo.lock", "version = 4\n");
    assert!(matches!(locate(&project).failure, Some(CargoFailure::NotRun { .. })));
}

#[cfg(unix)]
fn with_cargo(project: Project, script: &str) -> Project {
    project.write("../script", script);
    let path = project.outside().join("cargo");
    // Copied by another process: a file that this one had open for writing may still be open in a child that another test is just
    // starting, and then it cannot be run.
    project.run("install", &["-m", "755", "../script", "../cargo"]).expect_code(0);
    project.env("CARGO", path.as_str())
}

#[test]
fn a_lock_file_left_in_a_member_does_not_stand_in_for_the_workspaces() {
    let project = Project::new();
    project.write("Cargo.toml", project.read("Cargo.toml") + "\n[workspace]\nmembers = [\"m\", \"gone\"]\n");
    project.write("m/Cargo.toml", package("m", ""));
    project.write("m/Cargo.lock", "version = 4\n");
    project.write("Cargo.lock", "version = 4\n");
    let found = find(&project, Some(Utf8Path::new("m/Cargo.toml"))).unwrap();
    assert!(found.failure.is_some());
    assert_eq!(found.lock_file, project.path("Cargo.lock"));
}

#[test]
fn no_workspace_and_no_lock_file_is_an_error() {
    let project = Project::new();
    std::fs::remove_file(project.path("Cargo.toml")).unwrap();
    let error = find(&project, None).unwrap_err();
    let WorkspaceError::NotFound { folder, .. } = &error else { panic!("{error}") };
    assert_eq!(*folder, project.root());
    assert!(error.to_string().contains("could not find `Cargo.toml`"), "{error}");
}

#[test]
fn unreachable_git_and_a_conflicted_lock_file_do_not_hinder() {
    let project = Project::new().dep_toml("work = { git = \"https://unreachable.invalid/work\" }");
    project.write("Cargo.lock", "<<<<<<< HEAD\n=======\n>>>>>>> other\n");
    let found = locate(&project);
    assert_eq!(found.failure, None);
    assert!(matches!(lock_file::read(&found.lock_file), Err(lock_file::LockFileError::Conflict { .. })));
}

#[test]
fn the_version_is_that_of_the_cargo_that_runs() {
    let project = Project::new();
    let version = cargo::version(&project.environment()).unwrap();
    assert!(project.cargo(&["--version"]).stdout.contains(&format!("cargo {version} ")));
}
