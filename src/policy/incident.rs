//! What lock files, traces and the audit trail say of releases that are looked for: where each was, since when, and whether it still is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::model::checksum::Checksum;
use crate::model::incident::{
    Bytes, Gap, Hit, LockHistory, Locked, LooseLock, RecordedSighting, Suspect, Tip, TipKind, Trace,
};
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::trail::Trail;

/// What one lock file's packages have of the suspects.
#[must_use]
pub(crate) fn hits(packages: &[Package], suspects: &[Suspect]) -> Vec<Hit> {
    let mut found = Vec::new();
    let mut dependents: Option<Vec<Vec<usize>>> = None;
    for (at, package) in packages.iter().enumerate() {
        for (suspect, wanted) in suspects.iter().enumerate() {
            if !wanted.is(&package.id.name, &package.id.version) {
                continue;
            }
            let dependents = dependents.get_or_insert_with(|| who_depends(packages));
            let checksum = match &package.checksum {
                LockedChecksum::Known(checksum) => Some(*checksum),
                LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
            };
            let products = products(packages, dependents, at);
            found.push(Hit { suspect, id: package.id.clone(), checksum, products });
        }
    }
    found
}

fn who_depends(packages: &[Package]) -> Vec<Vec<usize>> {
    let mut dependents = vec![Vec::new(); packages.len()];
    for (at, package) in packages.iter().enumerate() {
        for dependency in &package.dependencies {
            if let Some(list) = dependents.get_mut(*dependency) {
                list.push(at);
            }
        }
    }
    dependents
}

/// The packages without a source from which the package is reached.
fn products(packages: &[Package], dependents: &[Vec<usize>], of: usize) -> BTreeSet<Arc<str>> {
    let mut seen = vec![false; packages.len()];
    let mut waiting = vec![of];
    let mut found = BTreeSet::new();
    while let Some(at) = waiting.pop() {
        let Some(unseen) = seen.get_mut(at).filter(|seen| !**seen) else { continue };
        *unseen = true;
        if let Some(package) = packages.get(at).filter(|package| package.id.source == Source::Local) {
            found.insert(Arc::clone(&package.id.name));
        }
        waiting.extend(dependents.get(at).into_iter().flatten());
    }
    found
}

/// A bad release in one lock file.
type Key = (usize, PackageId, Utf8PathBuf);

/// The history of each bad release in each lock file: `hits` by the position of the distinct file that has them.
#[must_use]
pub(crate) fn locked(history: &LockHistory, hits: &BTreeMap<u32, Vec<Hit>>, loose: &[LooseLock]) -> Vec<Locked> {
    let mut found: BTreeMap<Key, Locked> = BTreeMap::new();
    // What each state has, once for all commits that share it.
    let states: Vec<BTreeMap<Key, &Hit>> = history
        .states
        .iter()
        .map(|state| {
            let of = |(path, blob): (&u32, &u32)| {
                let path = history.paths.get(*path as usize).cloned().unwrap_or_default();
                let hits = hits.get(blob).into_iter().flatten();
                hits.map(|hit| ((hit.suspect, hit.id.clone(), path.clone()), hit)).collect::<Vec<_>>()
            };
            state.iter().flat_map(of).collect()
        })
        .collect();
    let nothing = BTreeMap::new();
    let of = |state: u32| states.get(state as usize).unwrap_or(&nothing);
    for (at, commit) in history.commits.iter().enumerate() {
        let now = of(commit.state);
        let parents: Vec<&BTreeMap<Key, &Hit>> = commit
            .parents
            .iter()
            .filter_map(|parent| history.commits.get(*parent as usize))
            .map(|parent| of(parent.state))
            .collect();
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for (key, hit) in now {
            let one = entry(&mut found, key, hit);
            one.commits += 1;
            if !parents.iter().any(|parent| parent.contains_key(key)) {
                one.added.push(at);
            }
            let time = |at: u32| history.commits.get(at as usize).map(|commit| commit.time);
            if one.last.is_none_or(|last| time(last) <= time(at)) {
                one.last = Some(at);
            }
        }
        let gone: BTreeSet<&Key> =
            parents.iter().flat_map(|parent| parent.keys()).filter(|key| !now.contains_key(*key)).collect();
        for key in gone {
            if let Some(one) = found.get_mut(key) {
                one.removed.push(at);
            }
        }
    }
    for tip in &history.tips {
        let state = tip.state.or_else(|| Some(history.commits.get(tip.commit? as usize)?.state));
        for (key, hit) in state.map_or(&nothing, of) {
            entry(&mut found, key, hit).tips.push(tip.clone());
        }
    }
    for lock in loose {
        for hit in &lock.hits {
            let key = (hit.suspect, hit.id.clone(), lock.path.clone());
            let one = entry(&mut found, &key, hit);
            one.packaged = lock.packaged;
            let name = lock.tree.to_string();
            one.tips.push(Tip { kind: TipKind::WorkingTree, name, commit: None, state: None });
        }
    }
    let mut found: Vec<Locked> = found.into_values().collect();
    for one in &mut found {
        let by_time = |at: &u32| (history.commits.get(*at as usize).map(|commit| commit.time), *at);
        one.added.sort_by_key(by_time);
        one.removed.sort_by_key(by_time);
        one.tips.sort();
    }
    found
}

fn entry<'f>(found: &'f mut BTreeMap<Key, Locked>, key: &Key, hit: &Hit) -> &'f mut Locked {
    let one = found.entry(key.clone()).or_insert_with(|| Locked {
        suspect: key.0,
        id: key.1.clone(),
        path: key.2.clone(),
        checksums: BTreeSet::new(),
        tips: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        last: None,
        commits: 0,
        products: BTreeSet::new(),
        packaged: false,
        manifest: None,
    });
    one.checksums.extend(hit.checksum);
    one.products.extend(hit.products.iter().cloned());
    one
}

/// The traces that are of a suspect, each with what its bytes are; and those of a suspect's crate that do not say of which version they
/// are.
#[must_use]
pub(crate) fn traces(
    all: Vec<Trace>,
    suspects: &[Suspect],
    known: &BTreeMap<(String, String), BTreeSet<Checksum>>,
) -> (Vec<(Trace, Bytes)>, Vec<Gap>) {
    let (mut found, mut gaps) = (Vec::new(), BTreeSet::new());
    for trace in all {
        let of_crate = |one: &&Suspect| crate::model::crate_name::is_same(&one.crate_name, &trace.name);
        let Some(version) = &trace.version else {
            if suspects.iter().filter(of_crate).any(|one| matches!(one.affected, crate::model::incident::Affected::All))
            {
                found.push((trace, Bytes::Unknown));
            } else if suspects.iter().any(|one| of_crate(&one)) {
                gaps.insert(Gap::VersionUntold { name: trace.name.clone(), path: trace.path.to_string() });
            }
            continue;
        };
        if !suspects.iter().any(|one| one.is(&trace.name, version)) {
            continue;
        }
        let key = (crate::model::crate_name::canonical(&trace.name), version.to_string());
        let bytes = match (trace.checksum, known.get(&key)) {
            (Some(checksum), Some(known)) if known.contains(&checksum) => Bytes::AsLocked,
            (Some(_), Some(known)) if !known.is_empty() => Bytes::Other,
            _ => Bytes::Unknown,
        };
        found.push((trace, bytes));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found.dedup();
    (found, gaps.into_iter().collect())
}

/// What the audit trail has of them, newest first.
#[must_use]
pub(crate) fn recorded(trail: &Trail, suspects: &[Suspect]) -> Vec<RecordedSighting> {
    let mut found = Vec::new();
    for (id, event) in trail.newest_first() {
        let of = event
            .releases
            .iter()
            .filter(|release| suspects.iter().any(|one| one.is(&release.crate_id.name, &release.version)));
        found.extend(of.map(|release| RecordedSighting {
            event: id,
            kind: event.kind,
            at: event.written(),
            who: event.who.as_ref().map(|who| who.name.clone()),
            name: release.crate_id.name.to_string(),
            version: release.version.clone(),
            verdict: release.verdict,
        }));
    }
    found
}

/// The checksums of a suspect's releases in lock files and in the trail.
#[must_use]
pub(crate) fn checksums(
    locked: &[Locked],
    trail: &Trail,
    suspects: &[Suspect],
) -> BTreeMap<(String, String), BTreeSet<Checksum>> {
    let mut known: BTreeMap<(String, String), BTreeSet<Checksum>> = BTreeMap::new();
    let key = |name: &str, version: &semver::Version| (crate::model::crate_name::canonical(name), version.to_string());
    for one in locked {
        known.entry(key(&one.id.name, &one.id.version)).or_default().extend(&one.checksums);
    }
    for release in trail.events.values().flat_map(|event| &event.releases) {
        if suspects.iter().any(|one| one.is(&release.crate_id.name, &release.version)) {
            known.entry(key(&release.crate_id.name, &release.version)).or_default().extend(release.checksum);
        }
    }
    known
}
