//! Reads the advisories for a project.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::open::Project;
use crate::gather::advisory_db::{self, AdvisoryReading, AdvisoryRequest, FetchFailure, Memory};
use crate::gather::http::{Http, Request};
use crate::model::crate_name::canonical;
use crate::model::facts::AdvisoryFact;

/// The advisories about crates of these names, or about all.
pub(super) fn read_advisories(
    project: &Project,
    names: Option<&BTreeSet<Arc<str>>>,
    http: Option<&Http>,
) -> AdvisoryReading {
    let Some(db) = &project.rules().policy.advisories.db else {
        return AdvisoryReading { fact: AdvisoryFact::Skipped, notices: Vec::new() };
    };
    let fetch = http.map(|http| {
        move |request: &Request| http.get(request).map_err(|error| FetchFailure { cause: error.without_address() })
    });
    advisory_db::read(&AdvisoryRequest {
        db,
        base: &project.rules().folder,
        crates: names,
        memory: Memory::default(),
        cargo_home: &project.environment().cargo_home(),
        network: fetch.as_ref().map(|fetch| fetch as &advisory_db::Fetch<'_>),
        now: project.machine(),
        environment: project.environment(),
    })
}

/// What is left where reading the advisories panicked: the run is blocked, and the rest is judged.
pub(super) fn advisories_lost(project: &Project) -> AdvisoryReading {
    let source = project.rules().policy.advisories.db.clone().unwrap_or_default();
    let cause = "reading them failed in a way that was not foreseen".to_owned();
    AdvisoryReading { fact: AdvisoryFact::Unavailable { source, cause }, notices: Vec::new() }
}

/// Advisories were read by the names of their folders; crates.io tells neither `-` from `_` nor upper from lower case in these.
pub(super) fn respelled(advisories: &AdvisoryFact, names: impl Iterator<Item = Arc<str>>) -> AdvisoryFact {
    match advisories {
        AdvisoryFact::Skipped => AdvisoryFact::Skipped,
        AdvisoryFact::Unavailable { source, cause } => {
            AdvisoryFact::Unavailable { source: source.clone(), cause: cause.clone() }
        }
        AdvisoryFact::Read(db) => {
            let mut db = db.clone();
            let spellings: BTreeMap<String, Arc<str>> =
                db.by_crate.keys().map(|name| (canonical(name), Arc::clone(name))).collect();
            for name in names {
                let known = spellings.get(&canonical(&name)).and_then(|name| db.by_crate.get(name));
                if let (Some(known), false) = (known.cloned(), db.by_crate.contains_key(&name)) {
                    db.by_crate.insert(name, known);
                }
            }
            AdvisoryFact::Read(db)
        }
    }
}
