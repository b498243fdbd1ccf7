//! Joins the files of a trail: which event follows from which, which are missing, which do not belong.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::model::trail::{CLOCK_TOLERANCE, Event, EventFileName, EventId, Trail, TrailProblem, TrailProblemKind};

/// What one file turned out to be.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) file: String,
    /// The id that its name claims.
    pub(super) claimed: Option<EventId>,
    /// The event in it, which may not be the one that the name claims.
    pub(super) event: Option<Event>,
    /// What is wrong with it. A file without a problem has an event, whose id is the claimed one.
    pub(super) problem: Option<TrailProblemKind>,
}

impl Examined {
    /// A file of which nothing more can be said.
    pub(super) fn flawed(file: String, problem: TrailProblemKind) -> Self {
        let claimed = file.parse().ok().map(|name: EventFileName| name.id);
        Self { file, claimed, event: None, problem: Some(problem) }
    }
}

/// Builds the trail. An edited event vouches for nothing, but counts as being there under the id of its name and before its parents,
/// so that one edit is not also reported as a deletion and as new heads.
pub(super) fn join(mut files: Vec<Examined>) -> Trail {
    files.sort_by(|one, other| one.file.cmp(&other.file));
    let mut trail = Trail::default();
    // Of two names for one event, the right one wins whatever the order.
    files.sort_by_key(|file| file.problem.is_some());
    let mut present = BTreeSet::new();
    let mut named = BTreeMap::new();
    for file in files {
        let claimed = file.claimed.filter(|_| is_itself(file.problem.as_ref()));
        for parent in file.event.iter().flat_map(|event| &event.parents) {
            let child = named.entry(*parent).or_insert(claimed);
            *child = child.or(claimed);
        }
        let mut problem = file.problem;
        match problem {
            // A copy stands in for nothing: if its name is that of an event, that event is gone.
            Some(TrailProblemKind::Edited { found: of }) if trail.events.contains_key(&of) => {
                problem = Some(TrailProblemKind::Duplicate { of });
            }
            _ => present.extend(file.claimed),
        }
        if let (Some(id), Some(event)) = (claimed, file.event) {
            match trail.events.entry(id) {
                Entry::Occupied(_) => problem = Some(TrailProblemKind::Duplicate { of: id }),
                Entry::Vacant(place) => {
                    place.insert(event);
                }
            }
        }
        trail.problems.extend(problem.map(|kind| TrailProblem { file: file.file, kind }));
    }
    trail.heads = trail.events.keys().filter(|id| !named.contains_key(id)).copied().collect();
    deleted(&mut trail, &present, &named);
    reordered(&mut trail);
    unparented(&mut trail);
    trail.problems.sort();
    trail
}

/// Whether a file's bytes are the ones that its name stands for.
const fn is_itself(problem: Option<&TrailProblemKind>) -> bool {
    matches!(problem, None | Some(TrailProblemKind::Renamed { .. }))
}

fn deleted(trail: &mut Trail, present: &BTreeSet<EventId>, named: &BTreeMap<EventId, Option<EventId>>) {
    for (id, child) in named {
        if let (false, Some(named_by)) = (present.contains(id), child) {
            let kind = TrailProblemKind::Deleted { id: *id, named_by: *named_by };
            trail.problems.push(TrailProblem { file: format!("*-{id}.json"), kind });
        }
    }
}

fn reordered(trail: &mut Trail) {
    for (id, event) in &trail.events {
        let earlier = |parent: &EventId| {
            let before = trail.events.get(parent)?.written();
            let seconds = before.as_second().checked_sub(event.written().as_second())?;
            u64::try_from(seconds).ok().filter(|seconds| *seconds > CLOCK_TOLERANCE.as_secs())
        };
        let late = event.parents.iter().find_map(|parent| Some((*parent, earlier(parent)?)));
        trail.problems.extend(late.map(|(parent, seconds)| TrailProblem {
            file: event.file_name(*id).to_string(),
            kind: TrailProblemKind::Reordered { parent, seconds },
        }));
    }
}

/// A trail begins once: with the parentless event from which the most hangs, of equal ones the earliest. Whatever else has no parents
/// was put in. (Where events are missing in between, what hangs on the true beginning may be only a part of the rest.)
fn unparented(trail: &mut Trail) {
    let roots: Vec<_> = trail.events.iter().filter(|(_, event)| event.parents.is_empty()).collect();
    let parts = Parts::of(&trail.events);
    let sizes = parts.sizes();
    let size = |id: EventId| parts.part(id).and_then(|part| sizes.get(&part)).copied();
    let first = roots
        .iter()
        .min_by_key(|(id, event)| (std::cmp::Reverse(size(**id)), event.written(), **id))
        .map(|(id, _)| **id);
    let others: Vec<_> = roots
        .into_iter()
        .filter(|(id, _)| Some(**id) != first)
        .map(|(id, event)| TrailProblem { file: event.file_name(*id).to_string(), kind: TrailProblemKind::Unparented })
        .collect();
    trail.problems.extend(others);
}

/// Which events hang together, whatever the direction (disjoint sets with path halving).
struct Parts {
    positions: BTreeMap<EventId, usize>,
    above: Vec<usize>,
}

impl Parts {
    fn of(events: &BTreeMap<EventId, Event>) -> Self {
        let mut parts = Self { positions: BTreeMap::new(), above: Vec::new() };
        for (id, event) in events {
            let child = parts.position(*id);
            for parent in &event.parents {
                let parent = parts.position(*parent);
                let (child, parent) = (parts.top(child), parts.top(parent));
                parts.above[child] = parent;
            }
        }
        // From here on every position points at its top, so that looking needs no change.
        for position in 0..parts.above.len() {
            parts.above[position] = parts.top(position);
        }
        parts
    }

    fn position(&mut self, id: EventId) -> usize {
        let next = self.above.len();
        let position = *self.positions.entry(id).or_insert(next);
        if position == next {
            self.above.push(next);
        }
        position
    }

    fn top(&mut self, mut position: usize) -> usize {
        while self.above[position] != position {
            self.above[position] = self.above[self.above[position]];
            position = self.above[position];
        }
        position
    }

    fn part(&self, id: EventId) -> Option<usize> {
        self.positions.get(&id).map(|position| self.above[*position])
    }

    /// How many events each part has.
    fn sizes(&self) -> BTreeMap<usize, usize> {
        let mut sizes = BTreeMap::new();
        for top in &self.above {
            *sizes.entry(*top).or_default() += 1;
        }
        sizes
    }
}
