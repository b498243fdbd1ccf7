//! Verdicts and the reasons for them, as typed facts; the words for people are in `report`.

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::advisory::AdvisoryKind;
use super::age::Age;
use super::checksum::Checksum;
use super::finding::Alarm;
use super::license::{LicenseGap, LicenseLack};
use super::policy::Origin;
use super::signal::Signal;

/// May this package be built?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It comes from no registry: the project's own code, and the project's own business.
    Local,
    /// Yes, and why.
    Approved(Basis),
    /// Not yet: time lifts every reason.
    Quarantined(Reasons),
    /// No: at least one reason stays however long one waits.
    Rejected(Reasons),
}

codes!(Verdict {
    Local => "local";
    Self::Approved(_) => VerdictCode::Approved.as_str(),
    Self::Quarantined(_) => VerdictCode::Quarantined.as_str(),
    Self::Rejected(_) => VerdictCode::Rejected.as_str(),
});

/// What is recorded of a verdict on a registry's release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictCode {
    /// See [`Verdict::Approved`].
    Approved,
    /// See [`Verdict::Quarantined`].
    Quarantined,
    /// See [`Verdict::Rejected`].
    Rejected,
}

names!(VerdictCode read { Approved => "approved", Quarantined => "quarantined", Rejected => "rejected" });

/// What an approved release stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// No reason was found against it.
    Aged,
    /// Its registry has a minimum age of zero; without that it would be held.
    TrustedRegistry,
    /// The policy names the git repository that it comes from.
    AllowedSource,
    /// It is too new, but mends a vulnerability of the releases before it.
    SecurityFix {
        /// The advisory that names it.
        advisory: Arc<str>,
        /// The release that the advisory's fix is in: this one, or the one that this one was admitted for.
        fix: FixRole,
        /// What made the fix needed.
        need: FixNeed,
    },
    /// A person exempted this exact release from all of its reasons.
    /// Several of the same bytes add up.
    Approval {
        /// Those that lifted something, the one that lifted most first; never empty.
        given: Vec<Exemption>,
    },
}

codes!(Basis as
/// The kind of a basis.
BasisCode {
    Aged => "aged",
    TrustedRegistry => "trusted-registry",
    AllowedSource => "allowed-source",
    SecurityFix => "security-fix",
    Approval => "approval",
});

/// What one approval lifted from a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// Whether it is of the baseline, which was written down at adoption.
    pub adopted: bool,
    /// Its line in the policy file.
    pub line: u32,
    /// Who gave it.
    pub by: Option<String>,
    /// What it lifted here, and no other before it.
    pub lifted: Vec<ReasonCode>,
    /// The last day on which it counts, where time does not lift the same reasons by then.
    pub missed_after: Option<jiff::civil::Date>,
}

/// Reasons in a fixed order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasons(Vec<Reason>);

impl Reasons {
    /// `None` for an empty list. The order is that of [`ReasonCode`], equal codes as they came.
    #[must_use]
    pub fn new(mut reasons: Vec<Reason>) -> Option<Self> {
        reasons.sort_by_key(Reason::code);
        (!reasons.is_empty()).then_some(Self(reasons))
    }

    /// A reason and whatever else there is.
    #[must_use]
    pub fn of(first: Reason, rest: impl IntoIterator<Item = Reason>) -> Self {
        let mut reasons = vec![first];
        reasons.extend(rest);
        reasons.sort_by_key(Reason::code);
        Self(reasons)
    }

    /// Every reason.
    pub fn iter(&self) -> std::slice::Iter<'_, Reason> {
        self.0.iter()
    }

    /// Whether the release is known to do harm, or is not the bytes that it should be.
    #[must_use]
    pub fn harm(&self) -> bool {
        self.iter().any(|reason| matches!(reason.code(), ReasonCode::Malicious | ReasonCode::ChecksumMismatch))
    }

    /// When time alone has lifted all of them: the latest of their ends; `None` if one of them stays.
    #[must_use]
    pub fn eligible_at(&self) -> Option<Timestamp> {
        self.0.iter().map(Reason::eligible_at).try_fold(Timestamp::MIN, |latest, at| Some(latest.max(at?)))
    }
}

impl<'a> IntoIterator for &'a Reasons {
    type Item = &'a Reason;
    type IntoIter = std::slice::Iter<'a, Reason>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One thing that stands against a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Published less than the minimum age ago.
    TooNew {
        /// When it was published.
        pubtime: Timestamp,
        /// The age that it must reach.
        min_age: Age,
        /// What set that age.
        rule: Origin,
        /// When it has that age, or where it comes early as or with a security fix, when it does.
        eligible_at: Timestamp,
        /// The security fix that it comes early as or with.
        fix: Option<HeldFix>,
    },
    /// The crate itself is young.
    NewCrate {
        /// When its first release was published; `None` when that cannot be told, and the crate then counts as born with this release.
        first_published: Option<Timestamp>,
        /// The age that it must reach.
        min_age: Age,
        /// When it has that age.
        eligible_at: Timestamp,
    },
    /// A sign of a takeover, which holds it longer.
    Signal {
        /// What was seen.
        signal: Signal,
        /// When the hold ends; `None` where time does not end it.
        eligible_at: Option<Timestamp>,
    },
    /// What is inside its archive, where that is at hand, holds it longer.
    Inspection {
        /// What was seen.
        alarm: Arc<Alarm>,
        /// When the hold ends.
        eligible_at: Timestamp,
    },
    /// The index does not say when it was published, or not in a form that can be believed.
    PubtimeUnknown {
        /// What it says instead.
        found: Option<Box<str>>,
    },
    /// Published later than now.
    PubtimeInFuture {
        /// When the index says that it will have been published.
        pubtime: Timestamp,
        /// When it no longer lies ahead of what clocks may differ by.
        eligible_at: Timestamp,
    },
    /// Not the pubtime that the trail recorded.
    PubtimeChanged {
        /// What was recorded.
        recorded: Timestamp,
        /// What the index says now.
        found: Option<Timestamp>,
    },
    /// Not the bytes that were seen before.
    ChecksumMismatch {
        /// What the lock file says.
        locked: Box<str>,
        /// What it should be.
        expected: Checksum,
        /// Who says so.
        witness: Witness,
    },
    /// The lock file has no checksum for it.
    ChecksumMissing,
    /// The registry does not have it (any more).
    NotInIndex,
    /// Its index entry could not be had in this run, so nothing is known of it.
    IndexUnavailable,
    /// Its index line cannot be believed.
    IndexEntryUnreadable {
        /// What is wrong with the line.
        cause: String,
    },
    /// An advisory about the crate could not be read, so it may be hit.
    AdvisoryUnreadable {
        /// The id by which a person may have it ignored, where there is one.
        advisory: Option<Arc<str>>,
        /// The advisory's file.
        file: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Made to do harm.
    Malicious {
        /// The advisory that says so.
        advisory: Arc<str>,
    },
    /// Hit by an advisory that the policy rejects.
    Advisory {
        advisory: Arc<str>,
        /// What it says.
        kind: AdvisoryKind,
    },
    /// Yanked, and the policy rejects that.
    Yanked,
    /// From a place that the policy does not allow.
    SourceNotAllowed,
    /// On the policy's deny list.
    Denied {
        /// The entry, as written.
        entry: String,
    },
    /// Its licence is not on the policy's list.
    LicenseNotAllowed {
        /// Its SPDX expression, as the manifest has it or a clarification; `None` where there is none.
        expression: Option<String>,
        /// Why the list does not have it.
        lack: LicenseLack,
    },
    /// The policy has a list of licences, and no verified bytes of the release say which it has.
    LicenseUnknown { gap: LicenseGap },
}

/// Who says what a checksum should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The registry's index.
    Index,
    /// The audit trail.
    Trail,
}

names!(Witness { Index => "index", Trail => "trail" });

codes!(Reason as
/// A reason's kind, as the policy file and JSON name it. The order is the order of reports.
ReasonCode {
    TooNew => "too-new",
    NewCrate => "new-crate",
    Signal => "signal",
    Inspection => "inspection",
    PubtimeUnknown => "pubtime-unknown",
    PubtimeInFuture => "pubtime-in-future",
    PubtimeChanged => "pubtime-changed",
    ChecksumMismatch => "checksum-mismatch",
    ChecksumMissing => "checksum-missing",
    NotInIndex => "not-in-index",
    IndexUnavailable => "index-unavailable",
    IndexEntryUnreadable => "index-entry-unreadable",
    AdvisoryUnreadable => "advisory-unreadable",
    Malicious => "malicious",
    Advisory => "advisory",
    Yanked => "yanked",
    SourceNotAllowed => "source-not-allowed",
    Denied => "denied",
    LicenseNotAllowed => "license-not-allowed",
    LicenseUnknown => "license-unknown",
});

impl ReasonCode {
    /// Whether a person may exempt a release from it.
    #[must_use]
    pub const fn an_approval_lifts(self) -> bool {
        matches!(
            self,
            Self::TooNew
                | Self::NewCrate
                | Self::Signal
                | Self::Inspection
                | Self::PubtimeUnknown
                | Self::Yanked
                | Self::LicenseNotAllowed
        )
    }

    /// Whether it ends by itself; of a signal, whether one can. [`Reason::time_lifts`] knows which one it is.
    #[must_use]
    pub const fn time_lifts(self) -> bool {
        matches!(self, Self::TooNew | Self::NewCrate | Self::Signal | Self::Inspection | Self::PubtimeInFuture)
    }
}

impl Reason {
    /// The signal that it is, if it is one.
    #[must_use]
    pub fn signal(&self) -> Option<&Signal> {
        if let Self::Signal { signal, .. } = self { Some(signal) } else { None }
    }

    /// Whether it ends by itself.
    #[must_use]
    pub const fn time_lifts(&self) -> bool {
        self.eligible_at().is_some()
    }

    /// When time has lifted it; `None` if time does not.
    #[must_use]
    pub const fn eligible_at(&self) -> Option<Timestamp> {
        match self {
            Self::TooNew { eligible_at, .. }
            | Self::NewCrate { eligible_at, .. }
            | Self::Inspection { eligible_at, .. }
            | Self::PubtimeInFuture { eligible_at, .. } => Some(*eligible_at),
            Self::Signal { eligible_at, .. } => *eligible_at,
            Self::PubtimeUnknown { .. }
            | Self::PubtimeChanged { .. }
            | Self::ChecksumMismatch { .. }
            | Self::ChecksumMissing
            | Self::NotInIndex
            | Self::IndexUnavailable
            | Self::IndexEntryUnreadable { .. }
            | Self::AdvisoryUnreadable { .. }
            | Self::Malicious { .. }
            | Self::Advisory { .. }
            | Self::Yanked
            | Self::SourceNotAllowed
            | Self::Denied { .. }
            | Self::LicenseNotAllowed { .. }
            | Self::LicenseUnknown { .. } => None,
        }
    }
}

/// Why a release takes part in a security fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixRole {
    /// The advisory names it as patched.
    Named,
    /// A release that the fix requires.
    Companion {
        /// The crate that carries the fix.
        of: Arc<str>,
        /// The release of it.
        version: Version,
    },
    /// A release through which the fix is reached.
    Dependent {
        /// The crate that carries the fix.
        of: Arc<str>,
        /// The release of it.
        version: Version,
    },
}

codes!(FixRole { Named => "named", Companion => "companion", Dependent => "dependent" });

/// What made a security fix needed; the versions are those of the crate that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixNeed {
    /// A release is locked that the advisory hits, and the fix can take its place.
    Vulnerable {
        /// That release.
        version: Version,
        /// Where it is locked.
        locked_by: LockedBy,
    },
    /// The fix itself is locked.
    Locked {
        /// The newest release of the usual age that could be locked instead, which the advisory hits.
        instead_of: Version,
    },
    /// The crate is not locked yet.
    NotLocked {
        /// The newest release of the usual age that could be locked instead, which the advisory hits.
        instead_of: Version,
    },
}

codes!(FixNeed { Vulnerable => "vulnerable-locked", Locked => "fix-locked", NotLocked => "crate-not-locked" });

/// Where a vulnerable release is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockedBy {
    /// In the judged lock file.
    LockFile,
    /// In the base's lock file.
    Base,
    /// In the lock file that is being replaced.
    ReplacedLockFile,
    /// The audit trail has it as in use.
    Trail,
}

names!(LockedBy {
    LockFile => "lock-file",
    Base => "base",
    ReplacedLockFile => "replaced-lock-file",
    Trail => "trail",
});

/// A release that will come early, once it has the age that a security fix must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFix {
    /// The advisory that the fix is for.
    pub advisory: Arc<str>,
    /// The age that a fix must have.
    pub min_age: Age,
}

/// Something worth knowing that holds nothing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Hit by an advisory that the policy only warns of.
    Advisory {
        advisory: Arc<str>,
        /// What it says.
        kind: AdvisoryKind,
    },
    /// Hit by an advisory that the policy ignores for now.
    Ignored {
        advisory: Arc<str>,
        /// Through the end of this UTC day.
        until: jiff::civil::Date,
    },
    /// From git or from a folder, and an advisory is about the release of crates.io with its name and version. Whether it is that
    /// code, nobody can tell.
    NamedByAdvisory {
        advisory: Arc<str>,
        /// What it says.
        kind: AdvisoryKind,
    },
    /// Yanked, and the policy only warns of that.
    Yanked,
    /// A signal that is no reason.
    Signal(Signal),
    /// A path dependency from outside the workspace.
    OutsideWorkspace {
        /// Where it lies.
        path: camino::Utf8PathBuf,
    },
    /// A path dependency from another repository inside the workspace, as a submodule is.
    OtherRepository {
        /// Where it lies.
        path: camino::Utf8PathBuf,
    },
    /// The policy has a list of licences, and this one is not judged: the package comes from git, or the release is not locked and nobody
    /// looked inside.
    LicenseUndecided,
}

impl Warning {
    /// The signal that it is, if it is one.
    #[must_use]
    pub fn signal(&self) -> Option<&Signal> {
        if let Self::Signal(signal) = self { Some(signal) } else { None }
    }
}

codes!(Warning {
    Advisory => "advisory",
    Ignored => "ignored",
    NamedByAdvisory => "named-by-advisory",
    Yanked => "yanked",
    Signal => "signal",
    OutsideWorkspace => "outside-workspace",
    OtherRepository => "other-repository",
    LicenseUndecided => "license-undecided",
});
