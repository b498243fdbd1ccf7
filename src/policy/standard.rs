//! What a repository answers to the requirements of a standard: pure, from facts that were read for other reasons.
//!
//! Each question is answered once, and several requirements may ask it. What a requirement asks beyond the question is not answered.

#![expect(clippy::match_same_arms, reason = "each says another thing")]

use camino::Utf8PathBuf;

use crate::model::age::Age;
use crate::model::evaluation::{Blocker, Evaluation, Judgement};
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::lock_proof::LockFact;
use crate::model::package::PackageId;
use crate::model::policy::{Level, Origin, Policy};
use crate::model::source::Registry;
use crate::model::standard::{
    Answer, Assessed, Automation, Evidence, Lack, Question, Requirement, Standard, VendoredProof,
};
use crate::model::trail::{Kind, Trail};
use crate::model::verdict::{Reason, ReasonCode, Warning};

/// SLSA's draft gives three days as an example of how long a release may be watched before it is taken.
const WATCHED: Age = Age::days(3);

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
    pub vendored: &'a VendoredProof,
    pub automation: &'a Automation,
}

/// The requirements of a standard, in its order.
#[must_use]
pub(crate) const fn requirements(standard: Standard) -> &'static [Requirement] {
    match standard {
        Standard::SlsaDependency => &SLSA_DEPENDENCY,
        Standard::S2c2f => &S2C2F,
    }
}

const fn asks(id: &'static str, question: Question) -> Requirement {
    Requirement { id, question: Some(question), asks_more: false }
}

const fn asks_more(id: &'static str, question: Question) -> Requirement {
    Requirement { id, question: Some(question), asks_more: true }
}

const fn asks_others(id: &'static str) -> Requirement {
    Requirement { id, question: None, asks_more: true }
}

const SLSA_DEPENDENCY: [Requirement; 4] = [
    asks_more("level-1", Question::Inventory),
    asks_more("level-2", Question::Triaged),
    asks("level-3", Question::Consumed),
    asks_more("level-4", Question::Ingestion),
];

const S2C2F: [Requirement; 25] = [
    asks("ING-1", Question::Sources),
    asks_more("ING-2", Question::Vendored),
    asks("ING-3", Question::Malware),
    asks_more("ING-4", Question::Vendored),
    asks("SCA-1", Question::Scanned),
    asks("SCA-2", Question::Licenses),
    asks_more("SCA-3", Question::EndOfLife),
    asks_more("SCA-4", Question::Malware),
    asks_others("SCA-5"),
    asks("INV-1", Question::Inventory),
    asks_others("INV-2"),
    asks("UPD-1", Question::Triaged),
    asks_more("UPD-2", Question::AutomaticUpdates),
    asks_more("UPD-3", Question::ChangesJudged),
    asks_more("AUD-1", Question::Integrity),
    asks("AUD-2", Question::Consumed),
    asks("AUD-3", Question::Integrity),
    asks_others("AUD-4"),
    asks("ENF-1", Question::Consumed),
    asks_more("ENF-2", Question::Ingestion),
    asks_others("REB-1"),
    asks_others("REB-2"),
    asks_others("REB-3"),
    asks_others("REB-4"),
    asks_others("FIX-1"),
];

/// The answers to every requirement of a standard.
#[must_use]
pub(crate) fn assess(standard: Standard, grounds: &Grounds<'_>) -> Vec<Assessed> {
    let answer = |requirement: &Requirement| {
        let Some(question) = requirement.question else {
            let (evidence, lacking) = (Vec::new(), Vec::new());
            return Assessed { requirement: *requirement, answer: Answer::NotOurs, evidence, lacking };
        };
        let lacking = grounds.lacking(question);
        let answer = if lacking.is_empty() { Answer::Met } else { Answer::NotMet };
        Assessed { requirement: *requirement, answer, evidence: grounds.evidence(question), lacking }
    };
    requirements(standard).iter().map(answer).collect()
}

impl Grounds<'_> {
    fn lacking(&self, question: Question) -> Vec<Lack> {
        match question {
            Question::Inventory => self.inventory(),
            Question::Scanned => self.scanned(),
            Question::Triaged => {
                let kinds = [ReasonCode::Advisory, ReasonCode::Malicious, ReasonCode::AdvisoryUnreadable];
                [self.inventory(), self.scanned(), some(self.with(&kinds), Lack::Vulnerable)].concat()
            }
            Question::Licenses if !self.policy.licenses.is_set() => vec![Lack::NoLicenseList],
            Question::Licenses => {
                some(self.with(&[ReasonCode::LicenseNotAllowed, ReasonCode::LicenseUnknown]), Lack::LicenseNotAllowed)
            }
            Question::EndOfLife if self.policy.advisories.unmaintained == Level::Allow => {
                vec![Lack::UnmaintainedAllowed]
            }
            Question::EndOfLife => self.scanned(),
            Question::Malware => [self.scanned(), some(self.with(&[ReasonCode::Malicious]), Lack::Malicious)].concat(),
            Question::Sources => {
                let mirrors = self.facts.refused_mirrors.len();
                let mirrors = (mirrors > 0).then_some(Lack::Mirrors(mirrors));
                let elsewhere = some(self.with(&[ReasonCode::SourceNotAllowed]), Lack::SourceNotAllowed);
                [self.inventory(), elsewhere, mirrors.into_iter().collect()].concat()
            }
            Question::Vendored => match self.vendored {
                VendoredProof::NotVendored => vec![Lack::NotVendored],
                VendoredProof::Proven(_) | VendoredProof::Broken(_) | VendoredProof::Undecided => Vec::new(),
            },
            Question::Consumed => self.consumed(),
            Question::Integrity => {
                let kinds = [
                    ReasonCode::ChecksumMismatch,
                    ReasonCode::ChecksumMissing,
                    ReasonCode::PubtimeChanged,
                    ReasonCode::NotInIndex,
                    ReasonCode::IndexUnavailable,
                    ReasonCode::IndexEntryUnreadable,
                ];
                [self.inventory(), self.read(), some(self.with(&kinds), Lack::BytesDoubtful)].concat()
            }
            Question::Ingestion => self.ingestion(),
            Question::AutomaticUpdates => none(&self.automation.updating),
            Question::ChangesJudged => none(&self.automation.judging),
        }
    }

    /// The lock file is the inventory: as far as cargo would build from it as it is.
    fn inventory(&self) -> Vec<Lack> {
        let is_doubtful = |blocker: &Blocker| {
            matches!(
                blocker,
                Blocker::WorkspaceUnread { .. }
                    | Blocker::LockOutdated(_)
                    | Blocker::LockRefused { .. }
                    | Blocker::LockUnproven { .. }
            )
        };
        let is_answered = matches!(self.facts.lock, LockFact::Answered | LockFact::Unseen(_));
        let doubtful = !is_answered || self.evaluation.blockers.iter().any(is_doubtful);
        doubtful.then_some(Lack::LockDoubtful).into_iter().collect()
    }

    fn scanned(&self) -> Vec<Lack> {
        let AdvisoryFact::Read(_) = &self.facts.advisories else { return vec![Lack::AdvisoriesUnread] };
        let is_old = |blocker: &Blocker| {
            matches!(blocker, Blocker::AdvisoriesStale { .. } | Blocker::AdvisoriesRolledBack { .. })
        };
        self.evaluation.blockers.iter().any(is_old).then_some(Lack::AdvisoriesNotFresh).into_iter().collect()
    }

    /// Whether the registries answered.
    fn read(&self) -> Vec<Lack> {
        let is_unread = |blocker: &Blocker| matches!(blocker, Blocker::IndexUnavailable { .. });
        self.evaluation.blockers.iter().any(is_unread).then_some(Lack::IndexUnread).into_iter().collect()
    }

    fn consumed(&self) -> Vec<Lack> {
        match self.vendored {
            VendoredProof::NotVendored => vec![Lack::NotVendored],
            VendoredProof::Proven(_) => Vec::new(),
            VendoredProof::Broken(findings) => vec![Lack::NotProven { findings: *findings }],
            VendoredProof::Undecided => vec![Lack::ProofUndecided],
        }
    }

    /// A policy that makes releases wait, and a lock file that obeys it.
    fn ingestion(&self) -> Vec<Lack> {
        let written = self.policy_file.is_none().then_some(Lack::NoPolicy);
        let quarantine = &self.policy.quarantine.min_publish_age;
        let of_registry = self.policy.registries.get(&Registry::CratesIo).and_then(|one| one.min_publish_age.as_ref());
        let overrides = self.policy.overrides.iter().filter(|one| one.registry == Registry::CratesIo);
        let usual = of_registry.map_or(("quarantine.min-publish-age", quarantine), |age| ("registries", age));
        let ages = std::iter::once(usual).chain(overrides.map(|one| ("override", &one.min_publish_age)));
        let short = ages.filter(|(_, age)| age.value < WATCHED);
        let short = short.map(|(key, age)| Lack::AgeTooShort { key, age: age.value });
        let held = self.evaluation.judgements.iter().filter(|judgement| !judgement.passes());
        let held = some(held.map(|judgement| judgement.id.clone()).collect(), Lack::NotApproved);
        written.into_iter().chain(short).chain(self.scanned()).chain(self.read()).chain(held).collect()
    }

    /// The packages against which one of these stands.
    fn with(&self, kinds: &[ReasonCode]) -> Vec<PackageId> {
        let has = |judgement: &&Judgement| {
            judgement.reasons().is_some_and(|reasons| reasons.iter().any(|one: &Reason| kinds.contains(&one.code())))
        };
        self.evaluation.judgements.iter().filter(has).map(|judgement| judgement.id.clone()).collect()
    }

    fn evidence(&self, question: Question) -> Vec<Evidence> {
        let lock = || file("Cargo.lock");
        let policy = || self.policy_file.map(file);
        let moved = || self.latest(&[Kind::Updated, Kind::Vendored, Kind::Init]);
        let all: Vec<Option<Evidence>> = match question {
            Question::Inventory => vec![Some(lock()), moved()],
            Question::Scanned | Question::Malware => vec![self.advisories()],
            Question::Triaged => {
                let ignored = self.evaluation.judgements.iter().flat_map(|judgement| &judgement.warnings);
                let mut ignored: Vec<Evidence> = ignored.filter_map(decided).collect();
                ignored.dedup();
                let decided = self.latest(&[Kind::Approved]).filter(|_| !ignored.is_empty());
                [vec![self.advisories()], ignored.into_iter().map(Some).collect(), vec![decided]].concat()
            }
            Question::Licenses => vec![policy().filter(|_| self.policy.licenses.is_set())],
            Question::EndOfLife => {
                let level = self.policy.advisories.unmaintained;
                vec![setting("advisories.unmaintained", level.to_string()), self.advisories()]
            }
            Question::Sources => {
                let sources = &self.policy.sources;
                let registries = self.policy.registries.len() + sources.allow_registries.len();
                vec![
                    Some(lock()),
                    setting("sources.allow-registries", format!("crates.io and {registries} more")),
                    setting("sources.allow-git", sources.allow_git.len().to_string()),
                ]
            }
            Question::Vendored | Question::Consumed => match self.vendored {
                VendoredProof::Proven(folder) => vec![
                    Some(Evidence::File(folder.clone())),
                    Some(file(".cargo/config.toml")),
                    self.latest(&[Kind::Vendored]),
                ],
                VendoredProof::NotVendored | VendoredProof::Broken(_) | VendoredProof::Undecided => Vec::new(),
            },
            Question::Integrity => vec![Some(lock()), self.has_trail().then(|| file(self.trail_folder))],
            Question::Ingestion => {
                let age = &self.policy.quarantine.min_publish_age;
                let origin = match &age.origin {
                    Origin::Default => " (the default)",
                    Origin::Flag | Origin::Environment(_) | Origin::File { .. } => "",
                };
                vec![policy(), setting("quarantine.min-publish-age", format!("{}{origin}", age.value)), moved()]
            }
            Question::AutomaticUpdates => files(&self.automation.updating),
            Question::ChangesJudged => files(&self.automation.judging),
        };
        all.into_iter().flatten().collect()
    }

    fn advisories(&self) -> Option<Evidence> {
        let AdvisoryFact::Read(db) = &self.facts.advisories else { return None };
        Some(Evidence::Advisories { source: db.source.clone(), commit: db.commit.clone(), confirmed: db.confirmed })
    }

    fn has_trail(&self) -> bool {
        !self.trail.events.is_empty()
    }

    /// The newest event of one of these kinds.
    fn latest(&self, kinds: &[Kind]) -> Option<Evidence> {
        let mut events = self.trail.newest_first().into_iter();
        let (id, event) = events.find(|(_, event)| kinds.contains(&event.kind))?;
        Some(Evidence::Event { file: event.file_name(id), kind: event.kind, time: event.time })
    }
}

fn some(packages: Vec<PackageId>, lack: fn(Vec<PackageId>) -> Lack) -> Vec<Lack> {
    if packages.is_empty() { Vec::new() } else { vec![lack(packages)] }
}

fn none(files: &[Utf8PathBuf]) -> Vec<Lack> {
    if files.is_empty() { vec![Lack::NoWorkflow] } else { Vec::new() }
}

fn file(path: &str) -> Evidence {
    Evidence::File(path.into())
}

fn files(paths: &[Utf8PathBuf]) -> Vec<Option<Evidence>> {
    paths.iter().map(|path| Some(Evidence::File(path.clone()))).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "stands in a list of what may be absent")]
fn setting(key: &'static str, value: String) -> Option<Evidence> {
    Some(Evidence::Setting { key, value })
}

fn decided(warning: &Warning) -> Option<Evidence> {
    if let Warning::Ignored { advisory, until } = warning {
        Some(Evidence::Ignored { advisory: advisory.to_string(), until: *until })
    } else {
        None
    }
}
