//! G2: every step may be refused by the system; then nothing has changed, and nothing is left over.

use std::io::ErrorKind;

use cargo_sequester::door::write::vendor_dir::{Faults, interrupted};

use super::kills::{NEW, OLD};
use super::scene::Scene;

#[test]
fn g2_an_error_at_any_step_leaves_the_old_state_and_no_leftovers() {
    let later_run = || {
        let scene = Scene::empty();
        scene.publish(OLD, Faults::default()).unwrap();
        scene
    };
    at_every_step(ErrorKind::StorageFull, false, later_run);
    at_every_step(ErrorKind::ReadOnlyFilesystem, true, later_run);
    at_every_step(ErrorKind::PermissionDenied, false, Scene::empty);
}

pub fn at_every_step(kind: ErrorKind, without_exchange: bool, before: impl Fn() -> Scene) {
    for step in 1.. {
        let scene = before();
        let old = scene.snapshot();
        let faults = Faults::fail_at(step, kind);
        let faults = if without_exchange { faults.without_exchange() } else { faults };
        let result = scene.publish(NEW, faults.clone());
        if faults.steps() < step {
            assert!(result.unwrap().left_over.is_none());
            assert!(step > 8);
            return;
        }
        let after = scene.snapshot();
        match result {
            Err(error) => {
                assert_eq!(after, old, "step {step}: {error}");
                assert!(error.to_string().contains("\nhelp: "), "{error}");
                assert_eq!(interrupted(&scene.root()), None, "step {step}");
            }
            // The change was complete; only what it replaced could not be removed.
            Ok(applied) => assert!(applied.left_over.is_some(), "step {step}"),
        }
        scene.publish(NEW, Faults::default()).unwrap();
        let clean = before();
        clean.publish(NEW, Faults::default()).unwrap();
        assert_eq!(scene.snapshot(), clean.snapshot(), "after step {step}");
    }
}
