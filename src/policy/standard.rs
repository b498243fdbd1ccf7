//! What a repository answers to the requirements of a standard: pure, from facts that were read in this run.
//!
//! Each question is answered once, and several requirements may ask it. A requirement is met where everything that it asks was checked in
//! this run, and never because something is there: what is not as it must be is a [`Lack`], what could not be looked at an [`Unseen`], and
//! what a requirement asks beyond its question leaves it met in part.

#[cfg(test)]
mod bounds;

use jiff::Timestamp;

use super::advisory::{confirmed, state_of};
use super::policy_drift::loosened;
use crate::model::age::Age;
use crate::model::evaluation::{Blocker, Evaluation, Judgement};
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::lock_proof::LockFact;
use crate::model::package::PackageId;
use crate::model::policy::{GitRule, Level, Origin, Policy};
use crate::model::source::{Registry, Source};
use crate::model::standard::{
    AdvisoriesRead, Answer, Assessed, Automation, Committed, Doing, Evidence, Lack, Part, Question, Requirement,
    Unseen, VendoredProof,
};
use crate::model::trail::{Kind, Trail};
use crate::model::verdict::{Basis, Reason, ReasonCode, Verdict, Warning};

/// SLSA's draft gives three days as an example of how long a release may be watched before it is taken.
const WATCHED: Age = Age::days(3);
/// However long a policy lets a copy of the advisories last: RustSec's longest silence was 24 days.
const ADVISORIES_LAST: Age = Age::days(30);

/// What the answers are made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grounds<'a> {
    pub facts: &'a Facts,
    pub policy: &'a Policy,
    pub evaluation: &'a Evaluation,
    pub trail: &'a Trail,
    /// The policy file, from the workspace's root; `None` where the defaults hold.
    pub policy_file: Option<&'a str>,
    /// The folder of the trail, from the workspace's root.
    pub trail_folder: &'a str,
    /// Whether the command line named the advisories.
    pub advisories_named: bool,
    /// What `verify` says in this run.
    pub vendored: &'a VendoredProof,
    pub committed: &'a Committed,
    /// Local packages that lie outside the repository.
    pub outside: &'a [PackageId],
    pub automation: &'a Automation,
}

/// What the answer to a question is made of.
#[derive(Default)]
struct Found {
    lacking: Vec<Lack>,
    unseen: Vec<Unseen>,
    evidence: Vec<Evidence>,
}

impl Found {
    /// Everything that stands against either.
    fn and(mut self, other: Self) -> Self {
        let new = |lack: &Lack| !self.lacking.contains(lack);
        let lacking: Vec<Lack> = other.lacking.into_iter().filter(new).collect();
        self.lacking.extend(lacking);
        let new = |unseen: &Unseen| !self.unseen.contains(unseen);
        let unseen: Vec<Unseen> = other.unseen.into_iter().filter(new).collect();
        self.unseen.extend(unseen);
        let new = |evidence: &Evidence| !self.evidence.contains(evidence);
        let evidence: Vec<Evidence> = other.evidence.into_iter().filter(new).collect();
        self.evidence.extend(evidence);
        self
    }

    fn lacks(mut self, lacking: impl IntoIterator<Item = Lack>) -> Self {
        self.lacking.extend(lacking);
        self
    }

    fn leaves_unseen(mut self, unseen: impl IntoIterator<Item = Unseen>) -> Self {
        self.unseen.extend(unseen);
        self
    }

    fn shows(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

/// The answers to these requirements.
#[must_use]
pub(crate) fn assess(requirements: &[Requirement], grounds: &Grounds<'_>) -> Vec<Assessed> {
    let answer = |requirement: &Requirement| {
        let Some(question) = requirement.question else {
            let (evidence, lacking, unseen) = (Vec::new(), Vec::new(), Vec::new());
            return Assessed { requirement: *requirement, answer: Answer::NotOurs, evidence, lacking, unseen };
        };
        let Found { lacking, unseen, evidence } = grounds.answer(question);
        let answer = match (lacking.is_empty(), unseen.is_empty(), requirement.beyond) {
            (false, _, _) => Answer::NotMet,
            (true, false, _) => Answer::NotOurs,
            (true, true, Some(_)) => Answer::Partly,
            (true, true, None) => Answer::Met,
        };
        Assessed { requirement: *requirement, answer, evidence, lacking, unseen }
    };
    requirements.iter().map(answer).collect()
}

impl Grounds<'_> {
    fn answer(&self, question: Question) -> Found {
        match question {
            Question::Inventory => self.inventory().shows(self.latest(&[Kind::Updated, Kind::Vendored, Kind::Init])),
            Question::Scanned => self.scanned(),
            Question::Triaged => self.triaged(),
            Question::Licenses => self.licenses(),
            Question::EndOfLife => self.end_of_life(),
            Question::Malware => {
                let kinds = [ReasonCode::Malicious, ReasonCode::AdvisoryUnreadable];
                self.scanned().lacks(some(self.with(&kinds), Lack::Malicious))
            }
            Question::Sources => self.sources(),
            Question::Vendored => self.vendored(),
            Question::Consumed => self.consumed(),
            Question::Integrity => self.integrity(),
            Question::Origin => self.origin(),
            Question::Ingestion => self.ingestion(),
            Question::AutomaticUpdates => self.done_by(&self.automation.updating),
            Question::ChangesJudged => self.done_by(&self.automation.judging),
        }
    }

    /// The lock file is the inventory: as far as cargo would build from it as it is, and a clone has it.
    fn inventory(&self) -> Found {
        let is_doubtful = |blocker: &Blocker| {
            matches!(
                blocker,
                Blocker::WorkspaceUnread { .. }
                    | Blocker::LockOutdated(_)
                    | Blocker::LockRefused { .. }
                    | Blocker::LockUnproven { .. }
            )
        };
        let unseen = match &self.facts.lock {
            LockFact::Unseen(packages) => Some(Unseen::Manifests(packages.clone())),
            LockFact::Answered
            | LockFact::NotChecked
            | LockFact::Refused(_)
            | LockFact::Broken(_)
            | LockFact::Unproven { .. } => None,
        };
        let is_answered = matches!(self.facts.lock, LockFact::Answered | LockFact::Unseen(_));
        let doubtful = !is_answered || self.evaluation.blockers.iter().any(is_doubtful);
        let outside = (!self.outside.is_empty()).then(|| Unseen::Outside(self.outside.to_vec()));
        self.committed(&[Part::LockFile, Part::Manifests])
            .lacks(doubtful.then_some(Lack::LockDoubtful))
            .leaves_unseen(unseen.into_iter().chain(outside))
            .shows([file("Cargo.lock")])
    }

    /// What is locked was held against advisories that are today's.
    fn scanned(&self) -> Found {
        let AdvisoryFact::Read(db) = &self.facts.advisories else {
            return Found::default().lacks([Lack::AdvisoriesUnread]);
        };
        let is_old = |blocker: &Blocker| {
            matches!(blocker, Blocker::AdvisoriesStale { .. } | Blocker::AdvisoriesRolledBack { .. })
        };
        let stale = self.evaluation.blockers.iter().any(is_old);
        let since = confirmed(db, self.evaluation.now).or_else(|| state_of(db));
        let old = since.is_none_or(|since| is_over(since, ADVISORIES_LAST, self.evaluation.now));
        let is_elsewhere = |source: &Source| match source {
            Source::Local | Source::Registry(Registry::CratesIo) => false,
            Source::Registry(_) | Source::Git(_) | Source::Other(_) => true,
        };
        let locked = self.facts.packages.iter().map(|package| &package.id);
        let elsewhere: Vec<PackageId> = locked.filter(|id| is_elsewhere(&id.source)).cloned().collect();
        let read = AdvisoriesRead {
            address: Some(&db.source).filter(|source| source.contains("://")).cloned(),
            commit: db.commit.clone(),
            committed: db.committed,
            newest: db.newest,
            confirmed: db.confirmed,
            total: db.total,
        };
        self.undecided()
            .lacks(stale.then_some(Lack::AdvisoriesNotFresh))
            .lacks((old && !stale).then_some(Lack::AdvisoriesOld { since }))
            .leaves_unseen((!elsewhere.is_empty()).then_some(Unseen::NotAdvised(elsewhere)))
            .leaves_unseen(self.advisories_named.then_some(Unseen::AdvisoriesNamed))
            .shows([Evidence::Advisories(read)])
    }

    fn triaged(&self) -> Found {
        let kinds = [ReasonCode::Advisory, ReasonCode::Malicious, ReasonCode::AdvisoryUnreadable];
        let ignored = self.evaluation.judgements.iter().flat_map(|judgement| &judgement.warnings);
        let mut ignored: Vec<Evidence> = ignored.filter_map(decided).collect();
        ignored.dedup();
        let given = self.latest(&[Kind::Approved]).filter(|_| !ignored.is_empty());
        // What a person decided stands in the policy.
        let policy = if ignored.is_empty() { Found::default() } else { self.committed(&[Part::Policy]) };
        let found = self.inventory().and(self.scanned()).lacks(some(self.with(&kinds), Lack::Vulnerable));
        found.and(policy).shows(ignored).shows(given)
    }

    fn licenses(&self) -> Found {
        if !self.policy.licenses.is_set() {
            return Found::default().lacks([Lack::NoLicenseList]);
        }
        let is_open = |judgement: &&Judgement| judgement.warnings.contains(&Warning::LicenseUndecided);
        let open = self.evaluation.judgements.iter().filter(is_open);
        let open: Vec<PackageId> = open.map(|judgement| judgement.id.clone()).collect();
        let kinds = [ReasonCode::LicenseNotAllowed, ReasonCode::LicenseUnknown];
        self.inventory()
            .and(self.committed(&[Part::Policy]))
            .lacks(some(self.with(&kinds), Lack::LicenseNotAllowed))
            .leaves_unseen((!open.is_empty()).then_some(Unseen::LicenseUndecided(open)))
            .shows(self.policy_file.map(file))
    }

    fn end_of_life(&self) -> Found {
        let level = self.policy.advisories.unmaintained;
        let off = (level == Level::Allow).then_some(Lack::UnmaintainedAllowed);
        let policy = self.committed(&[Part::Policy]);
        self.scanned().and(policy).lacks(off).shows([setting("advisories.unmaintained", level.to_string())])
    }

    fn sources(&self) -> Found {
        let sources = &self.policy.sources;
        let mirrors = self.facts.refused_mirrors.len();
        let astray = match self.vendored {
            VendoredProof::NotVendored { elsewhere } => (*elsewhere > 0).then_some(Lack::LedElsewhere(*elsewhere)),
            VendoredProof::Broken(findings) => Some(Lack::NotProven { findings: *findings }),
            VendoredProof::Undecided => Some(Lack::ProofUndecided),
            VendoredProof::Proven { .. } => None,
        };
        let wide = sources.allow_git.iter().filter(|rule| rule.rev.is_none() && !names_repository(rule));
        let wide: Vec<String> = wide.map(|rule| rule.url.clone()).collect();
        let registries = self.policy.registries.keys().chain(&sources.allow_registries).map(ToString::to_string);
        let git = sources.allow_git.iter().map(git_rule);
        let mirror = sources.mirrors.iter().map(ToString::to_string);
        self.inventory()
            .and(self.committed(&[Part::Policy, Part::Config]))
            .lacks(some(self.with(&[ReasonCode::SourceNotAllowed]), Lack::SourceNotAllowed))
            .lacks((mirrors > 0).then_some(Lack::Mirrors(mirrors)))
            .lacks(astray)
            .lacks((!wide.is_empty()).then_some(Lack::GitWide(wide)))
            .shows(self.policy_file.map(file))
            .shows(registries.map(|one| setting("sources.allow-registries", one)))
            .shows(git.map(|one| setting("sources.allow-git", one)))
            .shows(mirror.map(|one| setting("sources.mirrors", one)))
    }

    /// The whole sources are in the repository.
    fn vendored(&self) -> Found {
        let stubs = match self.vendored {
            VendoredProof::Proven { stubs, .. } if *stubs > 0 => Some(Unseen::Stubs(*stubs)),
            VendoredProof::Proven { .. }
            | VendoredProof::NotVendored { .. }
            | VendoredProof::Broken(_)
            | VendoredProof::Undecided => None,
        };
        self.consumed().leaves_unseen(stubs)
    }

    /// What a clone has is what is built from, and nothing else.
    fn consumed(&self) -> Found {
        let VendoredProof::Proven { folder, ways, .. } = self.vendored else {
            return Found::default().lacks(match self.vendored {
                VendoredProof::Broken(findings) => Some(Lack::NotProven { findings: *findings }),
                VendoredProof::Undecided => Some(Lack::ProofUndecided),
                VendoredProof::NotVendored { .. } | VendoredProof::Proven { .. } => Some(Lack::NotVendored),
            });
        };
        let outside = (!self.outside.is_empty()).then(|| Unseen::Outside(self.outside.to_vec()));
        self.committed(&[Part::LockFile, Part::Manifests, Part::Config, Part::Sources])
            .leaves_unseen(outside)
            .leaves_unseen((*ways > 0).then_some(Unseen::Ways(*ways)))
            .shows([Evidence::File(folder.clone()), file(".cargo/config.toml")])
            .shows(self.latest(&[Kind::Vendored]))
    }

    /// The bytes that a build takes: those of the tree, compared with the archives that the registry knows.
    fn integrity(&self) -> Found {
        let bytes = match self.vendored {
            VendoredProof::NotVendored { elsewhere } => {
                let elsewhere = (*elsewhere > 0).then_some(Lack::LedElsewhere(*elsewhere));
                Found::default().lacks(elsewhere).leaves_unseen([Unseen::Bytes])
            }
            VendoredProof::Proven { derived, underived, .. } => {
                let underived = (!underived.is_empty()).then(|| Unseen::NotDerived(underived.clone()));
                self.consumed().leaves_unseen(underived).shows([Evidence::Derived(*derived)])
            }
            VendoredProof::Broken(_) | VendoredProof::Undecided => self.consumed(),
        };
        self.origin().and(bytes)
    }

    /// Each release is the one that its registry has, and that the trail has.
    fn origin(&self) -> Found {
        let kinds = [
            ReasonCode::ChecksumMismatch,
            ReasonCode::ChecksumMissing,
            ReasonCode::PubtimeChanged,
            ReasonCode::NotInIndex,
            ReasonCode::IndexUnavailable,
            ReasonCode::IndexEntryUnreadable,
        ];
        let trail = if self.trail.events.is_empty() {
            Found::default()
        } else {
            self.committed(&[Part::Trail]).shows([file(self.trail_folder)])
        };
        let found = self.inventory().and(self.undecided()).and(trail);
        found.lacks(self.read()).lacks(some(self.with(&kinds), Lack::BytesDoubtful))
    }

    /// A policy that makes releases wait, and a lock file that obeys it.
    fn ingestion(&self) -> Found {
        let written = self.policy_file.is_none().then_some(Lack::NoPolicy);
        let held = self.evaluation.judgements.iter().filter(|judgement| !judgement.passes());
        let held = some(held.map(|judgement| judgement.id.clone()).collect(), Lack::NotApproved);
        let age = &self.policy.quarantine.min_publish_age;
        let origin = match &age.origin {
            Origin::Default => " (the default)",
            Origin::Flag | Origin::Environment(_) | Origin::File { .. } => "",
        };
        self.inventory()
            .and(self.committed(&[Part::Policy]))
            .and(self.scanned())
            .lacks(written)
            .lacks(self.holds())
            .lacks(self.read())
            .lacks(held)
            .shows(self.policy_file.map(file))
            .shows([setting("quarantine.min-publish-age", format!("{}{origin}", age.value))])
            .shows(self.exempted())
            .shows(self.latest(&[Kind::Updated, Kind::Vendored, Kind::Init]))
    }

    /// In what the policy lets something in that nobody has watched.
    fn holds(&self) -> Vec<Lack> {
        let (policy, quarantine) = (self.policy, &self.policy.quarantine);
        let usual = ("quarantine.min-publish-age".to_owned(), quarantine.min_publish_age.value);
        let of_registries = policy.registries.values().filter_map(|registry| {
            let age = registry.min_publish_age.as_ref()?;
            Some((format!("registries.{}.min-publish-age", registry.name), age.value))
        });
        let overrides = policy.overrides.iter().map(|one| {
            let crates: Vec<String> = one.crates.iter().map(ToString::to_string).collect();
            (format!("override of {}", crates.join(", ")), one.min_publish_age.value)
        });
        let ages = std::iter::once(usual).chain(of_registries).chain(overrides);
        let short = ages.filter(|(_, age)| *age < WATCHED).map(|(key, age)| Lack::AgeTooShort { key, age });
        let off = [
            ("quarantine.new-crate-age", quarantine.new_crate_age == Age::ZERO),
            ("quarantine.signal-age", quarantine.signal_age == Age::ZERO),
            (
                "quarantine.security-fix.min-publish-age",
                quarantine.security_fix && quarantine.security_fix_age == Age::ZERO,
            ),
        ];
        let off =
            off.into_iter().filter(|(_, is_off)| *is_off).map(|(key, _)| Lack::SwitchedOff { key: key.to_owned() });
        let weaker = loosened((&Policy::default(), &[]), (policy, &[]));
        let weaker = weaker.into_iter().map(|one| one.key).filter(|key| key.starts_with("signals."));
        // That a crate may be called what it is called is a person's word about one name.
        let mut weaker: Vec<String> = weaker.filter(|key| key != "signals.look-alike-known").collect();
        weaker.dedup();
        let weaker = (!weaker.is_empty()).then_some(Lack::SignalsWeakened(weaker));
        let unpinned = policy.sources.allow_git.iter().filter(|rule| rule.rev.is_none());
        let unpinned: Vec<String> = unpinned.map(|rule| rule.url.clone()).collect();
        let unpinned = (!unpinned.is_empty()).then_some(Lack::GitUnpinned(unpinned));
        short.chain(off).chain(weaker).chain(unpinned).collect()
    }

    /// How much of what is approved is so by a person's word alone.
    fn exempted(&self) -> Option<Evidence> {
        let given = self.evaluation.judgements.iter().filter_map(|judgement| match &judgement.verdict {
            Some(Verdict::Approved(Basis::Approval { given })) => Some(given),
            Some(
                Verdict::Local
                | Verdict::Approved(
                    Basis::Aged | Basis::TrustedRegistry | Basis::AllowedSource | Basis::SecurityFix { .. },
                )
                | Verdict::Quarantined(_)
                | Verdict::Rejected(_),
            )
            | None => None,
        });
        let given: Vec<bool> = given.map(|given| given.iter().all(|one| one.adopted)).collect();
        let adopted = given.iter().filter(|adopted| **adopted).count();
        (!given.is_empty()).then_some(Evidence::Exempted { releases: given.len(), adopted })
    }

    fn done_by(&self, doing: &Doing) -> Found {
        let files = doing.does.iter().map(|path| Evidence::File(path.clone()));
        let found = Found::default().shows(files);
        match (doing.does.is_empty(), doing.may.is_empty()) {
            (true, true) => found.lacks([Lack::NoWorkflow]),
            (true, false) => found.leaves_unseen([Unseen::Workflows(doing.may.clone())]),
            // What the commit does not have was not read as a workflow.
            (false, _) => found.and(self.committed(&[])),
        }
    }

    /// Whether the commit has these as they were looked at.
    fn committed(&self, parts: &[Part]) -> Found {
        match self.committed {
            Committed::Unknown { cause } => Found::default().leaves_unseen([Unseen::Commit { cause: cause.clone() }]),
            Committed::Commit { id, gaps } => {
                let gaps = parts.iter().filter_map(|part| Some((*part, gaps.get(part)?.clone())));
                Found::default()
                    .lacks(gaps.map(|(part, gap)| Lack::Uncommitted { part, gap }))
                    .shows([Evidence::Commit(id.clone())])
            }
        }
    }

    /// What keeps the run from deciding and belongs to no question of its own.
    fn undecided(&self) -> Found {
        let is_general = |blocker: &&Blocker| {
            matches!(blocker, Blocker::ClockSkew { .. } | Blocker::TrailBroken(_) | Blocker::Trail(_))
        };
        let mut codes: Vec<_> = self.evaluation.blockers.iter().filter(is_general).map(Blocker::code).collect();
        codes.dedup();
        Found::default().lacks((!codes.is_empty()).then_some(Lack::Undecided(codes)))
    }

    /// Whether the registries answered.
    fn read(&self) -> Option<Lack> {
        let is_unread =
            |blocker: &Blocker| matches!(blocker, Blocker::IndexUnavailable { .. } | Blocker::MirrorNotAllowed { .. });
        self.evaluation.blockers.iter().any(is_unread).then_some(Lack::IndexUnread)
    }

    /// The packages against which one of these stands.
    fn with(&self, kinds: &[ReasonCode]) -> Vec<PackageId> {
        let has = |judgement: &&Judgement| {
            judgement.reasons().is_some_and(|reasons| reasons.iter().any(|one: &Reason| kinds.contains(&one.code())))
        };
        self.evaluation.judgements.iter().filter(has).map(|judgement| judgement.id.clone()).collect()
    }

    /// The newest event of one of these kinds.
    fn latest(&self, kinds: &[Kind]) -> Option<Evidence> {
        let mut events = self.trail.newest_first().into_iter();
        let (id, event) = events.find(|(_, event)| kinds.contains(&event.kind))?;
        Some(Evidence::Event { file: event.file_name(id), kind: event.kind, time: event.time })
    }
}

/// Whether something that lasts so long is over.
fn is_over(since: Timestamp, lasts: Age, now: Timestamp) -> bool {
    lasts.after(since) < now
}

/// Whether a rule without a commit names one repository: a host and at least the owner and the name. Whatever is shorter can be a folder of
/// repositories that anybody may add to.
fn names_repository(rule: &GitRule) -> bool {
    let path = rule.url.split_once("://").map_or("", |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.split('/').filter(|segment| !segment.is_empty()).count() >= 2
}

fn git_rule(rule: &GitRule) -> String {
    rule.rev.as_ref().map_or_else(|| format!("{} at any commit", rule.url), |rev| format!("{} at {rev}", rule.url))
}

fn some(packages: Vec<PackageId>, lack: fn(Vec<PackageId>) -> Lack) -> Option<Lack> {
    (!packages.is_empty()).then(|| lack(packages))
}

fn file(path: &str) -> Evidence {
    Evidence::File(path.into())
}

fn setting(key: &str, value: String) -> Evidence {
    Evidence::Setting { key: key.to_owned(), value }
}

fn decided(warning: &Warning) -> Option<Evidence> {
    if let Warning::Ignored { advisory, until } = warning {
        Some(Evidence::Ignored { advisory: advisory.to_string(), until: *until })
    } else {
        None
    }
}
