//! Why cargo could not resolve behind the filter, as far as the filter is the cause.

use std::sync::Arc;

use semver::{Version, VersionReq};

use super::package::PackageId;
use super::visibility::Hidden;

/// A failed resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Cargo's own words; an attacker's text until escaped.
    pub words: String,
    /// The crates that cargo names and of which releases are hidden.
    pub obstacles: Vec<Obstacle>,
}

/// A crate of which cargo did not find what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The crate.
    pub name: Arc<str>,
    /// What was asked for, where cargo says.
    pub requirement: Option<VersionReq>,
    /// Who asks, as cargo names it.
    pub required_by: Option<String>,
    /// The hidden releases that would do, the newest first.
    pub hidden: Vec<(PackageId, Hidden)>,
    /// The newest release that may be used, whether or not it would do.
    pub newest_visible: Option<Version>,
}
