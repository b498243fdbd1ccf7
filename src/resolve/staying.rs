//! Lets what cannot move stay where it is, and moves the rest.
//!
//! First everything is hidden that the policy does not approve, so that cargo moves away from it by itself. Where that fails for want of
//! anything approved, as few locked releases as will do are shown as yanked: cargo leaves them where they are and takes them for nothing
//! new. Which these are is found by trying, not read from cargo's words; those only say what is tried first.

use std::collections::{BTreeMap, BTreeSet};

use super::private_copy::Written;
use super::session::{Asked, Resolved, Session};
use super::{ResolveError, Voice, child, failure};
use crate::model::evaluation::Judgement;
use crate::model::package::{CrateId, Locked, Package, PackageId};
use crate::model::resolution::{Exact, HiddenBecause, View, versions};
use crate::policy::lock_changes;
use crate::policy::visible::{Smallest, smallest};
use crate::project::Committed;

/// The most cargo runs that look for what must stay, and the most that then look for what need not.
const TRIALS: usize = 24;

/// What is tried. Each trial begins with the files as they were found.
pub(crate) struct Trials<'t> {
    /// What may stay where it is, the least objectionable first.
    pub(crate) may_stay: &'t [PackageId],
    /// Moves from one release to exactly another.
    pub(crate) exact: &'t BTreeMap<CrateId, Vec<Exact>>,
    /// What cargo is asked while these stay.
    pub(crate) asked: &'t dyn Fn(&BTreeSet<PackageId>) -> Vec<Vec<String>>,
    /// Whether cargo's words are to be heard.
    pub(crate) aloud: bool,
}

/// What came of the trials.
pub(crate) struct Settled {
    pub(crate) resolved: Resolved,
    /// What cargo changed to come to it. Nothing of it is in the project yet.
    pub(crate) written: Vec<Written>,
    /// What had to be left where it is.
    pub(crate) stayed: BTreeSet<PackageId>,
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
    /// What stayed in the last trial, whose files are still there.
    now: Option<BTreeSet<PackageId>>,
}

impl Run<'_, '_> {
    fn settle(&mut self) -> Result<Settled, ResolveError> {
        let mut stayed = BTreeSet::new();
        let mut resolved = self.attempt(&stayed)?;
        for trial in 0.. {
            let Resolved::Failed(ended) = &resolved else { break };
            let more = self.more(&stayed, &failure::crates_named(&ended.words), trial < TRIALS);
            if more.is_empty() {
                return Ok(Settled { resolved, written: Vec::new(), stayed });
            }
            stayed.extend(more);
            resolved = self.attempt(&stayed)?;
        }
        if stayed.len() > 1 {
            (resolved, stayed) = self.fewest(resolved, stayed)?;
        }
        Ok(Settled { resolved, written: self.session.written()?, stayed })
    }

    /// What is let stay beside these: what cargo names, or everything where it names nothing that could, or goes on without end.
    fn more(&self, stayed: &BTreeSet<PackageId>, named: &BTreeSet<String>, patient: bool) -> Vec<PackageId> {
        let rest: Vec<&PackageId> = self.trials.may_stay.iter().filter(|id| !stayed.contains(id)).collect();
        let named: Vec<&PackageId> = rest.iter().copied().filter(|id| patient && named.contains(&*id.name)).collect();
        let more = if named.is_empty() { rest } else { named };
        more.into_iter().cloned().collect()
    }

    /// The fewest of these that will do, with what cargo makes of them.
    fn fewest(
        &mut self,
        mut resolved: Resolved,
        stayed: BTreeSet<PackageId>,
    ) -> Result<(Resolved, BTreeSet<PackageId>), ResolveError> {
        let all: Vec<PackageId> = self.trials.may_stay.iter().filter(|id| stayed.contains(id)).cloned().collect();
        let found = smallest(&all, TRIALS, |set| {
            // Both are known.
            if set.is_empty() {
                return Ok(None);
            }
            if *set != stayed {
                resolved = self.attempt(set)?;
            }
            Ok::<_, ResolveError>((!matches!(resolved, Resolved::Failed(_))).then(|| set.clone()))
        })?;
        let fewest = match found {
            Smallest::Nothing => stayed,
            Smallest::Found(set) | Smallest::AtMost(set) => set.into_iter().collect(),
        };
        if self.now.as_ref() != Some(&fewest) {
            resolved = self.attempt(&fewest)?;
        }
        Ok((resolved, fewest))
    }

    fn attempt(&mut self, stayed: &BTreeSet<PackageId>) -> Result<Resolved, ResolveError> {
        self.now = Some(stayed.clone());
        self.session.look(View { kept: versions(stayed), exact: self.trials.exact.clone(), ..View::default() });
        let voice = match self.trials.aloud {
            false => Voice::Silent,
            true if self.voice_is_aloud() => Voice::Aloud,
            true => Voice::Later,
        };
        self.heard.clear();
        let asked = Asked { commands: (self.trials.asked)(stayed), voice };
        self.session.resolve(&asked, &mut self.heard)
    }

    /// Where there is only one trial, nobody need wait for its words.
    const fn voice_is_aloud(&self) -> bool {
        self.trials.may_stay.is_empty()
    }
}
