//! What the filtered index shows cargo and what it keeps from it, and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use semver::Version;

use super::index_line::Outline;
use super::package::{CrateId, PackageId};
use super::verdict::{ReasonCode, Reasons};

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

    /// Whether it is known to do harm.
    #[must_use]
    pub fn is_malicious(&self) -> bool {
        match &self.because {
            HiddenBecause::Reasons(reasons) => reasons.iter().any(|reason| reason.code() == ReasonCode::Malicious),
            HiddenBecause::Yanked | HiddenBecause::Ambiguous => false,
        }
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

/// Releases, by their crate.
pub type Versions = BTreeMap<CrateId, BTreeSet<Version>>;

/// These packages' releases; what comes from no registry is left out.
#[must_use]
pub fn versions<'p>(packages: impl IntoIterator<Item = &'p PackageId>) -> Versions {
    let mut versions = Versions::new();
    for package in packages {
        if let Some(id) = package.crate_id() {
            versions.entry(id).or_default().insert(package.version.clone());
        }
    }
    versions
}

/// What cargo is shown for one question to its resolver; by default what the policy approves now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Releases that are shown as yanked, hidden or not: cargo leaves them where the lock file has them, as long as it is not told to
    /// move them, and takes them for nothing new.
    pub kept: Versions,
    /// Hidden releases that are shown all the same.
    pub shown: Versions,
    /// Whether everything that the policy hides is shown, but for what is malicious, of crates that cargo asks for only later too.
    pub all: bool,
    /// Moves from one release to exactly another.
    pub exact: BTreeMap<CrateId, Vec<Exact>>,
    /// The moment as of which releases are hidden, where it is not the run's.
    pub at: Option<Timestamp>,
}

/// A move from one locked release to exactly another: neither the former is shown nor anything else that could take its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exact {
    /// The locked release.
    pub from: Version,
    /// Where it is to go.
    pub to: Version,
}

impl View {
    /// Whether another view differs in more than single crates.
    #[must_use]
    pub fn differs_widely(&self, other: &Self) -> bool {
        self.at != other.at || self.all != other.all
    }

    /// The crates of which two views ask for different releases.
    #[must_use]
    pub fn difference(&self, other: &Self) -> BTreeSet<CrateId> {
        let mut crates: BTreeSet<CrateId> = BTreeSet::new();
        for (one, other) in [(&self.kept, &other.kept), (&self.shown, &other.shown)] {
            crates.extend(one.keys().chain(other.keys()).filter(|id| one.get(*id) != other.get(*id)).cloned());
        }
        let exact = self.exact.keys().chain(other.exact.keys());
        crates.extend(exact.filter(|id| self.exact.get(*id) != other.exact.get(*id)).cloned());
        crates
    }
}
