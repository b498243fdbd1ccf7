//! Releases that are not approved and that the commit has: they stay, and block nothing else.

use super::layout::document;
use super::{build_from_nothing_else, everything, listing, project, publish, vendor};
use crate::support::{Package, Project, TestRegistry};

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
