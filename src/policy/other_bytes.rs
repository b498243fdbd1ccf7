//! Locked releases of which the lock file has another checksum than the index.
//!
//! Cargo resolves nothing beside such a release: it holds what it locks against what it locked, and a checksum that changed ends the run,
//! whatever was asked for. So the release is hidden like any other that is not approved, and cargo moves away from it. Where it may stay,
//! it is shown with the checksum that the lock file has: cargo leaves it as it is, and nothing is thereby approved.

use std::collections::BTreeMap;

use super::visible::Filtered;
use crate::model::evaluation::Evaluation;
use crate::model::facts::Facts;
use crate::model::index_line;
use crate::model::package::{CrateId, LockedChecksum};
use crate::model::resolution::{Hidden, HiddenBecause, Versions, View};
use crate::model::verdict::{Reason, Witness};

/// A locked release with another checksum than its index has.
#[derive(Clone, Debug)]
pub(crate) struct OtherBytes {
    /// Why it is not approved.
    pub hidden: Hidden,
    /// The checksum, as the lock file has it.
    pub locked: String,
}

/// The locked releases of other bytes than their index has, by their crate.
#[must_use]
pub(crate) fn other_bytes(facts: &Facts, evaluation: &Evaluation) -> BTreeMap<CrateId, Vec<OtherBytes>> {
    let mut all: BTreeMap<CrateId, Vec<OtherBytes>> = BTreeMap::new();
    for (package, judgement) in facts.packages.iter().zip(&evaluation.judgements) {
        let differs = |reason: &Reason| matches!(reason, Reason::ChecksumMismatch { witness: Witness::Index, .. });
        let reasons = judgement.reasons().filter(|reasons| reasons.iter().any(differs));
        let (Some(id), Some(reasons)) = (package.id.crate_id(), reasons) else { continue };
        let locked = match &package.checksum {
            LockedChecksum::Known(checksum) => checksum.to_string(),
            LockedChecksum::Malformed(text) => text.to_string(),
            LockedChecksum::Missing => continue,
        };
        let because = HiddenBecause::Reasons(reasons.clone());
        let hidden = Hidden { version: package.id.version.clone(), pubtime: judgement.pubtime, because };
        all.entry(id).or_default().push(OtherBytes { hidden, locked });
    }
    all
}

impl OtherBytes {
    /// Hides the release, or shows it with the locked checksum where the view has it stay.
    pub(crate) fn apply(&self, id: &CrateId, view: &View, filtered: &mut Filtered) {
        let version = &self.hidden.version;
        let has = |versions: &Versions| versions.get(id).is_some_and(|these| these.contains(version));
        let is_shown = has(&view.kept) || has(&view.shown) || (view.all && !self.hidden.is_malicious());
        let (lines, versions) = (std::mem::take(&mut filtered.lines), std::mem::take(&mut filtered.visible));
        for (line, at) in lines.split_inclusive(|byte| *byte == b'\n').zip(versions) {
            let shown = if at != *version {
                Some(line.to_vec())
            } else if is_shown {
                index_line::with_checksum(line, &self.locked)
            } else {
                None
            };
            if let Some(shown) = shown {
                filtered.lines.extend_from_slice(&shown);
                filtered.visible.push(at);
            }
        }
        filtered.hidden.retain(|hidden| hidden.version != *version);
        filtered.hidden.push(self.hidden.clone());
    }
}
