//! What `update` did, for people and for machines.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;

use std::fmt::Write as _;

use semver::Version;

use super::context::{Context, package_name};
use super::reason;
use super::words::{counted, eligible};
use crate::model::Timestamp;
use crate::model::evaluation::{Evaluation, FixStanding};
use crate::model::facts::AdvisoryFact;
use crate::model::package::{Package, PackageId};
use crate::model::policy::JudgedBy;
use crate::model::resolution::{
    Cause, Change, Held, HeldFix, Hidden, HiddenBecause, Joined, JoinedBecause, Kept, NewerRust, Obstacle, Unresolved,
    Waits,
};
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

    /// How many packages are not approved, changed or not.
    #[must_use]
    pub(crate) fn remaining(&self) -> usize {
        self.evaluation.judgements.iter().filter(|judgement| !judgement.passes()).count()
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

/// What came of a run that resolved, in a sentence.
#[must_use]
pub(crate) fn summary_sentence(report: &UpdateReport<'_>) -> String {
    let unasked = report.changes.iter().filter(|change| !change.asked).count();
    let mut text = match (report.end, report.dry_run) {
        (End::Unchanged, _) => String::from("nothing to move"),
        (End::NotApproved, _) => String::from("Cargo.lock was left as it is: not all that would change is approved"),
        (_, true) => {
            format!("{} would change; nothing was written (--dry-run)", counted(report.changes.len(), "package"))
        }
        (_, false) => format!("{} changed", counted(report.changes.len(), "package")),
    };
    if unasked > 0 {
        let _ = write!(text, ", {unasked} of them although nobody asked");
    }
    if !report.kept.is_empty() {
        let _ = write!(text, ", {} kept", report.kept.len());
    }
    let _ = write!(text, "; {} held", counted(report.held.len(), "newer release"));
    text
}

/// Why something moves along, in words that follow its name.
#[must_use]
pub(crate) const fn joined_words(because: JoinedBecause) -> &'static str {
    match because {
        JoinedBecause::NotApproved => "the policy does not approve it, so it moves along",
        JoinedBecause::InTheWay => "it stood in the way of what was to move, so it moves along",
    }
}

/// The Rust that a release needs and the project does not promise.
#[must_use]
pub(crate) fn needs_rust(NewerRust { needed, declared }: &NewerRust) -> String {
    format!("needs Rust {}; the project is for {}", rust(needed), rust(declared))
}

/// As manifests write it: `1.85`.
fn rust(version: &Version) -> String {
    if version.patch == 0 { format!("{}.{}", version.major, version.minor) } else { version.to_string() }
}

#[must_use]
pub(crate) fn packages_are(count: usize) -> String {
    if count == 1 { String::from("1 package is") } else { format!("{count} packages are") }
}

/// What stays although it is not approved, and why.
#[must_use]
pub(crate) fn kept_words(Kept { package, because }: &Kept, context: &Context<'_>) -> String {
    let why = match because {
        HiddenBecause::Reasons(reasons) => {
            let clauses = reasons.iter().map(|found| reason::clause(found, package, context));
            format!("not approved, because {}", clauses.collect::<Vec<_>>().join("; "))
        }
        HiddenBecause::Yanked => String::from("yanked, and nothing approved can take its place"),
        HiddenBecause::Ambiguous => String::from("the index has two different lines for it"),
    };
    format!("{}: {why}", package_name(package))
}

/// What would have to be approved so that something that stays could move.
#[must_use]
pub(crate) fn waits_words(Waits { package, obstacles }: &Waits, now: Timestamp) -> String {
    let each = obstacles.iter().map(|Obstacle { id, hidden, .. }| {
        let until = hidden.eligible_at().map(|at| format!(", eligible {}", eligible(now, at)));
        format!("{} ({}{})", package_name(id), codes(&hidden.because).join(", "), until.unwrap_or_default())
    });
    format!("{} cannot move before {}", package_name(package), each.collect::<Vec<_>>().join(" and "))
}

/// A newer release that is held.
#[must_use]
pub(crate) fn held_words(Held { package, candidate }: &Held, now: Timestamp) -> String {
    let until = candidate
        .eligible_at()
        .map_or_else(|| String::from("time does not lift that"), |at| format!("eligible {}", eligible(now, at)));
    let (name, codes) = (package_name(package), codes(&candidate.because).join(", "));
    format!("{name}: {} is newer ({codes}); {until}", candidate.version)
}

/// A fix that may not be used yet.
#[must_use]
pub(crate) fn held_fix_words(held: &HeldFix, now: Timestamp) -> String {
    let until = fix_eligible(held)
        .map_or_else(|| String::from("not before something changes"), |at| format!("eligible {}", eligible(now, at)));
    format!("{}: {} is fixed by {}; {until}", package_name(&held.package), held.fix.advisory, held.fix.version)
}

/// How many releases would have to be approved for cargo to find a way.
#[must_use]
pub(crate) fn wanting_words(obstacles: usize, all_needed: bool) -> String {
    match (obstacles, all_needed) {
        (1, _) => String::from("cargo would find a way with one release that the policy does not approve:"),
        (count, true) => format!(
            "cargo would find a way with {count} releases that the policy does not approve, and not with fewer:"
        ),
        (count, false) => format!(
            "cargo would find a way with {count} releases that the policy does not approve, or with some of them:"
        ),
    }
}

/// What a failed resolution came to.
#[must_use]
pub(crate) fn unresolved_words(cause: &Cause) -> String {
    match cause {
        Cause::Hidden { .. } => {
            String::from("cargo found no way that the policy approves; Cargo.lock was left as it is")
        }
        Cause::Elsewhere => String::from(
            "the policy is not the cause: cargo fails with every release shown, too; Cargo.lock was left as it is",
        ),
        Cause::Unknown(why) => {
            format!("whether the policy is the cause is not known: {why}; Cargo.lock was left as it is")
        }
    }
}
