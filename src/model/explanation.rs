//! Everything that is known about one release, gathered around the decision on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use semver::{Version, VersionReq};

use super::advisory::Advisory;
use super::age::Age;
use super::allow_list::AllowList;
use super::evaluation::Judgement;
use super::index_line::DependencyKind;
use super::package::{CrateId, Line, Package};
use super::policy::{Origin, Setting};
use super::publication::Published;
use super::signal::{Signal, SignalLevel};
use super::trail::release::ReleaseRecord;
use super::trail::{EventId, Kind, Trail};
use super::verdict::Verdict;

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The package at this position of the lock file.
    Locked(usize),
    /// A release that the lock file does not have.
    Unlocked(CrateId, Version),
}

/// What an explanation draws on beside the facts of the decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    /// The audit trail that is believed.
    pub trail: Trail,
    /// The allow-list; `None` where nothing was vendored.
    pub allow_list: Option<AllowList>,
    /// Where the keys of the policy stand; a key that is absent has its default. `None` where the file's text is not at hand.
    pub keys: Option<BTreeMap<String, Origin>>,
}

/// One release, explained.
#[derive(Clone, Debug)]
pub(crate) struct Explanation {
    /// The package: the lock file's, or one made up from the index for a release that is not locked.
    pub package: Package,
    /// Its position in the lock file.
    pub locked: Option<usize>,
    /// The decision on it.
    pub judgement: Judgement,
    /// What decided each reason, in their order.
    pub reasons: Vec<Decider>,
    /// What decided each warning, in their order.
    pub warnings: Vec<Decider>,
    /// What decided that it is approved; `None` where it is not.
    pub basis: Option<Decider>,
    /// The minimum age that holds for its crate; `None` for anything but a registry's.
    pub minimum: Option<Setting<Age>>,
    /// How it was published, where that is known.
    pub publication: Option<Published>,
    /// Whether its archive was at hand and looked into; `None` where that makes no difference to the decision.
    pub inspected: Option<bool>,
    /// The releases of its crate around it.
    pub timeline: Timeline,
    /// Who recorded its checksum.
    pub checksums: Vec<ChecksumRecord>,
    /// Every advisory about its crate, those that hit it first.
    pub advisories: Vec<AdvisoryView>,
    /// The ways from a workspace member to it.
    pub paths: Paths,
    /// The packages that depend on it directly.
    pub dependents: Vec<Dependent>,
    /// What the audit trail has about it, newest first.
    pub trail: Vec<TrailEntry>,
    /// Every sign of a takeover that it ever showed, also those that many honest releases show and that nothing is made of.
    pub signals: Vec<SignalView>,
}

/// A signal and what the policy makes of its kind.
#[derive(Clone, Debug)]
pub(crate) struct SignalView {
    pub signal: Signal,
    pub level: SignalLevel,
}

/// What decided something, so that a reader can find and change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decider {
    /// A setting of the policy.
    Policy {
        /// The key, with its tables.
        key: String,
        /// Where it stands; `None` where that is not known, as with the policy of a base.
        origin: Option<Origin>,
    },
    /// No setting: it holds under every policy.
    Fixed,
}

/// Some releases of one crate, by the time of their publication.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    /// The chosen ones.
    pub releases: Vec<Milestone>,
    /// How many came before them.
    pub earlier: usize,
    /// How many came after them.
    pub later: usize,
}

/// One release on it.
#[derive(Clone, Debug)]
pub(crate) struct Milestone {
    pub version: Version,
    /// When it was published, when known.
    pub pubtime: Option<Timestamp>,
    /// Yanked in the index.
    pub yanked: bool,
    /// Whether the lock file has it.
    pub locked: bool,
    /// What the policy makes of it.
    pub verdict: Verdict,
}

/// What one place says of the release's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChecksumRecord {
    /// Who says it.
    pub place: ChecksumPlace,
    /// What it says.
    pub checksum: Option<Box<str>>,
    /// How that compares with the index, or without one with the first place that has a checksum.
    pub agreement: Agreement,
}

/// Where checksums are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChecksumPlace {
    LockFile,
    /// The registry's index.
    Index,
    /// The audit trail.
    Trail,
    /// The allow-list of the vendored sources.
    AllowList,
    /// An approval on this line of the policy file.
    Approval(u32),
}

codes!(ChecksumPlace {
    LockFile => "lock-file",
    Index => "index",
    Trail => "trail",
    AllowList => "allow-list",
    Approval => "approval",
});

/// How a place's record compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// It says the same.
    Agrees,
    /// It says something else.
    Differs,
    /// It says nothing.
    Silent,
}

names!(Agreement { Agrees => "agrees", Differs => "differs", Silent => "silent" });

/// An advisory and what it means for the release.
#[derive(Clone, Debug)]
pub(crate) struct AdvisoryView {
    pub advisory: Advisory,
    /// Whether the release is in its affected ranges.
    pub hits: bool,
    /// What comes of that.
    pub effect: AdvisoryEffect,
    /// What decided that; `None` where there is nothing to decide.
    pub decider: Option<Decider>,
}

/// What the policy makes of an advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdvisoryEffect {
    /// The release is not affected.
    NotAffected,
    /// The advisory was taken back.
    Withdrawn,
    /// It stands against the release.
    Rejects,
    /// It is a warning.
    Warns,
    /// A person has it ignored until a day.
    Ignored(jiff::civil::Date),
    /// The policy does not want to hear of its kind.
    Allowed,
}

codes!(AdvisoryEffect {
    NotAffected => "not-affected",
    Withdrawn => "withdrawn",
    Rejects => "rejects",
    Warns => "warns",
    Ignored => "ignored",
    Allowed => "allowed",
});

/// Ways through the dependency graph, as positions in the lock file, the shortest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paths {
    /// Some of them.
    pub shown: Vec<Vec<usize>>,
    /// How many more were counted.
    pub more: usize,
    /// Whether all were counted.
    pub complete: bool,
}

/// A package that depends on the release directly.
#[derive(Clone, Debug)]
pub(crate) struct Dependent {
    /// Its position in the lock file.
    pub package: usize,
    /// What it asks for; empty where nobody knows.
    pub asks: Vec<Ask>,
}

/// One dependency line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The accepted versions.
    pub req: VersionReq,
    /// When it is needed.
    pub kind: DependencyKind,
    /// Whether a feature must turn it on.
    pub optional: bool,
    /// The platform that it is limited to.
    pub target: Option<String>,
    /// Where it is written, as far as it can be edited here.
    pub at: Vec<Line>,
}

/// An event about the release.
#[derive(Clone, Debug)]
pub(crate) struct TrailEntry {
    pub event: EventId,
    /// When it was written.
    pub at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// Who did what it tells.
    pub by: Option<String>,
    /// What it says of the release, or of the one that took its place.
    pub record: ReleaseRecord,
    /// Whether the record is about another release, which took this one's place.
    pub replaced: bool,
}

/// A crate's releases, newest version first.
#[derive(Clone, Debug)]
pub(crate) struct Releases {
    /// The crate's name.
    pub name: Arc<str>,
    /// Some of them: the newest, and every locked one.
    pub shown: Vec<Milestone>,
    /// How many more there are.
    pub more: usize,
}
