//! Cargo's configuration with the file and line of everything: what a cargo started in a folder would obey.
//!
//! The files are those of cargo's own search: `.cargo/config` or `.cargo/config.toml` in the start folder and every folder above it, then
//! in `$CARGO_HOME`, with what they include. The closest file wins; `CARGO_…` variables win over files, and `--config` over both.

mod ages;
mod alias;
mod build;
mod cooldown;
mod error;
mod layers;
mod lookup;
mod network;
mod providers;
mod registries;
mod replacement;
mod resolving;
mod sources;
mod stand_in;

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

pub use build::PATH_HASH;
pub use cooldown::cooldown_age;
pub use error::CargoConfigError;
pub use layers::{Layer, included};
pub use providers::{Form, NotRun, Program, Provider};
pub use registries::{ConfiguredRegistry, Token};
pub use replacement::Replacement;
pub use stand_in::STAND_IN;

use super::environment::Environment;

/// The whole configuration, read once.
pub struct CargoConfig {
    layers: Vec<Layer>,
    credentials: Option<Layer>,
    environment: Environment,
}

/// Without the environment, which may hold tokens.
impl fmt::Debug for CargoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CargoConfig").field("layers", &self.layers).finish_non_exhaustive()
    }
}

impl CargoConfig {
    /// Reads what a cargo started in `start` would read. A relative `start` is one of the working directory's.
    ///
    /// # Errors
    /// A file exists and cannot be read, is not TOML, or includes what it must not.
    pub fn load(start: &Utf8Path, environment: &Environment) -> Result<Self, CargoConfigError> {
        let start = environment.current_dir().join(start);
        Self::load_from(start.ancestors(), environment)
    }

    /// As [`Self::load`], from these folders, the closest first, in the place of one folder and those above it.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_from<'a>(
        folders: impl Iterator<Item = &'a Utf8Path>,
        environment: &Environment,
    ) -> Result<Self, CargoConfigError> {
        let home = environment.cargo_home();
        let layers = layers::layers(folders, &home)?;
        let credentials = layers::either(&home, "credentials")
            .map(|(path, shadows)| {
                let table = layers::read(&path)?;
                Ok(Layer {
                    base: layers::base(&path),
                    path,
                    table,
                    included_by: None,
                    shadows,
                    on_command_line: false,
                    home: true,
                })
            })
            .transpose()?;
        Ok(Self { layers, credentials, environment: environment.clone() })
    }

    /// The same with the values of `--config` before everything else, in the order of the command line.
    ///
    /// # Errors
    /// A value is neither a file that can be read nor TOML.
    pub fn with_command_line(mut self, values: &[String]) -> Result<Self, CargoConfigError> {
        let layers = layers::on_command_line(values, self.environment.current_dir())?;
        self.layers.splice(0..0, layers);
        Ok(self)
    }

    /// Every file with what it says, the one that wins first. The credentials are not among them.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The same without this one file.
    #[must_use]
    pub fn without(&self, file: &Utf8Path) -> Self {
        let layers = self.layers.iter().filter(|layer| layer.path != file).cloned().collect();
        Self { layers, credentials: self.credentials.clone(), environment: self.environment.clone() }
    }

    /// The same with the files below `top`, where those of a commit were laid out, called by the commit's name: `BASE:.cargo/config.toml`.
    #[must_use]
    pub fn of_commit(mut self, top: &Utf8Path, name: &str) -> Self {
        for layer in &mut self.layers {
            if let Ok(inside) = layer.path.strip_prefix(top) {
                layer.path = Utf8PathBuf::from(format!("{name}:{inside}"));
            }
        }
        self
    }

    /// The environment that it was read in.
    pub(in crate::gather) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The configuration that cargo reads in every folder: `$CARGO_HOME`.
    #[must_use]
    pub fn home(&self) -> Utf8PathBuf {
        self.environment.cargo_home()
    }
}
