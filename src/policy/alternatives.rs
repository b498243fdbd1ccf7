//! The way out for a package that is not approved: releases that could take its place.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use semver::Version;

use super::graph::{same_line, serves};
use super::judge::Judge;
use super::{advisory, graph};
use crate::model::advisory::AdvisoryKind;
use crate::model::evaluation::{Detour, Fix, FixStanding};
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Requirement};
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::verdict::{ReasonCode, Reasons, Verdict};

/// The most dependents of a package that a way out may have to move.
const MOST_DEPENDENTS: usize = 8;
/// The most releases of a crate that are looked at for such a way.
const MOST_RELEASES: usize = 16;

/// The releases that could take a locked one's place, newest first, each judged at most once however many packages ask.
#[derive(Debug)]
pub(crate) struct Candidates<'j> {
    judge: &'j Judge<'j>,
    by_crate: BTreeMap<CrateId, Vec<Candidate>>,
}

/// A release that a resolver may take, as far as somebody asked. Most questions end at the newest, so not every line is read.
#[derive(Debug)]
struct Candidate {
    version: Version,
    /// Of its line in the index file.
    place: usize,
    release: OnceCell<Option<Outline>>,
    is_approved: OnceCell<bool>,
}

impl Candidate {
    /// What its line says; `None` where that cannot be read, and for a yanked release.
    fn release(&self, history: &History) -> Option<&Outline> {
        self.release.get_or_init(|| history.outline_at(self.place).filter(|release| !release.yanked)).as_ref()
    }

    fn is_approved(&self, judge: &Judge<'_>, crate_id: &CrateId, history: &History) -> bool {
        let approves = |release| matches!(judge.verdict(crate_id, history, release), Verdict::Approved(_));
        *self.is_approved.get_or_init(|| self.release(history).is_some_and(approves))
    }
}

/// A locked package that asks for another one.
#[derive(Debug)]
struct Dependent<'j> {
    position: usize,
    package: &'j Package,
    /// What it asks of the other one.
    asks: Vec<Requirement>,
    /// What could take its place, with what that asks of the other one, once somebody wants to know.
    places: OnceCell<Vec<(PackageId, Vec<Requirement>)>>,
}

impl<'j> Dependent<'j> {
    /// `None` where nobody knows what it asks for.
    fn of(judge: &'j Judge<'_>, position: usize, other: &PackageId) -> Option<Self> {
        let package = judge.facts.packages.get(position)?;
        let mut asks = graph::requirements_of(judge.facts, position)?;
        asks.retain(|requirement| graph::asked_for(package, requirement) == other.crate_id());
        Some(Self { position, package, asks, places: OnceCell::new() })
    }
}

impl<'j> Candidates<'j> {
    /// No crate has been asked about yet.
    #[must_use]
    pub(crate) const fn new(judge: &'j Judge<'j>) -> Self {
        Self { judge, by_crate: BTreeMap::new() }
    }

    /// The newest release that every requirement in this graph accepts and the policy approves. For a malicious one only older
    /// releases are named: what its publisher put out afterwards is no way out.
    #[must_use]
    pub(crate) fn newest_approved(&mut self, package: usize, reasons: &Reasons) -> Option<Version> {
        let requirements = graph::requirements(self.judge.facts, &self.judge.graph, package);
        self.newest(package, reasons, |version| requirements.iter().all(|req| req.matches(version)))
    }

    /// The newest that the policy approves and that no requirement but those of this workspace's own manifests keeps out, preferably one
    /// that is compatible with the locked one. From an advisory nothing older of another line is a way out.
    #[must_use]
    pub(crate) fn newest_if_edited(&mut self, package: usize, reasons: &Reasons) -> Option<Version> {
        let others = graph::requirements_of_others(self.judge.facts, &self.judge.graph, package)?;
        let locked = &self.judge.facts.packages.get(package)?.id.version;
        let accepted = |version: &Version| version.pre.is_empty() && others.iter().all(|req| req.matches(version));
        let back = reasons.iter().all(|reason| reason.time_lifts() || reason.code() == ReasonCode::Malicious);
        self.newest(package, reasons, |version| accepted(version) && same_line(version, locked))
            .or_else(|| self.newest(package, reasons, |version| accepted(version) && (back || version > locked)))
    }

    fn newest(&mut self, package: usize, reasons: &Reasons, fits: impl Fn(&Version) -> bool) -> Option<Version> {
        let locked = &self.judge.facts.packages.get(package)?.id;
        let older_only = is_malicious(reasons);
        let fits = |version: &Version| fits(version) && !(older_only && *version > locked.version);
        self.approved(locked, fits, 1).pop()
    }

    /// The newest releases that the policy approves and that fit, the locked one aside.
    fn approved(&mut self, locked: &PackageId, fits: impl Fn(&Version) -> bool, most: usize) -> Vec<Version> {
        let judge = self.judge;
        let Some(crate_id) = locked.crate_id() else { return Vec::new() };
        let Some(history) = judge.history(&crate_id) else { return Vec::new() };
        let candidates = self.by_crate.entry(crate_id.clone()).or_insert_with(|| candidates(history)).iter();
        let fitting = candidates.filter(|one| one.version != locked.version && fits(&one.version));
        let approved = fitting.filter(|one| one.is_approved(judge, &crate_id, history)).map(|one| one.version.clone());
        approved.take(most).collect()
    }

    /// What other packages are to move to, where no release can take a locked one's place as long as they stay: without it, or to an
    /// approved one. Only those that ask for it themselves are looked at.
    #[must_use]
    pub(crate) fn detour(&mut self, package: usize, reasons: &Reasons) -> Option<Detour> {
        let judge = self.judge;
        let locked = &judge.facts.packages.get(package)?.id;
        let dependents = judge.graph.dependents(package);
        if dependents.is_empty() || dependents.len() > MOST_DEPENDENTS {
            return None;
        }
        let dependents = dependents.iter().map(|dependent| Dependent::of(judge, *dependent, locked));
        let dependents: Vec<Dependent<'_>> = dependents.collect::<Option<_>>()?;
        let older_only = is_malicious(reasons);
        let fits = |version: &Version| !(older_only && *version > locked.version);
        let approved = self.approved(locked, fits, MOST_RELEASES);
        let mut targets = std::iter::once(None).chain(approved.into_iter().map(Some));
        targets.find_map(|to| {
            let each = dependents.iter().map(|dependent| self.letting_go(dependent, locked, to.as_ref()));
            let moves: Vec<PackageId> = each.collect::<Option<Vec<_>>>()?.into_iter().flatten().cloned().collect();
            (!moves.is_empty()).then_some(Detour { moves, to })
        })
    }

    /// Where a dependent is to move to so that it does without a package, or takes this version of it; `Some(None)` where it may stay, and
    /// `None` where nothing is known that would do.
    #[expect(clippy::option_option, reason = "that it may stay is another answer than that nothing would do")]
    fn letting_go<'d>(
        &mut self,
        dependent: &'d Dependent<'_>,
        of: &PackageId,
        to: Option<&Version>,
    ) -> Option<Option<&'d PackageId>> {
        let takes = |requirement: &Requirement| to.is_some_and(|to| requirement.req.matches(to));
        if dependent.asks.iter().all(|requirement| !requirement.req.matches(&of.version) || takes(requirement)) {
            return Some(None);
        }
        let places = dependent.places.get_or_init(|| self.places(dependent, of));
        places.iter().find(|(_, asks)| asks.iter().all(takes)).map(|(id, _)| Some(id))
    }

    /// The approved releases that could take a dependent's place, newest first, each with what it asks of a package.
    fn places(&mut self, dependent: &Dependent<'_>, of: &PackageId) -> Vec<(PackageId, Vec<Requirement>)> {
        let (judge, package) = (self.judge, dependent.package);
        let Some(history) = package.id.crate_id().and_then(|crate_id| judge.history(&crate_id)) else {
            return Vec::new();
        };
        let requirements = graph::requirements(judge.facts, &judge.graph, dependent.position);
        let accepted = |version: &Version| requirements.iter().all(|req| req.matches(version));
        let approved = self.approved(&package.id, accepted, MOST_RELEASES).into_iter();
        let places = approved.filter_map(|version| {
            let release = history.release(&version).ok()??;
            let needed = release.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev);
            let asks = needed.filter(|one| graph::asked_for(package, one) == of.crate_id()).cloned().collect();
            Some((PackageId { version, ..package.id.clone() }, asks))
        });
        places.collect()
    }

    /// For each vulnerability or other advisory that hits a locked release: the lowest compatible release after it that is not hit,
    /// and what the policy makes of that release. The lowest, because patched ranges are open-ended and a later release proves
    /// nothing.
    #[must_use]
    pub(crate) fn fixes(&mut self, crate_id: &CrateId, locked: &Version) -> Vec<Fix> {
        let judge = self.judge;
        let Some(history) = judge.history(crate_id) else { return Vec::new() };
        // An advisory that names no fix, as of a crate that nobody maintains, has none to look for in a large index file.
        let mended: Vec<_> = advisory::hits(&judge.facts.advisories, crate_id, locked)
            .filter(|hit| hit.kind != AdvisoryKind::Malicious && !hit.versions.patched().is_empty())
            .collect();
        if mended.is_empty() {
            return Vec::new();
        }
        let all = self.by_crate.entry(crate_id.clone()).or_insert_with(|| candidates(history));
        let newer = all.partition_point(|one| one.version > *locked);
        let mut fixes = Vec::new();
        for hit in mended {
            let upwards = all.iter().take(newer).rev().take_while(|one| same_line(&one.version, locked));
            let lowest = upwards
                .filter(|one| serves(locked, &one.version) && !hit.versions.is_vulnerable(&one.version))
                .find_map(|one| one.release(history));
            let Some(lowest) = lowest else { continue };
            let standing = match judge.verdict(crate_id, history, lowest) {
                Verdict::Approved(basis) => FixStanding::Approved(basis),
                Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => FixStanding::Held(reasons),
                Verdict::Local => continue,
            };
            fixes.push(Fix { advisory: hit.id.clone(), version: lowest.version.clone(), standing });
        }
        fixes
    }
}

/// Whether what its publisher put out afterwards is no way out.
fn is_malicious(reasons: &Reasons) -> bool {
    reasons.iter().any(|reason| reason.code() == ReasonCode::Malicious)
}

/// The releases that a resolver may take, newest first.
fn candidates(history: &History) -> Vec<Candidate> {
    let unread =
        |(version, place)| Candidate { version, place, release: OnceCell::new(), is_approved: OnceCell::new() };
    history.newest_first().into_iter().map(unread).collect()
}
