//! What the decision came to, for every package and for the run as a whole.

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::age::Age;
use super::lock_proof::{Discord, Unproven};
use super::package::PackageId;
use super::policy::Origin;
use super::side_effect::SideEffect;
use super::source::Registry;
use super::trail::{EventFileName, TrailFinding, TrailProblem};
use super::verdict::{Basis, Reasons, Verdict, Warning};

/// The whole decision.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The moment that was judged by: the earlier of the machine's clock and the registry's.
    pub now: Timestamp,
    /// One for every package, in the lock file's order.
    pub judgements: Vec<Judgement>,
    /// Why the run as a whole could not decide.
    pub blockers: Vec<Blocker>,
    /// What is worth knowing about the run as a whole.
    pub notices: Vec<Notice>,
    /// Whether the lock file answers the manifests: [`super::lock_proof::LockFact::code`].
    pub manifests: &'static str,
    /// With a base: the events of its audit trail that the change does not have.
    pub truncated: Vec<EventFileName>,
    /// With a base commit: what the change does beside what it locks.
    pub also: Vec<SideEffect>,
}

/// One package's part of the decision.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The package.
    pub id: PackageId,
    /// `None` when it was not judged, because the base has it already.
    pub verdict: Option<Verdict>,
    /// What is worth knowing and holds nothing back.
    pub warnings: Vec<Warning>,
    /// Every advisory that hits it, whatever the policy makes of them.
    pub advisories: Vec<Arc<str>>,
    /// When it was published, when known.
    pub pubtime: Option<Timestamp>,
    /// Yanked in the index; `None` when the index was not read for it.
    pub yanked: Option<bool>,
    /// The shortest way from a workspace member, both ends included, as positions in the lock file's list. Of a way longer than
    /// 100 steps the middle is left out.
    pub path: Vec<usize>,
    /// For a package that is not approved: the newest release that every requirement in this graph accepts and the policy approves.
    pub newest_approved: Option<Version>,
    /// Where there is none: the newest release that the policy approves and that nothing but manifests of this workspace keeps out.
    pub if_edited: Option<Version>,
    /// Where there is neither: a way out over the packages that ask for it.
    pub detour: Option<Detour>,
    /// For a package hit by advisories: the releases that mend it.
    pub fixes: Vec<Fix>,
}

/// How a package can be got rid of, or moved, by moving the packages that ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detour {
    /// Where these are to go; each is approved, and every requirement accepts it.
    pub moves: Vec<PackageId>,
    /// The approved release that they then take; `None` where they do without the crate.
    pub to: Option<Version>,
}

/// A release that an advisory names as patched, and what the policy makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub advisory: Arc<str>,
    /// The lowest release that mends it and is compatible with the locked one.
    pub version: Version,
    /// What it is approved for, or when it will be.
    pub standing: FixStanding,
}

/// Whether a fix may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixStanding {
    /// It may be used now.
    Approved(Basis),
    /// It is held, for these reasons.
    Held(Reasons),
}

/// Why a run could not decide: exit code 2, whatever else it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// Cargo cannot describe the workspace: the lock file was found by walking up, and cargo may use another.
    WorkspaceUnread {
        /// Cargo's error.
        cause: String,
    },
    /// There is no advisory database to judge by.
    AdvisoriesUnavailable {
        /// What was asked for.
        source: String,
        /// What went wrong.
        cause: String,
    },
    /// Nobody confirmed lately that the advisories are today's.
    AdvisoriesStale {
        /// What was read.
        source: String,
        /// Since when: the last confirmation, or the copy's own time.
        since: Option<Timestamp>,
        /// How long it may last.
        limit: Age,
        /// Whether `since` is a confirmation at its origin, or the age of a copy that nobody confirmed.
        confirmed: bool,
    },
    /// The copy is older than one that was seen from the same source.
    AdvisoriesRolledBack {
        /// What was read.
        source: String,
        /// The commit that was read, when known.
        commit: Option<String>,
        /// The commit seen before.
        seen: String,
    },
    /// A package's index entry could not be had.
    IndexUnavailable {
        package: PackageId,
        /// What went wrong.
        cause: IndexGap,
    },
    /// A registry's configuration stands in the way of asking it.
    MirrorNotAllowed {
        /// The registry that is replaced.
        registry: Registry,
        /// What the configuration puts in its place.
        by: String,
        /// Where it says so.
        origin: Origin,
    },
    /// The machine's clock and the registry's differ.
    ClockSkew {
        /// The machine's.
        machine: Timestamp,
        /// The registry's.
        registry: Timestamp,
    },
    /// An event of the audit trail cannot be read or believed, so nobody knows what was recorded.
    TrailBroken(TrailProblem),
    /// The lock file does not answer the manifests: cargo would build what nobody judged.
    LockOutdated(Discord),
    /// Cargo does not take the lock file as it is.
    LockRefused { words: String },
    /// Whether the lock file answers the manifests cannot be told.
    LockUnproven {
        /// Why not from here.
        why: Vec<Unproven>,
        /// Why cargo could not tell either, where it was asked.
        cause: Option<String>,
    },
    /// The registry's list or the machine's clock went back behind what the audit trail recorded.
    Trail(TrailFinding),
}

codes!(Blocker {
    WorkspaceUnread => "workspace-unread",
    AdvisoriesUnavailable => "advisories-unavailable",
    AdvisoriesStale => "advisories-stale",
    AdvisoriesRolledBack => "advisories-rolled-back",
    IndexUnavailable => "index-unavailable",
    MirrorNotAllowed => "mirror-not-allowed",
    ClockSkew => "clock-skew",
    TrailBroken => "trail-broken",
    LockOutdated => "lock-outdated",
    LockRefused => "lock-refused",
    LockUnproven => "lock-unproven";
    Self::Trail(finding) => finding.code(),
});

/// Why there is no index entry to judge by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexGap {
    /// Offline, and cargo's cache has no entry.
    NotCached,
    /// Offline, and the cached entry does not have the version: it may be older than the release.
    NotInCachedEntry,
    /// With a base: the entry is a copy that the registry did not send in this run, and whoever can write to the machine's cache could
    /// have written it.
    Unconfirmed,
    /// A git index that cargo has no cache of.
    GitIndex,
    /// The name cannot be a crate's.
    BadName,
    /// The registry could not be asked, or its answer could not be used.
    Failed(String),
    /// The registry does not answer without a token, or not with the one that it got.
    Denied(String),
    /// The registry, or what stands before it, refuses to answer, and says why.
    Forbidden(String),
    /// The registry is replaced by one that the policy does not allow.
    Refused,
    /// The policy does not name the registry, so it was not asked.
    NotNamed,
}

/// Why an approval does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idle {
    /// An update would move the locked release to the approved one; by this spec it names the locked one.
    Ahead(String),
    /// The release is not locked.
    NotLocked,
    /// The release is locked, and nothing that this approval lifts holds it.
    NotHeld,
}

/// What a run fetches and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    Advisories,
    /// Index entries.
    Index,
}

/// Something about the run as a whole that blocks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An approval that no locked package needs.
    ApprovalUnused {
        /// Its line in the policy file.
        line: u32,
        /// The release, as `name@version`.
        release: String,
        /// Why nothing needs it.
        idle: Idle,
    },
    /// An approval whose time is over.
    ApprovalLapsed {
        /// Its line in the policy file.
        line: u32,
        /// The release, as `name@version`.
        release: String,
        /// Its last day.
        until: jiff::civil::Date,
    },
    /// An approval of other bytes than the lock file's.
    ApprovalOfOtherBytes {
        /// Its line in the policy file.
        line: u32,
        /// The release, as `name@version`.
        release: String,
    },
    /// An ignored advisory whose time is over; it counts again.
    IgnoreLapsed {
        /// Its line in the policy file.
        line: u32,
        advisory: Arc<str>,
        /// Its last day.
        until: jiff::civil::Date,
    },
    /// An ignored advisory that hits nothing.
    IgnoreUnused {
        /// Its line in the policy file.
        line: u32,
        advisory: Arc<str>,
    },
    /// An approval that is in use and ends soon.
    ApprovalEnding {
        /// Its line in the policy file.
        line: u32,
        /// The release, as `name@version`.
        release: String,
        /// Its last day.
        until: jiff::civil::Date,
    },
    /// An ignored advisory that hits something and will soon count again.
    IgnoreEnding {
        /// Its line in the policy file.
        line: u32,
        /// The advisory, as the policy names it.
        advisory: Arc<str>,
        /// Its last day.
        until: jiff::civil::Date,
    },
    /// A rule that is about nothing that the lock file has.
    RuleUnused {
        /// What kind of rule.
        kind: RuleKind,
        /// The entry, as written.
        entry: String,
        /// Its line in the policy file, where known.
        line: Option<u32>,
    },
    /// A clarification of a licence that does not count for a locked release, whose files are not those that its author read.
    ClarificationOfOtherFiles {
        /// Its line in the policy file.
        line: u32,
        /// The release, as `name@version`.
        release: String,
        /// The first file that is not there with these bytes.
        file: Box<str>,
    },
    /// Advisories were left out because the caller said so.
    AdvisoriesSkipped,
    /// The address could not be reached; a copy stood in.
    AdvisoriesFromCopy {
        /// The address.
        source: String,
        copy: String,
    },
    /// Advisories of malicious releases, each with its crate, that the source has no more and never withdrew; `memory` is the folder that has them.
    AdvisoriesForgotten { source: String, advisories: Vec<String>, memory: String },
    /// What was fetched could not be kept for the next run, which fetches it again.
    NotKept {
        /// What was fetched.
        what: Fetched,
        /// Where it would lie.
        folder: String,
        /// Why it does not.
        cause: String,
    },
    /// Cargo's own minimum age is longer than the policy's and was used.
    CargoAgeLonger {
        /// Where cargo's is set.
        origin: Origin,
        /// Cargo's.
        cargo: Age,
        /// The policy's.
        policy: Age,
    },
    /// Cargo's own minimum age is shorter than the policy's: plain cargo would let younger releases in.
    CargoAgeShorter {
        /// Where cargo's is set.
        origin: Origin,
        /// Cargo's.
        cargo: Age,
        /// The policy's.
        policy: Age,
    },
    /// Cargo's own minimum age is set, and the cargo in use ignores it.
    CargoIgnoresAge {
        /// Where it is set.
        origin: Origin,
        /// The cargo in use.
        version: Version,
    },
    /// A `cooldown.toml` says another age than the policy.
    CooldownDisagrees {
        file: camino::Utf8PathBuf,
        /// Its age.
        cooldown: Age,
        /// The policy's.
        policy: Age,
    },
    /// The index was read from cargo's cache alone; the oldest entry was written then.
    IndexFromCache {
        /// The time of the oldest cached entry.
        oldest: Option<Timestamp>,
    },
    /// An index does not say when releases were published, so that nothing can be held by its age.
    PubtimesMissing {
        registry: Registry,
        /// What serves its index, where that is something else.
        from: Option<String>,
        /// How many locked packages it says nothing about.
        packages: usize,
        /// Of how many of that registry.
        of: usize,
    },
    /// What `--facts` was to find out about the publications of these crates could not be had.
    PublicationsUnknown {
        gap: super::publication::ApiGap,
        /// Their names.
        crates: Vec<Arc<str>>,
    },
    /// The registry names another publisher of a release than the audit trail recorded. Accounts are renamed, so it holds nothing back.
    PublisherRewritten {
        crate_id: super::package::CrateId,
        version: Version,
        recorded: super::publication::Publisher,
        /// Who it is now; `None` where the registry no longer says.
        found: Option<super::publication::Publisher>,
    },
    /// The lock file was judged alone, whatever the manifests ask.
    ManifestsNotChecked,
    /// The manifests of git packages are not at hand: what these ask is taken from the lock file.
    ManifestsUnseen { packages: Vec<PackageId> },
    /// The base has gone on since the change grew from it: what it has become stricter in is its own doing, and the change takes nothing
    /// back.
    BaseMovedOn {
        /// The keys in which its policy is stricter than where the change began.
        keys: Vec<String>,
        /// How many events of the audit trail it has gained.
        events: usize,
    },
    /// Where the change grew from its base is not known, as in a clone whose history was cut off: it was compared with the base as it is
    /// today, and what that gained meanwhile can look as if the change had taken it away.
    NoMergeBase,
    /// The base is a lock file, which says nothing of rules: policy, approvals and trail are the working tree's, which a change can have
    /// rewritten.
    BaseWithoutRules {
        /// The lock file.
        base: String,
    },
    /// `paths` in a configuration: cargo builds other folders in the place of locked packages.
    Paths(Origin),
    /// Something is wrong with the audit trail that hides no event.
    TrailDisordered(TrailProblem),
    /// The registry no longer has what the audit trail recorded.
    Trail(TrailFinding),
}

codes!(Notice {
    ApprovalUnused => "approval-unused",
    ApprovalLapsed => "approval-lapsed",
    ApprovalOfOtherBytes => "approval-of-other-bytes",
    ClarificationOfOtherFiles => "clarification-of-other-files",
    IgnoreLapsed => "ignore-lapsed",
    IgnoreUnused => "ignore-unused",
    ApprovalEnding => "approval-ending",
    IgnoreEnding => "ignore-ending",
    AdvisoriesSkipped => "advisories-skipped",
    AdvisoriesFromCopy => "advisories-from-copy",
    AdvisoriesForgotten => "advisories-forgotten",
    NotKept => "not-kept",
    CargoAgeLonger => "cargo-age-longer",
    CargoAgeShorter => "cargo-age-shorter",
    CargoIgnoresAge => "cargo-ignores-age",
    CooldownDisagrees => "cooldown-disagrees",
    IndexFromCache => "index-from-cache",
    PubtimesMissing => "pubtimes-missing",
    PublicationsUnknown => "publications-unknown",
    PublisherRewritten => "publisher-rewritten",
    ManifestsNotChecked => "manifests-not-checked",
    ManifestsUnseen => "manifests-unseen",
    BaseMovedOn => "base-moved-on",
    NoMergeBase => "no-merge-base",
    BaseWithoutRules => "base-without-rules",
    Paths => "paths",
    TrailDisordered => "trail-disordered";
    Self::RuleUnused { kind, .. } => kind.as_str(),
    Self::Trail(finding) => finding.code(),
});

/// The kinds of rules that name crates or places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// A name under `[[override]]`.
    Override,
    /// A registry under `[registries]`, or in `allow-registries`.
    Registry,
    /// An entry of `allow-git`.
    Git,
    /// An entry of `deny`, of which it is good to hear that it has nothing to do.
    Ban,
    /// A `[[licenses.exception]]`.
    LicenseException,
    /// A `[[licenses.clarify]]`.
    Clarification,
}

// By what a notice of one that does nothing is called.
names!(RuleKind {
    Override => "override-unused",
    Registry => "registry-unused",
    Git => "allow-git-unused",
    Ban => "deny-unused",
    LicenseException => "license-exception-unused",
    Clarification => "license-clarification-unused",
});

impl Evaluation {
    /// Whether every package may be built, nothing stood in the way of saying so, and nothing was taken from the audit trail.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        let nothing_else = self.truncated.is_empty() && !self.also.iter().any(SideEffect::fails);
        self.blockers.is_empty() && nothing_else && self.judgements.iter().all(Judgement::passes)
    }
}

impl Judgement {
    /// Whether nothing holds the package: local, approved, or already in the base.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match &self.verdict {
            None | Some(Verdict::Local | Verdict::Approved(_)) => true,
            Some(Verdict::Quarantined(_) | Verdict::Rejected(_)) => false,
        }
    }

    /// The reasons against it; `None` when it passes.
    #[must_use]
    pub const fn reasons(&self) -> Option<&Reasons> {
        match &self.verdict {
            None | Some(Verdict::Local | Verdict::Approved(_)) => None,
            Some(Verdict::Quarantined(reasons) | Verdict::Rejected(reasons)) => Some(reasons),
        }
    }
}
