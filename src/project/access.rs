//! Works out whom to ask about each registry: itself, or a mirror that the policy allows to stand in for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;

use super::error::ProjectError;
use crate::gather::cargo_config::{CargoConfig, Replacement};
use crate::gather::credentials::Credentials;
use crate::gather::environment::Environment;
use crate::gather::index::{IndexOrigin, RegistryAccess};
use crate::model::facts::RefusedMirror;
use crate::model::policy::Policy;
use crate::model::source::{Registry, Source};
use crate::policy::source::is_allowed;

/// The file in which `vendor` puts the vendored sources in the place of the registries.
const OWN_CONFIG: &str = ".cargo/config.toml";

/// Whom to ask, and which replacements were refused.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// By the identity of the registry in question.
    pub(crate) by_registry: BTreeMap<Registry, RegistryAccess>,
    /// Replacements that the policy does not allow.
    pub(crate) refused: Vec<RefusedMirror>,
}

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

/// Works it out for each registry.
pub(crate) fn work_out(
    registries: &BTreeSet<Registry>,
    configs: &Configs,
    policy: &Policy,
) -> Result<Access, ProjectError> {
    let known = configs.trusted().registries()?;
    let configured = |registry: &Registry| known.iter().find(|one| one.registry.value == *registry);
    let mut access = Access::default();
    for registry in registries {
        if !is_allowed(policy, &Source::Registry(registry.clone())) {
            let unnamed = RegistryAccess { from: IndexOrigin::NotNamed, credentials: Credentials::default() };
            access.by_registry.insert(registry.clone(), unnamed);
            continue;
        }
        let replacement = match configs.found().replacement(registry)? {
            Replacement::Directory { .. } | Replacement::LocalRegistry { .. } => {
                configs.beneath().replacement(registry)?
            }
            other @ (Replacement::Itself | Replacement::Registry { .. } | Replacement::Git { .. }) => other,
        };
        let asked = match replacement {
            // What lies in a folder was put there by somebody; the registry itself says what was published.
            Replacement::Itself
            | Replacement::Directory { .. }
            | Replacement::LocalRegistry { .. }
            | Replacement::Git { .. } => registry.clone(),
            Replacement::Registry { registry: mirror, .. } if may_stand_in(policy, registry, &mirror) => mirror,
            replacement @ Replacement::Registry { .. } => {
                let by = replacement.to_string();
                if let Replacement::Registry { origin, .. } = replacement {
                    access.refused.push(RefusedMirror { registry: registry.clone(), by, origin });
                }
                let refused = RegistryAccess { from: IndexOrigin::Refused, credentials: Credentials::default() };
                access.by_registry.insert(registry.clone(), refused);
                continue;
            }
        };
        let credentials = configured(&asked).map(|named| Credentials::of(named, configs.trusted())).unwrap_or_default();
        let direct = RegistryAccess::direct(&asked);
        access.by_registry.insert(registry.clone(), RegistryAccess { credentials, ..direct });
    }
    Ok(access)
}

fn may_stand_in(policy: &Policy, registry: &Registry, mirror: &Registry) -> bool {
    mirror == registry || (*registry == Registry::CratesIo && policy.sources.mirrors.contains(mirror))
}
