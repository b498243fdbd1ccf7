//! Laws that hold for every decision, over generated facts, policies and approvals.

mod security_fixes;

use std::sync::Arc;

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::evaluation::Judgement;
use cargo_sequester::door::model::facts::{AdvisoryFact, Facts, IndexFact};
use cargo_sequester::door::model::finding::{Alarm, Finding, FindingCode, Inspections, Severity};
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::package::{Locked, LockedChecksum};
use cargo_sequester::door::model::policy::{AgeOverride, Ignore, Level, Origin, Policy, RegistryPolicy, Setting};
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::model::verdict::{ReasonCode, Reasons, Verdict};
use cargo_sequester::door::policy::evaluate::lasts_until;
use cargo_sequester::door::policy::{evaluate, publish_age};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::facts::{
    Line, World, advisory, age, approval, checksum, crates_io, date, days_ago, hours_ago, now, version,
};

const NAMES: [&str; 4] = ["aa", "bb", "cc", "dd"];
const VERSIONS: [&str; 6] = ["0.9.0", "1.0.0", "1.0.1", "1.1.0", "1.1.1-rc.1", "2.0.0"];
const LIFTS: [ReasonCode; 9] = [
    ReasonCode::TooNew,
    ReasonCode::NewCrate,
    ReasonCode::Signal,
    ReasonCode::Inspection,
    ReasonCode::PubtimeUnknown,
    ReasonCode::Yanked,
    ReasonCode::Malicious,
    ReasonCode::Advisory,
    ReasonCode::PubtimeInFuture,
];
const KINDS: [AdvisoryKind; 5] = [
    AdvisoryKind::Malicious,
    AdvisoryKind::Vulnerability,
    AdvisoryKind::Unsound,
    AdvisoryKind::Unmaintained,
    AdvisoryKind::Notice,
];
const RANGES: [&[&str]; 6] = [&[], &[">=1.0.1"], &[">=1.1.0"], &["^1.0.1", ">=2.0.0"], &[">1.0.0"], &["<1.0.0"]];

fn line() -> impl Strategy<Value = Line> {
    let hours = prop_oneof![-72_i64..72, 72_i64..1_000, 1_000_i64..9_000];
    let dependency = (select(&NAMES[..]), select(vec!["^1", "=1.0.1", ">=1.1, <3", "*"]));
    (select(&NAMES[..]), select(&VERSIONS[..]), hours, 0..12_u8, any::<bool>(), vec(dependency, 0..3)).prop_map(
        |(name, version, hours, pubtime, yanked, dependencies)| {
            let line = Line::new(name, version).at(hours_ago(hours));
            let line = match pubtime {
                0 => line.pubtime(None),
                1 => line.pubtime(Some("2026-11-20 00:00:00")),
                _ => line,
            };
            let line = if yanked && pubtime % 3 == 0 { line.yanked() } else { line };
            dependencies.into_iter().fold(line, |line, (name, req)| line.dep(name, req))
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let ages = || select(vec!["0", "1 hour", "3 days", "7 days", "40 days"]);
    let level = || select(vec![Level::Allow, Level::Warn, Level::Reject]);
    (ages(), ages(), any::<bool>(), ages(), level(), level(), proptest::option::of(ages()), 0..4_u8, any::<bool>())
        .prop_map(|(minimum, new_crate, fixes, fix_age, yanked, unsound, flag, more, inspect)| {
            let set = |value: &str| Setting { value: age(value), origin: Origin::Default };
            let mut policy = Policy::default();
            policy.quarantine.min_publish_age = set(minimum);
            policy.quarantine.new_crate_age = age(new_crate);
            policy.quarantine.inspect = inspect;
            (policy.quarantine.security_fix, policy.quarantine.security_fix_age) = (fixes, age(fix_age));
            (policy.advisories.yanked, policy.advisories.unsound) = (yanked, unsound);
            policy.min_publish_age_flag = flag.filter(|_| more == 0).map(age);
            if more == 1 {
                let own = RegistryPolicy { name: "crates-io".into(), min_publish_age: Some(set("0")), api: None };
                policy.registries.insert(Registry::CratesIo, own);
            }
            if more == 2 {
                policy.overrides.push(AgeOverride {
                    crates: vec!["a*".into()],
                    registry: Registry::CratesIo,
                    min_publish_age: set(fix_age),
                    reason: None,
                });
                policy.advisories.ignore.push(Ignore {
                    id: "RUSTSEC-2026-0001".into(),
                    crate_name: None,
                    reason: "not reached".into(),
                    until: date("2026-12-01"),
                    justification: None,
                    line: 3,
                });
            }
            policy
        })
}

fn world() -> impl Strategy<Value = World> {
    let locked = vec((select(&NAMES[..]), select(&VERSIONS[..]), 0..10_u8), 1..6);
    let edges = vec((0..6_usize, 0..6_usize), 0..8);
    let advisories = vec((select(&NAMES[..]), select(&KINDS[..]), select(&RANGES[..]), 0..40_i64), 0..4);
    let approvals = vec((select(&NAMES[..]), select(&VERSIONS[..]), vec(select(&LIFTS[..]), 0..5), 0..4_u8), 0..4);
    let inspected = vec((select(&NAMES[..]), select(&VERSIONS[..]), 0..3_u8), 0..6);
    (vec(line(), 0..16), locked, edges, advisories, approvals, policy(), inspected).prop_map(
        |(lines, locked, edges, advisories, approvals, policy, inspected)| {
            let mut world = lines.into_iter().fold(World::new(), World::publish);
            for (name, number, odd) in locked {
                world = world.lock(name, number);
                let package = world.packages.last_mut().unwrap();
                match odd {
                    0 => package.checksum = LockedChecksum::Missing,
                    1 => package.checksum = LockedChecksum::Known(checksum("other", "bytes")),
                    _ => {}
                }
            }
            let count = world.packages.len();
            for (from, to) in edges {
                world.packages[from % count].dependencies.push(to % count);
            }
            for (number, (name, kind, patched, days)) in advisories.into_iter().enumerate() {
                let mut one = advisory(&format!("RUSTSEC-2026-{number:04}"), name, kind, patched, &[]);
                one.date = jiff::tz::TimeZone::UTC.to_datetime(days_ago(days)).date();
                world = world.advise(one);
            }
            for (line, (name, number, lifts, until)) in (1..).zip(approvals) {
                let mut one = approval(name, number, &lifts);
                one.line = line;
                one.until = [None, Some(date("2026-11-01")), Some(date("2026-11-22")), Some(date("2030-01-01"))]
                    [usize::from(until)];
                world.approvals.push(one);
            }
            for (name, number, seen) in inspected {
                world = world.inspected(name, number, alarm(seen));
            }
            world.policy = policy;
            world
        },
    )
}

fn alarm(seen: u8) -> Option<Alarm> {
    let finding = Finding::new(FindingCode::ReadsAndSends, Severity::High, "env::vars").at("build.rs", 1);
    match seen {
        0 => None,
        1 => Some(Alarm::Findings { first: vec![finding], more: 0 }),
        _ => Some(Alarm::Unreadable { cause: "the archive ends in the middle".into() }),
    }
}

/// Everything about a judgement but the ways that equally short ones can differ in.
fn shown(judgement: &Judgement) -> String {
    let mut judgement = judgement.clone();
    judgement.path = vec![judgement.path.len()];
    format!("{judgement:?}")
}

fn codes(judgement: &Judgement) -> Vec<ReasonCode> {
    judgement.reasons().into_iter().flatten().map(cargo_sequester::door::model::verdict::Reason::code).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_arguments_give_the_same_answer(world in world()) {
        let facts = world.facts();
        let again = || format!("{:?}", evaluate(&facts, &world.policy, &world.approvals, now()));
        // The second time, index files are asked that have answered already.
        let first = again();
        prop_assert_eq!(&first, &again());
        prop_assert_eq!(first, format!("{:?}", world.evaluate()));
    }

    #[test]
    fn the_order_of_the_packages_makes_no_difference(world in world(), seed in any::<u64>()) {
        let count = world.packages.len();
        // A permutation: each position goes to its place among keys scrambled by the seed.
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|at| (*at as u64 + 1).wrapping_mul(seed | 1).rotate_left(17) ^ seed);
        let mut place = vec![0; count];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        let mut shuffled = world.clone();
        shuffled.packages = order.iter().map(|old| world.packages[*old].clone()).collect();
        for package in &mut shuffled.packages {
            package.dependencies.iter_mut().for_each(|at| *at = place[*at]);
        }
        let (one, other) = (world.evaluate(), shuffled.evaluate());
        for (old, judgement) in one.judgements.iter().enumerate() {
            prop_assert_eq!(shown(judgement), shown(&other.judgements[place[old]]));
        }
        prop_assert_eq!(one.is_approved(), other.is_approved());
    }

    #[test]
    fn a_new_advisory_never_clears_a_release_that_it_hits(
        world in world(), name in select(&NAMES[..]), kind in select(&KINDS[..]), patched in select(&RANGES[..]), days in 0..40_i64,
    ) {
        let mut one = advisory("RUSTSEC-2026-9999", name, kind, patched, &[]);
        one.date = jiff::tz::TimeZone::UTC.to_datetime(days_ago(days)).date();
        let before = world.evaluate();
        let after = world.advise(one.clone()).evaluate();
        for (before, after) in before.judgements.iter().zip(&after.judgements) {
            let hit = after.advisories.contains(&Arc::from("RUSTSEC-2026-9999"));
            prop_assert!(!hit || before.passes() || !after.passes(), "{before:?} became {after:?}");
            // It lifts `too-new` at most, from what it names or what goes with that, and a vulnerability alone can.
            let (was, is) = (codes(before), codes(after));
            let lifted: Vec<_> = was.iter().filter(|code| !is.contains(code)).collect();
            let may_lift = kind == AdvisoryKind::Vulnerability && lifted == [&ReasonCode::TooNew];
            let by_approval = matches!(after.verdict, Some(Verdict::Approved(_))) && kind == AdvisoryKind::Vulnerability;
            prop_assert!(lifted.is_empty() || may_lift || by_approval, "{lifted:?} by {kind:?}");
        }
    }

    #[test]
    fn passing_time_adds_no_hold_that_time_lifts(world in world(), hours in 0..2_000_i64) {
        let (before, after) = (world.evaluate(), world.evaluate_at(hours_ago(-hours)));
        for (before, after) in before.judgements.iter().zip(&after.judgements) {
            // Advisories go stale and approvals lapse, and what those lifted comes back: so the bare release is looked at.
            let Some(published) = after.pubtime else { continue };
            let reasons = |at| {
                let facts = world.facts();
                let crate_id = crates_io(&after.id.name);
                let Some(IndexFact::Read(history)) = facts.index.get(&crate_id) else { return Vec::new() };
                let pubtime = cargo_sequester::door::model::index_line::Pubtime::Known(published);
                let all = publish_age::reasons(&world.policy, &crate_id, history, &pubtime, at);
                all.iter().map(cargo_sequester::door::model::verdict::Reason::code).collect()
            };
            let (was, is): (Vec<_>, Vec<_>) = (reasons(now()), reasons(hours_ago(-hours)));
            prop_assert!(is.iter().all(|code| was.contains(code)), "{was:?} became {is:?} of {before:?}");
        }
    }

    #[test]
    fn passing_time_adds_no_hold_where_nothing_lapses(world in world(), hours in 0..2_000_i64) {
        let world = world.with(|world| {
            world.approvals.clear();
            world.policy.quarantine.security_fix = false;
        });
        let (before, after) = (world.evaluate(), world.evaluate_at(hours_ago(-hours)));
        for (before, after) in before.judgements.iter().zip(&after.judgements) {
            let (was, is) = (codes(before), codes(after));
            prop_assert!(is.iter().filter(|code| code.time_lifts()).all(|code| was.contains(code)));
        }
    }

    #[test]
    fn what_is_approved_stays_so_until_the_moment_that_is_told(world in world(), hours in 0..9_000_i64) {
        let world = world.with(|world| world.policy.advisories.max_copy_age = age("100 days"));
        let facts = world.facts();
        let until = lasts_until(&facts, &world.policy, &world.approvals, now());
        let later = hours_ago(-hours).min(until - SignedDuration::from_secs(1)).max(now());
        let (before, after) = (world.evaluate(), world.evaluate_at(later));
        for (before, after) in before.judgements.iter().zip(&after.judgements) {
            prop_assert!(!before.passes() || after.passes(), "{before:?} became {after:?} at {later}, before {until}");
        }
        prop_assert!(!before.blockers.is_empty() || after.blockers.is_empty(), "{:?}", after.blockers);
    }

    #[test]
    fn quarantined_means_that_time_lifts_every_reason(world in world()) {
        for judgement in world.evaluate().judgements {
            let Some(reasons) = judgement.reasons() else { continue };
            prop_assert!(reasons.iter().next().is_some());
            prop_assert!(reasons.iter().map(cargo_sequester::door::model::verdict::Reason::code).is_sorted());
            let quarantined = matches!(judgement.verdict, Some(Verdict::Quarantined(_)));
            prop_assert_eq!(quarantined, reasons.iter().all(|reason| reason.code().time_lifts()));
            prop_assert_eq!(quarantined, reasons.eligible_at().is_some());
            for reason in reasons {
                prop_assert_eq!(reason.code().time_lifts(), reason.eligible_at().is_some());
            }
        }
        prop_assert_eq!(Reasons::new(Vec::new()), None);
    }

    #[test]
    fn eligible_at_is_the_moment_at_which_the_hold_ends(world in world()) {
        let world = world.with(|world| {
            // What ends in the meantime, and fixes that come of age before that, are other laws' matter.
            world.approvals.retain(|one| one.until.is_none() || one.until == Some(date("2030-01-01")));
            world.policy.advisories.ignore.clear();
            world.policy.quarantine.security_fix = false;
        });
        for (position, judgement) in world.evaluate().judgements.iter().enumerate() {
            let Some(Verdict::Quarantined(reasons)) = &judgement.verdict else { continue };
            let at = reasons.eligible_at().unwrap();
            prop_assert!(at > now());
            let then = &world.evaluate_at(at).judgements[position];
            prop_assert!(then.passes(), "{reasons:?} but then {then:?}");
            let before = at.checked_sub(SignedDuration::from_secs(1)).unwrap();
            prop_assert!(!world.evaluate_at(before).judgements[position].passes(), "{reasons:?}");
        }
    }

    #[test]
    fn what_is_seen_inside_only_ever_lengthens_a_hold(world in world()) {
        let unseen = world.clone().with(|world| world.inspections = Inspections::default());
        let off = world.clone().with(|world| world.policy.quarantine.inspect = false);
        for (without, with) in unseen.evaluate().judgements.iter().zip(&world.evaluate().judgements) {
            prop_assert!(without.passes() || !with.passes(), "{without:?} became {with:?}");
            let (was, is) = (codes(without), codes(with));
            prop_assert!(was.iter().all(|code| is.contains(code)), "{was:?} became {is:?}");
            // A fix that is itself no longer clean takes nothing along.
            let more = is.iter().filter(|code| !was.contains(code));
            let is_known = |code: &&ReasonCode| matches!(code, ReasonCode::Inspection | ReasonCode::TooNew);
            prop_assert!(more.into_iter().all(|code| is_known(&code)), "{was:?} became {is:?}");
            let until = |one: &Judgement| one.reasons().and_then(Reasons::eligible_at);
            prop_assert!(until(without).is_none_or(|until_then| until(with).is_none_or(|until| until >= until_then)));
        }
        for (unseen, off) in unseen.evaluate().judgements.iter().zip(&off.evaluate().judgements) {
            prop_assert_eq!(shown(unseen), shown(off));
        }
    }

    #[test]
    fn nothing_lifts_malice(world in world(), days in 0..3_000_i64) {
        let world = NAMES.iter().fold(world, |world, name| {
            world.advise(advisory("RUSTSEC-2026-0001", name, AdvisoryKind::Malicious, &[], &[]))
        });
        let world = world.with(|world| {
            for package in &world.packages {
                for lifts in [vec![ReasonCode::Malicious], LIFTS.to_vec()] {
                    let mut one = approval(&package.id.name, &package.id.version.to_string(), &lifts);
                    one.until = Some(date("2099-12-31"));
                    world.approvals.push(one);
                }
            }
            world.policy.advisories.ignore.push(Ignore {
                id: "RUSTSEC-2026-0001".into(),
                crate_name: None,
                reason: "not reached".into(),
                until: date("2099-12-31"), justification: None,
                line: 4,
            });
        });
        for judgement in world.evaluate_at(days_ago(-days)).judgements {
            if judgement.id.source != Source::Local {
                prop_assert!(codes(&judgement).contains(&ReasonCode::Malicious), "{judgement:?}");
            }
            // Nor is any of its releases a way out or a fix.
            prop_assert_eq!(judgement.newest_approved, None);
        }
    }

    #[test]
    fn an_approval_of_anything_else_changes_nothing(world in world(), name in select(&NAMES[..]), number in select(&VERSIONS[..])) {
        let mut other = approval(name, number, &LIFTS);
        other.until = Some(date("2030-01-01"));
        let mut bytes = other.clone();
        bytes.checksum = checksum("other", "bytes");
        let mut build = other.clone();
        build.version = version(&format!("{number}+other"));
        let mut registry = other;
        registry.registry = crate::support::facts::other_registry();
        let before = world.evaluate();
        let after = world.with(|world| world.approvals.extend([bytes, build, registry])).evaluate();
        for (before, after) in before.judgements.iter().zip(&after.judgements) {
            prop_assert_eq!(format!("{before:?}"), format!("{after:?}"));
        }
    }

    #[test]
    fn what_update_is_offered_audit_accepts(world in world()) {
        for (position, judgement) in world.evaluate().judgements.iter().enumerate() {
            let Some(newest) = &judgement.newest_approved else { continue };
            let moved = world.clone().with(|world| {
                let package = &mut world.packages[position];
                package.checksum = LockedChecksum::Known(checksum(&package.id.name, &newest.to_string()));
                package.id.version = newest.clone();
            });
            let then = &moved.evaluate().judgements[position];
            prop_assert!(then.passes(), "{judgement:?} but then {then:?}");
        }
    }

    #[test]
    fn no_bytes_and_no_moment_make_it_panic(
        world in world(), bytes in vec(any::<u8>(), 0..200), cut in 0..400_usize, at in any::<u8>(), seconds in any::<i64>(),
    ) {
        let moment = match at % 4 {
            0 => Timestamp::MIN,
            1 => Timestamp::MAX,
            _ => Timestamp::from_second(seconds % 253_402_207_200).unwrap_or(Timestamp::MAX),
        };
        let mut facts = world.facts();
        for (id, lines) in &world.lines {
            let mut text = lines.join("\n").into_bytes();
            text.splice(cut.min(text.len())..cut.min(text.len()), bytes.iter().copied());
            // Cargo's cache ends every text with a zero; one that is cut short is no history.
            let cached = text.iter().chain(&[0]).copied().collect::<Vec<_>>();
            let history = match History::from_cache(&id.name, cached, 0, Standing::Cached(Some(moment))) {
                Some(history) if at % 2 == 1 => history,
                _ => History::from_lines(&id.name, text, Standing::Confirmed),
            };
            facts.index.insert(id.clone(), IndexFact::Read(Arc::new(history)));
        }
        facts.registry_clock = (at % 3 == 0).then_some(moment);
        if let AdvisoryFact::Read(db) = &mut facts.advisories {
            (db.confirmed, db.committed) = (Some(moment), Some(moment));
            for advisory in db.by_crate.values_mut().flatten() {
                advisory.date = if at % 2 == 0 { jiff::civil::Date::MIN } else { jiff::civil::Date::MAX };
            }
        }
        // A lock file's reader gives no such positions; nothing may rest on that.
        facts.packages[0].dependencies.push(usize::MAX);
        let evaluation = evaluate(&facts, &world.policy, &world.approvals, moment);
        prop_assert_eq!(evaluation.judgements.len(), facts.packages.len());
    }

    #[test]
    fn an_age_past_all_counting_is_never_reached(days in -400_i64..400, at in any::<i64>()) {
        let longest: Age = format!("{} seconds", i64::MAX).parse().unwrap();
        let world = World::new().publish(Line::new("aa", "1.0.0").days_old(days)).lock("aa", "1.0.0").with(|world| {
            world.policy.quarantine.min_publish_age.value = longest;
        });
        let moment = Timestamp::from_second(at % 253_402_207_200).unwrap_or(Timestamp::MAX);
        for moment in [moment, Timestamp::MIN, Timestamp::MAX] {
            prop_assert!(!world.evaluate_at(moment).judgements[1].passes());
        }
    }

    #[test]
    fn an_index_file_answers_the_same_however_often_it_is_asked(world in world(), bytes in vec(any::<u8>(), 0..40), cut in 0..300_usize) {
        for (id, lines) in &world.lines {
            let mut text = lines.join("\n").into_bytes();
            text.splice(cut.min(text.len())..cut.min(text.len()), bytes.iter().copied());
            let history = History::from_lines(&id.name, text, Standing::Confirmed);
            let ask = || VERSIONS.iter().map(|one| history.release(&version(one))).collect::<Vec<_>>();
            let first = ask();
            for _ in 0..8 {
                prop_assert_eq!(&first, &ask());
            }
        }
    }
}

#[test]
fn the_base_makes_no_package_pass_that_it_does_not_have() {
    let mut facts: Facts = World::new().lock("aa", "1.0.0").facts();
    facts.base = Some(Locked::default());
    let evaluation = evaluate(&facts, &Policy::default(), &Vec::new(), now());
    assert!(!evaluation.judgements[1].passes());
    assert!(evaluation.judgements[0].verdict.is_some());
}
