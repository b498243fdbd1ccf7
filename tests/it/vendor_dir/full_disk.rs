//! G2 and mount points, on file systems made for the purpose, where the machine allows that.

use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::apply::vendor_dir::{Faults, interrupted};

use super::scene::Scene;

const OLD: &[&str] = &["a=1", "b=1", "keep=1"];
const NEW: &[&str] = &["b=2", "c=1", "keep=1"];

/// A mounted file system, until dropped.
struct Mount(Utf8PathBuf);

fn mount(arguments: &[&str], place: &Utf8Path) -> Option<Mount> {
    let status = Command::new("mount").args(arguments).arg(place).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Some(Mount(place.to_owned()));
    }
    eprintln!("skipped: `mount {} …` is not allowed here", arguments.join(" "));
    None
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn g2_a_full_disk_leaves_the_old_state() {
    let outside = Scene::empty();
    let Some(_mount) = mount(&["-t", "tmpfs", "-o", "size=300k,nr_inodes=400", "tmpfs"], &outside.root()) else {
        return;
    };
    let scene = Scene::at(&outside.root());
    scene.publish(OLD, Faults::default()).unwrap();
    // Less and less room, so that it ends at one step after another.
    let mut refused = 0;
    for free in 0..12 {
        scene.write("filler", "");
        let old = scene.snapshot();
        let mut filler = vec![0; 600 * 1024];
        while std::fs::write(scene.path("filler"), &filler).is_err() {
            filler.truncate(filler.len() - 4096);
        }
        filler.truncate(filler.len().saturating_sub(free * 4096));
        std::fs::write(scene.path("filler"), &filler).unwrap();
        let result = scene.publish(NEW, Faults::default());
        scene.write("filler", "");
        match result {
            Ok(_) => scene.publish(OLD, Faults::default()).map(drop).unwrap(),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("help: "), "{error}");
            }
        }
        assert_eq!(scene.snapshot(), old, "with {free} pages free");
        assert_eq!(interrupted(&scene.root()), None);
    }
    assert!(refused >= 3, "the disk was full {refused} times");
}

#[test]
fn g2_a_read_only_disk_leaves_the_old_state() {
    let outside = Scene::empty();
    let Some(_mount) = mount(&["-t", "tmpfs", "tmpfs"], &outside.root()) else { return };
    let scene = Scene::at(&outside.root());
    scene.publish(OLD, Faults::default()).unwrap();
    let old = scene.snapshot();
    let remount =
        |how: &str| Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(outside.root()).status();
    assert!(remount("ro").unwrap().success());
    let error = scene.publish(NEW, Faults::default()).unwrap_err();
    assert!(error.to_string().contains("ead-only"), "{error}");
    assert_eq!(scene.snapshot(), old);
    assert!(remount("rw").unwrap().success());
    scene.publish(NEW, Faults::default()).unwrap();
}

#[test]
fn a_vendor_folder_that_is_a_mount_point_is_changed_crate_by_crate() {
    for bind in [false, true] {
        let scene = Scene::empty();
        scene.write("elsewhere/file", "");
        std::fs::create_dir(scene.path("vendor")).unwrap();
        let elsewhere = scene.path("elsewhere");
        let arguments = if bind { vec!["--bind", elsewhere.as_str()] } else { vec!["-t", "tmpfs", "tmpfs"] };
        let Some(_mount) = mount(&arguments, &scene.path("vendor")) else { return };
        for packages in [OLD, NEW, OLD] {
            scene.publish(packages, Faults::default()).unwrap();
            let plain = Scene::empty();
            plain.publish(packages, Faults::default()).unwrap();
            for path in plain.snapshot().keys().filter(|path| !path.as_str().ends_with('/')) {
                assert_eq!(scene.read(path.as_str()), plain.read(path.as_str()), "{path}");
            }
            assert!(!scene.names("vendor").iter().any(|name| name.starts_with(".seq")));
        }
        assert_eq!(scene.path("vendor/c").exists(), false);
    }
}

#[test]
fn a_folder_of_a_lower_layer_is_replaced() {
    let outside = Scene::empty();
    let lower = Scene::at(&outside.path("lower"));
    for name in ["lower", "upper", "work", "merged"] {
        std::fs::create_dir(outside.path(name)).unwrap();
    }
    lower.publish(OLD, Faults::default()).unwrap();
    // Overlays do not lie on overlays.
    let layers = outside.path("layers");
    std::fs::create_dir(&layers).unwrap();
    let Some(_tmpfs) = mount(&["-t", "tmpfs", "tmpfs"], &layers) else { return };
    std::fs::create_dir(layers.join("upper")).unwrap();
    std::fs::create_dir(layers.join("work")).unwrap();
    let options =
        format!("lowerdir={},upperdir={layers}/upper,workdir={layers}/work,redirect_dir=off", outside.path("lower"));
    let Some(_mount) = mount(&["-t", "overlay", "overlay", "-o", &options], &outside.path("merged")) else { return };
    let scene = Scene::at(&outside.path("merged"));
    scene.publish(NEW, Faults::default()).unwrap();
    let plain = Scene::empty();
    plain.publish(NEW, Faults::default()).unwrap();
    assert_eq!(scene.snapshot(), plain.snapshot());
}
