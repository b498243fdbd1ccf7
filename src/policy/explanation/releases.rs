//! The releases of a crate with what the policy makes of each: around one of them, or the newest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use semver::Version;

use super::super::judge::Judge;
use super::Decided;
use crate::model::explanation::{Milestone, Releases, Timeline};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;

/// How many releases are shown on either side of the one in question.
const AROUND: usize = 5;
/// How many releases of a crate are listed, beside the locked ones.
const NEWEST: usize = 20;

/// The releases around one, by the time of their publication.
pub(super) fn timeline(judge: &Judge<'_>, crate_id: &CrateId, version: &Version) -> Timeline {
    let Some(history) = judge.history(crate_id) else { return Timeline::default() };
    let mut all: Vec<&Outline> = history.outlines().collect();
    all.sort_by_key(|release| (release.pubtime.known().unwrap_or(Timestamp::MIN), &release.version));
    all.dedup_by(|one, other| one.version == other.version);
    // Where the release is gone, its place is that of its number.
    let at = all
        .iter()
        .position(|release| release.version == *version)
        .unwrap_or_else(|| all.iter().rposition(|release| release.version < *version).map_or(0, |before| before + 1));
    let start = at.saturating_sub(AROUND);
    let end = at.saturating_add(AROUND + 1).min(all.len());
    let locked = locked(judge, crate_id);
    let shown = all.get(start..end).unwrap_or_default();
    Timeline {
        releases: shown.iter().map(|release| milestone(judge, crate_id, history, release, &locked)).collect(),
        earlier: start,
        later: all.len() - end,
    }
}

/// The releases of a crate, newest version first; `None` where the index told nothing of it.
#[must_use]
pub fn releases(decided: &Decided<'_>, crate_id: &CrateId) -> Option<Releases> {
    let judge = decided.judge();
    let history = judge.history(crate_id)?;
    let locked = locked(&judge, crate_id);
    let mut all: Vec<&Outline> = history.outlines().collect();
    all.sort_by(|one, other| other.version.cmp(&one.version));
    all.dedup_by(|one, other| one.version == other.version);
    let total = all.len();
    let chosen = all.into_iter().enumerate().filter(|(at, one)| *at < NEWEST || locked.contains(&one.version));
    let shown: Vec<_> = chosen.map(|(_, release)| milestone(&judge, crate_id, history, release, &locked)).collect();
    Some(Releases { name: crate_id.name.clone(), more: total - shown.len(), shown })
}

fn milestone(
    judge: &Judge<'_>,
    crate_id: &CrateId,
    history: &History,
    release: &Outline,
    locked: &BTreeSet<Version>,
) -> Milestone {
    Milestone {
        version: release.version.clone(),
        pubtime: release.pubtime.known(),
        yanked: release.yanked,
        locked: locked.contains(&release.version),
        verdict: judge.verdict(crate_id, history, release),
    }
}

fn locked(judge: &Judge<'_>, crate_id: &CrateId) -> BTreeSet<Version> {
    let same = |id: &crate::model::package::PackageId| id.crate_id().as_ref() == Some(crate_id);
    judge.facts.packages.iter().filter(|one| same(&one.id)).map(|one| one.id.version.clone()).collect()
}
