//! What a team is told of one release.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::index_line::Outline;
use crate::model::verdict::{Reason, Reasons, Verdict};

/// What was decided about one release.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub(crate) outline: Outline,
    /// `None` where there are no advisories to decide by.
    pub(crate) verdict: Option<Verdict>,
    /// Whether a posted lock file has these bytes, which may stay.
    pub(crate) locked: bool,
    /// The line that it had, where its registry has it no more, or has another one now.
    pub(crate) kept: Option<Arc<str>>,
}

impl Ruling {
    /// Whether the team may take it up.
    pub(crate) const fn is_approved(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Approved(_))) && self.kept.is_none()
    }

    /// Whether its bytes are given to the team: taken up, or kept. What was made to do harm is given to nobody.
    pub(crate) fn is_served(&self) -> bool {
        !self.is_malicious() && (self.is_approved() || self.locked)
    }

    pub(crate) fn is_malicious(&self) -> bool {
        self.reasons().is_some_and(|reasons| reasons.iter().any(|reason| matches!(reason, Reason::Malicious { .. })))
    }

    /// Whether its registry says otherwise than before.
    pub(crate) fn is_contradicted(&self) -> bool {
        let contradicts =
            |reason: &Reason| matches!(reason, Reason::PubtimeChanged { .. } | Reason::ChecksumMismatch { .. });
        self.reasons().is_some_and(|reasons| reasons.iter().any(contradicts))
    }

    /// Whether it is not even shown.
    pub(crate) fn is_hidden(&self) -> bool {
        // The line that it had can be believed.
        let unreadable = |reason: &Reason| self.kept.is_none() && matches!(reason, Reason::IndexEntryUnreadable { .. });
        let hides =
            |reason: &Reason| matches!(reason, Reason::Malicious { .. } | Reason::Denied { .. }) || unreadable(reason);
        self.reasons().is_some_and(|reasons| reasons.iter().any(hides))
    }

    pub(crate) const fn reasons(&self) -> Option<&Reasons> {
        match &self.verdict {
            Some(Verdict::Quarantined(reasons) | Verdict::Rejected(reasons)) => Some(reasons),
            Some(Verdict::Local | Verdict::Approved(_)) | None => None,
        }
    }

    /// When nothing will stand against it any more, as far as that is known.
    pub(crate) fn eligible_at(&self) -> Option<Timestamp> {
        match &self.verdict {
            Some(Verdict::Quarantined(reasons)) => reasons.eligible_at(),
            Some(Verdict::Local | Verdict::Approved(_) | Verdict::Rejected(_)) | None => None,
        }
    }
}
