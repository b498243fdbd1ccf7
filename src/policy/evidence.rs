//! What releases are held against, and what is looked up in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::advisory;
use super::chronology::{Advised, Chronology};
use super::look_alike::KnownNames;
use crate::model::advisory::AdvisoryKind;
use crate::model::crate_name::canonical;
use crate::model::facts::{Beside, Facts, IndexFact, OldLock};
use crate::model::finding::LookedInto;
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::{CrateId, Package};
use crate::model::policy::Policy;
use crate::model::signal::Imitated;
use crate::model::source::Source;

/// What releases are held against.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The world as it was read.
    pub facts: &'a Facts,
    /// What a release must be.
    pub policy: &'a Policy,
    /// The moment to judge by.
    pub now: Timestamp,
    /// The UTC day of that moment.
    pub today: Date,
    /// What was learned since: entries for what is asked about the dependencies of other crates' releases, and what is inside archives.
    beside: Option<&'a Beside>,
    /// The names that a young crate can be taken for, once somebody asks.
    names: Arc<OnceLock<KnownNames>>,
    chronologies: Chronologies,
    /// What is locked, or was, once somebody asks.
    locked: Arc<OnceLock<Locked>>,
}

/// What the lock file has, and the one before it.
#[derive(Debug, Default)]
struct Locked {
    releases: BTreeMap<CrateId, BTreeSet<Version>>,
    /// Those of the base alone.
    of_base: BTreeMap<CrateId, BTreeSet<Version>>,
    /// Where packages come from, by the canonical form of their name, in the lock files' order.
    sources: BTreeMap<String, Vec<Source>>,
}

/// The crates' releases in the order in which they came, as far as somebody asked.
type Chronologies = Arc<Mutex<BTreeMap<CrateId, Arc<OnceLock<Arc<Chronology>>>>>>;

impl<'a> Evidence<'a> {
    /// What is known, and the moment to judge by.
    #[must_use]
    pub fn new(facts: &'a Facts, policy: &'a Policy, now: Timestamp) -> Self {
        let today = TimeZone::UTC.to_datetime(now).date();
        Self {
            facts,
            policy,
            now,
            today,
            beside: None,
            names: Arc::default(),
            chronologies: Arc::default(),
            locked: Arc::default(),
        }
    }

    /// The same at another moment.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { now, today: TimeZone::UTC.to_datetime(now).date(), ..self.clone() }
    }

    /// The same with what was learned since.
    #[must_use]
    pub(super) fn beside(self, learned: &'a Beside) -> Self {
        Self { beside: Some(learned), ..self }
    }

    /// What the index said of a crate that another one depends on.
    #[must_use]
    pub(super) fn entry(&self, crate_id: &CrateId) -> Option<&'a IndexFact> {
        self.facts.index.get(crate_id).or_else(|| self.beside?.index.get(crate_id))
    }

    /// What was seen inside a release; `None` where nobody looked.
    #[must_use]
    pub(super) fn inspected(&self, crate_id: &CrateId, release: &Outline) -> Option<&'a LookedInto> {
        let learned = self.beside.map(|beside| &beside.inspections);
        let mut all = [Some(&self.facts.inspections), learned].into_iter().flatten();
        all.find_map(|one| one.of(crate_id, &release.version, release.checksum))
    }

    /// What was locked before, where that is known beside the lock file that is judged.
    fn old_packages(&self) -> &'a [Package] {
        match &self.facts.old_lock {
            OldLock::Unknown | OldLock::Judged => &[],
            OldLock::Base(packages) | OldLock::Replaced(packages) => packages,
        }
    }

    fn locked(&self) -> &Locked {
        self.locked.get_or_init(|| {
            let mut locked = Locked::default();
            for one in self.facts.packages.iter().chain(self.old_packages()) {
                if let Some(crate_id) = one.id.crate_id() {
                    locked.releases.entry(crate_id).or_default().insert(one.id.version.clone());
                }
                let sources = locked.sources.entry(canonical(&one.id.name)).or_default();
                if !sources.contains(&one.id.source) {
                    sources.push(one.id.source.clone());
                }
            }
            if let OldLock::Base(packages) = &self.facts.old_lock {
                for one in packages {
                    if let Some(crate_id) = one.id.crate_id() {
                        locked.of_base.entry(crate_id).or_default().insert(one.id.version.clone());
                    }
                }
            }
            locked
        })
    }

    /// Whether a release is locked, or was.
    #[must_use]
    pub(super) fn is_locked(&self, crate_id: &CrateId, version: &Version) -> bool {
        self.locked().releases.get(crate_id).is_some_and(|versions| versions.contains(version))
    }

    /// Whether the base locks a release.
    #[must_use]
    pub(super) fn base_locks(&self, crate_id: &CrateId, version: &Version) -> bool {
        self.locked().of_base.get(crate_id).is_some_and(|versions| versions.contains(version))
    }

    /// What a crate can be taken for: a package of its name from elsewhere, or an established crate with nearly its name.
    #[must_use]
    pub(super) fn imitated(&self, crate_id: &CrateId, is_established: impl Fn(&CrateId) -> bool) -> Option<Imitated> {
        let packages = || self.facts.packages.iter().chain(self.old_packages());
        let own = Source::Registry(crate_id.registry.clone());
        let namesakes = self.locked().sources.get(&canonical(&crate_id.name)).into_iter().flatten();
        if let Some(elsewhere) = namesakes.into_iter().find(|source| **source != own) {
            return Some(Imitated::Twin { source: elsewhere.clone() });
        }
        let names = self.names.get_or_init(|| KnownNames::new(packages().map(|one| Arc::clone(&one.id.name))));
        let counts =
            |name: &Arc<str>| is_established(&CrateId { registry: crate_id.registry.clone(), name: Arc::clone(name) });
        let found = names.resembled_by(&crate_id.name, counts)?;
        Some(Imitated::Name { name: found.name, how: found.how })
    }

    /// The crate's index file, where there is one.
    #[must_use]
    pub fn history(&self, crate_id: &CrateId) -> Option<&'a History> {
        match self.facts.index.get(crate_id)? {
            IndexFact::Read(history) => Some(history),
            IndexFact::Gone | IndexFact::Unavailable(_) => None,
        }
    }

    /// A crate's releases in the order in which they came. It is prepared once for all who ask about the entry that was read.
    #[must_use]
    pub(super) fn chronology(&self, crate_id: &CrateId, history: &History) -> Arc<Chronology> {
        let advised = |version: &Version| {
            let kinds = advisory::hits(&self.facts.advisories, crate_id, version).map(|advisory| advisory.kind);
            kinds.fold(Advised::default(), |so_far, kind| Advised {
                malicious: so_far.malicious || kind == AdvisoryKind::Malicious,
                at_all: true,
            })
        };
        let prepared = || Arc::new(Chronology::of(history, advised, self.policy.signals.dormant_growth_gap));
        // Of another entry than this one nothing is remembered.
        if !self.history(crate_id).is_some_and(|own| std::ptr::eq(own, history)) {
            return prepared();
        }
        let cell = {
            let mut all = self.chronologies.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(crate_id.clone()).or_default())
        };
        Arc::clone(cell.get_or_init(prepared))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::Evidence;
    use crate::model::facts::{Beside, IndexFact, OldLock};
    use crate::policy::by_hand::{World, checksum, crates_io, now, package, version};

    /// What a resolution came upon is not among the facts that were read beforehand.
    #[test]
    fn what_was_learned_since_is_known_and_takes_nothing_elses_place() {
        let world = World::new().publish("early", "1.0.0", 90).publish("late", "1.0.0", 90);
        let (early, late) = (crates_io("early"), crates_io("late"));
        let mut facts = world.facts.clone();
        facts.index.remove(&late);
        let mut learned = Beside { index: world.facts.index.clone(), ..Beside::default() };
        learned.index.insert(early.clone(), IndexFact::Gone);
        learned.inspections.learn(late.clone(), version("1.0.0"), checksum("late@1.0.0"), None);

        let before = Evidence::new(&facts, &world.policy, now());
        let since = before.clone().beside(&learned);
        let Some(IndexFact::Read(history)) = since.entry(&late) else { panic!("it was learned") };
        let release = history.outline(&version("1.0.0")).unwrap().unwrap();
        assert!(since.inspected(&late, &release).is_some());
        assert!(matches!(since.entry(&early), Some(IndexFact::Read(_))));
        assert!(before.entry(&late).is_none() && before.inspected(&late, &release).is_none());
    }

    #[test]
    fn what_the_base_locks_is_told_from_what_the_change_locks() {
        let base = vec![package("old", "1.0.0"), package("both", "1.0.0")];
        let world = World::new().lock("both", "1.0.0", &["app"]).lock("new", "1.0.0", &["app"]);
        let world = world.with(|world| world.facts.old_lock = OldLock::Base(base));
        let evidence = Evidence::new(&world.facts, &world.policy, now());
        let is = |name: &str, number: &str| {
            let (crate_id, version) = (crates_io(name), version(number));
            (evidence.is_locked(&crate_id, &version), evidence.base_locks(&crate_id, &version))
        };
        assert_eq!(
            [is("old", "1.0.0"), is("both", "1.0.0"), is("new", "1.0.0")],
            [(true, true), (true, true), (true, false)]
        );
        assert_eq!([is("old", "1.0.1"), is("other", "1.0.0")], [(false, false), (false, false)]);
    }
}
