//! Cargo's configuration, as a project has it and as far as it is believed.

use std::sync::Arc;

use camino::Utf8Path;

use super::error::ProjectError;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;

/// Cargo's configuration, as it is found and as far as it is believed.
#[derive(Debug)]
pub(crate) struct Configs {
    found: CargoConfig,
    trusted: Option<Arc<CargoConfig>>,
}

impl Configs {
    /// The configuration that is found around the project, and where a change is judged, the one that it cannot have written.
    pub(crate) fn new(found: CargoConfig, trusted: Option<CargoConfig>) -> Self {
        Self { found, trusted: trusted.map(Arc::new) }
    }

    /// The same for a cargo that is started in the project's root, wherever this run was started.
    pub(crate) fn at_root(&self, root: &Utf8Path, environment: &Environment) -> Result<Self, ProjectError> {
        let found = CargoConfig::load(root, environment)?;
        Ok(Self { found, trusted: self.trusted.clone() })
    }

    /// Says what replaces what.
    pub(crate) const fn found(&self) -> &CargoConfig {
        &self.found
    }

    /// Says how the network is reached and which token is whose; a change under judgement cannot have written it.
    pub(crate) fn trusted(&self) -> &CargoConfig {
        self.trusted.as_deref().unwrap_or(&self.found)
    }
}
