//! Which audit trail is believed: the one beside the policy, or with a base the base's, which the change cannot have rewritten.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::base::BaseCommit;
use super::error::ProjectError;
use crate::gather;
use crate::model::facts::TrailFact;
use crate::model::trail::{EventFileName, Recorded, Trail, TrailProblem, TrailProblemKind, missing_events};

/// Where the trail lies, from the folder that holds the policy.
const TRAIL: &str = ".sequester/trail";

/// The folder of the trail beside a policy file.
pub(crate) fn folder(policy: &Utf8Path) -> Utf8PathBuf {
    policy.parent().unwrap_or(Utf8Path::new(".")).join(TRAIL)
}

/// What is known from the trail in this folder, and the trail that is believed. With a base that is the base's alone; of the change's
/// own it counts what is missing from it and what is wrong with it.
pub(crate) fn read(folder: &Utf8Path, base: Option<&BaseCommit>) -> Result<(TrailFact, Trail), ProjectError> {
    let own = gather::trail::read(folder)?;
    let Some(files) = base.map(|base| base.folder(folder)).transpose()?.flatten() else {
        let problems = own.problems.clone();
        return Ok((TrailFact { recorded: Recorded::of(&own), problems, ..TrailFact::default() }, own));
    };
    let base = gather::trail::of_files(files);
    let (had, has) = (base.events.keys().copied().collect(), own.events.keys().copied().collect());
    let missing: BTreeSet<_> = missing_events(&had, &has).into_iter().collect();
    let truncated: BTreeSet<_> = missing.iter().filter_map(|id| Some(base.events.get(id)?.file_name(*id))).collect();
    let mut problems = base.problems.clone();
    // What is gone or edited of the base's events is told as missing.
    let is_told = |problem: &TrailProblem| {
        problems.contains(problem)
            || if let TrailProblemKind::Deleted { id, .. } = &problem.kind {
                missing.contains(id)
            } else {
                problem.file.parse().is_ok_and(|name: EventFileName| missing.contains(&name.id))
            }
    };
    let new: Vec<_> = own.problems.into_iter().filter(|problem| !is_told(problem)).collect();
    problems.extend(new);
    let truncated = truncated.into_iter().collect();
    Ok((TrailFact { recorded: Recorded::of(&base), problems, truncated, ..TrailFact::default() }, base))
}
