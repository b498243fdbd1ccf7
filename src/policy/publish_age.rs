//! How old a release must be, and whether it is.

use jiff::{SignedDuration, Timestamp};

use crate::model::age::Age;
use crate::model::history::History;
use crate::model::index_line::Pubtime;
use crate::model::package::CrateId;
use crate::model::policy::{Origin, Policy, Quarantine, Setting};
use crate::model::verdict::Reason;

/// How far a pubtime may lie ahead of the judge's time: clocks of honest machines differ by less.
pub const CLOCK_TOLERANCE: Age = Age::minutes(10);
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
fn own_minimum(policy: &Policy, crate_id: &CrateId) -> Setting<Age> {
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
pub fn longest_minimum(policy: &Policy) -> Age {
    let overrides = policy.overrides.iter().map(|rule| &rule.min_publish_age);
    let registries = policy.registries.values().filter_map(|registry| registry.min_publish_age.as_ref());
    let cargo = policy.cargo.registries.values().chain(&policy.cargo.global);
    let settings = overrides.chain(registries).chain(cargo).chain([&policy.quarantine.min_publish_age]);
    settings.map(|setting| setting.value).chain(policy.min_publish_age_flag).max().unwrap_or(Age::ZERO)
}

/// Whether the registry is trusted with this crate: its own minimum age is zero and nothing else asks for more.
#[must_use]
pub fn is_trusted(policy: &Policy, crate_id: &CrateId) -> bool {
    let own = policy.registries.get(&crate_id.registry).and_then(|registry| registry.min_publish_age.as_ref());
    own.is_some_and(|age| age.value == Age::ZERO) && minimum(policy, crate_id).value == Age::ZERO
}

/// Whether something from `from` has an age; equal passes, as in cargo. An age that reaches beyond what can be written is never reached,
/// not even at the last moment there is.
#[must_use]
pub fn is_reached(age: Age, from: Timestamp, now: Timestamp) -> bool {
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
pub fn trust_is_needed(policy: &Policy, history: &History, pubtime: &Pubtime, now: Timestamp) -> bool {
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
