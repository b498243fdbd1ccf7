//! A file is replaced whole or not at all, with the permissions that are asked for, and nothing stays beside it.

use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::files::names::{STAGED, STAGED_EVENT};
use cargo_sequester::door::files::{Lock, Replacement};

struct Folder {
    path: Utf8PathBuf,
    _folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: Utf8Path::from_path(folder.path()).unwrap().to_owned(), _folder: folder }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.path.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_file_is_the_old_one_until_it_is_the_new_one() {
    let folder = Folder::new();
    let path = folder.path.join("file");
    std::fs::write(&path, "old").unwrap();
    for name in [STAGED, STAGED_EVENT] {
        let staged = Replacement::of(&path).named(name).stage(b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let waiting: Vec<_> = folder.names().into_iter().filter(|name| name != "file").collect();
        assert!(waiting.len() == 1 && name.is_of(&waiting[0]), "{waiting:?}");
        drop(staged);
        assert_eq!(folder.names(), ["file"]);
    }
    Replacement::of(&path).write(b"new").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    Replacement::of(&path).of_a_cache().write(b"newer").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"newer");
    assert_eq!(folder.names(), ["file"]);
}

#[test]
fn what_came_there_in_the_meantime_is_kept_where_that_is_asked_for() {
    let folder = Folder::new();
    let path = folder.path.join("file");
    let staged = Replacement::of(&path).stage(b"ours").unwrap();
    std::fs::write(&path, "theirs").unwrap();
    assert_eq!(staged.put_new().unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
    assert_eq!(folder.names(), ["file"]);
}

#[test]
fn a_refusal_leaves_nothing_behind() {
    let folder = Folder::new();
    let absent = folder.path.join("absent/file");
    assert_eq!(Replacement::of(&absent).write(b"new").unwrap_err().kind(), ErrorKind::NotFound);
    let taken = folder.path.join("taken");
    std::fs::create_dir_all(taken.join("full")).unwrap();
    assert!(Replacement::of(&taken).write(b"new").is_err(), "a folder is in the file's place");
    assert!(Replacement::of(&taken).named_exactly("waiting").write(b"new").is_err());
    assert_eq!(folder.names(), ["taken"]);
}

#[test]
fn what_a_killed_run_left_under_a_fixed_name_is_in_nobodys_way() {
    let folder = Folder::new();
    let path = folder.path.join("file");
    std::fs::write(folder.path.join("waiting"), "half").unwrap();
    let staged = Replacement::of(&path).named_exactly("waiting").stage(b"new").unwrap();
    assert_eq!(std::fs::read(folder.path.join("waiting")).unwrap(), b"new");
    staged.keep().unwrap();
    assert_eq!(folder.names(), ["waiting"], "kept for the rename that a later run makes");
    Replacement::of(&path).named_exactly("waiting").write(b"newer").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"newer");
    assert_eq!(folder.names(), ["file"]);
}

#[cfg(unix)]
#[test]
fn permissions_are_the_ones_that_are_asked_for() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = Folder::new();
    let path = folder.path.join("file");
    let mode = || path.symlink_metadata().unwrap().permissions().mode() & 0o777;
    std::fs::write(&path, "").unwrap();
    let usual = mode();
    Replacement::of(&path).private().write(b"").unwrap();
    assert_eq!(mode(), 0o600);
    Replacement::of(&path).write(b"").unwrap();
    assert_eq!(mode(), usual, "what the mask leaves, not what was there");
    for given in [0o640, 0o777, 0o400] {
        let before = || {
            std::fs::set_permissions(&path, Permissions::from_mode(given)).unwrap();
            Some(path.metadata().unwrap())
        };
        Replacement::of(&path).like(before()).write(b"").unwrap();
        assert_eq!(mode(), given);
        Replacement::of(&path).named_exactly("waiting").like(before()).write(b"").unwrap();
        assert_eq!(mode(), given);
    }
    let elsewhere = folder.path.join("elsewhere");
    std::fs::write(&elsewhere, "theirs").unwrap();
    std::fs::remove_file(&path).unwrap();
    symlink(&elsewhere, &path).unwrap();
    Replacement::of(&path).write(b"ours").unwrap();
    assert!(path.symlink_metadata().unwrap().is_file(), "the link is replaced");
    assert_eq!(std::fs::read(&elsewhere).unwrap(), b"theirs");
}

#[test]
fn a_lock_keeps_others_out_until_it_is_dropped() {
    let folder = Folder::new();
    let path = folder.path.join("lock");
    let open = || std::fs::File::options().append(true).create(true).open(&path).unwrap();
    let held = Lock::try_take(open()).unwrap().unwrap();
    assert!(Lock::try_take(open()).unwrap().is_none());
    let inherited = held.file().try_clone().unwrap();
    drop(held);
    let taken = Lock::take(open(), || panic!("nobody holds it")).unwrap();
    assert!(taken.lock.is_some() && !taken.waited, "not even where the open file outlives it");
    drop(inherited);
}
