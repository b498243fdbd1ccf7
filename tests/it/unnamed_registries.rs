//! Whoever writes a lock file or a manifest does not say whom this machine talks to: no verb asks a registry that the policy does not
//! name, and forty that nobody answers for hold nobody up.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Package, Project, TestRegistry};
use crate::update::{NOW, OLD, project};

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
