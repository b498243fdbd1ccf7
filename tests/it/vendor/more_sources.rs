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

/// A repository with these files, and its commit; `None` with a printed line where there is no git.
fn repository_of(project: &Project, files: &[(&str, &str)]) -> Option<(String, String)> {
    let folder = project.outside().join("repository");
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    if git(project, &["init", "--quiet"]).is_none() {
        eprintln!("skipped: there is no git");
        return None;
    }
    git(project, &["add", "."]).unwrap();
    git(project, &["commit", "--quiet", "-m", "First"]).unwrap();
    let commit = git(project, &["rev-parse", "HEAD"]).unwrap();
    Some((format!("file://{folder}"), commit.trim().to_owned()))
}

/// Runs git in the repository.
fn git(project: &Project, arguments: &[&str]) -> Option<String> {
    let mut command = project.command("git");
    command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org"]).args(arguments);
    command.current_dir(project.outside().join("repository"));
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// A repository with a package in it.
fn repository(project: &Project) -> Option<(String, String)> {
    let manifest = "[workspace.package]\nversion = \"0.4.0\"\n[package]\nname = \"forked\"\nversion.workspace = true\nedition = \"2021\"\n[dependencies]\nleaf = \"0.1\"\n";
    repository_of(
        project,
        &[("Cargo.toml", manifest), ("src/lib.rs", "pub use leaf::leaf;\n"), (".gitignore", "target\n")],
    )
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
fn references_of_any_spelling_lead_cargo_to_the_vendored_packages() {
    let registry = TestRegistry::new();
    super::publish(&registry);
    let project = project(&registry);
    let packages = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"foo\", \"bar\"]\nresolver = \"2\"\n[workspace.package]\nversion = \"0.3.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n[workspace.dependencies]\nfoo = { path = \"foo\" }\nleaf = \"0.1\"\n",
        ),
        ("README.md", "Of the whole.\n"),
        (
            "foo/Cargo.toml",
            "[package]\nname = \"foo\"\nversion.workspace = true\nedition.workspace = true\nreadme = \"../README.md\"\n",
        ),
        ("foo/src/lib.rs", "pub fn foo() -> u8 { 1 }\n"),
        (
            "bar/Cargo.toml",
            "[package]\nname = \"bar\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n[dependencies]\nfoo.workspace = true\nleaf.workspace = true\n",
        ),
        ("bar/src/lib.rs", "pub fn bar() -> u8 { foo::foo() + leaf::leaf() }\n"),
    ];
    let Some((url, commit)) = repository_of(&project, &packages) else { return };
    for branch in ["av/v+t", "feat/x#1%2F", "plain"] {
        git(&project, &["branch", branch]).unwrap();
    }
    git(&project, &["tag", "v1/rc+1"]).unwrap();
    let mirrors = registry.url();
    let policy =
        format!("[sources]\nmirrors = [\"{mirrors}\"]\nallow-git = [{{ url = \"{url}\", rev = \"{commit}\" }}]\n");
    project.write("sequester.toml", policy).write("src/lib.rs", "pub fn sum() -> u8 { bar::bar() }\n");
    let references = [
        "branch = \"av/v+t\"",
        "branch = \"feat/x#1%2F\"",
        "branch = \"plain\"",
        "tag = \"v1/rc+1\"",
        "rev = \"refs/heads/av/v+t\"",
    ];
    for reference in references {
        for left in ["Cargo.lock", ".cargo/config.toml"] {
            let _ = std::fs::remove_file(project.path(left));
        }
        let _ = std::fs::remove_dir_all(project.path("vendor"));
        let manifest = format!(
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nbar = {{ git = \"{url}\", {reference} }}\n"
        );
        project.write("Cargo.toml", manifest);
        project.lock_with_cargo();
        let stock_tree = stock(&project, &[]);
        vendor(&project, &[]).expect_code(0);
        assert_is(&stock_tree, &project.path("vendor"));
        let config = project.read(".cargo/config.toml");
        assert!(config.contains(&format!("\n{reference}\n")), "{reference}: {config}");
        build_from_nothing_else(&project, &[]);
        assert!(vendor(&project, &[]).expect_code(0).stdout.contains("nothing to do"), "{reference}");

        // What earlier versions wrote, which leads nowhere, is put right.
        let encoded = reference.replace('%', "%25").replace('+', "%2B").replace('#', "%23").replace('/', "%2F");
        project.write(".cargo/config.toml", config.replace(reference, &encoded));
        vendor(&project, &[]).expect_code(0);
        assert_eq!(project.read(".cargo/config.toml"), config);
        // Online as well, cargo takes the vendored package and not the repository's.
        let lib = project.read("vendor/bar/src/lib.rs");
        project.write("vendor/bar/src/lib.rs", "compile_error!(\"from here\");\n");
        std::fs::remove_dir_all(project.path("target")).unwrap();
        project.cargo(&["build"]).expect_code(101);
        project.write("vendor/bar/src/lib.rs", lib);
    }
}

#[test]
fn a_git_dependency_takes_nothing_from_archives_that_nobody_proved() {
    let registry = TestRegistry::new();
    super::publish(&registry);
    let project = project(&registry);
    let Some((url, commit)) = repository(&project) else { return };
    let project = project.dep_toml(&format!("forked = {{ git = \"{url}\", rev = \"{commit}\" }}")).dep("bar", "1");
    project.write("src/lib.rs", "pub fn sum() -> u8 { forked::leaf() + bar::leaf() }\n");
    let mirrors = registry.url();
    project.write(
        "sequester.toml",
        format!("[sources]\nmirrors = [\"{mirrors}\"]\nallow-git = [{{ url = \"{url}\", rev = \"{commit}\" }}]\n"),
    );
    project.lock_with_cargo();
    let stock_tree = stock(&project, &[]);
    // Garbage in the download cache is named, replaced, and read by nobody.
    super::each_file(&project.cargo_home().join("registry/cache"), &mut |path, _| {
        std::fs::write(path, "garbage").unwrap();
    });
    let done = vendor(&project, &[]).expect_code(0);
    assert_eq!(done.stdout.matches("Poisoned").count(), 2, "{}", done.stdout);
    assert_is(&stock_tree, &project.path("vendor"));
    build_from_nothing_else(&project, &[]);

    // A commit that the lock file's is not: the branch has moved on, and the locked one is still what is written.
    std::fs::write(project.outside().join("repository/src/lib.rs"), "pub use leaf::leaf; // newer\n").unwrap();
    git(&project, &["commit", "--quiet", "-am", "Second"]).unwrap();
    std::fs::remove_dir_all(project.path("vendor/forked")).unwrap();
    vendor(&project, &[]).expect_code(0);
    assert_is(&stock_tree, &project.path("vendor"));
}

#[test]
fn a_patch_by_git_is_vendored_in_the_place_of_the_release() {
    let registry = TestRegistry::new();
    super::publish(&registry);
    let project = project(&registry);
    let leaf = "[package]\nname = \"leaf\"\nversion = \"0.1.9\"\nedition = \"2021\"\n";
    let files = [("Cargo.toml", leaf), ("src/lib.rs", "pub fn leaf() -> u8 { 9 }\n")];
    let Some((url, commit)) = repository_of(&project, &files) else { return };
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nbar = \"1\"\n[patch.crates-io]\nleaf = {{ git = \"{url}\", rev = \"{commit}\" }}\n"
    );
    project.write("Cargo.toml", manifest).write("src/lib.rs", "pub use bar::leaf;\n");
    let mirrors = registry.url();
    project.write(
        "sequester.toml",
        format!("[sources]\nmirrors = [\"{mirrors}\"]\nallow-git = [{{ url = \"{url}\", rev = \"{commit}\" }}]\n"),
    );
    project.lock_with_cargo();
    let stock_tree = stock(&project, &[]);
    vendor(&project, &[]).expect_code(0);
    assert_is(&stock_tree, &project.path("vendor"));
    build_from_nothing_else(&project, &[]);
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
