//! A lock file that was approved a short while ago, with everything else as it was, is not judged again; whatever the decision stood on
//! makes it be. That it was judged shows in what the registry was asked.

use crate::support::{Package, Project, TestRegistry};
use crate::update::{OLD, project};

/// A project with a build that has nothing to do; its registry has forgotten what it was asked for so far.
fn built(registry: &TestRegistry) -> Project {
    Package::new("bar", "1.0.0").pubtime(OLD).file("src/lib.rs", "pub fn bar() {}\n").publish(registry);
    let project = project(registry).dep("bar", "1").file("member/src/lib.rs", "");
    project.write("member/Cargo.toml", "[package]\nname = \"member\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", format!("{manifest}\n[workspace]\nmembers = [\"member*\"]\n"));
    project.lock_with_cargo();
    assert!(is_judged(registry, &project, &["build"]), "the first time");
    project
}

/// Whether a run judges, which it cannot do without asking the registry.
#[track_caller]
fn is_judged(registry: &TestRegistry, project: &Project, arguments: &[&str]) -> bool {
    let before = registry.requested_paths().len();
    project.sequester(&[&["cargo", "--no-advisories"], arguments].concat()).expect_code(0);
    registry.requested_paths().iter().skip(before).any(|path| path.contains("bar") && !path.contains("download"))
}

#[test]
fn the_same_question_is_not_asked_twice() {
    let registry = TestRegistry::new();
    let project = built(&registry);
    for arguments in [&["build"][..], &["check"], &["tree", "--quiet"], &["build", "-p", "member"]] {
        assert!(!is_judged(&registry, &project, arguments), "{arguments:?}");
    }
    // Another verb never believes it.
    let before = registry.requested_paths().len();
    project.sequester(&["audit", "--no-advisories"]).expect_code(0);
    assert!(registry.requested_paths().len() > before);
}

#[test]
fn whatever_the_decision_stood_on_has_it_made_anew() {
    let registry = TestRegistry::new();
    let project = built(&registry);
    let manifest = project.read("Cargo.toml");
    let policy = project.read("sequester.toml");
    let config = project.read(".cargo/config.toml");
    let changes: [(&str, String); 6] = [
        ("sequester.toml", format!("{policy}\n# looked at\n")),
        ("Cargo.toml", format!("{manifest}\n# looked at\n")),
        ("Cargo.lock", format!("{}\n", project.read("Cargo.lock"))),
        ("member/Cargo.toml", format!("{}\n# looked at\n", project.read("member/Cargo.toml"))),
        (".cargo/config.toml", format!("{config}\n[net]\nretry = 1\n")),
        (".sequester/trail/stray.txt", String::from("no event")),
    ];
    for (file, text) in changes {
        assert!(!is_judged(&registry, &project, &["build"]), "before {file}");
        project.write(file, text);
        if file.starts_with(".sequester") {
            // A foreign file in the trail is told, and what is told is not passed over in silence.
            let outcome = project.sequester(&["cargo", "--no-advisories", "build"]);
            std::fs::remove_dir_all(project.path(".sequester")).unwrap();
            assert!(!outcome.stderr.is_empty());
            continue;
        }
        assert!(is_judged(&registry, &project, &["build"]), "after {file}");
    }
    let other = project.env("CARGO_NET_RETRY", "2");
    assert!(is_judged(&registry, &other, &["build"]), "another variable");
    assert!(is_judged(&registry, &other, &["--config", "net.retry=3", "build"]), "another option");
}

#[test]
fn a_member_that_a_pattern_takes_in_is_noticed() {
    let registry = TestRegistry::new();
    let project = built(&registry);
    let manifest = project.read("member/Cargo.toml").replace("\"member\"", "\"member2\"");
    let project = project.file("member2/src/lib.rs", "").file("member2/Cargo.toml", manifest);
    assert!(is_judged(&registry, &project, &["build"]));
    assert!(project.read("Cargo.lock").contains("member2"));
}

#[test]
fn a_cache_that_a_repository_could_bring_along_is_not_believed() {
    let registry = TestRegistry::new();
    let project = built(&registry);
    let home = project.path(".home");
    let project = project.env("CARGO_HOME", home.as_str());
    assert!(is_judged(&registry, &project, &["build"]));
    assert!(is_judged(&registry, &project, &["build"]));
    assert!(!home.join("sequester/decisions").exists());
}

#[cfg(unix)]
#[test]
fn a_note_that_others_may_write_is_not_believed() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = TestRegistry::new();
    let project = built(&registry);
    let folder = project.cargo_home().join("sequester/decisions");
    let note = folder.read_dir_utf8().unwrap().next().unwrap().unwrap().path().to_owned();
    for (path, mode) in [(&note, 0o666), (&folder, 0o777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(is_judged(&registry, &project, &["build"]), "{path}");
        assert!(!is_judged(&registry, &project, &["build"]), "{path}");
    }
}

#[test]
fn nothing_is_remembered_of_what_was_not_wholly_approved_or_of_another_moment() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).file("src/lib.rs", "pub fn bar() {}\n").publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[bans]\ndeny = [\"bar\"]\n"));
    project.sequester(&["cargo", "--no-advisories", "build"]).expect_code(1);
    project.write("sequester.toml", policy);
    project.sequester(&["cargo", "--no-advisories", "--now", "2026-01-15T00:00:00Z", "build"]).expect_code(0);
    assert!(!project.cargo_home().join("sequester/decisions").exists());
}

#[cfg(unix)]
#[test]
fn an_external_command_is_held_against_the_members_that_cargo_tells() {
    let registry = TestRegistry::new();
    let project = super::with_subcommand(built(&registry));
    let run = |project: &Project| {
        let before = registry.requested_paths().len();
        project.sequester(&["cargo", "--no-advisories", "foo"]).expect_code(7);
        registry.requested_paths().len() > before
    };
    let member = |name: &str| project.read("member/Cargo.toml").replace("\"member\"", &format!("\"{name}\""));
    project.write("Cargo.toml", project.read("Cargo.toml").replace("\"member*\"", "\"member*\", \"deep/*/*\""));
    project.write("deep/a/one/src/lib.rs", "").write("deep/a/one/Cargo.toml", member("one"));
    // It completes the lock file, the next one finds it whole.
    assert!(run(&project));
    assert!(run(&project));
    assert!(!run(&project));
    // No folder that a member lies in tells of this one.
    project.write("deep/b/two/src/lib.rs", "").write("deep/b/two/Cargo.toml", member("two"));
    assert!(run(&project));
    assert!(project.read("Cargo.lock").contains("two"));
}
