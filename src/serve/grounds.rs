//! Which releases mend what posted lock files have, and may come before their time for that.
//!
//! The rule on security fixes needs a lock file to stand on. Here it is asked on the ground of each that the team has posted; what it says of
//! a release on any of them holds for the team.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use super::entries::{Entries, Known};
use super::facts::{facts, facts_of, rules_today};
use super::locks::Posted;
use super::team::{State, Team};
use crate::model::facts::{AdvisoryFact, Beside, Facts, IndexFact, OldLock};
use crate::model::package::CrateId;
use crate::model::recorded::Recorded;
use crate::model::verdict::{Basis, Verdict};
use crate::policy::judge::Judge;
use crate::policy::security_fix;

/// The grounds are looked at anew at least so often: an index file may have changed.
const LASTS: SignedDuration = SignedDuration::from_mins(5);
/// The fixed crate, those around it, and what the fix requires.
const ROUNDS: usize = 4;

/// What all posted lock files of a team make of releases that are too new.
#[derive(Debug)]
pub(crate) struct Grounds {
    verdicts: BTreeMap<CrateId, BTreeMap<Version, Verdict>>,
    /// From when on it may be otherwise.
    pub(crate) until: Timestamp,
}

impl Grounds {
    /// The verdict on a release where it is, or will be, a fix.
    pub(crate) fn verdict(&self, crate_id: &CrateId, version: &Version) -> Option<&Verdict> {
        self.verdicts.get(crate_id)?.get(version)
    }
}

type Worked = Arc<tokio::sync::Mutex<Option<(u64, Arc<Grounds>)>>>;

/// The grounds of all teams, worked out when they are asked for.
#[derive(Debug, Default)]
pub(super) struct GroundsOf {
    teams: Mutex<HashMap<String, Worked>>,
}

impl GroundsOf {
    pub(super) async fn of(
        &self,
        team: &Team,
        state: &Arc<State>,
        moment: Timestamp,
        entries: &Arc<Entries>,
    ) -> Arc<Grounds> {
        if state.locks.projects.is_empty() {
            return Arc::new(Grounds { verdicts: BTreeMap::new(), until: Timestamp::MAX });
        }
        let worked = {
            let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(teams.entry(team.name.clone()).or_default())
        };
        let mut worked = worked.lock().await;
        if let Some((number, grounds)) = &*worked
            && *number == state.number
            && moment < grounds.until
        {
            return Arc::clone(grounds);
        }
        let mut verdicts = BTreeMap::new();
        for posted in state.locks.projects.values() {
            for (crate_id, versions) in on(posted, state, moment, entries).await {
                let of_crate: &mut BTreeMap<Version, Verdict> = verdicts.entry(crate_id).or_default();
                for (version, verdict) in versions {
                    let is_better = |known: &Verdict| {
                        matches!(verdict, Verdict::Approved(_)) && !matches!(known, Verdict::Approved(_))
                    };
                    if of_crate.get(&version).is_none_or(is_better) {
                        of_crate.insert(version, verdict);
                    }
                }
            }
        }
        let eligible = verdicts.values().flat_map(BTreeMap::values).filter_map(|verdict| match verdict {
            Verdict::Quarantined(reasons) => reasons.eligible_at(),
            Verdict::Local | Verdict::Approved(_) | Verdict::Rejected(_) => None,
        });
        let latest = moment.checked_add(LASTS).unwrap_or(Timestamp::MAX);
        let until = eligible.filter(|at| *at > moment).chain([latest]).min().unwrap_or(latest);
        let grounds = Arc::new(Grounds { verdicts, until });
        *worked = Some((state.number, Arc::clone(&grounds)));
        grounds
    }
}

/// What one lock file makes of the releases of crates that it needs mended.
async fn on(
    posted: &Arc<Posted>,
    state: &Arc<State>,
    moment: Timestamp,
    entries: &Arc<Entries>,
) -> BTreeMap<CrateId, BTreeMap<Version, Verdict>> {
    let mut index: BTreeMap<CrateId, IndexFact> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let (posted, for_rule, known) = (Arc::clone(posted), Arc::clone(state), index.clone());
        let wanted = tokio::task::spawn_blocking(move || {
            let facts = facts_on(&posted, &for_rule, known, Recorded::default());
            security_fix::wanted(&facts, &for_rule.rules.policy, moment)
        });
        let wanted: std::collections::BTreeSet<CrateId> = wanted.await.unwrap_or_default();
        if wanted.is_empty() {
            break;
        }
        index.extend(facts_of(entries, wanted).await);
    }
    if index.is_empty() {
        return BTreeMap::new();
    }
    let crates: Vec<CrateId> = index.keys().cloned().collect();
    let mut recorded = Recorded::default();
    for crate_id in &crates {
        let Some(registry) = entries.name_of(crate_id).map(str::to_owned) else { continue };
        if let Ok(Known::Entry(entry)) = entries.get(&registry, &crate_id.name).await {
            recorded.crates.extend(entry.seen.recorded(crate_id).crates);
        }
    }
    let (for_births, for_state, known, of_births) =
        (Arc::clone(posted), Arc::clone(state), index.clone(), crates.clone());
    let births = tokio::task::spawn_blocking(move || {
        let facts = facts_on(&for_births, &for_state, known, Recorded::default());
        let judge = Judge::new(&facts, &for_state.rules.policy, &for_state.rules.approvals, moment);
        let missing = |id: &CrateId| Some(judge.missing_beside(&Beside::default(), id, judge.history(id)?));
        of_births.iter().filter_map(missing).flatten().collect()
    });
    index.extend(facts_of(entries, births.await.unwrap_or_default()).await);
    let (posted, state) = (Arc::clone(posted), Arc::clone(state));
    let judged = tokio::task::spawn_blocking(move || {
        let facts = facts_on(&posted, &state, index, recorded);
        let (policy, approvals) = rules_today(&state, moment);
        let judge = Judge::new(&facts, &policy, &approvals, moment);
        let of_crate = |crate_id: CrateId| {
            let history = judge.history(&crate_id)?;
            let fixes = history.outlines().filter_map(|outline| {
                let verdict = judge.verdict(&crate_id, history, outline);
                concerns_a_fix(&verdict).then(|| (outline.version.clone(), verdict))
            });
            let fixes: BTreeMap<Version, Verdict> = fixes.collect();
            (!fixes.is_empty()).then_some((crate_id, fixes))
        };
        crates.into_iter().filter_map(of_crate).collect()
    });
    judged.await.unwrap_or_default()
}

/// The facts of the rule: the lock file that a fix would change, and nothing that is judged itself.
fn facts_on(posted: &Posted, state: &State, index: BTreeMap<CrateId, IndexFact>, recorded: Recorded) -> Facts {
    let locked = posted.packages.iter().map(|package| &package.id.name);
    let names: Vec<_> = locked.chain(index.keys().map(|id| &id.name)).cloned().collect();
    let advisories: AdvisoryFact = state.advisories.about(&names);
    facts(Vec::new(), OldLock::Replaced(posted.packages.clone()), index, advisories, recorded)
}

fn concerns_a_fix(verdict: &Verdict) -> bool {
    use crate::model::verdict::Reason;
    match verdict {
        Verdict::Approved(basis) => matches!(basis, Basis::SecurityFix { .. } | Basis::Approval { .. }),
        Verdict::Quarantined(reasons) => {
            reasons.iter().any(|reason| matches!(reason, Reason::TooNew { fix: Some(_), .. }))
        }
        Verdict::Local | Verdict::Rejected(_) => false,
    }
}
