//! Where the policy and what other tools were told disagree.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use semver::Version;

use crate::model::age::Age;
use crate::model::evaluation::Notice;
use crate::model::policy::Policy;
use crate::model::source::Registry;

/// The first cargo that obeys its own minimum age.
const FIRST_WITH_MIN_AGE: Version = Version::new(1, 100, 0);

/// Cargo's own minimum ages against the policy's, for the registries in question, and against the cargo in use.
#[must_use]
pub fn cargo_ages(policy: &Policy, registries: &BTreeSet<Registry>, cargo: Option<&Version>) -> Vec<Notice> {
    let mut all = Vec::new();
    for registry in registries {
        let Some(set) = policy.cargo.registries.get(registry).or(policy.cargo.global.as_ref()) else { continue };
        let own = general(policy, registry);
        let (origin, cargo, policy) = (set.origin.clone(), set.value, own);
        all.extend(match cargo.cmp(&policy) {
            std::cmp::Ordering::Greater => Some(Notice::CargoAgeLonger { origin, cargo, policy }),
            std::cmp::Ordering::Less => Some(Notice::CargoAgeShorter { origin, cargo, policy }),
            std::cmp::Ordering::Equal => None,
        });
    }
    let set = policy.cargo.global.iter().chain(policy.cargo.registries.values()).next();
    if let (Some(set), Some(version)) = (set, cargo.filter(|version| **version < FIRST_WITH_MIN_AGE)) {
        all.push(Notice::CargoIgnoresAge { origin: set.origin.clone(), version: version.clone() });
    }
    all
}

/// A `cooldown.toml` against the policy's general age.
#[must_use]
pub fn cooldown(policy: &Policy, found: Option<(Utf8PathBuf, Age)>) -> Option<Notice> {
    let general = general(policy, &Registry::CratesIo);
    found.filter(|(_, age)| *age != general).map(|(file, cooldown)| Notice::CooldownDisagrees {
        file,
        cooldown,
        policy: general,
    })
}

/// The age of a registry's releases that no override names, before cargo's own keys.
fn general(policy: &Policy, registry: &Registry) -> Age {
    let own = policy.registries.get(registry).and_then(|registry| registry.min_publish_age.as_ref());
    policy.min_publish_age_flag.unwrap_or_else(|| own.unwrap_or(&policy.quarantine.min_publish_age).value)
}
