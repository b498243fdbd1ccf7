//! Works out whom to ask about each registry: itself, or a mirror that the policy allows to stand in for it.

use std::collections::{BTreeMap, BTreeSet};

use super::ProjectError;
use crate::gather::cargo_config::{CargoConfig, Replacement};
use crate::gather::index::{IndexOrigin, RegistryAccess};
use crate::model::facts::RefusedMirror;
use crate::model::policy::Policy;
use crate::model::source::Registry;

/// Whom to ask, and which replacements were refused.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// By the identity of the registry in question.
    pub(crate) by_registry: BTreeMap<Registry, RegistryAccess>,
    /// Replacements that the policy does not allow.
    pub(crate) refused: Vec<RefusedMirror>,
}

/// What is read from cargo's configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configs<'a> {
    /// Says what replaces what.
    pub(crate) found: &'a CargoConfig,
    /// The same without the project's own file: what holds where that file puts vendored sources in a registry's place.
    pub(crate) beneath: &'a CargoConfig,
    /// Says which token is whose; a change under judgement cannot have written it.
    pub(crate) trusted: &'a CargoConfig,
}

/// Works it out for each registry.
pub(crate) fn work_out(
    registries: &BTreeSet<Registry>,
    configs: &Configs<'_>,
    policy: &Policy,
) -> Result<Access, ProjectError> {
    let known = configs.trusted.registries()?;
    let token = |registry: &Registry| {
        let configured = known.iter().find(|one| one.registry.value == *registry)?;
        configured.token.as_ref().map(|token| token.value.expose().to_owned())
    };
    let mut access = Access::default();
    for registry in registries {
        let replacement = match configs.found.replacement(registry)? {
            Replacement::Directory { .. } | Replacement::LocalRegistry { .. } => {
                configs.beneath.replacement(registry)?
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
                let refused = RegistryAccess { from: IndexOrigin::Refused, token: None };
                access.by_registry.insert(registry.clone(), refused);
                continue;
            }
        };
        let token = token(&asked);
        access.by_registry.insert(registry.clone(), RegistryAccess { token, ..RegistryAccess::direct(&asked) });
    }
    Ok(access)
}

fn may_stand_in(policy: &Policy, registry: &Registry, mirror: &Registry) -> bool {
    mirror == registry || (*registry == Registry::CratesIo && policy.sources.mirrors.contains(mirror))
}
