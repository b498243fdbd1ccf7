//! The one door for a cargo that is asked about a project or resolves it: the checkout chooses neither what runs nor whom it asks.
//!
//! A cargo that is started in a checkout runs what the checkout names: `cargo update` starts `build.rustc`, with the variables of `[env]`;
//! `rust-toolchain.toml` says which cargo that is, and a `credential-provider` would be run for a registry that wants a token. So every
//! cargo starts at the file system's root, where no configuration of the checkout is found, and is told the manifest, the compiler beside
//! it, no wrapper, and of the configuration only what resolving depends on, in a file: names and addresses of any length and with any
//! character go through, which they do not in variables.

mod failure;
mod overheard;
mod programs;

use std::io::{Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, MetadataCommand};
use semver::Version;
use tempfile::NamedTempFile;

use super::cargo_config::{CargoConfig, CargoConfigError};
use super::environment::Environment;
use crate::files::{Errand, temporary_file, temporary_folder};

pub use self::failure::CargoFailure;
pub(crate) use self::failure::Words;
pub use self::overheard::Overheard;
pub(crate) use self::overheard::output;
pub(crate) use self::programs::{Programs, become_other, guarded};

/// The most bytes of an answer: a workspace of a thousand members has a few mebibytes.
const MAX_ANSWER: u64 = 256 << 20;
/// The most bytes of cargo's complaints that are read.
const MAX_COMPLAINT: u64 = 1 << 20;
/// A cargo that takes longer waits for something that never comes, such as the writer of a pipe in a manifest's place.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cargo that is ready to be started, as often as is wanted.
#[derive(Debug)]
pub(crate) struct Cargo {
    programs: Programs,
    environment: Environment,
    /// Removed with this value.
    settings: NamedTempFile,
}

impl Cargo {
    /// Makes it ready with what `config` says about registries and resolving.
    ///
    /// # Errors
    /// The file with these settings cannot be written.
    pub(crate) fn away(config: &CargoConfig, environment: &Environment) -> Result<Self, std::io::Error> {
        Self::configured(&config.for_cargo_away(), environment)
    }

    /// Makes it ready with this text as its configuration.
    ///
    /// # Errors
    /// The file for it cannot be written.
    pub(crate) fn configured(text: &str, environment: &Environment) -> Result<Self, std::io::Error> {
        let mut settings = temporary_file(Errand::Cargo)?;
        settings.write_all(text.as_bytes())?;
        Ok(Self { programs: Programs::find(environment), environment: away(environment), settings })
    }

    /// The programs that are run.
    #[must_use]
    pub(crate) const fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The path of the file with the part of the configuration that cargo is given.
    #[must_use]
    pub(crate) fn settings(&self) -> &str {
        self.settings.path().to_str().unwrap_or_default()
    }

    /// The environment of what is started: the caller's, at the file system's root.
    #[must_use]
    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The configuration that is in force there beside the file of settings.
    ///
    /// # Errors
    /// A file of it cannot be read.
    pub(crate) fn config(&self) -> Result<CargoConfig, CargoConfigError> {
        CargoConfig::load(self.environment.current_dir(), &self.environment)
    }

    /// The command `cargo --config SETTINGS`, to which a verb is to be added.
    #[must_use]
    pub(crate) fn command(&self) -> Command {
        let mut command = bare(&self.programs, &self.environment);
        command.arg("--config").arg(self.settings.path());
        command
    }

    /// `cargo metadata --no-deps`: never with dependencies, because that downloads every crate before one is judged.
    ///
    /// # Errors
    /// Cargo cannot be run, refuses, or does not answer.
    pub(crate) fn metadata(&self, manifest: &Utf8Path) -> Result<Metadata, CargoFailure> {
        let mut command = self.command();
        command.args(["metadata", "--no-deps", "--format-version=1", "--offline", "--color=never", "--manifest-path"]);
        command.arg(manifest);
        let answer = ask(&self.programs, command)?;
        // A wrapper around cargo may print lines of its own.
        let json = answer.lines().find(|line| line.starts_with('{')).unwrap_or_default();
        MetadataCommand::parse(json).map_err(|error| unreadable(&self.programs, &error))
    }
}

/// The command `rustc`, of the same toolchain and at the same place: rustup's stand-in would obey a checkout's `rust-toolchain.toml`.
#[must_use]
pub(crate) fn compiler(environment: &Environment) -> Command {
    let away = away(environment);
    let mut command = Command::new(Programs::find(environment).rustc);
    command.current_dir(away.current_dir()).env_clear().envs(away.iter());
    command
}

/// The command `cargo`.
fn bare(programs: &Programs, away: &Environment) -> Command {
    let mut command = guarded(&programs.cargo, away);
    command.current_dir(away.current_dir()).env_clear().envs(away.iter());
    command.env("RUSTC", &programs.rustc);
    // Empty, they are none, whatever a file says.
    command.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
    command
}

/// The same environment where no configuration but the machine's is found: at the root, to which only its owner writes; where everybody
/// may, in cargo's home, whose configuration is read anyway.
fn away(environment: &Environment) -> Environment {
    let folder = if cfg!(unix) { Utf8PathBuf::from("/") } else { environment.cargo_home() };
    environment.elsewhere(&folder, [])
}

/// Whether the cargo that runs here loads a package with this manifest, which must name no other file: `Err` with its words where not.
///
/// # Errors
/// There is no folder to put the manifest into, cargo cannot be run, refuses it, or does not answer.
pub(crate) fn loads(manifest: &str, environment: &Environment) -> Result<(), CargoFailure> {
    let programs = Programs::find(environment);
    let failed = |cause: std::io::Error| CargoFailure::NoFolder { cause: cause.to_string() };
    let folder = temporary_folder(Errand::Manifest).map_err(failed)?;
    let path = folder.path().join("Cargo.toml");
    std::fs::write(&path, manifest).map_err(failed)?;
    std::fs::create_dir(folder.path().join("src")).map_err(failed)?;
    std::fs::write(folder.path().join("src/lib.rs"), "").map_err(failed)?;
    let mut command = bare(&programs, &away(environment));
    command.args(["metadata", "--no-deps", "--format-version=1", "--offline", "--color=never", "--manifest-path"]);
    command.arg(&path);
    match ask(&programs, command) {
        Ok(_) => Ok(()),
        // Where the manifest lay concerns nobody.
        Err(CargoFailure::Refused(words)) => {
            Err(CargoFailure::Refused(words.renamed(&path.to_string_lossy(), "Cargo.toml")))
        }
        Err(failure) => Err(failure),
    }
}

/// The version of the cargo that runs here; one more process, so asked only by those who need it.
///
/// # Errors
/// Cargo cannot be run, or does not say.
pub fn version(environment: &Environment) -> Result<Version, CargoFailure> {
    let programs = Programs::find(environment);
    let mut command = bare(&programs, &away(environment));
    command.arg("--version");
    let answer = ask(&programs, command)?;
    // `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`
    let version = answer.split_whitespace().nth(1).unwrap_or_default();
    version.parse().map_err(|error: semver::Error| unreadable(&programs, &error))
}

fn ask(programs: &Programs, mut command: Command) -> Result<String, CargoFailure> {
    let program = || programs.cargo.to_string();
    let not_run = |cause: std::io::Error| CargoFailure::NotRun { program: program(), cause: cause.to_string() };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(not_run)?;
    let (sender, answers) = mpsc::channel();
    read_aside(child.stdout.take(), MAX_ANSWER, (sender.clone(), Pipe::Answer));
    read_aside(child.stderr.take(), MAX_COMPLAINT, (sender, Pipe::Complaint));
    let (mut answer, mut complaint) = (Vec::new(), Vec::new());
    let end = Instant::now() + PATIENCE;
    for _ in 0..2 {
        match answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((Pipe::Answer, bytes)) => answer = bytes,
            Ok((Pipe::Complaint, bytes)) => complaint = bytes,
            Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                // It may have ended just now; then there is nothing to end.
                let _ = child.kill();
                let _ = child.wait();
                return Err(CargoFailure::Silent { program: program(), seconds: PATIENCE.as_secs() });
            }
        }
    }
    let status = child.wait().map_err(not_run)?;
    // A setting or an address on the command line may hold a token.
    let shown: Vec<_> = command
        .get_args()
        .filter(|word| !word.to_string_lossy().contains('=') && !word.to_string_lossy().contains("://"))
        .collect();
    tracing::debug!("{:?} {shown:?}: {status}, in {:?}", programs.cargo, begun.elapsed());
    if !status.success() {
        return Err(CargoFailure::Refused(Words::of(&complaint, status)));
    }
    String::from_utf8(answer).map_err(|error| unreadable(programs, &error))
}

fn unreadable(programs: &Programs, cause: &impl ToString) -> CargoFailure {
    CargoFailure::Answer { program: programs.cargo.to_string(), cause: cause.to_string() }
}

#[derive(Clone, Copy)]
enum Pipe {
    Answer,
    Complaint,
}

/// Both pipes are read at once, because a full one would stop cargo; and to their ends, though no more than `limit` is kept. The thread
/// is not waited for: what cargo started may hold the pipe after it.
fn read_aside(
    pipe: Option<impl Read + Send + 'static>,
    limit: u64,
    (sender, name): (mpsc::Sender<(Pipe, Vec<u8>)>, Pipe),
) {
    let Some(mut pipe) = pipe else { return };
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.by_ref().take(limit).read_to_end(&mut bytes);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        let _ = sender.send((name, bytes));
    });
}
