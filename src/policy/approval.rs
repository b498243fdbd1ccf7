//! What a person's approval lifts.

use jiff::civil::Date;
use semver::Version;

use crate::model::approval::Approval;
use crate::model::checksum::Checksum;
use crate::model::package::CrateId;
use crate::model::verdict::{Reason, ReasonCode};

/// The approvals of one exact release that still count. An approval is of bytes: the version, the build metadata and the checksum
/// must all be the ones that the person looked at.
pub fn of<'a>(
    approvals: &'a [Approval],
    crate_id: &'a CrateId,
    version: &'a Version,
    checksum: Checksum,
    today: Date,
) -> impl Iterator<Item = &'a Approval> {
    names(approvals, crate_id, version)
        .filter(move |approval| approval.checksum == checksum && !has_lapsed(approval, today))
}

/// The approvals that name a release, whatever its bytes and the day.
pub fn names<'a>(
    approvals: &'a [Approval],
    crate_id: &'a CrateId,
    version: &'a Version,
) -> impl Iterator<Item = &'a Approval> {
    approvals.iter().filter(move |approval| {
        approval.crate_name.names(&crate_id.name)
            && approval.registry == crate_id.registry
            && approval.version == *version
    })
}

/// Whether its last day is over.
#[must_use]
pub fn has_lapsed(approval: &Approval, today: Date) -> bool {
    approval.until.is_some_and(|until| until < today)
}

/// Whether an approval lifts a reason: one that it names, and that any approval may lift. Where time does not lift the reason, only an
/// approval that ends may: what a person once accepted must not stand for ever.
#[must_use]
pub fn lifts(approval: &Approval, reason: &Reason) -> bool {
    let code: ReasonCode = reason.code();
    code.an_approval_lifts() && approval.lifts.contains(&code) && (code.time_lifts() || approval.until.is_some())
}
