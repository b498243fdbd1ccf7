//! Cargo's own commands beside a release that is not approved and has nowhere to go, and before there is a lock file.

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};
use crate::update::{FRESH, NOW, OLD, locked, project};

/// A project with a release that is stuck, two that are not, and one that could be added.
struct World {
    registry: TestRegistry,
    project: Project,
    advisories: AdvisoryFolder,
}

/// Why a release is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stuck {
    /// A vulnerability without a fix.
    Vulnerable,
    /// The manifest asks for exactly this fresh release.
    Pinned,
    /// Yanked, and what could replace it is held.
    Yanked,
}

const ALL: [Stuck; 3] = [Stuck::Vulnerable, Stuck::Pinned, Stuck::Yanked];

impl World {
    /// Before there is a lock file.
    fn unlocked(stuck: Stuck) -> Self {
        let registry = TestRegistry::new();
        for name in ["other", "gone", "extra"] {
            Package::new(name, "1.0.0").pubtime(OLD).publish(&registry);
        }
        let time = if stuck == Stuck::Pinned { FRESH } else { OLD };
        Package::new("stuck", "1.0.0").pubtime(time).feature("more", &[]).publish(&registry);
        let project = project(&registry);
        let policy = project.read("sequester.toml");
        project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
        let asked = if stuck == Stuck::Pinned { "=1.0.0" } else { "1" };
        let project = project.dep("stuck", asked).dep("other", "1").dep("gone", "1");
        let advisories =
            AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2025-9400", "unrelated").date("2025-07-01"));
        if stuck == Stuck::Vulnerable {
            advisories.add(&Advisory::new("RUSTSEC-2025-9402", "stuck").date("2025-07-01"));
        }
        Self { registry, project, advisories }
    }

    /// Locked; what is not stuck could be newer.
    fn locked(stuck: Stuck) -> Self {
        let world = Self::unlocked(stuck);
        world.project.lock_with_cargo();
        if stuck == Stuck::Yanked {
            Package::new("stuck", "1.0.0").pubtime(OLD).feature("more", &[]).yanked().publish(&world.registry);
            Package::new("stuck", "1.0.1").pubtime(FRESH).publish(&world.registry);
        }
        Package::new("other", "1.0.1").pubtime(OLD).publish(&world.registry);
        world
    }

    fn run(&self, words: &[&str]) -> Outcome {
        let (verb, rest) = words.split_first().unwrap();
        let root = self.advisories.root();
        self.project.sequester(&[&[*verb, "--now", NOW, "--advisory-db", root.as_str()], rest].concat())
    }

    fn versions(&self, names: &[&str]) -> String {
        names.iter().map(|name| locked(&self.project, name)).collect::<Vec<_>>().join(" ")
    }

    fn commit(&self) {
        for words in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "first"]] {
            let identity = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"];
            self.project.run("git", &[&identity[..], words].concat()).expect_code(0);
        }
    }

    fn is_built(&self) -> bool {
        self.project.path("target/debug/libapp.rlib").exists()
    }

    /// Runs the printed commands that begin so, as they are printed but for who decides and why.
    fn paste(&self, outcome: &Outcome, verb: &str) -> usize {
        let begin = format!("cargo sequester {verb}");
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        let commands: Vec<String> =
            said.lines().filter_map(|line| Some(line[line.find(&begin)?..].replace("TEXT", "looked inside"))).collect();
        for command in &commands {
            let program = command.replacen("cargo", env!("CARGO_BIN_EXE_cargo-sequester"), 1);
            self.project.run("sh", &["-c", &format!("{program} --by ana")]).expect_code(0);
        }
        commands.len()
    }
}

#[test]
fn a_dependency_is_added_beside_what_is_stuck() {
    for stuck in ALL {
        let world = World::locked(stuck);
        let outcome = world.run(&["cargo", "add", "extra"]);
        assert!(world.project.read("Cargo.toml").contains("extra ="), "{stuck:?}: {outcome:?}");
        // What nobody asked about stays where it is.
        assert_eq!(world.versions(&["stuck", "other", "gone", "extra"]), "1.0.0 1.0.0 1.0.0 1.0.0", "{stuck:?}");
        if stuck != Stuck::Yanked {
            assert!(outcome.stderr.contains("Kept stuck@1.0.0: not approved, because "), "{}", outcome.stderr);
        }
        outcome.expect_code(0);
    }
}

/// `add` looks a crate up without a thought of the lock file, and finds nothing that is yanked.
#[test]
fn what_is_stuck_is_asked_for_once_more() {
    for stuck in [Stuck::Vulnerable, Stuck::Pinned] {
        for words in [&["stuck"][..], &["stuck@1"], &["stuck", "--features", "more"]] {
            let world = World::locked(stuck);
            let outcome = world.run(&[&["cargo", "add"], words].concat()).expect_code(0);
            let manifest = world.project.read("Cargo.toml");
            assert_eq!(manifest.contains("more"), words.len() > 1, "{stuck:?}: {manifest}");
            assert_eq!(world.versions(&["stuck", "other", "gone"]), "1.0.0 1.0.0 1.0.0", "{stuck:?} {words:?}");
            // What stuck is worth is told here too.
            assert!(outcome.stderr.contains("Kept stuck@1.0.0: not approved, because "), "{}", outcome.stderr);
        }
    }
}

/// With `--dry-run` cargo locks nothing, so that a lock file tells nothing of what was needed.
#[test]
fn what_a_dry_run_of_add_fails_on_is_found() {
    let world = World::locked(Stuck::Vulnerable);
    Package::new("extra", "1.2.0").pubtime(FRESH).publish(&world.registry);
    for words in [&["extra@1.2"][..], &["extra@1.2", "--dry-run"], &["extra@1.2", "other", "--dry-run"]] {
        let outcome = world.run(&[&["cargo", "add"], words].concat()).expect_code(101);
        assert!(outcome.stderr.contains("extra@1.2.0"), "{words:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("can be written"), "{words:?}: {}", outcome.stderr);
    }
}

/// What does harm must not stay, and cargo moves nothing for an `add` of what is locked already.
#[test]
fn what_does_harm_is_named_where_nothing_can_be_added_beside_it() {
    let world = World::locked(Stuck::Vulnerable);
    let harmful = Advisory::new("RUSTSEC-2025-9403", "other").malicious().date("2025-07-01").patched(">= 1.0.1");
    world.advisories.add(&harmful);
    let told = world.run(&["cargo", "add", "gone", "--dev"]).expect_code(101).stderr;
    assert!(told.contains("Malicious other@1.0.0") && !told.contains("is not known"), "{told}");
    world.run(&["update", "other"]).expect_code(0);
    world.run(&["cargo", "add", "gone", "--dev"]).expect_code(0);
}

#[test]
fn a_dependency_is_removed_beside_what_is_stuck() {
    for stuck in ALL {
        let world = World::locked(stuck);
        let outcome = world.run(&["cargo", "remove", "gone"]);
        assert!(!world.project.read("Cargo.toml").contains("gone"), "{stuck:?}: {outcome:?}");
        assert_eq!(world.versions(&["stuck", "other", "gone"]), "1.0.0 1.0.0 ", "{stuck:?}: {}", outcome.stderr);
        outcome.expect_code(0);
    }
    // What harms stays no better for it.
    let world = World::locked(Stuck::Vulnerable);
    world.advisories.add(&Advisory::new("RUSTSEC-2025-9403", "other").malicious().date("2025-07-01"));
    let outcome = world.run(&["cargo", "remove", "gone"]).expect_code(1);
    assert_eq!(world.versions(&["stuck", "other", "gone"]), "1.0.0 1.0.0 ", "{}", outcome.stderr);
    assert!(outcome.stderr.contains("other@1.0.0") && outcome.stderr.contains("malicious"), "{}", outcome.stderr);
    // What is stuck itself, too.
    for stuck in ALL {
        let world = World::locked(stuck);
        world.run(&["cargo", "remove", "stuck"]).expect_code(0);
        assert_eq!(world.versions(&["stuck", "other", "gone"]), " 1.0.0 1.0.0", "{stuck:?}");
        world.run(&["audit"]).expect_code(0);
    }
}

/// Nobody need know of the packages that stay for one to go. What comes is another matter.
#[test]
fn a_dependency_is_removed_where_no_advisories_can_be_had() {
    for stuck in ALL {
        let world = World::locked(stuck);
        let nowhere = world.project.outside().join("nowhere");
        let run = |words: &[&str]| {
            let database = ["--advisory-db", nowhere.as_str(), "--now", NOW];
            world.project.sequester(&[&["cargo"], &database[..], words].concat())
        };
        let outcome = run(&["remove", "gone"]).expect_code(0);
        assert_eq!(world.versions(&["stuck", "other", "gone"]), "1.0.0 1.0.0 ", "{stuck:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("there are no advisories to judge by"), "{}", outcome.stderr);
        for words in [&["add", "extra"][..], &["update"], &["build"]] {
            let lock = world.project.read("Cargo.lock");
            run(words).expect_code(2);
            assert_eq!(world.project.read("Cargo.lock"), lock, "{words:?}");
        }
        run(&["remove", "stuck"]).expect_code(0);
        assert_eq!(world.versions(&["stuck", "other", "gone"]), " 1.0.0 ", "{stuck:?}");
    }
}

/// What `vendor` wrote is old where the lock file has something else, and not where it has the same once more.
#[test]
fn vendored_sources_are_called_old_only_where_they_are() {
    const SAID: &str = "the sources in vendor are not those of the new lock file";
    let world = World::locked(Stuck::Vulnerable);
    // The project's own configuration belongs to `vendor`.
    let (own, machine) = (world.project.path(".cargo/config.toml"), world.project.cargo_home().join("config.toml"));
    std::fs::copy(&own, machine).unwrap();
    std::fs::remove_file(own).unwrap();
    world.run(&["cargo", "remove", "stuck"]).expect_code(0);
    world.run(&["vendor"]).expect_code(0);
    for (words, is_old) in [
        (&["cargo", "add", "other@1", "--rename", "another"][..], false),
        (&["cargo", "add", "extra"], true),
        (&["cargo", "remove", "extra"], false),
        (&["cargo", "remove", "gone"], true),
    ] {
        let outcome = world.run(words).expect_code(0);
        assert_eq!(outcome.stderr.contains(SAID), is_old, "{words:?}: {}", outcome.stderr);
        assert_eq!(world.project.sequester(&["verify"]).code, i32::from(is_old), "{words:?}");
    }
}

#[test]
fn a_lock_file_is_made_anew_beside_what_is_stuck() {
    for stuck in ALL {
        let world = World::locked(stuck);
        let outcome = world.run(&["cargo", "generate-lockfile"]).expect_code(0);
        assert_eq!(world.versions(&["stuck", "other", "gone"]), "1.0.0 1.0.1 1.0.0", "{stuck:?}");
        assert!(outcome.stderr.contains("Kept stuck@1.0.0"), "{stuck:?}: {}", outcome.stderr);
    }
}

/// A build is not what a vulnerability endangers.
#[test]
fn a_build_goes_on_with_a_warning_where_only_a_vulnerability_is_in_the_way() {
    let world = World::locked(Stuck::Vulnerable);
    world.commit();
    let outcome = world.run(&["cargo", "build"]).expect_code(0);
    assert!(world.is_built(), "{}", outcome.stderr);
    for expected in ["Kept stuck@1.0.0: not approved, because it has a vulnerability", "RUSTSEC-2025-9402"] {
        assert!(outcome.stderr.contains(expected), "{expected}: {}", outcome.stderr);
    }
    let tree = world.run(&["cargo", "tree"]).expect_code(0);
    assert!(tree.stdout.contains("stuck v1.0.0"), "{}", tree.stdout);
    // It is told every time.
    let again = world.run(&["cargo", "build"]).expect_code(0);
    assert!(again.stderr.contains("Kept stuck@1.0.0"), "{}", again.stderr);
    world.run(&["audit"]).expect_code(1);
}

#[test]
fn a_build_stops_for_everything_else() {
    type Worsen = fn(&World);
    let worse: [(&str, Stuck, Worsen); 4] = [
        ("fresh", Stuck::Pinned, World::commit),
        ("fresh beside the vulnerable one", Stuck::Vulnerable, |world| {
            Package::new("other", "1.0.2").pubtime(FRESH).publish(&world.registry);
            world.project.cargo(&["update", "-p", "other"]).expect_code(0);
            world.commit();
        }),
        ("malicious", Stuck::Vulnerable, |world| {
            world.advisories.add(&Advisory::new("RUSTSEC-2025-9403", "gone").malicious().date("2025-07-01"));
            world.commit();
        }),
        ("vulnerable, and the commit has other bytes", Stuck::Vulnerable, |world| {
            let lock = world.project.read("Cargo.lock");
            let at = lock.find("name = \"stuck\"").and_then(|at| Some(at + lock[at..].find("checksum = \"")?)).unwrap();
            let (before, checksum) = lock.split_at(at + "checksum = \"".len());
            world.project.write("Cargo.lock", format!("{before}{}{}", "0".repeat(64), &checksum[64..]));
            world.commit();
            world.project.write("Cargo.lock", lock);
        }),
    ];
    for (why, stuck, worsen) in worse {
        let world = World::locked(stuck);
        worsen(&world);
        let before = world.project.read("Cargo.lock");
        let outcome = world.run(&["cargo", "build"]);
        assert_eq!(outcome.code, 1, "{why}: {}", outcome.stderr);
        assert!(!world.is_built() && !world.project.path("target").exists(), "{why}: {}", outcome.stderr);
        assert_eq!(world.project.read("Cargo.lock"), before, "{why}");
    }
}

/// Deleting the lock file approves nothing, and what is printed leads on without one.
#[test]
fn a_first_lock_file_waits_for_the_printed_decision() {
    for stuck in [Stuck::Vulnerable, Stuck::Pinned] {
        for words in [&["update"][..], &["cargo", "generate-lockfile"], &["cargo", "build"], &["cargo", "add", "extra"]]
        {
            let world = World::unlocked(stuck);
            let manifest = world.project.read("Cargo.toml");
            let outcome = world.run(words);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert_ne!(outcome.code, 0, "{stuck:?} {words:?}: {said}");
            assert!(said.contains("stuck@1.0.0"), "{stuck:?} {words:?}: {said}");
            assert!(!world.project.path("Cargo.lock").exists(), "{stuck:?} {words:?}: {said}");
            assert_eq!(world.project.read("Cargo.toml"), manifest, "{stuck:?} {words:?}");
            assert_eq!(world.paste(&outcome, "approve stuck@1.0.0"), 1, "{stuck:?} {words:?}: {said}");
            world.run(words).expect_code(0);
            assert_eq!(world.versions(&["stuck", "other", "gone"]), "1.0.0 1.0.0 1.0.0", "{stuck:?} {words:?}");
            world.run(&["audit"]).expect_code(0);
        }
    }
    // A yanked release is never the first choice: what could be taken in its place is held, and that is what is told.
    let world = World::unlocked(Stuck::Yanked);
    Package::new("stuck", "1.0.0").pubtime(OLD).yanked().publish(&world.registry);
    Package::new("stuck", "1.0.1").pubtime(FRESH).publish(&world.registry);
    let outcome = world.run(&["update"]).expect_code(1);
    assert!(outcome.stdout.contains("stuck@1.0.1, for app"), "{}", outcome.stdout);
    assert_eq!(world.paste(&outcome, "approve stuck@1.0.1"), 1, "{}", outcome.stdout);
    world.run(&["update"]).expect_code(0);
    assert_eq!(world.versions(&["stuck"]), "1.0.1");
}
