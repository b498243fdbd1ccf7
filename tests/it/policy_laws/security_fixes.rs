//! What the rule on security fixes promises, over worlds of which more than half let something come early.

use cargo_sequester::door::model::verdict::{Basis, FixRole, Reason, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::facts::{now, version};
use crate::support::fix_worlds::{FixWorld, On, Published, fix_world, on_one_line, role, too_new};

const fn passes(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Approved(_))
}

fn old(name: &'static str, version: &'static str, yanked: bool, on: &[(&'static str, &'static str)]) -> Published {
    Published { name, version, hours: 8_000, yanked, dependencies: on.to_vec() }
}

/// The same lock file as the ground, wherever it lies.
fn on(world: &FixWorld, place: On) -> FixWorld {
    let ground = world.ground().unwrap_or(&world.before).clone();
    FixWorld { on: place, head: ground.clone(), before: ground, ..world.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_yank_never_approves_anything(world in fix_world(), which in prop::collection::vec(any::<Index>(), 1..6)) {
        let mut yanked = world.clone();
        for at in which {
            let at = at.index(yanked.published.len());
            yanked.published[at].yanked = true;
        }
        for ((one, was), is) in world.published.iter().zip(world.verdicts_at(0)).zip(yanked.verdicts_at(0)) {
            prop_assert!(passes(&was) || !passes(&is), "{one:?}: {was:?} became {is:?}");
            prop_assert!(too_new(&was).is_none() || too_new(&is).is_some(), "{one:?}: {was:?} became {is:?}");
        }
    }

    #[test]
    fn where_a_release_of_the_usual_age_would_do_nothing_comes_early(world in fix_world(), yanked in any::<bool>()) {
        let mut world = world;
        for locked in [&mut world.head, &mut world.before] {
            (locked.asked, locked.through) = (None, false);
        }
        world.published.push(old("fixed", "1.9.9", yanked, &[]));
        let verdicts = world.verdicts_at(0);
        for (one, verdict) in world.published.iter().zip(&verdicts) {
            let Verdict::Approved(Basis::SecurityFix { advisory, fix: FixRole::Named, .. }) = verdict else { continue };
            let number: usize = advisory.rsplit('-').next().unwrap().parse().unwrap();
            let advised = &world.advised[number];
            let would_do = advised.patched.iter().chain(advised.unaffected);
            let would_do = would_do.map(|range| range.parse::<semver::VersionReq>().unwrap());
            let is_other = one.name != "fixed" || !on_one_line(&version(one.version), &version("1.9.9"));
            prop_assert!(is_other || !would_do.into_iter().any(|range| range.matches(&version("1.9.9"))), "{one:?}: {verdict:?}");
        }
    }

    #[test]
    fn where_an_aged_partner_would_do_none_comes_early(world in fix_world(), yanked in any::<bool>()) {
        let mut world = world;
        world.published.push(old("user", "1.9.9", yanked, &[("fixed", "*")]));
        world.published.push(old("part", "1.9.9", yanked, &[]));
        for one in &mut world.published {
            one.dependencies.iter_mut().filter(|(on, _)| *on == "part").for_each(|(_, req)| *req = "^1");
        }
        for (one, verdict) in world.published.iter().zip(world.verdicts_at(0)) {
            let of_line = on_one_line(&version(one.version), &version("1.9.9"));
            let early = matches!(role(&verdict), Some(FixRole::Companion { .. } | FixRole::Dependent { .. }));
            prop_assert!(!early || !of_line, "{one:?}: {verdict:?}");
        }
    }

    #[test]
    fn passing_time_takes_nothing_back(world in fix_world(), hours in prop_oneof![0_i64..200, 200_i64..3_000]) {
        for ((one, was), is) in world.published.iter().zip(world.verdicts_at(0)).zip(world.verdicts_at(hours)) {
            prop_assert!(!passes(&was) || passes(&is), "{one:?}: {was:?} became {is:?}");
            prop_assert!(too_new(&was).is_some() || too_new(&is).is_none(), "{one:?}: {was:?} became {is:?}");
        }
    }

    #[test]
    fn a_held_release_comes_on_the_day_that_is_told_and_not_before(world in fix_world()) {
        // With a database that keeps up; how long another lags behind nobody knows.
        let world = FixWorld { committed: 1, ..world };
        for (at, verdict) in world.verdicts_at(0).iter().enumerate() {
            let Some(Reason::TooNew { eligible_at, .. }) = too_new(verdict) else { continue };
            let hours = (eligible_at.as_second() - now().as_second()) / 3_600;
            let is_held = |hours| too_new(&world.verdicts_at(hours)[at]).is_some();
            prop_assert!(!is_held(hours) && is_held(hours - 1), "{:?}: {verdict:?}", world.published[at]);
        }
    }

    #[test]
    fn every_verb_says_the_same_of_the_same_release_on_the_same_ground(world in fix_world(), other in fix_world()) {
        // On a ground that the change did not write, nothing in the change makes or spoils a need.
        let apart = FixWorld { head: other.head, ..world.clone() };
        if world.on != On::Judged {
            prop_assert_eq!(world.verdicts_at(0), apart.verdicts_at(0));
        }
        let roles = |world: &FixWorld| world.verdicts_at(0).iter().map(|one| role(one).cloned()).collect::<Vec<_>>();
        let judged = roles(&on(&world, On::Judged));
        for place in [On::Base, On::Replaced] {
            prop_assert_eq!(&judged, &roles(&on(&world, place)));
        }
        prop_assert!(roles(&on(&world, On::Unknown)).iter().all(Option::is_none));
    }

    #[test]
    fn raising_a_lower_bound_makes_and_spoils_no_need(world in fix_world()) {
        let asks = |req: &'static str| {
            let mut world = on(&world, On::Judged);
            world.head.asked = Some(req);
            world.verdicts_at(0)
        };
        // Where the locked release answers both, they differ in their lower bounds alone.
        let locked = world.ground().unwrap_or(&world.before).fixed;
        for (low, high) in [("^1", "^1.2.1"), (">=1, <1.3", ">=1.2.1, <1.3"), ("^1", "^1.1"), ("~1.2", "~1.2.1")] {
            let answers = |req: &str| {
                locked.is_some_and(|locked| req.parse::<semver::VersionReq>().unwrap().matches(&version(locked)))
            };
            if answers(low) && answers(high) {
                prop_assert_eq!(asks(low), asks(high));
            }
        }
    }
}
