//! Incidents of the past, and what a policy would have made of them and of everything else that was published.

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::age::Age;
use super::verdict::ReasonCode;

/// What is known of one malicious release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The advisory about it, where there is one.
    pub id: Option<Arc<str>>,
    /// The crate of crates.io.
    pub crate_name: Arc<str>,
    /// The release; `None` where only the crate is known.
    pub version: Option<Version>,
    pub kind: IncidentKind,
    pub runs: Runs,
    /// How long it could be had; `None` where nobody wrote that down.
    pub lived: Option<Lived>,
    /// When the advisory came into the database.
    pub advised: Option<Timestamp>,
    /// Honest releases of the crate before it, as far as they are known; none for a new crate.
    pub before: Vec<(Version, Timestamp)>,
    /// The dependencies that no release before it had, and when their crates were first published.
    pub brings: Vec<(Arc<str>, Timestamp)>,
}

/// How long a malicious release could be had, at most: the earliest moment of publication and the latest of removal that the facts allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lived {
    pub published: Timestamp,
    pub removed: Timestamp,
    pub precision: Precision,
}

impl Lived {
    /// So many seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        seconds_between(self.published, self.removed)
    }
}

/// The seconds from one moment to a later one; none to an earlier one.
#[must_use]
pub fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second().saturating_sub(from.as_second())).unwrap_or(0)
}

/// What a malicious release was to those who got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// A release of a crate that people used, by somebody who had got hold of it.
    Takeover,
    /// A new crate with a name that can be taken for another's.
    LookAlike,
    /// A new crate with the name of a package that others keep to themselves.
    InternalName,
    /// A new crate with a name of its own.
    NewCrate,
    /// Harmless by itself, of the same hands.
    Affiliated,
    Unknown,
}

names!(IncidentKind read {
    Takeover => "takeover",
    LookAlike => "look-alike",
    InternalName => "internal-name",
    NewCrate => "new-crate",
    Affiliated => "affiliated",
    Unknown => "unknown",
});

/// When its code runs on the machine of whoever depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runs {
    /// While it is built, by its own build script or that of a dependency that it brings.
    Build,
    /// With the program.
    Program,
    Never,
    Unknown,
}

names!(Runs read { Build => "build", Program => "program", Never => "never", Unknown => "unknown" });

/// How exactly the moments are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    Second,
    Minute,
    Hour,
    Day,
    Month,
}

names!(Precision read { Second => "second", Minute => "minute", Hour => "hour", Day => "day", Month => "month" });

/// What a policy would have made of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is not known when it could be had, so that nobody can say.
    Undated,
    /// It was gone before the policy would have approved it.
    Stopped {
        /// What stood against it to the end.
        by: Vec<ReasonCode>,
    },
    /// The policy would have approved it while it could be had.
    LetIn {
        /// From when on.
        at: Timestamp,
        /// What had held it until then.
        held_by: Vec<ReasonCode>,
    },
}

codes!(Outcome { Undated => "undated", Stopped => "stopped", LetIn => "let-in" });

/// An incident and what the policy would have made of it.
#[derive(Clone, Debug)]
pub struct Tried {
    pub incident: Incident,
    pub outcome: Outcome,
}

/// How long releases would have waited for approval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// In seconds, sorted.
    seconds: Vec<u64>,
    /// Those that time alone would not have approved.
    pub person: usize,
    /// Of security fixes: those that were approved for being one.
    pub early: usize,
}

impl Waits {
    #[must_use]
    pub fn new(mut seconds: Vec<u64>, person: usize, early: usize) -> Self {
        seconds.sort_unstable();
        Self { seconds, person, early }
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seconds.len() + self.person
    }

    /// The wait in seconds that so many of a hundred do not exceed, by the nearest rank; those that wait for a person wait longest. `None`
    /// where it is such a one, and where there are none.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        self.seconds.get(rank - 1).copied()
    }
}

/// What a policy costs: how long honest releases would have waited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Every release of the crates that are locked.
    pub updates: Waits,
    /// Those among them that advisories name as fixed.
    pub fixes: Waits,
}

/// The same policy with another minimum age.
#[derive(Clone, Debug)]
pub struct Variant {
    pub age: Age,
    /// How many of the dated incidents it stops.
    pub stopped: usize,
    /// How many the age alone stops.
    pub by_age_alone: usize,
    pub price: Price,
}

/// What a policy would have done.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// Since when releases were published that count for the price.
    pub since: Timestamp,
    /// Until when.
    pub now: Timestamp,
    /// In the file's order.
    pub tried: Vec<Tried>,
    /// The policy as it is.
    pub price: Price,
    /// Releases of that time that are yanked today. They are no part of the price.
    pub yanked: usize,
    /// Crates of the lock file whose releases are known.
    pub crates: usize,
    /// Crates of the lock file of which nothing is known.
    pub unknown: Vec<Arc<str>>,
    /// Crates that updates began to depend on and of which nobody knows when they were first published: they count as young.
    pub unknown_dependencies: Vec<Arc<str>>,
    /// By age, shortest first.
    pub variants: Vec<Variant>,
}

impl Backtest {
    /// The incidents with a known time.
    pub fn dated(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|tried| tried.outcome != Outcome::Undated)
    }

    /// How many of these the policy stops.
    #[must_use]
    pub fn stopped(&self) -> usize {
        self.tried.iter().filter(|tried| matches!(tried.outcome, Outcome::Stopped { .. })).count()
    }
}
