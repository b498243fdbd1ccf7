//! The security fix, condition by condition: each with a case that it admits and the nearest one that it does not.

use crate::support::facts::{Line, World, advisory, age, checksum, crates_io, date, hours_ago, version, vulnerability};
use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::evaluation::FixStanding;
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::policy::{Ban, Ignore, Level};
use cargo_sequester::door::model::signal::SignalLevel;
use cargo_sequester::door::model::verdict::Reason;

/// `foo` 1.2.0 is old and hit; 1.2.3 mends it and is two days old; the lock file has moved to it.
fn fixed() -> World {
    World::new()
        .publish(Line::new("foo", "1.2.0"))
        .publish(Line::new("foo", "1.2.3").days_old(2))
        .lock("foo", "1.2.3")
        .advise(vulnerability("foo", &[">=1.2.3"]))
}

/// The same with another fix line and another advisory.
fn fixed_by(line: Line, patched: &[&str]) -> World {
    let locked = line.version.clone();
    World::new()
        .publish(Line::new("foo", "1.2.0"))
        .publish(line)
        .lock("foo", &locked)
        .advise(vulnerability("foo", patched))
}

#[test]
fn the_named_release_comes_before_its_time() {
    assert_eq!(fixed().outcome("foo"), "approved fix");
    assert_eq!(
        fixed().with(|world| world.policy.quarantine.security_fix = false).outcome("foo"),
        "quarantined too-new"
    );
    assert_eq!(fixed().with(|world| world.db = None).outcome("foo"), "quarantined too-new");
    // Nothing to lift once it has the usual age.
    assert_eq!(fixed_by(Line::new("foo", "1.2.3").days_old(7), &[">=1.2.3"]).outcome("foo"), "approved aged");
}

#[test]
fn e7_only_the_named_bound_is_admitted_and_not_what_follows() {
    let later = || Line::new("foo", "1.2.4").days_old(2);
    let world = fixed().publish(later()).lock("foo", "1.2.4");
    assert_eq!(world.outcome("foo"), "quarantined too-new");
    // An upper end is no name, and a gap between ranges names only what starts a range.
    let world = fixed_by(later(), &["<=1.2.4, >=1.2.3"]);
    assert_eq!(world.outcome("foo"), "quarantined too-new");
}

#[test]
fn lower_bounds_of_every_kind() {
    let named = |bound: &str, line: &str| fixed_by(Line::new("foo", line).days_old(2), &[bound]).outcome("foo");
    for bound in [">=1.3.0", "^1.3.0", "=1.3.0", "~1.3.0", ">=1.3", "^1.3", ">=1.3.0, <2.0.0"] {
        assert_eq!(named(bound, "1.3.0"), "approved fix", "{bound}");
    }
    // `> 1.2.9` names no release, neither 1.2.9 (which is hit) nor the next.
    assert_eq!(named(">1.2.9", "1.2.10"), "quarantined too-new");
    assert_eq!(named(">1.2.9", "1.2.9"), "rejected too-new advisory");
    // A bound that never existed admits nothing, also not the first release behind it.
    assert_eq!(named(">=1.2.5", "1.2.6"), "quarantined too-new");
}

#[test]
fn each_of_several_ranges_names_its_release() {
    let world = || {
        World::new()
            .publish(Line::new("foo", "0.9.0"))
            .publish(Line::new("foo", "1.2.0"))
            .publish(Line::new("foo", "0.9.1").days_old(2))
            .publish(Line::new("foo", "1.2.3").days_old(2))
            .advise(vulnerability("foo", &["^0.9.1", ">=1.2.3"]))
    };
    assert_eq!(world().lock("foo", "0.9.1").outcome("foo"), "approved fix");
    assert_eq!(world().lock("foo", "1.2.3").outcome("foo"), "approved fix");
}

#[test]
fn pre_releases_and_build_metadata() {
    let world = |older: &str, fix: &str, bound: &str| {
        World::new()
            .publish(Line::new("foo", older))
            .publish(Line::new("foo", fix).days_old(2))
            .lock("foo", fix)
            .advise(vulnerability("foo", &[bound]))
    };
    assert_eq!(world("2.0.0-rc.1", "2.0.0-rc.2", ">=2.0.0-rc.2").outcome("foo"), "approved fix");
    // Cargo takes no pre-release where 1.2.0 is asked for, so it mends nothing for anybody.
    assert_eq!(world("1.2.0", "1.3.0-rc.1", ">=1.3.0-rc.1").outcome("foo"), "quarantined too-new");
    // A pre-release of the named number is not the named release.
    assert_eq!(world("1.2.0", "1.2.3-rc.1", ">=1.2.3").outcome("foo"), "rejected too-new advisory");
    // Build metadata is no part of a range; the number is what the advisory names.
    assert_eq!(world("1.2.0", "1.2.3+vendored", ">=1.2.3").outcome("foo"), "approved fix");
}

#[test]
fn c13_two_builds_of_one_number_are_not_one_fix() {
    let world = fixed_by(Line::new("foo", "1.2.3+b").days_old(2), &[">=1.2.3"]);
    assert_eq!(world.publish(Line::new("foo", "1.2.3+a").days_old(3)).outcome("foo"), "quarantined too-new");
}

#[test]
fn condition_1_what_kind_of_advisory_admits() {
    let with = |kind| {
        let mut world = fixed();
        world.db.as_mut().unwrap().by_crate.clear();
        world.advise(advisory("RUSTSEC-2026-9001", "foo", kind, &[">=1.2.3"], &[])).outcome("foo")
    };
    assert_eq!(with(AdvisoryKind::Vulnerability), "approved fix");
    for kind in [AdvisoryKind::Malicious, AdvisoryKind::Unsound, AdvisoryKind::Unmaintained, AdvisoryKind::Notice] {
        assert_eq!(with(kind), "quarantined too-new", "{kind:?}");
    }
    let withdrawn = |world: &mut World| {
        world.db.as_mut().unwrap().by_crate.values_mut().flatten().for_each(|advisory| advisory.withdrawn = true);
    };
    assert_eq!(fixed().with(withdrawn).outcome("foo"), "quarantined too-new");
}

#[test]
fn condition_1_a_bound_that_is_yanked_admits_nothing() {
    // As h2 0.3.17, yanked, and 0.3.18, which is what an attacker would publish.
    let world = World::new()
        .publish(Line::new("foo", "0.3.16"))
        .publish(Line::new("foo", "0.3.17").days_old(3).yanked())
        .publish(Line::new("foo", "0.3.18").days_old(2))
        .advise(vulnerability("foo", &[">=0.3.17"]));
    assert_eq!(world.clone().lock("foo", "0.3.17").outcome("foo"), "quarantined too-new");
    assert_eq!(world.clone().lock("foo", "0.3.18").outcome("foo"), "quarantined too-new");
    assert_eq!(world.lock("foo", "0.3.16").newest("foo"), None);
}

#[test]
fn what_is_offered_as_the_fix_is_not_hit_itself() {
    let world = World::new()
        .publish(Line::new("foo", "1.2.0"))
        .publish(Line::new("foo", "1.2.1"))
        .publish(Line::new("foo", "1.2.2").days_old(2))
        .publish(Line::new("foo", "1.2.3").days_old(2))
        .lock("foo", "1.2.0")
        .advise(vulnerability("foo", &[">=1.2.2"]));
    let fixes = world.judgement("foo").fixes;
    assert_eq!(fixes.iter().map(|fix| fix.version.to_string()).collect::<Vec<_>>(), ["1.2.2"]);
    assert_eq!(world.newest("foo").as_deref(), Some("1.2.2"));
}

#[test]
fn condition_3_no_rejected_advisory_hits_it() {
    let other = |kind, patched: &[&str]| {
        fixed().advise(advisory("RUSTSEC-2026-9002", "foo", kind, patched, &[])).outcome("foo")
    };
    assert_eq!(other(AdvisoryKind::Vulnerability, &[">=1.2.1"]), "approved fix");
    assert_eq!(other(AdvisoryKind::Vulnerability, &[">=1.2.4"]), "rejected too-new advisory");
    assert_eq!(other(AdvisoryKind::Malicious, &[]), "rejected too-new malicious");
    // One that the policy only warns of does not count, unless the policy rejects it.
    assert_eq!(other(AdvisoryKind::Unmaintained, &[]), "approved fix");
    let strict = fixed().advise(advisory("RUSTSEC-2026-9002", "foo", AdvisoryKind::Unsound, &[], &[]));
    let strict = strict.with(|world| world.policy.advisories.unsound = Level::Reject);
    assert_eq!(strict.outcome("foo"), "rejected too-new advisory");
}

#[test]
fn condition_3_a_day_old_and_known_to_the_database() {
    let aged = |hours: i64| fixed_by(Line::new("foo", "1.2.3").at(hours_ago(hours)), &[">=1.2.3"]);
    assert_eq!(aged(24).outcome("foo"), "approved fix");
    assert_eq!(aged(23).outcome("foo"), "quarantined too-new");
    let patient = |world: &mut World| world.policy.quarantine.security_fix_age = age("3 days");
    assert_eq!(aged(72).with(patient).outcome("foo"), "approved fix");
    assert_eq!(aged(71).with(patient).outcome("foo"), "quarantined too-new");
    // A database of before the release could not have known what is wrong with it.
    let committed = |hours: i64| aged(48).with(|world| world.db.as_mut().unwrap().committed = Some(hours_ago(hours)));
    assert_eq!(committed(47).outcome("foo"), "approved fix");
    assert_eq!(committed(48).outcome("foo"), "quarantined too-new");
    // Where the commit is not known, its newest advisory's day certainly is.
    let newest = |day: &str| {
        aged(48).with(|world| {
            let db = world.db.as_mut().unwrap();
            (db.committed, db.newest) = (None, Some(date(day)));
        })
    };
    assert_eq!(newest("2026-11-21").outcome("foo"), "approved fix");
    assert_eq!(newest("2026-11-20").outcome("foo"), "quarantined too-new");
    let nothing = |world: &mut World| {
        let db = world.db.as_mut().unwrap();
        (db.committed, db.newest) = (None, None);
    };
    assert_eq!(aged(48).with(nothing).outcome("foo"), "quarantined too-new");
}

#[test]
fn condition_3_thirty_days_after_the_advisory() {
    let world = |day: &str| {
        fixed().with(|world| {
            world.db.as_mut().unwrap().by_crate.values_mut().flatten().for_each(|one| one.date = date(day));
        })
    };
    // Published on 20 November.
    assert_eq!(world("2026-10-21").outcome("foo"), "approved fix");
    assert_eq!(world("2026-10-20").outcome("foo"), "quarantined too-new");
    // Advisories come after their fixes, too.
    assert_eq!(world("2026-11-21").outcome("foo"), "approved fix");
}

#[test]
fn condition_3_stale_advisories_admit_nothing() {
    let confirmed = |hours: i64| fixed().with(|world| world.db.as_mut().unwrap().confirmed = Some(hours_ago(hours)));
    assert_eq!(confirmed(72).outcome("foo"), "approved fix");
    assert_eq!(confirmed(73).outcome("foo"), "quarantined too-new");
    let rolled_back = fixed().with(|world| world.db.as_mut().unwrap().rolled_back_from = Some("f00d".into()));
    assert_eq!(rolled_back.outcome("foo"), "quarantined too-new");
}

#[test]
fn only_too_new_is_lifted() {
    // The whole crate is young.
    let world = World::new()
        .publish(Line::new("foo", "1.2.0").days_old(20))
        .publish(Line::new("foo", "1.2.3").days_old(2))
        .lock("foo", "1.2.3")
        .advise(vulnerability("foo", &[">=1.2.3"]));
    assert_eq!(world.outcome("foo"), "quarantined new-crate");
    let unknown = |pubtime| fixed_by(Line::new("foo", "1.2.3").pubtime(pubtime), &[">=1.2.3"]).outcome("foo");
    assert_eq!(unknown(None), "rejected pubtime-unknown");
    assert_eq!(unknown(Some("2026-11-20T00:00:00+00:00")), "rejected pubtime-unknown");
    let banned = |world: &mut World| {
        world.policy.deny.push(Ban { crate_name: "foo".into(), req: None, text: "foo".into() });
    };
    assert_eq!(fixed().with(banned).outcome("foo"), "rejected too-new denied");
    // Other bytes than the index's are rejected whatever an advisory says.
    let other = fixed().with(|world| {
        world.packages[1].checksum = LockedChecksum::Known(checksum("other", "bytes"));
    });
    assert_eq!(other.outcome("foo"), "rejected checksum-mismatch");
}

#[test]
fn a_line_that_another_contradicts_is_no_fix() {
    let mut other = Line::new("foo", "1.2.3").days_old(3).text();
    other = other.replace(&checksum("foo", "1.2.3").to_string(), &checksum("foo", "other").to_string());
    let world = fixed().with(|world| world.lines.get_mut(&crates_io("foo")).unwrap().push(other));
    assert_eq!(world.outcome("foo"), "rejected index-entry-unreadable");
    let before = world.with(|world| world.packages[1].id.version = version("1.2.0"));
    let before = before.with(|world| world.packages[1].checksum = LockedChecksum::Known(checksum("foo", "1.2.0")));
    assert!(matches!(before.judgement("foo").fixes[0].standing, FixStanding::Held(_)));
    assert_eq!(before.newest("foo"), None);
}

#[test]
fn what_is_admitted_does_not_depend_on_where_the_lock_file_stands() {
    // Each locked at the hit release: what the way out says is what locking it gives.
    let before = fixed().with(|world| {
        world.packages[1].id.version = version("1.2.0");
        world.packages[1].checksum = LockedChecksum::Known(checksum("foo", "1.2.0"));
    });
    assert_eq!(before.outcome("foo"), "rejected advisory");
    assert!(matches!(before.judgement("foo").fixes[0].standing, FixStanding::Approved(_)));
    assert_eq!(before.newest("foo").as_deref(), Some("1.2.3"));
    assert_eq!(fixed().outcome("foo"), "approved fix");
}

#[test]
fn a_held_fix_says_when_it_comes_and_not_when_it_has_the_usual_age() {
    let world =
        |published| fixed_by(Line::new("foo", "1.2.0"), &[">=1.2.3"]).publish(Line::new("foo", "1.2.3").at(published));
    let held = |world: &World| {
        let fixes = world.judgement("foo").fixes;
        assert_eq!(fixes[0].version, version("1.2.3"));
        let FixStanding::Held(reasons) = &fixes[0].standing else { panic!("{fixes:?}") };
        reasons.clone()
    };
    let reasons = held(&world(hours_ago(3)));
    assert_eq!(reasons.eligible_at(), Some(hours_ago(-21)));
    let Some(Reason::TooNew { fix: Some(fix), min_age, .. }) = reasons.iter().next() else { panic!("{reasons:?}") };
    assert_eq!((&*fix.advisory, fix.min_age, *min_age), ("RUSTSEC-2026-9001", age("1 day"), age("7 days")));
    // It comes then, and not before.
    let fresh = |hours| {
        world(hours_ago(3)).with(|world| {
            let db = world.db.as_mut().unwrap();
            (db.committed, db.confirmed) = (Some(hours_ago(hours)), Some(hours_ago(hours)));
        })
    };
    assert!(matches!(fresh(-21).judgement_at("foo", hours_ago(-21)).fixes[0].standing, FixStanding::Approved(_)));
    assert!(matches!(fresh(-20).judgement_at("foo", hours_ago(-20)).fixes[0].standing, FixStanding::Held(_)));
    // Locked already, it says the same.
    let locked = world(hours_ago(3)).with(|world| {
        world.packages[1].id.version = version("1.2.3");
        world.packages[1].checksum = LockedChecksum::Known(checksum("foo", "1.2.3"));
    });
    assert_eq!(locked.judgement("foo").reasons().unwrap().eligible_at(), Some(hours_ago(-21)));
    // One that nothing makes a fix waits for its usual age: it brings a crate, of which nothing but that is to be said here.
    let brings = fixed_by(Line::new("foo", "1.2.0"), &[">=1.2.3"])
        .publish(Line::new("foo", "1.2.3").at(hours_ago(3)).dep("new", "^1"))
        .with(|world| world.policy.signals.young_dependency = SignalLevel::Off);
    assert_eq!(held(&brings).eligible_at(), Some(age("7 days").after(hours_ago(3))));
    // Once it has the age of a fix, only a younger database is wanting, of which nobody knows when it comes.
    let unknown =
        |hours| world(hours_ago(hours)).with(|world| world.db.as_mut().unwrap().committed = Some(hours_ago(hours + 1)));
    for hours in [24, 30] {
        assert_eq!(held(&unknown(hours)).eligible_at(), Some(age("7 days").after(hours_ago(hours))), "{hours}");
    }
    // Where a fix comes no sooner than anything else, the usual age is what holds it.
    let as_usual = world(hours_ago(3)).with(|world| world.policy.quarantine.security_fix_age = age("7 days"));
    let reasons = held(&as_usual);
    assert!(matches!(reasons.iter().next(), Some(Reason::TooNew { fix: None, .. })), "{reasons:?}");
}
