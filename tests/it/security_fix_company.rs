//! What a security fix may bring along: nothing new, and only the companions and dependents that it cannot do without.

use crate::support::facts::{Line, World, advisory, approval, at, date, hours_ago, other_registry, vulnerability};
use cargo_sequester::door::model::advisory::{Advisory, AdvisoryKind};
use cargo_sequester::door::model::evaluation::FixStanding;
use cargo_sequester::door::model::verdict::ReasonCode;

#[test]
fn condition_4_a_fix_that_brings_a_crate_is_held_before_and_after_the_lock_file_moved() {
    let index = || {
        World::new()
            .publish(Line::new("foo", "1.2.0").dep("kept", "^1"))
            .publish(Line::new("foo", "1.2.3").days_old(2).dep("kept", "^1").dep("brought", "^1"))
            .publish(Line::new("kept", "1.0.0"))
            .publish(Line::new("brought", "1.0.0"))
            .advise(vulnerability("foo", &[">=1.2.3"]))
    };
    let moved = index().lock("foo", "1.2.3").lock_below("foo", "kept", "1.0.0").lock_below("foo", "brought", "1.0.0");
    assert_eq!(moved.outcome("foo"), "quarantined too-new");
    let before = index().lock("foo", "1.2.0").lock_below("foo", "kept", "1.0.0");
    assert!(matches!(before.judgement("foo").fixes[0].standing, FixStanding::Held(_)));
    // That somebody else has it makes no difference: the index lines alone decide, so that a first lock file is judged alike.
    assert_eq!(moved.clone().edge("app", "brought").outcome("foo"), "quarantined too-new");
    assert_eq!(moved.after(&before.edge("app", "kept").lock("brought", "1.0.0")).outcome("foo"), "quarantined too-new");
}

#[test]
fn condition_4_a_crate_brought_twice_is_still_brought() {
    // The fix and its companion both bring it, each pointing at the other.
    let world = World::new()
        .publish(Line::new("foo", "1.2.0").dep("foo_derive", "=1.2.0"))
        .publish(Line::new("foo", "1.2.3").days_old(2).dep("foo_derive", "=1.2.3").dep("brought", "^1"))
        .publish(Line::new("foo_derive", "1.2.0"))
        .publish(Line::new("foo_derive", "1.2.3").days_old(2).dep("brought", "^1"))
        .publish(Line::new("brought", "1.0.0"))
        .advise(vulnerability("foo", &[">=1.2.3"]))
        .lock("foo", "1.2.3")
        .lock_below("foo", "foo_derive", "1.2.3")
        .lock_below("foo", "brought", "1.0.0")
        .edge("foo_derive", "brought");
    assert_eq!(world.outcome("foo"), "quarantined too-new");
    assert_eq!(world.outcome("foo_derive"), "quarantined too-new");
}

#[test]
fn condition_4_what_the_release_before_it_had_is_not_brought() {
    let world = |before: Line| {
        World::new()
            .publish(Line::new("foo", "1.0.0"))
            .publish(before)
            .publish(Line::new("foo", "1.2.3").days_old(2).dep("inner", "^1"))
            .publish(Line::new("inner", "1.0.0"))
            .lock("foo", "1.2.3")
            .lock_below("foo", "inner", "1.0.0")
            .advise(vulnerability("foo", &[">=1.2.3"]))
    };
    let before = || Line::new("foo", "1.2.0").dep("inner", "^1");
    assert_eq!(world(before()).outcome("foo"), "approved fix");
    // It had the usual age when the fix could first be used, a day ago.
    assert_eq!(world(before().days_old(8)).outcome("foo"), "approved fix");
    // A release that was young itself vouches for nothing, nor does a malicious one, nor a dependency for tests. One that is yanked
    // does: what it requires is no news.
    assert_eq!(world(before().days_old(7)).outcome("foo"), "quarantined too-new");
    assert_eq!(world(before().yanked()).outcome("foo"), "approved fix");
    let fewer = world(before()).publish(Line::new("foo", "1.2.1").yanked());
    assert_eq!(fewer.outcome("foo"), "quarantined too-new");
    let malicious = advisory("RUSTSEC-2026-9003", "foo", AdvisoryKind::Malicious, &[">=1.2.1"], &[]);
    assert_eq!(world(before()).advise(malicious).outcome("foo"), "quarantined too-new");
    assert_eq!(
        world(Line::new("foo", "1.2.0").dep_of_kind("inner", "^1", "dev")).outcome("foo"),
        "quarantined too-new"
    );
    // What only the fix's own tests need is not built.
    let tests_only = World::new()
        .publish(Line::new("foo", "1.2.0"))
        .publish(Line::new("foo", "1.2.3").days_old(2).dep_of_kind("proptest", "^1", "dev"))
        .lock("foo", "1.2.3")
        .advise(vulnerability("foo", &[">=1.2.3"]));
    assert_eq!(tests_only.outcome("foo"), "approved fix");
}

/// As clap and its derive crate: the fix requires one exact release of another crate, published with it.
fn with_companion(companion: Line) -> World {
    World::new()
        .publish(Line::new("foo", "1.2.0").dep("foo_derive", "=1.2.0"))
        .publish(Line::new("foo", "1.2.3").days_old(2).dep("foo_derive", "^1.2.3"))
        .publish(Line::new("foo_derive", "1.2.0"))
        .publish(companion)
        .advise(vulnerability("foo", &[">=1.2.3"]))
}

fn moved(world: World, companion: &str) -> World {
    world.lock("foo", "1.2.3").lock_below("foo", "foo_derive", companion)
}

#[test]
fn condition_5_companions() {
    let companion = || Line::new("foo_derive", "1.2.3").days_old(2);
    assert_eq!(moved(with_companion(companion()), "1.2.3").outcome("foo_derive"), "approved companion of foo 1.2.3");
    // The lowest that satisfies, not a later one.
    let later = with_companion(companion()).publish(Line::new("foo_derive", "1.2.4").days_old(2));
    assert_eq!(moved(later.clone(), "1.2.4").outcome("foo_derive"), "quarantined too-new");
    assert_eq!(moved(later, "1.2.3").outcome("foo_derive"), "approved companion of foo 1.2.3");
    // An old-enough release satisfies already.
    let old = with_companion(companion().days_old(8)).publish(Line::new("foo_derive", "1.2.4").days_old(2));
    assert_eq!(moved(old, "1.2.4").outcome("foo_derive"), "quarantined too-new");
    // Younger than a fix must be.
    let young = with_companion(companion().at(hours_ago(23)));
    assert_eq!(moved(young, "1.2.3").outcome("foo_derive"), "quarantined too-new");
    // Hit by an advisory, be it one that the policy only warns of.
    let warned = with_companion(companion()).advise(advisory(
        "RUSTSEC-2026-9004",
        "foo_derive",
        AdvisoryKind::Unmaintained,
        &[],
        &[],
    ));
    assert_eq!(moved(warned, "1.2.3").outcome("foo_derive"), "quarantined too-new");
}

#[test]
fn condition_5_company_of_a_fix_of_the_last_day_comes_along_until_it_has_the_usual_age() {
    let (advised, last) = (date("2026-10-16"), at("2026-11-15T23:00:00Z"));
    let world = World::new()
        .publish(Line::new("foo", "1.2.0").dep("foo_derive", "=1.2.0"))
        .publish(Line::new("foo", "1.2.3").at(last).dep("foo_derive", "^1.2.3"))
        .publish(Line::new("foo_derive", "1.2.0"))
        .publish(Line::new("foo_derive", "1.2.3").at(last))
        .advise(Advisory { date: advised, ..vulnerability("foo", &[">=1.2.3"]) });
    let world = moved(world, "1.2.3");
    assert_eq!(world.outcome("foo"), "approved fix");
    assert_eq!(world.outcome("foo_derive"), "approved companion of foo 1.2.3");
    assert_eq!(world.outcome_at("foo_derive", at("2026-11-22T23:00:00Z")), "approved aged");
}

#[test]
fn condition_5_yanking_does_not_choose_the_companion() {
    let world = with_companion(Line::new("foo_derive", "1.2.3").days_old(2).yanked())
        .publish(Line::new("foo_derive", "1.2.4").days_old(2));
    assert_eq!(moved(world, "1.2.4").outcome("foo_derive"), "quarantined too-new");
}

#[test]
fn condition_5_no_further_recursion() {
    let world = with_companion(Line::new("foo_derive", "1.2.3").days_old(2).dep("deeper", "^1.1"))
        .publish(Line::new("foo_derive", "1.2.1").dep("deeper", "^1.0"))
        .publish(Line::new("deeper", "1.0.0"))
        .publish(Line::new("deeper", "1.1.0").days_old(2));
    let world = moved(world, "1.2.3").lock("deeper", "1.1.0");
    assert_eq!(world.outcome("foo_derive"), "approved companion of foo 1.2.3");
    assert_eq!(world.outcome("deeper"), "quarantined too-new");
}

#[test]
fn condition_5_a_companion_is_of_a_locked_crate_and_of_a_fix_that_locked_releases_need() {
    let companion = || Line::new("foo_derive", "1.2.3").days_old(2);
    let before = || with_companion(companion()).lock("foo", "1.2.0");
    let change = || moved(with_companion(companion()), "1.2.3");
    let with_derive = before().lock_below("foo", "foo_derive", "1.2.0");
    assert_eq!(change().after(&with_derive).outcome("foo_derive"), "approved companion of foo 1.2.3");
    // Optional so far, so not locked.
    assert_eq!(change().after(&before()).outcome("foo"), "approved fix");
    assert_eq!(change().after(&before()).outcome("foo_derive"), "quarantined too-new");
    // Nothing is locked that is hit: the fix of a crate that is new to the project takes nothing along.
    let new = change().after(&with_companion(companion()).lock("foo_derive", "1.2.0"));
    assert_eq!(new.outcome("foo"), "approved fix");
    assert_eq!(new.outcome("foo_derive"), "quarantined too-new");
    // Once it is locked there is nothing left to ask, and what is locked already needs no help.
    assert_eq!(change().outcome("foo_derive"), "approved companion of foo 1.2.3");
    let later = with_companion(companion()).publish(Line::new("foo_derive", "1.2.4").days_old(2));
    let reached =
        moved(later.clone(), "1.2.3").after(&later.lock("foo", "1.2.0").lock_below("foo", "foo_derive", "1.2.4"));
    assert_eq!(reached.outcome("foo_derive"), "quarantined too-new");
}

#[test]
fn condition_5_yanking_what_was_good_makes_no_companion() {
    // As it stands in a popular lock file: every release of the companion was yanked around a fresh one.
    let world = |old: Line| {
        World::new()
            .publish(Line::new("foo", "1.2.0").dep("waker", "^1"))
            .publish(Line::new("foo", "1.2.3").days_old(2).dep("waker", "^1.1"))
            .publish(Line::new("waker", "1.0.0"))
            .publish(old)
            .publish(Line::new("waker", "1.1.3").days_old(2))
            .advise(vulnerability("foo", &[">=1.2.3"]))
            .lock("foo", "1.2.3")
            .lock_below("foo", "waker", "1.1.3")
    };
    assert_eq!(world(Line::new("waker", "1.0.1")).outcome("waker"), "approved companion of foo 1.2.3");
    for old in [Line::new("waker", "1.1.2"), Line::new("waker", "1.1.4"), Line::new("waker", "1.1.2").pubtime(None)] {
        assert_eq!(world(old.clone()).outcome("waker"), "quarantined too-new");
        assert_eq!(world(old.yanked()).outcome("waker"), "quarantined too-new");
    }
    // Nor does one that is younger, but lower.
    assert_eq!(world(Line::new("waker", "1.1.2").days_old(3).yanked()).outcome("waker"), "quarantined too-new");
    // One that got the usual age since the fix could first be used takes nothing back.
    let since = world(Line::new("waker", "1.1.4").at(hours_ago(8 * 24 - 1)));
    assert_eq!(since.outcome("waker"), "approved companion of foo 1.2.3");
}

/// As aws-lc-sys and aws-lc-rs: the fix is in `sys`, which enters through exact requirements of `wrap`.
fn with_dependent(wraps: &[Line]) -> World {
    wraps.iter().cloned().fold(
        World::new()
            .publish(Line::new("sys", "0.3.0"))
            .publish(Line::new("sys", "0.3.1").days_old(2))
            .publish(Line::new("wrap", "1.0.0").dep("sys", "=0.3.0"))
            .advise(vulnerability("sys", &[">=0.3.1"])),
        World::publish,
    )
}

fn wrapped(world: World, wrap: &str, sys: &str) -> World {
    world.lock("wrap", wrap).lock_below("wrap", "sys", sys)
}

#[test]
fn condition_5_dependents() {
    let first = || Line::new("wrap", "1.0.1").days_old(2).dep("sys", "=0.3.1");
    let world = wrapped(with_dependent(&[first()]), "1.0.1", "0.3.1");
    assert_eq!(world.outcome("sys"), "approved fix");
    assert_eq!(world.outcome("wrap"), "approved dependent of sys 0.3.1");
    // The lowest whose requirement reaches the fix, whatever came after it.
    let later = |req: &str| Line::new("wrap", "1.0.2").days_old(2).dep("sys", req);
    for req in ["=0.3.1", "=0.3.2", "^0.3.0"] {
        let both = || with_dependent(&[first(), later(req)]);
        assert_eq!(wrapped(both(), "1.0.1", "0.3.1").outcome("wrap"), "approved dependent of sys 0.3.1", "{req}");
        assert_eq!(wrapped(both(), "1.0.2", "0.3.1").outcome("wrap"), "quarantined too-new", "{req}");
    }
    // A later release must not become the lowest by dropping the requirement in between.
    let gap = [first(), later("=0.3.0"), Line::new("wrap", "1.0.3").days_old(2).dep("sys", "=0.3.1")];
    assert_eq!(wrapped(with_dependent(&gap), "1.0.3", "0.3.1").outcome("wrap"), "quarantined too-new");
    // Nor by yanking.
    let yanked = [first().yanked(), later("=0.3.1")];
    assert_eq!(wrapped(with_dependent(&yanked), "1.0.2", "0.3.1").outcome("wrap"), "quarantined too-new");
    // Where an old release lets the fix in, nothing needs to hurry.
    let old = [first().days_old(30), later("=0.3.1")];
    assert_eq!(wrapped(with_dependent(&old), "1.0.2", "0.3.1").outcome("wrap"), "quarantined too-new");
    // It must meet the conditions of the fix.
    let young = [first().at(hours_ago(23))];
    assert_eq!(wrapped(with_dependent(&young), "1.0.1", "0.3.1").outcome("wrap"), "quarantined too-new");
    let brings = [first().dep("brought", "^1")];
    let brings = wrapped(with_dependent(&brings), "1.0.1", "0.3.1")
        .publish(Line::new("brought", "1.0.0"))
        .lock_below("wrap", "brought", "1.0.0");
    assert_eq!(brings.outcome("wrap"), "quarantined too-new");
}

#[test]
fn condition_5_a_dependent_is_of_something_that_is_locked_and_hit() {
    let first = || Line::new("wrap", "1.0.1").days_old(2).dep("sys", "=0.3.1");
    let index = || with_dependent(&[first()]).publish(Line::new("sys", "0.2.9"));
    let change = || wrapped(index(), "1.0.1", "0.3.1");
    assert_eq!(change().after(&wrapped(index(), "1.0.0", "0.3.0")).outcome("wrap"), "approved dependent of sys 0.3.1");
    // What is locked is not hit, or does not come in through it.
    let unaffected = change().after(&wrapped(index(), "1.0.0", "0.2.9"));
    assert_eq!(unaffected.outcome("wrap"), "quarantined too-new");
    let apart = change().after(&index().lock("wrap", "1.0.0").lock("sys", "0.3.0"));
    assert_eq!(apart.outcome("wrap"), "quarantined too-new");
    let new = change().after(&index());
    assert_eq!(new.outcome("sys"), "approved fix");
    assert_eq!(new.outcome("wrap"), "quarantined too-new");
}

#[test]
fn condition_5_what_reaches_a_release_that_is_not_hit_needs_no_haste() {
    let first = || Line::new("wrap", "1.0.1").days_old(2).dep("sys", "=0.3.1");
    let outcome = |world: World| wrapped(world, "1.0.1", "0.3.1").outcome("wrap");
    let with = |other: Line| outcome(with_dependent(&[first(), other]));
    // It lets in the fix itself, or another that is not hit, whatever its own number; yanked or not.
    for req in ["=0.3.1", "^0.3.0", "*", ">=0.3.1"] {
        for number in ["1.0.2", "1.1.0"] {
            let aged = || Line::new("wrap", number).dep("sys", req);
            assert_eq!(with(aged()), "quarantined too-new", "{number} {req}");
            assert_eq!(with(aged().yanked()), "quarantined too-new", "{number} {req}");
        }
    }
    let other = with_dependent(&[first(), Line::new("wrap", "1.0.2").dep("sys", "=0.4.0")]);
    assert_eq!(outcome(other.clone().publish(Line::new("sys", "0.4.0").yanked())), "quarantined too-new");
    assert_eq!(outcome(other), "approved dependent of sys 0.3.1");
    // Of another line, or kept out by what is asked of it.
    assert_eq!(with(Line::new("wrap", "2.0.0").dep("sys", "=0.3.1")), "approved dependent of sys 0.3.1");
    let aged = || with_dependent(&[first(), Line::new("wrap", "1.1.0").dep("sys", "=0.3.1")]);
    assert_eq!(outcome(aged().require("wrap", "~1.0")), "approved dependent of sys 0.3.1");
    assert_eq!(outcome(aged().require("wrap", "^1.0.1")), "quarantined too-new");
    // The locked one lets it in already, however young it is.
    let both = || with_dependent(&[first(), Line::new("wrap", "1.0.2").days_old(2).dep("sys", "^0.3.0")]);
    let before = wrapped(both(), "1.0.2", "0.3.0");
    assert_eq!(wrapped(both(), "1.0.1", "0.3.1").after(&before).outcome("wrap"), "quarantined too-new");
}

#[test]
fn condition_5_a_dependent_is_of_the_line_that_is_locked() {
    let index = || {
        with_dependent(&[
            Line::new("wrap", "2.0.0").dep("sys", "=0.3.0"),
            Line::new("wrap", "2.0.1").days_old(2).dep("sys", "=0.3.1"),
        ])
    };
    let change = wrapped(index(), "2.0.1", "0.3.1");
    assert_eq!(change.outcome("wrap"), "approved dependent of sys 0.3.1");
    assert_eq!(
        change.clone().after(&wrapped(index(), "2.0.0", "0.3.0")).outcome("wrap"),
        "approved dependent of sys 0.3.1"
    );
    assert_eq!(change.after(&wrapped(index(), "1.0.0", "0.3.0")).outcome("wrap"), "quarantined too-new");
}

#[test]
fn condition_5_a_yanked_partner_is_none() {
    let companion = Line::new("foo_derive", "1.2.3").days_old(2).yanked();
    assert_eq!(moved(with_companion(companion), "1.2.3").outcome("foo_derive"), "quarantined too-new");
    let dependent = Line::new("wrap", "1.0.1").days_old(2).dep("sys", "=0.3.1").yanked();
    assert_eq!(wrapped(with_dependent(&[dependent]), "1.0.1", "0.3.1").outcome("wrap"), "quarantined too-new");
}

#[test]
fn condition_5_another_registry_takes_no_part() {
    let private = |wrap: &str| {
        let lines = [
            Line::new("wrap", "1.0.0").dep("sys", "=0.3.0"),
            Line::new("wrap", "1.0.1").days_old(2).dep("sys", "=0.3.1"),
        ];
        let mut world =
            with_dependent(&[]).with(|world| world.policy.sources.allow_registries = vec![other_registry()]);
        for mut line in lines {
            line.dependencies[0]["registry"] = "https://github.com/rust-lang/crates.io-index".into();
            world = world.publish_in(other_registry(), line);
        }
        world.lock_in(other_registry(), "wrap", wrap).lock_below("wrap", "sys", "0.3.1")
    };
    assert_eq!(private("1.0.1").outcome("sys"), "approved fix");
    assert_eq!(private("1.0.1").outcome("wrap"), "quarantined too-new");
    // The same name in another registry is another crate: its advisory is not about it.
    let twin = World::new()
        .publish_in(other_registry(), Line::new("foo", "1.2.0"))
        .publish_in(other_registry(), Line::new("foo", "1.2.3").days_old(2))
        .lock_in(other_registry(), "foo", "1.2.3")
        .advise(vulnerability("foo", &[">=1.2.3"]))
        .with(|world| world.policy.sources.allow_registries = vec![other_registry()]);
    assert_eq!(twin.outcome("foo"), "quarantined too-new");
}

#[test]
fn an_approval_joins_a_fix() {
    let world = World::new()
        .publish(Line::new("foo", "1.2.0").days_old(20))
        .publish(Line::new("foo", "1.2.3").days_old(2))
        .lock("foo", "1.2.3")
        .advise(vulnerability("foo", &[">=1.2.3"]))
        .with(|world| world.approvals.push(approval("foo", "1.2.3", &[ReasonCode::NewCrate])));
    assert_eq!(world.outcome("foo"), "approved by line 7");
}
