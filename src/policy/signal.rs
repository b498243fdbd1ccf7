//! Signs of a takeover that the index shows by itself: what a release brings that its crate did not have, and how it was published.
//!
//! A release is looked at as of its own publication, against what had been there for long by then. So a harmless release on top changes
//! nothing, one that was published minutes before vouches for nothing, and passing time does no more than end the hold.

#[cfg(test)]
mod moments;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;
use semver::Version;

use super::chronology::{Before, Carried, Chronology, DAY, is_longer};
use super::dependencies::{Dependencies, Target, swapped, target};
use super::evidence::Evidence;
use super::publish_age::{self, is_reached};
use super::{advisory, graph, publication};
use crate::model::age::Age;
use crate::model::facts::{Facts, IndexFact};
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Release, Requirement};
use crate::model::package::{CrateId, Package};
use crate::model::policy::Policy;
use crate::model::signal::{AddedDependency, Birth, SeenBy, Sighting, Signal, SignalLevel, SignalPolicy};
use crate::model::source::Registry;

/// The most dependencies that one release adds and whose crates' index entries are asked for. Beyond that nobody knows how old they are.
const MOST_ASKED: usize = 32;
/// The most such crates of one crate's young releases.
const MOST_ASKED_OF_CRATE: usize = 128;
/// So many releases within a day are a burst.
const BURST: usize = 5;
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A signal, and how long it holds the release where it is a reason; `None` where time does not end that.
pub(super) type Found = (Signal, SignalLevel, Option<Timestamp>);

/// The signals that count at this moment: those that time lifts as long as it has not, and those that it does not lift.
#[must_use]
pub(super) fn counting(
    evidence: &Evidence<'_>,
    crate_id: &CrateId,
    history: &History,
    release: &Outline,
) -> Vec<Found> {
    let Some(published) = release.pubtime.known() else { return Vec::new() };
    if publish_age::is_trusted(evidence.policy, crate_id) {
        return Vec::new();
    }
    let policy = &evidence.policy.signals;
    let mut found = Vec::new();
    let hold = evidence.policy.quarantine.signal_age;
    if !is_reached(hold, published, evidence.now) {
        let view = Looked::at(evidence, crate_id, history, release, published);
        let lasting = view.signals().into_iter().filter(|one| !is_reached(hold, one.since, evidence.now));
        found.extend(lasting.map(|Held { signal, since }| {
            let level = level(policy, &signal, &release.version);
            (signal, level, Some(hold.after(since)))
        }));
    }
    if policy.look_alike > SignalLevel::Off {
        let signal = look_alike(evidence, crate_id, history, published);
        found.extend(signal.map(|signal| (signal, policy.look_alike, None)));
    }
    found.retain(|(_, level, _)| *level > SignalLevel::Off);
    found.sort_by_key(|(signal, ..)| signal.code());
    found
}

/// What the policy makes of a signal of a release with this version.
#[must_use]
pub(super) fn level(policy: &SignalPolicy, signal: &Signal, version: &Version) -> SignalLevel {
    let most = match signal {
        // Nobody knows when the others were yanked, so nobody can say that it was around this release.
        Signal::YankLure { seen: None, .. } => SignalLevel::Warn,
        // No update leads there: who takes up another compatibility line has asked for it.
        Signal::YoungDependency { since, .. } if !graph::same_line(since, version) => policy.young_dependency_new_line,
        Signal::YoungDependency { .. }
        | Signal::DormantGrowth { .. }
        | Signal::FirstBuildScriptInput { .. }
        | Signal::LookAlike { .. }
        | Signal::YankLure { .. }
        | Signal::PublisherChange { .. }
        | Signal::TrustedPublishingLost { .. }
        | Signal::Dormant { .. }
        | Signal::NewDependency { .. }
        | Signal::Burst { .. }
        | Signal::MajorSwap { .. } => SignalLevel::Reason,
    };
    policy.level(signal.code()).min(most)
}

/// Every signal that a release ever had, whether or not the policy makes anything of it: what is shown to whoever asks about this release.
#[must_use]
pub(super) fn all(evidence: &Evidence<'_>, crate_id: &CrateId, history: &History, release: &Outline) -> Vec<Signal> {
    let Some(published) = release.pubtime.known() else { return Vec::new() };
    let view = Looked::at(evidence, crate_id, history, release, published);
    let mut all: Vec<Signal> = view.signals().into_iter().map(|one| one.signal).collect();
    all.extend(look_alike(evidence, crate_id, history, published));
    all.extend(view.ordinary());
    all.sort_by_key(Signal::code);
    all
}

/// Whose releases are looked at, of the crates that something is known of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'s> {
    /// All of them.
    All,
    /// Those of these crates, and of locked ones about which something has to be said.
    Beside(&'s BTreeSet<CrateId>),
}

/// The crates whose index entries tell how young the dependencies are that young releases add, and are not at hand.
#[must_use]
pub(crate) fn wanted(facts: &Facts, policy: &Policy, now: Timestamp, scope: Scope<'_>) -> BTreeSet<CrateId> {
    let evidence = Evidence::new(facts, policy, now);
    let looked_at: BTreeSet<CrateId> = match scope {
        Scope::All => facts.index.keys().cloned().collect(),
        Scope::Beside(crates) => {
            let packages =
                facts.packages.par_iter().filter(|one| !facts.base.as_ref().is_some_and(|base| base.has(one)));
            let told_of = packages.filter_map(|package| told_of(&evidence, package));
            told_of.chain(crates.par_iter().cloned()).collect()
        }
    };
    looked_at.into_par_iter().filter_map(|id| Some(missing(&evidence, &id, evidence.history(&id)?))).reduce(
        BTreeSet::new,
        |mut all, more| {
            all.extend(more);
            all
        },
    )
}

/// The crate of a locked package that is held, or from which a way out is looked for.
fn told_of(evidence: &Evidence<'_>, package: &Package) -> Option<CrateId> {
    let crate_id = package.id.crate_id()?;
    let release = evidence.history(&crate_id)?.outline(&package.id.version).ok()??;
    let is_hit = || advisory::hits(&evidence.facts.advisories, &crate_id, &release.version).next().is_some();
    (release.yanked || is_held(evidence, &release) || is_hit()).then_some(crate_id)
}

/// Whether a release is young enough for a signal that time lifts.
fn is_held(evidence: &Evidence<'_>, release: &Outline) -> bool {
    let age = evidence.policy.quarantine.signal_age;
    release.pubtime.known().is_some_and(|published| !is_reached(age, published, evidence.now))
}

/// The same for the releases of one crate.
#[must_use]
pub(super) fn missing(evidence: &Evidence<'_>, crate_id: &CrateId, history: &History) -> BTreeSet<CrateId> {
    let policy = evidence.policy;
    if policy.signals.young_dependency == SignalLevel::Off || publish_age::is_trusted(policy, crate_id) {
        return BTreeSet::new();
    }
    let mut all = BTreeSet::new();
    for outline in history.outlines().filter(|release| is_held(evidence, release)) {
        let Some(published) = outline.pubtime.known() else { continue };
        let view = Looked::at(evidence, crate_id, history, outline, published);
        let unknown = view.added_targets().into_iter().filter(|id| evidence.entry(id).is_none());
        all.extend(unknown.take(MOST_ASKED.min(MOST_ASKED_OF_CRATE.saturating_sub(all.len()))));
    }
    all
}

/// The same for one release, however old it is by now.
#[must_use]
pub(super) fn missing_for(
    evidence: &Evidence<'_>,
    crate_id: &CrateId,
    history: &History,
    outline: &Outline,
) -> BTreeSet<CrateId> {
    let (policy, published) = (evidence.policy, outline.pubtime.known());
    let Some(published) = published.filter(|_| policy.signals.young_dependency > SignalLevel::Off) else {
        return BTreeSet::new();
    };
    let view = Looked::at(evidence, crate_id, history, outline, published);
    let unknown = view.added_targets().into_iter().filter(|id| evidence.entry(id).is_none());
    unknown.take(MOST_ASKED).collect()
}

/// One release that is looked at.
struct Looked<'l, 'a> {
    evidence: &'l Evidence<'a>,
    crate_id: &'l CrateId,
    history: &'l History,
    outline: &'l Outline,
    published: Timestamp,
    chronology: Arc<Chronology>,
}

/// A signal, and the moment from which on it holds the release.
struct Held {
    signal: Signal,
    since: Timestamp,
}

impl<'l, 'a> Looked<'l, 'a> {
    fn at(
        evidence: &'l Evidence<'a>,
        crate_id: &'l CrateId,
        history: &'l History,
        outline: &'l Outline,
        published: Timestamp,
    ) -> Self {
        Self { evidence, crate_id, history, outline, published, chronology: evidence.chronology(crate_id, history) }
    }

    /// Those that the policy may make reasons of, and that time lifts.
    fn signals(&self) -> Vec<Held> {
        let mut all = Vec::new();
        let own = |signal| Held { signal, since: self.published };
        if let (Some(before), Some(release)) = (self.before(), self.release()) {
            all.extend(self.young_dependency(&release, &before));
            all.extend(self.dormant_growth(&release));
            all.extend(self.first_build_script_input(&release, &before));
            all.extend(self.yank_lure().map(own));
        }
        let published = publication::changes(self.evidence.facts, self.evidence.policy, self.crate_id, self.outline);
        all.extend(published.into_iter().map(own));
        all
    }

    /// Those that too many honest releases show.
    fn ordinary(&self) -> Vec<Signal> {
        let mut all = Vec::new();
        if let (Some(release), Some(before)) = (self.release(), self.before()) {
            all.extend(self.new_dependency(&release, &before));
            all.extend(major_swap(&release, &before));
        }
        let gap = self.evidence.policy.signals.dormant_growth_gap;
        let quiet = self.chronology.silence(&self.outline.version, self.published, gap, Age::ZERO);
        all.extend(quiet.map(|quiet| Signal::Dormant { previous: quiet.before, previous_pubtime: quiet.began }));
        let releases = self.chronology.within(DAY, self.published);
        all.extend((releases >= BURST).then_some(Signal::Burst { releases }));
        all
    }

    fn release(&self) -> Option<Arc<Release>> {
        self.history.release(&self.outline.version).ok()?
    }

    /// What had been there for as long as a release with a signal is held. Younger ones may have been published to vouch for this one.
    fn before(&self) -> Option<Before> {
        let last = self.last_established();
        let established = |at: Timestamp| at < self.published && last.is_some_and(|last| at <= last);
        self.chronology.before(self.history, &self.outline.version, established)
    }

    /// The last moment at which something that had the age of a signal's hold, when this release came, can have been published. It is
    /// asked of every release of a crate, which may have thousands.
    fn last_established(&self) -> Option<Timestamp> {
        let age = i64::try_from(self.evidence.policy.quarantine.signal_age.as_secs()).ok()?;
        self.published.checked_sub(SignedDuration::from_secs(age)).ok()
    }

    /// The moment from which on something is held that a release has: its own, or that of the first release after `since` that had the same.
    /// Who follows a release that is held is held as long as that one; and two that come in a row vouch for each other no more than one.
    fn held_since(&self, all: impl IntoIterator<Item = (Carried, Timestamp)>) -> Timestamp {
        let first = |(what, since): (Carried, Timestamp)| {
            let own = (&self.outline.version, self.published);
            self.chronology.first_carried(self.history, what, own, |at| at > since)
        };
        let all = all.into_iter().map(|one| first(one).unwrap_or(self.published));
        all.max().unwrap_or(self.published)
    }

    fn young_dependency(&self, release: &Release, before: &Before) -> Option<Held> {
        let now = Dependencies::of(release);
        let mut asked = self.added(&now, before);
        let known: BTreeSet<Target> = asked.iter().map(|one| target(one)).collect();
        // What an earlier release asked for under this name was another crate, if this one was not born yet.
        let reborn = now.all().filter(|(target, one)| {
            let later = |born: Timestamp| {
                let mut witnesses = before.releases.iter().filter_map(|one| one.outline.pubtime.known());
                witnesses.any(|at| born > at)
            };
            !known.contains(*target) && now.reaches(one) && self.birth(one).moment().is_some_and(later)
        });
        asked.extend(reborn.map(|(_, one)| one));
        asked.retain(|one| self.is_young(self.birth(one)));
        let mut since = before.newest()?.outline.version.clone();
        let openers = if before.is_compatible {
            Vec::new()
        } else {
            self.chronology.openers(self.history, &self.outline.version)
        };
        if let Some(opener) = openers.first() {
            // Of a line that is young itself, only what its first release did not have comes with an update.
            let had: Vec<Dependencies<'_>> = openers.iter().map(|one| Dependencies::of(one)).collect();
            let has = |had: &Dependencies<'_>, one| had.on(&target(one)).iter().any(|one| had.reaches(one));
            let later: Vec<&Requirement> =
                asked.iter().copied().filter(|one| !had.iter().all(|had| has(had, one))).collect();
            if !later.is_empty() {
                (asked, since) = (later, opener.outline.version.clone());
            }
        }
        let held = self.held_since(asked.iter().map(|one| {
            let established = self.last_established().unwrap_or(Timestamp::MIN);
            // Who asked for the crate before it was born meant another.
            let born =
                self.birth(one).moment().and_then(|born| born.checked_sub(SECOND).ok()).unwrap_or(self.published);
            (Carried::Dependency(target(one)), established.max(born))
        }));
        let added = self.described_all(asked);
        (!added.is_empty()).then_some(Held { signal: Signal::YoungDependency { since, added }, since: held })
    }

    fn is_young(&self, born: Birth) -> bool {
        let age = self.evidence.policy.signals.young_dependency_age;
        match born {
            Birth::At(born) => !is_reached(age, born, self.published),
            Birth::Gone | Birth::Unknown => age > Age::ZERO,
        }
    }

    fn dormant_growth(&self, release: &Release) -> Option<Held> {
        let policy = &self.evidence.policy.signals;
        let (gap, window) = (policy.dormant_growth_gap, policy.dormant_growth_window);
        let version = &self.outline.version;
        let quiet = self.chronology.silence(version, self.published, gap, window)?;
        let before = self.chronology.before(self.history, version, |at| at <= quiet.began)?;
        let now = Dependencies::of(release);
        let asked: Vec<_> = self.added(&now, &before).into_iter().filter(|one| now.reaches(one)).collect();
        let since = self.held_since(asked.iter().map(|one| (Carried::Dependency(target(one)), quiet.began)));
        let added = self.described_all(asked);
        (before.is_compatible && !added.is_empty()).then(|| Held {
            signal: Signal::DormantGrowth {
                before: quiet.before,
                before_pubtime: quiet.began,
                resumed: quiet.resumed,
                resumed_pubtime: quiet.ended,
                added,
            },
            since,
        })
    }

    fn first_build_script_input(&self, release: &Release, before: &Before) -> Option<Held> {
        let is_build = |one: &&Requirement| one.kind == DependencyKind::Build;
        let has_input = |one: &Release| one.links.is_some() || one.dependencies.iter().any(|one| is_build(&one));
        if !before.is_compatible || before.releases.iter().all(|one| has_input(one)) {
            return None;
        }
        let now = Dependencies::of(release);
        let inputs: Vec<_> = release.dependencies.iter().filter(is_build).filter(|one| now.reaches(one)).collect();
        let links = release.links.clone();
        let established = self.last_established().unwrap_or(Timestamp::MIN);
        let carried = inputs.iter().map(|one| Carried::BuildDependency(target(one)));
        let carried = carried.chain(links.clone().map(Carried::Links));
        let held = self.held_since(carried.map(|what| (what, established)));
        let inputs = self.described_all(inputs);
        let since = before.newest()?.outline.version.clone();
        (links.is_some() || !inputs.is_empty())
            .then_some(Held { signal: Signal::FirstBuildScriptInput { since, inputs, links }, since: held })
    }

    fn new_dependency(&self, release: &Release, before: &Before) -> Option<Signal> {
        let now = Dependencies::of(release);
        let added = self.described_all(self.added(&now, before));
        let since = before.newest()?.outline.version.clone();
        (!added.is_empty()).then_some(Signal::NewDependency { since, added })
    }

    /// What a release has that one of its witnesses had not, each crate once.
    fn added<'r>(&self, now: &Dependencies<'r>, before: &Before) -> Vec<&'r Requirement> {
        let mut seen = BTreeSet::new();
        let witnesses = before.releases.iter();
        let added = witnesses.flat_map(|witness| now.added_since(&Dependencies::of(witness)));
        added.filter(|one| !self.is_itself(one) && seen.insert(target(one))).collect()
    }

    /// A crate may ask for a later release of itself, to share its types with it.
    fn is_itself(&self, dependency: &Requirement) -> bool {
        dependency.registry.is_none() && crate::model::crate_name::is_same(&dependency.name, &self.crate_id.name)
    }

    /// The crates that it adds, whether or not anything is known of them.
    fn added_targets(&self) -> Vec<CrateId> {
        let (Some(release), Some(before)) = (self.release(), self.before()) else { return Vec::new() };
        let added = self.added(&Dependencies::of(&release), &before);
        added.into_iter().filter_map(|one| self.crate_of(one)).collect()
    }

    fn described_all<'r>(&self, asked: impl IntoIterator<Item = &'r Requirement>) -> Vec<AddedDependency> {
        asked.into_iter().map(|one| self.described(one)).collect()
    }

    fn described(&self, dependency: &Requirement) -> AddedDependency {
        AddedDependency {
            name: dependency.name.clone(),
            renamed: dependency.renamed.as_deref().map(Box::from),
            registry: dependency.registry.as_deref().map(Box::from),
            kind: dependency.kind,
            optional: dependency.optional,
            target: dependency.target.as_deref().map(Box::from),
            born: self.birth(dependency),
        }
    }

    fn birth(&self, dependency: &Requirement) -> Birth {
        let fact = self.crate_of(dependency).and_then(|id| self.evidence.entry(&id));
        match fact {
            Some(IndexFact::Read(history)) => history.first_published().map_or(Birth::Unknown, Birth::At),
            Some(IndexFact::Gone) => Birth::Gone,
            Some(IndexFact::Unavailable(_)) | None => Birth::Unknown,
        }
    }

    fn crate_of(&self, dependency: &Requirement) -> Option<CrateId> {
        let registry = match &dependency.registry {
            None => self.crate_id.registry.clone(),
            Some(url) => Registry::parse(url).ok()?,
        };
        Some(CrateId { registry, name: dependency.name.clone() })
    }

    /// Older releases that an update would lead from to this one, that are yanked, and of which no advisory says why.
    fn yank_lure(&self) -> Option<Signal> {
        let lured = self.chronology.lured(&self.outline.version, self.last_established());
        let sightings = lured.yanked.iter().filter_map(|one| self.sighting(one)).filter(|seen| self.is_around(seen.at));
        // Who knows when it was yanked is the best witness, and who only has it locked the last.
        let seen = sightings.max_by_key(|seen| (seen.by == SeenBy::Registry, seen.by != SeenBy::Base, seen.at));
        let nothing_left = lured.yanked.len() > 1 && !lured.is_any_left;
        let is_in_use = || lured.yanked.iter().any(|one| self.evidence.is_locked(self.crate_id, one));
        let tells = seen.is_some() || nothing_left || is_in_use();
        tells.then_some(Signal::YankLure { yanked: lured.yanked, seen })
    }

    /// When a release that is yanked now was yanked, or was last known not to be.
    fn sighting(&self, version: &Version) -> Option<Sighting> {
        let published = self.evidence.facts.publications.get(self.crate_id).and_then(|fact| fact.release(version));
        if let Some(yank) = published.and_then(|published| published.yanks.last()).filter(|yank| !yank.undone) {
            return Some(Sighting { at: yank.at, by: SeenBy::Registry });
        }
        let facts = self.evidence.facts;
        let recorded = facts.trail.recorded.release(self.crate_id, version).and_then(|recorded| recorded.unyanked);
        let base = facts.surroundings.base_committed.filter(|_| self.evidence.base_locks(self.crate_id, version));
        let all = [
            (recorded, SeenBy::Trail),
            (self.history.last_unyanked(version), SeenBy::Cache),
            // A lock file keeps what it has, so the base is the last to be asked.
            (base, SeenBy::Base),
        ];
        all.into_iter().filter_map(|(at, by)| Some(Sighting { at: at?, by })).find(|seen| self.is_around(seen.at))
    }

    /// Whether something that was still so at a moment changed around the publication.
    fn is_around(&self, at: Timestamp) -> bool {
        is_reached_back(at, self.published, self.evidence.policy.quarantine.signal_age)
    }
}

/// Whether something that was still so at a moment changed around a publication: no earlier than an age before it.
fn is_reached_back(at: Timestamp, published: Timestamp, age: Age) -> bool {
    at >= published || !is_longer(age, at, published)
}

/// Dependencies that stayed by name and are asked for on another compatibility line.
fn major_swap(release: &Release, before: &Before) -> Option<Signal> {
    let earlier = before.newest()?;
    let swapped = swapped(&Dependencies::of(release), &Dependencies::of(earlier));
    (before.is_compatible && !swapped.is_empty())
        .then(|| Signal::MajorSwap { since: earlier.outline.version.clone(), swapped })
}

/// Whether a crate is young and can be taken for another one that the project has, or that everybody knows.
fn look_alike(evidence: &Evidence<'_>, crate_id: &CrateId, history: &History, published: Timestamp) -> Option<Signal> {
    let policy = &evidence.policy.signals;
    let is_young = |born: Timestamp| !is_reached(policy.look_alike_age, born, evidence.now);
    // Elsewhere not anybody can take a name.
    if crate_id.registry != Registry::CratesIo {
        return None;
    }
    // A release that is old enough proves that its crate is.
    if !is_young(published) || history.first_line().is_some_and(|at| !is_young(at)) {
        return None;
    }
    if policy.knows(&crate_id.name) {
        return None;
    }
    let first_published = history.first_published();
    let imitated = evidence.imitated(crate_id, |other| {
        // Two young crates of one registry are siblings as likely as not.
        evidence.history(other).and_then(History::first_published).is_none_or(|born| !is_young(born))
    })?;
    Some(Signal::LookAlike { imitated, first_published })
}
