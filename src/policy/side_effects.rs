//! What a change does beside what it locks: its ways around, weighed, and its own events, held against what is known without them.

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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::sync::Arc;

    use super::{MOST_CRATES, side_effects, wanted};
    use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
    use crate::model::facts::{AddedEvents, IndexFact, OldLock};
    use crate::model::history::{History, Standing};
    use crate::model::recorded::Recorded;
    use crate::model::side_effect::{RecordedFact, SideEffect, TrailFault, TrailWitness};
    use crate::model::trail::release::ReasonRecord;
    use crate::model::trail::{CLOCK_TOLERANCE, Event, EventFileName, EventId, Kind, ReleaseRecord};
    use crate::model::verdict::ReasonCode;
    use crate::policy::by_hand::{
        World, checksum, crates_io, days_ago, event, line, now, package, trail, version, vulnerability,
    };

    fn release(name: &str, number: &str) -> ReleaseRecord {
        ReleaseRecord::new(crates_io(name), version(number))
    }

    fn instead_of(number: &str, record: ReleaseRecord) -> ReleaseRecord {
        ReleaseRecord { replaced: Some(version(number)), ..record }
    }

    fn added(events: Vec<Event>) -> AddedEvents {
        let named = |(at, event): (usize, Event)| {
            let id = EventId::of(&at.to_le_bytes());
            (EventFileName::new(event.written(), id), event)
        };
        AddedEvents { events: events.into_iter().enumerate().map(named).collect(), problems: Vec::new() }
    }

    /// What is told of events that a change adds.
    fn told(world: World, events: Vec<Event>) -> Vec<TrailFault> {
        let world = world.with(|world| world.facts.trail.added = added(events));
        let effects = side_effects(&world.judge()).into_iter();
        effects
            .map(|effect| match effect {
                SideEffect::Trail { fault, .. } => fault,
                SideEffect::Way { way, .. } => panic!("{way:?}"),
            })
            .collect()
    }

    fn updated(releases: Vec<ReleaseRecord>) -> Event {
        event(Kind::Updated, days_ago(1), releases)
    }

    fn of_many_crates(count: usize) -> Vec<Event> {
        vec![updated((0..count).map(|at| release(&format!("crate-{at}"), "1.0.0")).collect())]
    }

    #[test]
    fn too_many_crates_that_only_events_name_are_not_asked_about_and_said_so_once() {
        let asked = |count| wanted(&added(of_many_crates(count)), |_| false, |id| &*id.name == "crate-0").len();
        // One of them is locked.
        assert_eq!([MOST_CRATES, MOST_CRATES + 1, MOST_CRATES + 2].map(asked), [MOST_CRATES, MOST_CRATES + 1, 1]);
        let told = |count| {
            // One was asked about, and its registry could not answer.
            let asked = World::new().with(|world| {
                let gap = crate::model::evaluation::IndexGap::NotCached;
                world.facts.index.insert(crates_io("crate-0"), IndexFact::Unavailable(gap));
            });
            told(asked, of_many_crates(count))
        };
        let unconfirmed = |at: usize| TrailFault::Unconfirmed { release: format!("pkg:cargo/crate-{at}@1.0.0") };
        assert_eq!(told(MOST_CRATES + 1), (0..=MOST_CRATES).map(unconfirmed).collect::<Vec<_>>());
        assert_eq!(told(MOST_CRATES + 2), [unconfirmed(0), TrailFault::TooMany { crates: MOST_CRATES + 1 }]);
    }

    #[test]
    fn an_event_may_be_ahead_of_the_clock_by_as_much_as_clocks_differ() {
        let clock = now();
        let told = |seconds: i64| {
            let world = World::new().with(|world| world.facts.trail.machine_clock = Some(clock));
            let written = CLOCK_TOLERANCE.after(clock) + jiff::SignedDuration::from_secs(seconds);
            (told(world, vec![event(Kind::Updated, written, Vec::new())]), TrailFault::Ahead { written, now: clock })
        };
        assert_eq!(told(0).0, []);
        let (found, ahead) = told(1);
        assert_eq!(found, [ahead]);
    }

    #[test]
    fn where_no_registry_answers_the_bases_trail_confirms_a_moment_and_no_other() {
        let at = |days: i64| ReleaseRecord { pubtime: Some(days_ago(days)), ..release("foo", "1.0.0") };
        let told = |recorded: Option<i64>, said: ReleaseRecord| {
            let world = World::new().lock("foo", "1.0.0", &["app"]).with(|world| {
                let events = recorded.map(|days| event(Kind::Updated, days_ago(2), vec![at(days)]));
                world.facts.trail.recorded = Recorded::of(&trail(events.into_iter().collect()));
            });
            told(world, vec![updated(vec![said])])
        };
        let release = "pkg:cargo/foo@1.0.0".to_owned();
        let unconfirmed = || TrailFault::Unconfirmed { release: release.clone() };
        assert_eq!(told(Some(30), at(30)), []);
        assert_eq!(told(None, at(30)), [unconfirmed()]);
        assert_eq!(told(None, ReleaseRecord { pubtime: None, ..at(30) }), []);
        let (fact, witness) = (RecordedFact::Pubtime, TrailWitness::Base);
        let contradicts = TrailFault::Contradicts { release: release.clone(), fact, witness };
        assert_eq!(told(Some(30), at(31)), [contradicts, unconfirmed()]);
    }

    #[test]
    fn what_an_event_says_was_replaced_must_be_known_to_somebody() {
        let world = || World::new().publish("foo", "1.0.0", 90).publish("foo", "1.1.0", 60);
        let told =
            |world: World, replaced| told(world, vec![updated(vec![instead_of(replaced, release("foo", "1.1.0"))])]);
        // The registry has it; a lock file had it; nobody ever saw it.
        assert_eq!(told(world(), "1.0.0"), []);
        let base = || OldLock::Base(vec![package("foo", "0.9.0")]);
        assert_eq!(told(world().with(|world| world.facts.old_lock = base()), "0.9.0"), []);
        assert_eq!(told(world(), "0.9.0"), [TrailFault::Unknown { release: "pkg:cargo/foo@0.9.0".to_owned() }]);
    }

    /// Only a registry that answered in this run can say that there is no such release.
    #[test]
    fn a_release_that_nobody_has_is_unknown_where_its_registry_answered() {
        let with = |standing| {
            World::new().publish("foo", "1.0.0", 90).with(|world| {
                let text = line("foo", "1.0.0", days_ago(90), &[]).to_string();
                let history = History::from_lines("foo", text, standing);
                world.facts.index.insert(crates_io("foo"), IndexFact::Read(Arc::new(history)));
            })
        };
        let told = |world: World, record| told(world, vec![updated(vec![record])]);
        let release_of = |number: &str| format!("pkg:cargo/foo@{number}");
        let cached = || with(Standing::Cached(None));
        assert_eq!(told(with(Standing::Confirmed), release("foo", "1.0.0")), []);
        assert_eq!(
            told(with(Standing::Confirmed), release("foo", "1.1.0")),
            [TrailFault::Unknown { release: release_of("1.1.0") }]
        );
        assert_eq!(told(cached(), release("foo", "1.1.0")), [TrailFault::Unconfirmed { release: release_of("1.1.0") }]);
        // What a lock file has is known, whatever became of it at its registry.
        let locked = |world: World| world.lock("foo", "1.1.0", &["app"]);
        assert_eq!(told(locked(with(Standing::Confirmed)), release("foo", "1.1.0")), []);
        assert_eq!(told(locked(cached()), release("foo", "1.1.0")), []);
    }

    #[test]
    fn what_an_event_says_is_held_against_the_index_unless_it_says_itself_that_two_did_not_agree() {
        let world = || World::new().publish("foo", "1.0.0", 90);
        let told = |record| told(world(), vec![updated(vec![record])]);
        let contradicts = |fact| {
            let release = "pkg:cargo/foo@1.0.0".to_owned();
            TrailFault::Contradicts { release, fact, witness: TrailWitness::Index }
        };
        let said = |days, bytes: &str| ReleaseRecord {
            pubtime: Some(days_ago(days)),
            checksum: Some(checksum(bytes)),
            ..release("foo", "1.0.0")
        };
        assert_eq!(told(said(90, "foo@1.0.0")), []);
        assert_eq!(told(said(91, "foo@1.0.0")), [contradicts(RecordedFact::Pubtime)]);
        assert_eq!(told(said(90, "other")), [contradicts(RecordedFact::Checksum)]);
        let reason = ReasonRecord { about: None, code: ReasonCode::ChecksumMismatch, signal: None, until: None };
        assert_eq!(told(ReleaseRecord { reasons: vec![reason], ..said(91, "other") }), []);
    }

    /// Its bytes and its moment are held against what the base's trail, the list of what is vendored and the lock file have.
    #[test]
    fn what_an_event_says_is_held_against_everything_that_is_recorded_already() {
        let said = |of: &str, tree: &str| ReleaseRecord {
            checksum: Some(checksum(of)),
            tree: Some(checksum(tree)),
            ..release("foo", "1.0.0")
        };
        let told = |record: ReleaseRecord, is_locked: bool| {
            let world = World::new().publish("foo", "1.0.0", 90);
            let world = if is_locked { world.lock("foo", "1.0.0", &["app"]) } else { world };
            let world = world.with(|world| {
                let before = event(Kind::Vendored, days_ago(2), vec![said("foo@1.0.0", "tree")]);
                world.facts.trail.recorded = Recorded::of(&trail(vec![before]));
                let known = AllowedRelease { checksum: None, tree: checksum("tree"), stub: false };
                let id = AllowedId::of(&package("foo", "1.0.0").id).unwrap();
                world.facts.surroundings.allowed =
                    Some(AllowList { releases: [(id, known)].into(), platforms: Vec::new() });
            });
            told(world, vec![updated(vec![record])])
        };
        let contradicts = |fact, witness| {
            let release = "pkg:cargo/foo@1.0.0".to_owned();
            TrailFault::Contradicts { release, fact, witness }
        };
        let (bytes, tree) = (RecordedFact::Checksum, RecordedFact::Tree);
        assert_eq!(told(said("foo@1.0.0", "tree"), true), []);
        let others = || said("other", "tree");
        assert_eq!(
            told(others(), true),
            [TrailWitness::Base, TrailWitness::LockFile, TrailWitness::Index].map(|by| contradicts(bytes, by))
        );
        assert_eq!(told(others(), false), [TrailWitness::Base, TrailWitness::Index].map(|by| contradicts(bytes, by)));
        assert_eq!(told(said("foo@1.0.0", "other"), true), [contradicts(tree, TrailWitness::AllowList)]);
        // What nothing locks has no tree that would count.
        assert_eq!(told(said("foo@1.0.0", "other"), false), []);
        let reason = ReasonRecord { about: None, code: ReasonCode::ChecksumMismatch, signal: None, until: None };
        assert_eq!(told(ReleaseRecord { reasons: vec![reason], ..others() }, true), []);
    }

    /// A release whose line nobody can read is as good as none, and a registry that has no such crate knows no release of it.
    #[test]
    fn a_line_that_cannot_be_read_and_a_crate_that_is_gone_are_no_release() {
        let told = |fact: IndexFact| {
            let world = World::new().with(|world| drop(world.facts.index.insert(crates_io("foo"), fact)));
            told(world, vec![updated(vec![release("foo", "1.0.0")])])
        };
        let unknown = [TrailFault::Unknown { release: "pkg:cargo/foo@1.0.0".to_owned() }];
        let line = line("foo", "1.0.0", days_ago(90), &[]).to_string().replace("\"cksum\"", "\"none\"");
        let history = History::from_lines("foo", line, Standing::Confirmed);
        assert_eq!(told(IndexFact::Read(Arc::new(history))), unknown);
        assert_eq!(told(IndexFact::Gone), unknown);
    }

    /// Whose use would make a fix needed.
    #[test]
    fn a_release_that_an_advisory_hits_was_in_use_only_where_its_successor_says_so() {
        let world = || {
            let world =
                World::new().publish("foo", "1.0.0", 90).publish("foo", "1.1.0", 60).publish("bar", "2.0.0", 60);
            world.publish("bar", "1.0.0", 90).advise(vulnerability("foo", &[">= 1.1.0"]))
        };
        let told = |other| told(world(), vec![updated(vec![release("foo", "1.0.0")]), updated(vec![other])]);
        let not_locked = || TrailFault::NotLocked { release: "pkg:cargo/foo@1.0.0".to_owned() };
        assert_eq!(told(instead_of("1.0.0", release("foo", "1.1.0"))), []);
        assert_eq!(told(release("foo", "1.1.0")), [not_locked()]);
        assert_eq!(told(instead_of("1.0.0", release("bar", "2.0.0"))), [not_locked()]);
    }
}
