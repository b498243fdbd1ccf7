//! Several runs, interrupted runs, and what a run leaves behind.

use std::process::Stdio;
use std::time::Duration;

use super::{FRESH, NOW, OLD, locked, project, update};
use crate::support::{Package, Project, Reply, TestRegistry};

#[test]
fn two_updates_at_once_come_to_the_same_end() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.2.0").pubtime(FRESH).publish(&registry);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| update(&project, &[]))).collect();
        for run in runs {
            run.join().unwrap().expect_code(0);
        }
    });
    assert_eq!(locked(&project, "bar"), "1.1.0");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_the_lock_file_and_no_process() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = slow_cargo(project(&registry).dep("bar", "1"));
    project.lock_with_cargo_itself();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let before = project.0.read("Cargo.lock");
    let mut command = project.0.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["update", "--now", NOW, "--no-advisories"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let started = project.0.outside().join("started");
    for _ in 0..500 {
        if started.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(started.exists(), "cargo was never started");
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(project.0.read("Cargo.lock"), before);
    let cargo = std::fs::read_to_string(&started).unwrap();
    let cargo = rustix::process::Pid::from_raw(cargo.trim().parse().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(cargo).is_err(), "cargo was left behind");
}

/// A project whose cargo waits before it resolves, and writes down its process first.
struct Slow(Project);

impl Slow {
    fn lock_with_cargo_itself(&self) {
        self.0.cargo(&["generate-lockfile"]).expect_code(0);
    }
}

#[cfg(unix)]
fn slow_cargo(project: Project) -> Slow {
    use std::os::unix::fs::PermissionsExt as _;
    let script = project.outside().join("slow-cargo");
    let started = project.outside().join("started");
    let cargo = env!("CARGO");
    // What it wrote by then must be undone.
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *metadata*) exec {cargo} \"$@\";; esac\n{cargo} \"$@\" || exit 1\necho $$ > {started}.part\nmv {started}.part {started}\nexec sleep 60\n"
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    Slow(project.env("CARGO", script.as_str()))
}

#[test]
fn the_filters_index_is_not_sent_twice() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    update(&project, &[]).expect_code(0);
    let cached = || {
        let index = project.cargo_home().join("registry/index");
        let mut folders: Vec<_> =
            index.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
        folders.sort();
        folders
    };
    let first = cached();
    update(&project, &[]).expect_code(0);
    assert_eq!(cached(), first, "another address was used the second time");
}

#[test]
fn prefetching_asks_for_everything_before_cargo_does() {
    let registry = TestRegistry::new();
    Package::new("top", "1.0.0").pubtime(OLD).dep("middle", "1").publish(&registry);
    Package::new("middle", "1.0.0").pubtime(OLD).dep("leaf", "1").publish(&registry);
    Package::new("leaf", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("top", "1");
    update(&project, &[]).expect_code(0);
    let paths = registry.requested_paths();
    for name in ["top", "middle", "leaf"] {
        let path = TestRegistry::index_path(name);
        assert_eq!(paths.iter().filter(|asked| **asked == path).count(), 1, "{name}: {paths:?}");
    }
}

#[test]
fn a_build_before_during_and_after_compiles_nothing_twice() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).file("src/lib.rs", "pub fn bar() {}\n").publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    project.cargo(&["build"]).expect_code(0);
    Package::new("bar", "1.1.0").pubtime(FRESH).publish(&registry);
    update(&project, &[]).expect_code(0);
    let built = project.cargo(&["build", "--locked"]).expect_code(0);
    assert!(!built.stderr.contains("Compiling") && !built.stderr.contains("Downloaded"), "{}", built.stderr);
}

#[test]
fn a_lock_file_that_is_half_written_by_a_dying_cargo_never_gets_into_the_project() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let before = project.read("Cargo.lock");
    let script = project.outside().join("dying-cargo");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *metadata*) exec {} \"$@\";; esac\n\
         while [ \"$1\" != --manifest-path ]; do shift; done\n\
         printf 'version = 4\\n[[pack' > \"$(dirname \"$2\")/Cargo.lock\"\nkill -KILL $$\n",
        env!("CARGO"),
    );
    std::fs::write(&script, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let project = project.env("CARGO", script.as_str());
    registry.reply("/unused", Reply::status(500));
    update(&project, &[]).expect_code(2);
    assert_eq!(project.read("Cargo.lock"), before);
}

#[test]
fn markdown_is_the_body_of_a_pull_request() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("dep", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.0.1").pubtime(OLD).dep("dep", "1").publish(&registry);
    Package::new("bar", "1.0.2").pubtime(FRESH).publish(&registry);
    let told = update(&project, &["--format", "markdown", "--dry-run"]).expect_code(0).stdout;
    assert!(told.starts_with("## cargo sequester: packages would change\n"), "{told}");
    let outcome = update(&project, &["--format", "markdown"]).expect_code(0);
    let told = &outcome.stdout;
    assert!(
        told.starts_with("## cargo sequester: packages changed\n\n2 packages changed; 1 newer release held\n"),
        "{told}"
    );
    assert!(told.contains("### Changed packages: 2"), "{told}");
    assert!(told.contains("| <code>bar</code> | <code>1.0.0</code> → <code>1.0.1</code> | 228 days ago"), "{told}");
    assert!(told.contains("| approved | + <code>dep</code> |"), "{told}");
    assert!(told.contains("comes in through <code>bar</code>"), "{told}");
    assert!(told.contains("<summary>Newer releases that are held: 1</summary>"), "{told}");
    assert_eq!(locked(&project, "bar"), "1.0.1");
    let told = update(&project, &["--format", "markdown"]).expect_code(0).stdout;
    assert!(told.starts_with("## cargo sequester: nothing to move\n"), "{told}");
    let told = update(&project, &["bar", "--precise", "1.0.2", "--format", "markdown"]).expect_code(1).stdout;
    assert!(told.starts_with("## cargo sequester: refused\n") && told.contains("<code>bar&#64;1.0.2</code>"), "{told}");
}

#[test]
fn g1_what_a_killed_run_left_goes_with_a_run_that_has_nothing_to_write() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    let now = project.path("Cargo.lock").metadata().unwrap().modified().unwrap();
    let two_days_ago = now - Duration::from_secs(48 * 3600);
    let verb = |words: &[&str]| {
        let (first, more) = words.split_at(1);
        project.sequester(&[first, &["--now", NOW, "--no-advisories"], more].concat()).expect_code(0);
    };
    let [ours, young, of_cargo] = [".sequester-a1B2c3.tmp", ".sequester-d4E5f6.tmp", ".cargo/.sequester-a1B2c3.tmp"];
    let leave = |name: &str| std::fs::write(project.path(name), "a lock file as it was").unwrap();
    let leave_old = |name: &str| {
        leave(name);
        let file = std::fs::File::options().append(true).open(project.path(name)).unwrap();
        file.set_times(std::fs::FileTimes::new().set_modified(two_days_ago)).unwrap();
    };
    leave(young);
    let moving: [&[&str]; 2] = [&["update"], &["cargo", "update"]];
    for words in moving {
        leave_old(ours);
        let before = project.read("Cargo.lock");
        verb(words);
        assert_eq!(project.read("Cargo.lock"), before);
        assert!(!project.path(ours).exists(), "{words:?}");
    }
    leave_old(ours);
    leave_old(of_cargo);
    verb(&["update", "--dry-run"]);
    assert!(project.path(ours).exists(), "a dry run takes nothing away");
    verb(&["vendor", "--no-config"]);
    assert!(!project.path(ours).exists() && !project.path(of_cargo).exists());
    assert!(project.path(young).exists(), "another run may be at work on it");
}
