//! What no baseline carries, and when nothing is written at all.

use super::{NOW, World};
use crate::support::{Advisory, Package};

#[test]
fn malice_other_bytes_and_deletion_are_listed_and_never_carried() {
    let world = World::new()
        .dep("evil", "2021-01-01T00:00:00Z")
        .dep("swapped", "2026-01-31T00:00:00Z")
        .dep("gone", "2021-01-01T00:00:00Z")
        .dep("young", "2026-01-31T00:00:00Z")
        .lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "evil").malicious().date("2026-01-10"));
    Package::new("swapped", "1.0.0")
        .pubtime("2026-01-31T00:00:00Z")
        .file("src/lib.rs", "// other")
        .publish(&world.registry);
    world.registry.delete("gone", "1.0.0");
    let told = world.init(&[], 1).stdout;
    for name in ["evil@1.0.0", "swapped@1.0.0", "gone@1.0.0", "malicious", "checksum-mismatch", "not-in-index"] {
        assert!(told.contains(name), "{name} in\n{told}");
    }
    assert!(told.contains("no baseline may carry"), "{told}");
    let (policy, approvals) = world.policy();
    let names: Vec<_> = approvals.iter().map(|one| one.crate_name.as_written()).collect();
    assert_eq!((names, policy.advisories.ignore.len()), (vec!["young"], 0));
    assert_eq!(world.summary(&[], 1)["rejected"], 3);
}

#[test]
fn another_registry_and_a_banned_crate_are_never_carried() {
    let world = World::new().dep("young", "2026-01-31T00:00:00Z").lock();
    let lock = world.project.read("Cargo.lock");
    let other = "\n[[package]]\nname = \"inner\"\nversion = \"1.0.0\"\nsource = \"registry+https://registry.example.org/index\"\nchecksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n";
    world.project.write("Cargo.lock", format!("{lock}{other}"));
    world.project.write("deny.toml", "[bans]\ndeny = [\"young\"]\n");
    // The registry is not asked, because no policy names it, and what is said of it is enough to refuse its package.
    let outcome = world.run("init", &["--yes", "--lockfile", "Cargo.lock"]).expect_code(1);
    assert!(outcome.stdout.contains("source-not-allowed"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("registry.example.org"), "{}", outcome.stdout);
    assert!(world.policy().1.is_empty());
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    std::fs::remove_dir_all(world.project.path(".sequester")).unwrap();
    world.project.write("Cargo.lock", lock);
    let told = world.init(&[], 1).stdout;
    assert!(told.contains("denied"), "{told}");
    assert!(world.policy().1.is_empty());
}

#[test]
fn what_is_there_is_never_overwritten() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    world.project.write("sequester.toml", "# mine\n");
    let outcome = world.init(&[], 2);
    assert!(outcome.stderr.contains("sequester.toml is there already"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("help: "), "{}", outcome.stderr);
    assert_eq!((world.project.read("sequester.toml"), world.has(".sequester")), ("# mine\n".to_owned(), false));
    #[cfg(unix)]
    {
        std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
        std::os::unix::fs::symlink("elsewhere.toml", world.project.path("sequester.toml")).unwrap();
        world.init(&[], 2);
        assert!(!world.has("elsewhere.toml"));
    }
}

#[test]
fn without_a_terminal_nothing_is_written_but_everything_is_shown() {
    let world = World::new().dep("young", "2026-01-31T00:00:00Z").lock();
    let outcome = world.run("init", &[]).expect_code(2);
    assert!(
        outcome.stdout.contains("[[approval]]") && outcome.stdout.contains("crate = \"young\""),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stderr.contains("--yes"), "{}", outcome.stderr);
    assert!(!world.has("sequester.toml") && !world.has(".sequester"));
    let outcome = world.run("init", &["--dry-run"]).expect_code(0);
    assert!(outcome.stdout.contains("Would write sequester.toml"), "{}", outcome.stdout);
    let outcome = world.run("init", &["--dry-run", "--yes"]).expect_code(0);
    assert!(!outcome.stdout.contains("Wrote"), "{}", outcome.stdout);
    assert!(!world.has("sequester.toml") && !world.has(".sequester"));
}

/// C15, E1: a baseline of what nobody knows would be no baseline.
#[test]
fn what_cannot_be_decided_is_not_written_down() {
    let world = World::new().dep("young", "2026-01-31T00:00:00Z").lock();
    let stale = world.run("init", &["--yes", "--now", "2026-06-01T00:00:00Z"]).expect_code(2);
    assert!(stale.stdout.contains("help"), "{}", stale.stdout);
    world.registry.delete_crate("young");
    std::fs::remove_dir_all(world.project.cargo_home()).unwrap();
    world.run("init", &["--yes", "--offline"]).expect_code(2);
    assert!(!world.has("sequester.toml") && !world.has(".sequester"));
    let outcome = world.run("init", &["--yes", "--now", "2999-01-01T00:00:00Z"]).expect_code(2);
    assert!(outcome.stderr.contains("--now is 2999-01-01T00:00:00Z"), "{}", outcome.stderr);
    assert_ne!(NOW, "2999-01-01T00:00:00Z");
}
