//! Other registries, vendored sources, proxies.

use super::{FRESH, NOW, OLD, locked, project, update};
use crate::support::{Dependency, Package, Project, TestRegistry};

fn two_releases(registry: &TestRegistry, name: &str) {
    Package::new(name, "1.0.0").pubtime(OLD).publish(registry);
    Package::new(name, "1.1.0").pubtime(FRESH).publish(registry);
}

#[test]
fn a_second_registry_is_filtered_too() {
    let (registry, mine) = (TestRegistry::new(), TestRegistry::new());
    two_releases(&registry, "bar");
    two_releases(&mine, "own");
    let project = project(&registry)
        .registry("mine", &mine)
        .dep("bar", "1")
        .dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}allow-registries = [\"{}\"]\n", mine.url()));
    update(&project, &[]).expect_code(0);
    assert_eq!((locked(&project, "bar"), locked(&project, "own")), ("1.0.0".to_owned(), "1.0.0".to_owned()));
    let lock = project.read("Cargo.lock");
    assert!(lock.contains(&format!("source = \"{}\"", mine.url())), "{lock}");
    assert!(!lock.contains("127.0.0.1:2"), "{lock}");
    project.cargo(&["metadata", "--locked", "--format-version=1"]).expect_code(0);
}

#[test]
fn a_registry_that_only_a_dependency_names_is_filtered_too() {
    let (registry, deep) = (TestRegistry::new(), TestRegistry::new());
    two_releases(&deep, "leaf");
    Package::new("bar", "1.0.0")
        .pubtime(OLD)
        .dependency(Dependency::new("leaf", "1").registry(&deep.url()))
        .publish(&registry);
    let project = project(&registry).dep("bar", "1");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}allow-registries = [\"{}\"]\n", deep.url()));
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "leaf"), "1.0.0");
}

#[test]
fn a_registry_that_a_source_table_names_keeps_its_name() {
    let (registry, mine) = (TestRegistry::new(), TestRegistry::new());
    two_releases(&registry, "bar");
    two_releases(&mine, "own");
    let project = project(&registry)
        .registry("mine", &mine)
        .config(&format!("[source.\"the mine\"]\nregistry = \"{}\"\n", mine.url()))
        .dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}allow-registries = [\"{}\"]\n", mine.url()));
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "own"), "1.0.0");
}

#[test]
fn a_registry_that_wants_a_token_gets_it_from_us_and_not_from_cargo() {
    let (registry, mine) = (TestRegistry::new(), TestRegistry::new());
    two_releases(&mine, "own");
    mine.require_token("secret");
    let project = project(&registry)
        .registry("mine", &mine)
        .env("CARGO_REGISTRIES_MINE_TOKEN", "secret")
        .dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}allow-registries = [\"{}\"]\n", mine.url()));
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "own"), "1.0.0");
}

#[test]
fn a_vendored_registry_is_looked_through() {
    let (registry, mine) = (TestRegistry::new(), TestRegistry::new());
    Package::new("own", "1.0.0").pubtime(OLD).publish(&mine);
    let project = project(&registry).registry("mine", &mine).dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}allow-registries = [\"{}\"]\n", mine.url()));
    project.lock_with_cargo();
    let vendored = project.cargo(&["vendor", "--locked"]).expect_code(0);
    let project =
        project.config(&vendored.stdout.replace("[source.crates-io]\nreplace-with = \"vendored-sources\"\n", ""));
    Package::new("own", "1.1.0").pubtime(OLD).publish(&mine);
    Package::new("own", "1.2.0").pubtime(FRESH).publish(&mine);
    // Plain cargo sees what is vendored and nothing else.
    project.cargo(&["update"]).expect_code(0);
    assert_eq!(locked(&project, "own"), "1.0.0");
    let outcome = update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "own"), "1.1.0");
    assert!(outcome.stdout.contains("cargo sequester vendor"), "{}", outcome.stdout);
}

/// Cargo takes the vendored sources of a folder above, too. What was published is asked of whoever stands in for the registry beneath them.
#[test]
fn the_vendored_registry_of_a_folder_above_is_looked_through() {
    let registry = TestRegistry::new();
    two_releases(&registry, "bar");
    let project = project(&registry);
    let mirror = project.read(".cargo/config.toml");
    std::fs::write(project.cargo_home().join("config.toml"), mirror).unwrap();
    project.write(".cargo/config.toml", "");
    project.write(
        "tools/Cargo.toml",
        "[package]\nname = \"tools\"\nversion = \"0.1.0\"\n\n[workspace]\n\n[dependencies]\nbar = \"1\"\n",
    );
    project.write("tools/src/lib.rs", "").write("tools/sequester.toml", project.read("sequester.toml"));
    let tools = ["--manifest-path", "tools/Cargo.toml"];
    project.cargo(&[&["update", "-p", "bar", "--precise", "1.0.0"], &tools[..]].concat()).expect_code(0);
    project.write("vendor/placeholder/.gitkeep", "");
    let vendored = "[source.crates-io]\nreplace-with = \"sequestered\"\n[source.sequestered]\ndirectory = \"vendor\"\n";
    project.write(".cargo/config.toml", vendored);
    let audit = |more: &[&str]| {
        project.sequester(&[&["audit", "--no-advisories", "--now", NOW], more].concat()).expect_code(0).stdout
    };
    registry.forget_requests();
    let told = audit(&tools);
    assert!(!told.contains("not-in-index"), "{told}");
    assert!(!registry.requested_paths().is_empty());
}

#[test]
fn a_proxy_is_not_asked_for_the_loopback_address() {
    let registry = TestRegistry::new();
    two_releases(&registry, "bar");
    // Ourselves we reach the loopback registry past it too; cargo alone would not.
    let project = project(&registry)
        .dep("bar", "1")
        .env("http_proxy", "http://127.0.0.1:9")
        .env("HTTPS_PROXY", "http://127.0.0.1:9");
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
}

#[test]
fn offline_the_cache_is_enough() {
    let registry = TestRegistry::new();
    two_releases(&registry, "bar");
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    assert_eq!(locked(&project, "bar"), "1.1.0");
    registry.forget_requests();
    project.sequester(&["update", "--now", NOW, "--no-advisories", "--offline"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
    assert!(registry.requests().is_empty(), "{:?}", registry.requested_paths());
}

#[test]
fn names_with_capitals_are_found_by_cargos_lower_case_paths() {
    let registry = TestRegistry::new();
    two_releases(&registry, "Inflector");
    let project = project(&registry).dep("Inflector", "1");
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "Inflector"), "1.0.0");
}

#[test]
fn features_lead_to_optional_dependencies() {
    let registry = TestRegistry::new();
    two_releases(&registry, "leaf");
    Package::new("bar", "1.0.0")
        .pubtime(OLD)
        .feature("default", &["more"])
        .feature("more", &["dep:leaf"])
        .dependency(Dependency::new("leaf", "1").optional())
        .publish(&registry);
    let project: Project = project(&registry).dep("bar", "1");
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "leaf"), "1.0.0");
}

#[test]
fn a_vendored_git_dependency_does_not_stand_in_the_way() {
    let (registry, mine) = (TestRegistry::new(), TestRegistry::new());
    Package::new("own", "1.0.0").pubtime(OLD).publish(&mine);
    let project = project(&registry).registry("mine", &mine);
    let repository = project.outside().join("repository");
    std::fs::create_dir_all(repository.join("src")).unwrap();
    std::fs::write(
        repository.join("Cargo.toml"),
        "[package]\nname = \"gitdep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    )
    .unwrap();
    std::fs::write(repository.join("src/lib.rs"), "").unwrap();
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first"],
    ] {
        let status = project.command("git").current_dir(&repository).args(arguments).status().unwrap();
        assert!(status.success());
    }
    let url = format!("file://{repository}");
    let project = project
        .dep_toml("own = { version = \"1\", registry = \"mine\" }")
        .dep_toml(&format!("gitdep = {{ git = \"{url}\" }}"));
    let policy = project.read("sequester.toml");
    project.write(
        "sequester.toml",
        format!("{policy}allow-registries = [\"{}\"]\nallow-git = [{{ url = \"{url}\" }}]\n", mine.url()),
    );
    project.lock_with_cargo();
    let vendored = project.cargo(&["vendor", "--locked"]).expect_code(0);
    let project =
        project.config(&vendored.stdout.replace("[source.crates-io]\nreplace-with = \"vendored-sources\"\n", ""));
    assert!(project.read(".cargo/config.toml").contains("[source.\"git+file"), "{}", vendored.stdout);
    Package::new("own", "1.1.0").pubtime(OLD).publish(&mine);
    Package::new("own", "1.2.0").pubtime(FRESH).publish(&mine);
    project.cargo(&["update"]).expect_code(101);
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "own"), "1.1.0");
    let lock = project.read("Cargo.lock");
    assert!(lock.contains(&format!("source = \"git+{url}#")), "{lock}");
}
