//! Which releases of a crate cargo may see while it resolves: those that the policy approves, and nothing else.
//!
//! A locked release that the policy does not approve is hidden like any other: cargo then moves away from it by itself. A [`View`] asks
//! for something else, where that fails or for a question of its own. What is shown is shown verbatim, but for the yank of what is kept, and
//! of what is locked and shown although the policy hides it. Facts may still grow while cargo resolves, so nothing here asks for crates
//! beyond the one in hand, and those that its young releases begin to depend on.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use semver::Version;

use super::graph::same_line;
use super::judge::Judge;
use crate::model::facts::Beside;
use crate::model::history::History;
use crate::model::index_line;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::resolution::{Exact, Hidden, HiddenBecause, Versions, View};
use crate::model::verdict::Verdict;

/// An index file as cargo may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filtered {
    /// The lines of the visible releases, in the file's order, each with its line end. Empty where nothing is visible.
    pub lines: Vec<u8>,
    /// The releases on them.
    pub visible: Vec<Version>,
    /// The readable releases that the policy hides, also where the view shows them. Lines that cannot be read are left out: cargo skips
    /// them too.
    pub hidden: Vec<Hidden>,
}

/// Filters one crate's index file for a view. `beside` is what was learned since the judge was made, `locked` the versions that the
/// lock file has of the crate.
#[must_use]
pub fn filtered_lines(
    judge: &Judge<'_>,
    beside: &Beside,
    crate_id: &CrateId,
    history: &History,
    locked: &BTreeSet<Version>,
    view: &View,
) -> Filtered {
    let mut first_lines: HashMap<&Version, &[u8]> = HashMap::new();
    let mut ambiguous: BTreeSet<&Version> = BTreeSet::new();
    for (outline, line) in history.outlined_lines() {
        if *first_lines.entry(&outline.version).or_insert(line) != line {
            ambiguous.insert(&outline.version);
        }
    }
    let has = |versions: &Versions, version| versions.get(crate_id).is_some_and(|these| these.contains(version));
    let exact = view.exact.get(crate_id).map_or(&[][..], Vec::as_slice);
    let mut filtered = Filtered::default();
    for (outline, line) in history.outlined_lines() {
        let version = &outline.version;
        let because = if ambiguous.contains(version) {
            Some(HiddenBecause::Ambiguous)
        } else {
            hidden_because(judge.verdict_beside(beside, crate_id, history, outline), outline, locked)
        };
        let hidden = because.map(|because| Hidden::of(outline, because));
        let is_ambiguous = hidden.as_ref().is_some_and(|hidden| hidden.because == HiddenBecause::Ambiguous);
        let stays_hidden = |hidden: &Hidden| !(has(&view.shown, version) || (view.all && !hidden.is_malicious()));
        let shown = if is_ambiguous {
            None
        } else if has(&view.kept, version) {
            index_line::with_yanked(line, true).map(Cow::Owned)
        } else if hidden.as_ref().is_some_and(stays_hidden)
            || has(&view.found_out, version)
            || is_passed_over(exact, version, locked)
        {
            None
        } else if hidden.is_some() && outline.yanked && locked.contains(version) {
            // If the policy approved it, it could stay where it is although it is yanked.
            index_line::with_yanked(line, false).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(line))
        };
        filtered.hidden.extend(hidden);
        if let Some(line) = shown {
            filtered.lines.extend_from_slice(&line);
            filtered.lines.push(b'\n');
            filtered.visible.push(version.clone());
        }
    }
    filtered
}

/// Whether a release could be taken in the place of the one that a move is to lead to.
fn is_passed_over(exact: &[Exact], version: &Version, locked: &BTreeSet<Version>) -> bool {
    exact.iter().all(|one| one.to != *version)
        && exact.iter().any(|one| {
            let in_the_way = same_line(version, &one.from) || same_line(version, &one.to);
            *version == one.from || (in_the_way && !locked.contains(version))
        })
}

fn hidden_because(verdict: Verdict, release: &Outline, locked: &BTreeSet<Version>) -> Option<HiddenBecause> {
    match verdict {
        Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => Some(HiddenBecause::Reasons(reasons)),
        // No registry's release is ever local; what cannot be is not shown.
        Verdict::Local => Some(HiddenBecause::Ambiguous),
        Verdict::Approved(_) => (release.yanked && !locked.contains(&release.version)).then_some(HiddenBecause::Yanked),
    }
}

/// The order in which hidden releases are looked at to find what would unblock: first those that time approves, the soonest first; then
/// those that a person can approve; then those that only an ignored advisory or another policy would let in; what harms last.
#[must_use]
pub(crate) fn order_of_approval(hidden: &Hidden) -> (u8, Option<Timestamp>, Option<Timestamp>) {
    let an_approval_lifts = match &hidden.because {
        HiddenBecause::Reasons(reasons) => reasons.iter().all(|reason| reason.code().an_approval_lifts()),
        HiddenBecause::Yanked | HiddenBecause::Ambiguous => false,
    };
    let rank = match hidden.eligible_at() {
        Some(_) => 0,
        None if hidden.is_malicious() => 3,
        None if an_approval_lifts => 1,
        None => 2,
    };
    (rank, hidden.eligible_at(), hidden.pubtime)
}

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
/// What is tried costs a run of cargo, so that trials are few and counted. The things come in an order of preference; the set that is found
/// needs the later of them as little as it can: it is the *preferred* one of U. Junker (`QuickXplain`, AAAI 2004), found by halving, and each
/// success tells which things it really used, which takes the rest out at once.
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
