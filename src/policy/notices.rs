//! Where the policy and what other tools were told disagree.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use semver::Version;

use crate::model::age::Age;
use crate::model::evaluation::{Loosening, LooseningKind, Notice};
use crate::model::policy::{CargoAges, Policy, Setting};
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

/// The longer of two sets of cargo's minimum ages, for every registry, and where the head's is the shorter one.
#[must_use]
pub fn longest_cargo_ages(base: CargoAges, head: CargoAges) -> (CargoAges, Vec<Loosening>) {
    let named: BTreeSet<Registry> = base.registries.keys().chain(head.registries.keys()).cloned().collect();
    let of = |ages: &CargoAges, registry: &Registry| ages.registries.get(registry).or(ages.global.as_ref()).cloned();
    let mut loosened = Vec::new();
    let mut longest = |base: Option<Setting<Age>>, head: Option<Setting<Age>>, of: &str| {
        let age = |setting: &Option<Setting<Age>>| setting.as_ref().map_or(Age::ZERO, |setting| setting.value);
        if age(&base) <= age(&head) {
            return head;
        }
        loosened.push(Loosening {
            kind: LooseningKind::Rule,
            key: format!("cargo's minimum age {of}"),
            base: base.as_ref().map(|setting| setting.value.to_string()),
            head: head.map(|setting| setting.value.to_string()),
        });
        base
    };
    let registries = named
        .into_iter()
        .filter_map(|registry| {
            let setting = longest(of(&base, &registry), of(&head, &registry), &format!("for {registry}"))?;
            Some((registry, setting))
        })
        .collect();
    let global = longest(base.global, head.global, "for every registry");
    (CargoAges { global, registries }, loosened)
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
