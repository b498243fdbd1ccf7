//! Where the project's configuration replaces a git source, cargo runs in a folder of its own, with that configuration but for its sources.

use camino::Utf8PathBuf;
use tempfile::TempDir;

use super::ResolveError;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;

/// The folder, which is removed with its value.
#[derive(Debug)]
pub(super) struct Elsewhere {
    _folder: TempDir,
    /// The environment of a cargo that runs there.
    pub(super) environment: Environment,
    /// What stands in for the project's configuration.
    pub(super) file: Utf8PathBuf,
    /// The configuration that is in force there.
    pub(super) config: CargoConfig,
}

impl Elsewhere {
    /// Makes it, where it is needed.
    pub(super) fn if_needed(config: &CargoConfig, environment: &Environment) -> Result<Option<Self>, ResolveError> {
        if !config.replaces_git()? {
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("cargo-sequester-").tempdir().map_err(ResolveError::Temporary)?;
        let path = Utf8PathBuf::try_from(folder.path().to_owned())
            .map_err(|error| ResolveError::Temporary(error.into_io_error()))?;
        let file = path.join("config.toml");
        std::fs::write(&file, config.for_resolving()).map_err(ResolveError::Temporary)?;
        let config = CargoConfig::load(&path, environment)?;
        Ok(Some(Self { environment: environment.elsewhere(&path, []), file, config, _folder: folder }))
    }
}
