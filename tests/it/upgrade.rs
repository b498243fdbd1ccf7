//! What version 0.1.0 wrote is read by every later one: a policy with its approvals, an allow-list, and a trail with an event of each kind
//! that a project gathers. Nothing here is ever written anew; a later version adds a folder of its own.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::{allow_list, lock_file, policy_file, trail};
use cargo_sequester::door::model::policy::CargoAges;

use crate::support::Project;

fn written_by(version: &str) -> Utf8PathBuf {
    Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/upgrade")).join(version)
}

#[test]
fn the_policy_of_0_1_0() {
    let file = policy_file::read(&written_by("v0_1_0").join("policy.toml")).unwrap();
    let (policy, approvals) = file.under(CargoAges::default());
    let ignored: Vec<_> = policy.advisories.ignore.iter().map(|one| (&*one.id, one.until.to_string())).collect();
    assert_eq!(ignored, [("RUSTSEC-2026-0204", "2026-10-07".to_owned())]);
    let approved: Vec<_> = approvals.iter().map(|one| (one.crate_name.as_written(), one.version.to_string())).collect();
    assert_eq!(approved, [("crossbeam-utils", "0.8.22".to_owned())]);
}

#[test]
fn the_allow_list_of_0_1_0() {
    let folder = written_by("v0_1_0");
    let allowed = allow_list::read(&folder.join("config.toml")).unwrap().unwrap();
    let lock = lock_file::read(&folder.join("lock.txt")).unwrap();
    assert_eq!((allowed.releases.len(), lock.packages.len()), (3, 4));
}

#[test]
fn the_trail_of_0_1_0() {
    let read = trail::read(&written_by("v0_1_0").join("trail")).unwrap();
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let kinds: BTreeSet<&str> = read.events.values().map(|event| event.kind.as_str()).collect();
    let each = ["approved", "init", "policy-loosened", "revoked", "updated", "vendored"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), each);
    assert_eq!(read.events.len(), 8);
    assert!(read.events.values().any(|event| event.releases.iter().any(|one| one.pubtime.is_some())));
}

/// Its ids are recomputed from the bytes, its head is found, and its text is told.
#[test]
fn the_log_of_0_1_0() {
    let project = Project::new();
    for entry in written_by("v0_1_0").join("trail").read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        let name = path.file_name().unwrap();
        project.write(&format!(".sequester/trail/{name}"), std::fs::read(&path).unwrap());
    }
    let said = project.sequester(&["log", "--verify"]).expect_code(0).stdout;
    assert!(said.contains("Verified 8 events"), "{said}");
    let told = project.sequester(&["log", "crossbeam-utils"]).expect_code(0).stdout;
    assert!(told.contains("read the diff from 0.8.21"), "{told}");
}
