//! A project in a folder of its own, with its own home, and the two programs that run in it: cargo and `cargo sequester`.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::environment::Environment;
use tempfile::TempDir;

use super::TestRegistry;

/// A package `app` 0.1.0 until its files say otherwise.
pub struct Project {
    // Removes everything when the project is dropped.
    _folder: TempDir,
    top: Utf8PathBuf,
    variables: Vec<(String, String)>,
    dependencies: String,
}

/// What a program said.
#[derive(Debug)]
pub struct Outcome {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Its exit code; -1 where a signal ended it.
    pub code: i32,
}

impl Outcome {
    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

impl Project {
    /// An empty library without dependencies, no lock file, no configuration.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("sequester-test-").tempdir().unwrap();
        // The real path: on some systems the temporary folder is reached through a link, and cargo prints where it leads.
        let top = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        for name in ["project/src", "home", "cargo-home"] {
            std::fs::create_dir_all(top.join(name)).unwrap();
        }
        let project = Self { _folder: folder, top, variables: Vec::new(), dependencies: String::new() };
        project.write("src/lib.rs", "//! Empty.\n");
        project.write_manifest();
        project
    }

    /// The same project, with all that is around it, in another folder.
    #[must_use]
    pub fn copied(&self) -> Self {
        let folder = tempfile::Builder::new().prefix("sequester-test-").tempdir().unwrap();
        let top = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        copy_folder(&self.top, &top);
        let (variables, dependencies) = (self.variables.clone(), self.dependencies.clone());
        Self { _folder: folder, top, variables, dependencies }
    }

    /// Adds `name = "req"` to the dependencies of `app`.
    pub fn dep(self, name: &str, req: &str) -> Self {
        self.dep_toml(&format!("{name} = {req:?}"))
    }

    /// Adds a line to the dependencies of `app`, such as `bar = { version = "1", registry = "mine" }`.
    pub fn dep_toml(mut self, line: &str) -> Self {
        self.dependencies += line;
        self.dependencies.push('\n');
        self.write_manifest();
        self
    }

    /// Sets an environment variable for every program run in this project.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets the registry stand in for crates.io under the source name `mirror`: lock files then name crates.io, and the policy must
    /// allow the mirror.
    pub fn crates_io(self, registry: &TestRegistry) -> Self {
        let url = registry.url();
        self.config(&format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"{url}\"\n"
        ))
    }

    /// Configures the registry under a name of its own.
    pub fn registry(self, name: &str, registry: &TestRegistry) -> Self {
        let url = registry.url();
        self.config(&format!("[registries.{name}]\nindex = \"{url}\"\n"))
    }

    /// Adds text to `.cargo/config.toml`.
    pub fn config(self, toml: &str) -> Self {
        let path = self.path(".cargo/config.toml");
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        self.write(".cargo/config.toml", format!("{present}{toml}\n"));
        self
    }

    /// Writes `sequester.toml`.
    pub fn policy(self, toml: &str) -> Self {
        self.write("sequester.toml", toml);
        self
    }

    /// The project's root.
    pub fn root(&self) -> Utf8PathBuf {
        self.top.join("project")
    }

    /// A path below the root.
    pub fn path(&self, path: &str) -> Utf8PathBuf {
        self.root().join(path)
    }

    /// The folder around the root, for what must lie outside the project.
    pub fn outside(&self) -> &Utf8Path {
        &self.top
    }

    /// The project's own `$CARGO_HOME`.
    pub fn cargo_home(&self) -> Utf8PathBuf {
        self.top.join("cargo-home")
    }

    /// With this file.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    /// Writes a file below the root, with its folders.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// A file's text.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// Lets cargo resolve and write `Cargo.lock`, whose text is returned.
    #[track_caller]
    pub fn lock_with_cargo(&self) -> String {
        self.cargo(&["generate-lockfile"]).expect_code(0);
        self.read("Cargo.lock")
    }

    /// Runs the cargo that builds these tests.
    pub fn cargo(&self, arguments: &[&str]) -> Outcome {
        self.run(env!("CARGO"), arguments)
    }

    /// Runs `cargo sequester ARGUMENTS` as cargo would start it.
    pub fn sequester(&self, arguments: &[&str]) -> Outcome {
        self.run(env!("CARGO_BIN_EXE_cargo-sequester"), &[&["sequester"], arguments].concat())
    }

    /// Runs a program at the root, in the project's own environment.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        let output = self.command(program).args(arguments).output().unwrap();
        Outcome {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// The program, ready to be started at the root in the project's own environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables()).current_dir(self.root());
        command
    }

    /// The environment in which programs run here, for parts of the library that take one.
    pub fn environment(&self) -> Environment {
        Environment::of(self.root(), self.variables())
    }

    fn variables(&self) -> Vec<(String, String)> {
        // The toolchain's own folder goes first, so that neither cargo nor rustc is rustup's stand-in, which needs the real home.
        let tools = Utf8Path::new(env!("CARGO")).parent().unwrap();
        let machine = Environment::read().unwrap();
        let path = machine.get("PATH").unwrap_or_default();
        let separator = if cfg!(windows) { ';' } else { ':' };
        let mut variables: Vec<_> = [
            ("PATH", format!("{tools}{separator}{path}")),
            ("HOME", self.top.join("home").into_string()),
            ("CARGO_HOME", self.cargo_home().into_string()),
            ("CARGO", env!("CARGO").to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("TERM", "dumb".to_owned()),
            // Nobody is asked by https here. The machine's hundred and fifty certificates would be read by every cargo and every run of the
            // program, and take half of their time.
            ("SSL_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/nobody.pem").to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        // Where lines are counted (tests/mutants/coverage), those of the programs count too.
        variables
            .extend(machine.get("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE".to_owned(), file.to_owned())));
        variables.extend(self.variables.iter().cloned());
        variables
    }

    fn write_manifest(&self) {
        let package = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
        self.write("Cargo.toml", format!("{package}\n[dependencies]\n{}", self.dependencies));
    }
}

fn copy_folder(from: &Utf8Path, to: &Utf8Path) {
    for entry in from.read_dir_utf8().unwrap().map(Result::unwrap) {
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy_folder(entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
