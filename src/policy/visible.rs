//! Which releases of a crate cargo may see while it resolves: those that the policy approves, and nothing else.
//!
//! A locked release that the policy does not approve is hidden like any other: cargo then moves away from it by itself. What is
//! shown is shown verbatim. Facts may still grow while cargo resolves, so nothing here asks for crates beyond the one in hand.

use std::collections::{BTreeSet, HashMap};

use semver::Version;

use super::judge::Judge;
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::verdict::Verdict;
use crate::model::visibility::{Hidden, HiddenBecause};

/// An index file as cargo may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filtered {
    /// The lines of the visible releases, verbatim, in the file's order, each with its line end. Empty where nothing is visible.
    pub lines: Vec<u8>,
    /// The releases on them.
    pub visible: Vec<Version>,
    /// The readable releases that are not shown. Lines that cannot be read are left out of both: cargo skips them too.
    pub hidden: Vec<Hidden>,
}

/// Filters one crate's index file. `locked` are the versions of it that the lock file has.
#[must_use]
pub fn filtered_lines(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    history: &History,
    locked: &BTreeSet<Version>,
) -> Filtered {
    let mut first_lines: HashMap<&Version, &[u8]> = HashMap::new();
    let mut ambiguous: BTreeSet<&Version> = BTreeSet::new();
    for (outline, line) in history.outlined_lines() {
        if *first_lines.entry(&outline.version).or_insert(line) != line {
            ambiguous.insert(&outline.version);
        }
    }
    let mut filtered = Filtered::default();
    for (outline, line) in history.outlined_lines() {
        let because = if ambiguous.contains(&outline.version) {
            Some(HiddenBecause::Ambiguous)
        } else {
            hidden_because(judge, crate_id, history, outline, locked)
        };
        if let Some(because) = because {
            filtered.hidden.push(Hidden::of(outline, because));
            continue;
        }
        filtered.lines.extend_from_slice(line);
        filtered.lines.push(b'\n');
        filtered.visible.push(outline.version.clone());
    }
    filtered
}

fn hidden_because(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    history: &History,
    release: &Outline,
    locked: &BTreeSet<Version>,
) -> Option<HiddenBecause> {
    match judge.verdict(crate_id, history, release) {
        Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => Some(HiddenBecause::Reasons(reasons)),
        // No registry's release is ever local; what cannot be is not shown.
        Verdict::Local => Some(HiddenBecause::Ambiguous),
        Verdict::Approved(_) => (release.yanked && !locked.contains(&release.version)).then_some(HiddenBecause::Yanked),
    }
}
