//! What real archives are like: a list of odd ones by name and version. Run with `--ignored`, as it asks crates.io for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use cargo_sequester::door::archive::{Fault, Limits, VerifiedCrate, manifest_agrees, vendor_files};
use cargo_sequester::door::gather::crate_files::{self, CratePlaces, WantedCrate};
use cargo_sequester::door::gather::http::{Http, HttpSettings};
use cargo_sequester::door::gather::index::{self, IndexMode};
use cargo_sequester::door::model::facts::IndexFact;
use cargo_sequester::door::model::index_line::Release;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::write::package::write_into;

use super::release;

fn list() -> Vec<(PackageId, &'static str)> {
    let lines = include_str!("census.txt").lines().filter(|line| !line.starts_with('#'));
    let read = lines.map(|line| {
        let [name, version, outcome] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        (release(name, version), outcome)
    });
    read.collect()
}

#[test]
fn the_list_is_one_of_releases() {
    let list = list();
    assert!(list.len() > 20);
    assert!(list.iter().all(|(_, outcome)| ["taken", "collision", "divergence"].contains(outcome)));
    assert_eq!(list.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), list.len());
}

#[test]
#[ignore = "asks crates.io for every archive of the list"]
fn odd_archives_are_taken_as_stock_cargo_takes_them() {
    let (list, home) = (list(), tempfile::tempdir().unwrap());
    let home = Utf8Path::from_path(home.path()).unwrap();
    let http = Http::new(&HttpSettings::default()).unwrap();
    let crates: BTreeSet<_> = list.iter().filter_map(|(id, _)| id.crate_id()).collect();
    let reading = index::read(&crates, &BTreeMap::new(), home, IndexMode::Afresh(&http), &mut |_, _| ());
    let releases: Vec<Arc<Release>> = list
        .iter()
        .map(|(id, _)| match &reading.index[&id.crate_id().unwrap()] {
            IndexFact::Read(history) => history.release(&id.version).unwrap().unwrap(),
            other @ (IndexFact::Gone | IndexFact::Unavailable(_)) => panic!("{id}: {other:?}"),
        })
        .collect();
    let wanted: Vec<WantedCrate<'_>> = list
        .iter()
        .zip(&releases)
        .map(|((id, _), release)| WantedCrate { id, checksum: release.outline.checksum })
        .collect();
    let places = CratePlaces {
        cargo_home: home,
        access: &BTreeMap::new(),
        configs: &reading.configs,
        mode: IndexMode::Online(&http),
    };
    let outcomes = Mutex::new(BTreeMap::new());
    let deliver = |at: usize, file: crate_files::CrateFile| {
        let verified = VerifiedCrate::of(file.bytes, wanted[at].checksum, wanted[at].id).unwrap();
        let outcome = match verified.open(&Limits::default()) {
            Ok(opened) => {
                write_into(&home.join(format!("written-{at}")), &vendor_files(&opened), None).unwrap();
                manifest_agrees(opened.manifest(), &releases[at]).map_or("divergence", |()| "taken")
            }
            Err(error) => {
                assert!(matches!(error.fault, Fault::Collision { .. }), "{error}");
                "collision"
            }
        };
        outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(at, outcome);
    };
    let taken = crate_files::take(&wanted, &places, &deliver, &mut |_| ());
    assert!(taken.failures.is_empty(), "{:?}", taken.failures);
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (at, (id, expected)) in list.iter().enumerate() {
        assert_eq!(outcomes.get(&at), Some(expected), "{id}");
    }
}
