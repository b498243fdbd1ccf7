//! Runs the installed cargo for what only it knows.

use std::fmt;
use std::process::{Command, Output};

use camino::Utf8Path;
use cargo_metadata::{Metadata, MetadataCommand};
use semver::Version;

use super::words::first_message;
use crate::gather::environment::Environment;

/// Cargo could not be run, or refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CargoFailure {
    /// It could not be started.
    #[error("`{program}` could not be run: {cause}")]
    NotRun {
        /// What was to be run.
        program: String,
        /// What the system said.
        cause: String,
    },
    /// It ended with an error.
    #[error("{}", .0)]
    Refused(Words),
    /// It answered with something else than was asked for.
    #[error("`{program}` gave an answer that cannot be read: {cause}")]
    Answer {
        /// What was run.
        program: String,
        /// What is wrong with the answer.
        cause: String,
    },
}

/// Cargo's first message and its causes, in one line; it may quote an attacker's text until escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Box<str>);

impl Words {
    fn of(output: &Output) -> Self {
        let said = first_message(&String::from_utf8_lossy(&output.stderr));
        Self(said.unwrap_or_else(|| format!("cargo ended with {}", output.status)).into())
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `cargo metadata --no-deps`: never with dependencies, because that downloads every crate before one is judged.
pub(super) fn metadata(environment: &Environment, manifest: Option<&Utf8Path>) -> Result<Metadata, CargoFailure> {
    let mut asked = MetadataCommand::new();
    asked.no_deps().cargo_path(environment.cargo());
    asked.other_options(["--offline", "--color=never"].map(str::to_owned));
    if let Some(manifest) = manifest {
        asked.manifest_path(manifest);
    }
    let answer = run(environment, asked.cargo_command())?;
    // A wrapper around cargo may print lines of its own.
    let json = answer.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    MetadataCommand::parse(json).map_err(|error| unreadable(environment, &error))
}

/// The version of the cargo that runs here; one more process, so asked only by those who write what depends on it.
///
/// # Errors
/// Cargo cannot be run, or does not say.
pub fn cargo_version(environment: &Environment) -> Result<Version, CargoFailure> {
    let mut command = Command::new(environment.cargo());
    command.arg("--version");
    let answer = run(environment, command)?;
    // `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`
    let version = answer.split_whitespace().nth(1).unwrap_or_default();
    version.parse().map_err(|error: semver::Error| unreadable(environment, &error))
}

fn run(environment: &Environment, mut command: Command) -> Result<String, CargoFailure> {
    command.current_dir(environment.current_dir()).env_clear().envs(environment.iter());
    let output = command
        .output()
        .map_err(|error| CargoFailure::NotRun { program: environment.cargo().to_owned(), cause: error.to_string() })?;
    if !output.status.success() {
        return Err(CargoFailure::Refused(Words::of(&output)));
    }
    String::from_utf8(output.stdout).map_err(|error| unreadable(environment, &error))
}

fn unreadable(environment: &Environment, cause: &impl ToString) -> CargoFailure {
    CargoFailure::Answer { program: environment.cargo().to_owned(), cause: cause.to_string() }
}
