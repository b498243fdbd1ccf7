//! Several processes of verbs that write, at once on one project: all end, and what is on the disk is what one order of them makes.

use std::process::{Child, Stdio};

use super::scenes::{READERS, WRITERS};
use super::trial::{self, State};
use crate::support::{Outcome, Project};

/// Runs all at once; what each came to, in order.
fn at_once(project: &Project, verbs: &[Vec<String>]) -> Vec<Outcome> {
    let start = |verb: &Vec<String>| -> Child {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.arg("sequester").args(verb).stdout(Stdio::piped()).stderr(Stdio::piped());
        trial::in_temporary(&mut command, project).spawn().unwrap()
    };
    let children: Vec<Child> = verbs.iter().map(start).collect();
    let ended = children.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Outcome { stdout: text(&output.stdout), stderr: text(&output.stderr), code }
    });
    ended.collect()
}

fn words(verb: &[&str]) -> Vec<String> {
    verb.iter().map(|&word| word.to_owned()).collect()
}

fn plan(name: &str) -> super::scenes::Scene {
    WRITERS.iter().chain(READERS).find(|plan| plan.name == name).unwrap().scene()
}

/// The texts of the events, by kind.
fn events(state: &State, kind: &str) -> usize {
    let kind = format!("{kind:?}\n").into_bytes();
    let is_event = |path: &str| path.starts_with("project/.sequester/trail/");
    state.iter().filter(|(path, text)| is_event(path) && text.starts_with(&kind)).count()
}

fn without_trail(mut state: State) -> State {
    state.retain(|path, _| !path.starts_with("project/.sequester/"));
    state
}

/// Who comes too late says so, with a way out.
#[track_caller]
fn assert_told(outcome: &Outcome) {
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.code == 2 && told.contains("help: ") && !told.contains("panicked"), "{}: {told}", outcome.code);
}

#[test]
fn eight_vendors_leave_what_one_leaves() {
    for name in ["vendor", "vendor again"] {
        let scene = plan(name);
        let alone = scene.project.copied();
        trial::undisturbed(&scene, &alone).expect_code(0);
        let together = scene.project.copied();
        for outcome in at_once(&together, &vec![scene.verb(); 8]) {
            outcome.expect_code(0);
        }
        assert_eq!(without_trail(trial::state(&together)), without_trail(trial::state(&alone)));
        assert_eq!(trial::left_over(&together).len(), 0);
        together.sequester(&["verify"]).expect_code(0);
        together.sequester(&["log", "--verify"]).expect_code(0);
    }
}

#[test]
fn eight_audits_share_one_cache() {
    let scene = plan("audit");
    let project = scene.project.copied();
    for outcome in at_once(&project, &vec![scene.verb(); 8]) {
        outcome.expect_code(0);
    }
    assert_eq!(trial::left_over(&project).len(), 0);
    project.sequester(&["audit", "--offline"]).expect_code(0);
}

#[test]
fn of_four_that_begin_one_has_begun() {
    let scene = plan("init");
    let alone = scene.project.copied();
    trial::undisturbed(&scene, &alone).expect_code(0);
    let expected = trial::state(&alone);
    for _ in 0..3 {
        let together = scene.project.copied();
        let outcomes = at_once(&together, &vec![scene.verb(); 4]);
        let (begun, late): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|outcome| outcome.code == 0);
        late.iter().for_each(assert_told);
        // Who comes when all is done has nothing to do.
        assert!(!begun.is_empty());
        assert_eq!(trial::state(&together), expected);
        assert_eq!(trial::left_over(&together).len(), 0);
    }
}

/// Each of two that change other files does so whole, or says that it came too late; and each that has changed something has its event.
#[test]
fn an_update_and_approvals_keep_out_of_each_others_way() {
    for _ in 0..3 {
        let scene = plan("approve");
        let project = scene.project.copied();
        crate::support::Package::new("bar", "1.1.0").pubtime("2025-01-01T00:00:00Z").publish(&scene.registry);
        let old = trial::state(&project);
        let approve = |by: &str| words(&["approve", "young", "--reason", "looked at", "--by", by]);
        let verbs = [words(&["update"]), approve("ana"), approve("ben")];
        let outcomes = at_once(&project, &verbs);
        let found = trial::state(&project);
        for outcome in outcomes.iter().filter(|outcome| outcome.code != 0) {
            assert_told(outcome);
        }
        let is_changed = |path: &str| found[path] != old[path];
        assert_eq!(is_changed("project/Cargo.lock"), outcomes[0].code == 0);
        assert_eq!(events(&found, "updated"), usize::from(outcomes[0].code == 0));
        let approvals = String::from_utf8_lossy(&found["project/sequester.toml"]).matches("[[approval]]").count();
        assert_eq!(approvals, usize::from(outcomes[1..].iter().any(|outcome| outcome.code == 0)));
        assert!(events(&found, "approved") >= approvals);
        assert_eq!(trial::left_over(&project).len(), 0);
        project.sequester(&["log", "--verify"]).expect_code(0);
        project.sequester(&["audit", "--offline"]).expect_code(i32::from(approvals == 0));
    }
}
