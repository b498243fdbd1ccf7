//! The advisories of all teams, each source read once for all of them and again and again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use crate::gather::advisory_db::{self, AdvisoryRequest, FetchFailure, Memory};
use crate::gather::environment::Environment;
use crate::gather::http::{Answer, Http, Request};
use crate::model::advisory::AdvisoryDb;
use crate::model::crate_name::canonical;
use crate::model::facts::AdvisoryFact;
use crate::model::policy::Policy;
use crate::policy::advisory;
use crate::report::words::few;

/// Where advisories are: `db` as a policy has it, and what a relative folder is relative to.
pub(crate) type AdvisorySource = (String, Utf8PathBuf);

/// So many forgotten advisories are named.
const NAMED: usize = 5;

/// All that a source says, ready to be asked about single crates.
#[derive(Debug)]
pub(crate) struct Advisories {
    fact: AdvisoryFact,
    /// By the canonical name, the one that the source has.
    spellings: HashMap<String, Arc<str>>,
}

impl Advisories {
    pub(crate) fn of(fact: AdvisoryFact) -> Self {
        let names = match &fact {
            AdvisoryFact::Read(db) => db.by_crate.keys().cloned().collect(),
            AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => Vec::new(),
        };
        Self { fact, spellings: names.into_iter().map(|name| (canonical(&name), name)).collect() }
    }

    /// None, since nobody has read any yet.
    pub(crate) fn not_yet(source: &str) -> Self {
        Self::of(AdvisoryFact::Unavailable { source: source.to_owned(), cause: "they are being fetched".to_owned() })
    }

    /// Everything that was read.
    pub(crate) const fn fact(&self) -> &AdvisoryFact {
        &self.fact
    }

    /// What is said about crates of these names, by these spellings.
    pub(crate) fn about<'n>(&self, names: impl IntoIterator<Item = &'n Arc<str>>) -> AdvisoryFact {
        let AdvisoryFact::Read(db) = &self.fact else { return copy_without(&self.fact) };
        let names: BTreeSet<&Arc<str>> = names.into_iter().collect();
        let known =
            |name: &Arc<str>| Some((Arc::clone(name), db.by_crate.get(self.spellings.get(&canonical(name))?)?.clone()));
        AdvisoryFact::Read(AdvisoryDb {
            by_crate: names.iter().filter_map(|name| known(name)).collect(),
            ..without_advisories(db)
        })
    }

    /// The moment up to which what is known now decides: now where the advisories are today's; else the last at which they were, so that
    /// nothing is admitted that was not admitted then. `None` where there are none to decide by.
    pub(crate) fn decides_at(&self, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
        if advisory::blockers(&policy.advisories, &self.fact, now).is_empty() {
            return Some(now);
        }
        let AdvisoryFact::Read(db) = &self.fact else { return None };
        let fresh = advisory::fresh_until(&policy.advisories, &self.fact, now)?;
        // Of a source that went back nobody knows what it forgot since it was last confirmed.
        let rolled_back = db.rolled_back_from.is_some();
        let last = if rolled_back { db.confirmed.map_or(fresh, |confirmed| fresh.min(confirmed)) } else { fresh };
        (last > Timestamp::MIN).then(|| last.min(now))
    }

    /// What is wrong with them, in one line; `None` where they are today's.
    pub(crate) fn fault(&self, policy: &Policy, now: Timestamp) -> Option<String> {
        if advisory::blockers(&policy.advisories, &self.fact, now).is_empty() {
            return None;
        }
        Some(match &self.fact {
            AdvisoryFact::Unavailable { source, cause } => format!("there are no advisories: {source}: {cause}"),
            AdvisoryFact::Read(db) => format!("the advisories of {} are not today's", db.source),
            AdvisoryFact::Skipped => return None,
        })
    }

    /// What their source said of malicious releases and says no more: the first few, and how many more there are.
    pub(crate) fn forgotten(&self) -> Option<String> {
        let AdvisoryFact::Read(db) = &self.fact else { return None };
        let named: Vec<String> = db.forgotten.iter().map(|one| format!("{} ({})", one.id, one.crate_name)).collect();
        (!named.is_empty()).then(|| format!("{} no longer has {}", db.source, few(&named, NAMED)))
    }

    /// Whether something was read at all.
    pub(crate) const fn is_read(&self) -> bool {
        matches!(self.fact, AdvisoryFact::Read(_) | AdvisoryFact::Skipped)
    }
}

fn copy_without(fact: &AdvisoryFact) -> AdvisoryFact {
    match fact {
        AdvisoryFact::Read(db) => AdvisoryFact::Read(without_advisories(db)),
        AdvisoryFact::Skipped => AdvisoryFact::Skipped,
        AdvisoryFact::Unavailable { source, cause } => {
            AdvisoryFact::Unavailable { source: source.clone(), cause: cause.clone() }
        }
    }
}

/// What is known of the copy; files that could not be read are few, and count by the names of their crates.
fn without_advisories(db: &AdvisoryDb) -> AdvisoryDb {
    AdvisoryDb {
        source: db.source.clone(),
        copy: db.copy.clone(),
        commit: db.commit.clone(),
        committed: db.committed,
        newest: db.newest,
        confirmed: db.confirmed,
        rolled_back_from: db.rolled_back_from.clone(),
        forgotten: Vec::new(),
        total: db.total,
        by_crate: BTreeMap::new(),
        unreadable: db.unreadable.clone(),
    }
}

/// What came of a request for advisories.
pub(super) type Fetched = Result<Answer, FetchFailure>;

/// Asks the network.
pub(super) fn fetch(http: &Http, request: &Request) -> Fetched {
    http.get(request).map_err(|error| FetchFailure { cause: error.without_address() })
}

/// Reads a source whole, by what `fetch` answers, as of `now`. What it keeps is below `home`; `memory` is what others know of it. It waits
/// for disk and network.
pub(super) fn read(
    (source, memory): (&AdvisorySource, Memory<'_>),
    fetch: &dyn Fn(&Request) -> Fetched,
    home: &Utf8Path,
    now: Timestamp,
    environment: &Environment,
) -> AdvisoryFact {
    let (db, base) = source;
    let network = Some(fetch);
    let request = AdvisoryRequest { db, base, crates: None, memory, cargo_home: home, network, now, environment };
    advisory_db::read(&request).fact
}
