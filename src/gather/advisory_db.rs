//! Reads RustSec's advisories about the crates in question, from the address or folder that the policy names.
//!
//! Freshness is not judged here: the facts say when a copy was last confirmed, of which commit it is, and whether its source
//! has shown a younger one before.

mod cache;
mod collection;
mod forgotten;
mod git;
mod refresh;
mod request;
mod statement;
mod unpack;

use camino::{Utf8Path, Utf8PathBuf};

pub(crate) use self::request::{AdvisoryDbError, Fetch};
pub use self::request::{AdvisoryRequest, FetchFailure, Memory};
pub(crate) use self::statement::parse_advisory;

use self::cache::Cache;
use self::collection::{Collection, Selection, checkouts, read_folder};
use self::refresh::{Offered, Refreshed, refresh};
use self::request::{Source, is_in_future};
use crate::model::advisory::{Advisory, AdvisoryDb};
use crate::model::error_text::parted;
use crate::model::evaluation::{Fetched, Notice};
use crate::model::facts::AdvisoryFact;

#[derive(Debug)]
pub struct AdvisoryReading {
    /// The advisories, or why there are none.
    pub fact: AdvisoryFact,
    pub notices: Vec<Notice>,
}

/// Where the advisories of a source lie on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LocalCopy {
    /// There are none.
    Nothing,
    /// The state file, which names the copy and is replaced with it.
    State(Utf8PathBuf),
    /// The folder itself.
    Folder(Utf8PathBuf),
}

/// Where the advisories of this source lie; `None` for one that is asked in every run.
#[must_use]
pub(crate) fn local_copy(db: &str, base: &Utf8Path, cargo_home: &Utf8Path) -> Option<LocalCopy> {
    match Source::parse(db, base).ok()? {
        Source::Folder(folder) => Some(LocalCopy::Folder(folder)),
        Source::Git(address) if address.starts_with("file:") => None,
        Source::Archive(_) | Source::Git(_) => Some(LocalCopy::State(Cache::of(cargo_home, db).state_file())),
    }
}

/// Reads the advisories about the crates in question. It never fails: what could not be had is a fact like any other.
#[must_use]
pub fn read(request: &AdvisoryRequest<'_>) -> AdvisoryReading {
    let mut unkept = None;
    let read = match Source::parse(request.db, request.base) {
        Ok(Source::Folder(folder)) => read_folder(request, &folder),
        Ok(source) => read_remote(request, &source, &mut unkept),
        Err(error) => Err(error),
    };
    match read {
        Ok(db) => {
            let copy = db.copy.iter();
            let copy = copy.map(|copy| Notice::AdvisoriesFromCopy { source: db.source.clone(), copy: copy.clone() });
            let forgotten = (!db.forgotten.is_empty()).then(|| Notice::AdvisoriesForgotten {
                source: db.source.clone(),
                advisories: db.forgotten.iter().map(|one| format!("{} ({})", one.id, one.crate_name)).collect(),
                memory: memory(request),
            });
            let notices = copy.chain(unkept).chain(forgotten).collect();
            AdvisoryReading { fact: AdvisoryFact::Read(db), notices }
        }
        Err(error) => AdvisoryReading {
            fact: AdvisoryFact::Unavailable { source: request.db.to_owned(), cause: without_help(&error) },
            notices: Vec::new(),
        },
    }
}

/// The folder that what is remembered of the source lies in.
fn memory(request: &AdvisoryRequest<'_>) -> String {
    Cache::of(request.cargo_home, request.db).folder().to_string()
}

/// What is wrong, without the way out: a report names its own.
fn without_help(error: &AdvisoryDbError) -> String {
    parted(&error.to_string()).0.to_owned()
}

/// From an address: its copy in the cache, refreshed where that can be done.
/// Where the cache cannot be written, what was fetched lives as long as this run, and `unkept` says so.
fn read_remote(
    request: &AdvisoryRequest<'_>,
    source: &Source,
    unkept: &mut Option<Notice>,
) -> Result<AdvisoryDb, AdvisoryDbError> {
    let cache = Cache::of(request.cargo_home, request.db);
    let seen = cache.state()?.map(|state| state.seen);
    let read = |cache: &Cache| match refresh(request, source, cache)? {
        Refreshed::Current => read_cached(request, cache),
        Refreshed::RolledBack { offered, seen } => read_rolled_back(request, cache, &offered, seen),
    };
    let failure = match read(&cache) {
        Ok(db) => return Ok(db),
        Err(AdvisoryDbError::Io { path, source }) if path.starts_with(cache.folder()) => {
            let (what, folder, cause) = (Fetched::Advisories, cache.folder().to_string(), source.to_string());
            match cache.for_this_run().and_then(|cache| read(&cache)) {
                Ok(db) => {
                    *unkept = Some(Notice::NotKept { what, folder, cause });
                    return Ok(db);
                }
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    let mut candidates: Vec<AdvisoryDb> = Vec::new();
    if let Ok(mut db) = read_cached(request, &cache) {
        db.copy = request.network.map(|_| cache.folder().to_string());
        candidates.push(db);
    }
    if source.is_rustsec() {
        candidates.extend(checkouts(request).into_iter().map(|mut db| {
            db.rolled_back_from = seen.as_ref().and_then(|seen| seen.younger_than(db.committed));
            db
        }));
    }
    candidates
        .into_iter()
        .rev()
        .max_by_key(|db| (db.rolled_back_from.is_none(), db.confirmed.max(db.committed)))
        .ok_or(failure)
}

/// The copy in the cache, with what is remembered of it.
fn read_cached(request: &AdvisoryRequest<'_>, cache: &Cache) -> Result<AdvisoryDb, AdvisoryDbError> {
    let state = cache.state()?.ok_or_else(|| AdvisoryDbError::NotCached { address: request.db.to_owned() })?;
    let generation = cache.generation(&state);
    let collection = Collection::open(&generation)?;
    let mut selection = collection.select(request.crates);
    let forgotten = forgotten::left(forgotten::read(&generation)?, request.memory, &collection);
    forgotten::add(&forgotten, request.crates, &mut selection);
    Ok(AdvisoryDb {
        source: request.db.to_owned(),
        copy: None,
        commit: state.seen.commit,
        committed: state.seen.committed,
        newest: state.newest,
        confirmed: Some(state.confirmed).filter(|confirmed| !is_in_future(*confirmed, request.now)),
        rolled_back_from: None,
        forgotten,
        total: state.seen.total,
        by_crate: selection.by_crate,
        unreadable: selection.unreadable,
    })
}

/// The offered copy is older than one seen before. It is not kept; what either of the two knows counts, so that a rollback hides
/// nothing from the rest of the report.
fn read_rolled_back(
    request: &AdvisoryRequest<'_>,
    cache: &Cache,
    offered: &Offered,
    seen: String,
) -> Result<AdvisoryDb, AdvisoryDbError> {
    let mut selection = Collection::open(offered.folder())?.select(request.crates);
    let known = read_cached(request, cache);
    let confirmed = known.as_ref().ok().and_then(|db| db.confirmed);
    let forgotten = known.as_ref().map(|db| db.forgotten.clone()).unwrap_or_default();
    if let Ok(db) = known {
        merge(&mut selection, db);
    }
    Ok(AdvisoryDb {
        source: request.db.to_owned(),
        copy: None,
        commit: offered.seen.commit.clone(),
        committed: offered.seen.committed,
        newest: offered.newest,
        confirmed,
        rolled_back_from: Some(seen),
        forgotten,
        total: offered.seen.total,
        by_crate: selection.by_crate,
        unreadable: selection.unreadable,
    })
}

fn merge(selection: &mut Selection, known: AdvisoryDb) {
    for (crate_name, advisories) in known.by_crate {
        let have: &mut Vec<Advisory> = selection.by_crate.entry(crate_name).or_default();
        for advisory in advisories {
            have.retain(|other| other.id != advisory.id);
            have.push(advisory);
        }
        have.sort_by(|a, b| a.id.cmp(&b.id));
    }
    for unreadable in known.unreadable {
        if !selection.unreadable.contains(&unreadable) {
            selection.unreadable.push(unreadable);
        }
    }
}
