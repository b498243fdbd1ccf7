//! Why cargo could not resolve behind the filter: what was found out by resolving again.

use semver::{Version, VersionReq};

use super::package::{Line, PackageId};
use super::visibility::Hidden;

/// A failed resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Cargo's own words; an attacker's text until escaped.
    pub words: String,
    /// What stands in the way.
    pub cause: Cause,
}

/// What stands in the way of a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The policy: cargo resolves with these hidden releases shown.
    Hidden {
        /// What is wanting, the soonest first; never empty.
        obstacles: Vec<Obstacle>,
        /// Whether each of them is needed. It was not found out for want of time or trials otherwise.
        all_needed: bool,
    },
    /// Not the policy: with every release shown cargo fails in the same way.
    Elsewhere,
    /// Not what is shown: in a copy of the workspace cargo resolves.
    Place,
    /// It could not be found out.
    Unknown(String),
}

/// A hidden release that would have to be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
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
pub struct Demand {
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
    pub fn obstacles(&self) -> &[Obstacle] {
        match &self.cause {
            Cause::Hidden { obstacles, .. } => obstacles,
            Cause::Elsewhere | Cause::Place | Cause::Unknown(_) => &[],
        }
    }
}
