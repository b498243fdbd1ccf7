//! What is inside an archive that is at hand, and for how long it holds its release.
//!
//! It counts for releases that a signal would still hold, and can only make a hold longer: nothing that was seen, or not seen, approves
//! anything.

use jiff::{SignedDuration, Timestamp};

use super::evidence::Evidence;
use super::publish_age::{self, CLOCK_TOLERANCE, is_reached};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::verdict::Reason;

/// What was seen inside a release, as long as it holds it.
#[must_use]
pub(super) fn reason(evidence: &Evidence<'_>, crate_id: &CrateId, release: &Outline) -> Option<Reason> {
    let eligible_at = held_until(evidence.policy, crate_id, release, evidence.now)?;
    let alarm = evidence.inspected(crate_id, release)?.alarm.clone()?;
    Some(Reason::Inspection { alarm, eligible_at })
}

/// Whether a release was looked into; `None` where that makes no difference.
#[must_use]
pub(super) fn was_inspected(evidence: &Evidence<'_>, crate_id: &CrateId, release: &Outline) -> Option<bool> {
    held_until(evidence.policy, crate_id, release, evidence.now)?;
    Some(evidence.inspected(crate_id, release).is_some())
}

/// The releases of a crate that are to be looked into where their archives are at hand. The registry's clock may yet turn out to be
/// behind the machine's, so that a few more may be among them than are held.
pub(crate) fn in_question<'h>(
    policy: &Policy,
    crate_id: &CrateId,
    history: &'h History,
    now: Timestamp,
) -> impl Iterator<Item = &'h Outline> {
    let tolerance = i64::try_from(CLOCK_TOLERANCE.as_secs()).unwrap_or_default();
    let earliest = now.checked_sub(SignedDuration::from_secs(tolerance)).unwrap_or(Timestamp::MIN);
    history.outlines().filter(move |release| held_until(policy, crate_id, release, earliest).is_some())
}

/// Until when a release would be held for what is inside it; `None` where it would not, or not any more.
fn held_until(policy: &Policy, crate_id: &CrateId, release: &Outline, now: Timestamp) -> Option<Timestamp> {
    let (quarantine, published) = (&policy.quarantine, release.pubtime.known()?);
    let counts = quarantine.inspect
        && !publish_age::is_trusted(policy, crate_id)
        && !is_reached(quarantine.signal_age, published, now);
    counts.then(|| quarantine.signal_age.after(published))
}
