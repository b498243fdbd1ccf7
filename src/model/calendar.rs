//! What lies ahead of a lock file: per locked release what could take its place, now or on a day to come.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use semver::Version;

use super::age::{Age, AgeError};
use super::package::PackageId;
use super::verdict::{Basis, Reasons};

/// Every judged package of a registry, what needs a decision first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The moment that was judged by.
    pub now: Timestamp,
    /// One a package.
    pub entries: Vec<CalendarEntry>,
    /// What it was foretold from.
    pub foretold: Foretold,
}

/// What tells which newer release takes a locked one's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foretold {
    /// Cargo itself, which resolved behind the filter as of now and as of the last day that is known.
    Resolution,
    /// The index alone, which knows no `rust-version` and no conflict; and why.
    Index(String),
}

codes!(Foretold { Resolution => "resolution", Index => "index" });

/// The packages that cargo would lock.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// With what is approved now.
    pub now: Vec<PackageId>,
    /// With what time will have approved when every release that is known is of age.
    pub later: Vec<PackageId>,
}

/// What lies ahead of one locked release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEntry {
    /// The package's position in the lock file.
    pub package: usize,
    /// What it asks of the reader.
    pub need: Need,
    /// When the locked release itself may be used, where time alone holds it.
    pub locked_until: Option<Timestamp>,
    /// Whether requirements accept newer releases that cargo does not take all the same: a `rust-version` or another package is in the way.
    pub passed_over: bool,
    /// Newer releases that every requirement in this graph accepts, and that cargo takes, where it was asked.
    pub update: Prospect,
    /// Newer releases that cargo takes for compatible with the locked one, whether or not every requirement accepts them.
    pub compatible: Prospect,
    /// Newer releases that cargo does not take for compatible with the locked one, pre-releases left out.
    pub major: Prospect,
}

/// What a package asks of the reader, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// The locked release is rejected, and no approved release mends that.
    Rejected,
    /// An advisory hits the locked release, and a release that mends it is approved.
    Fix,
    /// Time will approve the locked release.
    Held,
    /// A newer release is approved, and every requirement accepts it.
    Update,
    /// The newer releases that every requirement accepts are held.
    Waiting,
    /// There are newer releases, but some requirement accepts none of them.
    Beyond,
    /// Nothing lies ahead.
    Current,
}

names!(Need {
    Rejected => "rejected",
    Fix => "fix",
    Held => "held",
    Update => "update",
    Waiting => "waiting",
    Beyond => "beyond",
    Current => "current",
});

/// Newer releases of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prospect {
    /// The newest that the policy approves.
    pub approved: Option<Approved>,
    /// Those newer still, newest first: every one that time will approve, and of the others the newest.
    pub held: Vec<Held>,
}

/// A release that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The release.
    pub version: Version,
    /// When it was published, when known.
    pub pubtime: Option<Timestamp>,
    /// What it stands on.
    pub basis: Basis,
}

/// A release that may not be used yet, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The release.
    pub version: Version,
    /// When it was published, when known.
    pub pubtime: Option<Timestamp>,
    /// What stands against it.
    pub reasons: Reasons,
}

/// How far ahead to look: `14 days`, or through the end of a UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// So long from the moment that is judged by.
    Age(Age),
    /// Through the end of this UTC day.
    Day(Date),
}

impl Held {
    /// When time has lifted every reason; `None` if one stays.
    #[must_use]
    pub fn eligible_at(&self) -> Option<Timestamp> {
        self.reasons.eligible_at()
    }
}

impl Prospect {
    /// The newest of all.
    #[must_use]
    pub fn newest_held(&self) -> Option<&Held> {
        self.held.first()
    }

    /// The one of the held ones that may be used first; the newer of two.
    #[must_use]
    pub fn first_held(&self) -> Option<&Held> {
        let coming = self.held.iter().filter_map(|held| Some((held.eligible_at()?, held)));
        coming.min_by_key(|(at, _)| *at).map(|(_, held)| held).or(self.held.first())
    }

    /// When the first of the held ones may be used.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.held.iter().filter_map(Held::eligible_at).min()
    }
}

impl Horizon {
    /// The last moment that belongs to it; [`Timestamp::MAX`] where that lies beyond what can be written.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Age(age) => age.after(now),
            Self::Day(day) => {
                let next = day.checked_add(1.day()).ok().and_then(|next| next.to_zoned(TimeZone::UTC).ok());
                next.and_then(|next| next.timestamp().checked_sub(1.second()).ok()).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

/// Why a text is no [`Horizon`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{age}, or a date such as 2026-12-31")]
pub struct HorizonError {
    age: AgeError,
}

impl FromStr for Horizon {
    type Err = HorizonError;

    fn from_str(text: &str) -> Result<Self, HorizonError> {
        let is_date = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
        match (is_date, text.parse::<Date>()) {
            (true, Ok(day)) => Ok(Self::Day(day)),
            _ => text.parse().map(Self::Age).map_err(|age| HorizonError { age }),
        }
    }
}
