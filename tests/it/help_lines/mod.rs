//! Every way out that is printed works when it is pasted, and does what it says.
//!
//! The scenes are projects in trouble, of one kind, of two and of three at once. Every verb runs in each of them; whatever command or entry
//! it prints is carried out in a copy of that project, by a shell, as a person would paste it, and must keep the promise that its kind
//! makes (`promise`). A command of a kind that has no promise fails the test: whoever prints a new one says here what it does.

mod examples;
mod printed;
mod promise;
mod scenes;
mod sources;

use printed::{Paste, pastes};
use scenes::Scene;

/// What is run in every scene.
const RUNS: [&[&str]; 2] = [&["audit"], &["update", "--dry-run"]];

/// What is run in a scene of each kind as well.
const MORE: [&[&str]; 3] = [&["status"], &["explain", "one"], &["vendor"]];

/// Carries out whatever is printed in a scene.
fn walk(scene: &Scene) {
    let mut failures = Vec::new();
    let mut pasted: Vec<Paste> = Vec::new();
    let everywhere = RUNS.iter().copied().filter(|_| !scene.apart);
    for run in scene.runs.iter().copied().chain(everywhere) {
        let told = scene.copy().tell(run);
        let found = match pastes(&told) {
            Ok(found) => found,
            Err(fault) => {
                failures.push(format!("`{}`: {fault}\n{told}", run.join(" ")));
                continue;
            }
        };
        for paste in found.into_iter().filter(|paste| !pasted.contains(paste)).collect::<Vec<_>>() {
            if let Err(fault) = promise::keep(scene, run, &paste) {
                failures.push(format!("`{}` printed\n  {}\n{fault}", run.join(" "), paste.text()));
            }
            pasted.push(paste);
        }
    }
    let printed: Vec<String> = pasted.iter().map(Paste::text).collect();
    assert!(failures.is_empty(), "{} ways out do not lead out:\n\n{}", failures.len(), failures.join("\n\n"));
    for expected in &scene.expected {
        assert!(printed.iter().any(|text| text.contains(expected)), "`{expected}` was not printed: {printed:#?}");
    }
}

/// A test a scene, so that they run side by side.
macro_rules! walks {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            walk(&scenes::$name());
        })*
    };
}

walks! {
    a_release_too_new
    a_vulnerability_with_a_fix
    a_vulnerability_without_a_fix
    a_vulnerable_release_that_a_manifest_pins
    two_majors_of_one_crate_one_of_them_vulnerable
    a_mirror_without_times_of_publication
    a_registry_without_times_of_publication
    a_yanked_release
    a_registry_that_the_policy_does_not_name
    a_lock_file_without_its_project
    no_lock_file
    a_run_from_a_folder_below
    a_policy_elsewhere
    a_lock_file_that_does_not_answer
    exemptions_that_are_over
    an_approval_that_waits_for_its_update
    a_release_with_something_inside
    an_adoption
    no_policy_yet
    a_mirror_that_the_policy_does_not_allow
    a_change_on_a_base
    offline_with_nothing_cached
    vendored_sources_that_were_altered
    a_fix_a_release_too_new_and_no_fix_at_all
    two_vulnerabilities_with_fixes
    a_release_that_turned_out_to_be_bad
}

#[test]
fn a_command_without_a_promise_and_one_in_plain_text_are_found() {
    let scene = scenes::a_yanked_release();
    let new = Paste::Command("cargo sequester frobnicate one".to_owned());
    assert!(promise::keep(&scene, &["audit"], &new).unwrap_err().contains("nobody says"));
    assert!(pastes("             help: then cargo sequester audit").is_err());
    let told = "  \x1b[1m\x1b[36mhelp\x1b[0m: so: \x1b[1mcargo sequester audit\x1b[0m";
    assert_eq!(pastes(told), Ok(vec![Paste::Command("cargo sequester audit".to_owned())]));
}

/// Where several things stand in the way of a first lock file, each printed line lifts one of them, and all together make a way.
#[test]
fn a_first_lock_file_with_two_things_in_the_way() {
    let scene = scenes::nothing_locked_and_two_things_in_the_way();
    let copy = scene.copy();
    let resolve = ["cargo", "generate-lockfile"];
    let told = copy.sequester(&resolve);
    assert_ne!(told.code, 0);
    let said = format!("{}{}", told.stdout, told.stderr);
    let lines = said.lines().filter_map(|line| line.find("cargo sequester approve").map(|at| &line[at..]));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 2, "{said}");
    for line in lines {
        let done = copy.shell(&line.replace("TEXT", "seen"));
        assert_eq!(done.code, 0, "{line}: {}{}", done.stdout, done.stderr);
    }
    let told = copy.sequester(&resolve);
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert!(copy.read("Cargo.lock").contains("1.1.0"));
}
