//! The second run: nothing to do is nothing done, one release is one folder, and what was altered comes back.

use std::process::Stdio;
use std::time::Duration;

use super::{assert_is, beside_trail, build_from_nothing_else, everything, listing, locked, stamps, stock, vendor};
use crate::support::{Package, TestRegistry};

#[test]
fn a_second_run_changes_nothing_and_still_asks_the_mirror() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let (files, before) = (everything(&project), stamps(&project.root()));
    registry.forget_requests();
    let again = vendor(&project, &[]).expect_code(0);
    assert!(again.stdout.contains("Vendored 3 packages (nothing to do)"), "{}", again.stdout);
    assert_eq!(everything(&project), files);
    assert_eq!(stamps(&project.root()), before);
    // The project's own file now replaces crates.io; the machine's mirror beneath it is still the one to ask.
    let asked = registry.requested_paths();
    assert!(
        asked.iter().any(|path| path.contains("bar")) && asked.iter().all(|path| !path.starts_with("/dl/")),
        "{asked:?}"
    );
    vendor(&project, &["--offline"]).expect_code(0);
}

#[test]
fn a_new_release_touches_its_own_folder_alone() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let before = stamps(&project.path("vendor"));
    Package::new("bar", "1.2.0").dep("leaf", "^0.1").file("src/lib.rs", "pub use leaf::leaf;\n").publish(&registry);
    std::fs::rename(project.path(".cargo/config.toml"), project.path("config.kept")).unwrap();
    project.cargo(&["update", "-p", "bar"]).expect_code(0);
    std::fs::rename(project.path("config.kept"), project.path(".cargo/config.toml")).unwrap();
    let stock_tree = stock_without_config(&project);
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("(1 rewritten"), "{}", done.stdout);
    assert_is(&stock_tree, &project.path("vendor"));
    let after = stamps(&project.path("vendor"));
    for (path, stamp) in before.iter().filter(|(path, _)| !path.starts_with("bar/")) {
        assert_eq!(after.get(path), Some(stamp), "{path}");
    }
    assert!(project.read(".cargo/config.toml").contains("bar@1.2.0"));
    assert!(!project.read(".cargo/config.toml").contains("bar@1.1.0"));
    build_from_nothing_else(&project, &[]);
}

/// With the vendored sources in the registry's place, stock cargo would vendor from them.
fn stock_without_config(project: &crate::support::Project) -> std::collections::BTreeMap<String, (u32, Vec<u8>)> {
    std::fs::rename(project.path(".cargo"), project.path("cargo.kept")).unwrap();
    let tree = stock(project, &[]);
    std::fs::rename(project.path("cargo.kept"), project.path(".cargo")).unwrap();
    tree
}

#[test]
fn h1_h2_what_was_edited_comes_back_even_with_its_digests() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let genuine = beside_trail(&project);
    project.write("vendor/bar/src/lib.rs", "compile_error!(\"evil\");\n");
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("1 rewritten"), "{}", done.stdout);
    assert_eq!(beside_trail(&project), genuine);

    // A change that edits file, list and allow-list together is consistent in itself, and still not the archive's tree.
    let mut list = project.read("vendor/bar/.cargo-checksum.json");
    let sha = |text: &str| {
        use sha2::Digest as _;
        sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let (old_tree, evil) = (sha(&list), "compile_error!(\"evil\");\n");
    list = list.replace(&sha("pub use leaf::leaf;\n"), &sha(evil));
    project.write("vendor/bar/src/lib.rs", evil).write("vendor/bar/.cargo-checksum.json", &list);
    let config = project.read(".cargo/config.toml");
    assert!(config.contains(&old_tree));
    project.write(".cargo/config.toml", config.replace(&old_tree, &sha(&list)));
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("src/lib.rs was changed"), "{}", done.stdout);
    assert_eq!(beside_trail(&project), genuine);
}

#[test]
fn h3_h4_h6_empty_lists_and_links_are_replaced_and_extra_files_refused() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let genuine = beside_trail(&project);
    project.write("vendor/bar/build.rs", "fn main() {}");
    project.write("vendor/leaf/.cargo-checksum.json", "{\"files\":{},\"package\":null}");
    let refused = vendor(&project, &[]).expect_code(2);
    assert!(refused.stderr.contains("`vendor/bar/build.rs`"), "{}", refused.stderr);
    std::fs::remove_file(project.path("vendor/bar/build.rs")).unwrap();
    project.write("vendor/bar/src/lib.rs", "// other\n");
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("2 rewritten"), "{}", done.stdout);
    assert!(
        done.stdout.contains(
            "vendor/leaf (leaf@0.2.0) was altered since it was written: .cargo-checksum.json was changed; it"
        )
    );
    assert_eq!(beside_trail(&project), genuine);
    #[cfg(unix)]
    {
        std::fs::rename(project.path("vendor/bar"), project.outside().join("bar")).unwrap();
        std::os::unix::fs::symlink(project.outside().join("bar"), project.path("vendor/bar")).unwrap();
        vendor(&project, &[]).expect_code(0);
        assert_eq!(beside_trail(&project), genuine);
        assert!(project.outside().join("bar/Cargo.toml").exists(), "what the link led to is not ours to remove");
    }
}

#[test]
fn a_tree_from_a_checkout_is_proven_and_not_written_again() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let before = stamps(&project.root());
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("nothing to do"), "{}", done.stdout);
    assert_eq!(stamps(&project.root()), before);
    std::fs::remove_dir_all(project.cargo_home().join("registry/cache")).unwrap();
    let refused = vendor(&project, &["--offline"]).expect_code(2);
    assert!(refused.stdout.contains("bar@1.1.0") && refused.stdout.contains("leaf@0.2.0"), "{}", refused.stdout);
}

#[test]
fn g8_what_is_no_longer_locked_goes_if_it_is_ours_and_is_reported_if_not() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    project.write("vendor/stranger/Cargo.toml", "[package]\nname = \"stranger\"\nversion = \"1.0.0\"\n");
    let unknown = vendor(&project, &[]).expect_code(1);
    assert!(unknown.stdout.contains("vendor/stranger"), "{}", unknown.stdout);
    std::fs::remove_dir_all(project.path("vendor/stranger")).unwrap();

    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nbar = \"1\"\n",
    );
    project.write("src/lib.rs", "");
    std::fs::rename(project.path(".cargo"), project.path("kept")).unwrap();
    project.lock_with_cargo();
    std::fs::rename(project.path("kept"), project.path(".cargo")).unwrap();
    let kept = vendor(&project, &["--no-delete"]).expect_code(0);
    assert!(kept.stdout.contains("vendor/leaf-0.1.0, which is no longer locked"), "{}", kept.stdout);
    // Its tree is still one that the allow-list names, so it is known to be ours.
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("1 removed") && !project.path("vendor/leaf-0.1.0").exists(), "{}", done.stdout);
}

#[test]
fn g8_stale_folders_of_ours_are_removed() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &["--versioned-dirs"]).expect_code(0);
    let done = vendor(&project, &[]).expect_code(0);
    assert!(done.stdout.contains("2 removed"), "{}", done.stdout);
    let mut folders: Vec<_> = listing(&project.path("vendor")).into_keys().collect();
    folders.retain(|path| path.ends_with("Cargo.toml"));
    assert_eq!(folders, ["bar/Cargo.toml", "leaf-0.1.0/Cargo.toml", "leaf/Cargo.toml"]);
}

#[test]
fn an_update_can_write_the_sources_too() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    Package::new("leaf", "0.2.1").file("src/lib.rs", "pub fn leaf() -> u8 { 3 }\n").publish(&registry);
    let refused = project.sequester(&["update", "--vendor", "--format", "json", "--no-advisories"]).expect_code(2);
    assert!(
        refused.stderr.contains("help: run `cargo sequester vendor --format json --no-advisories` afterwards"),
        "{}",
        refused.stderr
    );
    project.sequester(&["update", "--vendor", "--no-advisories"]).expect_code(0);
    assert!(project.read("Cargo.lock").contains("0.2.1"));
    assert!(project.read("vendor/leaf/Cargo.toml").contains("0.2.1"));
    project.sequester(&["verify"]).expect_code(0);
    // Beside a comment, what became of the sources is told on standard error.
    Package::new("leaf", "0.2.2").file("src/lib.rs", "pub fn leaf() -> u8 { 4 }\n").publish(&registry);
    let told = project.sequester(&["update", "--vendor", "--format", "markdown", "--no-advisories"]).expect_code(0);
    assert!(told.stdout.starts_with("## cargo sequester: packages changed\n"), "{}", told.stdout);
    assert!(!told.stdout.contains("Vendored") && told.stderr.contains("Vendored"), "{}", told.stderr);
    assert!(project.read("vendor/leaf/Cargo.toml").contains("0.2.2"));
}

/// Whoever moves the lock file while archives are on their way wins: what it locks then was not judged here.
#[test]
fn a_lock_file_that_moves_meanwhile_is_not_vendored_as_it_was() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    let lock = project.read("Cargo.lock");
    registry.latency(Duration::from_millis(400));
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["sequester", "vendor", "--no-advisories"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let is_loading = || registry.requested_paths().iter().any(|path| path.starts_with("/dl/"));
    while !is_loading() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let moved = lock.replacen("name = \"bar\"\nversion = \"1.1.0\"", "name = \"bar\"\nversion = \"1.2.0\"", 1);
    project.write("Cargo.lock", &moved);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("Cargo.lock was changed meanwhile, so nothing was written\nhelp: "), "{said}");
    assert_eq!(project.read("Cargo.lock"), moved);
    assert!(!project.path("vendor/bar").exists() && !project.path(".cargo/config.toml").exists());
    project.write("Cargo.lock", &lock);
    registry.latency(Duration::ZERO);
    vendor(&project, &[]).expect_code(0);
}
