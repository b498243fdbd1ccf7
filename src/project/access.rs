//! Whom to ask about each registry: itself, or a mirror that the policy allows to stand in for it.

use std::collections::{BTreeMap, BTreeSet};

use super::configs::Configs;
use super::error::ProjectError;
use crate::gather::cargo_config::Replacement;
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
            let credentials =
                configured(&asked).map(|named| Credentials::of(named, configs.trusted())).unwrap_or_default();
            let direct = RegistryAccess::direct(&asked);
            access.by_registry.insert(registry.clone(), RegistryAccess { credentials, ..direct });
        }
        Ok(access)
    }
}

fn may_stand_in(policy: &Policy, registry: &Registry, mirror: &Registry) -> bool {
    mirror == registry || (*registry == Registry::CratesIo && policy.sources.mirrors.contains(mirror))
}
