//! What a team may have of a crate: the rules of `policy/`, asked about every release of its index file, and remembered for as long as the
//! answer cannot be another one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use super::alarms::{Alarm, Alarms};
use super::entries::{Away, Entries, Entry, Known};
use super::facts::{fact_of, facts, facts_of, rules_today};
use super::grounds::{Grounds, GroundsOf};
use super::index::{IndexFile, lines};
use super::memory::Memory;
use super::moment::Moment;
use super::ruling::Ruling;
use super::store::digest_of;
use super::team::{State, Team};
use crate::model::checksum::Checksum;
use crate::model::facts::{Beside, Facts, IndexFact, OldLock};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::verdict::{Reason, Reasons, Verdict};
use crate::policy::evaluate::lasts_until;
use crate::policy::judge::Judge;

/// An answer is worked out anew at least so often.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// And so often where something could not be had.
const SOON: SignedDuration = SignedDuration::from_mins(1);
/// Between the machine's clock and a registry's.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// What was decided about all releases of one crate.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) entry: Arc<Entry>,
    /// What it was decided by.
    pub(crate) state: Arc<State>,
    /// The moment that was judged by.
    pub(crate) moment: Timestamp,
    /// From when on it may be another one.
    until: Timestamp,
    /// In the order of the index file; behind them the releases that are gone and may stay.
    pub(crate) rulings: Vec<Ruling>,
    /// The digest of what is shown to cargo of it; `None` where that is nothing.
    shown: Option<Checksum>,
}

/// What a decision and its place cost, and one release in it.
const OVERHEAD: u64 = 1024;
const RULING: u64 = size_of::<Ruling>() as u64 + 128;

impl Decided {
    /// What was decided about one release.
    pub(crate) fn ruling(&self, version: &Version) -> Option<&Ruling> {
        self.rulings.iter().find(|ruling| ruling.outline.version == *version)
    }

    /// The same about these bytes of it.
    pub(crate) fn ruling_of(&self, version: &Version, checksum: Checksum) -> Option<&Ruling> {
        self.rulings.iter().find(|one| one.outline.version == *version && one.outline.checksum == checksum)
    }

    /// Whether a posted lock file has these bytes, which are those that the registry had first, whatever it has now.
    pub(crate) fn keeps(&self, version: &Version, checksum: Checksum) -> bool {
        let seen = self.entry.seen.releases.get(version);
        seen.is_some_and(|seen| seen.checksum == checksum)
            && self.state.locks.keep(&self.entry.crate_id, version, checksum)
            && !self.ruling(version).is_some_and(Ruling::is_malicious)
    }

    /// The newest release that the team may take up; one that is not a pre-release, where there is one.
    pub(crate) fn newest_approved(&self) -> Option<&Version> {
        let approved = self.rulings.iter().filter(|one| one.is_approved() && !one.outline.yanked);
        approved.map(|one| &one.outline.version).max_by_key(|version| (version.pre.is_empty(), *version))
    }
}

/// What somebody asked about before.
#[derive(Debug)]
pub(crate) struct Remembered {
    pub(crate) registry: Arc<str>,
    /// In lower case.
    pub(crate) name: Arc<str>,
    pub(crate) decided: Arc<Decided>,
    /// Whether it would be decided so again.
    pub(crate) holds: bool,
}

/// Decides for all teams.
#[derive(Debug)]
pub(crate) struct Decider {
    pub(crate) entries: Arc<Entries>,
    moment: Moment,
    alarms: Arc<Alarms>,
    /// What each team asked about. Nobody learns from it what another team did.
    asked: Memory<Name, Weak<Decided>>,
    /// Teams with the same rules and advisories, and without lock files of their own, are told the same.
    memory: Memory<Basis, Arc<Decided>>,
    /// By their digests: most files have no line that any team holds.
    files: Arc<Memory<Checksum, Arc<IndexFile>>>,
    grounds: GroundsOf,
}

/// The digest of the rules, the team where it has posted lock files, registry, crate.
type Basis = (Checksum, Option<Arc<str>>, Arc<str>, Arc<str>);

fn basis(team: &Team, state: &State, registry: &str, name: &str) -> Basis {
    let own = (!state.locks.projects.is_empty()).then(|| Arc::from(&*team.name));
    (state.rules.digest, own, Arc::from(registry), Arc::from(name))
}

/// What is decided about a crate, and the file that cargo is shown of it, where it is shown any.
pub(crate) type Shown = (Arc<Decided>, Option<Arc<IndexFile>>);

/// Team, registry, crate.
type Name = (Arc<str>, Arc<str>, Arc<str>);

impl Decider {
    pub(crate) fn new(entries: Arc<Entries>, moment: Moment, alarms: Arc<Alarms>, room: u64) -> Self {
        let (asked, memory, files) = (Memory::new(room / 4), Memory::new(room / 2), Arc::new(Memory::new(room)));
        Self { entries, moment, alarms, asked, memory, files, grounds: GroundsOf::default() }
    }

    /// What is decided about a crate for a team and what cargo is shown of it, where that needs nobody's answer and no work.
    pub(crate) fn at_hand(&self, team: &Team, registry: &str, name: &str) -> Option<Shown> {
        let Some(Known::Entry(entry)) = self.entries.at_hand(registry, name) else { return None };
        let decided = self.remembered(team, registry, name, &entry)?;
        let file = match decided.shown {
            Some(digest) => Some(self.files.get(&digest)?.0),
            None => None,
        };
        Some((decided, file))
    }

    /// The same however much work it is.
    pub(crate) async fn show(&self, team: &Team, registry: &str, name: &str) -> Result<Option<Shown>, Away> {
        let Some(decided) = self.decide(team, registry, name).await? else { return Ok(None) };
        let Some(digest) = decided.shown else { return Ok(Some((decided, None))) };
        if let Some((file, _)) = self.files.get(&digest) {
            return Ok(Some((decided, Some(file))));
        }
        let (of, files) = (Arc::clone(&decided), Arc::clone(&self.files));
        let made = tokio::task::spawn_blocking(move || keep(&files, lines(&of.entry, &of.rulings), digest)).await;
        let file = made.map_err(|_| Away { cause: format!("`{name}` could not be shown") })?;
        Ok(Some((decided, Some(file))))
    }

    /// What a team asked about, as far as it is remembered.
    pub(crate) fn asked(&self, team: &Team) -> Vec<Remembered> {
        let (state, now) = (team.state(), self.moment.now());
        let all = self.asked.all().into_iter();
        let asked =
            all.filter(|((whose, ..), _)| **whose == *team.name).filter_map(|((_, registry, name), decided)| {
                let decided = decided.upgrade()?;
                let holds = decided.state.says_as(&state) && now < decided.until && now >= decided.moment;
                Some(Remembered { registry, name, decided, holds })
            });
        asked.collect()
    }

    fn remembered(&self, team: &Team, registry: &str, name: &str, entry: &Entry) -> Option<Arc<Decided>> {
        let (state, now) = (team.state(), self.moment.now());
        let (decided, _) = self.memory.get(&basis(team, &state, registry, name))?;
        let same =
            decided.state.says_as(&state) && decided.entry.digest == entry.digest && decided.entry.stale == entry.stale;
        let holds = same && now < decided.until && now >= decided.moment;
        holds.then(|| {
            self.note(team, registry, name, &decided);
            decided
        })
    }

    /// A team asked about this.
    fn note(&self, team: &Team, registry: &str, name: &str, decided: &Arc<Decided>) {
        let name: Name = (Arc::from(&*team.name), Arc::from(registry), Arc::from(name));
        let is_noted =
            self.asked.get(&name).is_some_and(|(noted, _)| std::ptr::eq(noted.as_ptr(), Arc::as_ptr(decided)));
        if !is_noted {
            self.asked.put(name, Arc::downgrade(decided), OVERHEAD / 4);
        }
    }

    /// What is decided about a crate for a team; `None` where there is no such crate.
    pub(crate) async fn decide(&self, team: &Team, registry: &str, name: &str) -> Result<Option<Arc<Decided>>, Away> {
        let name = name.to_lowercase();
        let entry = match self.entries.get(registry, &name).await? {
            Known::Entry(entry) => entry,
            Known::Absent => return Ok(None),
        };
        if let Some(decided) = self.remembered(team, registry, &name, &entry) {
            return Ok(Some(decided));
        }
        let (state, now) = (team.state(), self.moment.now());
        if let Some(cause) = state.advisories.fault(&state.rules.policy, now) {
            self.alarms.raise(Alarm::Advisories { team: team.name.clone(), cause });
        }
        let moment = self.moment_of(&entry, registry, &state, now);
        let grounds = self.grounds.of(team, &state, moment.unwrap_or(now), &self.entries).await;
        let beside = match moment {
            Some(moment) => self.beside(&entry, &state, moment).await,
            None => BTreeMap::new(),
        };
        let (files, by) = (Arc::clone(&self.files), Arc::clone(&state));
        let decided = tokio::task::spawn_blocking(move || {
            let mut decided = decided(entry, by, (now, moment), &grounds, beside);
            let lines = lines(&decided.entry, &decided.rulings);
            if !lines.is_empty() {
                let digest = digest_of(&lines);
                keep(&files, lines, digest);
                decided.shown = Some(digest);
            }
            decided
        });
        let decided = Arc::new(decided.await.map_err(|_| Away { cause: format!("`{name}` could not be judged") })?);
        let weight = OVERHEAD + RULING * decided.rulings.len() as u64;
        self.memory.put(basis(team, &state, registry, &name), Arc::clone(&decided), weight);
        self.note(team, registry, &name, &decided);
        Ok(Some(decided))
    }

    /// The moment to judge by: the earlier of the machine's clock and the registry's, and no later than the advisories allow.
    fn moment_of(&self, entry: &Entry, registry: &str, state: &State, now: Timestamp) -> Option<Timestamp> {
        let behind = if matches!(self.moment, Moment::Fixed(_)) { SignedDuration::ZERO } else { entry.clock_behind() };
        if behind > TOLERANCE {
            let seconds = behind.unsigned_abs().as_secs();
            self.alarms.raise(Alarm::Clock { registry: registry.to_owned(), seconds });
        }
        let now = now.checked_sub(behind).unwrap_or(Timestamp::MIN);
        state.advisories.decides_at(&state.rules.policy, now)
    }

    /// The entries of crates that young releases begin to depend on: how old those are.
    async fn beside(&self, entry: &Arc<Entry>, state: &Arc<State>, moment: Timestamp) -> BTreeMap<CrateId, IndexFact> {
        let Some(history) = entry.history.clone() else { return BTreeMap::new() };
        let (of_entry, state) = (Arc::clone(entry), Arc::clone(state));
        let wanted = tokio::task::spawn_blocking(move || {
            let facts = facts_about(&of_entry, &state, BTreeMap::new());
            let (policy, approvals) = (&state.rules.policy, &state.rules.approvals);
            Judge::new(&facts, policy, approvals, moment).missing_beside(
                &Beside::default(),
                &of_entry.crate_id,
                &history,
            )
        });
        facts_of(&self.entries, wanted.await.unwrap_or_default()).await
    }
}

/// Facts without a lock file of their own.
fn facts_about(entry: &Entry, state: &State, beside: BTreeMap<CrateId, IndexFact>) -> Facts {
    let mut index = beside;
    index.insert(entry.crate_id.clone(), fact_of(entry));
    let advisories = state.advisories.about([&entry.crate_id.name]);
    let recorded = entry.seen.recorded(&entry.crate_id);
    facts(state.locks.packages.clone(), OldLock::Unknown, index, advisories, recorded)
}

/// Judges every release of a crate. Without a moment nothing can be decided.
fn decided(
    entry: Arc<Entry>,
    state: Arc<State>,
    (now, moment): (Timestamp, Option<Timestamp>),
    grounds: &Grounds,
    beside: BTreeMap<CrateId, IndexFact>,
) -> Decided {
    let is_whole = beside.values().all(|fact| !matches!(fact, IndexFact::Unavailable(_)));
    let facts = facts_about(&entry, &state, beside);
    let (policy, approvals) = rules_today(&state, now);
    let crate_id = &entry.crate_id;
    let judge = moment.map(|moment| Judge::new(&facts, &policy, &approvals, moment));
    let mut rulings = Vec::new();
    if let Some(history) = &entry.history {
        for outline in one_line_each(history) {
            if let Some(changed) = changed(&entry, &state, outline) {
                rulings.push(changed);
                continue;
            }
            let verdict = judge.as_ref().map(|judge| {
                let verdict = judge.verdict(crate_id, history, outline);
                milder(verdict, grounds.verdict(crate_id, &outline.version))
            });
            let locked = state.locks.keep(crate_id, &outline.version, outline.checksum);
            rulings.push(Ruling { outline: outline.clone(), verdict, locked, kept: None });
        }
    }
    rulings.extend(gone_and_locked(&entry, &state));
    let last = |moment: Timestamp| {
        let changes = rulings.iter().filter_map(Ruling::eligible_at).filter(|at| *at > moment);
        changes.chain([lasts_until(&facts, &policy, &approvals, moment), grounds.until]).min().unwrap_or(Timestamp::MAX)
    };
    let longest = if is_whole && moment.is_some() { LONGEST } else { SOON };
    let latest = now.checked_add(longest).unwrap_or(Timestamp::MAX);
    let soon = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    // A registry's clock that is behind tells later what this one's would have told.
    let until = moment.map_or(latest, last).min(latest).max(soon);
    Decided { moment: moment.unwrap_or(now), entry, state, until, rulings, shown: None }
}

/// The file of these lines, which is made where it is not remembered.
fn keep(files: &Memory<Checksum, Arc<IndexFile>>, lines: Vec<u8>, digest: Checksum) -> Arc<IndexFile> {
    if let Some((file, _)) = files.get(&digest) {
        return file;
    }
    let file = Arc::new(IndexFile::of(lines, digest));
    files.put(digest, Arc::clone(&file), file.weight());
    file
}

/// The readable releases, each once. Of a version with two lines that differ nobody can tell which is the release.
fn one_line_each(history: &History) -> impl Iterator<Item = &Outline> {
    let mut seen = BTreeSet::new();
    history.outlines().filter(move |outline| seen.insert(&outline.version) && history.line(&outline.version).is_ok())
}

/// What is decided of a release of which its registry says otherwise now: nobody takes it up anew, and whoever has locked what it was keeps
/// that, by the line that it had. `None` where it is what it was. Other bytes that nobody has locked before are judged as they are.
fn changed(entry: &Entry, state: &State, outline: &Outline) -> Option<Ruling> {
    let seen = entry.seen.releases.get(&outline.version)?;
    let changed = seen.changed.as_ref()?;
    let locked = state.locks.keep(&entry.crate_id, &outline.version, seen.checksum);
    let what = match seen.checksum == outline.checksum {
        true => "other dependencies or features",
        false if locked => "another checksum",
        false => return None,
    };
    let cause = format!("its registry gives it {what} than before; it was first seen otherwise, at {}", seen.first);
    let reason = Reason::IndexEntryUnreadable { cause };
    let line = changed.line.as_deref();
    let first = line.and_then(|line| Outline::parse(&entry.crate_id.name, line.as_bytes()).ok());
    match first.filter(|first| first.checksum == seen.checksum) {
        Some(first) => Some(kept(entry, state, (first, line), (reason, locked))),
        // What its line was nobody knows, and what it is nobody believes.
        None if seen.checksum == outline.checksum => {
            Some(kept(entry, state, (outline.clone(), None), (reason, locked)))
        }
        None => None,
    }
}

/// A release that is not what it was, or not there: rejected, whatever advisories say beside.
fn kept(
    entry: &Entry,
    state: &State,
    (outline, line): (Outline, Option<&str>),
    (reason, locked): (Reason, bool),
) -> Ruling {
    let facts = facts_about(entry, state, BTreeMap::new());
    let first = entry.seen.releases.get(&outline.version).map_or(Timestamp::MIN, |seen| seen.first);
    let evidence = crate::policy::evidence::Evidence::new(&facts, &state.rules.policy, first);
    let mut findings = crate::policy::findings::Findings::default();
    evidence.add_advisories(&entry.crate_id, &outline.version, &mut findings);
    let verdict = Some(Verdict::Rejected(Reasons::of(reason, findings.reasons)));
    Ruling { outline, verdict, locked, kept: line.map(Arc::from) }
}

/// Releases that their registry does not have any more, and that a posted lock file has.
fn gone_and_locked(entry: &Entry, state: &State) -> Vec<Ruling> {
    let of = |line: &str| Outline::parse(&entry.crate_id.name, line.as_bytes()).ok();
    let gone = entry.seen.releases.iter().filter_map(|(version, seen)| Some((version, seen, seen.deleted.as_ref()?)));
    gone.filter(|(version, seen, _)| state.locks.keep(&entry.crate_id, version, seen.checksum))
        .filter_map(|(_, seen, deleted)| {
            let outline = of(&deleted.line).filter(|outline| outline.checksum == seen.checksum)?;
            Some(kept(entry, state, (outline, Some(&deleted.line)), (Reason::NotInIndex, true)))
        })
        .collect()
}

/// A release may be a fix on the ground of some lock file, where nothing but its age stands against it.
fn milder(verdict: Verdict, on_ground: Option<&Verdict>) -> Verdict {
    let (Verdict::Quarantined(held), Some(on_ground)) = (&verdict, on_ground) else { return verdict };
    if !held.iter().all(|reason| matches!(reason, Reason::TooNew { .. })) {
        return verdict;
    }
    match on_ground {
        Verdict::Approved(_) => on_ground.clone(),
        Verdict::Quarantined(fix) if fix.eligible_at() < held.eligible_at() => on_ground.clone(),
        Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_) => verdict,
    }
}
