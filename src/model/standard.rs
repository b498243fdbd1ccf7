//! Standards of others that ask for evidence, and what a repository answers to each of their requirements.
//!
//! SLSA's dependency track (draft of March 2026) and the Secure Supply Chain Consumption Framework, S2C2F 1.1. Neither is answered as a
//! whole: both assess organisations, of which a repository is a part.

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::age::Age;
use super::package::PackageId;
use super::trail::{EventFileName, Kind};

/// A standard whose requirements are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standard {
    SlsaDependency,
    S2c2f,
}

names!(Standard read { SlsaDependency => "slsa-dependency", S2c2f => "s2c2f" });

/// What can be said of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Met,
    NotMet,
    /// A repository cannot say it.
    NotOurs,
}

names!(Answer read { Met => "met", NotMet => "not-met", NotOurs => "not-ours" });

/// One requirement of a standard, as the standard names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Its name in the standard.
    pub id: &'static str,
    /// What a repository can show of it; `None` where that is nothing.
    pub question: Option<Question>,
    /// Whether the requirement asks for more than the question does, which nobody can see from here.
    pub asks_more: bool,
}

/// What a repository can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Question {
    /// Everything that is built is in the lock file, and the lock file answers the manifests.
    Inventory,
    /// Advisories are read, and they are fresh.
    Scanned,
    /// Whatever has a known vulnerability is out, or a person decided about it for a time.
    Triaged,
    /// Licences are judged.
    Licenses,
    /// What nobody maintains is told.
    EndOfLife,
    /// What is known to harm is refused.
    Malware,
    /// Packages come only from where the policy says.
    Sources,
    /// The sources are in the repository.
    Vendored,
    /// What is in the repository is what is built, and nothing leads around it.
    Consumed,
    /// The bytes are those that the registry and the trail know.
    Integrity,
    /// New releases wait, and nothing that is held is locked.
    Ingestion,
    /// Something outside a person's memory moves the lock file.
    AutomaticUpdates,
    /// Changes are judged where they are proposed.
    ChangesJudged,
}

names!(Question read {
    Inventory => "inventory",
    Scanned => "scanned",
    Triaged => "triaged",
    Licenses => "licenses",
    EndOfLife => "end-of-life",
    Malware => "malware",
    Sources => "sources",
    Vendored => "vendored",
    Consumed => "consumed",
    Integrity => "integrity",
    Ingestion => "ingestion",
    AutomaticUpdates => "automatic-updates",
    ChangesJudged => "changes-judged",
});

/// What a repository shows about one requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assessed {
    pub requirement: Requirement,
    pub answer: Answer,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What it lacks; empty exactly where it is not `NotMet`.
    pub lacking: Vec<Lack>,
}

/// Something that a reader can look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A file or folder, from the workspace's root.
    File(Utf8PathBuf),
    /// An event of the audit trail.
    Event { file: EventFileName, kind: Kind, time: Timestamp },
    /// A copy of the advisory database.
    Advisories { source: String, commit: Option<String>, confirmed: Option<Timestamp> },
    /// A setting of the policy, as it holds.
    Setting { key: &'static str, value: String },
    /// An advisory that a person has ignored, and until when.
    Ignored { advisory: String, until: jiff::civil::Date },
}

/// Why a requirement is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Whether the lock file answers the manifests is not known, or it does not.
    LockDoubtful,
    /// No advisories were read.
    AdvisoriesUnread,
    /// The advisories that were read are old, or rolled back.
    AdvisoriesNotFresh,
    /// Locked packages with a vulnerability that nobody decided about, or that may have one.
    Vulnerable(Vec<PackageId>),
    /// The policy names no licences.
    NoLicenseList,
    /// Locked packages whose licence is not among them, or not known.
    LicenseNotAllowed(Vec<PackageId>),
    /// The policy says nothing of what nobody maintains.
    UnmaintainedAllowed,
    /// Locked packages from places that the policy does not name.
    SourceNotAllowed(Vec<PackageId>),
    /// Locked packages that are known to harm.
    Malicious(Vec<PackageId>),
    /// Registries that the configuration leads to places that the policy does not allow.
    Mirrors(usize),
    /// Nothing is vendored.
    NotVendored,
    /// The proof of the vendored sources found something.
    NotProven { findings: usize },
    /// The proof of the vendored sources could not be made.
    ProofUndecided,
    /// Locked packages whose bytes or times are not the ones known.
    BytesDoubtful(Vec<PackageId>),
    /// Locked packages that are not approved.
    NotApproved(Vec<PackageId>),
    /// No policy was written, so that what holds today is what this version of the tool says.
    NoPolicy,
    /// Releases of crates.io may be younger than three days.
    AgeTooShort { key: &'static str, age: Age },
    /// No workflow was found that does it.
    NoWorkflow,
    /// Index entries could not be had.
    IndexUnread,
}

codes!(Lack {
    LockDoubtful => "lock-doubtful",
    AdvisoriesUnread => "advisories-unread",
    AdvisoriesNotFresh => "advisories-not-fresh",
    Vulnerable => "vulnerable",
    NoLicenseList => "no-license-list",
    LicenseNotAllowed => "license-not-allowed",
    UnmaintainedAllowed => "unmaintained-allowed",
    SourceNotAllowed => "source-not-allowed",
    Malicious => "malicious",
    Mirrors => "mirrors",
    NotVendored => "not-vendored",
    NotProven => "not-proven",
    ProofUndecided => "proof-undecided",
    BytesDoubtful => "bytes-doubtful",
    NotApproved => "not-approved",
    NoPolicy => "no-policy",
    AgeTooShort => "age-too-short",
    NoWorkflow => "no-workflow",
    IndexUnread => "index-unread",
});

/// What the proof of the vendored sources came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VendoredProof {
    /// No configuration of the workspace leads to vendored sources.
    NotVendored,
    /// Everything agrees; the sources lie here, from the workspace's root.
    Proven(Utf8PathBuf),
    /// So many findings.
    Broken(usize),
    /// It could not be made.
    Undecided,
}

/// The files by which a repository's host does something by itself, from the repository's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Automation {
    /// They judge proposed changes by their base.
    pub judging: Vec<Utf8PathBuf>,
    /// They move dependencies.
    pub updating: Vec<Utf8PathBuf>,
}
