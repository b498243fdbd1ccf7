//! What every format tells of the days ahead: from a calendar, the releases that become eligible, in the order of their moments.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::AuditReport;
use crate::model::Timestamp;
use crate::model::calendar::{Calendar, CalendarEntry, Need};
use crate::model::evaluation::{FixStanding, Judgement};
use crate::model::package::Package;
use crate::model::verdict::{Reason, ReasonCode, Reasons};

/// Everything that a report of `status` tells.
#[derive(Clone, Copy, Debug)]
pub struct StatusReport<'a> {
    /// What the calendar was made from.
    pub audit: AuditReport<'a>,
    /// What lies ahead.
    pub calendar: &'a Calendar,
    /// The last moment of the days to be listed; `None` where no days were asked for.
    pub until: Option<Timestamp>,
}

/// What a picture can be drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Canvas {
    /// The terminal's columns; `None` where the output is no terminal.
    pub width: Option<usize>,
    /// Whether nothing but ASCII can be shown.
    pub ascii: bool,
}

/// One release that time will approve.
#[derive(Clone, Copy, Debug)]
pub struct Coming<'a> {
    /// The locked package that it is a release of.
    pub package: &'a Package,
    /// The release.
    pub version: &'a Version,
    /// Its part.
    pub part: Part,
    /// When it may be used.
    pub at: Timestamp,
    /// What stands against it until then.
    pub reasons: &'a Reasons,
}

/// What a coming release is to the lock file, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// It is locked already.
    Locked,
    /// It mends an advisory that hits the locked release.
    Fix,
    /// Every requirement accepts it.
    Update,
    /// It is compatible with the locked release, but some requirement does not accept it.
    Compatible,
    /// It is not compatible with the locked release.
    Major,
}

impl Part {
    /// As JSON has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Fix => "fix",
            Self::Update => "update",
            Self::Compatible => "compatible",
            Self::Major => "major",
        }
    }
}

impl<'a> StatusReport<'a> {
    /// The package and the judgement that an entry is about.
    #[must_use]
    pub fn about(&self, entry: &CalendarEntry) -> Option<(&'a Package, &'a Judgement)> {
        Some((self.audit.packages.get(entry.package)?, self.audit.evaluation.judgements.get(entry.package)?))
    }

    /// The entries of one need, in order.
    pub fn entries(&self, need: Need) -> impl Iterator<Item = &'a CalendarEntry> + use<'a> {
        self.calendar.entries.iter().filter(move |entry| entry.need == need)
    }

    /// Every release that time will approve, soonest first; each once, with its most important part.
    #[must_use]
    pub fn coming(&self) -> Vec<Coming<'a>> {
        let mut all: Vec<Coming<'a>> = self.calendar.entries.iter().flat_map(|entry| self.coming_of(entry)).collect();
        all.sort_by_key(|one| one.part);
        let mut seen = BTreeSet::new();
        all.retain(|one| seen.insert((&one.package.id.name, &one.package.id.source, one.version)));
        let key = |one: &Coming<'a>| (one.at, one.part, &one.package.id.name, one.version);
        all.sort_by(|one, other| key(one).cmp(&key(other)));
        all
    }

    fn coming_of(&self, entry: &'a CalendarEntry) -> Vec<Coming<'a>> {
        let Some((package, judgement)) = self.about(entry) else { return Vec::new() };
        let coming = |version: &'a Version, reasons: &'a Reasons, part| {
            // An age that overflows ends never.
            let at = reasons.eligible_at().filter(|at| *at != Timestamp::MAX)?;
            Some(Coming { package, version, part, at, reasons })
        };
        let mut all = Vec::new();
        all.extend(judgement.reasons().and_then(|reasons| coming(&package.id.version, reasons, Part::Locked)));
        for fix in &judgement.fixes {
            if let FixStanding::Held(reasons) = &fix.standing {
                all.extend(coming(&fix.version, reasons, Part::Fix));
            }
        }
        let prospects =
            [(&entry.update, Part::Update), (&entry.compatible, Part::Compatible), (&entry.major, Part::Major)];
        for (prospect, part) in prospects {
            all.extend(prospect.held.iter().filter_map(|held| coming(&held.version, &held.reasons, part)));
        }
        all
    }

    /// The days on which anything becomes eligible, through [`Self::until`], or all of them without one.
    #[must_use]
    pub fn days(&self) -> Vec<(Date, Vec<Coming<'a>>)> {
        let mut days: Vec<(Date, Vec<Coming<'a>>)> = Vec::new();
        for one in self.coming().into_iter().filter(|one| self.until.is_none_or(|until| one.at <= until)) {
            let day = TimeZone::UTC.to_datetime(one.at).date();
            match days.last_mut().filter(|(last, _)| *last == day) {
                Some((_, releases)) => releases.push(one),
                None => days.push((day, vec![one])),
            }
        }
        days
    }
}

/// The names of reasons, each once: `too-new, signal`.
#[must_use]
pub fn codes(reasons: &Reasons) -> String {
    let mut codes: Vec<&str> = reasons.iter().map(Reason::code).map(ReasonCode::as_str).collect();
    codes.dedup();
    codes.join(", ")
}
