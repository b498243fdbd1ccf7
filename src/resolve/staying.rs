//! Lets what cannot move stay where it is, and moves the rest.
//!
//! First everything is hidden that the policy does not approve, so that cargo moves away from it by itself. Where that fails for want of
//! anything approved, as few locked releases as will do are shown as yanked: cargo leaves them where they are and takes them for nothing
//! new. A `[patch]` that cargo would leave unused, because what it asks for is hidden, counts as such a failure: it has what somebody chose
//! in the place of a release. Where one of these was to move, others that are approved may stand in its way, a pin among them: as few as
//! will do join it. Which these are is found by trying, not read from cargo's words; those only say what is tried first.

use std::collections::{BTreeMap, BTreeSet};

use super::child::{self, Voice};
use super::error::ResolveError;
use super::failure;
use super::private_copy::Written;
use super::session::{Asked, Resolved, Session};
use crate::model::Timestamp;
use crate::model::evaluation::Judgement;
use crate::model::package::{CrateId, Locked, Package, PackageId};
use crate::model::resolution::{Exact, HiddenBecause, View, versions};
use crate::model::source::Source;
use crate::policy::lock_changes;
use crate::policy::visible::{Smallest, smallest};
use crate::project::Committed;

/// The most cargo runs that look for what must stay, and the most that then look for what need not; likewise for what joins.
const TRIALS: usize = 24;
/// How often one trial is made again because of what only looking inside the chosen releases shows.
const LOOKS: usize = 8;
/// The most packages for which it is tried what would have to join.
const MOST_WANTED: usize = 8;

/// What is tried. Each trial begins with the files as they were found.
pub(crate) struct Trials<'t> {
    /// What may stay where it is, the least objectionable first.
    pub(crate) may_stay: &'t [PackageId],
    /// What is to move, with others where it cannot alone.
    pub(crate) wanted: &'t BTreeSet<PackageId>,
    /// Moves from one release to exactly another.
    pub(crate) exact: &'t BTreeMap<CrateId, Vec<Exact>>,
    /// The moment as of which releases are hidden, where it is not the run's own.
    pub(crate) at: Option<Timestamp>,
    /// What cargo is asked.
    pub(crate) asked: &'t dyn Fn(&Parts) -> Vec<Vec<String>>,
    /// Whether cargo's words are to be heard.
    pub(crate) aloud: bool,
}

/// What some of the locked packages do in a trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// They stay where they are although they are hidden or yanked.
    pub(crate) stay: BTreeSet<PackageId>,
    /// They may move although that was not asked for, since they stood in the way.
    pub(crate) join: BTreeSet<PackageId>,
}

/// What came of the trials.
pub(crate) struct Settled {
    pub(crate) resolved: Resolved,
    /// What cargo changed to come to it. Nothing of it is in the project yet.
    pub(crate) written: Vec<Written>,
    /// What had to be left where it is, and what had to join.
    pub(crate) parts: Parts,
    /// The packages of `[patch]` that nothing uses any more.
    pub(crate) unpatched: Vec<PackageId>,
}

impl Session<'_> {
    /// What was locked before: by the commit that is checked out, or where there is none with a lock file, by the lock file as it was found.
    pub(crate) fn locked_before(&self) -> Locked {
        let committed = Committed::of(self.project());
        Locked::of(committed.as_ref().map_or(&self.subject().lock.packages, |committed| &committed.packages))
    }

    /// The locked releases that may stay where they are although cargo would move away from them, those first that are yanked and nothing
    /// else, then those that time approves. With `harmful`, also what harms or has other bytes than it should: that a package is
    /// removed makes no other one worse.
    pub(crate) fn may_stay(&self, before: &Locked, harmful: bool) -> Vec<PackageId> {
        let decision = self.before();
        let packages = decision.facts().packages.iter().zip(&decision.evaluation().judgements);
        let mut ranked: Vec<_> = packages
            .filter_map(|(package, judgement)| Some((self.rank(package, judgement, before, harmful)?, &package.id)))
            .collect();
        ranked.sort();
        ranked.into_iter().map(|(_, id)| id.clone()).collect()
    }

    fn rank(&self, package: &Package, judgement: &Judgement, before: &Locked, harmful: bool) -> Option<u8> {
        let is_harmful = || !lock_changes::may_stay(package, judgement, before);
        match self.hides(&package.id) {
            None => judgement.yanked.filter(|yanked| *yanked && judgement.passes()).map(|_| 0),
            Some(hidden) if matches!(hidden.because, HiddenBecause::Reasons(_)) => match hidden.eligible_at() {
                _ if is_harmful() => harmful.then_some(3),
                Some(_) => Some(1),
                None => Some(2),
            },
            Some(_) => None,
        }
    }

    /// The packages that may join others: those that come from elsewhere than this machine.
    pub(crate) fn others(&self) -> BTreeSet<PackageId> {
        let packages = self.subject().lock.packages.iter();
        packages.filter(|package| package.id.source != Source::Local).map(|package| package.id.clone()).collect()
    }

    /// Tries until cargo resolves, or until nothing is left to try.
    pub(crate) fn settle(&self, trials: &Trials<'_>) -> Result<Settled, ResolveError> {
        let mut run = Run { session: self, trials, heard: Vec::new(), now: None };
        let settled = run.settle();
        if trials.aloud && !run.voice_is_aloud() {
            child::tell(&run.heard);
        }
        settled
    }
}

struct Run<'r, 's> {
    session: &'r Session<'s>,
    trials: &'r Trials<'r>,
    /// The words of the last cargo.
    heard: Vec<u8>,
    /// The last trial, whose files are still there.
    now: Option<Parts>,
}

impl Run<'_, '_> {
    fn settle(&mut self) -> Result<Settled, ResolveError> {
        let (mut resolved, mut parts) = self.stay(&BTreeSet::new())?;
        let wanted: Vec<&PackageId> = self.trials.wanted.iter().collect();
        if matches!(resolved, Resolved::Failed(_)) {
            if !wanted.is_empty() {
                // What stands in the way even so is reported, and not what could have been moved out of it.
                (resolved, parts) = self.stay(&self.session.others())?;
            }
            if matches!(resolved, Resolved::Failed(_)) {
                return Ok(Settled { resolved, written: Vec::new(), parts, unpatched: Vec::new() });
            }
            if let Some(joined) = self.join(&wanted, (resolved, parts))? {
                (resolved, parts) = joined;
            } else {
                (resolved, parts) = self.stay(&BTreeSet::new())?;
                return Ok(Settled { resolved, written: Vec::new(), parts, unpatched: Vec::new() });
            }
        }
        for one in wanted.into_iter().filter(|one| parts.stay.contains(*one)).take(MOST_WANTED).collect::<Vec<_>>() {
            let mut free = parts.clone();
            free.stay.remove(one);
            free.join.extend(self.session.others().into_iter().filter(|other| !parts.stay.contains(other)));
            let tried = self.attempt(&free)?;
            let joined = self.join(&[one], (tried, free))?;
            if let Some((with, found)) = joined {
                parts.stay = found.stay;
                parts.join.extend(found.join);
                resolved = with;
            }
        }
        if self.now.as_ref() != Some(&parts) {
            resolved = self.attempt(&parts)?;
        }
        let unpatched = self.session.unpatched.take();
        Ok(Settled { resolved, written: self.session.written()?, parts, unpatched })
    }

    /// Where these moved when all others might, the same with as few of the others as will do: those are among what changed then.
    fn join(
        &mut self,
        wanted: &[&PackageId],
        (first, free): (Resolved, Parts),
    ) -> Result<Option<(Resolved, Parts)>, ResolveError> {
        let left = |resolved: &Resolved| -> Option<BTreeSet<PackageId>> {
            let Resolved::Judged(judged) = resolved else { return None };
            let after: BTreeSet<&PackageId> = judged.facts().packages.iter().map(|package| &package.id).collect();
            let is_there = wanted.iter().any(|one| after.contains(one));
            (!is_there).then(|| free.join.iter().filter(|one| !after.contains(one)).cloned().collect())
        };
        let Some(changed) = left(&first) else { return Ok(None) };
        let changed: Vec<PackageId> = changed.into_iter().filter(|one| !wanted.contains(&one)).collect();
        let with = |set: &BTreeSet<PackageId>| Parts { stay: free.stay.clone(), join: set.clone() };
        let found = smallest(&changed, TRIALS, |set| {
            let resolved = self.attempt(&with(set))?;
            Ok::<_, ResolveError>(left(&resolved).map(|_| set.clone()))
        })?;
        let parts = match found {
            Smallest::Nothing => free,
            Smallest::Found(set) | Smallest::AtMost(set) => with(&set.into_iter().collect()),
        };
        let resolved = self.attempt(&parts)?;
        Ok(Some((resolved, parts)))
    }

    /// Lets as few stay as will do while these join; all that may, where nothing does.
    fn stay(&mut self, join: &BTreeSet<PackageId>) -> Result<(Resolved, Parts), ResolveError> {
        let mut parts = Parts { stay: BTreeSet::new(), join: join.clone() };
        let mut resolved = self.attempt(&parts)?;
        // Where nothing that stays brings a patch back, cargo's way is taken.
        let mut without_patch = None;
        for trial in 0.. {
            let named = match &resolved {
                Resolved::Failed(ended) => failure::crates_named(&ended.words),
                Resolved::Unlocked | Resolved::Judged(_) if self.is_patched() => break,
                Resolved::Unlocked | Resolved::Judged(_) => {
                    without_patch.get_or_insert_with(|| parts.clone());
                    BTreeSet::new()
                }
            };
            let more = self.more(&parts.stay, &named, trial < TRIALS);
            if more.is_empty() {
                let Some(parts) = without_patch else { return Ok((resolved, parts)) };
                return Ok((self.attempt(&parts)?, parts));
            }
            for one in more {
                parts.join.remove(&one);
                parts.stay.insert(one);
            }
            resolved = self.attempt(&parts)?;
        }
        if parts.stay.len() > 1 { self.fewest(resolved, parts) } else { Ok((resolved, parts)) }
    }

    /// What is let stay beside these: what cargo names, or everything where it names nothing that could, or goes on without end.
    fn more(&self, stayed: &BTreeSet<PackageId>, named: &BTreeSet<String>, patient: bool) -> Vec<PackageId> {
        let rest: Vec<&PackageId> = self.trials.may_stay.iter().filter(|id| !stayed.contains(id)).collect();
        let named: Vec<&PackageId> = rest.iter().copied().filter(|id| patient && named.contains(&*id.name)).collect();
        let more = if named.is_empty() { rest } else { named };
        more.into_iter().cloned().collect()
    }

    /// The fewest of those that stay that will do, with what cargo makes of them.
    fn fewest(&mut self, mut resolved: Resolved, parts: Parts) -> Result<(Resolved, Parts), ResolveError> {
        let all: Vec<PackageId> = self.trials.may_stay.iter().filter(|id| parts.stay.contains(id)).cloned().collect();
        let with = |set: &BTreeSet<PackageId>| Parts { stay: set.clone(), join: parts.join.clone() };
        let found = smallest(&all, TRIALS, |set| {
            // Both are known.
            if set.is_empty() {
                return Ok(None);
            }
            if *set != parts.stay {
                resolved = self.attempt(&with(set))?;
            }
            let does = !matches!(resolved, Resolved::Failed(_)) && self.is_patched();
            Ok::<_, ResolveError>(does.then(|| set.clone()))
        })?;
        let fewest = match found {
            Smallest::Nothing => parts,
            Smallest::Found(set) | Smallest::AtMost(set) => with(&set.into_iter().collect()),
        };
        if self.now.as_ref() != Some(&fewest) {
            resolved = self.attempt(&fewest)?;
        }
        Ok((resolved, fewest))
    }

    /// Whether the last trial left every patch in use that was.
    fn is_patched(&self) -> bool {
        self.session.unpatched.borrow().is_empty()
    }

    fn attempt(&mut self, parts: &Parts) -> Result<Resolved, ResolveError> {
        self.now = Some(parts.clone());
        let mut resolved = self.attempt_once(parts)?;
        for _ in 0..LOOKS {
            if !self.session.finds_out(&resolved) {
                break;
            }
            resolved = self.attempt_once(parts)?;
        }
        Ok(resolved)
    }

    fn attempt_once(&mut self, parts: &Parts) -> Result<Resolved, ResolveError> {
        let (kept, exact, at) = (versions(&parts.stay), self.trials.exact.clone(), self.trials.at);
        self.session.look(View { kept, exact, at, ..View::default() });
        let voice = match self.trials.aloud {
            false => Voice::Silent,
            true if self.voice_is_aloud() => Voice::Aloud,
            true => Voice::Later,
        };
        self.heard.clear();
        let asked = Asked { commands: (self.trials.asked)(parts), voice };
        self.session.resolve(&asked, &mut self.heard)
    }

    /// Where there is only one trial, nobody need wait for its words.
    fn voice_is_aloud(&self) -> bool {
        self.trials.may_stay.is_empty() && self.trials.wanted.is_empty()
    }
}
