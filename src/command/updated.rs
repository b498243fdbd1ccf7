//! A lock file that was moved: whether it may stay so, and the event of it, with each release that came and what it took the place of.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::CommandError;
use super::record::{Record, StagedEvents, release};
use crate::model::package::PackageId;
use crate::model::resolution::Change;
use crate::model::source::Source;
use crate::model::trail::Kind;
use crate::project::{Decision, Project};
use crate::resolve::Written;
use crate::write::project_file::{KeptFile, change_all};

/// Whether everything that changed is approved, as far as it is still there.
pub(super) fn is_approved(judged: &Decision, changes: &[Change]) -> bool {
    let judgements = &judged.evaluation().judgements;
    let passing: BTreeSet<&PackageId> =
        judgements.iter().filter(|judgement| judgement.passes()).map(|judgement| &judgement.id).collect();
    changes.iter().filter_map(Change::after).all(|id| passing.contains(&id))
}

/// Writes into the project what cargo did in its copy, and the event of it where there is one: all, or the files are as they were.
///
/// A kill between two files leaves each of them whole. Then a lock file with more than the manifests ask for does no harm, whereas what is
/// missing would be resolved by the next cargo: what is only taken away goes from the manifests first.
pub(super) fn publish(
    written: &[Written],
    only_removes: bool,
    event: impl FnOnce() -> Result<Option<StagedEvents>, CommandError>,
) -> Result<(), CommandError> {
    let is_lock_file = |file: &&Written| file.path.file_name() == Some("Cargo.lock");
    let (locks, manifests): (Vec<&Written>, Vec<&Written>) = written.iter().partition(is_lock_file);
    let order = if only_removes { [manifests, locks] } else { [locks, manifests] }.concat();
    let kept = order.iter().map(|file| KeptFile::keep(&file.path)).collect::<Result<Vec<_>, _>>()?;
    for (file, kept) in order.iter().zip(&kept) {
        if kept.bytes() != file.before.as_deref() {
            return Err(CommandError::ChangedMeanwhile { path: file.path.clone() });
        }
    }
    let staged = order.iter().zip(kept).map(|(file, kept)| kept.change(file.after.as_deref()));
    let changes = staged.collect::<Result<Vec<_>, _>>()?;
    let event = event()?;
    change_all(changes, || event.map(StagedEvents::put).transpose()).map(drop)
}

/// Whether packages only left the lock file.
pub(super) fn only_removes(changes: &[Change]) -> bool {
    changes.iter().all(|change| change.after().is_none())
}

/// The event of a lock file that changes, where anything that is not the project's own does.
pub(super) fn record(
    project: &Project,
    judged: &Decision,
    changes: &[Change],
) -> Result<Option<StagedEvents>, CommandError> {
    if changes.iter().all(|change| change.source == Source::Local) {
        return Ok(None);
    }
    let came: BTreeMap<PackageId, &Change> =
        changes.iter().filter_map(|change| Some((change.after()?, change))).collect();
    let packages = judged.facts().packages.iter().zip(&judged.evaluation().judgements);
    let releases = packages.filter_map(|(package, judgement)| {
        let change = came.get(&package.id)?;
        let mut record = release(package, judgement, judged.facts())?;
        record.replaced.clone_from(&change.from);
        Some(record)
    });
    let record = Record::of(project, Some(&judged.facts().advisories), None);
    record.beside_policy(Kind::Updated, releases.collect()).map(Some)
}
