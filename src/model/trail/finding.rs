//! What the recorded facts say about today's registry and clock, beyond the reasons against single releases.

use jiff::Timestamp;
use semver::Version;

use crate::model::package::CrateId;

/// One such finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailFinding {
    /// The registry has removed a release that was recorded: its approval no longer counts, and a vendored copy needs a look.
    ReleaseVanished {
        /// Its crate.
        crate_id: CrateId,
        /// The release.
        version: Version,
        /// When it was first recorded.
        since: Timestamp,
    },
    /// The registry's list ends before releases that were recorded and that the project did not leave: it may be an old list.
    IndexShortened {
        /// The crate.
        crate_id: CrateId,
        /// The recorded releases that it lacks.
        missing: Vec<Version>,
    },
    /// The name belongs to another crate now: its first release is younger than one that was recorded.
    CrateReappeared {
        /// The crate.
        crate_id: CrateId,
        /// The earliest pubtime that was recorded.
        recorded: Timestamp,
        /// When its first release was published, as the index has it now.
        found: Option<Timestamp>,
    },
    /// The machine's clock lies before the latest event.
    ClockBehindTrail {
        /// The machine's clock.
        now: Timestamp,
        /// When the latest event was written.
        latest: Timestamp,
    },
}

impl TrailFinding {
    /// Whether the run cannot decide (exit code 2) as long as it holds. The others are told beside the reasons that they bring.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        match self {
            Self::IndexShortened { .. } | Self::ClockBehindTrail { .. } => true,
            Self::ReleaseVanished { .. } | Self::CrateReappeared { .. } => false,
        }
    }

    /// As JSON writes it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReleaseVanished { .. } => "removed-upstream",
            Self::IndexShortened { .. } => "index-shortened",
            Self::CrateReappeared { .. } => "crate-reappeared",
            Self::ClockBehindTrail { .. } => "clock-behind-trail",
        }
    }
}
