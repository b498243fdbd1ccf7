//! Fetches, judges and filters: everything that cargo is shown goes through here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use memchr::memmem;
use rayon::prelude::*;
use semver::Version;
use serde::Deserialize;
use tokio::sync::mpsc::UnboundedReceiver;

use super::closure::{Closure, Root};
use super::filtered_index::{FilteredIndex, Question};
use crate::model::crate_name::{CrateName, is_same};
use crate::model::evaluation::IndexGap;
use crate::model::facts::{Beside, IndexFact};
use crate::model::finding::Inspections;
use crate::model::history::History;
use crate::model::package::CrateId;
use crate::model::resolution::{Hidden, Versions, View};
use crate::model::source::Registry;
use crate::policy::deleted::Deleted;
use crate::policy::judge::Judge;
use crate::policy::other_bytes::OtherBytes;
use crate::policy::visible::{Filtered, filtered_lines};

/// Where index entries come from.
pub(crate) trait Upstream: Sync {
    /// The entry of every crate in `crates`; one that is missing from the answer counts as unavailable.
    fn read(&self, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact>;

    /// What is inside young releases of these crates, where the policy asks for that and their archives are at hand.
    fn inspected(&self, entries: &BTreeMap<CrateId, IndexFact>) -> Inspections;
}

/// A crate whose entry could not be had. What cargo decides without it must not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) crate_id: CrateId,
    pub(crate) cause: IndexGap,
}

/// Joins the judge, the registries and the filtered index for one run.
pub(crate) struct Filter<'j> {
    judge: &'j Judge<'j>,
    upstream: &'j dyn Upstream,
    index: Arc<FilteredIndex>,
    locked: Versions,
    /// Locked releases that upstream does not have any more.
    deleted: BTreeMap<CrateId, Vec<Deleted>>,
    /// Locked releases of which upstream has another checksum.
    other_bytes: BTreeMap<CrateId, Vec<OtherBytes>>,
    /// The registries that cargo asks here and nowhere else, once that is settled.
    served: OnceLock<BTreeSet<Registry>>,
    seen: Mutex<Seen>,
    /// Entries that cargo was not led to: how old the crates are that young releases begin to depend on. And what is inside releases.
    beside: RwLock<Beside>,
    looking: RwLock<Looking<'j>>,
}

/// How the world is looked at while a cargo runs.
#[derive(Default)]
struct Looking<'j> {
    view: View,
    /// The crates that cargo looks up by themselves.
    looked_up: HashSet<CrateName>,
    /// Of another moment.
    judge: Option<Judge<'j>>,
}

#[derive(Default)]
struct Seen {
    closure: Closure,
    facts: BTreeMap<CrateId, IndexFact>,
    hidden: BTreeMap<CrateId, Vec<Hidden>>,
    /// By crate, a registry that releases of it lead to and that is not served.
    withheld: BTreeMap<CrateId, Registry>,
    gaps: Vec<Gap>,
}

/// What filtering made of one entry.
enum Taken {
    /// With a registry that releases lead to which are therefore not shown.
    Shown(Arc<History>, Filtered, Option<Registry>),
    Absent(IndexFact),
}

impl<'j> Filter<'j> {
    /// A filter that shows what `judge` approves.
    pub(crate) fn new(
        judge: &'j Judge<'j>,
        upstream: &'j dyn Upstream,
        index: Arc<FilteredIndex>,
        locked: Versions,
    ) -> Self {
        Self {
            judge,
            upstream,
            index,
            locked,
            deleted: BTreeMap::new(),
            other_bytes: BTreeMap::new(),
            served: OnceLock::new(),
            seen: Mutex::default(),
            beside: RwLock::default(),
            looking: RwLock::default(),
        }
    }

    /// The same with locked releases that upstream does not have any more, and that a view may keep.
    #[must_use]
    pub(crate) fn with_deleted(self, deleted: BTreeMap<CrateId, Vec<Deleted>>) -> Self {
        Self { deleted, ..self }
    }

    /// The same with locked releases of which upstream has another checksum.
    #[must_use]
    pub(crate) fn with_other_bytes(self, other_bytes: BTreeMap<CrateId, Vec<OtherBytes>>) -> Self {
        Self { other_bytes, ..self }
    }

    /// Filters the entries that are at hand, and then fetches, batch by batch, all that the requirements lead to.
    pub(crate) fn prefetch(&self, at_hand: BTreeMap<CrateId, IndexFact>, roots: impl IntoIterator<Item = Root>) {
        self.seen().closure.add(roots);
        self.take(at_hand);
        self.complete();
    }

    /// Settles which registries cargo asks here. Any other it would ask itself, so that releases that lead there are shown no more.
    pub(crate) fn settle(&self, served: BTreeSet<Registry>) {
        let served = self.served.get_or_init(|| served);
        let leads_elsewhere = |fact: &IndexFact| match fact {
            IndexFact::Read(history) => history.lines().any(|line| unserved_registry(line, served).is_some()),
            IndexFact::Gone | IndexFact::Unavailable(_) => false,
        };
        self.take(self.facts().into_iter().filter(|(_, fact)| leads_elsewhere(fact)).collect());
    }

    /// By crate, a registry that releases of it lead to and that cargo would ask itself; they are not shown.
    pub(crate) fn withheld(&self) -> BTreeMap<CrateId, Registry> {
        self.seen().withheld.clone()
    }

    /// Fetches one entry, unless that was done.
    pub(crate) fn ask(&self, id: &CrateId) {
        if !self.seen().facts.contains_key(id) {
            let read = self.read(&BTreeSet::from([id.clone()]));
            self.take(read);
        }
    }

    /// Answers questions until no more can come. Questions that wait together are fetched together.
    pub(crate) fn serve(&self, mut questions: UnboundedReceiver<Question>) {
        while let Some(first) = questions.blocking_recv() {
            let mut asked = vec![first];
            while let Ok(next) = questions.try_recv() {
                asked.push(next);
            }
            asked.retain(|question| self.index.get(&question.registry, &question.name).is_none());
            let wanted: BTreeSet<CrateId> = asked.iter().map(crate_id).collect();
            if !wanted.is_empty() {
                let read = self.read(&wanted);
                self.take(read);
            }
            // Cargo goes on while what it will ask next is being fetched.
            drop(asked);
            self.complete();
        }
    }

    /// From the next view on, what is kept of these crates is not shown as yanked. `cargo add` looks up what it is given without a thought
    /// of the lock file: it would say that a crate does not exist of which everything is yanked, also one that the manifest has. Nothing
    /// else can come of it than that the locked release stays.
    pub(crate) fn look_up(&self, crates: HashSet<CrateName>) {
        self.looking.write().unwrap_or_else(PoisonError::into_inner).looked_up = crates;
    }

    /// Shows the next cargo what this view has. No cargo may be running.
    pub(crate) fn look(&self, mut view: View) {
        let mut looking = self.looking.write().unwrap_or_else(PoisonError::into_inner);
        let looked_up = |id: &CrateId| looking.looked_up.contains(&id.name.clone().into());
        let (found, kept): (Versions, Versions) = view.kept.into_iter().partition(|(id, _)| looked_up(id));
        for (id, versions) in found {
            view.shown.entry(id).or_default().extend(versions);
        }
        view.kept = kept;
        let widely = looking.view.differs_widely(&view);
        let differs = looking.view.difference(&view);
        if looking.view.at != view.at {
            looking.judge = view.at.map(|at| self.judge.as_of(at));
        }
        looking.view = view;
        drop(looking);
        let is_concerned = |id: &CrateId| widely || differs.contains(id);
        let facts = self.facts().into_iter();
        let is_known = |fact: &IndexFact| matches!(fact, IndexFact::Read(_) | IndexFact::Gone);
        self.take(facts.filter(|(id, fact)| is_known(fact) && is_concerned(id)).collect());
        self.complete();
    }

    /// Why the policy hides a release, whatever the view.
    pub(crate) fn hides(&self, crate_id: &CrateId, version: &Version) -> Option<Hidden> {
        self.seen().hidden.get(crate_id)?.iter().find(|hidden| hidden.version == *version).cloned()
    }

    /// Everything that the policy hides, by crate.
    pub(crate) fn hidden(&self) -> BTreeMap<CrateId, Vec<Hidden>> {
        self.seen().hidden.clone()
    }

    /// Every entry that was read.
    pub(crate) fn facts(&self) -> BTreeMap<CrateId, IndexFact> {
        self.seen().facts.clone()
    }

    /// The crates of which nothing could be learned, but for other spellings of a known name that no cache has: a cargo that finds nothing
    /// under one spelling asks for the others, which need not exist.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let seen = self.seen();
        let is_known = |gap: &Gap| {
            let read = seen.facts.iter().filter(|(_, fact)| matches!(fact, IndexFact::Read(_)));
            let mut same = read.filter(|(id, _)| is_same(&id.name, &gap.crate_id.name));
            same.any(|(id, _)| id.registry == gap.crate_id.registry)
        };
        let is_guess =
            |gap: &Gap| gap.cause == IndexGap::NotCached && !self.locked.contains_key(&gap.crate_id) && is_known(gap);
        seen.gaps.iter().filter(|gap| !is_guess(gap)).cloned().collect()
    }

    /// The same, and those that were read to judge by beside them.
    pub(crate) fn entries(&self) -> BTreeMap<CrateId, IndexFact> {
        let mut all = self.beside.read().unwrap_or_else(PoisonError::into_inner).index.clone();
        all.extend(self.facts());
        all
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complete(&self) {
        loop {
            let wanted = self.seen().closure.wanted();
            if wanted.is_empty() {
                return;
            }
            let read = self.read(&wanted);
            self.take(read);
        }
    }

    fn read(&self, wanted: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
        let mut read = self.upstream.read(wanted);
        for id in wanted {
            let silent = || IndexFact::Unavailable(IndexGap::Failed(String::from("nobody answered for it")));
            read.entry(id.clone()).or_insert_with(silent);
        }
        read
    }

    fn filtered(&self, id: &CrateId, history: &History, looking: &Looking<'_>) -> Filtered {
        let none = BTreeSet::new();
        let locked = self.locked.get(id).unwrap_or(&none);
        let beside = self.beside.read().unwrap_or_else(PoisonError::into_inner);
        let by = |judge: &Judge<'_>| filtered_lines(judge, &beside, id, history, locked, &looking.view);
        match &looking.judge {
            None => by(self.judge),
            Some(other) => Filtered { hidden: by(self.judge).hidden, ..by(other) },
        }
    }

    /// Leaves out the releases that lead cargo to a registry that is not served, and gives one such registry.
    fn without_elsewhere(&self, mut filtered: Filtered) -> (Filtered, Option<Registry>) {
        let Some(served) = self.served.get().filter(|_| may_name_registry(&filtered.lines)) else {
            return (filtered, None);
        };
        let mut withheld = None;
        let whole = std::mem::take(&mut filtered.lines);
        let versions = std::mem::take(&mut filtered.visible);
        for (line, version) in whole.split_inclusive(|byte| *byte == b'\n').zip(versions) {
            if let Some(registry) = unserved_registry(line, served) {
                withheld = Some(registry);
            } else {
                filtered.lines.extend_from_slice(line);
                filtered.visible.push(version);
            }
        }
        (filtered, withheld)
    }

    /// Reads how old the crates are that young releases of these begin to depend on, and looks into those whose archives are at hand.
    fn read_beside(&self, read: &BTreeMap<CrateId, IndexFact>) {
        let known = self.facts();
        let beside = self.beside.read().unwrap_or_else(PoisonError::into_inner).clone();
        let missing = |(id, fact): (&CrateId, &IndexFact)| match fact {
            IndexFact::Read(history) if !known.contains_key(id) => {
                let (id, history) = spelled_by_registry(id.clone(), Arc::clone(history));
                self.judge.missing_beside(&beside, &id, &history)
            }
            IndexFact::Read(_) | IndexFact::Gone | IndexFact::Unavailable(_) => BTreeSet::new(),
        };
        let mut wanted: BTreeSet<CrateId> = read.par_iter().flat_map_iter(missing).collect();
        wanted.retain(|id| !read.contains_key(id) && !known.contains_key(id));
        let mut found: BTreeMap<CrateId, IndexFact> =
            if wanted.is_empty() { BTreeMap::new() } else { self.read(&wanted) };
        // What these and earlier batches have is no less at hand.
        found.extend(read.iter().chain(&known).map(|(id, fact)| (id.clone(), fact.clone())));
        let inspections = self.inspected(read);
        let mut beside = self.beside.write().unwrap_or_else(PoisonError::into_inner);
        beside.index.extend(found);
        beside.inspections.extend(inspections);
    }

    fn inspected(&self, read: &BTreeMap<CrateId, IndexFact>) -> Inspections {
        if !self.judge.policy.quarantine.inspect {
            return Inspections::default();
        }
        let spelled = |(id, fact): (&CrateId, &IndexFact)| match fact {
            IndexFact::Read(history) => {
                let (id, history) = spelled_by_registry(id.clone(), Arc::clone(history));
                Some((id, IndexFact::Read(history)))
            }
            IndexFact::Gone | IndexFact::Unavailable(_) => None,
        };
        self.upstream.inspected(&read.iter().filter_map(spelled).collect())
    }

    /// Judges and filters entries and puts what may be seen into the filtered index.
    fn take(&self, read: BTreeMap<CrateId, IndexFact>) {
        self.read_beside(&read);
        // Until all of it is in the index, so that no older view's lines take the place of a newer one's.
        let looking = self.looking.read().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<(CrateId, Taken)> = read
            .into_par_iter()
            .map(|(id, fact)| match fact {
                IndexFact::Read(history) => {
                    let (id, history) = spelled_by_registry(id, history);
                    let mut filtered = self.filtered(&id, &history, &looking);
                    for other in self.other_bytes.get(&id).into_iter().flatten() {
                        other.apply(&id, &looking.view, &mut filtered);
                    }
                    let (filtered, withheld) = self.without_elsewhere(filtered);
                    (id, Taken::Shown(history, filtered, withheld))
                }
                gone @ (IndexFact::Gone | IndexFact::Unavailable(_)) => (id, Taken::Absent(gone)),
            })
            .collect();
        let mut seen = self.seen();
        for (id, taken) in taken {
            match taken {
                Taken::Shown(history, Filtered { mut lines, visible, mut hidden }, withheld) => {
                    if let Some(registry) = withheld {
                        seen.withheld.insert(id.clone(), registry);
                    }
                    self.add_deleted(&id, &looking.view, &mut lines, &mut hidden);
                    self.index.put(&id.registry, &id.name, lines);
                    seen.closure.learn(id.clone(), Arc::clone(&history), visible);
                    seen.hidden.insert(id.clone(), hidden);
                    seen.facts.insert(id, IndexFact::Read(history));
                }
                Taken::Absent(fact) => {
                    let (mut lines, mut hidden) = (Vec::new(), Vec::new());
                    if matches!(fact, IndexFact::Gone) {
                        self.add_deleted(&id, &looking.view, &mut lines, &mut hidden);
                    }
                    self.index.put(&id.registry, &id.name, lines);
                    seen.hidden.insert(id.clone(), hidden);
                    // What no registry can have, and what is not asked for, cargo does without.
                    if let IndexFact::Unavailable(cause) = &fact
                        && !matches!(cause, IndexGap::BadName | IndexGap::NotNamed)
                    {
                        seen.gaps.push(Gap { crate_id: id.clone(), cause: cause.clone() });
                    }
                    seen.facts.insert(id, fact);
                }
            }
        }
    }
}

impl Filter<'_> {
    fn add_deleted(&self, id: &CrateId, view: &View, lines: &mut Vec<u8>, hidden: &mut Vec<Hidden>) {
        for deleted in self.deleted.get(id).into_iter().flatten() {
            hidden.push(deleted.hidden.clone());
            if view.kept.get(id).is_some_and(|kept| kept.contains(&deleted.hidden.version)) {
                lines.extend_from_slice(&deleted.line);
                lines.push(b'\n');
            }
        }
    }
}

fn crate_id(question: &Question) -> CrateId {
    CrateId { registry: question.registry.clone(), name: question.name.as_str().into() }
}

/// A crate that was asked for in lower case, by its own spelling: its lines are read by that name and no other.
fn spelled_by_registry(id: CrateId, history: Arc<History>) -> (CrateId, Arc<History>) {
    #[derive(Deserialize)]
    struct Name {
        name: String,
    }
    if id.name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return (id, history);
    }
    let first = history.lines().next().and_then(|line| serde_json::from_slice::<Name>(line).ok());
    match first {
        Some(Name { name }) if *name != *id.name && name.to_lowercase() == *id.name => {
            let text = history.lines().collect::<Vec<_>>().join(&b'\n');
            let history = History::from_lines(&name, text, history.standing());
            (CrateId { name: name.into(), ..id }, Arc::new(history))
        }
        Some(_) | None => (id, history),
    }
}

#[derive(Deserialize)]
struct LineDependencies {
    #[serde(default)]
    deps: Vec<LineDependency>,
}

#[derive(Deserialize)]
struct LineDependency {
    #[serde(default)]
    registry: Option<String>,
}

/// Whether any line of this text could name a registry: nearly none does, and need not be read. A key may be written with escapes.
fn may_name_registry(text: &[u8]) -> bool {
    memmem::find(text, b"\"registry\"").is_some() || memmem::find(text, b"\\u").is_some()
}

/// A registry that the line leads cargo to and that is not among `served`. An address that is none leads nowhere: cargo skips the line.
fn unserved_registry(line: &[u8], served: &BTreeSet<Registry>) -> Option<Registry> {
    if !may_name_registry(line) {
        return None;
    }
    let read: LineDependencies = serde_json::from_slice(line).ok()?;
    let named = read.deps.iter().filter_map(|dependency| Registry::parse(dependency.registry.as_deref()?).ok());
    named.into_iter().find(|registry| !served.contains(registry))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::unserved_registry;
    use crate::model::source::Registry;

    #[test]
    fn what_is_not_served_is_found_however_it_is_written() {
        let Ok(there) = Registry::parse("sparse+https://there.example/index/") else { panic!("a registry") };
        let line = |dependency: &str| format!(r#"{{"name":"a","vers":"1.0.0","deps":[{{"name":"b",{dependency}}}]}}"#);
        let none = BTreeSet::new();
        for key in ["registry", r"registr\u0079"] {
            let led = line(&format!(r#""{key}":"sparse+https://there.example/index/""#));
            assert_eq!(unserved_registry(led.as_bytes(), &none), Some(there.clone()), "{led}");
            assert_eq!(unserved_registry(led.as_bytes(), &BTreeSet::from([there.clone()])), None, "{led}");
        }
        assert_eq!(unserved_registry(line(r#""registry":null"#).as_bytes(), &none), None);
        assert_eq!(unserved_registry(b"no line", &none), None);
    }
}
