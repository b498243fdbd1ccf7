//! Laws of the signals, on worlds that dice make.

use cargo_sequester::door::model::policy::RegistryPolicy;
use cargo_sequester::door::model::signal::SignalCode;
use cargo_sequester::door::model::source::Registry;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::reasons;
use crate::support::facts::{Line, World, now};
use crate::support::rules::set;

/// A release of `old`: its patch number, its age in days, what it depends on, and whether it is yanked.
type Made = (u64, i64, Vec<usize>, bool);

const NAMES: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];

fn release((patch, days, depends, yanked): &Made) -> Line {
    let mut line = Line::new("old", &format!("1.0.{patch}")).days_old(*days);
    for at in depends {
        line = line.dep(NAMES[*at % NAMES.len()], "*");
    }
    if depends.len() > 2 {
        line = line.but(|one| one["optional"] = json!(true)).features(json!({ "default": [NAMES[depends[2] % 4]] }));
    }
    if *yanked { line.yanked() } else { line }
}

fn world(made: &[Made], births: &[i64], turn: usize) -> World {
    let mut lines: Vec<Line> = made.iter().map(release).collect();
    let turn = turn % lines.len().max(1);
    lines.rotate_left(turn);
    let names = NAMES.iter().zip(births).map(|(name, days)| Line::new(name, "1.0.0").days_old(*days));
    let world = lines.into_iter().chain(names).fold(World::new(), World::publish);
    let newest = made.iter().max_by_key(|one| one.0).map_or(0, |one| one.0);
    world.lock("old", &format!("1.0.{newest}"))
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    let one = (0..40_i64, prop::collection::vec(0..4_usize, 0..4), any::<bool>());
    prop::collection::vec(one, 1..6).prop_map(|all| {
        let ages = |patch: u64, days: i64| match patch {
            0 => 800 + days,
            _ => days * 3,
        };
        all.into_iter()
            .zip(0..)
            .map(|((days, depends, yanked), patch)| (patch, ages(patch, days), depends, yanked))
            .collect()
    })
}

fn births() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0..60_i64, 4)
}

fn found(world: &World) -> Vec<SignalCode> {
    reasons(&world.judgement("old"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_lines_decides_nothing(made in made(), births in births(), turn in 0..6_usize) {
        prop_assert_eq!(world(&made, &births, 0).judgement("old").verdict, world(&made, &births, turn).judgement("old").verdict);
    }

    #[test]
    fn passing_time_lifts_and_adds_nothing(made in made(), births in births(), days in 0..30_i64) {
        let world = world(&made, &births, 0);
        let later = reasons(&world.judgement_at("old", now() + SignedDuration::from_hours(24 * days)));
        let today = found(&world);
        prop_assert!(later.iter().all(|code| today.contains(code)), "{:?} {:?}", today, later);
        let lapsed = reasons(&world.judgement_at("old", now() + SignedDuration::from_hours(24 * 15)));
        prop_assert_eq!(lapsed, vec![]);
    }

    #[test]
    fn a_release_on_top_changes_nothing_below(made in made(), births in births(), yanked in any::<bool>()) {
        let world = world(&made, &births, 0);
        let top = release(&(made.len() as u64 + 7, 0, vec![], yanked));
        prop_assert_eq!(found(&world.clone().publish(top)), found(&world));
    }

    #[test]
    fn a_yank_takes_no_signal_away(made in made(), births in births(), at in 0..6_usize) {
        let mut yanked = made.clone();
        if let Some(one) = yanked.get_mut(at % made.len()) {
            one.3 = true;
        }
        let (before, after) = (found(&world(&made, &births, 0)), found(&world(&yanked, &births, 0)));
        prop_assert!(before.iter().all(|code| after.contains(code)), "{:?} {:?}", before, after);
    }

    #[test]
    fn a_trusted_registry_lifts_all(made in made(), births in births()) {
        let world = world(&made, &births, 0).with(|world| {
            let own = RegistryPolicy { name: "crates-io".into(), min_publish_age: Some(set("0")), api: None };
            world.policy.registries.insert(Registry::CratesIo, own);
        });
        prop_assert_eq!(found(&world), vec![]);
    }

    #[test]
    fn a_dependency_that_is_not_known_is_no_better_than_a_young_one(made in made(), births in births()) {
        // What an earlier release had is asked for no more.
        let mut made = made;
        let newest = made.len() - 1;
        made.iter_mut().take(newest).for_each(|one| one.2.clear());
        let known = world(&made, &births, 0);
        let unknown = known.clone().with(|world| world.lines.retain(|id, _| &*id.name == "old"));
        prop_assert!(found(&known).iter().all(|code| found(&unknown).contains(code)));
    }
}
