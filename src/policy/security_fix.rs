//! Releases that mend a vulnerability and may be used before they have the usual age: the only way around it that needs no person.
//!
//! The way is narrow on purpose. An advisory must *name* the release (nearly every patched range is open-ended, so "not affected"
//! would let any later release through, a hijacked one included), somebody must need it, and it must bring nothing new with it.
//! Need is judged as of one fixed moment, so that passing time takes nothing back, and from every release, yanked or not, so that
//! nobody can make a need by yanking.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use semver::{Op, Version, VersionReq};

use super::evidence::Evidence;
use super::findings::Findings;
use super::graph::{same_line, serves};
use super::ground::{Ground, Wanted};
use super::{advisory, publish_age};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::facts::{AdvisoryFact, Facts, IndexFact};
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Pubtime, Release, Requirement};
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::source::Registry;
use crate::model::verdict::{FixNeed, FixRole, ReasonCode};

/// How long after its advisory a fix may be published and still be taken for that fix.
const FIX_WINDOW_DAYS: i32 = 30;

/// A release that is not held for the usual age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Early {
    /// The advisory that the fix is for.
    pub advisory: Arc<str>,
    /// The release's part in that.
    pub role: FixRole,
    /// What made the fix needed.
    pub need: FixNeed,
    /// From when on.
    pub since: Timestamp,
    /// Whether the advisory database is young enough to know what is wrong with it.
    pub known: bool,
}

impl Early {
    /// Whether nothing but its age stands against it at this moment, and that no longer.
    #[must_use]
    pub(crate) fn is_admitted(&self, now: Timestamp) -> bool {
        self.known && self.since <= now
    }

    /// What an advisory names goes before what comes along with it; the order of the lock file decides nothing.
    #[must_use]
    pub(crate) fn order(&self) -> impl Ord + '_ {
        let part = match &self.role {
            FixRole::Named => (0, None),
            FixRole::Companion { of, version } => (1, Some((&**of, version))),
            FixRole::Dependent { of, version } => (2, Some((&**of, version))),
        };
        (part, &self.advisory)
    }
}

/// The rule, ready to be asked about releases.
#[derive(Debug)]
pub(crate) struct FixRule<'a> {
    pub(super) evidence: Evidence<'a>,
    pub(super) ground: Ground<'a>,
    /// What the advisory database certainly knows of: releases after that moment could be hit without its knowing.
    known_until: Timestamp,
}

/// A fix that is needed, and what others are measured by that come along with it.
#[derive(Debug)]
pub(super) struct Needed<'a> {
    pub(super) early: Early,
    pub(super) advisory: &'a Advisory,
    pub(super) release: Arc<Release>,
    /// The moment as of which the need is judged.
    pub(super) moment: Timestamp,
}

impl<'a> FixRule<'a> {
    /// `None` where nothing may come early: the policy does not want it, nobody said what was locked before, or the advisories are not
    /// known to be today's.
    #[must_use]
    pub(crate) fn new(evidence: Evidence<'a>) -> Option<Self> {
        let (facts, policy, now) = (evidence.facts, evidence.policy, evidence.now);
        let AdvisoryFact::Read(db) = &facts.advisories else { return None };
        if !policy.quarantine.security_fix || !advisory::blockers(&policy.advisories, &facts.advisories, now).is_empty()
        {
            return None;
        }
        Some(Self { evidence, ground: Ground::new(facts)?, known_until: advisory::state_of(db)? })
    }

    /// Why a release comes early as one that advisories name: once for each.
    pub(crate) fn named(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
    ) -> impl Iterator<Item = Early> {
        let about = advisory::about(&self.evidence.facts.advisories, crate_id).iter();
        about
            .filter(|advisory| names(advisory, &release.version))
            .filter_map(|advisory| Some(self.needed(crate_id, history, release, advisory)?.early))
    }

    /// The needed fixes of the locked crates, but for those that have had the usual age long since, as nearly all have.
    pub(super) fn all_needed(&self) -> impl Iterator<Item = (&CrateId, Needed<'a>)> {
        let (facts, policy, now) = (self.evidence.facts, self.evidence.policy, self.evidence.now);
        live(&self.ground, facts, policy, now).flat_map(move |(crate_id, advisory)| {
            let history = self.evidence.history(crate_id);
            history.into_iter().flat_map(move |history| {
                let named = history.outlines().filter(|release| names(advisory, &release.version));
                named.filter_map(move |release| Some((crate_id, self.needed(crate_id, history, release, advisory)?)))
            })
        })
    }

    /// The conditions of the rule for a release that the advisory names.
    fn needed(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        advisory: &'a Advisory,
    ) -> Option<Needed<'a>> {
        let version = &release.version;
        if advisory.kind != AdvisoryKind::Vulnerability
            || advisory.withdrawn
            || advisory.versions.is_vulnerable(version)
            || !is_alone(history, release)
        {
            return None;
        }
        let wanted = self.ground.wants(crate_id, version, advisory)?;
        let (since, known) = self.comes_of_age(release, advisory)?;
        let moment = since.max(first_second(advisory.date)?);
        let vulnerable = self.would_be_locked(crate_id, history, version, advisory, moment)?;
        let (release, _) = self.clean(crate_id, history, release)?;
        let before = self.release(crate_id, history, &vulnerable.version)?;
        if !requires_nothing_else(crate_id, &release, &before) {
            return None;
        }
        let instead_of = vulnerable.version.clone();
        let need = match wanted {
            Wanted::InPlaceOf(version, locked_by) => FixNeed::Vulnerable { version, locked_by },
            Wanted::Locked => FixNeed::Locked { instead_of },
            Wanted::NotLocked => FixNeed::NotLocked { instead_of },
        };
        let early = Early { advisory: Arc::clone(&advisory.id), role: FixRole::Named, need, since, known };
        Some(Needed { early, advisory, release, moment })
    }

    /// The newest release that would be locked in the place of the fix, though the advisory hits it; `None` where another would do. In
    /// question are those that had the usual age at that moment, yanked or not: of all on the fix's compatibility line, from the lowest
    /// that is hit. One of them must be one that the fix can take the place of.
    fn would_be_locked<'h>(
        &self,
        crate_id: &CrateId,
        history: &'h History,
        fix: &Version,
        advisory: &Advisory,
        moment: Timestamp,
    ) -> Option<&'h Outline> {
        let is_hit = |one: &&Outline| advisory.versions.is_vulnerable(&one.version);
        let on_line = || history.outlines().filter(|one| same_line(&one.version, fix));
        let lowest = on_line().filter(is_hit).map(|one| &one.version).min()?;
        let aged = || on_line().filter(|one| is_hit(one) && self.was_aged(crate_id, one, moment));
        if !aged().any(|one| serves(&one.version, fix)) {
            return None;
        }
        let requirements = self.ground.requirements(crate_id, fix);
        let would_do = |one: &Outline| {
            one.version > *lowest
                && !is_hit(&one)
                && self.may_have_been_aged(crate_id, one, moment)
                && requirements.accept(&one.version)
        };
        if on_line().any(would_do) {
            return None;
        }
        aged().max_by(|one, other| one.version.cmp(&other.version))
    }

    /// Whether a release certainly had the usual age of its crate at a moment.
    pub(super) fn was_aged(&self, crate_id: &CrateId, release: &Outline, moment: Timestamp) -> bool {
        release.pubtime.known().is_some() && self.may_have_been_aged(crate_id, release, moment)
    }

    /// The same, or that nobody knows when it was published.
    pub(super) fn may_have_been_aged(&self, crate_id: &CrateId, release: &Outline, moment: Timestamp) -> bool {
        let minimum = publish_age::minimum(self.evidence.policy, crate_id).value;
        release.pubtime.known().is_none_or(|published| publish_age::is_reached(minimum, published, moment))
    }

    /// When a release has the age of a fix, and whether the advisory database knows of it; `None` for one that was published too long
    /// after the advisory to be its fix.
    pub(super) fn comes_of_age(&self, release: &Outline, advisory: &Advisory) -> Option<(Timestamp, bool)> {
        let Pubtime::Known(published) = release.pubtime else { return None };
        let days_after = TimeZone::UTC.to_datetime(published).date().since(advisory.date).ok()?.get_days();
        let since = self.evidence.policy.quarantine.security_fix_age.after(published);
        (days_after <= FIX_WINDOW_DAYS).then_some((since, published < self.known_until))
    }

    /// The release with its findings, if nothing stands against it but that it is too new, or held for a signal or for what is inside it, or
    /// its crate new. These stay; they do not make it any less the fix.
    pub(super) fn clean(
        &self,
        crate_id: &CrateId,
        history: &History,
        outline: &Outline,
    ) -> Option<(Arc<Release>, Findings)> {
        let findings = self.evidence.findings(crate_id, history, outline);
        let is_hold = |code| {
            matches!(code, ReasonCode::TooNew | ReasonCode::NewCrate | ReasonCode::Signal | ReasonCode::Inspection)
        };
        if outline.yanked || !findings.reasons.iter().all(|reason| is_hold(reason.code())) {
            return None;
        }
        Some((history.release(&outline.version).ok()??, findings))
    }

    /// A release whose dependencies are no news; a malicious one vouches for nothing.
    pub(super) fn release(&self, crate_id: &CrateId, history: &History, version: &Version) -> Option<Arc<Release>> {
        let is_malicious = advisory::hits(&self.evidence.facts.advisories, crate_id, version)
            .any(|advisory| advisory.kind == AdvisoryKind::Malicious);
        if is_malicious { None } else { history.release(version).ok()? }
    }
}

/// The crates whose index entries the rule needs beside those at hand: of locked crates that could have a fix on its way, of those
/// that depend on them and on these, and of those that such a fix may require. Ask again when they are read.
#[must_use]
pub(crate) fn wanted(facts: &Facts, policy: &Policy, now: Timestamp) -> BTreeSet<CrateId> {
    let Some(ground) = Ground::new(facts).filter(|_| policy.quarantine.security_fix) else { return BTreeSet::new() };
    let mut crates = BTreeSet::new();
    for (crate_id, advisory) in live(&ground, facts, policy, now) {
        if advisory.versions.patched().iter().flat_map(lower_bounds).next().is_none() {
            continue;
        }
        let mut around = vec![crate_id.clone()];
        for _ in 0..2 {
            let positions = around.iter().flat_map(|one| ground.locked(one)).map(|(position, _)| position).collect();
            around.extend(ground.dependents(&positions).filter_map(|package| package.id.crate_id()));
        }
        if let Some(IndexFact::Read(history)) = facts.index.get(crate_id) {
            let named = history.outlines().filter(|release| names(advisory, &release.version));
            let releases: Vec<_> =
                named.filter_map(|release| history.release(&release.version).ok().flatten()).collect();
            let required = releases
                .iter()
                .flat_map(|release| built(release))
                .filter_map(|dependency| target(crate_id, dependency));
            around.extend(required.filter(|one| ground.has(one)));
        }
        crates.extend(around);
    }
    crates.retain(|crate_id| !facts.index.contains_key(crate_id));
    crates
}

/// The locked crates with the advisories about them of which a fix, or what comes along with it, could still be younger than the usual
/// age. The longest there is, whichever crate has it: a fix that has its age must not take along the ground under a companion.
fn live<'f, 'a>(
    ground: &'f Ground<'a>,
    facts: &'a Facts,
    policy: &Policy,
    now: Timestamp,
) -> impl Iterator<Item = (&'f CrateId, &'a Advisory)> + use<'f, 'a> {
    let longest = publish_age::longest_minimum(policy);
    let window = SignedDuration::from_hours(24 * (i64::from(FIX_WINDOW_DAYS) + 1));
    let is_past = move |advisory: &Advisory| {
        let last = first_second(advisory.date).and_then(|day| day.checked_add(window).ok());
        last.is_some_and(|last| publish_age::is_reached(longest, last, now))
    };
    ground.crates().filter(|crate_id| crate_id.registry == Registry::CratesIo).flat_map(move |crate_id| {
        let about = advisory::about(&facts.advisories, crate_id).iter();
        about.filter(move |advisory| !is_past(advisory)).map(move |advisory| (crate_id, advisory))
    })
}

/// Whether an advisory names a version as fixed.
pub(super) fn names(advisory: &Advisory, version: &Version) -> bool {
    advisory.versions.patched().iter().flat_map(lower_bounds).any(|bound| bound.cmp_precedence(version).is_eq())
}

/// The versions that a patched range starts at, partial ones padded with zeros: `>= 1.2` names 1.2.0.
fn lower_bounds(range: &VersionReq) -> impl Iterator<Item = Version> {
    range.comparators.iter().filter_map(|comparator| match comparator.op {
        Op::GreaterEq | Op::Exact | Op::Caret | Op::Tilde => Some(Version {
            major: comparator.major,
            minor: comparator.minor.unwrap_or(0),
            patch: comparator.patch.unwrap_or(0),
            pre: comparator.pre.clone(),
            build: semver::BuildMetadata::EMPTY,
        }),
        // `> 1.2.3` names no release, and the others end a range.
        Op::Greater | Op::Less | Op::LessEq | Op::Wildcard | _ => None,
    })
}

/// Of two releases that differ in build metadata alone, nobody can tell which one an advisory means.
fn is_alone(history: &History, release: &Outline) -> bool {
    let same_number = |other: &Outline| other.version.cmp_precedence(&release.version).is_eq();
    history.outlines().filter(|other| same_number(other)).all(|other| other.version == release.version)
}

/// Whether a release requires no crate that the other does not require.
pub(super) fn requires_nothing_else(crate_id: &CrateId, release: &Release, before: &Release) -> bool {
    let known: BTreeSet<_> = built(before).filter_map(|dependency| target(crate_id, dependency)).collect();
    built(release).all(|dependency| target(crate_id, dependency).is_some_and(|id| known.contains(&id)))
}

/// The dependencies that a build can reach.
pub(super) fn built(release: &Release) -> impl Iterator<Item = &Requirement> {
    release.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Dev)
}

/// The crate that a dependency asks for; `None` where its registry's address cannot be read.
pub(super) fn target(dependent: &CrateId, dependency: &Requirement) -> Option<CrateId> {
    let registry = match &dependency.registry {
        None => dependent.registry.clone(),
        Some(url) => Registry::parse(url).ok()?,
    };
    Some(CrateId { registry, name: dependency.name.clone() })
}

fn first_second(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
