//! Signs of a takeover: what fires, what evades, and what of it is a law.

mod evasions;
mod laws;
mod verbs;

use cargo_sequester::door::model::evaluation::Judgement;
use cargo_sequester::door::model::recorded::Recorded;
use cargo_sequester::door::model::signal::{Birth, Imitated, SeenBy, Signal, SignalCode, SignalLevel};
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::model::trail::{Event, EventId, Kind, ReleaseRecord, Tools, Trail};
use cargo_sequester::door::model::verdict::{Reason, Warning};

use crate::support::facts::{
    Line, World, age, approval, at, crates_io, date, days_ago, hours_ago, now, other_registry, version, vulnerability,
};

/// The kinds of signals that stand against a package.
fn reasons(judgement: &Judgement) -> Vec<SignalCode> {
    signals(judgement).iter().map(Signal::code).collect()
}

fn signals(judgement: &Judgement) -> Vec<Signal> {
    let all = judgement.reasons().into_iter().flatten();
    all.filter_map(Reason::signal).cloned().collect()
}

fn warned(judgement: &Judgement) -> Vec<SignalCode> {
    judgement.warnings.iter().filter_map(Warning::signal).map(Signal::code).collect()
}

/// `arrays`: no dependency for years, 705 quiet days, and then one on a crate that is four minutes old; the good releases are yanked.
fn takeover() -> World {
    let helper = hours_ago(30);
    World::new()
        .publish(Line::new("arrays", "0.3.8").days_old(2000).yanked())
        .publish(Line::new("arrays", "0.3.9").days_old(706).yanked())
        .publish(Line::new("tinyhelp", "1.0.0").at(helper))
        .publish(Line::new("arrays", "0.3.10").at(helper + jiff::SignedDuration::from_mins(4)).dep("tinyhelp", "1"))
        .lock("arrays", "0.3.10")
}

#[test]
fn c9_a_takeover_as_it_happened_lights_up_three() {
    let judgement = takeover().judgement("arrays");
    assert_eq!(reasons(&judgement), [SignalCode::YoungDependency, SignalCode::DormantGrowth]);
    assert_eq!(warned(&judgement), [SignalCode::YankLure], "nobody can date the yanks");
    let Signal::YoungDependency { since, added } = &signals(&judgement)[0] else { panic!() };
    assert_eq!((since.to_string().as_str(), added.len()), ("0.3.9", 1));
    assert_eq!((&*added[0].name, added[0].born), ("tinyhelp", Birth::At(hours_ago(30))));
    let Signal::DormantGrowth { before, resumed, .. } = &signals(&judgement)[1] else { panic!() };
    assert_eq!((before.to_string().as_str(), resumed.to_string().as_str()), ("0.3.9", "0.3.10"));
}

#[test]
fn a_hold_lasts_for_the_age_of_signals_and_no_longer() {
    let world = takeover();
    let published = at("2026-11-20T18:04:00Z");
    let ends = age("14 days").after(published);
    let held = world.judgement("arrays");
    assert_eq!(held.reasons().unwrap().eligible_at(), Some(ends));
    let seconds = |count| jiff::SignedDuration::from_secs(count);
    assert_eq!(reasons(&world.judgement_at("arrays", ends - seconds(1))).len(), 2);
    assert_eq!(world.outcome_at("arrays", ends), "approved aged");
}

#[test]
fn an_approval_lifts_a_signal_and_a_trusted_registry_has_none() {
    use cargo_sequester::door::model::verdict::ReasonCode::{NewCrate, Signal as Code, TooNew};
    let lifted = takeover().with(|world| world.approvals.push(approval("arrays", "0.3.10", &[TooNew, Code])));
    assert_eq!(lifted.outcome("arrays"), "approved by line 7");
    let too_little = takeover().with(|world| world.approvals.push(approval("arrays", "0.3.10", &[TooNew, NewCrate])));
    assert_eq!(too_little.outcome("arrays"), "quarantined signal signal");
}

#[test]
fn each_signal_can_be_a_warning_or_nothing() {
    let with = |level| {
        takeover().with(|world| {
            world.policy.signals.young_dependency = level;
            world.policy.signals.dormant_growth = level;
            world.policy.signals.yank_lure = level;
        })
    };
    let judgement = with(SignalLevel::Warn).judgement("arrays");
    assert_eq!(reasons(&judgement), []);
    assert_eq!(warned(&judgement), [SignalCode::YoungDependency, SignalCode::DormantGrowth, SignalCode::YankLure]);
    let judgement = with(SignalLevel::Off).judgement("arrays");
    assert_eq!((reasons(&judgement), warned(&judgement)), (vec![], vec![]));
    let short = takeover().with(|world| world.policy.signals.young_dependency_age = age("3 minutes"));
    assert_eq!(reasons(&short.judgement("arrays")), [SignalCode::DormantGrowth]);
}

/// Whoever locks a release that was not yanked yet knows until when it was not; another lock file of that day knows nothing of it.
#[test]
fn yanks_are_dated_by_a_base_that_locks_what_was_yanked() {
    let after = |base: World, days| takeover().after(&base).with(|world| world.base_committed = Some(days_ago(days)));
    let locks = || World::new().lock("arrays", "0.3.9");
    let judgement = after(locks(), 3).judgement("arrays");
    assert_eq!(reasons(&judgement), [SignalCode::YoungDependency, SignalCode::DormantGrowth, SignalCode::YankLure]);
    let Some(Signal::YankLure { seen: Some(sighting), .. }) = signals(&judgement).pop() else { panic!() };
    assert_eq!((sighting.at, sighting.by), (days_ago(3), SeenBy::Base));
    assert_eq!(warned(&after(locks(), 300).judgement("arrays")), [SignalCode::YankLure], "that was long before");
    let other = World::new().lock("other", "0.3.9");
    assert_eq!(warned(&after(other, 3).judgement("arrays")), [SignalCode::YankLure], "it locks none of them");
}

/// What was locked before the lock file that is judged counts as in use, and can be imitated.
#[test]
fn what_only_the_base_locks_is_in_use_too() {
    let fresh = || {
        World::new()
            .publish(Line::new("arrays", "0.3.8").days_old(2000))
            .publish(Line::new("arrays", "0.3.9").days_old(706).yanked())
            .publish(Line::new("arrays", "0.3.10").days_old(9))
            .lock("arrays", "0.3.10")
    };
    let after = |base: World| fresh().after(&base).judgement("arrays");
    assert_eq!(warned(&after(World::new().lock("arrays", "0.3.9"))), [SignalCode::YankLure]);
    assert_eq!(warned(&after(World::new().lock("other", "0.3.9"))), []);

    let young = |base: World| {
        let world = World::new().publish(Line::new("quartzfinch", "0.1.0").days_old(9)).lock("quartzfinch", "0.1.0");
        let established = Line::new("quartz-finch", "1.0.0").days_old(900);
        signals(&world.publish(established).after(&base).judgement("quartzfinch"))
    };
    let is_alike = |found: &[Signal]| found.iter().any(|one| one.code() == SignalCode::LookAlike);
    assert!(is_alike(&young(World::new().lock("quartz-finch", "1.0.0"))));
    assert!(!is_alike(&young(World::new().lock("other", "1.0.0"))));
}

#[test]
fn yanks_that_somebody_can_date_are_a_reason_and_explained_ones_are_nothing() {
    let seen = |days| {
        let tools = Tools { cargo: None, sequester: version("0.1.0") };
        let mut event = Event::new(Kind::Updated, days_ago(days), tools);
        let record = ReleaseRecord::new(crates_io("arrays"), version("0.3.9"));
        event.releases = vec![ReleaseRecord { yanked: Some(false), ..record }];
        let id = EventId::of(&event.to_bytes().unwrap());
        let trail = Trail { events: [(id, event)].into(), heads: [id].into(), problems: Vec::new() };
        takeover().with(|world| world.trail.recorded = Recorded::of(&trail))
    };
    let judgement = seen(3).judgement("arrays");
    assert_eq!(reasons(&judgement), [SignalCode::YoungDependency, SignalCode::DormantGrowth, SignalCode::YankLure]);
    let Some(Signal::YankLure { yanked, seen: Some(sighting) }) = signals(&judgement).pop() else { panic!() };
    assert_eq!((yanked.len(), sighting.at, sighting.by), (2, days_ago(3), SeenBy::Trail));
    assert_eq!(warned(&seen(300).judgement("arrays")), [SignalCode::YankLure], "that was long before");
    let explained = takeover().advise(vulnerability("arrays", &[">=0.3.10"]));
    assert_eq!(warned(&explained.judgement("arrays")), []);
}

#[test]
fn a_first_thing_for_a_build_script_is_a_signal() {
    let world = || World::new().publish(Line::new("old", "1.0.0")).publish(Line::new("cc", "1.0.0"));
    let links = world().publish(Line::new("old", "1.0.1").days_old(8).links("z")).lock("old", "1.0.1");
    assert_eq!(reasons(&links.judgement("old")), [SignalCode::FirstBuildScriptInput]);
    let build =
        world().publish(Line::new("old", "1.0.1").days_old(8).dep_of_kind("cc", "1", "build")).lock("old", "1.0.1");
    assert_eq!(reasons(&build.judgement("old")), [SignalCode::FirstBuildScriptInput]);
    let major = world().publish(Line::new("old", "2.0.0").days_old(8).links("z")).lock("old", "2.0.0");
    assert_eq!(major.outcome("old"), "approved aged", "no update leads to it");
}

#[test]
fn f4_a_young_name_that_can_be_taken_for_another_is_rejected_until_a_person_agrees() {
    use cargo_sequester::door::model::verdict::ReasonCode;
    let world = World::new()
        .publish(Line::new("postgres", "1.0.0").days_old(3000))
        .lock("postgres", "1.0.0")
        .publish(Line::new("postgress", "1.0.0").days_old(200))
        .lock("postgress", "1.0.0");
    assert_eq!(world.outcome("postgress"), "rejected signal");
    assert_eq!(world.outcome("postgres"), "approved aged");
    assert_eq!(world.outcome_at("postgress", now() + jiff::SignedDuration::from_hours(24 * 166)), "approved aged");
    let mut given = approval("postgress", "1.0.0", &[ReasonCode::Signal]);
    let approved = world.clone().with(|world| world.approvals.push(given.clone()));
    assert_eq!(approved.outcome("postgress"), "rejected signal", "what time does not lift needs a last day");
    given.until = Some(date("2026-12-31"));
    assert_eq!(world.clone().with(|world| world.approvals.push(given)).outcome("postgress"), "approved by line 7");
    let meant = world.clone().with(|world| world.policy.signals.look_alike_known.push("postgress".into()));
    assert_eq!(meant.outcome("postgress"), "approved aged");
    let newer = world.clone().publish(Line::new("postgress", "1.0.1").days_old(20)).with(|world| {
        let at = world.position("postgress");
        world.packages[at].id.version = "1.0.1".parse().unwrap();
        world.packages[at].checksum = cargo_sequester::door::model::package::LockedChecksum::Known(
            crate::support::facts::checksum("postgress", "1.0.1"),
        );
    });
    // Whoever let the older one in agreed to its bytes: audit of a change, audit of what it was merged into and update say the same.
    assert_eq!(newer.clone().after(&world).outcome("postgress"), "rejected signal");
    assert_eq!(newer.outcome("postgress"), "rejected signal");
}

#[test]
fn f5_a_young_crate_with_the_name_of_another_registrys_is_rejected() {
    let world = World::new()
        .with(|world| world.policy.sources.allow_registries.push(other_registry()))
        .publish_in(other_registry(), Line::new("acme-auth", "1.2.0"))
        .lock_in(other_registry(), "acme-auth", "1.2.0")
        .publish(Line::new("acme-auth", "99.0.0").days_old(40))
        .lock_below("app", "acme-auth", "99.0.0");
    let judgement = world.judgement("acme-auth");
    assert_eq!(reasons(&judgement), [SignalCode::LookAlike]);
    let Signal::LookAlike { imitated: Imitated::Twin { source }, .. } = &signals(&judgement)[0] else { panic!() };
    assert_eq!(*source, Source::Registry(other_registry()));
    let trusted = world.with(|world| {
        let own = cargo_sequester::door::model::policy::RegistryPolicy {
            name: "crates-io".into(),
            min_publish_age: Some(crate::support::rules::set("0")),
            api: None,
        };
        world.policy.registries.insert(Registry::CratesIo, own);
    });
    assert_eq!(trusted.outcome("acme-auth"), "approved aged");
}
