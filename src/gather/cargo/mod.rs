//! The one door for a cargo that is asked about a project or resolves it: the checkout chooses neither what runs nor whom it asks.
//!
//! A cargo that is started in a checkout runs what the checkout names: `cargo update` starts `build.rustc`, with the variables of `[env]`;
//! `rust-toolchain.toml` says which cargo that is, and a `credential-provider` would be run for a registry that wants a token. So every
//! cargo starts at the file system's root, where no configuration of the checkout is found, and is told the manifest, the compiler beside
//! it, no wrapper, and of the configuration only what resolving depends on, in a file: names and addresses of any length and with any
//! character go through, which they do not in variables.

mod ask;
mod first_message;
mod guarded;
mod overheard;
mod programs;

use std::io::Write as _;
use std::process::Command;

use camino::Utf8PathBuf;
use tempfile::NamedTempFile;

use super::cargo_config::{CargoConfig, CargoConfigError};
use super::environment::Environment;

pub use ask::{CargoFailure, Words, loads, version};
pub use guarded::{become_other, guarded};
pub use overheard::{Overheard, output};
pub use programs::Programs;

/// A cargo that is ready to be started, as often as is wanted.
#[derive(Debug)]
pub struct Cargo {
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
    pub fn away(config: &CargoConfig, environment: &Environment) -> Result<Self, std::io::Error> {
        Self::told(&config.for_cargo_away(), environment)
    }

    /// Makes it ready with this text as its configuration.
    ///
    /// # Errors
    /// The file for it cannot be written.
    pub fn told(text: &str, environment: &Environment) -> Result<Self, std::io::Error> {
        let mut settings = tempfile::Builder::new().prefix("sequester-cargo-").suffix(".toml").tempfile()?;
        settings.write_all(text.as_bytes())?;
        Ok(Self { programs: Programs::find(environment), environment: away(environment), settings })
    }

    /// The programs that are run.
    #[must_use]
    pub const fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The path of the file with what cargo is told of the configuration.
    #[must_use]
    pub fn settings(&self) -> &str {
        self.settings.path().to_str().unwrap_or_default()
    }

    /// The environment of what is started: the caller's, at the file system's root.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The configuration that is in force there beside the file of settings.
    ///
    /// # Errors
    /// A file of it cannot be read.
    pub fn config(&self) -> Result<CargoConfig, CargoConfigError> {
        CargoConfig::load(self.environment.current_dir(), &self.environment)
    }

    /// The command `cargo --config SETTINGS`, to which a verb is to be added.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = bare(&self.programs, &self.environment);
        command.arg("--config").arg(self.settings.path());
        command
    }
}

/// The command `rustc`, of the same toolchain and at the same place: rustup's stand-in would obey a checkout's `rust-toolchain.toml`.
#[must_use]
pub fn compiler(environment: &Environment) -> Command {
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
