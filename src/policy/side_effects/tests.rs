//! What is told of ways around and of events that a change brings.
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
    let told = |world: World, replaced| told(world, vec![updated(vec![instead_of(replaced, release("foo", "1.1.0"))])]);
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
        let world = World::new().publish("foo", "1.0.0", 90).publish("foo", "1.1.0", 60).publish("bar", "2.0.0", 60);
        world.publish("bar", "1.0.0", 90).advise(vulnerability("foo", &[">= 1.1.0"]))
    };
    let told = |other| told(world(), vec![updated(vec![release("foo", "1.0.0")]), updated(vec![other])]);
    let not_locked = || TrailFault::NotLocked { release: "pkg:cargo/foo@1.0.0".to_owned() };
    assert_eq!(told(instead_of("1.0.0", release("foo", "1.1.0"))), []);
    assert_eq!(told(release("foo", "1.1.0")), [not_locked()]);
    assert_eq!(told(instead_of("1.0.0", release("bar", "2.0.0"))), [not_locked()]);
}
