//! The audit trail: events that name their parents by digest, so that what was once known cannot be changed unseen.

mod moment;

pub(crate) mod event;
pub(crate) mod id;
pub(crate) mod release;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::age::Age;
use super::crate_name::CrateName;
use super::package::CrateId;
pub(crate) use event::HealedFolder;
pub use event::{AdvisoryCopy, Event, EventError, Kind, KnownFrom, PolicyChange, Schema, Tools, Who};
pub use id::{EventFileName, EventId};
pub use release::ReleaseRecord;

/// How far an event may lie before its parent: two machines' clocks are seldom the same.
pub(crate) const CLOCK_TOLERANCE: Age = Age::minutes(10);

/// A trail as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Every event whose bytes are the ones that its id stands for.
    pub events: BTreeMap<EventId, Event>,
    /// The events that no other names as a parent: the parents of the next one.
    pub heads: BTreeSet<EventId>,
    /// What is wrong, by file name.
    pub problems: Vec<TrailProblem>,
}

/// What heads that were kept elsewhere (a signed tag, a CI artifact) say about a trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadCheck {
    /// Expected heads that the trail does not have: its end was cut off, or it is another trail.
    pub missing: Vec<EventId>,
    /// Events that neither lead up to an expected head nor follow from one: a branch that was merged since, or insertions. Empty where
    /// heads are missing: nobody can say then what led up to them.
    pub beside: Vec<EventId>,
}

impl Trail {
    /// Every event, children before their parents, otherwise the later written first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<(EventId, &Event)> {
        let mut children: BTreeMap<EventId, usize> = BTreeMap::new();
        for parent in self.events.values().flat_map(|event| &event.parents) {
            *children.entry(*parent).or_default() += 1;
        }
        let ready = |id: &EventId| self.events.get(id).map(|event| (event.written(), *id));
        let mut heap: BinaryHeap<(Timestamp, EventId)> =
            self.events.keys().filter(|id| !children.contains_key(id)).filter_map(ready).collect();
        let mut order = Vec::with_capacity(self.events.len());
        while let Some((_, id)) = heap.pop() {
            let Some(event) = self.events.get(&id) else { continue };
            order.push((id, event));
            for parent in &event.parents {
                let Some(waiting) = children.get_mut(parent) else { continue };
                *waiting -= 1;
                if *waiting == 0 {
                    heap.extend(ready(parent));
                }
            }
        }
        order
    }

    /// The policy's text as the latest event that has it tells it.
    #[must_use]
    pub fn latest_rules(&self) -> Option<&str> {
        self.newest_first().into_iter().find_map(|(_, event)| event.rules.as_deref())
    }

    /// The policy's text without approvals and ignores by which an event was written, as it or what led up to it tells.
    #[must_use]
    pub fn rules_at(&self, id: EventId) -> Option<&str> {
        let before = self.ancestors(&BTreeSet::from([id]));
        let mut order = self.newest_first().into_iter().filter(|(id, _)| before.contains(id));
        order.find_map(|(_, event)| event.rules.as_deref())
    }

    /// When the latest event was written.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.events.values().map(Event::written).max()
    }

    /// Holds the trail against heads that were kept elsewhere.
    #[must_use]
    pub fn check_heads(&self, expected: &[EventId]) -> HeadCheck {
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        let missing: Vec<_> = expected.iter().filter(|id| !self.events.contains_key(id)).copied().collect();
        if !missing.is_empty() {
            return HeadCheck { missing, beside: Vec::new() };
        }
        let mut related = self.ancestors(&expected);
        let mut order = self.newest_first();
        order.reverse();
        // Parents come first here, so one pass finds every descendant.
        let mut following = expected.clone();
        for (id, event) in &order {
            if event.parents.iter().any(|parent| following.contains(parent)) {
                following.insert(*id);
            }
        }
        related.extend(following);
        let beside = order.iter().map(|(id, _)| *id).filter(|id| !related.contains(id)).collect();
        HeadCheck { missing, beside }
    }

    /// These events and everything that led up to them.
    #[must_use]
    pub fn ancestors(&self, of: &BTreeSet<EventId>) -> BTreeSet<EventId> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<_> = of.iter().copied().collect();
        while let Some(id) = open.pop() {
            if seen.insert(id)
                && let Some(event) = self.events.get(&id)
            {
                open.extend(&event.parents);
            }
        }
        seen
    }
}

/// The events of the base that the head does not have: a change adds events and never takes one away.
#[must_use]
pub fn missing_events(base: &BTreeSet<EventId>, head: &BTreeSet<EventId>) -> Vec<EventId> {
    base.difference(head).copied().collect()
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailProblem {
    /// The file's name in the trail's folder; `*-ID.json` for one that is gone. An attacker's text until escaped.
    pub file: String,
    /// What is wrong with it.
    pub kind: TrailProblemKind,
}

/// What is wrong with one file of a trail. That the parents form a circle is not among them: an event's id is the digest of bytes
/// that hold its parents' ids, so no event can name its own descendant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailProblemKind {
    /// Its bytes are not the ones that its name stands for.
    Edited {
        /// The id of the bytes that are there.
        found: EventId,
    },
    /// Other events name it as a parent, and it is not there.
    Deleted {
        id: EventId,
        /// An event that names it.
        named_by: EventId,
    },
    /// Its name says another time than its content.
    Renamed {
        /// When it was written.
        written: Timestamp,
    },
    /// Written earlier than its parent.
    Reordered {
        parent: EventId,
        /// By so many seconds.
        seconds: u64,
    },
    /// It has no parents, yet it is not the event that the trail began with.
    Unparented,
    /// The same event again under another name.
    Duplicate {
        /// The event.
        of: EventId,
    },
    /// Of a form that only a newer version reads.
    UnknownSchema {
        /// What it says that it is; an attacker's text until escaped.
        schema: Box<str>,
    },
    /// Its bytes are the ones that its name stands for, and they are no event.
    Malformed {
        /// What is wrong with them.
        cause: Box<str>,
    },
    /// Larger than any event.
    TooLarge,
    /// Nothing that belongs here: another name, a folder, a link.
    Foreign,
}

codes!(TrailProblemKind {
    Edited => "edited",
    Deleted => "deleted",
    Renamed => "renamed",
    Reordered => "reordered",
    Unparented => "unparented",
    Duplicate => "duplicate",
    UnknownSchema => "unknown-schema",
    Malformed => "malformed",
    TooLarge => "too-large",
    Foreign => "foreign",
});

impl TrailProblemKind {
    /// Whether an event cannot be read, or may have been overwritten, so that nobody knows what the trail says or where it ends. Nothing is added to such a trail
    /// before the event has been restored.
    #[must_use]
    pub const fn hides_an_event(&self) -> bool {
        match self {
            Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::UnknownSchema { .. }
            | Self::Malformed { .. }
            | Self::Duplicate { .. }
            | Self::TooLarge => true,
            Self::Renamed { .. } | Self::Reordered { .. } | Self::Unparented | Self::Foreign => false,
        }
    }
}

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

codes!(TrailFinding {
    ReleaseVanished => "removed-upstream",
    IndexShortened => "index-shortened",
    CrateReappeared => "crate-reappeared",
    ClockBehindTrail => "clock-behind-trail",
});

impl TrailFinding {
    /// Whether the run cannot decide (exit code 2) as long as it holds. The others are told beside the reasons that they bring.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        match self {
            Self::IndexShortened { .. } | Self::ClockBehindTrail { .. } => true,
            Self::ReleaseVanished { .. } | Self::CrateReappeared { .. } => false,
        }
    }
}

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
