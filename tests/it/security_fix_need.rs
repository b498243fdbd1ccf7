//! Whether a security fix is needed: what is locked, what would have done, and as of when.

use cargo_sequester::door::model::evaluation::FixStanding;
use cargo_sequester::door::model::facts::OldLock;
use cargo_sequester::door::model::policy::{AgeOverride, Origin, Setting};
use cargo_sequester::door::model::recorded::Recorded;
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::trail::{Event, EventId, Kind, ReleaseRecord, Tools, Trail};
use cargo_sequester::door::model::verdict::{Basis, FixNeed, LockedBy, Verdict};

use crate::support::facts::{
    Line, World, advisory, age, crates_io, date, days_ago, hours_ago, now, version, vulnerability,
};
use cargo_sequester::door::model::advisory::AdvisoryKind;

/// `foo` 1.2.0 is old and hit, 1.2.3 mends it and is two days old.
fn index() -> World {
    World::new()
        .publish(Line::new("foo", "1.2.0"))
        .publish(Line::new("foo", "1.2.3").days_old(2))
        .advise(vulnerability("foo", &[">=1.2.3"]))
}

fn need(world: &World, name: &str) -> Option<FixNeed> {
    match world.judgement(name).verdict {
        Some(Verdict::Approved(Basis::SecurityFix { need, .. })) => Some(need),
        _ => None,
    }
}

fn vulnerable(text: &str, locked_by: LockedBy) -> FixNeed {
    FixNeed::Vulnerable { version: version(text), locked_by }
}

fn with_trail(world: World, events: &[(&str, Option<&str>)]) -> World {
    let mut trail = Trail { events: [].into(), heads: [].into(), problems: Vec::new() };
    for (hours, (recorded, replaced)) in (0..).zip(events) {
        let tools = Tools { cargo: None, sequester: version("0.1.0") };
        let mut event = Event::new(Kind::Updated, hours_ago(240 - hours), tools);
        let mut record = ReleaseRecord::new(crates_io("foo"), version(recorded));
        record.replaced = replaced.map(version);
        event.releases = vec![record];
        let id = EventId::of(&event.to_bytes().unwrap());
        trail.events.insert(id, event);
        trail.heads = [id].into();
    }
    world.with(|world| world.trail.recorded = Recorded::of(&trail))
}

fn longer(world: World, name: &str, minimum: &str) -> World {
    world.with(|world| {
        world.policy.overrides.push(AgeOverride {
            crates: vec![name.into()],
            registry: Registry::CratesIo,
            min_publish_age: Setting { value: age(minimum), origin: Origin::Default },
            reason: None,
        });
    })
}

#[test]
fn what_made_it_needed_is_named() {
    let (locked, fixed) = (index().lock("foo", "1.2.0"), index().lock("foo", "1.2.3"));
    let fixes = locked.judgement("foo").fixes;
    let FixStanding::Approved(Basis::SecurityFix { need: offered, .. }) = &fixes[0].standing else {
        panic!("{fixes:?}")
    };
    assert_eq!(*offered, vulnerable("1.2.0", LockedBy::LockFile));
    assert_eq!(need(&fixed, "foo"), Some(FixNeed::Locked { instead_of: version("1.2.0") }));
    assert_eq!(need(&fixed.clone().after(&locked), "foo"), Some(vulnerable("1.2.0", LockedBy::Base)));
    let replaced = fixed.clone().with(|world| world.ground = OldLock::Replaced(locked.packages.clone()));
    assert_eq!(need(&replaced, "foo"), Some(vulnerable("1.2.0", LockedBy::ReplacedLockFile)));
    let not_locked = Some(FixNeed::NotLocked { instead_of: version("1.2.0") });
    assert_eq!(need(&fixed.clone().after(&index()), "foo"), not_locked);
    assert_eq!(need(&fixed.clone().with(|world| world.ground = OldLock::Replaced(Vec::new())), "foo"), not_locked);
    // Nobody said what was locked before.
    let unknown = fixed.with(|world| world.ground = OldLock::Unknown);
    assert_eq!(unknown.outcome("foo"), "quarantined too-new");
}

#[test]
fn what_the_trail_has_in_use_counts_as_locked() {
    let other_line = index().publish(Line::new("foo", "0.9.0")).lock("foo", "0.9.0");
    let moved = |events: &[(&str, Option<&str>)]| {
        with_trail(index().publish(Line::new("foo", "0.9.0")).lock("foo", "1.2.3").after(&other_line), events)
    };
    assert_eq!(need(&moved(&[]), "foo"), None);
    assert_eq!(need(&moved(&[("1.2.0", None)]), "foo"), Some(vulnerable("1.2.0", LockedBy::Trail)));
    // Not what it says that the project moved off, and not what is not hit.
    assert_eq!(need(&moved(&[("1.2.0", None), ("0.9.0", Some("1.2.0"))]), "foo"), None);
    assert_eq!(need(&moved(&[("0.9.0", None)]), "foo"), None);
}

#[test]
fn nobody_needs_it_where_the_locked_release_is_not_hit() {
    let index = || {
        World::new()
            .publish(Line::new("foo", "1.0.0"))
            .publish(Line::new("foo", "1.2.0"))
            .publish(Line::new("foo", "1.2.3").days_old(2))
            .publish(Line::new("foo", "2.0.0"))
            .advise(advisory("RUSTSEC-2026-9001", "foo", AdvisoryKind::Vulnerability, &[">=1.2.3"], &["<1.1.0"]))
    };
    let moved = || index().lock("foo", "1.2.3");
    assert_eq!(moved().after(&index().lock("foo", "1.2.0")).outcome("foo"), "approved fix");
    for locked in ["1.0.0", "2.0.0"] {
        let before = index().lock("foo", locked);
        assert_eq!(moved().after(&before).outcome("foo"), "quarantined too-new", "{locked}");
        assert!(before.judgement("foo").fixes.is_empty());
    }
    // What only the change locks beside it makes nothing needed.
    let beside = moved().lock("foo", "1.2.0").after(&index().lock("foo", "1.0.0"));
    assert!(!beside.evaluate().judgements[1].passes());
}

#[test]
fn a_release_of_the_usual_age_that_would_do_is_no_less_one_for_being_yanked() {
    let world = |other: Line| index().publish(other).lock("foo", "1.2.0");
    let offered = |world: &World| matches!(world.judgement("foo").fixes[0].standing, FixStanding::Approved(_));
    assert!(offered(&index().lock("foo", "1.2.0")));
    // The fix is a backport; what came before it is not hit.
    let would_do = || Line::new("foo", "1.3.0");
    for other in [would_do(), would_do().days_old(8), would_do().yanked(), would_do().pubtime(None)] {
        let moved = world(other.clone()).with(|world| {
            let fix = index().lock("foo", "1.2.3").packages[1].clone();
            world.ground = OldLock::Base(world.packages.clone());
            world.packages[1] = fix;
        });
        assert_eq!(moved.outcome("foo"), "quarantined too-new", "{other:?}");
    }
    // It had not the usual age when the fix could first be used, a day ago; it is of another line; only who asks for it has it.
    assert!(offered(&world(would_do().at(hours_ago(8 * 24 - 1)))));
    assert!(offered(&world(Line::new("foo", "2.0.0"))));
    assert!(offered(&world(Line::new("foo", "1.3.0-rc.1"))));
    // One below everything that is hit is no way out: it would be a downgrade.
    let unaffected = advisory("RUSTSEC-2026-9001", "foo", AdvisoryKind::Vulnerability, &[">=1.2.3"], &["<1.1.0"]);
    let below = index().publish(Line::new("foo", "1.0.0")).lock("foo", "1.2.0").with(|world| {
        world.db.as_mut().unwrap().by_crate.clear();
    });
    assert!(offered(&below.advise(unaffected)));
}

#[test]
fn something_of_the_usual_age_must_be_hit() {
    let world = |older: Line| {
        index()
            .with(|world| world.lines.clear())
            .publish(Line::new("foo", "0.1.0"))
            .publish(older)
            .publish(Line::new("foo", "1.2.3").days_old(2))
    };
    let outcome = |older: Line| world(older).lock("foo", "1.2.3").outcome("foo");
    assert_eq!(outcome(Line::new("foo", "1.2.0").at(hours_ago(8 * 24))), "approved fix");
    assert_eq!(outcome(Line::new("foo", "1.2.0").yanked()), "approved fix");
    // Young when the fix could first be used, of unknown age, of another line, or one that the fix cannot take the place of.
    assert_eq!(outcome(Line::new("foo", "1.2.0").at(hours_ago(8 * 24 - 1))), "quarantined too-new");
    assert_eq!(outcome(Line::new("foo", "1.2.0").pubtime(None)), "quarantined too-new");
    assert_eq!(outcome(Line::new("foo", "0.9.0")), "quarantined too-new");
}

#[test]
fn requirements_decide_what_would_do_their_lower_bounds_left_aside() {
    let offered = |reqs: &[&str]| {
        let world = index().publish(Line::new("foo", "1.3.0"));
        let world = reqs.iter().fold(world, |world, req| world.require("foo", req)).lock("foo", "1.2.0");
        matches!(world.judgement("foo").fixes[0].standing, FixStanding::Approved(_))
    };
    for keeps_out in ["~1.2", "~1.2.0", "<1.3", "<1.3.0", "<=1.2", "<=1.2.9", "=1.2.0", "=1.2", "1.2.*", ">=1, <1.3"] {
        assert!(offered(&[keeps_out]), "{keeps_out}");
        assert!(offered(&["^1.2", keeps_out]), "{keeps_out}");
    }
    for lets_in in ["^1", "1.2.0", "*", ">=1.2", "<=1.3", "<=1.3.0", "<1.3.1", "<2", "1.*", "~1", ">1.0"] {
        assert!(!offered(&[lets_in]), "{lets_in}");
    }
    assert!(!offered(&[]));
    // One that the locked release does not answer is not what it is locked for.
    assert!(!offered(&["=1.2.9"]));
    let zero = |req: &str, other: &str| {
        let world = World::new()
            .publish(Line::new("foo", "0.2.0"))
            .publish(Line::new("foo", "0.2.3").days_old(2))
            .publish(Line::new("foo", other))
            .require("foo", req)
            .lock("foo", "0.2.0")
            .advise(vulnerability("foo", &[">=0.2.3"]));
        matches!(world.judgement("foo").fixes[0].standing, FixStanding::Approved(_))
    };
    assert!(!zero("^0.2", "0.2.9"));
    assert!(!zero("0", "0.2.9"));
    assert!(zero("^0.2", "0.3.0"));
    assert!(zero("=0.2.0", "0.2.9"));
}

#[test]
fn requirements_of_locked_crates_count_like_those_of_manifests() {
    let world = |req: &str| {
        index()
            .publish(Line::new("foo", "1.3.0"))
            .publish(Line::new("user", "1.0.0").dep("foo", req))
            .lock("user", "1.0.0")
            .lock_below("user", "foo", "1.2.0")
    };
    let offered = |world: &World| matches!(world.judgement("foo").fixes[0].standing, FixStanding::Approved(_));
    assert!(offered(&world("~1.2")));
    assert!(!offered(&world("^1.2")));
    // Where nobody knows what it asks, it keeps nothing out.
    let unread = world("~1.2").with(|world| drop(world.lines.remove(&crates_io("user"))));
    assert!(!offered(&unread));
}

#[test]
fn a_change_cannot_narrow_or_raise_its_requirements_into_a_need() {
    let index = || {
        World::new()
            .publish(Line::new("foo", "1.2.0"))
            .publish(Line::new("foo", "1.2.5"))
            .publish(Line::new("foo", "1.3.0"))
            .publish(Line::new("foo", "1.3.1").days_old(2))
            .advise(vulnerability("foo", &[">=1.2.5, <1.3.0", ">=1.3.1"]))
    };
    let before = index().require("foo", "^1").lock("foo", "1.2.0");
    for req in ["~1.3", "=1.3.1", ">=1.3.1", "^1.3"] {
        let change = index().require("foo", req).lock("foo", "1.3.1");
        assert_eq!(change.clone().after(&before).outcome("foo"), "quarantined too-new", "{req}");
        // Raised, it leaves out 1.2.5 also where there is no base; an upper end would be believed.
        assert_eq!(change.outcome("foo"), "quarantined too-new", "{req}");
    }
    // Raising the bound to a fix that is needed does not spoil it.
    let raised = self::index().require("foo", "^1.2.3").lock("foo", "1.2.3");
    assert_eq!(raised.outcome("foo"), "approved fix");
    assert_eq!(raised.after(&self::index().require("foo", "^1.2").lock("foo", "1.2.0")).outcome("foo"), "approved fix");
}

#[test]
fn a_pre_release_would_do_only_where_one_of_its_number_is_in_use() {
    let index = || {
        World::new()
            .publish(Line::new("foo", "2.0.0-rc.1"))
            .publish(Line::new("foo", "2.0.0-rc.3"))
            .publish(Line::new("foo", "2.0.0").days_old(2))
            .advise(vulnerability("foo", &[">=2.0.0-rc.2, <2.0.0-rc.4", ">=2.0.0"]))
    };
    let moved = |before: World| index().lock("foo", "2.0.0").after(&before.lock("foo", "2.0.0-rc.1")).outcome("foo");
    assert_eq!(moved(index().require("foo", "^2.0.0-rc.1")), "quarantined too-new");
    assert_eq!(moved(index()), "quarantined too-new");
    assert_eq!(moved(index().require("foo", "<2.0.0-rc.2")), "approved fix");
}

#[test]
fn the_need_is_judged_as_of_a_moment_that_does_not_pass() {
    // An aged release comes up while the fix is still too new: what was approved stays so.
    let world = index().publish(Line::new("foo", "1.3.0").at(hours_ago(8 * 24 - 1))).lock("foo", "1.2.3");
    assert_eq!(world.outcome("foo"), "approved fix");
    let later = |world: &World, hours: i64| {
        let world = world.clone().with(|world| {
            let db = world.db.as_mut().unwrap();
            (db.committed, db.confirmed) = (Some(hours_ago(-hours)), Some(hours_ago(-hours)));
        });
        world.outcome_at("foo", hours_ago(-hours))
    };
    assert_eq!(later(&world, 4 * 24), "approved fix");
    assert_eq!(later(&world, 5 * 24), "approved aged");
    // An advisory that comes after its fix finds what has the usual age by then.
    let advised = |day: &str| {
        let world = index().publish(Line::new("foo", "1.3.0").at(hours_ago(7 * 24 + 12))).lock("foo", "1.2.3");
        world.with(|world| {
            world.db.as_mut().unwrap().by_crate.values_mut().flatten().for_each(|one| one.date = date(day));
        })
    };
    assert_eq!(advised("2026-11-21").outcome("foo"), "approved fix");
    assert_eq!(advised("2026-11-22").outcome("foo"), "quarantined too-new");
}

#[test]
fn each_crate_is_held_to_its_own_minimum_age() {
    // With a longer one, nothing was old enough; with a shorter one, something was.
    let world = || index().lock("foo", "1.2.3").with(|world| world.lines.clear()).publish(Line::new("foo", "0.1.0"));
    let with = |older: i64| {
        world().publish(Line::new("foo", "1.2.0").days_old(older)).publish(Line::new("foo", "1.2.3").days_old(2))
    };
    assert_eq!(with(10).outcome("foo"), "approved fix");
    assert_eq!(longer(with(10), "foo", "10 days").outcome("foo"), "quarantined too-new");
    assert_eq!(longer(with(11), "foo", "10 days").outcome("foo"), "approved fix");
    assert_eq!(with(5).outcome("foo"), "quarantined too-new");
    assert_eq!(longer(with(5), "foo", "3 days").outcome("foo"), "approved fix");
}

#[test]
fn an_override_does_not_make_passing_time_take_back_what_came_along() {
    let at = |days| jiff::tz::TimeZone::UTC.to_datetime(days_ago(days)).date();
    let lines = |name: &str, days: i64| {
        index()
            .with(|world| world.lines.clear())
            .publish(Line::new("foo", "1.2.0").dep("foo_derive", "=1.2.0"))
            .publish(Line::new("foo", "1.2.3").days_old(days).dep("foo_derive", "=1.2.3"))
            .publish(Line::new("foo_derive", "1.2.0"))
            .publish(Line::new("foo_derive", "1.2.3").days_old(days))
            .lock(name, "1.2.3")
    };
    let world = |days: i64, advised: i64| {
        lines("foo", days).lock_below("foo", "foo_derive", "1.2.3").with(|world| {
            world.db.as_mut().unwrap().by_crate.values_mut().flatten().for_each(|one| one.date = at(advised));
        })
    };
    // A companion that waits longer than the fixed crate.
    let longer_companion = longer(world(40, 41), "foo_derive", "60 days");
    assert_eq!(longer_companion.outcome("foo_derive"), "approved companion of foo 1.2.3");
    // A fixed crate that waits less than the companion.
    let shorter_fix = longer(world(5, 34), "foo", "2 days");
    assert_eq!(shorter_fix.outcome("foo_derive"), "approved companion of foo 1.2.3");
    assert_eq!(shorter_fix.outcome("foo"), "approved aged");
    assert_eq!(now(), days_ago(0));
}
