//! Adding events: whole or not at all, never over another, also by two runs at once.

use std::sync::Barrier;

use super::{Folder, at, event, four, noon};
use cargo_sequester::door::model::Timestamp;
use cargo_sequester::door::model::trail::{EventId, Kind, Trail, Who};
use cargo_sequester::door::write::trail::{AppendError, append};

#[test]
fn events_follow_one_another() {
    let (folder, ids) = four();
    let trail = folder.read();
    assert_eq!((trail.heads.clone(), trail.problems.len()), ([ids[3]].into(), 0));
    let order: Vec<_> = trail.newest_first().into_iter().rev().map(|(id, _)| id).collect();
    assert_eq!(order, ids);
    for pair in ids.windows(2) {
        assert_eq!(trail.events[&pair[1]].parents, [pair[0]].into());
    }
    assert_eq!(folder.names().len(), 4, "nothing staged is left");
}

#[test]
fn the_same_event_twice_is_one_event() {
    let folder = Folder::new();
    let empty = Trail::default();
    let first = append(&folder.dir, &empty, event(Kind::Init, noon(1))).unwrap();
    let again = append(&folder.dir, &empty, event(Kind::Init, noon(1))).unwrap();
    assert_eq!((first, folder.names().len()), (again, 1));
}

/// Both runs read the same heads; both events stay, and the next one joins them.
#[test]
fn g3_runs_at_once_all_leave_their_event() {
    let (folder, ids) = four();
    let before = folder.read();
    let barrier = Barrier::new(8);
    let written: Vec<EventId> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|second| {
                let (barrier, before, dir) = (&barrier, &before, &folder.dir);
                let time = noon(5) + jiff::SignedDuration::from_secs(second);
                scope.spawn(move || {
                    barrier.wait();
                    append(dir, before, event(Kind::Approved, time)).unwrap()
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let trail = folder.read();
    assert_eq!((trail.heads.len(), trail.problems.len()), (8, 0));
    assert!(written.iter().all(|id| trail.events[id].parents == [ids[3]].into()));
    let join = folder.add(event(Kind::Vendored, noon(6)));
    let trail = folder.read();
    assert_eq!((trail.heads, trail.events[&join].parents.len()), ([join].into(), 8));
}

#[test]
fn g3_of_two_first_events_at_once_one_is_told_to_try_again() {
    let folder = Folder::new();
    append(&folder.dir, &Trail::default(), event(Kind::Init, noon(1))).unwrap();
    let second = append(&folder.dir, &Trail::default(), event(Kind::Vendored, noon(1)));
    assert!(matches!(second, Err(AppendError::BegunElsewhere(_))), "{second:?}");
    assert_eq!(folder.names().len(), 1);
}

#[test]
fn d2_no_event_is_written_behind_the_latest() {
    let (folder, _) = four();
    let error = append(&folder.dir, &folder.read(), event(Kind::Approved, noon(3))).unwrap_err();
    assert!(matches!(&error, AppendError::ClockBehind { latest, .. } if *latest == noon(4)), "{error}");
    assert_eq!(folder.names().len(), 4);
    // A `--now` in the past is not the machine's clock.
    let mut past = event(Kind::Approved, noon(2));
    past.machine_time = Some(at("2026-11-04T11:55:00Z"));
    folder.add(past);
    assert!(folder.read().problems.is_empty());
}

#[test]
fn nothing_is_added_to_a_trail_that_is_not_whole() {
    let (folder, ids) = four();
    std::fs::remove_file(folder.path(ids[1])).unwrap();
    let error = append(&folder.dir, &folder.read(), event(Kind::Approved, noon(5))).unwrap_err();
    assert!(matches!(&error, AppendError::NotWhole { code: "deleted", .. }), "{error}");
    assert_eq!(folder.names().len(), 3);
    let help = error.to_string();
    assert!(help.lines().last().unwrap().starts_with("help: "), "{help}");
}

#[test]
fn an_event_that_could_not_be_read_back_is_not_written() {
    let folder = Folder::new();
    let mut wrong = event(Kind::Init, Timestamp::MIN);
    wrong.who = None::<Who>;
    let error = append(&folder.dir, &Trail::default(), wrong).unwrap_err();
    assert!(matches!(error, AppendError::Unreadable { .. }), "{error}");
    assert!(!folder.dir.exists());
}

#[cfg(unix)]
#[test]
fn g2_a_folder_that_cannot_be_written_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, _) = four();
    let trail = folder.read();
    // A file where the folder should be, and a link.
    let file = folder.dir.join("..").join("file");
    std::fs::write(&file, "").unwrap();
    let error = append(&file, &Trail::default(), event(Kind::Init, noon(1))).unwrap_err();
    assert!(matches!(error, AppendError::NotAFolder(_)), "{error}");
    let below = file.join("trail");
    assert!(matches!(append(&below, &trail, event(Kind::Init, noon(5))), Err(AppendError::Io { .. })));
    let names = folder.names();
    std::fs::set_permissions(&folder.dir, std::fs::Permissions::from_mode(0o555)).unwrap();
    let result = append(&folder.dir, &trail, event(Kind::Approved, noon(5)));
    std::fs::set_permissions(&folder.dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Whoever runs this as root may write all the same.
    if let Err(error) = result {
        assert!(matches!(error, AppendError::Io { .. }), "{error}");
        assert_eq!(folder.names(), names);
    }
}

#[cfg(unix)]
#[test]
fn events_are_readable_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, ids) = four();
    let mode = std::fs::metadata(folder.path(ids[0])).unwrap().permissions().mode();
    assert_eq!(mode & 0o400, 0o400);
    assert_eq!(mode & 0o111, 0, "{mode:o}");
}
