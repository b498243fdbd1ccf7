//! A lock file that was moved: whether it may stay so, and the event of it, with each release that came and what it took the place of.

use std::collections::{BTreeMap, BTreeSet};

use super::CommandError;
use super::record::{Record, release};
use crate::model::moves::Change;
use crate::model::package::PackageId;
use crate::model::source::Source;
use crate::model::trail::Kind;
use crate::project::{Decision, Project};

/// Whether everything that changed is approved, as far as it is still there.
pub(super) fn is_approved(judged: &Decision, changes: &[Change]) -> bool {
    let judgements = &judged.evaluation().judgements;
    let passing: BTreeSet<&PackageId> =
        judgements.iter().filter(|judgement| judgement.passes()).map(|judgement| &judgement.id).collect();
    changes.iter().filter_map(Change::after).all(|id| passing.contains(&id))
}

/// Writes it, where anything that is not the project's own changed. Whoever calls this still keeps the files as they were, and
/// puts them back on an error.
pub(super) fn record(project: &Project, judged: &Decision, changes: &[Change]) -> Result<(), CommandError> {
    if changes.iter().all(|change| change.source == Source::Local) {
        return Ok(());
    }
    let came: BTreeMap<PackageId, &Change> =
        changes.iter().filter_map(|change| Some((change.after()?, change))).collect();
    let packages = judged.facts().packages.iter().zip(&judged.evaluation().judgements);
    let releases = packages.filter_map(|(package, judgement)| {
        let change = came.get(&package.id)?;
        let mut record = release(package, judgement)?;
        record.replaced.clone_from(&change.from);
        Some(record)
    });
    let record = Record::of(project, Some(&judged.facts().advisories), None);
    record.write_beside_policy(Kind::Updated, releases.collect())?;
    Ok(())
}
