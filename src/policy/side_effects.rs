//! What a change does beside what it locks: its ways around, weighed, and its own events, held against what is known without them.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::advisory;
use super::brought_along::is_refused;
use super::exempted;
use super::judge::Judge;
use crate::model::allow_list::AllowedId;
use crate::model::checksum::Checksum;
use crate::model::facts::{AddedEvents, Facts, IndexFact, OldLock};
use crate::model::history::Standing;
use crate::model::index_line::{Outline, Pubtime};
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::model::side_effect::{RecordedFact, SideEffect, TrailFault, TrailWitness};
use crate::model::trail::{CLOCK_TOLERANCE, Event, ReleaseRecord, TrailProblem};
use crate::model::way_around::{Scope, WayAround, WayKind, Weight};

/// The most crates that are asked about only because an event of the change names them: as many as the largest projects lock.
const MOST_CRATES: usize = 2_000;

/// Everything that is to be told.
#[must_use]
pub(crate) fn side_effects(judge: &Judge<'_>) -> Vec<SideEffect> {
    let facts = judge.facts;
    let ways = weighed(facts.surroundings.new_ways.clone());
    let weight = |weight, way: &WayAround| if is_refused(way) { Weight::Fails } else { weight };
    let mut all: Vec<SideEffect> =
        ways.into_iter().map(|(least, way)| SideEffect::Way { weight: weight(least, &way), way }).collect();
    let added = &facts.trail.added;
    let file = |problem: &TrailProblem| SideEffect::Trail {
        file: problem.file.clone(),
        fault: TrailFault::File(problem.kind.clone()),
    };
    all.extend(added.problems.iter().map(file));
    let unasked = too_many(facts);
    for (name, event) in &added.events {
        let mut faults = of_event(judge, event, unasked.is_some());
        faults.extend(unasked.clone().filter(|_| event.releases.iter().any(|record| !is_asked(facts, record))));
        all.extend(faults.into_iter().map(|fault| SideEffect::Trail { file: name.to_string(), fault }));
    }
    let unfounded =
        facts.surroundings.exemptions.iter().flat_map(|written| exempted::unfounded(&added.events, written));
    all.extend(unfounded.map(|(name, record)| SideEffect::Trail {
        file: name.to_string(),
        fault: TrailFault::NotGiven { release: record.purl() },
    }));
    all
}

/// The crates that the change's own events name and that were not read about yet; where too many of them are in no lock file, only those
/// that are.
#[must_use]
pub(crate) fn wanted(
    added: &AddedEvents,
    is_read: impl Fn(&CrateId) -> bool,
    is_locked: impl Fn(&CrateId) -> bool,
) -> BTreeSet<CrateId> {
    let releases = added.events.iter().flat_map(|(_, event)| &event.releases);
    let wanted: BTreeSet<CrateId> =
        releases.map(|record| &record.crate_id).filter(|id| !is_read(id)).cloned().collect();
    let (locked, others): (BTreeSet<_>, BTreeSet<_>) = wanted.into_iter().partition(is_locked);
    if others.len() > MOST_CRATES { locked } else { locked.into_iter().chain(others).collect() }
}

fn too_many(facts: &Facts) -> Option<TrailFault> {
    let releases = facts.trail.added.events.iter().flat_map(|(_, event)| &event.releases);
    let unasked: BTreeSet<&CrateId> =
        releases.filter(|record| !is_asked(facts, record)).map(|record| &record.crate_id).collect();
    (unasked.len() > MOST_CRATES).then_some(TrailFault::TooMany { crates: unasked.len() })
}

fn is_asked(facts: &Facts, record: &ReleaseRecord) -> bool {
    facts.index.contains_key(&record.crate_id)
}

fn of_event(judge: &Judge<'_>, event: &Event, is_unasked: bool) -> Vec<TrailFault> {
    let mut faults = Vec::new();
    let written = event.written().max(event.time);
    if let Some(now) = judge.facts.trail.machine_clock.filter(|now| written > CLOCK_TOLERANCE.after(*now)) {
        faults.push(TrailFault::Ahead { written, now });
    }
    for record in &event.releases {
        of_release(judge, record, is_unasked, &mut faults);
        faults.extend(of_use(judge.facts, event, record));
    }
    faults
}

fn of_release(judge: &Judge<'_>, record: &ReleaseRecord, is_unasked: bool, faults: &mut Vec<TrailFault>) {
    let facts = judge.facts;
    let recorded = facts.trail.recorded.release(&record.crate_id, &record.version);
    let locked: Vec<&Package> = locked_as(facts, record).collect();
    let mut contradicts = |fact, witness| {
        faults.push(TrailFault::Contradicts { release: record.purl(), fact, witness });
    };
    // What says of itself that two facts did not agree is a record of that, and nobody is held to it later.
    let witnesses = record.is_witness();
    if let Some(known) = recorded.filter(|_| witnesses) {
        if differ(known.pubtime, record.pubtime) {
            contradicts(RecordedFact::Pubtime, TrailWitness::Base);
        }
        if differ(known.checksum, record.checksum) {
            contradicts(RecordedFact::Checksum, TrailWitness::Base);
        }
    }
    // A tree follows from the archive, whose digest others know; only the list of what is vendored says the same.
    if allowed(facts, record).any(|tree| differ(Some(tree), record.tree)) {
        contradicts(RecordedFact::Tree, TrailWitness::AllowList);
    }
    let digest = |package: &&Package| match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    };
    if witnesses && locked.iter().filter_map(digest).any(|known| differ(Some(known), record.checksum)) {
        contradicts(RecordedFact::Checksum, TrailWitness::LockFile);
    }
    let seen = match facts.index.get(&record.crate_id) {
        Some(IndexFact::Read(history)) => match history.outline(&record.version) {
            Ok(Some(release)) => Seen::There(release),
            // A copy may honestly be older than the release.
            Ok(None) if history.standing() == Standing::Confirmed => Seen::Absent,
            Ok(None) => Seen::Nothing,
            Err(_) => Seen::Absent,
        },
        Some(IndexFact::Gone) => Seen::Absent,
        Some(IndexFact::Unavailable(_)) | None => Seen::Nothing,
    };
    let is_known = is_known(facts, record);
    match seen {
        Seen::There(release) if witnesses => {
            let published = match release.pubtime {
                Pubtime::Known(published) => Some(published),
                Pubtime::Absent | Pubtime::Malformed(_) => None,
            };
            if record.pubtime.is_some() && record.pubtime != published {
                contradicts(RecordedFact::Pubtime, TrailWitness::Index);
            }
            if differ(Some(release.checksum), record.checksum) {
                contradicts(RecordedFact::Checksum, TrailWitness::Index);
            }
        }
        Seen::Absent if !is_known => faults.push(TrailFault::Unknown { release: record.purl() }),
        Seen::There(_) | Seen::Absent => {}
        // That the registry was not asked about any of them is told once.
        Seen::Nothing if is_unasked && !is_asked(facts, record) => {}
        Seen::Nothing => {
            let is_confirmed =
                record.pubtime.is_none() || recorded.is_some_and(|known| known.pubtime == record.pubtime);
            if !is_known || !is_confirmed {
                faults.push(TrailFault::Unconfirmed { release: record.purl() });
            }
        }
    }
}

/// What an event says of a release's use, which others would have to know. What a change had for a while and took back again harms
/// nobody, but a record of a release that an advisory hits makes its fix needed.
fn of_use(facts: &Facts, event: &Event, record: &ReleaseRecord) -> Option<TrailFault> {
    let before = record.replaced.clone().map(|version| ReleaseRecord { version, ..record.clone() });
    let is_invented = |record: &ReleaseRecord| match facts.index.get(&record.crate_id) {
        Some(IndexFact::Read(history)) => !matches!(history.outline(&record.version), Ok(Some(_))),
        Some(IndexFact::Gone | IndexFact::Unavailable(_)) | None => false,
    };
    if let Some(before) = before.filter(|before| is_invented(before) && !is_known(facts, before)) {
        return Some(TrailFault::Unknown { release: before.purl() });
    }
    let is_hit = advisory::hits(&facts.advisories, &record.crate_id, &record.version).next().is_some();
    if !event.kind.is_of_use() || !is_hit || is_known(facts, record) {
        return None;
    }
    let mut others = facts.trail.added.events.iter().flat_map(|(_, event)| &event.releases);
    let replaces =
        |other: &ReleaseRecord| other.crate_id == record.crate_id && other.replaced.as_ref() == Some(&record.version);
    (!others.any(replaces)).then(|| TrailFault::NotLocked { release: record.purl() })
}

/// Whether a lock file or the base's trail has a release.
fn is_known(facts: &Facts, record: &ReleaseRecord) -> bool {
    locked_as(facts, record).next().is_some()
        || facts.trail.recorded.release(&record.crate_id, &record.version).is_some()
}

/// What the index has of a release.
enum Seen {
    There(Outline),
    /// The registry answered in this run that there is none, or its line cannot be read.
    Absent,
    /// Nobody could be asked.
    Nothing,
}

/// The packages of this release, in the change's lock file and in the base's.
fn locked_as<'f>(facts: &'f Facts, record: &'f ReleaseRecord) -> impl Iterator<Item = &'f Package> {
    let base = match &facts.old_lock {
        OldLock::Base(packages) => packages.as_slice(),
        OldLock::Unknown | OldLock::Judged | OldLock::Replaced(_) => &[],
    };
    facts.packages.iter().chain(base).filter(|package| {
        package.id.version == record.version && package.id.crate_id().as_ref() == Some(&record.crate_id)
    })
}

/// The trees of this release that are allowed.
fn allowed<'f>(facts: &'f Facts, record: &'f ReleaseRecord) -> impl Iterator<Item = Checksum> + 'f {
    let list = facts.surroundings.allowed.as_ref();
    let ids = locked_as(facts, record).filter_map(|package| AllowedId::of(&package.id));
    ids.filter_map(move |id| list?.releases.get(&id).map(|release| release.tree))
}

/// Whether both are known and not the same.
fn differ<T: PartialEq>(known: Option<T>, said: Option<T>) -> bool {
    known.zip(said).is_some_and(|(known, said)| known != said)
}

/// Whether the proof holds beside it.
///
/// It does not where the way leads to other *sources* than the vendored ones, to output that was not built from them, or puts another
/// program in the place of cargo, of this one, or (by `[env]`, which no honest project needs for it) of the compiler and what it
/// loads: then the build is not of what was looked at, wherever the setting stands. It does where a *program or an argument* is set that
/// cargo runs: the sources are still the approved ones, projects need such settings (a linker for another platform, a compiler
/// cache), and those of the repository are in front of its reviewers, as its own build scripts are. A toolchain that the
/// caller's own environment names is the caller's choice.
#[must_use]
pub(crate) const fn weight(way: &WayAround) -> Weight {
    match way.kind {
        WayKind::Paths
        | WayKind::ConfigPatch
        | WayKind::PatchOutside
        | WayKind::SourceOverride
        | WayKind::LegacyConfig
        | WayKind::LockfilePath
        | WayKind::SequesterAlias
        | WayKind::AliasOptions
        | WayKind::EnvOverride
        | WayKind::BuildOutput
        | WayKind::TargetDir => Weight::Fails,
        WayKind::ToolchainPath if !matches!(way.scope, Scope::Environment) => Weight::Fails,
        WayKind::ManifestPatch
        | WayKind::OtherSource
        | WayKind::VendoredPlace
        | WayKind::OtherLockFile
        | WayKind::LockFileGone
        | WayKind::Submodule
        | WayKind::LinkOut
        | WayKind::UntrackedSource
        | WayKind::Program
        | WayKind::Runner
        | WayKind::Flags
        | WayKind::LinksOverride
        | WayKind::CredentialProvider
        | WayKind::BuiltinAlias
        | WayKind::AliasManifest
        | WayKind::AliasInstall
        | WayKind::EnvTable
        | WayKind::ToolchainPath
        | WayKind::IndexWay
        | WayKind::FetchCheck => Weight::Warns,
    }
}

/// Weighs each; what breaks the proof first, each kind in a fixed order.
#[must_use]
pub(crate) fn weighed(ways: Vec<WayAround>) -> Vec<(Weight, WayAround)> {
    let mut weighed: Vec<_> = ways.into_iter().map(|way| (weight(&way), way)).collect();
    // Stable: of one kind the order is the one in which cargo would come upon them.
    weighed.sort_by_key(|(weight, way)| (*weight, way.scope, way.kind));
    weighed
}
