//! The event of a run that changed something: every release that lies in the folder now, with the digests of its bytes.

use std::collections::BTreeMap;

use super::{CommandError, Run};
use crate::command::record::release;
use crate::model::package::PackageId;
use crate::model::trail::HealedFolder;
use crate::model::vendoring::{VendoredPackage, Vendoring};

/// The most altered files that an event names of one package.
const FILES: usize = 100;

/// Writes it. A stub is not the release's own tree, so of a release that one stands for no tree is recorded.
pub(super) fn write(run: &Run<'_>, vendoring: &Vendoring) -> Result<(), CommandError> {
    let vendored: BTreeMap<&PackageId, &VendoredPackage> =
        vendoring.packages.iter().map(|package| (&package.id, package)).collect();
    let packages = run.made.facts().packages.iter().zip(&run.made.evaluation().judgements);
    let releases = packages.filter_map(|(package, judgement)| {
        let vendored = vendored.get(&package.id)?;
        let mut record = release(package, judgement)?;
        record.tree = (!vendored.stub).then_some(vendored.tree);
        Some(record)
    });
    let healed = vendoring.healed.iter().map(|entry| {
        let path = format!("{}/{}", vendoring.folder, entry.directory);
        let files = entry.files.iter().filter(|file| !file.path.is_empty()).take(FILES);
        HealedFolder { files: files.map(|file| file.path.clone()).collect(), path }
    });
    run.record.write_vendored(releases.collect(), healed.collect())?;
    Ok(())
}
