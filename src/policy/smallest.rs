//! The smallest set of things that makes something possible, found by trying.
//!
//! What is tried costs a run of cargo, so that trials are few and counted. The things come in an order of preference; the set that is found
//! needs the later of them as little as it can: it is the *preferred* one of U. Junker (`QuickXplain`, AAAI 2004), found by halving, and each
//! success tells which things it really used, which takes the rest out at once.

use std::collections::BTreeSet;

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Smallest<T> {
    /// All of it together does not help: the cause lies elsewhere.
    Nothing,
    /// This set makes it possible, and nothing in it can be done without, in the order of preference.
    Found(Vec<T>),
    /// This set makes it possible; there was no trial left to find out whether all of it is needed.
    AtMost(Vec<T>),
}

/// How a search is bounded and how it tries.
struct Search<'a, T, F> {
    /// In the order of preference.
    all: &'a [T],
    trials: usize,
    /// With these, what a success used of them; `None` where they do not do.
    tries: F,
}

/// Searches `all`, the preferred first. `tries` is asked at most `trials` times whether a set makes it possible, and answers which of the
/// set were used. More must never make it impossible.
///
/// # Errors
/// Those of `tries`.
pub fn smallest<T: Ord + Clone, E>(
    all: &[T],
    trials: usize,
    tries: impl FnMut(&BTreeSet<T>) -> Result<Option<BTreeSet<T>>, E>,
) -> Result<Smallest<T>, E> {
    Search { all, trials, tries }.run()
}

impl<T: Ord + Clone, E, F: FnMut(&BTreeSet<T>) -> Result<Option<BTreeSet<T>>, E>> Search<'_, T, F> {
    fn run(&mut self) -> Result<Smallest<T>, E> {
        let Some(Some(mut best)) = self.first(self.all.len(), &[])? else { return Ok(Smallest::Nothing) };
        // Positions that are needed whatever else is taken, from the last to the first.
        let mut needed: Vec<usize> = Vec::new();
        loop {
            // How many of the first are known to do together with what is needed, and how many not to.
            let mut enough = best.iter().rev().find(|at| !needed.contains(at)).map_or(0, |at| at + 1);
            let mut lacking = None;
            while lacking.map_or(0, |lacking| lacking + 1) < enough {
                // Nothing more is the likeliest after something was found, so it is asked first.
                let middle = lacking.map_or(0, |lacking: usize| lacking + (enough - lacking) / 2);
                match self.first(middle, &needed)? {
                    None => return Ok(Smallest::AtMost(self.named(best))),
                    Some(None) => lacking = Some(middle),
                    Some(Some(used)) => {
                        enough = used.iter().rev().find(|at| !needed.contains(at)).map_or(0, |at| at + 1);
                        best = used;
                    }
                }
            }
            if enough == 0 {
                return Ok(Smallest::Found(self.named(needed)));
            }
            needed.push(enough - 1);
        }
    }

    /// Tries the first so many together with those that are needed; gives the positions that were used, in order. The outer `None` says
    /// that no trial is left.
    #[expect(clippy::option_option, reason = "that no trial is left is another answer than that it does not help")]
    fn first(&mut self, count: usize, needed: &[usize]) -> Result<Option<Option<Vec<usize>>>, E> {
        if self.trials == 0 {
            return Ok(None);
        }
        self.trials -= 1;
        let shown = |at: &usize| *at < count || needed.contains(at);
        let positions: Vec<usize> = (0..self.all.len()).filter(shown).collect();
        let set: BTreeSet<T> = positions.iter().filter_map(|at| self.all.get(*at)).cloned().collect();
        let used = (self.tries)(&set)?;
        Ok(Some(used.map(|used| {
            let is_used = |at: &usize| self.all.get(*at).is_some_and(|one| used.contains(one));
            positions.into_iter().filter(is_used).collect()
        })))
    }

    fn named(&self, mut positions: Vec<usize>) -> Vec<T> {
        positions.sort_unstable();
        positions.into_iter().filter_map(|at| self.all.get(at).cloned()).collect()
    }
}
