//! Other registries, git repositories, and the local registry.

use super::{assert_is, build_from_nothing_else, everything, listing, locked, project, stamps, stock, vendor};
use crate::support::{Dependency, Package, Project, TestRegistry};

#[test]
fn another_registry_is_vendored_by_its_address() {
    let (public, private) = (TestRegistry::new(), TestRegistry::new());
    Package::new("leaf", "0.1.0").publish(&public);
    Package::new("leaf", "0.3.0").publish(&private);
    let url = private.url();
    // A published manifest names the registry of each dependency that is not crates.io's, its own included.
    Package::new("own", "1.0.0").dependency(Dependency::new("leaf", "^0.3").registry(&url)).publish(&private);
    private.require_token("a-secret");
    let project = project(&public)
        .env("CARGO_REGISTRIES_MINE_TOKEN", "a-secret")
        .env("CARGO_REGISTRIES_MINE_INDEX", &url)
        .env("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "cargo:token")
        .dep("leaf", "0.1")
        .dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let policy = format!(
        "[sources]\nmirrors = [\"{}\"]\n[registries.mine]\nindex = \"{url}\"\nmin-publish-age = \"0\"\n",
        public.url()
    );
    project.write("sequester.toml", policy);
    project.lock_with_cargo();
    let stock_tree = stock(&project, &[]);
    std::fs::remove_dir_all(project.cargo_home().join("registry")).unwrap();
    vendor(&project, &[]).expect_code(0);
    assert_is(&stock_tree, &project.path("vendor"));
    let config = project.read(".cargo/config.toml");
    assert!(config.contains(&format!("[source.\"{url}\"]")) && config.contains("#own@1.0.0\""), "{config}");
    build_from_nothing_else(&project, &[]);
    vendor(&project, &[]).expect_code(0);
}

/// A repository with a package in it, or `None` with a printed line where there is no git.
fn repository(project: &Project) -> Option<(String, String)> {
    let folder = project.outside().join("repository");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[workspace.package]\nversion = \"0.4.0\"\n[package]\nname = \"forked\"\nversion.workspace = true\nedition = \"2021\"\n[dependencies]\nleaf = \"0.1\"\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/lib.rs"), "pub use leaf::leaf;\n").unwrap();
    std::fs::write(folder.join(".gitignore"), "target\n").unwrap();
    let git = |arguments: &[&str]| {
        let mut command = project.command("git");
        command
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(arguments)
            .current_dir(&folder);
        command.output().ok().filter(|output| output.status.success())
    };
    if git(&["init", "--quiet"]).is_none() {
        eprintln!("skipped: there is no git");
        return None;
    }
    git(&["add", "."]).unwrap();
    git(&["commit", "--quiet", "-m", "First"]).unwrap();
    let commit = String::from_utf8(git(&["rev-parse", "HEAD"]).unwrap().stdout).unwrap();
    Some((format!("file://{folder}"), commit.trim().to_owned()))
}

#[test]
fn a_git_dependency_that_the_policy_allows_is_vendored_as_cargo_does() {
    let registry = TestRegistry::new();
    super::publish(&registry);
    let project = project(&registry);
    let Some((url, commit)) = repository(&project) else { return };
    let project = project.dep_toml(&format!("forked = {{ git = \"{url}\", rev = \"{commit}\" }}")).dep("bar", "1");
    project.write("src/lib.rs", "pub fn sum() -> u8 { forked::leaf() + bar::leaf() }\n");
    project.lock_with_cargo();
    let before = everything(&project);
    let refused = vendor(&project, &[]).expect_code(1);
    assert!(refused.stdout.contains("source-not-allowed"), "{}", refused.stdout);
    assert_eq!(everything(&project), before);

    let mirrors = registry.url();
    project.write(
        "sequester.toml",
        format!("[sources]\nmirrors = [\"{mirrors}\"]\nallow-git = [{{ url = \"{url}\", rev = \"{commit}\" }}]\n"),
    );
    let stock_tree = stock(&project, &[]);
    vendor(&project, &[]).expect_code(0);
    assert_is(&stock_tree, &project.path("vendor"));
    assert!(project.read("vendor/forked/.cargo-checksum.json").ends_with("\"package\":null}"));
    build_from_nothing_else(&project, &[]);

    let stamps_before = stamps(&project.root());
    let again = vendor(&project, &["--offline"]).expect_code(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    assert_eq!(stamps(&project.root()), stamps_before);
    project.write("vendor/forked/src/lib.rs", "compile_error!(\"evil\");\n");
    vendor(&project, &[]).expect_code(0);
    assert_is(&stock_tree, &project.path("vendor"));

    let refused = vendor(&project, &["--local-registry", "local"]).expect_code(2);
    assert!(refused.stderr.contains("forked"), "{}", refused.stderr);
}

#[test]
fn a_local_registry_holds_the_approved_set_and_builds() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let line = registry.index_file("bar").unwrap();
    Package::new("bar", "1.9.0").pubtime("2026-11-20T00:00:00Z").publish(&registry);
    let done = vendor(&project, &["--local-registry", "third-party"]).expect_code(0);
    assert!(done.stdout.contains("Vendored 3 packages"), "{}", done.stdout);
    let files = listing(&project.path("third-party"));
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            ".gitattributes",
            "bar-1.1.0.crate",
            "index/3/b/bar",
            "index/le/af/leaf",
            "leaf-0.1.0.crate",
            "leaf-0.2.0.crate"
        ]
    );
    assert_eq!(files["index/3/b/bar"].1, line.as_bytes(), "the line of the locked release, verbatim, and no other");
    assert_eq!(files["bar-1.1.0.crate"].1, registry.archive("bar", "1.1.0").unwrap());
    let config = project.read(".cargo/config.toml");
    assert!(config.contains("[source.sequestered-local]\nlocal-registry = \"third-party\""), "{config}");
    build_from_nothing_else(&project, &[]);

    let before = stamps(&project.root());
    let again = vendor(&project, &["--local-registry", "third-party"]).expect_code(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    assert_eq!(stamps(&project.root()), before);
    project.write("third-party/bar-1.1.0.crate", "evil").write("third-party/index/3/b/bar", "evil");
    vendor(&project, &["--local-registry", "third-party"]).expect_code(0);
    assert_eq!(listing(&project.path("third-party")), files);
}

#[test]
fn a_dependency_of_a_dependency_from_another_registry_is_agreed_on() {
    let (public, private) = (TestRegistry::new(), TestRegistry::new());
    Package::new("leaf", "0.1.0").publish(&public);
    let crates_io = "https://github.com/rust-lang/crates.io-index";
    Package::new("own", "1.0.0")
        .dependency(Dependency::new("leaf", "^0.1").registry(crates_io))
        .file(
            "Cargo.toml",
            "[package]\nname = \"own\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nleaf = \"^0.1\"\n",
        )
        .publish(&private);
    let url = private.url();
    let project = project(&public)
        .env("CARGO_REGISTRIES_MINE_INDEX", &url)
        .dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let policy = format!("[sources]\nmirrors = [\"{}\"]\nallow-registries = [\"{url}\"]\n", public.url());
    project.write("sequester.toml", policy);
    project.lock_with_cargo();
    vendor(&project, &[]).expect_code(0);
    build_from_nothing_else(&project, &[]);
}
