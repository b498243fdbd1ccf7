//! What an event records of one release: which bytes, when published, what was decided and why.

use jiff::Timestamp;
use jiff::civil::Date;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::purl::{parse_purl, purl};
use super::{moment, verdict};
use crate::model::checksum::Checksum;
use crate::model::package::CrateId;
use crate::model::source::Registry;
use crate::model::verdict::ReasonCode;

pub use verdict::{BasisCode, BasisRecord, ReasonRecord, SignalCode, VerdictCode};

/// A release as an event has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct ReleaseRecord {
    /// The crate.
    pub crate_id: CrateId,
    /// The exact version.
    pub version: Version,
    /// The digest of its `.crate` file.
    pub checksum: Option<Checksum>,
    /// The digest of its vendored tree, where it was vendored.
    pub tree: Option<Checksum>,
    /// When it was published, where that was known.
    pub pubtime: Option<Timestamp>,
    /// What was decided.
    pub verdict: Option<VerdictCode>,
    /// What an approved release stands on.
    pub basis: Option<BasisRecord>,
    /// What stood against it.
    pub reasons: Vec<ReasonRecord>,
    /// The version that it took the place of.
    pub replaced: Option<Version>,
    /// For an approval: what a person lifted, and until when.
    pub approval: Option<ApprovalRecord>,
}

/// What a person decided about a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// The advisories that are ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignores: Vec<String>,
    /// The reasons that are lifted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifts: Vec<ReasonCode>,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last UTC day on which it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl ReleaseRecord {
    /// A record of a release with nothing said about it.
    #[must_use]
    pub const fn new(crate_id: CrateId, version: Version) -> Self {
        Self {
            crate_id,
            version,
            checksum: None,
            tree: None,
            pubtime: None,
            verdict: None,
            basis: None,
            reasons: Vec::new(),
            replaced: None,
            approval: None,
        }
    }

    /// The release's package URL.
    #[must_use]
    pub fn purl(&self) -> String {
        purl(&self.crate_id, &self.version)
    }

    /// Whether what it says of pubtime and checksum may be held against the registry later. A record of a mismatch may not: nobody
    /// knows which of the two was right.
    #[must_use]
    pub fn is_witness(&self) -> bool {
        !self
            .reasons
            .iter()
            .any(|reason| matches!(reason.code, ReasonCode::PubtimeChanged | ReasonCode::ChecksumMismatch))
    }
}

/// A record as the event writes it, in the order of its names.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<BasisRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<Checksum>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment::option")]
    pubtime: Option<Timestamp>,
    purl: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<ReasonRecord>,
    registry: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<Checksum>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictCode>,
}

/// A record names its release in two ways that do not agree, or in none that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`purl` and `registry` do not name a release")]
struct LineError;

impl TryFrom<Line> for ReleaseRecord {
    type Error = LineError;

    fn try_from(line: Line) -> Result<Self, LineError> {
        let registry = Registry::parse(&line.registry).map_err(|_| LineError)?;
        let (name, version) = parse_purl(&line.purl).map_err(|_| LineError)?;
        let crate_id = CrateId { registry, name: name.into() };
        if purl(&crate_id, &version) != line.purl {
            return Err(LineError);
        }
        Ok(Self {
            crate_id,
            version,
            checksum: line.checksum,
            tree: line.tree,
            pubtime: line.pubtime,
            verdict: line.verdict,
            basis: line.basis,
            reasons: line.reasons,
            replaced: line.replaced,
            approval: line.approval,
        })
    }
}

impl From<ReleaseRecord> for Line {
    fn from(record: ReleaseRecord) -> Self {
        Self {
            purl: record.purl(),
            registry: record.crate_id.registry.to_string(),
            approval: record.approval,
            basis: record.basis,
            checksum: record.checksum,
            pubtime: record.pubtime,
            reasons: record.reasons,
            replaced: record.replaced,
            tree: record.tree,
            verdict: record.verdict,
        }
    }
}
