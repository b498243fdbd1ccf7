//! Two branches that both wrote events: git merges them as files, and the next event joins them (catalogue I3).

use std::process::Command;

use camino::Utf8Path;

use super::{Folder, event, noon};
use cargo_sequester::door::gather::trail::read;
use cargo_sequester::door::model::trail::Kind;
use cargo_sequester::door::write::trail::append;

fn git(dir: &Utf8Path, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(dir)
        .args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn i3_two_clones_merge_and_the_next_event_joins_them() {
    let folder = Folder::new();
    let top = folder.dir.parent().unwrap().parent().unwrap().to_owned();
    let (one, two) = (top.join("one"), top.join("two"));
    std::fs::create_dir(&one).unwrap();
    let trail_of = |clone: &Utf8Path| clone.join(".sequester/trail");
    let add = |clone: &Utf8Path, kind, day| {
        let dir = trail_of(clone);
        let id = append(&dir, &read(&dir).unwrap(), event(kind, noon(day))).unwrap();
        git(clone, &["add", "."]);
        git(clone, &["commit", "-qm", "event"]);
        id
    };
    git(&one, &["init", "-qb", "main"]);
    let first = add(&one, Kind::Init, 1);
    git(&top, &["clone", "-q", "one", "two"]);
    let here = add(&one, Kind::Approved, 2);
    let there = add(&two, Kind::Approved, 3);
    assert_ne!(here, there);
    git(&two, &["fetch", "-q"]);
    git(&two, &["merge", "-qm", "merge", "origin/main"]);
    let merged = read(&trail_of(&two)).unwrap();
    assert_eq!((merged.problems.clone(), merged.heads.clone()), (Vec::new(), [here, there].into()));
    let join = add(&two, Kind::Vendored, 4);
    let trail = read(&trail_of(&two)).unwrap();
    assert_eq!((trail.problems.clone(), trail.heads.clone()), (Vec::new(), [join].into()));
    assert_eq!(trail.events[&join].parents, [here, there].into());
    let order: Vec<_> = trail.newest_first().into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, [join, there, here, first]);
}
