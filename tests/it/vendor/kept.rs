//! Releases that are not approved and that the commit has: they stay, and block nothing else.

use super::layout::document;
use super::{build_from_nothing_else, everything, listing, project, publish, vendor};
use crate::support::{Advisory, AdvisoryFolder, Package, Project, TestRegistry};

fn git(project: &Project, arguments: &[&str]) -> bool {
    let mut command = project.command("git");
    command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org"]).args(arguments);
    command.current_dir(project.root());
    command.output().is_ok_and(|output| output.status.success())
}

/// Vendored and committed while `fresh` was approved, which a stricter policy then takes back; `None` without git.
fn committed(registry: &TestRegistry) -> Option<Project> {
    publish(registry);
    Package::new("fresh", "0.9.0").publish(registry);
    Package::new("fresh", "1.0.0").pubtime("2026-11-01T00:00:00Z").publish(registry);
    let project = project(registry).dep("bar", "1").dep("fresh", "1");
    project.lock_with_cargo();
    vendor(&project, &[]).expect_code(0);
    if !git(&project, &["init", "--quiet"]) {
        eprintln!("skipped: there is no git");
        return None;
    }
    assert!(git(&project, &["add", "-A"]) && git(&project, &["commit", "--quiet", "-m", "vendored"]));
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[quarantine]\nmin-publish-age = \"60 days\"\n"));
    Some(project)
}

const NOW: [&str; 2] = ["--now", "2026-11-22T00:00:00Z"];

/// Lets cargo take a newer `bar`, as an update would.
fn update_bar(registry: &TestRegistry, project: &Project) {
    Package::new("bar", "1.2.0")
        .dep("leaf", "^0.1")
        .file("src/lib.rs", "pub use leaf::leaf; // newer\n")
        .publish(registry);
    std::fs::rename(project.path(".cargo/config.toml"), project.path("config.kept")).unwrap();
    project.cargo(&["update", "-p", "bar"]).expect_code(0);
    std::fs::rename(project.path("config.kept"), project.path(".cargo/config.toml")).unwrap();
}

#[test]
fn a_release_that_is_held_stays_and_everything_else_moves() {
    let registry = TestRegistry::new();
    let Some(project) = committed(&registry) else { return };
    update_bar(&registry, &project);
    let before = listing(&project.path("vendor/fresh"));
    let config = project.read(".cargo/config.toml");
    let entry = config.lines().find(|line| line.contains("fresh@1.0.0")).unwrap();
    let done = vendor(&project, &NOW).expect_code(1);
    assert!(done.stdout.contains("Kept fresh@1.0.0, which is not approved (too-new)"), "{}", done.stdout);
    assert!(
        done.stdout.contains("help: see what would cure it: cargo sequester explain fresh@1.0.0"),
        "{}",
        done.stdout
    );
    assert!(project.read("vendor/bar/src/lib.rs").contains("newer"));
    assert_eq!(listing(&project.path("vendor/fresh")), before);
    assert!(project.read(".cargo/config.toml").contains(entry));
    build_from_nothing_else(&project, &[]);

    let json = document(&vendor(&project, &[&["--format", "json"], &NOW[..]].concat()).expect_code(1).stdout);
    let packages = json["vendored"]["packages"].as_array().unwrap();
    let held: Vec<_> = packages.iter().filter(|one| one["approved"] == false).collect();
    assert_eq!(held.len(), 1);
    assert_eq!((&held[0]["name"], &held[0]["change"]), (&"fresh".into(), &"kept".into()));
}

#[test]
fn nothing_that_is_held_is_ever_newly_written() {
    let registry = TestRegistry::new();
    let Some(project) = committed(&registry) else { return };
    update_bar(&registry, &project);
    let stops = |why: &str| {
        let before = everything(&project);
        let stopped = vendor(&project, &NOW).expect_code(1);
        assert!(
            stopped.stdout.contains("fresh@1.0.0") && !stopped.stdout.contains("Kept"),
            "{why}: {}",
            stopped.stdout
        );
        assert_eq!(everything(&project), before, "{why}");
    };
    let put_back = || assert!(git(&project, &["checkout", "--quiet", "--", "vendor", ".cargo"]));
    project.write("vendor/fresh/src/lib.rs", "// altered");
    stops("its tree is not what the commit has");
    put_back();
    std::fs::remove_dir_all(project.path("vendor/fresh")).unwrap();
    stops("it is gone");
    put_back();
    // Another tree, and an allow-list of one mind with it, but not the commit's.
    let list = project.read("vendor/fresh/.cargo-checksum.json");
    let sha = |text: &str| {
        use sha2::Digest as _;
        sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let edited = list.replace(&sha(&project.read("vendor/fresh/src/lib.rs")), &sha("// evil"));
    let config = project.read(".cargo/config.toml").replace(&sha(&list), &sha(&edited));
    project.write("vendor/fresh/src/lib.rs", "// evil").write("vendor/fresh/.cargo-checksum.json", edited);
    project.write(".cargo/config.toml", config);
    stops("the commit has another tree");
    put_back();
    project.write(".gitignore", "");
    assert!(git(&project, &["rm", "-r", "--cached", "--quiet", ".cargo"]));
    assert!(git(&project, &["commit", "--quiet", "-m", "forgotten"]));
    stops("the commit has no allow-list");
}

/// The fix of one crate is written and can be built while another has none: promise 5.
#[test]
fn a_fix_is_vendored_beside_a_vulnerability_without_one() {
    let registry = TestRegistry::new();
    Package::new("rsa", "0.9.0").file("src/lib.rs", "pub fn sign() -> u8 { 9 }\n").publish(&registry);
    Package::new("h2", "0.4.0").file("src/lib.rs", "pub fn version() -> u8 { 0 }\n").publish(&registry);
    let project = project(&registry).dep("rsa", "0.9").dep("h2", "0.4");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    project.write("src/lib.rs", "pub fn sum() -> u8 { rsa::sign() + h2::version() }\n");
    project.lock_with_cargo();
    let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2025-9400", "unrelated"));
    let run = |words: &[&str]| {
        let root = advisories.root();
        project.sequester(&[words, &NOW, &["--advisory-db", root.as_str()]].concat())
    };
    run(&["vendor"]).expect_code(0);
    if !git(&project, &["init", "--quiet"]) {
        eprintln!("skipped: there is no git");
        return;
    }
    assert!(git(&project, &["add", "-A"]) && git(&project, &["commit", "--quiet", "-m", "vendored"]));

    Package::new("h2", "0.4.1").file("src/lib.rs", "pub fn version() -> u8 { 1 }\n").publish(&registry);
    advisories.add(&Advisory::new("RUSTSEC-2025-9401", "h2").date("2025-07-01").patched(">= 0.4.1"));
    advisories.add(&Advisory::new("RUSTSEC-2025-9402", "rsa").date("2025-07-01"));
    let moved = run(&["fix"]).expect_code(1);
    assert!(moved.stdout.contains("Moved h2 0.4.0 → 0.4.1"), "{}", moved.stdout);
    let (kept, entry) = (listing(&project.path("vendor/rsa")), |project: &Project| {
        let config = project.read(".cargo/config.toml");
        config.lines().find(|line| line.contains("rsa@0.9.0")).map(str::to_owned)
    });
    let before = entry(&project);
    let done = run(&["vendor"]).expect_code(1);
    assert!(done.stdout.contains("Kept rsa@0.9.0, which is not approved (advisory)"), "{}", done.stdout);
    assert!(project.read("vendor/h2/src/lib.rs").contains("{ 1 }"));
    assert_eq!(listing(&project.path("vendor/rsa")), kept);
    assert!(before.is_some() && entry(&project) == before);
    project.sequester(&["verify"]).expect_code(0);
    build_from_nothing_else(&project, &[]);
    // The weekly run that moves and vendors is not red for what nobody can replace.
    Package::new("h2", "0.4.2").file("src/lib.rs", "pub fn version() -> u8 { 2 }\n").publish(&registry);
    let weekly = run(&["update", "--vendor"]).expect_code(0);
    assert!(weekly.stdout.contains("Kept rsa@0.9.0"), "{}", weekly.stdout);
    assert!(!weekly.stdout.contains("bring the vendored sources along"), "{}", weekly.stdout);
    assert!(project.read("vendor/h2/src/lib.rs").contains("{ 2 }"));
    // Once more there is nothing to do, and what is kept is still told.
    let again = run(&["vendor"]).expect_code(1);
    assert!(again.stdout.contains("Kept rsa@0.9.0"), "{}", again.stdout);
    run(&["audit"]).expect_code(1);
}
