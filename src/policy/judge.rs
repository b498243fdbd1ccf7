//! Judges single releases: what is known of one, and what that makes of it under the policy.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::evidence::Evidence;
use super::fix_partner::{Partner, partners};
use super::graph::Graph;
use super::security_fix::{Early, FixRule};
use super::{publish_age, signal, trail};
use crate::model::adoption::is_from_adoption;
use crate::model::approval::Approval;
use crate::model::checksum::Checksum;
use crate::model::facts::{Beside, Facts};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::verdict::{Basis, Exemption, HeldFix, Reason, ReasonCode, Reasons, Verdict};

/// Everything that a release is judged by.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The world as it was read.
    pub facts: &'a Facts,
    /// What a release must be.
    pub policy: &'a Policy,
    /// What persons exempted.
    pub approvals: &'a [Approval],
    /// The moment to judge by: the earlier of the machine's clock and the registry's, since a wrong clock must not shorten a hold.
    pub now: Timestamp,
    /// The UTC day of that moment.
    pub today: Date,
    /// The edges of the lock file.
    pub graph: Graph,
    evidence: Evidence<'a>,
    /// Which releases mend a vulnerability and may come before their time; `None` where none may.
    fixes: Option<FixRule<'a>>,
    /// The releases that come along with the fixes of locked ones.
    partners: Vec<Partner>,
}

impl<'a> Judge<'a> {
    /// Prepares to judge; works out which security fixes are admitted.
    #[must_use]
    pub fn new(facts: &'a Facts, policy: &'a Policy, approvals: &'a [Approval], now: Timestamp) -> Self {
        Self::at(facts, policy, approvals, facts.registry_clock.map_or(now, |registry| now.min(registry)))
    }

    /// The same judge on another day, by what is known today.
    #[must_use]
    pub fn as_of(&self, moment: Timestamp) -> Self {
        Self::at(self.facts, self.policy, self.approvals, moment)
    }

    fn at(facts: &'a Facts, policy: &'a Policy, approvals: &'a [Approval], now: Timestamp) -> Self {
        let today = TimeZone::UTC.to_datetime(now).date();
        let evidence = Evidence::new(facts, policy, now);
        let fixes = FixRule::new(evidence.clone());
        let partners = fixes.as_ref().map(partners).unwrap_or_default();
        Self { facts, policy, approvals, now, today, graph: Graph::new(&facts.packages), evidence, fixes, partners }
    }

    /// What releases are judged by before anything is lifted from them.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence<'a> {
        &self.evidence
    }

    /// The crate's index file, where there is one.
    #[must_use]
    pub fn history(&self, crate_id: &CrateId) -> Option<&'a History> {
        self.evidence.history(crate_id)
    }

    /// Turns findings into a verdict: takes away what a security fix and approvals lift, and looks at what is left.
    #[must_use]
    pub fn settle(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        mut reasons: Vec<Reason>,
    ) -> Verdict {
        let mut basis = self.basis_without_reasons(crate_id, history, release);
        if let Some(fix) = self.lift_age(crate_id, history, release, &mut reasons) {
            basis = fix;
        }
        let given = self.lift(crate_id, history, release, &mut reasons);
        if !given.is_empty() {
            basis = Basis::Approval { given };
        }
        let time_lifts_all = reasons.iter().all(Reason::time_lifts);
        match Reasons::new(reasons) {
            None => Verdict::Approved(basis),
            Some(reasons) if time_lifts_all => Verdict::Quarantined(reasons),
            Some(reasons) => Verdict::Rejected(reasons),
        }
    }

    /// Takes away that a release is too new where it comes early as or with a security fix, and gives what it then stands on. Where it
    /// will, the reason says when.
    fn lift_age(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        reasons: &mut Vec<Reason>,
    ) -> Option<Basis> {
        let position = reasons.iter().position(|reason| reason.code() == ReasonCode::TooNew)?;
        let early = self.early(crate_id, history, release)?;
        if early.is_admitted(self.now) {
            reasons.remove(position);
            return Some(Basis::SecurityFix { advisory: early.advisory, fix: early.role, need: early.need });
        }
        // Once a release has the age of a fix, only a younger advisory database is wanting, and nobody knows when that comes.
        if let Some(Reason::TooNew { eligible_at, fix, .. }) = reasons.get_mut(position)
            && early.since > self.now
            && early.since < *eligible_at
        {
            *eligible_at = early.since;
            let min_age = self.policy.quarantine.security_fix_age;
            *fix = Some(HeldFix { advisory: early.advisory, min_age });
        }
        None
    }

    /// Why a release comes early: of several grounds one that counts already, then the one that an advisory names.
    fn early(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Option<Early> {
        let along = self.partners.iter().filter(|one| one.version == release.version && one.crate_id == *crate_id);
        let named = self.fixes.iter().flat_map(|rule| rule.named(crate_id, history, release));
        let grounds = named.chain(along.map(|partner| partner.early.clone()));
        grounds.min_by(|one, other| {
            let rank = |early: &Early| if early.is_admitted(self.now) { Timestamp::MIN } else { early.since };
            (rank(one), one.order()).cmp(&(rank(other), other.order()))
        })
    }

    /// The verdict on a release that the index has, as if the lock file took exactly its bytes. One whose line cannot be read whole,
    /// or that another line contradicts, would be rejected if it were locked, so it is here.
    #[must_use]
    pub fn verdict(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Verdict {
        self.settle_all(crate_id, history, release, self.evidence.findings(crate_id, history, release).reasons)
    }

    /// The same with what was learned since: how old the crates are that the release depends on, and what is inside it.
    #[must_use]
    pub fn verdict_beside(&self, beside: &Beside, crate_id: &CrateId, history: &History, release: &Outline) -> Verdict {
        let findings = self.evidence.clone().beside(beside).findings(crate_id, history, release);
        self.settle_all(crate_id, history, release, findings.reasons)
    }

    /// The crates that [`Self::verdict_beside`] wants to know of a crate's releases, and that are not at hand.
    #[must_use]
    pub(crate) fn missing_beside(&self, beside: &Beside, crate_id: &CrateId, history: &History) -> BTreeSet<CrateId> {
        signal::missing(&self.evidence.clone().beside(beside), crate_id, history)
    }

    fn settle_all(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        mut reasons: Vec<Reason>,
    ) -> Verdict {
        if let Err(error) = history.release(&release.version) {
            reasons.push(Reason::IndexEntryUnreadable { cause: error.to_string() });
        }
        self.settle(crate_id, history, release, reasons)
    }

    /// Takes away what approvals lift: the one that lifts most first, then whichever lifts most of what is left, so that none is
    /// called on in vain and the file's order decides nothing. Those of a crate whose name was given to another one are of that one
    /// no more.
    fn lift(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        reasons: &mut Vec<Reason>,
    ) -> Vec<Exemption> {
        let mut given = Vec::new();
        if !trail::approvals_carry(&self.facts.trail.recorded, crate_id, history) {
            return given;
        }
        loop {
            let approvals = approvals_of(self.approvals, crate_id, &release.version, release.checksum, self.today).map(
                |approval| {
                    let lifted: BTreeSet<_> =
                        reasons.iter().filter(|reason| lifts(approval, reason)).map(Reason::code).collect();
                    (approval, lifted)
                },
            );
            // Of two that lift as much, the one that lasts longer, and then the first.
            let strength = |approval: &Approval| (approval.until.unwrap_or(Date::MAX), Reverse(approval.line));
            let strongest = approvals.max_by_key(|(approval, lifted)| (lifted.len(), strength(approval)));
            let Some((approval, lifted)) = strongest.filter(|(_, lifted)| !lifted.is_empty()) else { return given };
            let outlasts = |until: &Date| {
                let of_it = reasons.iter().filter(|reason| lifted.contains(&reason.code()));
                let matured = |at: Timestamp| TimeZone::UTC.to_datetime(at).date() <= *until;
                !of_it.map(Reason::eligible_at).all(|at| at.is_some_and(matured))
            };
            let missed_after = approval.until.filter(outlasts);
            reasons.retain(|reason| !lifted.contains(&reason.code()));
            let lifted = lifted.into_iter().collect();
            given.push(Exemption {
                adopted: is_from_adoption(&approval.reason),
                line: approval.line,
                by: approval.by.clone(),
                lifted,
                missed_after,
            });
        }
    }

    /// What approves a release that nothing stands against: its age, or only that its registry is trusted.
    fn basis_without_reasons(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Basis {
        let trusted = publish_age::is_trusted(self.policy, crate_id);
        if trusted && publish_age::trust_is_needed(self.policy, history, &release.pubtime, self.now) {
            Basis::TrustedRegistry
        } else {
            Basis::Aged
        }
    }
}

/// The approvals of one exact release that still count. An approval is of bytes: the version, the build metadata and the checksum
/// must all be the ones that the person looked at.
pub(crate) fn approvals_of<'a>(
    approvals: &'a [Approval],
    crate_id: &'a CrateId,
    version: &'a Version,
    checksum: Checksum,
    today: Date,
) -> impl Iterator<Item = &'a Approval> {
    approvals_naming(approvals, crate_id, version)
        .filter(move |approval| approval.checksum == checksum && !has_lapsed(approval, today))
}

/// The approvals that name a release, whatever its bytes and the day.
pub(crate) fn approvals_naming<'a>(
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
pub(crate) fn has_lapsed(approval: &Approval, today: Date) -> bool {
    approval.until.is_some_and(|until| until < today)
}

/// Whether an approval lifts a reason: one that it names, and that any approval may lift. Where time does not lift the reason, only an
/// approval that ends may: what a person once accepted must not stand for ever.
#[must_use]
pub(crate) fn lifts(approval: &Approval, reason: &Reason) -> bool {
    let code: ReasonCode = reason.code();
    code.an_approval_lifts() && approval.lifts.contains(&code) && (reason.time_lifts() || approval.until.is_some())
}
