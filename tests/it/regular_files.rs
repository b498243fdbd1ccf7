//! What stands where a file should be is told at once, and nothing is waited for: pipes, devices, sockets, folders, ten gigabytes.
#![cfg(unix)]

use std::fs::File;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::files::regular::{self, Irregular, Links, ReadError};

use crate::audit::{NOW, World};
use crate::support::{Outcome, Package, Project};

/// More than any run takes on a busy machine, less than anybody waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is put in a file's place, and what must be said of it.
pub(crate) const KINDS: [(&str, &str); 5] = [
    ("pipe", "a named pipe"),
    ("socket", "a socket"),
    ("folder", "a folder"),
    ("device", "a device"),
    ("huge", "larger than"),
];

pub(crate) fn put(kind: &str, path: &Utf8Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    match kind {
        "pipe" => {
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success(), "{path}");
        }
        // The name stays when the listener goes. A socket's path must be short, so it is made from beside it.
        "socket" => {
            let short =
                Utf8PathBuf::from(format!("/tmp/sequester-{}-{}.sock", std::process::id(), path.as_str().len()));
            let _ = std::fs::remove_file(&short);
            drop(UnixListener::bind(&short).unwrap());
            std::fs::rename(&short, path).or_else(|_| UnixListener::bind(path).map(drop)).unwrap();
        }
        "folder" => std::fs::create_dir(path).unwrap(),
        "device" => symlink("/dev/zero", path).unwrap(),
        "huge" => File::create(path).unwrap().set_len(10 << 30).unwrap(),
        _ => unreachable!("{kind}"),
    }
}

/// Runs the program, and ends it where it waits.
#[track_caller]
pub(crate) fn within_patience(project: &Project, arguments: &[&str], what: &str) -> Outcome {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.arg("sequester").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            end(&mut child);
            panic!("{what}: still waiting");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    Outcome {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn the_door_tells_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    for (kind, expected) in KINDS {
        let path = folder.join(kind);
        put(kind, &path);
        let error = regular::read(&path, Links::Followed, 1 << 20).unwrap_err();
        assert!(error.to_string().contains(expected), "{kind}: {error}");
        assert!(!error.is_absent());
    }
    std::fs::write(folder.join("file"), "text").unwrap();
    symlink("file", folder.join("link")).unwrap();
    symlink("pipe", folder.join("link-to-pipe")).unwrap();
    assert_eq!(regular::text(&folder.join("link"), Links::Followed, 4).unwrap(), "text");
    let refused = regular::text(&folder.join("link"), Links::Refused, 4).unwrap_err();
    assert!(matches!(refused, ReadError::Irregular(Irregular::Link)), "{refused}");
    let refused = regular::read(&folder.join("link-to-pipe"), Links::Followed, 4).unwrap_err();
    assert!(matches!(refused, ReadError::Irregular(Irregular::Pipe)), "{refused}");
    assert!(matches!(regular::read(&folder.join("file"), Links::Refused, 3), Err(ReadError::TooLarge(3))));
    assert!(regular::read(&folder.join("absent"), Links::Refused, 3).unwrap_err().is_absent());
    std::fs::write(folder.join("binary"), [0xff]).unwrap();
    assert!(matches!(regular::text(&folder.join("binary"), Links::Refused, 3), Err(ReadError::NotUtf8)));
}

/// As long as the limit, one byte longer, empty, and larger than what a read is made in.
#[test]
fn a_file_is_read_whole_up_to_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("file");
    for length in [0, 1, 8_192, 300_001] {
        let content: Vec<u8> = (0..length).map(|at: usize| u8::try_from(at % 251).unwrap()).collect();
        std::fs::write(&path, &content).unwrap();
        let limit = length as u64;
        assert_eq!(regular::read(&path, Links::Refused, limit).unwrap(), content);
        assert_eq!(regular::read(&path, Links::Refused, limit + 7).unwrap(), content);
        if let Some(less) = limit.checked_sub(1) {
            assert!(
                matches!(regular::read(&path, Links::Refused, less), Err(ReadError::TooLarge(limit)) if limit == less)
            );
        }
    }
}

/// What the kernel makes up has the length 0, and may have no end.
#[test]
#[cfg(target_os = "linux")]
fn a_file_without_a_length_is_bounded_too() {
    assert!(!regular::read(Utf8Path::new("/proc/self/status"), Links::Followed, 1 << 20).unwrap().is_empty());
    assert!(matches!(
        regular::read(Utf8Path::new("/proc/self/status"), Links::Followed, 10),
        Err(ReadError::TooLarge(10))
    ));
}

/// A project that is approved until something is put in a file's place.
fn world() -> World {
    let world = World::new().dep("bar", "1");
    Package::new("bar", "1.0.0").publish(&world.registry);
    world.lock();
    world.project.write("more.toml", "");
    let config = world.project.read(".cargo/config.toml");
    world.project.write(".cargo/config.toml", format!("include = [\"../more.toml\"]\n{config}"));
    world
}

#[test]
fn in_place_of_a_file_that_audit_reads() {
    let world = world();
    let project = &world.project;
    within_patience(project, &["audit", "--now", NOW], "as it is").expect_code(0);
    let event = ".sequester/trail/20261101T000000Z-0000000000000000.json";
    let files = ["Cargo.lock", "sequester.toml", ".cargo/config.toml", "more.toml", "Cargo.toml", event];
    for file in files {
        for (kind, expected) in KINDS {
            let path = project.path(file);
            let kept = std::fs::read(&path).ok();
            put(kind, &path);
            let what = format!("{kind} in place of {file}");
            let outcome = within_patience(project, &["audit", "--now", NOW], &what);
            // Beside the events of a trail it is named and harms nothing.
            assert_eq!(outcome.code, if file == event && kind != "huge" { 0 } else { 2 }, "{what}: {outcome:?}");
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains(path.file_name().unwrap()), "{what}: {said}");
            assert!(file == event || said.contains(expected), "{what}: {said}");
            std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path)).unwrap();
            if let Some(kept) = kept {
                std::fs::write(&path, kept).unwrap();
            }
        }
    }
    within_patience(project, &["audit", "--now", NOW], "as it was").expect_code(0);
}

/// What is in a cache is nothing, and is fetched again.
#[test]
fn in_place_of_a_cached_file() {
    let world = world();
    let index = world.project.cargo_home().join("registry/index");
    let mut folders = index.read_dir_utf8().unwrap();
    let cached = folders.next().unwrap().unwrap().path().join(".cache/3/b/bar");
    assert!(cached.is_file());
    for (kind, _) in KINDS {
        put(kind, &cached);
        let what = format!("{kind} in place of a cached entry");
        within_patience(&world.project, &["audit", "--now", NOW, "--offline"], &what).expect_code(2);
        std::fs::remove_file(&cached).or_else(|_| std::fs::remove_dir(&cached)).unwrap();
    }
}

#[test]
fn in_place_of_what_other_verbs_read() {
    let world = world();
    let cases: [(&str, &[&str]); 7] = [
        ("rust-toolchain", &["verify"]),
        ("rust-toolchain.toml", &["verify"]),
        (".cargo/config.toml", &["verify"]),
        (".cargo/config.toml", &["vendor"]),
        ("Cargo.lock", &["update", "-n"]),
        ("sequester.toml", &["init", "--yes"]),
        ("deny.toml", &["init", "--yes", "-n"]),
    ];
    for (file, arguments) in cases {
        let path = world.project.path(file);
        let kept = std::fs::read(&path).ok();
        put("pipe", &path);
        let what = format!("{arguments:?} with a pipe in place of {file}");
        let outcome = within_patience(&world.project, arguments, &what);
        assert!(file == "deny.toml" || outcome.code == 2, "{what}: {outcome:?}");
        std::fs::remove_file(&path).unwrap();
        if let Some(kept) = kept {
            std::fs::write(&path, kept).unwrap();
        }
    }
}

/// Cargo opens them too when it describes the workspace, and would wait, or fill the memory.
#[test]
fn in_place_of_a_manifest_that_another_leads_to() {
    let world = World::new();
    let project = &world.project;
    let root = "[workspace]\nmembers = [\"one\", \"crates/*\"]\n[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nnear = { path = \"near\" }\n";
    project.write("Cargo.toml", root);
    let members = ["one", "crates/two", "near", "near/deep"];
    for member in members {
        let name = member.rsplit('/').next().unwrap();
        let mut manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        if member == "near" {
            manifest += "[dependencies]\ndeep = { path = \"deep\" }\n";
        }
        project.write(&format!("{member}/Cargo.toml"), manifest).write(&format!("{member}/src/lib.rs"), "");
    }
    project.write("crates/README.md", "No member.\n");
    world.lock();
    within_patience(project, &["audit", "--now", NOW, "--no-advisories"], "as it is").expect_code(0);
    for member in members {
        let path = project.path(&format!("{member}/Cargo.toml"));
        let kept = std::fs::read(&path).unwrap();
        for (kind, expected) in [("pipe", "a named pipe"), ("device", "a device"), ("huge", "larger than")] {
            put(kind, &path);
            let what = format!("{kind} in place of {member}");
            let outcome = within_patience(project, &["audit", "--now", NOW, "--no-advisories"], &what).expect_code(2);
            assert!(outcome.stderr.contains(expected) && outcome.stderr.contains(member), "{what}: {outcome:?}");
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::write(&path, kept).unwrap();
    }
}
