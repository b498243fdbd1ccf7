//! G1: `kill -9` at every step, of the run and of the run that sets right what it left.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use camino::Utf8Path;
use cargo_sequester::door::gather::environment::Environment;
use cargo_sequester::door::write::vendor_dir::{Faults, Interrupted, interrupted};

use super::scene::Scene;

pub const OLD: &[&str] = &["a=1", "b=1", "keep=1"];
pub const NEW: &[&str] = &["b=2", "c=1", "keep=1"];

/// Not a test of its own: what the tests below run in a process that is killed.
#[test]
fn child() {
    let environment = Environment::read().unwrap();
    let Some(job) = environment.get("SEQUESTER_TEST_CHILD") else { return };
    let [root, step, method] = job.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let scene = Scene::at(Utf8Path::new(root));
    let faults = Faults::kill_at(step.parse().unwrap());
    let faults = if method == "entries" { faults.without_exchange() } else { faults };
    scene.publish(NEW, faults).unwrap();
}

/// Whether the run came to its end.
pub fn run_until(scene: &Scene, step: u32, method: &str) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "vendor_dir::kills::child"])
        .env("SEQUESTER_TEST_CHILD", format!("{}\n{step}\n{method}", scene.root()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    status.success()
}

fn first_run() -> Scene {
    Scene::empty()
}

fn later_run() -> Scene {
    let scene = Scene::empty();
    scene.publish(OLD, Faults::default()).unwrap();
    scene.write("vendor/mine/file", "not ours\n");
    scene
}

/// Kills at every step of a run that begins at this state; the number of steps.
pub fn at_every_step(method: &str, before: impl Fn() -> Scene) -> u32 {
    let old = before().snapshot();
    let done = before();
    done.publish(NEW, Faults::default()).unwrap();
    let new = done.snapshot();
    let mut seen = BTreeSet::new();
    for step in 1.. {
        assert!(step < 200, "the run never ends");
        let scene = before();
        if run_until(&scene, step, method) {
            assert_eq!(scene.snapshot(), new);
            assert_eq!(seen, BTreeSet::from(["new", "old"]), "kills on both sides of the decision");
            return step;
        }
        let found = interrupted(&scene.root()).expect("the killed run is named");
        let half_done = matches!(found, Interrupted::HalfDone(_));
        let (Interrupted::HalfDone(holder) | Interrupted::Stopped(holder)) = found else { panic!("nobody is running") };
        assert_eq!(holder.command, "cargo sequester vendor");

        // The next run may be killed while it sets things right, too.
        for again in 1..=if half_done { 4 } else { 0 } {
            run_until(&scene, again, method);
        }
        drop(scene.open(Faults::default()).unwrap());
        let after = scene.snapshot();
        assert!(after == old || after == new, "step {step} of {method} left a mixture: {:?}", after.keys());
        seen.insert(if after == new { "new" } else { "old" });
        assert_eq!(interrupted(&scene.root()), None);
        scene.publish(NEW, Faults::default()).unwrap();
        assert_eq!(scene.snapshot(), new, "after step {step} of {method}");
    }
    unreachable!()
}

#[test]
fn g1_a_run_that_exchanges_is_killed_at_every_step() {
    assert!(at_every_step("exchange", later_run) > 10);
}

#[test]
fn g1_a_run_that_replaces_crate_by_crate_is_killed_at_every_step() {
    assert!(at_every_step("entries", later_run) > 14);
}

#[test]
fn g1_a_first_run_is_killed_at_every_step() {
    assert!(at_every_step("exchange", first_run) > 8);
}

#[test]
fn g1_a_configuration_edited_after_the_kill_is_kept_and_the_tree_taken_back() {
    edited_after_the_kill("exchange", later_run);
    edited_after_the_kill("entries", later_run);
}

pub fn edited_after_the_kill(method: &str, before: impl Fn() -> Scene) {
    let mut taken_back = 0;
    for step in 1.. {
        let scene = before();
        let old = scene.snapshot();
        if run_until(&scene, step, method) {
            break;
        }
        let waiting = scene.names(".cargo").iter().any(|name| name.contains("stage"));
        if !waiting || !matches!(interrupted(&scene.root()), Some(Interrupted::HalfDone(_))) {
            continue;
        }
        let edited = format!("# edited\n{}", scene.read(".cargo/config.toml"));
        scene.write(".cargo/config.toml", &edited);
        drop(scene.open(Faults::default()).unwrap());
        let mut expected = old;
        expected.insert(".cargo/config.toml".into(), edited.into_bytes());
        assert_eq!(scene.snapshot(), expected, "step {step} of {method}");
        taken_back += 1;
    }
    assert!(taken_back >= 2, "{method}");
}
