//! `--platform`: what no named platform builds becomes a stub.

use super::{build_from_nothing_else, locked, project, stamps, vendor};
use crate::support::{Dependency, Package, Project, TestRegistry};

/// The triple of the compiler that builds these tests.
fn host(project: &Project) -> String {
    let said = project.run("rustc", &["-vV"]).expect_code(0).stdout;
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// Needs `far` on a platform that nobody builds for here.
fn with_far_away(registry: &TestRegistry) -> Project {
    let manifest = "[package]\nname = \"far\"\nversion = \"1.0.0\"\nedition = \"2021\"\nbuild = \"tools/build.rs\"\n\
        [lib]\npath = \"source/far.rs\"\n[[bin]]\nname = \"tool\"\npath = \"tools/tool.rs\"\n[dependencies]\nfarther = \"^1\"\n";
    Package::new("farther", "1.0.0").file("build.rs", "fn main() {}").file("LICENSE", "x").publish(registry);
    Package::new("far", "1.0.0")
        .dep("farther", "^1")
        .file("Cargo.toml", manifest)
        .file("source/far.rs", "compile_error!(\"not here\");")
        .file("source/part.rs", "// more")
        .file("tools/build.rs", "fn main() {}")
        .file("tools/tool.rs", "fn main() {}")
        .publish(registry);
    Package::new("near", "1.0.0")
        .dependency(Dependency::new("far", "^1").target("cfg(target_os = \"hermit\")"))
        .publish(registry);
    let project = project(registry).dep("near", "1");
    project.lock_with_cargo();
    project
}

#[test]
fn stubs_stand_in_and_cargo_does_not_miss_the_rest() {
    let registry = TestRegistry::new();
    let project = with_far_away(&registry);
    let host = host(&project);
    let done = vendor(&project, &["--platform", &host]).expect_code(0);
    assert!(done.stdout.contains("2 stubs"), "{}", done.stdout);
    for empty in
        ["far/source/far.rs", "far/tools/build.rs", "far/tools/tool.rs", "farther/build.rs", "farther/src/lib.rs"]
    {
        assert_eq!(project.read(&format!("vendor/{empty}")), "", "{empty}");
    }
    assert!(project.read("vendor/far/Cargo.toml").contains("farther"), "the manifest is verbatim");
    assert!(!project.path("vendor/far/source/part.rs").exists() && !project.path("vendor/farther/LICENSE").exists());
    let checksums = project.read("vendor/far/.cargo-checksum.json");
    assert!(!checksums.contains("\"package\":null"), "{checksums}");
    let config = project.read(".cargo/config.toml");
    let stubs = config.lines().filter(|line| line.contains("stub = true")).count();
    assert_eq!(stubs, 2, "{config}");
    assert!(config.lines().any(|line| line.contains("near@1.0.0") && !line.contains("stub")), "{config}");

    assert!(config.contains(&format!("[sequester]\nversion = 1\nplatforms = [\"{host}\"]\n")), "{config}");

    build_from_nothing_else(&project, &["--target", &host]);
    build_from_nothing_else(&project, &[]);
    for arguments in [vec!["--filter-platform", &host], vec![]] {
        let fixed = ["metadata", "--format-version=1", "--offline", "--locked"];
        project.cargo(&[&fixed, &arguments[..]].concat()).expect_code(0);
    }
    let before = stamps(&project.root());
    vendor(&project, &["--platform", &host]).expect_code(0);
    assert_eq!(stamps(&project.root()), before);

    // Without the option the stubs become whole again.
    let whole = vendor(&project, &[]).expect_code(0);
    assert!(whole.stdout.contains("2 rewritten"), "{}", whole.stdout);
    assert!(project.path("vendor/far/source/part.rs").exists());
    let config = project.read(".cargo/config.toml");
    assert!(!config.contains("stub") && !config.contains("platforms"), "{config}");
}

#[test]
fn a_platform_that_needs_it_gets_it_whole() {
    let registry = TestRegistry::new();
    let project = with_far_away(&registry);
    let host = host(&project);
    vendor(&project, &["--platform", &host, "--platform", "x86_64-unknown-hermit"]).expect_code(0);
    assert!(project.path("vendor/far/source/part.rs").exists());
}

#[test]
fn what_is_no_platform_is_refused() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    for name in ["x86_64-nobody-nothing", "../target.json", "", "spec.json"] {
        let refused = vendor(&project, &["--platform", name]).expect_code(2);
        assert!(refused.stderr.contains("rustc --print target-list"), "{}", refused.stderr);
    }
    assert!(!project.path("vendor").exists());
}
