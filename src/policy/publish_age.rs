//! How old a release must be, whether it is, and where other tools were told another age.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use jiff::{SignedDuration, Timestamp};
use semver::Version;

use crate::model::age::Age;
use crate::model::evaluation::Notice;
use crate::model::history::History;
use crate::model::index_line::Pubtime;
use crate::model::loosening::{Loosening, LooseningKind};
use crate::model::package::CrateId;
use crate::model::policy::{CargoAges, Origin, Policy, Quarantine, Setting};
use crate::model::source::Registry;
use crate::model::verdict::Reason;

/// How far a pubtime may lie ahead of the judge's time: clocks of honest machines differ by less.
pub(crate) const CLOCK_TOLERANCE: Age = Age::minutes(10);
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// The minimum age that applies to a crate, and what set it.
///
/// The first that is set: the command line, the longest `[[override]]` naming the crate, the registry's own, `[quarantine]`.
/// Cargo's own keys then only lengthen it, since a machine's configuration must not make a verdict laxer than CI's.
#[must_use]
pub fn minimum(policy: &Policy, crate_id: &CrateId) -> Setting<Age> {
    let own = own_minimum(policy, crate_id);
    let cargo = policy.cargo.registries.get(&crate_id.registry).or(policy.cargo.global.as_ref());
    match cargo {
        Some(cargo) if cargo.value > own.value => cargo.clone(),
        Some(_) | None => own,
    }
}

/// What the policy says, before cargo's own keys.
#[must_use]
pub(crate) fn own_minimum(policy: &Policy, crate_id: &CrateId) -> Setting<Age> {
    if let Some(value) = policy.min_publish_age_flag {
        return Setting { value, origin: Origin::Flag };
    }
    let longest = policy
        .overrides
        .iter()
        .filter(|rule| rule.registry == crate_id.registry)
        .filter(|rule| rule.crates.iter().any(|pattern| pattern.fits(&crate_id.name)))
        .map(|rule| &rule.min_publish_age)
        .max_by_key(|setting| setting.value);
    longest
        .or_else(|| policy.registries.get(&crate_id.registry)?.min_publish_age.as_ref())
        .unwrap_or(&policy.quarantine.min_publish_age)
        .clone()
}

/// No crate has a longer minimum age than this.
#[must_use]
pub(crate) fn longest_minimum(policy: &Policy) -> Age {
    let overrides = policy.overrides.iter().map(|rule| &rule.min_publish_age);
    let registries = policy.registries.values().filter_map(|registry| registry.min_publish_age.as_ref());
    let cargo = policy.cargo.registries.values().chain(&policy.cargo.global);
    let settings = overrides.chain(registries).chain(cargo).chain([&policy.quarantine.min_publish_age]);
    settings.map(|setting| setting.value).chain(policy.min_publish_age_flag).max().unwrap_or(Age::ZERO)
}

/// Whether the registry is trusted with this crate: its own minimum age is zero and nothing else asks for more.
#[must_use]
pub(crate) fn is_trusted(policy: &Policy, crate_id: &CrateId) -> bool {
    let own = policy.registries.get(&crate_id.registry).and_then(|registry| registry.min_publish_age.as_ref());
    own.is_some_and(|age| age.value == Age::ZERO) && minimum(policy, crate_id).value == Age::ZERO
}

/// Whether something from `from` has an age; equal passes, as in cargo. An age that reaches beyond what can be written is never reached,
/// not even at the last moment there is.
#[must_use]
pub(crate) fn is_reached(age: Age, from: Timestamp, now: Timestamp) -> bool {
    i64::try_from(age.as_secs()).is_ok_and(|age| now.duration_since(from) >= SignedDuration::from_secs(age))
}

/// The reasons that a release's publication gives: too new, in the future, unknown, of a crate that is itself new.
#[must_use]
pub fn reasons(
    policy: &Policy,
    crate_id: &CrateId,
    history: &History,
    pubtime: &Pubtime,
    now: Timestamp,
) -> Vec<Reason> {
    let trusted = is_trusted(policy, crate_id);
    let unknown = |found: Option<&Box<str>>| {
        // Other releases can still tell that the crate itself is young.
        let young = new_crate(&policy.quarantine, history, None, now);
        [Reason::PubtimeUnknown { found: found.cloned() }].into_iter().chain(young).collect()
    };
    let published = match pubtime {
        Pubtime::Known(published) => *published,
        Pubtime::Absent | Pubtime::Malformed(_) if trusted => return Vec::new(),
        Pubtime::Absent => return unknown(None),
        Pubtime::Malformed(found) => return unknown(Some(found)),
    };
    let mut reasons = Vec::new();
    let minimum = minimum(policy, crate_id);
    let eligible_at = minimum.value.after(published);
    if !is_reached(minimum.value, published, now) && minimum.value > Age::ZERO {
        reasons.push(Reason::TooNew {
            pubtime: published,
            min_age: minimum.value,
            rule: minimum.origin,
            eligible_at,
            fix: None,
        });
    }
    if let Ok(eligible_at) = published.checked_sub(TOLERANCE)
        && eligible_at > now
    {
        reasons.push(Reason::PubtimeInFuture { pubtime: published, eligible_at });
    }
    if !trusted {
        reasons.extend(new_crate(&policy.quarantine, history, Some(published), now));
    }
    reasons
}

/// Whether a release would be held if its registry were not trusted.
#[must_use]
pub(crate) fn trust_is_needed(policy: &Policy, history: &History, pubtime: &Pubtime, now: Timestamp) -> bool {
    let Pubtime::Known(published) = *pubtime else { return true };
    let quarantine = &policy.quarantine;
    !is_reached(quarantine.min_publish_age.value, published, now)
        || new_crate(quarantine, history, Some(published), now).is_some()
}

/// A release that is itself old enough proves that its crate is; only a young one, or one of unknown age, asks for the crate's first.
fn new_crate(
    quarantine: &Quarantine,
    history: &History,
    published: Option<Timestamp>,
    now: Timestamp,
) -> Option<Reason> {
    let min_age = quarantine.new_crate_age;
    if min_age == Age::ZERO || published.is_some_and(|published| is_reached(min_age, published, now)) {
        return None;
    }
    let first_published = history.first_published();
    let born = first_published.or(published)?;
    let eligible_at = min_age.after(born);
    (!is_reached(min_age, born, now)).then_some(Reason::NewCrate { first_published, min_age, eligible_at })
}

/// The first cargo that obeys its own minimum age.
const FIRST_WITH_MIN_AGE: Version = Version::new(1, 100, 0);

/// Cargo's own minimum ages against the policy's, for the registries in question, and against the cargo in use.
#[must_use]
pub(crate) fn cargo_age_notices(
    policy: &Policy,
    registries: &BTreeSet<Registry>,
    cargo: Option<&Version>,
) -> Vec<Notice> {
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
pub(crate) fn longest_cargo_ages(base: CargoAges, head: CargoAges) -> (CargoAges, Vec<Loosening>) {
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
            reason: None,
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
pub(crate) fn cooldown_notice(policy: &Policy, found: Option<(Utf8PathBuf, Age)>) -> Option<Notice> {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::collections::BTreeSet;

    use semver::Version;

    use super::{cargo_age_notices, cooldown_notice, longest_cargo_ages};
    use crate::model::age::Age;
    use crate::model::evaluation::Notice;
    use crate::model::policy::{CargoAges, Origin, Policy, Setting};
    use crate::model::source::Registry;

    fn set(days: u32) -> Setting<Age> {
        Setting { value: Age::days(days), origin: Origin::Environment(format!("set to {days}")) }
    }

    fn own() -> Registry {
        Registry::parse("sparse+https://crates.example.org/index/").unwrap()
    }

    fn ages(global: Option<u32>, registry: Option<u32>) -> CargoAges {
        CargoAges { global: global.map(set), registries: registry.map(|days| (own(), set(days))).into_iter().collect() }
    }

    #[test]
    fn cargo_obeys_its_own_age_from_one_release_on() {
        let ignored = |cargo: &CargoAges, version: Option<Version>| {
            let policy = Policy { cargo: cargo.clone(), ..Policy::default() };
            let notices = cargo_age_notices(&policy, &BTreeSet::new(), version.as_ref());
            notices.iter().any(|one| matches!(one, Notice::CargoIgnoresAge { .. }))
        };
        for set in [ages(Some(3), None), ages(None, Some(3))] {
            assert!(ignored(&set, Some(Version::new(1, 99, 9))));
            assert!(!ignored(&set, Some(Version::new(1, 100, 0))));
            assert!(!ignored(&set, Some(Version::new(1, 101, 0))));
            assert!(!ignored(&set, None));
        }
        assert!(!ignored(&ages(None, None), Some(Version::new(1, 99, 9))));
    }

    #[test]
    fn cargos_age_is_told_where_it_is_not_the_policys() {
        let told = |days: u32| {
            let policy = Policy { cargo: ages(Some(days), None), ..Policy::default() };
            cargo_age_notices(&policy, &BTreeSet::from([Registry::CratesIo]), None)
        };
        let (origin, policy) = (set(8).origin, Age::days(7));
        assert_eq!(told(8), [Notice::CargoAgeLonger { origin, cargo: Age::days(8), policy }]);
        assert_eq!(told(7), []);
        assert_eq!(told(6), [Notice::CargoAgeShorter { origin: set(6).origin, cargo: Age::days(6), policy }]);
    }

    #[test]
    fn of_two_configurations_the_longer_age_counts_and_the_shorter_head_is_named() {
        let (longest, loosened) = longest_cargo_ages(ages(Some(5), Some(9)), ages(Some(3), Some(10)));
        assert_eq!(longest, ages(Some(5), Some(10)));
        let [only] = loosened.as_slice() else { panic!("{loosened:?}") };
        assert_eq!(
            (only.base.as_deref(), only.head.as_deref()),
            (Some(&*Age::days(5).to_string()), Some(&*Age::days(3).to_string()))
        );
        for (base, head) in [(ages(Some(5), None), ages(Some(5), None)), (ages(None, None), ages(Some(5), Some(5)))] {
            assert_eq!(longest_cargo_ages(base, head.clone()), (head, Vec::new()));
        }
        // An age that is gone is the shortest; and one registry's is held against the other side's global one.
        assert_eq!(longest_cargo_ages(ages(Some(5), None), ages(None, None)).0, ages(Some(5), None));
        let (longest, loosened) = longest_cargo_ages(ages(Some(5), None), ages(Some(5), Some(1)));
        assert_eq!((longest, loosened.len()), (ages(Some(5), Some(5)), 1));
    }

    #[test]
    fn another_tools_cooldown_is_told_where_it_is_another() {
        let told = |days: u32| cooldown_notice(&Policy::default(), Some(("cooldown.toml".into(), Age::days(days))));
        assert_eq!(told(7), None);
        assert!(matches!(told(8), Some(Notice::CooldownDisagrees { cooldown, .. }) if cooldown == Age::days(8)));
        assert_eq!(cooldown_notice(&Policy::default(), None), None);
    }
}
