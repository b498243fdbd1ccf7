//! What a policy would have done: with incidents of the past, and with everything else that was published.
//!
//! Nothing is decided here. Each release is put before the judge of today's verdicts, as it lay in the index on its day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;
use rustsec::advisory::Versions;
use semver::{Version, VersionReq};
use serde_json::json;

use super::evidence::Evidence;
use super::graph::serves;
use super::judge::Judge;
use super::security_fix::names;
use super::{advisory, publish_age};
use crate::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind};
use crate::model::age::Age;
use crate::model::backtest::{
    Backtest, Incident, IncidentKind, Lived, Outcome, Price, Tried, Variant, Waits, seconds_between,
};
use crate::model::checksum::Checksum;
use crate::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use crate::model::history::{History, Standing};
use crate::model::index_line::Outline;
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, Locked, LockedChecksum, Package, PackageId};
use crate::model::policy::Policy;
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Basis, BasisCode, Reason, ReasonCode, Reasons, Verdict};

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
        variants: variants.into(),
    }
}

/// The same policy with nothing in it but its minimum age.
fn age_alone(policy: &Policy) -> Policy {
    let mut alone = Policy { min_publish_age_flag: policy.min_publish_age_flag, ..Policy::default() };
    alone.advisories.db = None;
    alone.quarantine.new_crate_age = Age::ZERO;
    alone.quarantine.signal_age = Age::ZERO;
    alone
}

/// The world as far as a release of the past needs it: no trail, no clocks, nothing of today's project but the names that it locks.
fn world(packages: &[Package], index: BTreeMap<CrateId, IndexFact>, advisories: AdvisoryFact) -> Facts {
    Facts {
        surroundings: Surroundings::default(),
        packages: packages.to_vec(),
        index,
        advisories,
        registry_clock: None,
        refused_mirrors: Vec::new(),
        base: None,
        old_lock: OldLock::Unknown,
        trail: TrailFact::default(),
        publications: BTreeMap::new(),
        licenses: crate::model::license::Licenses::default(),
        lock: LockFact::NotChecked,
        notices: Vec::new(),
    }
}

/// The packages of registries without their edges: a name is all that a release of the past is held against.
fn names_alone(packages: &[Package]) -> Vec<Package> {
    let of_registries = packages.iter().filter(|package| package.id.crate_id().is_some());
    of_registries.map(|package| Package { dependencies: Vec::new(), local: None, ..package.clone() }).collect()
}

/// A database of these advisories, confirmed at a moment.
fn advisories<'a>(about: impl IntoIterator<Item = &'a Advisory>, now: Timestamp) -> AdvisoryFact {
    let mut by_crate: BTreeMap<Arc<str>, Vec<Advisory>> = BTreeMap::new();
    for advisory in about {
        by_crate.entry(Arc::clone(&advisory.crate_name)).or_default().push(advisory.clone());
    }
    AdvisoryFact::Read(AdvisoryDb {
        source: String::new(),
        copy: None,
        commit: None,
        committed: Some(now),
        newest: None,
        confirmed: Some(now),
        rolled_back_from: None,
        total: by_crate.len(),
        by_crate,
        unreadable: Vec::new(),
    })
}

/// The crates whose index entries are needed beside those at hand.
#[must_use]
pub(crate) fn wanted(_: &Facts, _: &Policy, _: Timestamp, _: Timestamp) -> BTreeSet<CrateId> {
    BTreeSet::new()
}

/// What became of a release.
enum Course {
    Approved {
        at: Timestamp,
        basis: Basis,
        /// What had held it until then.
        held_by: Vec<ReasonCode>,
    },
    /// It was not approved before the end.
    Held(Reasons),
}

/// Judges a release at first, and then whenever time has lifted what stands against it or something else changes, until it is approved or
/// the end has come.
fn course(
    first: Timestamp,
    end: Timestamp,
    mut judged: impl FnMut(Timestamp) -> (Verdict, Option<Timestamp>),
) -> Course {
    let mut at = first;
    let mut held_by = Vec::new();
    loop {
        let (verdict, change) = judged(at);
        let reasons = match verdict {
            Verdict::Approved(basis) => return Course::Approved { at, basis, held_by },
            Verdict::Local => return Course::Approved { at, basis: Basis::Aged, held_by },
            Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => reasons,
        };
        let next = reasons.eligible_at().into_iter().chain(change).filter(|next| *next > at).min();
        let Some(next) = next.filter(|next| *next < end) else { return Course::Held(reasons) };
        let last = reasons.iter().filter(|reason| reason.eligible_at() == reasons.eligible_at());
        (at, held_by) = (next, codes(last));
    }
}

/// Each kind once, in order.
fn codes<'r>(reasons: impl Iterator<Item = &'r Reason>) -> Vec<ReasonCode> {
    reasons.map(Reason::code).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A malicious release as the index had it, before and after its advisory.
struct Rebuilt {
    lived: Option<Lived>,
    advised: Option<Timestamp>,
    crate_id: CrateId,
    history: Arc<History>,
    version: Version,
    facts: Facts,
    advisory: Advisory,
}

impl Rebuilt {
    fn of(incident: &Incident, packages: &[Package]) -> Self {
        let id = |name: &Arc<str>| CrateId { registry: Registry::CratesIo, name: Arc::clone(name) };
        let published = incident.lived.map_or(Timestamp::UNIX_EPOCH, |lived| lived.published);
        let before = before(incident, published);
        let version = incident.version.clone().unwrap_or_else(|| next(&before));
        let brought: Vec<&Arc<str>> = incident.brings.iter().map(|(name, _)| name).collect();
        let older = before.iter().map(|(version, at)| line(&incident.crate_name, version, *at, &[]));
        let lines: Vec<String> = older.chain([line(&incident.crate_name, &version, published, &brought)]).collect();
        let history =
            |name: &str, lines: &[String]| Arc::new(History::from_lines(name, lines.join("\n"), Standing::Confirmed));
        let own = history(&incident.crate_name, &lines);
        let mut index: BTreeMap<CrateId, IndexFact> = BTreeMap::new();
        for (name, born) in &incident.brings {
            let first = [line(name, &Version::new(0, 1, 0), *born, &[])];
            index.insert(id(name), IndexFact::Read(history(name, &first)));
        }
        index.insert(id(&incident.crate_name), IndexFact::Read(Arc::clone(&own)));
        let others = VersionReq {
            comparators: vec![semver::Comparator {
                op: semver::Op::Less,
                major: version.major,
                minor: Some(version.minor),
                patch: Some(version.patch),
                pre: version.pre.clone(),
            }],
        };
        let advisory = Advisory {
            id: incident.id.clone().unwrap_or_default(),
            crate_name: Arc::clone(&incident.crate_name),
            date: TimeZone::UTC.to_datetime(incident.advised.unwrap_or(published)).date(),
            kind: AdvisoryKind::Malicious,
            title: Box::default(),
            url: None,
            aliases: Vec::new(),
            os: Vec::new(),
            arch: Vec::new(),
            versions: Versions::new(Vec::new(), if before.is_empty() { Vec::new() } else { vec![others] })
                .unwrap_or_default(),
            withdrawn: false,
        };
        Self {
            lived: incident.lived,
            advised: incident.advised,
            crate_id: id(&incident.crate_name),
            history: own,
            version,
            facts: world(packages, index, AdvisoryFact::Skipped),
            advisory,
        }
    }

    fn outcome(&self, policy: &Policy) -> Outcome {
        let Some(lived) = self.lived else { return Outcome::Undated };
        let Ok(Some(release)) = self.history.outline(&self.version) else { return Outcome::Undated };
        let known = |at: Timestamp| self.advised.is_some_and(|advised| advised <= at);
        let judged = |at: Timestamp| {
            let facts = Facts {
                advisories: match policy.advisories.db {
                    Some(_) => advisories(known(at).then_some(&self.advisory), at),
                    None => AdvisoryFact::Skipped,
                },
                ..world(&self.facts.packages, self.facts.index.clone(), AdvisoryFact::Skipped)
            };
            (Judge::new(&facts, policy, &[], at).verdict(&self.crate_id, &self.history, &release), None)
        };
        match course(lived.published, lived.removed, judged) {
            Course::Approved { at, held_by, .. } => Outcome::LetIn { at, held_by },
            Course::Held(reasons) => {
                let to_the_end = |reason: &&Reason| reason.eligible_at().is_none_or(|at| at >= lived.removed);
                Outcome::Stopped { by: codes(reasons.iter().filter(to_the_end)) }
            }
        }
    }
}

/// The honest releases before a malicious one. A crate that was taken over was there before, whether or not it is known since when: then it
/// counts as a year old.
fn before(incident: &Incident, published: Timestamp) -> Vec<(Version, Timestamp)> {
    if !incident.before.is_empty() || incident.kind != IncidentKind::Takeover {
        return incident.before.clone();
    }
    let year = SignedDuration::from_hours(24 * 365);
    vec![(Version::new(0, 0, 0), published.checked_sub(year).unwrap_or(Timestamp::MIN))]
}

/// A version above these.
fn next(before: &[(Version, Timestamp)]) -> Version {
    let newest = before.iter().map(|(version, _)| version).max();
    newest.map_or(Version::new(0, 1, 0), |one| Version::new(one.major, one.minor, one.patch.saturating_add(1)))
}

/// A line of the index.
fn line(name: &str, version: &Version, published: Timestamp, brings: &[&Arc<str>]) -> String {
    let dependency = |name: &&Arc<str>| json!({ "name": &***name, "req": "*", "features": [], "optional": false, "default_features": true, "target": null, "kind": "normal" });
    let checksum = Checksum::from_bytes([0; 32]).to_string();
    json!({
        "name": name,
        "vers": version.to_string(),
        "deps": brings.iter().map(dependency).collect::<Vec<_>>(),
        "features": {},
        "cksum": checksum,
        "yanked": false,
        "pubtime": published.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
    .to_string()
}

/// What was published of the locked crates, each release with what does not depend on its minimum age.
struct Published<'a> {
    updates: Vec<Update<'a>>,
    fixes: Vec<Fix<'a>>,
    yanked: usize,
    crates: usize,
    unknown: Vec<Arc<str>>,
}

struct Update<'a> {
    crate_id: &'a CrateId,
    history: &'a History,
    release: &'a Outline,
    published: Timestamp,
    /// What stood against it on its day, its age and its crate's aside.
    others: Vec<Reason>,
}

/// A release that advisories name as fixed, in the place of one that they hit.
struct Fix<'a> {
    crate_id: &'a CrateId,
    history: &'a Arc<History>,
    release: &'a Outline,
    published: Timestamp,
    vulnerable: &'a Outline,
    /// Each with the first moment of its day.
    advisories: Vec<(&'a Advisory, Timestamp)>,
}

impl<'a> Published<'a> {
    fn of(facts: &'a Facts, policy: &Policy, packages: &[Package], since: Timestamp, now: Timestamp) -> Self {
        let locked: BTreeSet<CrateId> = packages.iter().filter_map(|package| package.id.crate_id()).collect();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for crate_id in locked {
            match facts.index.get_key_value(&crate_id) {
                Some((crate_id, IndexFact::Read(history))) => known.push((crate_id, history)),
                Some((_, IndexFact::Gone | IndexFact::Unavailable(_))) | None => unknown.push(crate_id.name),
            }
        }
        let within = |release: &&Outline| {
            let published = release.pubtime.known();
            release.version.pre.is_empty() && published.is_some_and(|at| at >= since && at <= now)
        };
        // What the project has locked is no stranger to it.
        let base = Some(Locked::of(packages));
        let old_lock = OldLock::Base(packages.to_vec());
        let past = Facts { base, old_lock, ..world(packages, facts.index.clone(), AdvisoryFact::Skipped) };
        let yanked = known.iter().flat_map(|(_, history)| history.outlines()).filter(within).filter(|one| one.yanked);
        let yanked = yanked.count();
        let releases: Vec<_> = known
            .iter()
            .flat_map(|&(crate_id, history)| history.outlines().map(move |release| (crate_id, history, release)))
            .filter(|(_, _, release)| within(release) && !release.yanked)
            .filter_map(|(crate_id, history, release)| Some((crate_id, history, release, release.pubtime.known()?)))
            .collect();
        let update = |&(crate_id, history, release, published): &(&'a CrateId, &'a Arc<History>, &'a Outline, _)| {
            let evidence = Evidence::new(&past, policy, published);
            let mut others = evidence.findings(crate_id, history, release).reasons;
            others.retain(|reason| !is_of_age(reason));
            Update { crate_id, history, release, published, others }
        };
        let fix = |&(crate_id, history, release, published): &(&'a CrateId, &'a Arc<History>, &'a Outline, _)| {
            Fix::of(&facts.advisories, crate_id, history, release, published)
        };
        Self {
            updates: releases.par_iter().map(update).collect(),
            fixes: releases.par_iter().filter_map(fix).collect(),
            yanked,
            crates: known.len(),
            unknown,
        }
    }

    fn price(&self, policy: &Policy) -> Price {
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

/// Whether the rules on ages alone make it a reason.
const fn is_of_age(reason: &Reason) -> bool {
    matches!(reason.code(), ReasonCode::TooNew | ReasonCode::NewCrate | ReasonCode::PubtimeInFuture)
}

impl Update<'_> {
    fn wait(&self, policy: &Policy) -> Wait {
        let of_age = publish_age::reasons(policy, self.crate_id, self.history, &self.release.pubtime, self.published);
        let of_age = of_age.into_iter().filter(is_of_age);
        let Some(reasons) = Reasons::new(of_age.chain(self.others.iter().cloned()).collect()) else {
            return Some((0, false));
        };
        let at = reasons.eligible_at().filter(|at| *at < Timestamp::MAX)?;
        Some((seconds_between(self.published, at), false))
    }
}

impl<'a> Fix<'a> {
    /// `None` for a release that is no fix, or in the place of nothing.
    fn of(
        fact: &'a AdvisoryFact,
        crate_id: &'a CrateId,
        history: &'a Arc<History>,
        release: &'a Outline,
        published: Timestamp,
    ) -> Option<Self> {
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
        Some(Self { crate_id, history, release, published, vulnerable, advisories })
    }

    fn wait(&self, policy: &Policy) -> Wait {
        let index = BTreeMap::from([(self.crate_id.clone(), IndexFact::Read(Arc::clone(self.history)))]);
        let locked = Package {
            id: PackageId {
                name: Arc::clone(&self.crate_id.name),
                version: self.vulnerable.version.clone(),
                source: Source::Registry(self.crate_id.registry.clone()),
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
            let verdict = Judge::new(&facts, policy, &[], at).verdict(self.crate_id, self.history, self.release);
            (verdict, self.advisories.iter().map(|(_, day)| *day).filter(|day| *day > at).min())
        };
        match course(self.published, Timestamp::MAX, judged) {
            Course::Approved { at, basis, .. } => {
                Some((seconds_between(self.published, at), basis.code() == BasisCode::SecurityFix))
            }
            Course::Held(_) => None,
        }
    }
}
