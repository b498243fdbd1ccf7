//! The audit trail's last word on a release, and what keeps it from passing.

use jiff::Timestamp;
use jiff::civil::Date;

use super::approval::Approval;
use super::checksum::Checksum;
use super::policy::Policy;
use super::trail::release::ReleaseRecord;
use super::trail::{Event, EventId};
use super::verdict::VerdictCode;

/// What the trail last decided about a release.
#[derive(Clone, Debug)]
pub struct LastWord<'a> {
    pub id: EventId,
    pub event: &'a Event,
    pub record: &'a ReleaseRecord,
    pub checksum: Checksum,
    /// Why it does not pass now; empty where it does.
    pub against: Vec<Against>,
    /// The advisories that hit it and were ignored, with the last day on which they are, where one is known.
    pub ignored: Vec<(String, Option<Date>)>,
    /// The events by which persons gave what it leans on.
    pub given: Vec<(EventId, &'a Event)>,
    /// Whether it passed by a minimum age that is shorter than the usual one of the policy that was judged by then.
    pub shortened: bool,
}

impl LastWord<'_> {
    /// Whether what was decided then holds now.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.against.is_empty()
    }

    /// Whether the trail itself approved it, so that what is against it came later.
    #[must_use]
    pub fn was_approved(&self) -> bool {
        !self.against.iter().any(|one| matches!(one, Against::Held(_) | Against::Revoked))
    }
}

/// Why a release does not pass, although the trail knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The trail says that it was held.
    Held(VerdictCode),
    /// A person took the approval back.
    Revoked,
    /// The approval that it leans on has ended.
    ApprovalOver(Date),
    /// The policy has the approval no longer that it leans on.
    ApprovalGone,
    /// The ignore of an advisory that hits it has ended.
    IgnoreOver { advisory: String, until: Date },
    /// The policy ignores an advisory no longer that hits it.
    IgnoreGone { advisory: String },
}

/// What is held against the trail.
#[derive(Clone, Copy, Debug)]
pub struct Today<'a> {
    pub now: Timestamp,
    /// The policy file beside the trail as it is now, where it was read: what a person took out of it by hand counts no longer.
    pub rules: Option<(&'a Policy, &'a [Approval])>,
    /// The policy without approvals and ignores that was judged by at the time, where the trail tells it.
    pub then: Option<&'a Policy>,
}

/// Why there is no word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoWord {
    /// The trail was changed: a file, and the code of what is wrong with it.
    NotWhole { file: String, code: &'static str },
    /// The trail has no verdict on the release.
    NotInTrail,
    /// The trail does not know its bytes.
    NoChecksum,
}
