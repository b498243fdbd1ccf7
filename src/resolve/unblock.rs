//! Finds out why cargo could not resolve, by letting it try again with hidden releases shown.
//!
//! First with everything: where that fails too, the filter is not to blame and cargo's words stand alone. Then with as few as will do, those
//! first that time approves, the soonest before the others: what is told is the earliest day on which time alone unblocks it, or else the
//! least that a person would have to approve. What harms is shown last of all, so that it is named only where nothing else would do.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::child::Ended;
use super::error::ResolveError;
use super::failure::error_of;
use super::session::Session;
use crate::model::facts::Facts;
use crate::model::package::{Package, PackageId};
use crate::model::resolution::{Cause, Demand, Hidden, HiddenBecause, Obstacle, Unresolved, View, versions};
use crate::model::run::Waiting;
use crate::model::source::Source;
use crate::model::verdict::ReasonCode;
use crate::policy::graph::{self, Graph};
use crate::policy::visible::{Smallest, order_of_approval, smallest};

/// The most cargo runs.
const TRIALS: usize = 32;
/// The longest that is tried.
const PATIENCE: Duration = Duration::from_secs(20);
/// Work of this length is told.
const UNTOLD: Duration = Duration::from_secs(1);
/// The most dependents that are named.
const MOST_DEMANDS: usize = 3;

/// What failed: cargo's command lines, and what they were shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    pub(crate) commands: Vec<Vec<String>>,
    pub(crate) view: View,
}

/// Why a search ends before it is done.
enum Stop {
    Time,
    Failed(ResolveError),
}

impl Session<'_> {
    /// What stands in the way of an attempt that failed so.
    pub(crate) fn explain(&self, ended: &Ended, attempt: &Attempt) -> Result<Unresolved, ResolveError> {
        let words = error_of(&ended.words);
        if ended.status.code().is_none() {
            return Ok(Unresolved { words, cause: Cause::Unknown(format!("cargo ended with {}", ended.status)) });
        }
        Ok(Unresolved { words, cause: self.cause(attempt)? })
    }

    /// What would have to be approved so that cargo could do what it cannot; nothing where that is not the reason, or there was no time to find
    /// out whether all of it is needed.
    pub(crate) fn obstacles(&self, attempt: &Attempt) -> Result<Vec<Obstacle>, ResolveError> {
        Ok(match self.cause(attempt)? {
            Cause::Hidden { obstacles, all_needed: true } => obstacles,
            Cause::Hidden { .. } | Cause::Elsewhere | Cause::Unknown(_) => Vec::new(),
        })
    }

    fn cause(&self, attempt: &Attempt) -> Result<Cause, ResolveError> {
        let search = Search {
            session: self,
            attempt,
            began: Instant::now(),
            told: Cell::new(false),
            best: RefCell::default(),
            successes: RefCell::default(),
        };
        let cause = search.cause();
        self.look(View::default());
        cause
    }
}

struct Search<'s, 'w> {
    session: &'s Session<'w>,
    attempt: &'s Attempt,
    began: Instant,
    told: Cell<bool>,
    /// The hidden releases of the best success so far, with the packages that were locked then.
    best: RefCell<Option<(BTreeSet<PackageId>, Vec<Package>)>>,
    /// With what cargo resolved.
    successes: RefCell<BTreeSet<BTreeSet<PackageId>>>,
}

impl Search<'_, '_> {
    fn cause(&self) -> Result<Cause, ResolveError> {
        let everything = View { all: true, ..self.attempt.view.clone() };
        let first = match self.resolves(&everything) {
            Ok(first) => first,
            Err(Stop::Time) => return Ok(Cause::Unknown(String::from("there was no time to try it"))),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let hidden = self.hidden();
        let all = |harmful: bool| -> Vec<PackageId> {
            let counts = hidden.iter().filter(|(_, hidden)| harmful || !hidden.is_malicious());
            let mut all: Vec<(&PackageId, &Hidden)> = counts.collect();
            all.sort_by(|one, other| {
                order_of_approval(one.1).cmp(&order_of_approval(other.1)).then(one.0.cmp(other.0))
            });
            all.into_iter().map(|(id, _)| id.clone()).collect()
        };
        let harmless = all(false);
        let mut found = match &first {
            Some(locked) => self.fewest(&harmless, Some(locked))?,
            None => Smallest::Nothing,
        };
        let harmful = all(true);
        if found == Smallest::Nothing && harmful.len() > harmless.len() {
            found = self.fewest(&harmful, None)?;
        }
        let (needed, all_needed) = match found {
            Smallest::Nothing => return Ok(Cause::Elsewhere),
            Smallest::Found(set) if set.is_empty() => {
                return Ok(Cause::Unknown(String::from("asked once more, cargo did it")));
            }
            Smallest::Found(set) => (set, true),
            Smallest::AtMost(set) => (set, false),
        };
        let locked = self.best.borrow().as_ref().map(|(_, locked)| locked.clone()).unwrap_or_default();
        let facts = self.session.facts_about(locked);
        let graph = Graph::new(&facts.packages);
        let obstacles = needed.into_iter().filter_map(|id| {
            let hidden = hidden.get(&id)?.clone();
            Some(Obstacle {
                asked_by: demands(&facts, &graph, &id),
                newest_visible: self.session.newest_visible(&id.crate_id()?),
                id,
                hidden,
            })
        });
        Ok(Cause::Hidden { obstacles: obstacles.collect(), all_needed })
    }

    /// What the policy hides and cargo would take if it were shown: that a yanked release is not taken is cargo's own rule.
    fn hidden(&self) -> BTreeMap<PackageId, Hidden> {
        let kept = &self.attempt.view.kept;
        let hidden = self.session.hidden().into_iter();
        let each = hidden.flat_map(|(id, hidden)| hidden.into_iter().map(move |one| (id.clone(), one)));
        // Nobody can bring back what the registry does not have any more.
        let can_be_shown = |because: &HiddenBecause| match because {
            HiddenBecause::Reasons(reasons) => !reasons.iter().any(|reason| reason.code() == ReasonCode::NotInIndex),
            HiddenBecause::Yanked | HiddenBecause::Ambiguous => false,
        };
        each.filter(|(_, one)| can_be_shown(&one.because))
            .filter(|(id, one)| !kept.get(id).is_some_and(|kept| kept.contains(&one.version)))
            .map(|(id, one)| {
                let source = Source::Registry(id.registry);
                (PackageId { name: id.name, version: one.version.clone(), source }, one)
            })
            .collect()
    }

    /// The fewest of these, in their order, with which cargo resolves. With all of them it locks `known`, where that was tried.
    ///
    /// What a lock file has tells quickly what was needed. It does not tell what cargo looked up beside it: `add` asks the index for what
    /// it is given, and with `--dry-run` writes nothing.
    fn fewest(&self, all: &[PackageId], known: Option<&Vec<Package>>) -> Result<Smallest<PackageId>, ResolveError> {
        let found = self.search(all, known, true)?;
        let (Smallest::Found(set) | Smallest::AtMost(set)) = &found else { return Ok(found) };
        let set: BTreeSet<PackageId> = set.iter().cloned().collect();
        let is_known = self.successes.borrow().contains(&set);
        let is_enough = is_known || (!set.is_empty() && matches!(self.shows(&set), Ok(Some(_))));
        if is_enough { Ok(found) } else { self.search(all, known, false) }
    }

    fn search(
        &self,
        all: &[PackageId],
        known: Option<&Vec<Package>>,
        by_lock: bool,
    ) -> Result<Smallest<PackageId>, ResolveError> {
        let found = smallest(all, TRIALS, |set| {
            let locked = if let Some(locked) = known.filter(|_| set.len() == all.len()) {
                Some(locked.clone())
            } else {
                self.shows(set)?
            };
            let Some(locked) = locked else { return Ok(None) };
            self.successes.borrow_mut().insert(set.clone());
            let used: BTreeSet<PackageId> = if locked.is_empty() || !by_lock {
                set.clone()
            } else {
                locked.iter().map(|package| &package.id).filter(|id| set.contains(id)).cloned().collect()
            };
            *self.best.borrow_mut() = Some((used.clone(), locked));
            Ok(Some(used))
        });
        match (found, &*self.best.borrow()) {
            (Ok(found), _) => Ok(found),
            (Err(Stop::Time), Some((used, _))) => Ok(Smallest::AtMost(used.iter().cloned().collect())),
            (Err(Stop::Time), None) => Ok(Smallest::Nothing),
            (Err(Stop::Failed(error)), _) => Err(error),
        }
    }

    /// The same as [`Self::resolves`], of what is shown beside the attempt's own view.
    fn shows(&self, set: &BTreeSet<PackageId>) -> Result<Option<Vec<Package>>, Stop> {
        let mut view = self.attempt.view.clone();
        for (id, shown) in versions(set) {
            view.shown.entry(id).or_default().extend(shown);
        }
        self.resolves(&view)
    }

    /// The packages that cargo locks when it is shown this; none where it writes no lock file, and `None` where it fails.
    fn resolves(&self, view: &View) -> Result<Option<Vec<Package>>, Stop> {
        let elapsed = self.began.elapsed();
        if elapsed > PATIENCE {
            return Err(Stop::Time);
        }
        if elapsed > UNTOLD && !self.told.replace(true) {
            self.session.project().environment().tell(&Waiting::Trials);
        }
        self.session.look(view.clone());
        self.session.lock_by(self.attempt.commands.clone()).map_err(Stop::Failed)
    }
}

/// Who asks for a package in a lock file, those first whose manifests can be edited here.
fn demands(facts: &Facts, graph: &Graph, id: &PackageId) -> Vec<Demand> {
    let Some(at) = facts.packages.iter().position(|package| package.id == *id) else { return Vec::new() };
    let mut all = Vec::new();
    for dependent in graph.dependents(at) {
        let Some(package) = facts.packages.get(*dependent) else { continue };
        let asked = graph::requirements_of(facts, *dependent).unwrap_or_default();
        let of_it = asked.into_iter().filter(|requirement| {
            graph::asked_for(package, requirement) == id.crate_id() && requirement.req.matches(&id.version)
        });
        let editable = package.local.as_ref().is_some_and(|local| local.inside_workspace);
        all.extend(of_it.map(|requirement| Demand {
            by: package.id.clone(),
            at: graph::lines(package, id, &requirement.req),
            req: requirement.req,
            editable,
        }));
    }
    all.sort_by_key(|demand| !demand.editable);
    all.dedup();
    all.truncate(MOST_DEMANDS);
    all
}
