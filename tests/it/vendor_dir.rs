//! The vendor folder and cargo's configuration are both old or both new, whatever happens.

mod faults;
mod full_disk;
mod kills;
mod scene;
mod targets;

use std::collections::BTreeSet;
use std::time::Duration;

use cargo_sequester::door::model::vendored::VENDOR_ATTRIBUTES;
use cargo_sequester::door::write::vendor_dir::{Changes, Faults, Interrupted, VendorDirError, interrupted};
use scene::{Scene, tree};

#[test]
fn the_first_run_writes_the_tree_the_configuration_and_the_attributes() {
    let scene = Scene::on_disk();
    scene.publish(&["a=1", "b=1"], Faults::default()).unwrap();
    assert_eq!(scene.read("vendor/.gitattributes"), VENDOR_ATTRIBUTES);
    assert!(scene.read(".cargo/config.toml").contains("\"b@1.0.0\""));
    assert_eq!(scene.read("vendor/a/src/lib.rs"), "// 1\n");
    assert_eq!(scene.names(""), [".cargo", "vendor"], "nothing is left over");
    assert_eq!(scene.names("vendor"), [".gitattributes", "a", "b"]);
}

#[cfg(unix)]
#[test]
fn g9_the_same_input_gives_the_same_bytes_and_modes_and_unchanged_files_are_not_written() {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (Scene::empty(), Scene::on_disk());
    one.publish(&["a=1", "b=2"], Faults::default()).unwrap();
    other.publish(&["b=1", "old=1"], Faults::default()).unwrap();
    let inode = |scene: &Scene| std::fs::metadata(scene.path("vendor/b/src/lib.rs")).unwrap().ino();
    other.publish(&["a=1", "b=2"], Faults::default()).unwrap();
    assert_eq!(one.snapshot(), other.snapshot());
    let before = inode(&other);
    other.publish(&["a=2", "b=2"], Faults::default()).unwrap();
    assert_eq!(inode(&other), before, "an unchanged file is linked, not copied");
    for (name, mode) in [("vendor/b", 0o755), ("vendor/b/src/lib.rs", 0o644), ("vendor/b/build.sh", 0o755)] {
        let found = std::fs::metadata(other.path(name)).unwrap().mode() & 0o7777;
        assert_eq!(found & 0o700, mode & 0o700, "{name}");
        assert_eq!(found & !mode, 0, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn nothing_to_do_makes_no_stage_and_touches_no_file() {
    use std::os::unix::fs::MetadataExt;
    let scene = Scene::empty();
    scene.publish(&["a=1"], Faults::default()).unwrap();
    let stamp = |path: &str| {
        let found = std::fs::metadata(scene.path(path)).unwrap();
        (found.ino(), found.mtime_nsec(), found.ctime_nsec())
    };
    let before = [stamp("vendor"), stamp("vendor/a"), stamp(".cargo"), stamp(".cargo/config.toml")];
    let faults = Faults::default();
    let applied = scene.publish(&["a=1"], faults.clone()).unwrap();
    assert!(!applied.tree && !applied.config);
    assert_eq!(faults.steps(), 0);
    assert_eq!([stamp("vendor"), stamp("vendor/a"), stamp(".cargo"), stamp(".cargo/config.toml")], before);
}

#[test]
fn g8_only_what_this_tool_wrote_is_removed() {
    for faults in [Faults::default(), Faults::default().without_exchange()] {
        let scene = Scene::empty();
        scene.publish(&["a=1", "b=1", "c=1"], Faults::default()).unwrap();
        scene.write("vendor/mine/src/lib.rs", "// mine\n");
        scene.write("vendor/README", "read me\n");
        // A folder that was ours until somebody put other sources there.
        scene.write("vendor/c/.cargo-checksum.json", "{\"files\":{},\"package\":null}");
        let vendor = scene.open(Faults::default()).unwrap();
        let remains = vendor.remains(&scene.found(), Some(&scene.listed()), &BTreeSet::from(["b".to_owned()])).unwrap();
        assert_eq!(remains.ours, BTreeSet::from(["a".to_owned()]));
        assert_eq!(remains.foreign, ["README", "c", "mine"].map(str::to_owned).into());
        let none = vendor.remains(&scene.found(), None, &BTreeSet::new()).unwrap();
        assert!(none.ours.is_empty(), "without a list nothing is ours");
        drop(vendor);
        scene.publish(&["b=2"], faults).unwrap();
        assert_eq!(scene.names("vendor"), [".gitattributes", "README", "b", "c", "mine"]);
        assert_eq!(scene.read("vendor/mine/src/lib.rs"), "// mine\n");
    }
}

#[test]
fn attributes_of_somebody_else_stay() {
    let scene = Scene::empty();
    scene.write("vendor/.gitattributes", "* binary\n");
    scene.publish(&["a=1"], Faults::default()).unwrap();
    assert_eq!(scene.read("vendor/.gitattributes"), "* binary\n");
}

#[test]
fn a_configuration_that_changed_meanwhile_is_not_written_over() {
    let scene = Scene::empty();
    scene.publish(&["a=1"], Faults::default()).unwrap();
    let vendor = scene.open(Faults::default()).unwrap();
    let (file, bytes) = scene.config(&["a=2"]);
    let changes = Changes { write: BTreeSet::from(["a".to_owned()]), ..Changes::default() };
    let stage = vendor.stage(changes).unwrap();
    stage.write("a", &tree("a", "2").borrowed(), None).unwrap();
    scene.write(".cargo/config.toml", "# edited\n");
    let error = stage.publish(Some((&file, &bytes))).unwrap_err();
    assert!(matches!(error, VendorDirError::ConfigChanged { .. }), "{error}");
    assert_eq!(scene.read("vendor/a/src/lib.rs"), "// 1\n");
    assert!(matches!(vendor.publish_config(&file, &bytes), Err(VendorDirError::ConfigChanged { .. })));
    drop(vendor);
    assert_eq!(scene.names(""), [".cargo", "vendor"]);
    assert_eq!(scene.names(".cargo"), ["config.toml"]);
}

#[test]
fn what_was_announced_must_be_written_and_nothing_else_can_be() {
    let scene = Scene::empty();
    let vendor = scene.open(Faults::default()).unwrap();
    let changes = |name: &str| Changes { write: BTreeSet::from([name.to_owned()]), ..Changes::default() };
    let stage = vendor.stage(changes("a")).unwrap();
    assert!(matches!(stage.write("b", &tree("b", "1").borrowed(), None), Err(VendorDirError::Name { .. })));
    assert!(matches!(stage.publish(None), Err(VendorDirError::NotStaged { .. })));
    for name in ["../a", "", ".", "..", "a/b", "a\\b", "a\nb", ".sequester-stage-1"] {
        assert!(matches!(vendor.stage(changes(name)), Err(VendorDirError::Name { .. })), "{name:?}");
    }
    drop(vendor);
    assert_eq!(scene.names(""), [""; 0]);
}

#[test]
fn g3_the_second_of_two_runs_says_who_holds_the_lock_or_waits_for_it() {
    let scene = Scene::empty();
    let first = scene.open(Faults::default()).unwrap();
    let Err(VendorDirError::Locked { holder, .. }) = scene.open(Faults::default()) else { panic!("two runs at once") };
    assert_eq!(holder.process, Some(std::process::id()));
    assert_eq!(holder.command, "cargo sequester vendor");
    assert_eq!(interrupted(&scene.root()), Some(Interrupted::Running(holder)));
    std::thread::scope(|scope| {
        let second = scope.spawn(|| scene.open_waiting(Duration::from_secs(30)).map(drop));
        std::thread::sleep(Duration::from_millis(120));
        drop(first);
        second.join().unwrap().unwrap();
    });
    assert_eq!(interrupted(&scene.root()), None);
    assert_eq!(scene.names(""), [""; 0], "the lock is gone with its holder");
}

#[test]
fn g3_runs_at_once_end_with_one_of_their_states() {
    let scene = Scene::empty();
    scene.publish(&["a=1"], Faults::default()).unwrap();
    std::thread::scope(|scope| {
        for version in ["2", "3", "4", "5"] {
            let scene = &scene;
            scope.spawn(move || {
                scene.publish(&[&format!("a={version}"), &format!("v{version}=1")], Faults::default()).unwrap()
            });
        }
    });
    let last = scene.read("vendor/a/src/lib.rs").trim().trim_start_matches("// ").to_owned();
    assert_eq!(scene.names("vendor"), [".gitattributes".to_owned(), "a".to_owned(), format!("v{last}")]);
    assert!(scene.read(".cargo/config.toml").contains(&format!("\"v{last}@1.0.0\"")));
    assert_eq!(scene.names(""), [".cargo", "vendor"]);
}
