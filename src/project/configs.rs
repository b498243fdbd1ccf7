//! Cargo's configuration, as a project has it and as far as it is believed.

use std::sync::Arc;

use camino::Utf8Path;

use super::error::ProjectError;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;

/// The file in which `vendor` replaces the registries by the vendored sources.
const OWN_CONFIG: &str = ".cargo/config.toml";

/// Cargo's configuration, as it is found and as far as it is believed.
#[derive(Debug)]
pub(crate) struct Configs {
    found: CargoConfig,
    beneath: CargoConfig,
    trusted: Option<Arc<CargoConfig>>,
}

impl Configs {
    /// The configuration that is found around the project at `root`, and where a change is judged, the one that it cannot have written.
    pub(crate) fn new(found: CargoConfig, trusted: Option<CargoConfig>, root: &Utf8Path) -> Self {
        Self { beneath: found.without(&root.join(OWN_CONFIG)), found, trusted: trusted.map(Arc::new) }
    }

    /// The same for a cargo that is started in the project's root, wherever this run was started.
    pub(crate) fn at_root(&self, root: &Utf8Path, environment: &Environment) -> Result<Self, ProjectError> {
        let found = CargoConfig::load(root, environment)?;
        let beneath = found.without(&root.join(OWN_CONFIG));
        Ok(Self { found, beneath, trusted: self.trusted.clone() })
    }

    /// Says what replaces what.
    pub(crate) const fn found(&self) -> &CargoConfig {
        &self.found
    }

    /// The same without the project's own file: what holds where that file puts vendored sources in a registry's place.
    pub(crate) const fn beneath(&self) -> &CargoConfig {
        &self.beneath
    }

    /// Says how the network is reached and which token is whose; a change under judgement cannot have written it.
    pub(crate) fn trusted(&self) -> &CargoConfig {
        self.trusted.as_deref().unwrap_or(&self.found)
    }
}
