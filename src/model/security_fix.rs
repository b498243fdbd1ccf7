//! What is said of a release that comes early as a security fix, or along with one.

use std::sync::Arc;

use semver::Version;

use super::age::Age;

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

/// A release that will come early, once it has the age that a security fix must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFix {
    /// The advisory that the fix is for.
    pub advisory: Arc<str>,
    /// The age that a fix must have.
    pub min_age: Age,
}
