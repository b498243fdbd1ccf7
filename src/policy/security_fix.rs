//! Releases that mend a vulnerability and may be used before they have the usual age: the only way around it that needs no person.
//!
//! The way is narrow on purpose. An advisory must *name* the release (nearly every patched range is open-ended, so "not affected"
//! would let any later release through, a hijacked one included), something older must really be hit, and the release must bring
//! nothing new with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use semver::{Op, Version, VersionReq};

use super::graph::same_line;
use super::judge::Judge;
use super::{advisory, publish_age};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::facts::AdvisoryFact;
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Pubtime, Release, Requirement};
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
    let context = Context { judge, known_until };
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
    let partners: Vec<_> = all
        .iter()
        .flat_map(|(fix, release)| {
            context.companions(fix, release).into_iter().chain(context.dependents(fix)).collect::<Vec<_>>()
        })
        .collect();
    all.into_iter().map(|(fix, _)| fix).chain(partners).collect()
}

struct Context<'j, 'a> {
    judge: &'j Judge<'a>,
    /// What the advisory database certainly knows of: releases after that moment could be hit without its knowing.
    known_until: Timestamp,
}

impl Context<'_, '_> {
    /// Whether any fix of this advisory has the usual age by now: nearly all do, and their index files need not be read.
    fn is_past(&self, crate_id: &CrateId, advisory: &Advisory) -> bool {
        let window = SignedDuration::from_hours(24 * (i64::from(FIX_WINDOW_DAYS) + 1));
        let last = advisory.date.to_zoned(TimeZone::UTC).ok().and_then(|day| day.timestamp().checked_add(window).ok());
        let minimum = publish_age::minimum(self.judge.policy, crate_id).value;
        last.is_some_and(|last| minimum.after(last) <= self.judge.now)
    }

    /// The release that an advisory names by `named`, or the one that stands in for it, if the rule admits it.
    fn fix(
        &self,
        crate_id: &CrateId,
        history: &History,
        advisory: &Advisory,
        named: &Version,
    ) -> Option<(AdmittedFix, Release)> {
        let bound = history.outlines().find(|release| same_number(&release.version, named))?;
        let (outline, role) = if bound.yanked {
            (stand_in(history, bound)?, FixRole::StandsIn { named: bound.version.clone() })
        } else {
            (bound, FixRole::Named)
        };
        if !self.mends(crate_id, history, advisory, &outline.version) || !self.is_ripe(outline, advisory) {
            return None;
        }
        let release = self.clean(crate_id, history, outline)?;
        let fix = AdmittedFix {
            crate_id: crate_id.clone(),
            version: outline.version.clone(),
            advisory: Arc::clone(&advisory.id),
            role,
        };
        Some((fix, release))
    }

    /// Whether the advisory hits an older compatible release that somebody could be using.
    fn mends(&self, crate_id: &CrateId, history: &History, advisory: &Advisory, version: &Version) -> bool {
        let is_locked = |older: &Version| {
            self.judge
                .facts
                .packages
                .iter()
                .any(|package| package.id.version == *older && package.id.crate_id().as_ref() == Some(crate_id))
        };
        history.outlines().any(|older| {
            older.version < *version
                && same_line(&older.version, version)
                && (!older.yanked || is_locked(&older.version))
                && advisory.versions.is_vulnerable(&older.version)
        })
    }

    /// Old enough for a fix, published near the advisory, and known to the advisory database.
    fn is_ripe(&self, release: &Outline, advisory: &Advisory) -> bool {
        let Pubtime::Known(published) = release.pubtime else { return false };
        let day = TimeZone::UTC.to_datetime(published).date();
        let days_after = day.since(advisory.date).map(|span| span.get_days());
        self.judge.policy.quarantine.security_fix_age.after(published) <= self.judge.now
            && published < self.known_until
            && days_after.is_ok_and(|days| days <= FIX_WINDOW_DAYS)
    }

    /// The release, if only its age stands against it and it brings no crate that the lock file does not have.
    fn clean(&self, crate_id: &CrateId, history: &History, outline: &Outline) -> Option<Release> {
        let findings = self.judge.findings(crate_id, history, outline);
        // That the crate is new stays a reason; it does not make the release any less the fix.
        let only_age =
            findings.reasons.iter().all(|reason| matches!(reason.code(), ReasonCode::TooNew | ReasonCode::NewCrate));
        if !only_age || outline.yanked {
            return None;
        }
        let release = history.release(&outline.version).ok()??;
        self.brings_nothing_new(crate_id, history, &release).then_some(release)
    }

    /// Whether every crate that the release depends on is in the lock file already, or was a dependency of the release before it
    /// that has the usual age.
    fn brings_nothing_new(&self, crate_id: &CrateId, history: &History, release: &Release) -> bool {
        let version = &release.outline.version;
        let before = history
            .outlines()
            .filter(|older| {
                older.version < *version && same_line(&older.version, version) && self.is_aged(crate_id, older)
            })
            .max_by(|one, other| one.version.cmp(&other.version))
            .and_then(|older| history.release(&older.version).ok().flatten());
        let known: BTreeSet<CrateId> =
            before.iter().flat_map(built).filter_map(|dependency| target(crate_id, dependency)).collect();
        built(release).all(|dependency| {
            target(crate_id, dependency).is_some_and(|id| self.judge.locked.contains(&id) || known.contains(&id))
        })
    }

    fn is_aged(&self, crate_id: &CrateId, release: &Outline) -> bool {
        let minimum = publish_age::minimum(self.judge.policy, crate_id).value;
        matches!(release.pubtime, Pubtime::Known(published) if minimum.after(published) <= self.judge.now)
    }

    /// For every requirement of the fix that no old-enough release satisfies: the lowest release that does.
    fn companions(&self, fix: &AdmittedFix, release: &Release) -> Vec<AdmittedFix> {
        let role = FixRole::Companion { of: fix.crate_id.name.clone(), version: fix.version.clone() };
        built(release)
            .filter_map(|dependency| {
                let crate_id = target(&fix.crate_id, dependency).filter(|id| self.judge.locked.contains(id))?;
                let history = self.judge.history(&crate_id)?;
                let satisfying =
                    || history.outlines().filter(|one| !one.yanked && dependency.req.matches(&one.version));
                if satisfying().any(|one| self.is_aged(&crate_id, one)) {
                    return None;
                }
                let lowest = satisfying().min_by(|one, other| one.version.cmp(&other.version))?;
                self.partner(fix, crate_id, history, lowest, role.clone())
            })
            .collect()
    }

    /// For every locked crate that depends on the fixed one but does not let the fix in: the first release that does.
    fn dependents(&self, fix: &AdmittedFix) -> Vec<AdmittedFix> {
        let role = FixRole::Dependent { of: fix.crate_id.name.clone(), version: fix.version.clone() };
        let mut all = Vec::new();
        let packages = &self.judge.facts.packages;
        let fixed =
            packages.iter().enumerate().filter(|(_, package)| package.id.crate_id().as_ref() == Some(&fix.crate_id));
        let mut seen = BTreeSet::new();
        for (position, _) in fixed {
            for dependent in packages.iter().filter(|one| one.dependencies.contains(&position)) {
                let Some(crate_id) = dependent.id.crate_id() else { continue };
                let Some(history) = self.judge.history(&crate_id) else { continue };
                if !seen.insert((crate_id.clone(), dependent.id.version.clone())) {
                    continue;
                }
                let reaches = |version: &Version| reaches(history, &crate_id, version, fix);
                let Some(first) = first_that(history, &dependent.id.version, reaches) else { continue };
                if !self.is_aged(&crate_id, first) {
                    all.extend(self.partner(fix, crate_id, history, first, role.clone()));
                }
            }
        }
        all
    }

    /// A release that takes part in a fix, under the conditions of the fix itself.
    fn partner(
        &self,
        fix: &AdmittedFix,
        crate_id: CrateId,
        history: &History,
        outline: &Outline,
        role: FixRole,
    ) -> Option<AdmittedFix> {
        let advisory = advisory::about(&self.judge.facts.advisories, &fix.crate_id)
            .iter()
            .find(|advisory| advisory.id == fix.advisory)?;
        let ripe = self.is_ripe(outline, advisory);
        self.clean(&crate_id, history, outline).filter(|_| ripe)?;
        let version = outline.version.clone();
        Some(AdmittedFix { crate_id, version, advisory: Arc::clone(&fix.advisory), role })
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

/// The same version but for build metadata, which a range cannot name.
fn same_number(one: &Version, other: &Version) -> bool {
    one.cmp_precedence(other).is_eq()
}

/// The lowest unyanked release above a yanked fix that came within a week of it.
fn stand_in<'h>(history: &'h History, named: &Outline) -> Option<&'h Outline> {
    let Pubtime::Known(published) = named.pubtime else { return None };
    let next = history
        .outlines()
        .filter(|release| {
            !release.yanked && release.version > named.version && same_line(&release.version, &named.version)
        })
        .min_by(|one, other| one.version.cmp(&other.version))?;
    let Pubtime::Known(followed) = next.pubtime else { return None };
    (followed.duration_since(published).abs() <= STAND_IN_WINDOW).then_some(next)
}

/// The dependencies that a build can reach.
fn built(release: &Release) -> impl Iterator<Item = &Requirement> {
    release.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Dev)
}

/// The crate that a dependency asks for; `None` where its registry's address cannot be read.
fn target(dependent: &CrateId, dependency: &Requirement) -> Option<CrateId> {
    let registry = match &dependency.registry {
        None => dependent.registry.clone(),
        Some(url) => Registry::parse(url).ok()?,
    };
    Some(CrateId { registry, name: dependency.name.clone() })
}

/// Whether a release depends on the fixed crate in a way that lets the fix in.
fn reaches(history: &History, crate_id: &CrateId, version: &Version, fix: &AdmittedFix) -> bool {
    let release = history.release(version).ok().flatten();
    release.is_some_and(|release| {
        built(&release).any(|dependency| {
            target(crate_id, dependency).as_ref() == Some(&fix.crate_id) && dependency.req.matches(&fix.version)
        })
    })
}

/// The first unyanked release of a compatibility line that satisfies, where the one before it does not: the answer is the same
/// whether or not the lock file has moved to it already.
fn first_that<'h>(history: &'h History, line: &Version, satisfies: impl Fn(&Version) -> bool) -> Option<&'h Outline> {
    let mut releases: Vec<_> = history.outlines().filter(|one| !one.yanked && same_line(&one.version, line)).collect();
    releases.sort_by(|one, other| one.version.cmp(&other.version));
    let mut first = None;
    for release in releases.into_iter().rev() {
        if !satisfies(&release.version) {
            break;
        }
        first = Some(release);
    }
    first
}
