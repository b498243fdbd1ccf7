//! How long honest releases of the past would have waited.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;

use super::past::{Course, advisories, course, names_alone, world};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::backtest::{Price, Waits, seconds_between};
use crate::model::crate_name::CrateName;
use crate::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::policy::Policy;
use crate::model::signal::{Birth, Signal};
use crate::model::source::Source;
use crate::model::verdict::{BasisCode, Reason, ReasonCode, Reasons};
use crate::policy::evidence::Evidence;
use crate::policy::graph::serves;
use crate::policy::judge::Judge;
use crate::policy::security_fix::names;
use crate::policy::{advisory, publish_age, signal};

/// The most crates that are asked about for releases of the past, beside the locked ones.
const MOST_ASKED: usize = 4_096;

/// The crates whose index entries tell how young the dependencies were that releases of the time in question added, and are not at hand.
#[must_use]
pub(crate) fn wanted(facts: &Facts, policy: &Policy, since: Timestamp, now: Timestamp) -> BTreeSet<CrateId> {
    let packages = names_alone(&facts.packages);
    let past = past(facts, &packages);
    let evidence = Evidence::new(&past, policy, now);
    let asked = published(facts, &packages, since, now)
        .into_par_iter()
        .filter(Past::counts)
        .flat_map_iter(|one| signal::missing_for(&evidence.at(one.published), one.crate_id, one.history, one.release));
    asked.collect::<BTreeSet<_>>().into_iter().take(MOST_ASKED).collect()
}

/// One honest release of a locked crate.
#[derive(Clone, Copy)]
struct Past<'a> {
    crate_id: &'a CrateId,
    history: &'a Arc<History>,
    release: &'a Outline,
    published: Timestamp,
}

impl Past<'_> {
    /// Whether it is an update as people wait for one.
    const fn counts(&self) -> bool {
        !self.release.yanked
    }
}

/// The index entries of the locked crates that can be read.
fn known<'a>(facts: &'a Facts, packages: &[Package]) -> Vec<(&'a CrateId, &'a Arc<History>)> {
    let locked: BTreeSet<CrateId> = packages.iter().filter_map(|package| package.id.crate_id()).collect();
    let entries = locked.iter().filter_map(|crate_id| facts.index.get_key_value(crate_id));
    entries
        .filter_map(|(crate_id, fact)| match fact {
            IndexFact::Read(history) => Some((crate_id, history)),
            IndexFact::Gone | IndexFact::Unavailable(_) => None,
        })
        .collect()
}

/// What was published of the locked crates in the time in question, whether or not it was yanked since; no pre-releases.
fn published<'a>(facts: &'a Facts, packages: &[Package], since: Timestamp, now: Timestamp) -> Vec<Past<'a>> {
    let all = known(facts, packages).into_iter().flat_map(|(crate_id, history)| {
        let released = move |release| Past::of(crate_id, history, release);
        history.outlines().filter_map(released)
    });
    all.filter(|one| one.release.version.pre.is_empty() && one.published >= since && one.published <= now).collect()
}

impl<'a> Past<'a> {
    fn of(crate_id: &'a CrateId, history: &'a Arc<History>, release: &'a Outline) -> Option<Self> {
        Some(Self { crate_id, history, release, published: release.pubtime.known()? })
    }
}

/// The world in which updates of the past are judged.
fn past(facts: &Facts, packages: &[Package]) -> Facts {
    Facts { old_lock: OldLock::Base(packages.to_vec()), ..world(packages, facts.index.clone(), AdvisoryFact::Skipped) }
}

/// What was published of the locked crates, each release with what does not depend on its minimum age.
pub(super) struct Published<'a> {
    updates: Vec<Update<'a>>,
    fixes: Vec<Fix<'a>>,
    pub(super) yanked: usize,
    pub(super) crates: usize,
    pub(super) unknown: Vec<Arc<str>>,
    /// The dependencies of which nobody knows how young they were.
    pub(super) unknown_dependencies: Vec<Arc<str>>,
}

struct Update<'a> {
    past: Past<'a>,
    /// What stood against it on its day, its age and its crate's aside.
    others: Vec<Reason>,
}

/// A release that advisories name as fixed, in the place of one that they hit.
struct Fix<'a> {
    past: Past<'a>,
    vulnerable: &'a Outline,
    /// Each with the first moment of its day.
    advisories: Vec<(&'a Advisory, Timestamp)>,
}

impl<'a> Published<'a> {
    pub(super) fn of(
        facts: &'a Facts,
        policy: &Policy,
        packages: &[Package],
        since: Timestamp,
        now: Timestamp,
    ) -> Self {
        let known = known(facts, packages);
        let read: BTreeSet<&CrateId> = known.iter().map(|(crate_id, _)| *crate_id).collect();
        let locked: BTreeSet<CrateId> = packages.iter().filter_map(|package| package.id.crate_id()).collect();
        let unknown = locked.into_iter().filter(|crate_id| !read.contains(crate_id)).map(|crate_id| crate_id.name);
        let all = published(facts, packages, since, now);
        let (releases, yanked): (Vec<Past<'_>>, Vec<_>) = all.into_iter().partition(Past::counts);
        let past = past(facts, packages);
        // What the project has locked is no stranger to it.
        let mut policy = policy.clone();
        policy.signals.look_alike_known.extend(known.iter().map(|(crate_id, _)| CrateName::from(&*crate_id.name)));
        let evidence = Evidence::new(&past, &policy, now);
        let update = |one: &Past<'a>| {
            let mut others = evidence.at(one.published).findings(one.crate_id, one.history, one.release).reasons;
            others.retain(|reason| !is_of_age(reason));
            Update { past: *one, others }
        };
        let updates: Vec<Update<'_>> = releases.par_iter().map(update).collect();
        let unknown_dependencies: BTreeSet<Arc<str>> =
            updates.iter().flat_map(|update| &update.others).flat_map(unknown_births).collect();
        Self {
            updates,
            fixes: releases.par_iter().filter_map(|one| Fix::of(&facts.advisories, *one)).collect(),
            yanked: yanked.len(),
            crates: known.len(),
            unknown: unknown.collect(),
            unknown_dependencies: unknown_dependencies.into_iter().collect(),
        }
    }

    pub(super) fn price(&self, policy: &Policy) -> Price {
        Price {
            updates: waits(self.updates.par_iter().map(|update| update.wait(policy)).collect()),
            fixes: waits(self.fixes.par_iter().map(|fix| fix.wait(policy)).collect()),
        }
    }
}

/// How long one release waits, in seconds, and whether it comes early as a fix; `None` where a person is needed.
type Wait = Option<(u64, bool)>;

fn waits(all: Vec<Wait>) -> Waits {
    let person = all.iter().filter(|wait| wait.is_none()).count();
    let early = all.iter().flatten().filter(|(_, early)| *early).count();
    Waits::new(all.into_iter().flatten().map(|(seconds, _)| seconds).collect(), person, early)
}

/// The crates that make a signal because nobody knows when they were first published.
fn unknown_births(reason: &Reason) -> Vec<Arc<str>> {
    let Reason::Signal { signal: Signal::YoungDependency { added, .. }, .. } = reason else { return Vec::new() };
    added.iter().filter(|one| one.born == Birth::Unknown).map(|one| Arc::clone(&one.name)).collect()
}

/// Whether the rules on ages alone make it a reason.
const fn is_of_age(reason: &Reason) -> bool {
    matches!(reason.code(), ReasonCode::TooNew | ReasonCode::NewCrate | ReasonCode::PubtimeInFuture)
}

impl Update<'_> {
    fn wait(&self, policy: &Policy) -> Wait {
        let Past { crate_id, history, release, published } = self.past;
        let of_age = publish_age::reasons(policy, crate_id, history, &release.pubtime, published);
        let of_age = of_age.into_iter().filter(is_of_age);
        let Some(reasons) = Reasons::new(of_age.chain(self.others.iter().cloned()).collect()) else {
            return Some((0, false));
        };
        let at = reasons.eligible_at().filter(|at| *at < Timestamp::MAX)?;
        Some((seconds_between(published, at), false))
    }
}

impl<'a> Fix<'a> {
    /// `None` for a release that is no fix, or in the place of nothing.
    fn of(fact: &'a AdvisoryFact, past: Past<'a>) -> Option<Self> {
        let Past { crate_id, history, release, published } = past;
        let is_fix =
            |one: &&Advisory| one.kind == AdvisoryKind::Vulnerability && !one.withdrawn && names(one, &release.version);
        let named = advisory::about(fact, crate_id).iter().filter(is_fix);
        let advisories: Vec<(&Advisory, Timestamp)> =
            named.filter_map(|one| Some((one, one.date.to_zoned(TimeZone::UTC).ok()?.timestamp()))).collect();
        let is_hit =
            |one: &Outline| advisories.iter().any(|(advisory, _)| advisory.versions.is_vulnerable(&one.version));
        let older = history.outlines().filter(|one| {
            serves(&one.version, &release.version)
                && one.pubtime.known().is_some_and(|at| at < published)
                && is_hit(one)
        });
        let vulnerable = older.max_by(|one, other| one.version.cmp(&other.version))?;
        Some(Self { past, vulnerable, advisories })
    }

    fn wait(&self, policy: &Policy) -> Wait {
        let Past { crate_id, history, release, published } = self.past;
        let index = BTreeMap::from([(crate_id.clone(), IndexFact::Read(Arc::clone(history)))]);
        let locked = Package {
            id: PackageId {
                name: Arc::clone(&crate_id.name),
                version: self.vulnerable.version.clone(),
                source: Source::Registry(crate_id.registry.clone()),
            },
            checksum: LockedChecksum::Known(self.vulnerable.checksum),
            dependencies: Vec::new(),
            local: None,
        };
        let judged = |at: Timestamp| {
            let known = self.advisories.iter().filter(|(_, day)| *day <= at).map(|(advisory, _)| *advisory);
            let facts = Facts {
                old_lock: OldLock::Base(vec![locked.clone()]),
                ..world(&[], index.clone(), advisories(known, at))
            };
            let verdict = Judge::new(&facts, policy, &[], at).verdict(crate_id, history, release);
            (verdict, self.advisories.iter().map(|(_, day)| *day).filter(|day| *day > at).min())
        };
        match course(published, Timestamp::MAX, judged) {
            Course::Approved { at, basis, .. } => {
                Some((seconds_between(published, at), basis.code() == BasisCode::SecurityFix))
            }
            Course::Held(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::{Fix, Past, Update};
    use crate::model::advisory::Advisory;
    use crate::model::age::Age;
    use crate::model::facts::{AdvisoryFact, IndexFact};
    use crate::policy::by_hand::{World, crates_io, version, vulnerability};

    fn past<T>(world: &World, number: &str, ask: impl FnOnce(Past<'_>) -> T) -> T {
        let (crate_id, version) = (crates_io("foo"), version(number));
        let Some(IndexFact::Read(history)) = world.facts.index.get(&crate_id) else { panic!("it is published") };
        let release = history.outlines().find(|one| one.version == version).unwrap();
        ask(Past::of(&crate_id, history, release).unwrap())
    }

    #[test]
    fn what_no_day_lifts_needs_a_person() {
        let world = World::new().publish("foo", "1.0.0", 90).publish("foo", "1.0.1", 30);
        let wait = |days: u32| {
            let mut policy = world.policy.clone();
            policy.quarantine.min_publish_age.value = Age::days(days);
            past(&world, "1.0.1", |past| Update { past, others: Vec::new() }.wait(&policy))
        };
        assert_eq!(wait(7), Some((7 * 86_400, false)));
        // It reaches beyond what can be written.
        assert_eq!(wait(u32::MAX), None);
    }

    #[test]
    fn a_release_is_a_fix_where_an_advisory_that_counts_names_it_as_patched() {
        let is_fix = |number: &str, change: fn(&mut Advisory)| {
            let mut advisory = vulnerability("foo", &[">= 1.0.2"]);
            change(&mut advisory);
            let releases = [("1.0.0", 90), ("1.0.1", 60), ("1.0.2", 30), ("1.0.3", 20)];
            let world =
                releases.into_iter().fold(World::new(), |world, (number, days)| world.publish("foo", number, days));
            let world = world.advise(advisory);
            let advisories: &AdvisoryFact = &world.facts.advisories;
            past(&world, number, |past| Fix::of(advisories, past).is_some())
        };
        let is = |number| is_fix(number, |_| ());
        assert_eq!(["1.0.1", "1.0.2", "1.0.3"].map(is), [false, true, false]);
        assert!(!is_fix("1.0.2", |advisory| advisory.withdrawn = true));
    }
}
