//! `sbom` and `vex`: documents in formats that others define. Nothing in them is of this machine, and the same facts at the same moment
//! give the same bytes.

pub(crate) mod cyclonedx;
pub(crate) mod properties;
pub(crate) mod spdx;
mod spdx_item;
pub(crate) mod vex;

use super::words::{counted, few};
use crate::model::bom::{Bom, Component, License};
use crate::model::party::Party;

/// What a document cannot say, and what would let it: a sentence each.
pub(crate) fn gaps(bom: &Bom) -> Vec<String> {
    let those = |is_it: &dyn Fn(&Component) -> bool| -> Vec<String> {
        let found = bom.components.iter().filter(|one| is_it(one));
        found.map(|one| format!("{}@{}", one.id.name, one.id.version)).collect()
    };
    let without = those(&|one| one.archive().is_some_and(|file| file.sha512.is_none()));
    let unlicensed = those(&|one| {
        let hidden = one.archive().is_some_and(|file| file.sha512.is_none());
        !hidden && !matches!(one.license, License::Declared { .. } | License::Clarified { .. })
    });
    let nameless = those(&|one| one.supplier.is_none() || !one.makers.iter().any(Party::has_address));
    let mut notes = Vec::new();
    if !without.is_empty() {
        let packages = counted(without.len(), "package");
        notes.push(format!(
            "the archives of {packages} are not at hand: SHA-512 and perhaps licences are given as unknown (`--fetch` gets them)"
        ));
    }
    if bom.author.is_none() {
        notes.push(
            "nobody is named who answers for the document (`--author`, or `[sbom.supplier]` in the policy)".to_owned(),
        );
    }
    if !nameless.is_empty() {
        let names = few(&nameless, 3);
        notes.push(format!("who made or supplies {names} is given as unknown (`--supplier`, or `[sbom.supplier]` in the policy, says who supplies the project's own)"));
    }
    if !unlicensed.is_empty() {
        let names = few(&unlicensed, 3);
        notes.push(format!("no SPDX expression tells the licence of {names} (`license` in their manifests; for those of others `[[licenses.clarify]]` in the policy)"));
    }
    if !bom.decided {
        notes.push("no verdict is given, because the run could not decide; `audit` says why".to_owned());
    }
    notes
}
