//! What the filtered index shows cargo and keeps from it, what a resolution made of a lock file, and why one failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use semver::{Version, VersionReq};

use super::evaluation::Fix;
use super::index_line::Outline;
use super::package::{CrateId, Line, PackageId};
use super::source::Source;
use super::verdict::{Basis, ReasonCode, Reasons};

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
    /// Releases that are not shown although the policy does not hide them: it could not know yet what was found inside.
    pub found_out: Versions,
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
        for (one, other) in
            [(&self.kept, &other.kept), (&self.shown, &other.shown), (&self.found_out, &other.found_out)]
        {
            crates.extend(one.keys().chain(other.keys()).filter(|id| one.get(*id) != other.get(*id)).cloned());
        }
        let exact = self.exact.keys().chain(other.exact.keys());
        crates.extend(exact.filter(|id| self.exact.get(*id) != other.exact.get(*id)).cloned());
        crates
    }
}

/// One package that is not what it was. Where the versions before and after are one, its bytes are others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The package's name.
    pub name: Arc<str>,
    /// Its source, after the change where there is one.
    pub source: Source,
    /// The release before; `None` for an added package.
    pub from: Option<Version>,
    /// The release after; `None` for a removed package.
    pub to: Option<Version>,
    /// When the release after was published, when known.
    pub pubtime: Option<Timestamp>,
    /// What the release after is approved for; `None` where it is local or not approved.
    pub basis: Option<Basis>,
    /// Whether the caller asked for it, by naming the package or by asking for everything.
    pub asked: bool,
    /// The Rust that the release after needs, where the project is for an older one.
    pub newer_rust: Option<NewerRust>,
    /// The names of its locked dependencies; of a package that is added or removed none is told.
    pub dependencies: Difference,
    /// The ids of the advisories that hit it: those that came are brought by the change, those that went are cured.
    pub advisories: Difference,
}

/// What came with a change, and what went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub came: Vec<Arc<str>>,
    pub went: Vec<Arc<str>>,
}

impl Difference {
    /// Between two sets, each in its order.
    #[must_use]
    pub(crate) fn between(before: &BTreeSet<Arc<str>>, after: &BTreeSet<Arc<str>>) -> Self {
        Self { came: after.difference(before).cloned().collect(), went: before.difference(after).cloned().collect() }
    }
}

/// A release that the oldest Rust that a project is for does not build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerRust {
    /// What the release asks for.
    pub needed: Version,
    /// The lowest that a member of the workspace declares.
    pub declared: Version,
}

impl Change {
    /// The package after the change; `None` for a removed one.
    #[must_use]
    pub(crate) fn after(&self) -> Option<PackageId> {
        let version = self.to.clone()?;
        Some(PackageId { name: Arc::clone(&self.name), version, source: self.source.clone() })
    }
}

/// A locked release that moves along although nobody asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    /// The release before it moves.
    pub package: PackageId,
    pub because: JoinedBecause,
}

/// Why something moves along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinedBecause {
    /// The policy does not approve it.
    NotApproved,
    /// It asks for what another one leaves, or keeps it from moving in some other way.
    InTheWay,
}

/// A release that was to move and stays, since what it would need to move is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    /// What stays.
    pub package: PackageId,
    /// What would have to be approved for it to move; never empty.
    pub obstacles: Vec<Obstacle>,
}

/// A locked release that stays where it is although it is not approved, or although it is yanked: nothing approved can take its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The locked package.
    pub package: PackageId,
    /// What stands against it.
    pub because: HiddenBecause,
}

/// A newer release that every requirement would take and the policy does not approve yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The locked package.
    pub package: PackageId,
    /// The newest such release.
    pub candidate: Hidden,
}

/// A locked package that an advisory hits, and a fix of it that may not be used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldFix {
    /// The locked package.
    pub package: PackageId,
    /// The fix and why it is held.
    pub fix: Fix,
}

/// A failed resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// Cargo's own words; an attacker's text until escaped.
    pub words: String,
    /// What stands in the way.
    pub cause: Cause,
}

/// What stands in the way of a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The policy: cargo resolves with these hidden releases shown.
    Hidden {
        /// What is wanting, the soonest first; never empty.
        obstacles: Vec<Obstacle>,
        /// Whether each of them is needed. It was not found out for want of time or trials otherwise.
        all_needed: bool,
    },
    /// Not the policy: with every release shown cargo fails in the same way.
    Elsewhere,
    /// It could not be found out.
    Unknown(String),
}

/// A hidden release that would have to be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The release.
    pub id: PackageId,
    /// Why it is not shown.
    pub hidden: Hidden,
    /// Who asks for it, and how, where it was taken.
    pub asked_by: Vec<Demand>,
    /// The newest release of the crate that may be used, whether or not it would do.
    pub newest_visible: Option<Version>,
}

/// A requirement on a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// The package that asks.
    pub by: PackageId,
    /// What it accepts.
    pub req: VersionReq,
    /// Whether its manifest lies in this workspace, where it can be edited.
    pub editable: bool,
    /// Where it is written, as far as it can be edited.
    pub at: Vec<Line>,
}

impl Unresolved {
    /// What the policy would have to approve; nothing where it is not what stands in the way.
    #[must_use]
    pub(crate) fn obstacles(&self) -> &[Obstacle] {
        match &self.cause {
            Cause::Hidden { obstacles, .. } => obstacles,
            Cause::Elsewhere | Cause::Unknown(_) => &[],
        }
    }
}
