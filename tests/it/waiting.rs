//! No silence (case 22): what a run waits for is told on standard error while it waits, in cargo's words where cargo has some.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use camino::Utf8Path;

use crate::support::{Advisory, AdvisoryFolder, Package, Project, Reply, TestRegistry};
use crate::update::{NOW, OLD, project};

/// The program at work, and what it says on standard error, line by line.
pub struct Run {
    pub child: Child,
    lines: Receiver<String>,
}

impl Run {
    pub fn start(project: &Project, arguments: &[&str]) -> Self {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.arg("sequester").args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Waits until this is told. What is waited for is held all the while, so only a word about it can come.
    #[track_caller]
    pub fn tells(&self, words: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        let mut told = String::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            told += &line;
            told.push('\n');
            if line.contains(words) {
                return line;
            }
        }
        panic!("{words}: not among: {told}");
    }

    #[track_caller]
    fn ends_well(mut self) {
        let code = self.child.wait().unwrap().code();
        let rest: Vec<String> = self.lines.iter().collect();
        assert_eq!(code, Some(0), "{}", rest.join("\n"));
    }
}

/// Holds a lock as another process would: of a file that is made, or of a folder.
pub fn hold(path: &Utf8Path) -> File {
    let file = if path.is_dir() {
        File::open(path).unwrap()
    } else {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::options().create(true).append(true).open(path).unwrap()
    };
    file.lock().unwrap();
    file
}

fn locked() -> (TestRegistry, Project) {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    // The mirror is the machine's, as companies have it: `vendor` has room for its own file then.
    std::fs::rename(project.path(".cargo/config.toml"), project.cargo_home().join("config.toml")).unwrap();
    project.lock_with_cargo();
    (registry, project)
}

/// As on a machine on which no cargo ran.
fn forget_index(project: &Project) {
    std::fs::remove_dir_all(project.cargo_home().join("registry")).unwrap();
}

const BY: [&str; 3] = ["--no-advisories", "--now", NOW];

#[test]
fn case_22_cargos_lock_is_named_where_a_cargo_waits_for_it() {
    let (registry, project) = locked();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let held = hold(&project.cargo_home().join(".package-cache"));
    let run = Run::start(&project, &[&["update", "--dry-run"][..], &BY].concat());
    assert_eq!(run.tells("package cache"), "    Blocking waiting for file lock on package cache");
    drop(held);
    run.ends_well();
}

#[test]
fn case_22_who_only_judges_or_vendors_waits_for_no_cargo() {
    let (_registry, project) = locked();
    let _held = hold(&project.cargo_home().join(".package-cache"));
    for verb in [&["audit"][..], &["status"], &["vendor"]] {
        let outcome = project.sequester(&[verb, &BY].concat()).expect_code(0);
        assert!(!outcome.stderr.contains("Blocking"), "{verb:?}: {}", outcome.stderr);
    }
    project.sequester(&["verify"]).expect_code(0);
}

#[test]
fn a_cargo_that_resolves_for_long_unheard_is_told() {
    let (registry, project) = locked();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let held = hold(&project.cargo_home().join(".package-cache"));
    let run = Run::start(&project, &[&["update", "--dry-run"][..], &BY].concat());
    assert_eq!(run.tells("Resolving"), "   Resolving dependencies behind the filter");
    drop(held);
    run.ends_well();
}

/// A lock that every cargo that resolves waits for is held all the while.
#[test]
fn where_there_is_nothing_to_do_no_cargo_resolves() {
    let (registry, project) = locked();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    let _held = hold(&project.cargo_home().join(".package-cache"));
    let before = project.read("Cargo.lock");
    for verb in [&["fix"][..], &["fix", "--dry-run"], &["update", "--workspace"]] {
        let outcome = project.sequester(&[verb, &BY].concat()).expect_code(0);
        assert!(outcome.stdout.contains("nothing to move"), "{verb:?}: {}", outcome.stdout);
    }
    let outcome = project.sequester(&[&["update", "bar", "--precise", "1.9.0"][..], &BY].concat()).expect_code(2);
    assert!(outcome.stderr.contains("bar@1.9.0"), "{}", outcome.stderr);
    assert_eq!(project.read("Cargo.lock"), before);
}

#[cfg(unix)]
#[test]
fn another_run_in_the_project_is_named() {
    let (_registry, project) = locked();
    let held = hold(&project.root());
    let run = Run::start(&project, &[&["update", "--dry-run"][..], &BY].concat());
    let told = run.tells("Blocking");
    assert!(told.contains("another run is at work") && told.contains(project.root().as_str()), "{told}");
    drop(held);
    run.ends_well();
}

#[test]
fn another_run_that_vendors_is_named_with_its_command() {
    let (_registry, project) = locked();
    project.write(".sequester/lock", "4711\ncargo sequester vendor\n");
    let held = hold(&project.path(".sequester/lock"));
    let run = Run::start(&project, &[&["vendor"][..], &BY].concat());
    let told = run.tells("Blocking");
    assert!(told.contains("process 4711, `cargo sequester vendor`"), "{told}");
    // As the other run ends: the file goes first.
    std::fs::remove_file(project.path(".sequester/lock")).unwrap();
    drop(held);
    run.ends_well();
}

#[test]
fn a_registry_that_asks_for_a_pause_is_named_with_its_words() {
    let (registry, project) = locked();
    forget_index(&project);
    let reply = Reply::status(429).header("Retry-After", "1").body("too many requests from your office");
    registry.reply(&TestRegistry::index_path("bar"), reply.times(1));
    let run = Run::start(&project, &[&["audit"][..], &BY].concat());
    let told = run.tells("Waiting");
    let (pause, cause) = ("1 second before asking http://127.0.0.1:", "status 429: too many requests from your office");
    assert!(told.contains(pause) && told.contains(cause) && told.ends_with("(3 tries are left)"), "{told}");
    run.ends_well();
}

#[test]
fn a_server_that_does_not_answer_is_named_once() {
    let (registry, project) = locked();
    forget_index(&project);
    registry.reply("*", Reply::usual().delay(Duration::from_millis(1600)));
    let outcome = project.sequester(&[&["audit"][..], &BY].concat()).expect_code(0);
    let told = outcome.stderr.lines().filter(|line| line.contains("for an answer of http://127.0.0.1")).count();
    assert_eq!(told, 1, "{}", outcome.stderr);
    forget_index(&project);
    let outcome = project.sequester(&[&["audit", "--quiet"][..], &BY].concat()).expect_code(0);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn another_run_that_fetches_the_advisories_is_named() {
    let (registry, project) = locked();
    let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "x"));
    registry.reply("/db.tar.gz", Reply::ok(advisories.archive(&"a".repeat(40), 1_795_219_200)));
    let db = registry.address("/db.tar.gz");
    let now = cargo_sequester::door::gather::clock::now().to_string();
    let arguments = ["audit", "--advisory-db", &db, "--now", &now];
    project.sequester(&arguments).expect_code(0);
    // The folder of this source is there now; its state is made old enough to be asked for again.
    let folders = project.cargo_home().join("sequester/advisory-db").read_dir_utf8().unwrap();
    let folder = folders.map(|folder| folder.unwrap().path().to_owned()).next().unwrap();
    std::fs::remove_file(folder.join("state.json")).unwrap();
    let held = hold(&folder.join("lock"));
    let run = Run::start(&project, &arguments);
    let told = run.tells("Blocking");
    assert!(told.contains("the advisories of http://127.0.0.1"), "{told}");
    drop(held);
    run.ends_well();
}

#[test]
fn cargos_own_words_about_waiting_are_passed_on_and_no_others() {
    use std::sync::{Arc, Mutex};

    use cargo_sequester::door::gather::cargo::Overheard;
    use cargo_sequester::door::model::run::{Listener, Waiting};
    use cargo_sequester::door::report::print::waiting_line;

    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&heard);
    let listener = Listener::new(move |waiting: &Waiting| {
        keep.lock().unwrap().push(anstream::adapter::strip_str(&waiting_line(waiting)).to_string());
    });
    let mut overheard = Overheard::by(&listener);
    let words: &[&[u8]] = &[
        b"    Updating crates.io index\n\x1b[1m\x1b[36m    Blo",
        b"cking\x1b[0m waiting for file lock on build directory\n    Updating git repository `https://example.org/x`\r\n",
        b"warning: spurious network error (2 tries remaining): timed out\n",
        b"   Vendoring a v1.0.0\n    Blocking \x1b]0;title\x07 of nobody\n",
    ];
    for part in words {
        overheard.hear(part);
    }
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "    Blocking waiting for file lock on build directory",
            "    Updating git repository `https://example.org/x`",
            "       Cargo warning: spurious network error (2 tries remaining): timed out",
            "    Blocking  of nobody",
        ]
    );
}

#[test]
fn case_50_what_cannot_be_kept_is_used_all_the_same_and_named() {
    let (registry, project) = locked();
    let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "x"));
    registry.reply("/db.tar.gz", Reply::ok(advisories.archive(&"a".repeat(40), 1_795_219_200)));
    let db = registry.address("/db.tar.gz");
    let now = cargo_sequester::door::gather::clock::now().to_string();
    forget_index(&project);
    // A file in a folder's place can be written by nobody, root included.
    for name in ["sequester", "registry"] {
        std::fs::write(project.cargo_home().join(name), "").unwrap();
    }
    for verb in ["audit", "status"] {
        let outcome = project.sequester(&[verb, "--advisory-db", &db, "--now", &now]).expect_code(0);
        for what in ["the advisories that were fetched", "the index entries that were fetched"] {
            assert!(
                outcome.stdout.contains(&format!("{what} could not be kept in {}", project.cargo_home())),
                "{outcome:?}"
            );
        }
    }
    let arguments = ["audit", "--advisory-db", &db, "--now", &now, "--offline"];
    let outcome = project.sequester(&arguments).expect_code(2);
    assert!(outcome.stdout.contains("no copy of"), "{}", outcome.stdout);
}
