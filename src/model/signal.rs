//! Takeover signals: what a release's history says against it.

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

/// A takeover signal with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A dependency that no earlier release had.
    NewDependency {
        /// The crate that was added.
        dependency: Arc<str>,
        /// When that crate's first release was published, when known.
        first_published: Option<Timestamp>,
    },
    /// Published after a long silence.
    Dormant {
        /// The release before it.
        previous: Version,
        /// When that one was published.
        previous_pubtime: Timestamp,
    },
    /// A young crate with nearly the name of another.
    LookAlike {
        /// The name that it resembles.
        resembles: Arc<str>,
    },
    /// Older compatible releases were yanked around its publication.
    YankLure {
        /// The yanked releases.
        yanked: Vec<Version>,
    },
}
