//! Laws of the search for the smallest set that unblocks, over generated worlds in which several sets do.

use std::collections::BTreeSet;
use std::convert::Infallible;

use cargo_sequester::door::policy::visible::{Smallest, smallest};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

type Set = BTreeSet<u8>;

/// A world: each of these sets makes it possible. What a trial uses is the last of them that it may, as cargo takes the newest.
fn tries(ways: &[Set]) -> impl FnMut(&Set) -> Result<Option<Set>, Infallible> {
    move |shown| Ok(ways.iter().filter(|way| way.is_subset(shown)).max_by_key(|way| way.iter().max()).cloned())
}

fn search(all: &[u8], trials: usize, ways: &[Set]) -> (Smallest<u8>, usize) {
    let mut asked = 0;
    let mut answer = tries(ways);
    let Ok(found) = smallest(all, trials, |shown| {
        asked += 1;
        answer(shown)
    });
    (found, asked)
}

/// The order of preference is that of the numbers; of two sets that one is better whose last number, then the last but one, is smaller.
fn best(ways: &[Set]) -> Option<Set> {
    ways.iter().min_by_key(|way| way.iter().rev().copied().collect::<Vec<_>>()).cloned()
}

fn ways() -> impl Strategy<Value = Vec<Set>> {
    vec(btree_set(0..40_u8, 0..5), 0..6)
}

proptest! {
    #[test]
    fn the_preferred_set_is_found_and_nothing_in_it_can_be_done_without(ways in ways()) {
        let all: Vec<u8> = (0..40).collect();
        let (found, asked) = search(&all, 1_000, &ways);
        let Some(best) = best(&ways) else {
            prop_assert_eq!(found, Smallest::Nothing);
            prop_assert_eq!(asked, 1);
            return Ok(());
        };
        let Smallest::Found(found) = found else { return Err(TestCaseError::fail(format!("{found:?}"))) };
        let set: Set = found.iter().copied().collect();
        prop_assert_eq!(&set, &best);
        for one in &set {
            let without: Set = set.iter().filter(|other| *other != one).copied().collect();
            prop_assert!(!ways.iter().any(|way| way.is_subset(&without)), "{} is not needed", one);
        }
        // Each that is needed costs one question whether it is the last, and the halvings that lead to it.
        prop_assert!(asked <= 2 + found.len() * 8, "{} trials for {:?}", asked, found);
    }

    #[test]
    fn trials_are_bounded_and_what_is_told_then_does_all_the_same(ways in ways(), trials in 1..12_usize) {
        let all: Vec<u8> = (0..40).collect();
        let (found, asked) = search(&all, trials, &ways);
        prop_assert!(asked <= trials);
        match found {
            Smallest::Nothing => prop_assert!(ways.is_empty()),
            Smallest::Found(set) | Smallest::AtMost(set) => {
                let set: Set = set.into_iter().collect();
                prop_assert!(ways.iter().any(|way| way.is_subset(&set)), "{:?}", set);
            }
        }
    }
}

#[test]
fn of_two_that_would_do_the_preferred_one_is_taken_although_a_trial_uses_the_other() {
    let ways = [Set::from([3]), Set::from([9])];
    assert_eq!(search(&(0..10).collect::<Vec<_>>(), 20, &ways).0, Smallest::Found(vec![3]));
}

#[test]
fn what_moves_in_lockstep_is_found_together() {
    let ways = [Set::from([1, 2]), Set::from([7, 8])];
    assert_eq!(search(&(0..10).collect::<Vec<_>>(), 20, &ways).0, Smallest::Found(vec![1, 2]));
}

#[test]
fn no_trial_at_all_tells_nothing_else_than_that_nothing_is_known() {
    assert_eq!(search(&[1], 0, &[Set::from([1])]).0, Smallest::Nothing);
}
