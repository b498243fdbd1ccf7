//! Judges single releases: what is known of one, and what that makes of it under the policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::graph::Graph;
use super::security_fix::{self, AdmittedFix};
use super::{advisory, approval, publish_age, recorded, source};
use crate::model::approval::Approval;
use crate::model::facts::{Facts, IndexFact};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::{CrateId, LockedChecksum, PackageId};
use crate::model::policy::{Level, Policy};
use crate::model::source::Source;
use crate::model::verdict::{Basis, Reason, ReasonCode, Reasons, Verdict, Warning};

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
    /// The crates that the lock file has.
    pub locked: BTreeSet<CrateId>,
    /// The releases that mend a vulnerability and may come before their time.
    pub fixes: Vec<AdmittedFix>,
}

/// What is known of one release, before approvals and security fixes.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What stands against it.
    pub reasons: Vec<Reason>,
    /// What is worth knowing.
    pub warnings: Vec<Warning>,
    /// Every advisory that hits it.
    pub advisories: Vec<Arc<str>>,
}

impl<'a> Judge<'a> {
    /// Prepares to judge; works out which security fixes are admitted.
    #[must_use]
    pub fn new(facts: &'a Facts, policy: &'a Policy, approvals: &'a [Approval], now: Timestamp) -> Self {
        let now = facts.registry_clock.map_or(now, |registry| now.min(registry));
        let today = TimeZone::UTC.to_datetime(now).date();
        let locked = facts.packages.iter().filter_map(|package| package.id.crate_id()).collect();
        let graph = Graph::new(&facts.packages);
        let mut judge = Self { facts, policy, approvals, now, today, graph, locked, fixes: Vec::new() };
        judge.fixes = security_fix::admitted(&judge);
        judge
    }

    /// The crate's index file, where there is one.
    #[must_use]
    pub fn history(&self, crate_id: &CrateId) -> Option<&'a History> {
        match self.facts.index.get(crate_id)? {
            IndexFact::Read(history) => Some(history),
            IndexFact::Gone | IndexFact::Unavailable(_) => None,
        }
    }

    /// What is known of a release that the index has, as if the lock file took exactly its bytes.
    #[must_use]
    pub fn findings(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Findings {
        self.locked_findings(crate_id, history, release, &LockedChecksum::Known(release.checksum))
    }

    /// What is known of a release that the index has, and that the lock file has with this checksum.
    #[must_use]
    pub fn locked_findings(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        locked: &LockedChecksum,
    ) -> Findings {
        let mut findings = Findings {
            reasons: publish_age::reasons(self.policy, crate_id, history, &release.pubtime, self.now),
            ..Findings::default()
        };
        findings.reasons.extend(recorded::reasons(&self.facts.trail.recorded, crate_id, release, locked));
        self.add_advisories(crate_id, &release.version, &mut findings);
        match self.policy.advisories.yanked {
            _ if !release.yanked => {}
            Level::Allow => {}
            Level::Warn => findings.warnings.push(Warning::Yanked),
            Level::Reject => findings.reasons.push(Reason::Yanked),
        }
        let package = PackageId {
            name: crate_id.name.clone(),
            version: release.version.clone(),
            source: Source::Registry(crate_id.registry.clone()),
        };
        findings.reasons.extend(self.place(&package));
        if !self.policy.licenses.is_empty() {
            findings.warnings.push(Warning::LicenseUndecided);
        }
        findings
    }

    /// The reasons that a package's name and source give, which need no index.
    pub fn place(&self, package: &PackageId) -> impl Iterator<Item = Reason> + use<> {
        let source = (!source::is_allowed(self.policy, &package.source)).then_some(Reason::SourceNotAllowed);
        let denied = source::denied(self.policy, &package.name, &package.version);
        source.into_iter().chain(denied.map(|ban| Reason::Denied { entry: ban.text.clone() }))
    }

    /// Adds what the advisories say of a version, whether or not the index has it.
    pub fn add_advisories(&self, crate_id: &CrateId, version: &Version, findings: &mut Findings) {
        findings.reasons.extend(advisory::unreadable(&self.facts.advisories, crate_id));
        for hit in advisory::hits(&self.facts.advisories, crate_id, version) {
            findings.advisories.push(Arc::clone(&hit.id));
            match advisory::effect(&self.policy.advisories, hit, self.today) {
                advisory::Effect::Rejects(reason) => findings.reasons.push(reason),
                advisory::Effect::Warns(warning) => findings.warnings.push(warning),
                advisory::Effect::Nothing => {}
            }
        }
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
        let fix = self.fixes.iter().find(|fix| fix.crate_id == *crate_id && fix.version == release.version);
        if let Some(fix) = fix
            && reasons.iter().any(|reason| reason.code() == ReasonCode::TooNew)
        {
            reasons.retain(|reason| reason.code() != ReasonCode::TooNew);
            basis = Basis::SecurityFix { advisory: Arc::clone(&fix.advisory), fix: fix.role.clone() };
        }
        let approval = self.strongest_approval(crate_id, history, release, &reasons);
        if let Some((line, by, lifted)) = approval {
            reasons.retain(|reason| !lifted.contains(&reason.code()));
            basis = Basis::Approval { line, by, lifted };
        }
        let time_lifts_all = reasons.iter().all(|reason| reason.code().time_lifts());
        match Reasons::new(reasons) {
            None => Verdict::Approved(basis),
            Some(reasons) if time_lifts_all => Verdict::Quarantined(reasons),
            Some(reasons) => Verdict::Rejected(reasons),
        }
    }

    /// The verdict on a release that the index has, as if the lock file took exactly its bytes. One whose line cannot be read whole,
    /// or that another line contradicts, would be rejected if it were locked, so it is here.
    #[must_use]
    pub fn verdict(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Verdict {
        let mut reasons = self.findings(crate_id, history, release).reasons;
        if let Err(error) = history.release(&release.version) {
            reasons.push(Reason::IndexEntryUnreadable { cause: error.to_string() });
        }
        self.settle(crate_id, history, release, reasons)
    }

    /// The approval that lifts most of the reasons. Those of a crate whose name was given to another one are of that one no more.
    fn strongest_approval(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        reasons: &[Reason],
    ) -> Option<(u32, Option<String>, Vec<ReasonCode>)> {
        approval::of(self.approvals, crate_id, &release.version, release.checksum, self.today)
            .map(|approval| {
                let lifted: BTreeSet<_> =
                    reasons.iter().filter(|reason| approval::lifts(approval, reason)).map(Reason::code).collect();
                (approval.line, approval.by.clone(), lifted.into_iter().collect::<Vec<_>>())
            })
            .filter(|(.., lifted)| !lifted.is_empty())
            .max_by_key(|(.., lifted)| lifted.len())
            .filter(|_| recorded::approvals_carry(&self.facts.trail.recorded, crate_id, history))
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
