//! `cargo <args>`: two phases, with real cargo over a loopback registry.

mod packaging;
mod remembered;
mod stuck;

use crate::support::{Outcome, Package, Project, TestRegistry};
use crate::update::{FRESH, NOW, OLD, locked, project};

fn cargo(project: &Project, arguments: &[&str]) -> Outcome {
    project.sequester(&[&["cargo", "--now", NOW, "--no-advisories"], arguments].concat())
}

fn two_releases(registry: &TestRegistry) {
    Package::new("bar", "1.0.0").pubtime(OLD).file("src/lib.rs", "pub fn bar() {}\n").publish(registry);
    Package::new("bar", "1.1.0").pubtime(FRESH).file("src/lib.rs", "pub fn bar() {}\n").publish(registry);
}

#[cfg(unix)]
fn with_subcommand(project: Project) -> Project {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = project.cargo_home().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let tool = folder.join("cargo-foo");
    // As clippy does: it runs cargo itself, and gets none of the options that its caller was given.
    std::fs::write(&tool, "#!/bin/sh\n\"$CARGO\" check && grep -A1 'name = \"bar\"' Cargo.lock\nexit 7\n").unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    project
}

#[test]
fn a_build_without_a_lock_file_gets_a_sequestered_one() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1");
    cargo(&project, &["build"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
    assert!(!registry.requested_paths().contains(&TestRegistry::download_path("bar", "1.1.0")));
    let again = project.cargo(&["build", "--locked"]).expect_code(0);
    assert!(!again.stderr.contains("Compiling"), "{}", again.stderr);
}

#[cfg(unix)]
#[test]
fn an_external_subcommand_without_a_lock_file_sees_a_sequestered_one() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = with_subcommand(project(&registry).dep("bar", "1"));
    let outcome = cargo(&project, &["foo"]).expect_code(7);
    assert!(outcome.stdout.contains("version = \"1.0.0\""), "{}\n{}", outcome.stdout, outcome.stderr);
}

#[cfg(unix)]
#[test]
fn an_external_command_that_is_told_locked_gets_no_lock_file_that_is_not_whole() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = with_subcommand(project(&registry).dep("bar", "1"));
    for option in ["--locked", "--frozen"] {
        let outcome = cargo(&project, &["foo", option]).expect_code(2);
        assert!(outcome.stderr.contains("help: complete it: cargo sequester update --workspace"), "{}", outcome.stderr);
        assert!(!project.path("Cargo.lock").exists());
    }
    project.sequester(&["update", "--workspace", "--no-advisories", "--now", NOW]).expect_code(0);
    cargo(&project, &["foo", "--locked"]).expect_code(7);
}

#[test]
fn a_hidden_locked_release_stops_a_build_even_with_a_warm_cache() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    project.cargo(&["fetch"]).expect_code(0);
    for arguments in [&["build"][..], &["build", "--locked"], &["build", "--offline"], &["clippy"]] {
        let outcome = cargo(&project, arguments).expect_code(1);
        assert!(outcome.stderr.contains("bar@1.1.0") && outcome.stderr.contains("too-new"), "{}", outcome.stderr);
        assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    }
    assert!(!project.path("target").exists());
}

#[test]
fn an_incomplete_lock_file_is_completed_behind_the_filter() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    Package::new("more", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("more", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "=1.0.0");
    project.lock_with_cargo();
    let project = project.dep("more", "1");
    cargo(&project, &["check", "--locked"]).expect_code(101);
    cargo(&project, &["check"]).expect_code(0);
    assert_eq!((locked(&project, "bar"), locked(&project, "more")), ("1.0.0".to_owned(), "1.0.0".to_owned()));
}

#[test]
fn add_takes_an_approved_release_and_edits_the_manifest() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry);
    cargo(&project, &["add", "bar"]).expect_code(0);
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains("bar = \"1.0.0\""), "{manifest}");
    cargo(&project, &["generate-lockfile"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
    cargo(&project, &["remove", "bar"]).expect_code(0);
    assert!(!project.read("Cargo.toml").contains("bar"));
}

#[test]
fn what_cannot_be_resolved_leaves_manifest_and_lock_file() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    Package::new("base", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("base", "1");
    project.lock_with_cargo();
    let before = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    let outcome = cargo(&project, &["add", "bar@1.1"]);
    assert_ne!(outcome.code, 0, "{}", outcome.stderr);
    let built = cargo(&project, &["generate-lockfile", "--bogus"]);
    assert_ne!(built.code, 0);
    assert_eq!((project.read("Cargo.toml"), project.read("Cargo.lock")), before);
}

#[test]
fn a_failed_resolution_is_explained() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1.1");
    let outcome = cargo(&project, &["build"]).expect_code(101);
    assert!(outcome.stderr.contains("wait: bar@1.1.0 is eligible"), "{}", outcome.stderr);
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn offline_commands_read_the_cache() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    registry.forget_requests();
    cargo(&project, &["generate-lockfile", "--offline"]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.0.0");
    assert!(registry.requests().is_empty(), "{:?}", registry.requested_paths());
}

#[test]
fn vendor_runs_on_the_usual_sources() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1");
    // Stock `vendor` goes past `replace-with`; only the first phase is of interest here.
    let outcome = cargo(&project.env("CARGO_NET_OFFLINE", "true"), &["vendor", "--help"]).expect_code(0);
    assert!(outcome.stdout.contains("vendor"), "{}", outcome.stdout);
}

#[test]
fn a_lock_file_of_format_3_is_left_alone() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "=1.0.0");
    let lock = project.lock_with_cargo().replace("version = 4", "version = 3").replace('\n', "\r\n");
    project.write("Cargo.lock", &lock);
    cargo(&project, &["check"]).expect_code(0);
    assert_eq!(project.read("Cargo.lock"), lock);
}

#[test]
fn exit_codes_output_and_aliases_pass_through() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1").config("[alias]\nstart = \"run --quiet --\"\n");
    project.write("src/main.rs", "fn main() { println!(\"{:?}\", std::env::args().nth(1)); std::process::exit(9) }\n");
    let outcome = cargo(&project, &["start", "--offline"]).expect_code(9);
    assert_eq!(outcome.stdout.trim(), "Some(\"--offline\")");
    let version = cargo(&project, &["--version"]).expect_code(0);
    assert!(version.stdout.starts_with("cargo "), "{}", version.stdout);
}

#[test]
fn install_is_refused_with_a_way_out() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    let outcome = cargo(&project, &["install", "bar"]).expect_code(2);
    assert!(outcome.stderr.contains("help:") && outcome.stderr.contains("--path"), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn another_toolchain_is_the_stand_ins_business() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1");
    let folder = project.outside().join("rustup");
    std::fs::create_dir_all(&folder).unwrap();
    let stand_in = folder.join("cargo");
    let log = project.outside().join("log");
    let text = format!(
        "#!/bin/sh\necho \"$RUSTUP_TOOLCHAIN $*\" >> {log}\ncase \"$1\" in +*) shift;; esac\nexec {} \"$@\"\n",
        env!("CARGO")
    );
    std::fs::write(&stand_in, text).unwrap();
    std::fs::set_permissions(&stand_in, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{folder}:{}", project.environment().get("PATH").unwrap());
    let project = project.env("PATH", &path);
    cargo(&project, &["+other", "check"]).expect_code(0);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.lines().last().unwrap().ends_with("+other check --locked"), "{log}");
    assert!(log.lines().filter(|line| !line.contains("+other")).all(|line| line.starts_with("other ")), "{log}");
}

/// A project whose program prints its arguments, with a release in the lock file that is too young.
fn program_over_a_held_release(registry: &TestRegistry) -> Project {
    two_releases(registry);
    let project = project(registry).dep("bar", "1").file("src/main.rs", "fn main() { println!(\"started\"); }\n");
    project.lock_with_cargo();
    project
}

#[test]
fn what_belongs_to_the_program_opens_no_way_past_the_judge() {
    let registry = TestRegistry::new();
    let project = program_over_a_held_release(&registry);
    let elsewhere = crate::update::project(&registry).file("src/main.rs", "fn main() {}\n");
    elsewhere.lock_with_cargo();
    let other = elsewhere.root().join("Cargo.toml").to_string();
    for arguments in [
        &["run", "serve", "--help"][..],
        &["run", "-q", "serve", "-h"],
        &["run", "--", "--help"],
        &["run", "serve", "--manifest-path", &other],
        &["r", "serve", "--help"],
    ] {
        let outcome = cargo(&project, arguments).expect_code(1);
        assert!(outcome.stderr.contains("bar@1.1.0"), "{arguments:?}: {}", outcome.stderr);
        assert!(!outcome.stdout.contains("started"), "{arguments:?}: {}", outcome.stdout);
    }
    // Where it stands before the program's words, it is cargo's.
    cargo(&project, &["run", "--help"]).expect_code(0);
    cargo(&project, &["run", "--manifest-path", &other, "serve"]).expect_code(0);
}

#[test]
fn a_programs_locked_leaves_cargo_free_to_complete_the_lock_file() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1").file("src/main.rs", "fn main() { println!(\"started\"); }\n");
    let outcome = cargo(&project, &["run", "serve", "--locked"]).expect_code(0);
    assert!(outcome.stdout.contains("started"), "{}", outcome.stdout);
    assert_eq!(locked(&project, "bar"), "1.0.0");
}

#[test]
fn commands_that_build_or_resolve_on_the_way_are_judged() {
    let registry = TestRegistry::new();
    let project = program_over_a_held_release(&registry);
    for arguments in [
        &["publish", "--dry-run"][..],
        &["package", "--list"],
        &["clean", "-p", "bar"],
        &["info", "bar"],
        &["pkgid", "bar"],
        &["rustc", "--", "--print", "sysroot"],
    ] {
        let outcome = cargo(&project, arguments).expect_code(1);
        assert!(outcome.stderr.contains("bar@1.1.0"), "{arguments:?}: {}", outcome.stderr);
    }
    cargo(&project, &["clean"]).expect_code(0);
    cargo(&project, &["metadata", "--no-deps", "--format-version", "1"]).expect_code(0);
}

#[test]
fn a_script_is_refused_with_a_way_out() {
    let registry = TestRegistry::new();
    let project = project(&registry);
    for arguments in [&["tool.rs"][..], &["./tool"], &["run", "--manifest-path", "tool.rs"]] {
        let outcome = cargo(&project, arguments).expect_code(2);
        assert!(outcome.stderr.contains("cargo script"), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_path_that_is_added_is_no_manifest_of_the_run() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry)
        .file("dep/Cargo.toml", "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n")
        .file("dep/src/lib.rs", "");
    cargo(&project, &["add", "--path", "dep"]).expect_code(0);
    assert!(project.read("Cargo.toml").contains("path = \"dep\""), "{}", project.read("Cargo.toml"));
    assert!(project.read("Cargo.lock").contains("name = \"dep\""), "{}", project.read("Cargo.lock"));
    assert!(!project.root().join("dep/Cargo.lock").exists());
}

#[test]
fn another_lock_file_is_seen_wherever_it_is_named() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry)
        .dep("bar", "1")
        .config("[alias]\nx = [\"--config\", \"resolver.lockfile-path='other/Cargo.lock'\", \"build\"]\n");
    for arguments in [
        &["--config", "resolver.lockfile-path='other/Cargo.lock'", "build"][..],
        &["build", "--config=resolver.lockfile-path='other/Cargo.lock'"],
        &["build", "--lockfile-path", "other/Cargo.lock"],
        &["x"],
    ] {
        let outcome = cargo(&project, arguments).expect_code(2);
        assert!(outcome.stderr.contains("lock"), "{arguments:?}: {}", outcome.stderr);
        assert!(!project.root().join("Cargo.lock").exists(), "{arguments:?}");
    }
}

/// Cargo builds them whatever is locked and approved.
#[test]
fn folders_in_the_place_of_what_is_locked_are_refused_where_something_is_built() {
    let registry = TestRegistry::new();
    two_releases(&registry);
    let project = project(&registry).dep("bar", "1");
    cargo(&project, &["check"]).expect_code(0);
    let given = "paths=['other']";
    for arguments in [&["--config", given, "check"][..], &["check", "--config", given], &["run", "--config", given]] {
        let outcome = cargo(&project, arguments).expect_code(2);
        assert!(outcome.stderr.contains("in the place of locked packages"), "{arguments:?}: {}", outcome.stderr);
    }
    cargo(&project, &["--config", given, "clean"]).expect_code(0);
    let ours = project.read(".cargo/config.toml");
    project.write(".cargo/config.toml", format!("paths = []\n{ours}"));
    cargo(&project, &["check"]).expect_code(0);
    project.write(".cargo/config.toml", format!("paths = [\"other\"]\n{ours}"));
    let outcome = cargo(&project, &["check"]).expect_code(2);
    assert!(outcome.stderr.contains("config.toml") && outcome.stderr.contains("[patch]"), "{}", outcome.stderr);
}

#[test]
fn a_short_name_is_the_users_to_define_and_a_full_one_is_not() {
    let registry = TestRegistry::new();
    let project = program_over_a_held_release(&registry)
        .config("[alias]\nb = \"locate-project\"\nc = \"x\"\nx = \"c\"\nbuild = \"locate-project\"\n");
    let outcome = cargo(&project, &["b"]).expect_code(0);
    assert!(outcome.stdout.contains("Cargo.toml"), "{}", outcome.stdout);
    cargo(&project, &["build"]).expect_code(1);
    cargo(&project, &["c"]).expect_code(1);
}

/// However much is hidden: cargo is asked once, and its words stand alone.
#[cfg(unix)]
#[test]
fn a_version_that_no_registry_has_is_not_searched_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = TestRegistry::new();
    two_releases(&registry);
    Package::new("more", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("more", "1.1.0").pubtime(FRESH).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let (script, count) = (project.outside().join("counting"), project.outside().join("count"));
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *\" add \"*) echo \"$*\" >> {count};; esac\nexec {} \"$@\"\n",
        env!("CARGO")
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let project = project.env("CARGO", script.as_str());
    let outcome = cargo(&project, &["add", "more@99"]).expect_code(101);
    assert!(outcome.stderr.contains("could not be found") && !outcome.stderr.contains("Hidden"), "{}", outcome.stderr);
    assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 1);
    let outcome = cargo(&project, &["add", "more@1.1", "--dry-run"]);
    assert_ne!(outcome.code, 0);
    assert!(std::fs::read_to_string(&count).unwrap().lines().count() > 2, "what is hidden is searched for");
}
