//! Releases that mend a vulnerability and may be used before they have the usual age: the only way around it that needs no person.
//!
//! The way is narrow on purpose. An advisory must *name* the release (nearly every patched range is open-ended, so "not affected"
//! would let any later release through, a hijacked one included), something older must really be hit, and the release must bring
//! nothing new with it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use semver::{Op, Version, VersionReq};

use super::graph::serves;
use super::judge::{Findings, Judge};
use super::prior::Prior;
use super::{advisory, fix_partner, publish_age};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::facts::AdvisoryFact;
use crate::model::history::History;
use crate::model::index_line::{Outline, Pubtime, Release};
use crate::model::package::CrateId;
use crate::model::source::Registry;
use crate::model::verdict::{FixRole, ReasonCode};

/// How long after its advisory a fix may be published and still be taken for that fix.
const FIX_WINDOW_DAYS: i32 = 30;
/// How long after a yanked fix the release that stands in for it may be published.
const STAND_IN_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A release from which `too-new` is lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedFix {
    /// The crate.
    pub crate_id: CrateId,
    /// The release.
    pub version: Version,
    /// The advisory that it mends.
    pub advisory: Arc<str>,
    /// Its part in that.
    pub role: FixRole,
}

/// Every release that the rule admits, for the crates of the lock file.
#[must_use]
pub fn admitted(judge: &Judge<'_>) -> Vec<AdmittedFix> {
    let AdvisoryFact::Read(db) = &judge.facts.advisories else { return Vec::new() };
    // Advisories that are not known to be today's admit nothing.
    if !judge.policy.quarantine.security_fix
        || !advisory::blockers(&judge.policy.advisories, &judge.facts.advisories, judge.now).is_empty()
    {
        return Vec::new();
    }
    let Some(known_until) = advisory::state_of(db) else { return Vec::new() };
    let context = Context { judge, known_until, prior: Prior::new(judge) };
    let mut all = Vec::new();
    for crate_id in judge.locked.iter().filter(|crate_id| crate_id.registry == Registry::CratesIo) {
        let Some(history) = judge.history(crate_id) else { continue };
        for advisory in advisory::about(&judge.facts.advisories, crate_id) {
            if advisory.kind != AdvisoryKind::Vulnerability || advisory.withdrawn || context.is_past(crate_id, advisory)
            {
                continue;
            }
            for named in advisory.versions.patched().iter().flat_map(lower_bounds) {
                all.extend(context.fix(crate_id, history, advisory, &named));
            }
        }
    }
    let partners: Vec<_> = all.iter().flat_map(|(fix, release)| fix_partner::of(&context, fix, release)).collect();
    let mut fixes: Vec<_> = all.into_iter().map(|(fix, _)| fix).chain(partners).collect();
    // The order of the lock file must not decide which of two grounds is named.
    fixes.sort_by(|one, other| one.order().cmp(&other.order()));
    fixes
}

impl AdmittedFix {
    /// What an advisory names goes before what comes along with it.
    fn order(&self) -> impl Ord + '_ {
        let part = match &self.role {
            FixRole::Named => (0, None),
            FixRole::StandsIn { named } => (1, Some((&*self.crate_id.name, named))),
            FixRole::Companion { of, version } => (2, Some((&**of, version))),
            FixRole::Dependent { of, version } => (3, Some((&**of, version))),
        };
        (&self.crate_id, &self.version, part, &self.advisory)
    }
}

/// What the conditions of the rule are held against.
pub(super) struct Context<'j, 'a> {
    pub(super) judge: &'j Judge<'a>,
    /// What the advisory database certainly knows of: releases after that moment could be hit without its knowing.
    known_until: Timestamp,
    prior: Prior<'j, 'a>,
}

impl Context<'_, '_> {
    /// Whether any fix of this advisory has the usual age by now: nearly all do, and their index files need not be read.
    fn is_past(&self, crate_id: &CrateId, advisory: &Advisory) -> bool {
        let window = SignedDuration::from_hours(24 * (i64::from(FIX_WINDOW_DAYS) + 1));
        let last = advisory.date.to_zoned(TimeZone::UTC).ok().and_then(|day| day.timestamp().checked_add(window).ok());
        let minimum = publish_age::minimum(self.judge.policy, crate_id).value;
        last.is_some_and(|last| publish_age::is_reached(minimum, last, self.judge.now))
    }

    /// The release that an advisory names by `named`, or the one that stands in for it, if the rule admits it.
    fn fix(
        &self,
        crate_id: &CrateId,
        history: &History,
        advisory: &Advisory,
        named: &Version,
    ) -> Option<(AdmittedFix, Release)> {
        let mut bounds = history.outlines().filter(|release| release.version.cmp_precedence(named).is_eq());
        let bound = bounds.next()?;
        if bounds.any(|other| other.version != bound.version) {
            // Two releases that differ in build metadata alone: nobody can tell which one the advisory means.
            return None;
        }
        let (outline, role) = if bound.yanked {
            (stand_in(history, bound)?, FixRole::StandsIn { named: bound.version.clone() })
        } else {
            (bound, FixRole::Named)
        };
        if !self.mends(crate_id, history, advisory, &outline.version) || !self.is_ripe(outline, advisory) {
            return None;
        }
        let (release, _) = self.clean(crate_id, history, outline)?;
        let fix = AdmittedFix {
            crate_id: crate_id.clone(),
            version: outline.version.clone(),
            advisory: Arc::clone(&advisory.id),
            role,
        };
        Some((fix, release))
    }

    /// Whether the release is not hit by the advisory, but an older one that it can replace and that somebody could be using is.
    fn mends(&self, crate_id: &CrateId, history: &History, advisory: &Advisory, version: &Version) -> bool {
        let is_hit = |version| advisory.versions.is_vulnerable(version);
        !is_hit(version)
            && history.outlines().any(|older| {
                serves(&older.version, version)
                    && (!older.yanked || self.prior.has_release(crate_id, &older.version))
                    && is_hit(&older.version)
            })
    }

    /// Old enough for a fix, published near the advisory, and known to the advisory database.
    pub(super) fn is_ripe(&self, release: &Outline, advisory: &Advisory) -> bool {
        let Pubtime::Known(published) = release.pubtime else { return false };
        let day = TimeZone::UTC.to_datetime(published).date();
        let days_after = day.since(advisory.date).map(|span| span.get_days());
        publish_age::is_reached(self.judge.policy.quarantine.security_fix_age, published, self.judge.now)
            && published < self.known_until
            && days_after.is_ok_and(|days| days <= FIX_WINDOW_DAYS)
    }

    /// The release with its findings, if only its age stands against it and it brings no crate that the lock file does not have.
    pub(super) fn clean(
        &self,
        crate_id: &CrateId,
        history: &History,
        outline: &Outline,
    ) -> Option<(Release, Findings)> {
        let findings = self.judge.findings(crate_id, history, outline);
        // That the crate is new stays a reason; it does not make the release any less the fix.
        let only_age =
            findings.reasons.iter().all(|reason| matches!(reason.code(), ReasonCode::TooNew | ReasonCode::NewCrate));
        if !only_age || outline.yanked {
            return None;
        }
        let release = history.release(&outline.version).ok()??;
        self.prior.has_all_that(crate_id, history, &release).then_some((release, findings))
    }
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

/// The lowest unyanked release above a yanked fix that came within a week of it.
fn stand_in<'h>(history: &'h History, named: &Outline) -> Option<&'h Outline> {
    let Pubtime::Known(published) = named.pubtime else { return None };
    let next = history
        .outlines()
        .filter(|release| !release.yanked && serves(&named.version, &release.version))
        .min_by(|one, other| one.version.cmp(&other.version))?;
    let Pubtime::Known(followed) = next.pubtime else { return None };
    (followed.duration_since(published).abs() <= STAND_IN_WINDOW).then_some(next)
}
