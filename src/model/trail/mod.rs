//! The audit trail: events that name their parents by digest, so that what was once known cannot be changed unseen.

mod canonical;
mod moment;

pub mod event;
pub mod finding;
pub mod id;
pub mod problem;
pub mod purl;
pub mod recorded;
pub mod release;
pub mod selection;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use jiff::Timestamp;

pub use event::{AdvisoryCopy, Event, EventError, HealedFolder, Kind, KnownFrom, PolicyChange, Schema, Tools, Who};
pub use id::{EventFileName, EventId};
pub use problem::{TrailProblem, TrailProblemKind};
pub use recorded::Recorded;
pub use release::ReleaseRecord;

use crate::model::age::Age;

/// How far an event may lie before its parent: two machines' clocks are seldom the same.
pub const CLOCK_TOLERANCE: Age = Age::minutes(10);

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
