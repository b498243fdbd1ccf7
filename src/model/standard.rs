//! Standards of others that ask for evidence, and what a repository answers to each of their requirements.
//!
//! SLSA's dependency track (draft of March 2026) and the Secure Supply Chain Consumption Framework, S2C2F 1.1. Neither is answered as a
//! whole: both assess organisations, of which a repository is a part.

use std::collections::BTreeMap;

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
    /// All that it asks was checked in this run, and is so.
    Met,
    /// What was checked is so, and the requirement asks for more than a repository shows.
    Partly,
    NotMet,
    /// A repository cannot say it, or could not in this run.
    NotOurs,
}

names!(Answer read { Met => "met", Partly => "partly", NotMet => "not-met", NotOurs => "not-ours" });

/// One requirement of a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Its name in the standard.
    pub id: &'static str,
    /// What it asks, in our words.
    pub asks: &'static str,
    /// What a repository can show of it; `None` where that is nothing.
    pub question: Option<Question>,
    /// What it asks that nobody can see from here; `None` where the question is all of it.
    pub beyond: Option<&'static str>,
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
    /// The sources are in the repository, whole.
    Vendored,
    /// What is in the repository is what is built, and nothing leads around it.
    Consumed,
    /// The vendored bytes are those of the archives that the lock file, the registry and the trail know.
    Integrity,
    /// Each release is the one that its registry and the trail know.
    Origin,
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
    Origin => "origin",
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
    /// What could not be seen in this run, although a repository can show it.
    pub unseen: Vec<Unseen>,
}

/// Something that a reader can look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A file or folder, from the workspace's root.
    File(Utf8PathBuf),
    /// The commit that has these files as they were looked at.
    Commit(String),
    /// An event of the audit trail.
    Event { file: EventFileName, kind: Kind, time: Timestamp },
    /// A copy of the advisory database.
    Advisories(AdvisoriesRead),
    /// A setting of the policy, as it holds.
    Setting { key: String, value: String },
    /// An advisory that a person has ignored, and until when.
    Ignored { advisory: String, until: jiff::civil::Date },
    /// So many locked releases are approved by a person alone, and so many of these since the adoption.
    Exempted { releases: usize, adopted: usize },
    /// So many vendored packages were compared with their archives.
    Derived(usize),
}

/// Which advisories were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AdvisoriesRead {
    /// Their address; `None` for a folder, whose path says nothing elsewhere.
    pub address: Option<String>,
    pub commit: Option<String>,
    /// The time of that commit.
    pub committed: Option<Timestamp>,
    /// The day of the newest advisory, where it was looked for.
    pub newest: Option<jiff::civil::Date>,
    /// When they were last confirmed at their origin.
    pub confirmed: Option<Timestamp>,
    /// How many there are.
    pub total: usize,
}

/// Why a requirement is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Whether the lock file answers the manifests is not known, or it does not.
    LockDoubtful,
    /// Files that were judged are not as the commit that is checked out has them: a clone would have others.
    Uncommitted { part: Part, gap: CommitGap },
    /// No advisories were read.
    AdvisoriesUnread,
    /// The advisories that were read are older than the policy allows, or rolled back.
    AdvisoriesNotFresh,
    /// The advisories are older than a month, whatever the policy allows.
    AdvisoriesOld { since: Option<Timestamp> },
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
    /// Rules of `allow-git` that name no repository, but a host or a part of one.
    GitWide(Vec<String>),
    /// Rules of `allow-git` that let any commit in.
    GitUnpinned(Vec<String>),
    /// Locked packages that are known to harm, or may be.
    Malicious(Vec<PackageId>),
    /// Registries that the configuration leads to places that the policy does not allow.
    Mirrors(usize),
    /// Cargo's configuration leads so many packages elsewhere than to their source, or around the lock file.
    LedElsewhere(usize),
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
    /// Releases may be younger than three days.
    AgeTooShort { key: String, age: Age },
    /// A hold that is switched off.
    SwitchedOff { key: String },
    /// Signals that hold less than they do by default.
    SignalsWeakened(Vec<String>),
    /// No workflow was found that does it.
    NoWorkflow,
    /// Index entries could not be had.
    IndexUnread,
    /// The run could not decide, for these reasons: codes of blockers.
    Undecided(Vec<&'static str>),
}

codes!(Lack {
    LockDoubtful => "lock-doubtful",
    Uncommitted => "uncommitted",
    AdvisoriesUnread => "advisories-unread",
    AdvisoriesNotFresh => "advisories-not-fresh",
    AdvisoriesOld => "advisories-old",
    Vulnerable => "vulnerable",
    NoLicenseList => "no-license-list",
    LicenseNotAllowed => "license-not-allowed",
    UnmaintainedAllowed => "unmaintained-allowed",
    SourceNotAllowed => "source-not-allowed",
    GitWide => "git-wide",
    GitUnpinned => "git-unpinned",
    Malicious => "malicious",
    Mirrors => "mirrors",
    LedElsewhere => "led-elsewhere",
    NotVendored => "not-vendored",
    NotProven => "not-proven",
    ProofUndecided => "proof-undecided",
    BytesDoubtful => "bytes-doubtful",
    NotApproved => "not-approved",
    NoPolicy => "no-policy",
    AgeTooShort => "age-too-short",
    SwitchedOff => "switched-off",
    SignalsWeakened => "signals-weakened",
    NoWorkflow => "no-workflow",
    IndexUnread => "index-unread",
    Undecided => "undecided",
});

/// What a repository could show and did not in this run: the requirement may be met all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// Which files a clone would have: there is no commit to look at, or git would check out others than it has.
    Commit { cause: String },
    /// What is in packages that lie outside the repository.
    Outside(Vec<PackageId>),
    /// Whether anything is known against packages about which RustSec has no advisories, since they are not from crates.io.
    NotAdvised(Vec<PackageId>),
    /// Whether the advisories that the command line named are the policy's.
    AdvisoriesNamed,
    /// What packages ask for whose manifests are not at hand.
    Manifests(Vec<PackageId>),
    /// Which licences packages have that are not from a registry.
    LicenseUndecided(Vec<PackageId>),
    /// Which bytes a build takes: cargo holds each archive against the lock file where it unpacks it, on every machine anew.
    Bytes,
    /// Whether vendored packages are what was published: their archives could not be had.
    NotDerived(Vec<PackageId>),
    /// The code of packages of which only stubs are vendored.
    Stubs(usize),
    /// What comes of so many ways around the vendored sources that are in effect and break nothing by themselves.
    Ways(usize),
    /// What these workflows do.
    Workflows(Vec<Utf8PathBuf>),
}

codes!(Unseen {
    Commit => "commit",
    Outside => "outside",
    NotAdvised => "not-advised",
    AdvisoriesNamed => "advisories-named",
    Manifests => "manifests",
    LicenseUndecided => "license-undecided",
    Bytes => "bytes",
    NotDerived => "not-derived",
    Stubs => "stubs",
    Ways => "ways",
    Workflows => "workflows",
});

/// What the proof of the vendored sources came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VendoredProof {
    /// No configuration of the workspace leads to vendored sources; so many packages or builds are led elsewhere than their source.
    NotVendored { elsewhere: usize },
    /// Lock file, allow-list and tree agree, and nothing leads around them.
    Proven {
        /// Where the sources lie, from the workspace's root.
        folder: Utf8PathBuf,
        /// How many packages were shown to be what their archives hold.
        derived: usize,
        /// The packages of which that could not be shown.
        underived: Vec<PackageId>,
        /// How many packages are stubs.
        stubs: usize,
        /// How many ways around are in effect that break nothing by themselves.
        ways: usize,
    },
    /// So many findings.
    Broken(usize),
    /// It could not be made.
    Undecided,
}

/// What was looked at and must be in the repository to be somebody else's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    LockFile,
    Manifests,
    Policy,
    Config,
    Trail,
    Sources,
}

/// How files differ from those of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitGap {
    /// The first of them, from the repository's top.
    pub first: Utf8PathBuf,
    pub files: usize,
    /// Whether the commit has nothing in the place of the first.
    pub is_absent: bool,
}

/// What the commit that is checked out has of the files that were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    /// Nobody can say.
    Unknown { cause: String },
    Commit {
        id: String,
        /// Where the working tree is not as the commit has it.
        gaps: BTreeMap<Part, CommitGap>,
    },
}

/// The files by which a repository's host does something by itself, from the repository's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Automation {
    /// They judge proposed changes by their base.
    pub judging: Doing,
    /// They move dependencies.
    pub updating: Doing,
}

/// Which files do something, as far as they can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doing {
    pub does: Vec<Utf8PathBuf>,
    /// They have the words for it, and what becomes of them cannot be told from here.
    pub may: Vec<Utf8PathBuf>,
}
