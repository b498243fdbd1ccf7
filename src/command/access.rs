//! Works out whom to ask about each registry: itself, or a mirror that the policy allows to stand in for it.

use std::collections::{BTreeMap, BTreeSet};

use super::CommandError;
use crate::gather::cargo_config::{CargoConfig, Replacement};
use crate::gather::index::{IndexOrigin, RegistryAccess};
use crate::model::facts::RefusedMirror;
use crate::model::policy::Policy;
use crate::model::source::Registry;

/// Whom to ask, and which replacements were refused.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// By the identity of the registry in question.
    pub(super) by_registry: BTreeMap<Registry, RegistryAccess>,
    /// Replacements that the policy does not allow.
    pub(super) refused: Vec<RefusedMirror>,
}

/// `config` says what replaces what; which token is whose, `trusted`, which a change under judgement cannot have written.
pub(super) fn work_out(
    registries: &BTreeSet<Registry>,
    config: &CargoConfig,
    trusted: &CargoConfig,
    policy: &Policy,
) -> Result<Access, CommandError> {
    let known = trusted.registries()?;
    let token = |registry: &Registry| {
        let configured = known.iter().find(|one| one.registry.value == *registry)?;
        configured.token.as_ref().map(|token| token.value.expose().to_owned())
    };
    let mut access = Access::default();
    for registry in registries {
        let asked = match config.replacement(registry)? {
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
