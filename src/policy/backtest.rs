//! What a policy would have done: with incidents of the past, and with everything else that was published.
//!
//! Nothing is decided here. Each release is put before the judge of today's verdicts, as it lay in the index on its day.

mod past;
mod price;
mod rebuilt;

use jiff::Timestamp;
use rayon::prelude::*;

use self::past::names_alone;
use self::price::Published;
use self::rebuilt::Rebuilt;
use crate::model::age::Age;
use crate::model::backtest::{Backtest, Incident, Outcome, Tried, Variant};
use crate::model::facts::Facts;
use crate::model::license::LicensePolicy;
use crate::model::package::Package;
use crate::model::policy::Policy;
use crate::model::signal::{Signal, SignalLevel};

pub(crate) use self::price::wanted;

/// The minimum ages, in days, that a policy is also tried with.
pub(crate) const AGES: [u32; 6] = [1, 3, 7, 14, 30, 45];

/// Tries a policy on incidents, and on what was published of the locked crates between `since` and `now`.
#[must_use]
pub fn backtest(
    facts: &Facts,
    policy: &Policy,
    incidents: Vec<Incident>,
    since: Timestamp,
    now: Timestamp,
) -> Backtest {
    // Nobody knows what a release of the past was licensed under.
    let policy = &Policy { licenses: LicensePolicy::default(), ..policy.clone() };
    let packages = names_alone(&facts.packages);
    let worlds: Vec<Rebuilt> = incidents.par_iter().map(|incident| Rebuilt::of(incident, &packages)).collect();
    let tried = |policy: &Policy| -> Vec<Outcome> { worlds.par_iter().map(|world| world.outcome(policy)).collect() };
    let published = Published::of(facts, policy, &packages, since, now);
    let outcomes = tried(policy);
    let tried_with =
        |outcomes: &[Outcome]| outcomes.iter().filter(|one| matches!(one, Outcome::Stopped { .. })).count();
    let variants = AGES.map(|days| {
        let age = Age::days(days);
        let with = Policy { min_publish_age_flag: Some(age), ..policy.clone() };
        Variant {
            age,
            stopped: tried_with(&tried(&with)),
            by_age_alone: tried_with(&tried(&age_alone(&with))),
            price: published.price(&with),
        }
    });
    Backtest {
        since,
        now,
        tried: incidents.into_iter().zip(outcomes).map(|(incident, outcome)| Tried { incident, outcome }).collect(),
        price: published.price(policy),
        yanked: published.yanked,
        crates: published.crates,
        unknown: published.unknown.clone(),
        unknown_dependencies: published.unknown_dependencies.clone(),
        variants: variants.into(),
    }
}

/// The signals that an incident had on the day of its publication, for a project that locks these packages.
#[must_use]
pub fn signals(incident: &Incident, packages: &[Package], policy: &Policy) -> Vec<Signal> {
    Rebuilt::of(incident, &names_alone(packages)).signals(policy)
}

/// The same policy with nothing in it but its minimum age.
fn age_alone(policy: &Policy) -> Policy {
    let mut alone = Policy { min_publish_age_flag: policy.min_publish_age_flag, ..Policy::default() };
    alone.advisories.db = None;
    alone.quarantine.new_crate_age = Age::ZERO;
    alone.quarantine.signal_age = Age::ZERO;
    alone.signals.look_alike = SignalLevel::Off;
    alone
}
