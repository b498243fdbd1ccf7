//! What a change does beside what it locks: ways around what is judged, and events for the audit trail that no run of this tool wrote.

use jiff::Timestamp;

use super::trail::TrailProblemKind;
use super::way_around::{WayAround, Weight};

/// One thing that a change does as well. It is told whatever the lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SideEffect {
    /// A setting or a file that the base does not have, by which cargo builds or runs something else.
    Way {
        /// What it means.
        weight: Weight,
        /// What it is, with the path as a reader in the working directory would write it.
        way: WayAround,
    },
    /// A file in the audit trail's folder that the base does not have, and that would spoil the trail once it is merged.
    Trail {
        /// Its name; an attacker's text until escaped.
        file: String,
        /// What is wrong with it.
        fault: TrailFault,
    },
}

/// What is wrong with a file that a change adds to the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailFault {
    /// The file itself is no event, or not one that follows from the others.
    File(TrailProblemKind),
    /// It says that it was written later than now.
    Ahead {
        /// When.
        written: Timestamp,
        /// The machine's time.
        now: Timestamp,
    },
    /// It names a release that neither the lock files have nor the registry.
    Unknown {
        /// The release, as a package URL.
        release: String,
    },
    /// It says that a release which an advisory hits was in use, and neither the lock files nor the base's trail have it, nor has
    /// another event of the change replaced it.
    NotLocked {
        /// The release, as a package URL.
        release: String,
    },
    /// It says that a person approved a release or had an advisory ignored for it, and the policy of the change does not say so.
    NotGiven {
        /// The release, as a package URL.
        release: String,
    },
    /// What it says of a release cannot be confirmed: the registry could not be asked.
    Unconfirmed {
        /// The release, as a package URL.
        release: String,
    },
    /// It says another thing of a release than somebody who knows.
    Contradicts {
        /// The release, as a package URL.
        release: String,
        /// Of what.
        fact: RecordedFact,
        /// Who knows.
        witness: TrailWitness,
    },
    /// It names so many crates that are not locked that the registry was not asked about them.
    TooMany {
        /// How many.
        crates: usize,
    },
}

codes!(TrailFault {
    File => "trail-file",
    Ahead => "trail-ahead",
    Unknown => "trail-unknown-release",
    NotLocked => "trail-release-not-locked",
    NotGiven => "trail-exemption-not-given",
    Unconfirmed => "trail-unconfirmed",
    Contradicts => "trail-contradiction",
    TooMany => "trail-too-many-crates",
});

/// What an event says of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordedFact {
    /// When it was published.
    Pubtime,
    /// The digest of its `.crate` file.
    Checksum,
    /// The digest of its vendored tree.
    Tree,
}

/// Whom an event of a change is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailWitness {
    /// The base's trail.
    Base,
    /// The registry's index.
    Index,
    LockFile,
    /// The allow-list.
    AllowList,
}

impl SideEffect {
    /// Whether the change is refused for it. What spoils the trail always is: after the merge it would stand in every run's way.
    #[must_use]
    pub const fn fails(&self) -> bool {
        match self {
            Self::Way { weight, .. } => matches!(weight, Weight::Fails),
            Self::Trail { .. } => true,
        }
    }

    /// The stable name in JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Way { way: WayAround { kind, .. }, .. } => kind.as_str(),
            Self::Trail { fault, .. } => fault.code(),
        }
    }
}
