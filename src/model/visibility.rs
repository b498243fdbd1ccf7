//! What the filtered index keeps from cargo, and why.

use jiff::Timestamp;
use semver::Version;

use super::index_line::Outline;
use super::verdict::Reasons;

/// A release that cargo is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The release.
    pub version: Version,
    /// When it was published, when known.
    pub pubtime: Option<Timestamp>,
    /// Why it is not shown.
    pub because: HiddenBecause,
}

/// Why a release is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HiddenBecause {
    /// The policy does not approve it.
    Reasons(Reasons),
    /// It is yanked and the lock file does not have it; cargo would not take it either.
    Yanked,
    /// The index has two different lines for it.
    Ambiguous,
}

impl Hidden {
    /// A release that its outline tells of.
    #[must_use]
    pub fn of(outline: &Outline, because: HiddenBecause) -> Self {
        Self { version: outline.version.clone(), pubtime: outline.pubtime.known(), because }
    }

    /// When time alone will have lifted what hides it; `None` where time does not.
    #[must_use]
    pub fn eligible_at(&self) -> Option<Timestamp> {
        match &self.because {
            HiddenBecause::Reasons(reasons) => reasons.eligible_at(),
            HiddenBecause::Yanked | HiddenBecause::Ambiguous => None,
        }
    }
}
