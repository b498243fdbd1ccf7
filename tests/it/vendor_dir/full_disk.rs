//! G2 and mount points, on file systems made for the purpose, where the machine allows that.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::write::vendor_dir::{Faults, VendorDirError, interrupted};

use super::faults::at_every_step as refused_at_every_step;
use super::kills::{NEW, OLD, at_every_step, edited_after_the_kill, run_until};
use super::scene::Scene;

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

/// A project whose vendor folder is a mount point, holding `OLD`.
fn mounted(bind: bool) -> Option<Scene> {
    let scene = Scene::empty();
    for name in ["vendor", "elsewhere"] {
        std::fs::create_dir(scene.path(name)).unwrap();
    }
    let elsewhere = scene.path("elsewhere");
    let arguments = if bind { vec!["--bind", elsewhere.as_str()] } else { vec!["-t", "tmpfs", "tmpfs"] };
    let mount = mount(&arguments, &scene.path("vendor"))?;
    let scene = scene.keeping(mount);
    scene.publish(OLD, Faults::default()).unwrap();
    Some(scene)
}

#[test]
fn g1_a_vendor_folder_that_is_a_mount_point_is_changed_crate_by_crate() {
    for bind in [false, true] {
        let Some(scene) = mounted(bind) else { return };
        let staged_inside = (1..10).any(|step| {
            run_until(&scene, step, "exchange");
            scene.names("vendor").iter().any(|name| name.starts_with(".sequester-stage-"))
        });
        assert!(staged_inside, "a rename cannot cross into a mount");
        at_every_step("exchange", || mounted(bind).unwrap());
        refused_at_every_step(ErrorKind::StorageFull, false, || mounted(bind).unwrap());
    }
}

#[test]
fn a_mount_below_the_vendor_folder_is_refused_and_never_emptied() {
    for deep in ["mine", "mine/deep", "keep/mine"] {
        for exchange in [true, false] {
            let scene = Scene::empty();
            scene.publish(OLD, Faults::default()).unwrap();
            scene.write("volume/data", "precious");
            let place = scene.path("vendor").join(deep);
            std::fs::create_dir_all(&place).unwrap();
            // Of the same file system: the device number says nothing.
            let Some(mounted) = mount(&["--bind", scene.path("volume").as_str()], &place) else { return };
            let faults = || if exchange { Faults::default() } else { Faults::default().without_exchange() };
            let error = scene.publish(NEW, faults()).unwrap_err();
            assert!(matches!(&error, VendorDirError::Mount { path } if *path == place), "{error}");
            assert_eq!(scene.read("volume/data"), "precious");
            assert_eq!(scene.read("vendor/b/src/lib.rs"), "// 1\n");
            assert_eq!(scene.names(""), [".cargo", "vendor", "volume"]);

            // Nor is what an older run left behind, should it hold one.
            let left = scene.path(".vendor.sequester-stage-1");
            std::fs::create_dir(&left).unwrap();
            let again = mount(&["--bind", scene.path("volume").as_str()], &left).unwrap();
            let error = scene.open(Faults::default()).unwrap_err();
            assert!(matches!(&error, VendorDirError::Mount { path } if *path == left), "{error}");
            drop((mounted, again));
            scene.publish(NEW, faults()).unwrap();
            assert_eq!(scene.read("volume/data"), "precious");
            assert!(!left.exists());
        }
    }
}

/// A project on an overlay whose lower layer holds `OLD`.
fn overlaid() -> Option<Scene> {
    let outside = Scene::empty();
    for name in ["lower", "layers", "merged"] {
        std::fs::create_dir(outside.path(name)).unwrap();
    }
    Scene::at(&outside.path("lower")).publish(OLD, Faults::default()).unwrap();
    let (lower, layers, merged) = (outside.path("lower"), outside.path("layers"), outside.path("merged"));
    // An upper layer must not lie on an overlay itself, as temporary folders of containers do.
    let tmpfs = mount(&["-t", "tmpfs", "tmpfs"], &layers)?;
    std::fs::create_dir(layers.join("upper")).unwrap();
    std::fs::create_dir(layers.join("work")).unwrap();
    let options = format!("lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work,redirect_dir=off");
    let overlay = mount(&["-t", "overlay", "overlay", "-o", &options], &merged)?;
    Some(Scene::at(&merged).keeping(outside).keeping(tmpfs).keeping(overlay))
}

#[test]
fn g1_folders_of_a_lower_layer_are_replaced_crate_by_crate() {
    let Some(scene) = overlaid() else { return };
    let moved = std::fs::rename(scene.path("vendor/a"), scene.path("vendor/x"));
    assert_eq!(moved.unwrap_err().kind(), std::io::ErrorKind::CrossesDevices, "such folders cannot be renamed");
    scene.publish(NEW, Faults::default()).unwrap();
    let plain = Scene::empty();
    plain.publish(NEW, Faults::default()).unwrap();
    assert_eq!(scene.snapshot(), plain.snapshot());
    at_every_step("exchange", || overlaid().unwrap());
    refused_at_every_step(ErrorKind::StorageFull, false, || overlaid().unwrap());
    edited_after_the_kill("exchange", || overlaid().unwrap());
}
