//! Which events a reader wants to see.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::event::{Event, Kind};
use super::release::ReleaseRecord;
use super::{EventId, Trail};
use crate::model::crate_name::CrateName;

/// A choice of events; the default takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only what touches this crate.
    pub crate_name: Option<CrateName>,
    /// Only what touches this version of it.
    pub version: Option<Version>,
    /// Only these kinds; all where empty.
    pub kinds: BTreeSet<Kind>,
    /// Not before this UTC day.
    pub since: Option<Date>,
    /// Not after this UTC day.
    pub until: Option<Date>,
}

impl Selection {
    /// The chosen events, newest first.
    #[must_use]
    pub fn of<'a>(&self, trail: &'a Trail) -> Vec<(EventId, &'a Event)> {
        trail.newest_first().into_iter().filter(|(_, event)| self.takes(event)).collect()
    }

    /// Whether an event is chosen.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        let day = day(event.written());
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.since.is_none_or(|since| since <= day)
            && self.until.is_none_or(|until| day <= until)
            && (self.names_nothing() || event.releases.iter().any(|release| self.takes_release(release)))
    }

    /// Whether a release is among those that were asked for.
    #[must_use]
    pub fn takes_release(&self, release: &ReleaseRecord) -> bool {
        self.crate_name.as_ref().is_none_or(|name| name.names(&release.crate_id.name))
            && self.version.as_ref().is_none_or(|version| *version == release.version)
    }

    const fn names_nothing(&self) -> bool {
        self.crate_name.is_none() && self.version.is_none()
    }
}

fn day(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment).date()
}
