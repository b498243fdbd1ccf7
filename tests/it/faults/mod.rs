//! G1, G2: every verb is killed, and refused by the system, at the points where it changes the disk. A supervisor of our own stops it before
//! each system call that changes a file system, so that no point can be forgotten: nothing in the program knows of it.
//!
//! The suite tries some points of each verb, of every kind of call and file one; everything is tried by
//! `cargo test --test it faults::whole -- --ignored --nocapture`.

mod kinds;
mod network;
mod scenes;
mod together;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use scenes::{Plan, READERS, WRITERS};
use trial::{Expected, FAULTS, Held, attempt, supervisor};

/// Everything at one verb; what did not hold.
fn every_point(plan: &Plan) -> Vec<String> {
    let scene = plan.scene();
    let expected = Expected::of(&scene);
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let (mut tried, mut broken) = (0, 0);
    for fault in FAULTS {
        for point in expected.run.points.iter().filter(|point| point.faults.iter().any(|one| one == fault)) {
            tried += 1;
            match attempt(&scene, &expected, point, fault) {
                Ok(how) => {
                    if how == Held::NotMet {
                        eprintln!("{}: {fault} did not come to {} of {}", plan.name, point.turn, point.kind());
                    }
                    *held.entry(format!("{how:?}")).or_default() += 1;
                }
                Err(why) => {
                    broken += 1;
                    wrong.push(format!("{}: {why}", plan.name));
                }
            }
        }
    }
    let kinds: BTreeSet<_> = expected.run.points.iter().map(trial::Point::kind).collect();
    eprintln!(
        "TABLE {} | {} points | {} kinds | {} of children | {tried} tried | {held:?} | {broken} broken",
        plan.name,
        expected.run.points.len(),
        kinds.len(),
        expected.run.of_children,
    );
    wrong
}

#[test]
#[ignore = "tries every fault at every point: twenty minutes"]
fn whole() {
    if supervisor().is_none() {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "which verbs are tried is told by the environment")]
    let only = std::env::var("FAULTS_OF").unwrap_or_default();
    let plans =
        WRITERS.iter().chain(READERS).filter(|plan| only.is_empty() || only.split(',').any(|one| one == plan.name));
    let wrong: Vec<String> = plans.flat_map(every_point).collect();
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// So many faults of each verb are tried in the suite.
const SOME: usize = 6;
const FEW: usize = 3;

/// Some points of one verb, spread over the kinds that it has, each with one of the faults that it can meet.
fn some_points(position: usize, plan: &Plan, count: usize) -> Vec<String> {
    let scene = plan.scene();
    let expected = Expected::of(&scene);
    // In the order of their names: threads make their calls in another order every time.
    let mut kinds = BTreeMap::new();
    for point in &expected.run.points {
        kinds.entry(point.kind()).or_insert(point);
    }
    let kinds: Vec<_> = kinds.into_values().collect();
    let last = kinds.len().saturating_sub(1);
    let chosen: BTreeSet<usize> = (0..count).map(|one| last * one / (count - 1)).collect();
    let mut wrong = Vec::new();
    for (turn, point) in chosen.into_iter().filter_map(|one| kinds.get(one)).enumerate() {
        let fault = &point.faults[(position + turn) % point.faults.len()];
        if let Err(why) = attempt(&scene, &expected, point, fault) {
            wrong.push(format!("{}: {why}", plan.name));
        }
    }
    wrong
}

fn some_of(plans: &[Plan], part: usize, parts: usize, count: usize) {
    if supervisor().is_none() {
        return;
    }
    let plans = plans.iter().enumerate().skip(part).step_by(parts);
    let wrong: Vec<String> = plans.flat_map(|(position, plan)| some_points(position, plan, count)).collect();
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn g1_g2_some_faults_of_verbs_that_write_a() {
    some_of(WRITERS, 0, 3, SOME);
}

#[test]
fn g1_g2_some_faults_of_verbs_that_write_b() {
    some_of(WRITERS, 1, 3, SOME);
}

#[test]
fn g1_g2_some_faults_of_verbs_that_write_c() {
    some_of(WRITERS, 2, 3, SOME);
}

#[test]
fn g1_g2_some_faults_of_verbs_that_keep_what_they_asked_for() {
    some_of(READERS, 0, 1, FEW);
}

/// Beyond its decision a change is not taken back; where its last steps fail, that is an error with a way out, and the next run finishes it.
#[test]
fn g2_a_change_whose_last_steps_fail_is_not_told_as_done() {
    if supervisor().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for plan in WRITERS.iter().filter(|plan| ["vendor", "vendor again"].contains(&plan.name)) {
        let scene = plan.scene();
        let expected = Expected::of(&scene);
        let is_last_step = |point: &&trial::Point| {
            let steps = [("fsync", "project/.cargo"), ("unlink", "project/.sequester/journal.json")];
            steps.iter().any(|(call, path)| point.call == *call && point.paths.iter().any(|one| one == path))
        };
        let steps = expected.run.points.iter().filter(is_last_step);
        let tried = steps.flat_map(|point| point.faults.iter().map(move |fault| (point, fault)));
        let (mut told, mut tried) = (0, tried.peekable());
        assert!(tried.peek().is_some(), "{}: nothing to try", plan.name);
        for (point, fault) in tried {
            match attempt(&scene, &expected, point, fault) {
                Ok(Held::Made) => told += 1,
                Ok(_) => {}
                Err(why) => wrong.push(format!("{}: {why}", plan.name)),
            }
        }
        assert!(told > 0 || !wrong.is_empty(), "{}: no fault was met", plan.name);
    }
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// A new verb is in neither list until somebody has thought of what it writes.
#[test]
fn every_verb_is_tried() {
    let help = crate::support::Project::new().sequester(&["--help"]).expect_code(0).stdout;
    let verbs = help.split_once("Commands:\n").unwrap().1.lines().take_while(|line| !line.trim().is_empty());
    let verbs = verbs.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    // `help` writes nothing; the team registry's writes are tried with its store.
    let verbs: BTreeSet<&str> = verbs
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| !["help", "serve"].contains(verb))
        .collect();
    let tried: BTreeSet<&str> = WRITERS.iter().chain(READERS).map(Plan::verb_name).collect();
    assert_eq!(tried, verbs);
}

/// The project is as it was, whatever the verb kept elsewhere.
#[test]
fn those_that_only_tell_change_nothing_of_the_project() {
    if supervisor().is_none() {
        return;
    }
    for plan in READERS {
        let expected = Expected::of(&plan.scene());
        let own =
            expected.run.points.iter().filter(|point| point.paths.iter().any(|path| path.starts_with("project/")));
        assert_eq!(own.map(trial::Point::kind).collect::<Vec<_>>(), [""; 0], "{}", plan.name);
        assert_eq!(expected.new, expected.old, "{}", plan.name);
    }
}
