//! Whom to ask about each registry: itself, or a mirror that the policy allows to stand in for it.

use std::collections::{BTreeMap, BTreeSet};

use super::configs::Configs;
use super::error::ProjectError;
use crate::gather::cargo_config::{CargoConfig, Replacement};
use crate::gather::credentials::Credentials;
use crate::gather::index::{IndexOrigin, RegistryAccess};
use crate::model::facts::RefusedMirror;
use crate::model::policy::Policy;
use crate::model::source::{Registry, Source};
use crate::policy::source::is_allowed;

/// Whom to ask.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// By the identity of the registry in question.
    pub(crate) by_registry: BTreeMap<Registry, RegistryAccess>,
    /// Replacements that the policy does not allow.
    pub(crate) refused: Vec<RefusedMirror>,
}

impl Access {
    pub(crate) fn work_out(
        registries: &BTreeSet<Registry>,
        configs: &Configs,
        policy: &Policy,
    ) -> Result<Self, ProjectError> {
        let known = configs.trusted().registries()?;
        let configured = |registry: &Registry| known.iter().find(|one| one.registry.value == *registry);
        let mut access = Self::default();
        for registry in registries {
            if !is_allowed(policy, &Source::Registry(registry.clone())) {
                let unnamed = RegistryAccess { from: IndexOrigin::NotNamed, credentials: Credentials::default() };
                access.by_registry.insert(registry.clone(), unnamed);
                continue;
            }
            let asked = match beneath_folders(configs.found(), registry)? {
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
            let credentials =
                configured(&asked).map(|named| Credentials::of(named, configs.trusted())).unwrap_or_default();
            let direct = RegistryAccess::direct(&asked);
            access.by_registry.insert(registry.clone(), RegistryAccess { credentials, ..direct });
        }
        Ok(access)
    }
}

/// What replaces a registry where nothing that puts a folder of this machine in its place is looked at: a project's vendored sources, or those
/// of one in a folder above.
fn beneath_folders(config: &CargoConfig, registry: &Registry) -> Result<Replacement, ProjectError> {
    let mut replacement = config.replacement(registry)?;
    let mut beneath = None;
    while let Replacement::Directory { origin, .. } | Replacement::LocalRegistry { origin, .. } = &replacement {
        let Some(next) = beneath.as_ref().unwrap_or(config).beneath(origin) else { break };
        replacement = next.replacement(registry)?;
        beneath = Some(next);
    }
    Ok(replacement)
}

fn may_stand_in(policy: &Policy, registry: &Registry, mirror: &Registry) -> bool {
    mirror == registry || (*registry == Registry::CratesIo && policy.sources.mirrors.contains(mirror))
}
