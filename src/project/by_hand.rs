//! A checkout by hand for the unit tests of this room: files in a folder of their own, a home beside them, and a repository where a test
//! commits.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::base::{Base, BaseCommit};
use super::open::Project;
use super::request::Request;
use crate::gather::environment::Environment;
use crate::gather::git::{self, Reach};

/// A lock file of one package that comes from nowhere.
pub(super) const LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
/// The manifest that it answers.
pub(super) const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";

/// A folder that goes with the test.
pub(super) struct Checkout {
    _folder: TempDir,
    /// The working directory, and the top of the repository.
    pub(super) top: Utf8PathBuf,
    /// Cargo's home.
    pub(super) home: Utf8PathBuf,
}

impl Checkout {
    /// Files and nothing else.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let real = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        let checkout = Self { _folder: folder, top: real.join("top"), home: real.join("home") };
        for folder in [&checkout.top, &checkout.home] {
            std::fs::create_dir(folder).unwrap();
        }
        for (path, text) in files {
            checkout.write(path, text);
        }
        checkout
    }

    /// A package without dependencies.
    pub(super) fn of_app(files: &[(&str, &str)]) -> Self {
        let checkout = Self::of(&[("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", "")]);
        for (path, text) in files {
            checkout.write(path, text);
        }
        checkout
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.top.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The environment of a run in `folder`; of the machine's own it has what cargo and git need to be found.
    pub(super) fn environment(&self, folder: &Utf8Path) -> Environment {
        let machine = Environment::read().unwrap();
        let passed = ["PATH", "HOME", "USERPROFILE", "RUSTUP_HOME", "SYSTEMROOT", "TEMP", "TMP"];
        let passed = passed.into_iter().filter_map(|name| Some((name.to_owned(), machine.get(name)?.to_owned())));
        let own = [("CARGO_HOME".to_owned(), self.home.to_string())];
        Environment::of(folder, passed.chain(own))
    }

    /// Opened in its top; that asks no registry.
    pub(super) fn open(&self, request: Request) -> Project {
        Project::open(Request { quiet: true, ..request }, &self.environment(&self.top)).unwrap()
    }

    fn git(&self, words: &[&str]) {
        let mut command = git::command(&self.environment(&self.top), Reach::Sealed);
        command.current_dir(&self.top).env("GIT_COMMITTER_DATE", "2026-11-20T00:00:00Z");
        command.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]).args(words);
        let answer = git::run(command, Vec::new(), 1 << 20).unwrap();
        assert!(answer.status.success(), "git {words:?}: {:?}", answer.last_words());
    }

    /// Commits all that is there, with a branch `base` at it.
    pub(super) fn commit(&self) -> BaseCommit {
        if !self.top.join(".git").exists() {
            self.git(&["init", "-q"]);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", "base"]);
        self.git(&["branch", "--force", "base"]);
        self.base()
    }

    /// What `--base base` names.
    pub(super) fn base(&self) -> BaseCommit {
        match Base::find("base", &self.top, &self.environment(&self.top)).unwrap().place {
            super::base::Place::Commit(commit) => commit,
            super::base::Place::LockFile(_) => unreachable!("a branch is no file"),
        }
    }
}
