//! Whoever writes a lock file or a manifest does not say whom this machine talks to: no verb asks a registry that the policy does not
//! name, and forty that nobody answers for hold nobody up.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Dependency, Outcome, Package, Project, TestRegistry};
use crate::update::{FRESH, NOW, OLD, locked, project};

/// Every verb that judges, in a form that needs nothing but the project.
const VERBS: [&[&str]; 10] = [
    &["audit"],
    &["status"],
    &["status", "--until", "2026-03-01"],
    &["explain", "bar"],
    &["update", "--dry-run"],
    &["update"],
    &["vendor"],
    &["approve", "bar", "--reason", "looked at it"],
    &["cargo", "check"],
    &["init", "--yes"],
];

fn run(project: &Project, verb: &[&str]) {
    let judge: &[&str] = match verb {
        ["init", ..] => {
            let policy = project.read("sequester.toml");
            std::fs::remove_file(project.path("sequester.toml")).unwrap();
            project.sequester(&[verb, &["--no-advisories", "--now", NOW]].concat());
            project.write("sequester.toml", policy);
            return;
        }
        ["cargo", rest @ ..] => {
            let all = [&["cargo", "--no-advisories", "--now", NOW][..], rest].concat();
            project.sequester(&all);
            return;
        }
        _ => &["--no-advisories", "--now", NOW],
    };
    project.sequester(&[verb, judge].concat());
}

#[test]
fn no_verb_asks_a_registry_that_only_lock_file_and_manifest_name() {
    let (registry, stranger) = (TestRegistry::new(), TestRegistry::new());
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("inner", "1.0.0").pubtime(OLD).publish(&stranger);
    let dependency = format!("inner = {{ version = \"1\", registry-index = {:?} }}", stranger.url());
    let project = project(&registry).dep("bar", "1").dep_toml("inner = { version = \"1\", registry = \"stranger\" }");
    let project = project.registry("stranger", &stranger);
    project.lock_with_cargo();
    let (manifest, lock) = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    for manifest in
        [manifest.clone(), manifest.replace("inner = { version = \"1\", registry = \"stranger\" }", &dependency)]
    {
        for verb in VERBS.into_iter().chain([&["verify"][..], &["verify", "--deep"]]) {
            project.write("Cargo.toml", &manifest).write("Cargo.lock", &lock);
            let _ = std::fs::remove_dir_all(project.cargo_home().join("registry"));
            stranger.forget_requests();
            if let ["verify", ..] = verb {
                project.sequester(verb);
            } else {
                run(&project, verb);
            }
            assert_eq!(stranger.requested_paths(), [""; 0], "{verb:?}");
        }
    }
}

#[test]
fn forty_registries_that_nobody_answers_for_hold_nobody_up() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    // Whoever connects waits for ever.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connected = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connected);
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });
    let mut lock = project.read("Cargo.lock");
    for number in 0..40 {
        let (source, checksum) = (format!("sparse+http://{address}/r{number}/index/"), "a".repeat(64));
        write!(lock, "\n[[package]]\nname = \"dead{number}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\nchecksum = \"{checksum}\"\n").unwrap();
    }
    for verb in VERBS {
        project.write("Cargo.lock", &lock);
        let begun = Instant::now();
        run(&project, verb);
        assert!(begun.elapsed() < Duration::from_secs(20), "{verb:?} took {:?}", begun.elapsed());
        assert_eq!(connected.load(Ordering::SeqCst), 0, "{verb:?}");
    }
}

/// A project that locks nothing of `other`, which its configuration names and its policy, where `allowed`, too.
fn beside(registry: &TestRegistry, other: &TestRegistry, allowed: &[&TestRegistry]) -> Project {
    Package::new("bar", "1.0.0").pubtime(OLD).publish(registry);
    Package::new("young", "1.0.0").pubtime(OLD).publish(other);
    Package::new("young", "1.0.1").pubtime(FRESH).publish(other);
    Package::new("above", "1.0.0").pubtime(OLD).dep("young", "1").publish(other);
    let project = project(registry).dep("bar", "1").registry("other", other);
    let policy = project.read("sequester.toml");
    let urls: Vec<String> = allowed.iter().map(|one| one.url()).collect();
    project.write("sequester.toml", format!("{policy}allow-registries = {urls:?}\n"));
    project.lock_with_cargo();
    project
}

fn cargo(project: &Project, words: &[&str]) -> Outcome {
    project.sequester(&[&["cargo", "--no-advisories", "--now", NOW], words].concat())
}

#[test]
fn the_first_dependency_from_a_registry_is_filtered_too() {
    for name in ["young", "above"] {
        let (registry, other) = (TestRegistry::new(), TestRegistry::new());
        let project = beside(&registry, &other, &[&other]);
        cargo(&project, &["add", name, "--registry", "other"]).expect_code(0);
        assert_eq!(locked(&project, "young"), "1.0.0", "{name}");
        assert!(project.read("Cargo.lock").contains(&other.url()));
        project.cargo(&["metadata", "--locked", "--format-version=1"]).expect_code(0);
    }
    let (registry, other) = (TestRegistry::new(), TestRegistry::new());
    let project = beside(&registry, &other, &[&other]);
    let before = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    let add = ["add", "young@=1.0.1", "--registry", "other"];
    let outcome = cargo(&project, &add);
    assert!(outcome.code != 0 && outcome.stderr.contains("too-new"), "{}", outcome.stderr);
    assert_ne!(cargo(&project, &[&add[..], &["--dry-run"]].concat()).code, 0);
    assert_eq!((project.read("Cargo.toml"), project.read("Cargo.lock")), before);
}

#[test]
fn no_command_line_leads_cargo_to_a_registry_that_the_policy_does_not_name() {
    let (registry, other) = (TestRegistry::new(), TestRegistry::new());
    let project = beside(&registry, &other, &[]);
    let before = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    let by_variable = format!("registries.another.index={:?}", other.url());
    for words in [
        &["add", "young", "--registry", "other"][..],
        &["add", "young@1.0.1", "--registry", "other", "--dry-run"],
        &["add", "above", "--registry=other", "--optional"],
        &["--config", &by_variable, "add", "young", "--registry", "another"],
    ] {
        let outcome = cargo(&project, words);
        assert!(outcome.code != 0 && outcome.stderr.contains("allow-registries"), "{words:?}: {}", outcome.stderr);
        assert_eq!(other.requested_paths(), [""; 0], "{words:?}");
    }
    assert_eq!((project.read("Cargo.toml"), project.read("Cargo.lock")), before);
}

/// An index line can lead cargo anywhere, and only when cargo asks for it is that known.
#[test]
fn an_index_line_leads_cargo_nowhere_else() {
    let (registry, other, stranger) = (TestRegistry::new(), TestRegistry::new(), TestRegistry::new());
    Package::new("leaf", "1.0.0").pubtime(OLD).publish(&stranger);
    Package::new("leaf", "1.0.1").pubtime(FRESH).publish(&stranger);
    let leads = Dependency::new("leaf", "1").registry(&stranger.url());
    Package::new("leads", "1.0.0").pubtime(OLD).publish(&other);
    Package::new("leads", "1.1.0").pubtime(OLD).dependency(leads).publish(&other);
    let project = beside(&registry, &other, &[&other]);
    let add = ["add", "leads@1.1", "--registry", "other"];
    let before = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    let outcome = cargo(&project, &add).expect_code(2);
    assert!(outcome.stderr.contains("which the policy does not name"), "{}", outcome.stderr);
    assert_eq!(stranger.requested_paths(), [""; 0]);
    // A release that leads nowhere else will do.
    cargo(&project, &["add", "leads@1", "--registry", "other"]).expect_code(0);
    assert_eq!(locked(&project, "leads"), "1.0.0");
    assert_eq!(stranger.requested_paths(), [""; 0]);
    // Both ways out, as they are printed.
    project.write("Cargo.toml", before.0).write("Cargo.lock", before.1);
    let policy = project.read("sequester.toml");
    project.write(
        "sequester.toml",
        policy.replace("allow-registries = [", &format!("allow-registries = [{:?}, ", stranger.url())),
    );
    let outcome = cargo(&project, &add).expect_code(2);
    let way_out = format!("registries.other.index = \"{}\"", stranger.url());
    assert!(outcome.stderr.contains(&way_out), "{}", outcome.stderr);
    let project = project.config(&way_out.replace("registries.other.index", "[registries.third]\nindex"));
    cargo(&project, &add).expect_code(0);
    assert_eq!((locked(&project, "leads"), locked(&project, "leaf")), ("1.1.0".to_owned(), "1.0.0".to_owned()));
}
