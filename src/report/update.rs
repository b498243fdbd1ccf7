//! What `update` did, for people and for machines.

pub(crate) mod human;
pub(crate) mod json;

use super::context::Context;
use crate::model::Timestamp;
use crate::model::evaluation::{Evaluation, FixStanding};
use crate::model::facts::AdvisoryFact;
use crate::model::package::{Package, PackageId};
use crate::model::policy::JudgedBy;
use crate::model::resolution::{Change, Held, HeldFix, Hidden, HiddenBecause, Joined, Kept, Unresolved, Waits};
use crate::model::run::Invocation;
use crate::model::verdict::{Reason, ReasonCode};

/// Everything that a report of `update` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpdateReport<'a> {
    /// How it ended.
    pub end: End<'a>,
    /// What changed, or would have.
    pub changes: &'a [Change],
    /// Locked releases that the policy hides and that were therefore moved along, although nobody named them.
    pub joined: &'a [Joined],
    /// Releases that stay where they are although they are not approved.
    pub kept: &'a [Kept],
    /// What those of them wait for that were to move.
    pub waits: &'a [Waits],
    /// Newer releases that are held.
    pub held: &'a [Held],
    /// Fixes that are held.
    pub held_fixes: &'a [HeldFix],
    /// How many entries of the baseline were over and were removed from the policy.
    pub pruned: usize,
    /// The decision on the lock file that is there now, or that would be.
    pub evaluation: &'a Evaluation,
    pub packages: &'a [Package],
    /// What was known of advisories.
    pub advisories: &'a AdvisoryFact,
    /// Whose policy was judged by.
    pub judged_by: JudgedBy<'a>,
    /// What ways out have to fit.
    pub situation: &'a Invocation,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// Whether approved sources lie in `vendor/`, which are another command's to bring along.
    pub vendored: bool,
}

/// How an update ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End<'a> {
    /// The lock file is the new one; with `dry_run` it would be.
    Published,
    /// There is nothing to change.
    Unchanged,
    /// Cargo's result has packages in it that are not approved, so the lock file is the old one.
    NotApproved,
    /// Cargo could not resolve; the lock file is the old one.
    Unresolved(&'a Unresolved),
    /// The release that was asked for is hidden; cargo was not run.
    Precise(&'a PackageId, &'a Hidden),
    /// It could not be decided; the lock file is the old one.
    Undecided,
}

impl<'a> UpdateReport<'a> {
    /// What sentences of this report need.
    #[must_use]
    pub(crate) const fn context(&self) -> Context<'a> {
        Context {
            now: self.evaluation.now,
            advisories: self.advisories,
            judged_by: self.judged_by,
            situation: self.situation,
        }
    }

    /// The moment that was judged by.
    #[must_use]
    pub(crate) const fn now(&self) -> Timestamp {
        self.evaluation.now
    }

    /// The changed packages that are not approved.
    #[must_use]
    pub(crate) fn unapproved(&self) -> Vec<&'a Change> {
        self.changes.iter().filter(|change| self.is_unapproved(change)).collect()
    }

    /// Whether the package after a change may not be built.
    #[must_use]
    pub(crate) fn is_unapproved(&self, change: &Change) -> bool {
        let Some(after) = change.after() else { return false };
        let judgement = self.evaluation.judgements.iter().find(|judgement| judgement.id == after);
        judgement.is_none_or(|judgement| !judgement.passes())
    }
}

/// The codes of what stands against a release.
#[must_use]
pub(crate) fn codes(because: &HiddenBecause) -> Vec<&'static str> {
    match because {
        HiddenBecause::Reasons(reasons) => {
            let mut codes: Vec<_> = reasons.iter().map(Reason::code).map(ReasonCode::as_str).collect();
            codes.dedup();
            codes
        }
        HiddenBecause::Yanked => vec![ReasonCode::Yanked.as_str()],
        HiddenBecause::Ambiguous => vec![ReasonCode::IndexEntryUnreadable.as_str()],
    }
}

/// Whether a person's approval could lift all that hides a release.
#[must_use]
pub(crate) fn approvable(hidden: &Hidden) -> bool {
    match &hidden.because {
        HiddenBecause::Reasons(reasons) => reasons.iter().all(|reason| reason.code().an_approval_lifts()),
        HiddenBecause::Yanked | HiddenBecause::Ambiguous => false,
    }
}

/// Whether a person could lift all that hides a release, by an approval and by ignoring advisories.
#[must_use]
pub(crate) fn curable(hidden: &Hidden) -> bool {
    match &hidden.because {
        HiddenBecause::Reasons(reasons) => {
            reasons.iter().all(|reason| reason.code().an_approval_lifts() || reason.code() == ReasonCode::Advisory)
        }
        HiddenBecause::Yanked | HiddenBecause::Ambiguous => false,
    }
}

/// When a held fix may be used; `None` where time does not bring that about.
#[must_use]
pub(crate) fn fix_eligible(fix: &HeldFix) -> Option<Timestamp> {
    match &fix.fix.standing {
        FixStanding::Held(reasons) => reasons.eligible_at(),
        FixStanding::Approved(_) => None,
    }
}
