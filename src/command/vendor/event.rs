//! The event of a run that changed something: every release that lies in the folder now, with the digests of its bytes.

use std::collections::BTreeMap;

use super::{CommandError, Run};
use crate::command::record::release;
use crate::model::package::PackageId;
use crate::model::trail::Kind;
use crate::model::vendoring::{VendoredPackage, Vendoring};

/// Writes it. A stub is not the release's own tree, so of a release that one stands for no tree is recorded.
pub(super) fn write(run: &Run<'_>, vendoring: &Vendoring) -> Result<(), CommandError> {
    let vendored: BTreeMap<&PackageId, &VendoredPackage> =
        vendoring.packages.iter().map(|package| (&package.id, package)).collect();
    let packages = run.made.facts.packages.iter().zip(&run.made.evaluation.judgements);
    let releases = packages.filter_map(|(package, judgement)| {
        let vendored = vendored.get(&package.id)?;
        let mut record = release(package, judgement)?;
        record.tree = (!vendored.stub).then_some(vendored.tree);
        Some(record)
    });
    run.record.write_beside_policy(Kind::Vendored, releases.collect())?;
    Ok(())
}
