//! Which audit trail is believed: the one beside the policy, or with a base the base's, which the change cannot have rewritten.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::base::BaseCommit;
use super::error::ProjectError;
use crate::files::names::TRAIL_FOLDER;
use crate::gather;
use crate::model::facts::{AddedEvents, TrailFact};
use crate::model::recorded::Recorded;
use crate::model::trail::{EventFileName, EventId, Trail, TrailProblem, TrailProblemKind, missing_events};

/// The folder of the trail beside a policy file.
pub(crate) fn folder(policy: &Utf8Path) -> Utf8PathBuf {
    policy.parent().unwrap_or(Utf8Path::new(".")).join(TRAIL_FOLDER)
}

/// What is known from the trail in this folder, and the trail that is believed. With a base that is the base's alone; of the change's
/// own it counts what is missing from it, and what is new in it is held against all else that is known.
pub(crate) fn read(folder: &Utf8Path, commit: Option<&BaseCommit>) -> Result<(TrailFact, Trail), ProjectError> {
    let own = gather::trail::read(folder)?;
    let Some(files) = commit.map(|commit| commit.folder(folder)).transpose()?.flatten() else {
        let problems = own.problems.clone();
        return Ok((TrailFact { recorded: Recorded::of(&own), problems, ..TrailFact::default() }, own));
    };
    let today = gather::trail::of_files(files);
    let lacks = |trail: &Trail| -> BTreeSet<EventId> {
        let (had, has) = (trail.events.keys().copied().collect(), own.events.keys().copied().collect());
        missing_events(&had, &has).into_iter().collect()
    };
    // Nothing was taken away that the change never had.
    let missing = lacks(&today);
    let mut taken = BTreeSet::new();
    let mut grown_from = commit.into_iter().flat_map(BaseCommit::grown_from).peekable();
    if grown_from.peek().is_none() {
        taken.clone_from(&missing);
    }
    for commit in grown_from {
        let trail = gather::trail::of_files(commit.folder(folder)?.unwrap_or_default());
        taken.extend(lacks(&trail).intersection(&missing));
    }
    let gained = missing.len() - taken.len();
    let truncated: BTreeSet<_> = taken.iter().filter_map(|id| Some(today.events.get(id)?.file_name(*id))).collect();
    let base = today;
    let problems = base.problems.clone();
    // What is gone or edited of the base's events is reported as missing.
    let is_told = |problem: &TrailProblem| {
        problems.contains(problem)
            || if let TrailProblemKind::Deleted { id, .. } = &problem.kind {
                missing.contains(id)
            } else {
                problem.file.parse().is_ok_and(|name: EventFileName| missing.contains(&name.id))
            }
    };
    let new = own.problems.into_iter().filter(|problem| !is_told(problem)).collect();
    let events = own.events.into_iter().filter(|(id, _)| !base.events.contains_key(id));
    let events = events.map(|(id, event)| (event.file_name(id), event)).collect();
    let added = AddedEvents { events, problems: new };
    let truncated = truncated.into_iter().collect();
    Ok((TrailFact { recorded: Recorded::of(&base), problems, truncated, gained, added, ..TrailFact::default() }, base))
}
