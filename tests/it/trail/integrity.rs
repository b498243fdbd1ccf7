//! What was done to a trail is named, file by file.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Folder, at, event, four, noon, release};
use cargo_sequester::door::gather::trail::{MAX_EVENT_BYTES, TrailError, of_files, read};
use cargo_sequester::door::model::trail::{Event, EventId, Kind, TrailProblemKind, missing_events};
use proptest::prelude::*;

fn name(folder: &Folder, id: EventId) -> String {
    folder.path(id).file_name().unwrap().to_owned()
}

/// Writes an event as it is, with the parents that it names.
fn place(folder: &Folder, event: &Event) -> EventId {
    let bytes = event.to_bytes().unwrap();
    let id = EventId::of(&bytes);
    std::fs::write(folder.dir.join(event.file_name(id).to_string()), bytes).unwrap();
    id
}

#[test]
fn i1_an_edited_event_is_named_and_nothing_else() {
    for position in 0..4 {
        let (folder, ids) = four();
        let path = folder.path(ids[position]);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("ana@", "eve@")).unwrap();
        assert_eq!(folder.problems(), [(name(&folder, ids[position]), "edited")].into());
        assert!(!folder.read().events.contains_key(&ids[position]));
        std::fs::write(&path, "{").unwrap();
        assert_eq!(folder.problems()[&name(&folder, ids[position])], "edited");
        std::fs::write(&path, text).unwrap();
        assert!(folder.problems().is_empty());
    }
}

#[test]
fn i1_a_deleted_event_is_named_by_its_child() {
    for position in 0..3 {
        let (folder, ids) = four();
        std::fs::remove_file(folder.path(ids[position])).unwrap();
        let problems = folder.read().problems;
        let kind = TrailProblemKind::Deleted { id: ids[position], named_by: ids[position + 1] };
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!((&problems[0].file, &problems[0].kind), (&format!("*-{}.json", ids[position]), &kind));
    }
}

#[test]
fn i1_an_event_before_its_parent_is_reordered() {
    let (folder, ids) = four();
    let mut late = event(Kind::Approved, noon(2));
    late.parents = [ids[3]].into();
    let id = place(&folder, &late);
    assert_eq!(folder.problems(), [(name(&folder, id), "reordered")].into());
    let (folder, ids) = four();
    late = event(Kind::Approved, at("2026-11-04T11:50:00Z"));
    late.parents = [ids[3]].into();
    place(&folder, &late);
    assert!(folder.problems().is_empty(), "ten minutes are within what clocks differ");
}

#[test]
fn i1_a_renamed_event_and_a_copy_are_told_apart() {
    let (folder, ids) = four();
    let path = folder.path(ids[1]);
    let other = folder.dir.join(format!("20261101T000000Z-{}.json", ids[1]));
    std::fs::copy(&path, &other).unwrap();
    assert_eq!(folder.problems(), [(other.file_name().unwrap().to_owned(), "duplicate")].into());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(folder.problems(), [(other.file_name().unwrap().to_owned(), "renamed")].into());
    assert!(folder.read().events.contains_key(&ids[1]), "its bytes are its own");
    std::fs::rename(&other, &path).unwrap();
    let wrong = format!("20261102T120000Z-{}.json", EventId::of(b"other"));
    std::fs::copy(&path, folder.dir.join(&wrong)).unwrap();
    assert_eq!(folder.problems(), [(wrong, "duplicate")].into());
}

#[test]
fn i1_an_event_overwritten_by_a_copy_of_another_is_missed() {
    let (folder, ids) = four();
    let copy = name(&folder, ids[1]);
    std::fs::copy(folder.path(ids[2]), folder.path(ids[1])).unwrap();
    assert_eq!(folder.problems(), [(copy, "duplicate"), (format!("*-{}.json", ids[1]), "deleted")].into());
    let (folder, ids) = four();
    std::fs::copy(folder.path(ids[2]), folder.path(ids[3])).unwrap();
    let problems = folder.read().problems;
    assert!(problems.len() == 1 && problems[0].kind.hides_an_event(), "{problems:?}");
}

#[test]
fn i1_an_inserted_event_without_parents_is_named() {
    let (folder, _) = four();
    // Earlier than all others, so that time alone does not tell which one was first.
    let id = place(&folder, &event(Kind::Init, at("2020-01-01T00:00:00Z")));
    assert_eq!(folder.problems(), [(name(&folder, id), "unparented")].into());
    // Without the true first event it may pass for one, but not unseen.
    let (folder, ids) = four();
    std::fs::remove_file(folder.path(ids[0])).unwrap();
    place(&folder, &event(Kind::Vendored, noon(1)));
    assert_eq!(folder.problems(), [(format!("*-{}.json", ids[0]), "deleted")].into());
}

#[test]
fn i2_heads_kept_elsewhere_tell_a_cut_and_an_insertion() {
    let (folder, ids) = four();
    let trail = folder.read();
    assert_eq!(trail.heads, [ids[3]].into());
    assert_eq!(trail.check_heads(&[ids[3]]), trail.check_heads(&[ids[1]]), "heads of an earlier day hold too");
    assert!(trail.check_heads(&[ids[3]]).missing.is_empty());
    std::fs::remove_file(folder.path(ids[3])).unwrap();
    let cut = folder.read();
    assert!(cut.problems.is_empty(), "nothing inside a trail tells where it ended");
    assert_eq!(cut.check_heads(&[ids[3]]).missing, [ids[3]]);
    let mut inserted = event(Kind::Approved, noon(3));
    inserted.parents = [ids[0]].into();
    let inserted = place(&folder, &inserted);
    let trail = folder.read();
    assert!(trail.problems.is_empty(), "a branch looks just like this");
    assert_eq!(trail.heads, [ids[2], inserted].into());
    assert_eq!(trail.check_heads(&[ids[2]]).beside, [inserted]);
}

#[test]
fn i2_a_base_tells_which_events_a_change_took_away() {
    let (folder, ids) = four();
    let base: BTreeSet<_> = folder.read().events.into_keys().collect();
    std::fs::remove_file(folder.path(ids[3])).unwrap();
    folder.add(event(Kind::Revoked, noon(5)));
    let head = folder.read().events.into_keys().collect();
    assert_eq!(missing_events(&base, &head), [ids[3]]);
    assert!(missing_events(&base, &base).is_empty());
}

#[test]
fn i7_every_kind_of_event_is_written_and_read() {
    let folder = Folder::new();
    for (day, kind) in (1..).zip(Kind::ALL) {
        folder.add(event(kind, noon(day)));
    }
    let trail = folder.read();
    let kinds: Vec<_> = trail.newest_first().into_iter().rev().map(|(_, event)| event.kind).collect();
    assert_eq!((kinds, trail.problems), (Kind::ALL.to_vec(), Vec::new()));
}

#[test]
fn what_is_no_event_is_named_and_not_read() {
    let (folder, _) = four();
    let id = EventId::of(b"{}\n");
    for file in [".DS_Store", "notes.txt", "x.json"] {
        std::fs::write(folder.dir.join(file), "{}\n").unwrap();
    }
    std::fs::write(folder.dir.join(format!("20261101T000000Z-{id}.json")), "{}\n").unwrap();
    std::fs::create_dir(folder.dir.join("sub")).unwrap();
    std::fs::write(folder.dir.join(".event-abc.tmp"), "half").unwrap();
    let newer = b"{\"schema\":\"urn:cargo-sequester:trail-event-v9\\u001b\"}\n";
    let newer_name = format!("20261101T000000Z-{}.json", EventId::of(newer));
    std::fs::write(folder.dir.join(&newer_name), newer).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", folder.dir.join(format!("20261101T000001Z-{id}.json"))).unwrap();
    let problems = folder.problems();
    for foreign in [".DS_Store", "notes.txt", "x.json", "sub", &format!("20261101T000001Z-{id}.json")] {
        assert_eq!(problems[foreign], "foreign", "{foreign}");
    }
    assert_eq!(problems[&format!("20261101T000000Z-{id}.json")], "malformed");
    assert_eq!(problems[&newer_name], "unknown-schema");
    assert_eq!(problems.len(), 7);
}

#[test]
fn bounds_hold() {
    let (folder, _) = four();
    let huge = format!("20261101T000000Z-{}.json", EventId::of(b"huge"));
    std::fs::File::create(folder.dir.join(&huge)).unwrap().set_len(MAX_EVENT_BYTES + 1).unwrap();
    assert_eq!(folder.problems(), [(huge, "too-large")].into());
    let deep = [b"{\"kind\":".as_slice(), &vec![b'['; 100_000]].concat();
    let trail = of_files(vec![(format!("20261101T000000Z-{}.json", EventId::of(&deep)), deep)]);
    assert_eq!(trail.problems[0].kind.code(), "malformed");
}

#[test]
fn a_trail_that_is_absent_is_empty_and_one_that_is_a_link_is_refused() {
    let (folder, _) = four();
    assert_eq!(read(&folder.dir.join("absent")).unwrap().events.len(), 0);
    assert!(matches!(
        read(&folder.path(folder.read().heads.into_iter().next().unwrap())),
        Err(TrailError::NotAFolder(_))
    ));
    #[cfg(unix)]
    {
        let link = folder.dir.with_file_name("link");
        std::os::unix::fs::symlink(&folder.dir, &link).unwrap();
        assert!(matches!(read(&link), Err(TrailError::NotAFolder(_))));
    }
}

#[test]
fn g10_turned_line_ends_are_no_edit() {
    let (folder, ids) = four();
    for id in ids {
        let path = folder.path(id);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace('\n', "\r\n")).unwrap();
    }
    let trail = folder.read();
    assert_eq!((trail.problems.len(), trail.events.len()), (0, 4));
}

#[test]
fn two_thousand_events_are_verified_quickly() {
    let mut files = Vec::new();
    let mut parent = None;
    for number in 0..2_000_i64 {
        let time = noon(1) + jiff::SignedDuration::from_secs(number * 60);
        let mut event = event(Kind::Vendored, time);
        event.parents.extend(parent);
        let text = number.to_string();
        event.releases =
            (0..10).map(|patch| release("bar", &format!("{text}.0.{patch}"), 1, "2026-01-01T00:00:00Z")).collect();
        let bytes = event.to_bytes().unwrap();
        let id = EventId::of(&bytes);
        files.push((event.file_name(id).to_string(), bytes));
        parent = Some(id);
    }
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.dir).unwrap();
    for (name, bytes) in &files {
        std::fs::write(folder.dir.join(name), bytes).unwrap();
    }
    let start = Instant::now();
    let trail = folder.read();
    eprintln!("read and verified {} events in {:?}", trail.events.len(), start.elapsed());
    assert_eq!((trail.events.len(), trail.problems.len(), trail.heads.len()), (2_000, 0, 1));
    let start = Instant::now();
    let recorded = cargo_sequester::door::model::recorded::Recorded::of(&trail);
    eprintln!("gathered the facts of {} crates in {:?}", recorded.crates.len(), start.elapsed());
}

fn a_name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("20261101T000000Z-{}.json", EventId::of(b""))),
        "[0-9TZ]{16}-[0-9a-f]{64}\\.json",
        ".{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_under_any_name_are_survived(files in prop::collection::vec((a_name(), prop::collection::vec(any::<u8>(), 0..200)), 0..8)) {
        let trail = of_files(files);
        prop_assert!(trail.events.is_empty());
    }

    /// Whatever is put in place of one byte of one event, the trail is not taken for whole.
    #[test]
    fn any_byte_of_any_event_matters(position in 0_usize..4, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (folder, ids) = four();
        let path = folder.path(ids[position]);
        let mut bytes = std::fs::read(&path).unwrap();
        let index = at.index(bytes.len());
        prop_assume!(bytes[index] != byte);
        bytes[index] = byte;
        std::fs::write(&path, bytes).unwrap();
        let problems = folder.read().problems;
        prop_assert_eq!(problems.len(), 1);
        prop_assert_eq!(problems[0].kind.code(), "edited");
    }
}
