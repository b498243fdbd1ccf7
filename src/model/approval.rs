//! Approvals: a person's exemption of one exact release from named reasons.

use jiff::civil::Date;
use semver::Version;

use super::checksum::Checksum;
use super::crate_name::CrateName;
use super::source::Registry;
use super::verdict::ReasonCode;

/// All approvals of the policy file, in its order.
pub type Approvals = Vec<Approval>;

/// One `[[approval]]`: of these bytes, for these reasons, until this day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The crate's name.
    pub crate_name: CrateName,
    pub registry: Registry,
    /// The exact version.
    pub version: Version,
    /// The digest of the `.crate` file that was looked at.
    pub checksum: Checksum,
    /// The reasons that the person saw; no other is lifted.
    pub lifts: Vec<ReasonCode>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: Option<String>,
    /// When it was given.
    pub at: Option<Date>,
    /// The last UTC day on which it counts.
    pub until: Option<Date>,
    /// Its line in the policy file.
    pub line: u32,
}
