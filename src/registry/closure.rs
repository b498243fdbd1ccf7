//! What cargo's resolver will ask for: the crates that are reached from the manifests over the newest visible releases and the features
//! that are asked of them.
//!
//! It is a guess made early, so that cargo never waits. Guessing too little costs a round trip, guessing too much a transfer; neither
//! changes what cargo decides.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use semver::{Comparator, Op, Version, VersionReq};

use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Release, Requirement};
use crate::model::package::CrateId;
use crate::model::source::Registry;

/// The most crates that are fetched before cargo asks.
const MOST: usize = 20_000;

/// A requirement of a manifest.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) crate_id: CrateId,
    pub(crate) req: VersionReq,
    pub(crate) features: Vec<String>,
    pub(crate) default_features: bool,
}

impl Root {
    fn exactly(crate_id: CrateId, version: &Version) -> Self {
        let comparator = Comparator {
            op: Op::Exact,
            major: version.major,
            minor: Some(version.minor),
            patch: Some(version.patch),
            pre: version.pre.clone(),
        };
        let req = VersionReq { comparators: vec![comparator] };
        Self { crate_id, req, features: Vec::new(), default_features: true }
    }
}

/// The releases that cargo would look at, and what waits for an entry.
#[derive(Debug, Default)]
pub(super) struct Closure {
    entries: BTreeMap<CrateId, Entry>,
    waiting: BTreeMap<CrateId, Vec<Root>>,
    /// By release, the features that were followed already.
    followed: BTreeMap<(CrateId, Version), BTreeSet<String>>,
    asked: BTreeSet<CrateId>,
}

#[derive(Debug)]
struct Entry {
    history: Arc<History>,
    visible: Vec<Version>,
}

impl Closure {
    /// Adds requirements.
    pub(super) fn add(&mut self, roots: impl IntoIterator<Item = Root>) {
        let mut queue: VecDeque<Root> = roots.into_iter().collect();
        while let Some(root) = queue.pop_front() {
            match self.entries.get(&root.crate_id) {
                Some(entry) => queue.extend(follow(entry, &root, &mut self.followed)),
                None => self.waiting.entry(root.crate_id.clone()).or_default().push(root),
            }
        }
    }

    /// The crates whose entries are needed next; each is named once.
    pub(super) fn wanted(&mut self) -> BTreeSet<CrateId> {
        let room = MOST.saturating_sub(self.asked.len());
        let wanted: BTreeSet<CrateId> =
            self.waiting.keys().filter(|id| !self.asked.contains(*id)).take(room).cloned().collect();
        self.asked.extend(wanted.iter().cloned());
        wanted
    }

    /// Takes note of a crate's entry, and follows what waited for it. Of an entry that was there, what is visible only now is followed.
    pub(super) fn learn(&mut self, crate_id: CrateId, history: Arc<History>, visible: Vec<Version>) {
        self.asked.insert(crate_id.clone());
        let mut roots = self.waiting.remove(&crate_id).unwrap_or_default();
        if let Some(before) = self.entries.get(&crate_id) {
            let new = visible.iter().filter(|version| !before.visible.contains(version));
            roots.extend(new.map(|version| Root::exactly(crate_id.clone(), version)));
        }
        self.entries.insert(crate_id, Entry { history, visible });
        self.add(roots);
    }
}

/// The requirements of the release that a requirement leads to, as far as they were not followed before.
fn follow(entry: &Entry, root: &Root, followed: &mut BTreeMap<(CrateId, Version), BTreeSet<String>>) -> Vec<Root> {
    let Some(version) = entry.visible.iter().filter(|version| root.req.matches(version)).max() else {
        return Vec::new();
    };
    let known = followed.entry((root.crate_id.clone(), version.clone()));
    let first = matches!(known, std::collections::btree_map::Entry::Vacant(_));
    let known = known.or_default();
    let before = known.len();
    known.extend(root.features.iter().cloned());
    if root.default_features {
        known.insert(String::from("default"));
    }
    if !first && known.len() == before {
        return Vec::new();
    }
    match entry.history.release(version) {
        Ok(Some(release)) => required(&root.crate_id, &release, known),
        Ok(None) | Err(_) => Vec::new(),
    }
}

/// What a release asks for when these features are on.
fn required(crate_id: &CrateId, release: &Release, features: &BTreeSet<String>) -> Vec<Root> {
    let enabled = enabled(release, features);
    let dependencies = release.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Dev);
    dependencies
        .filter_map(|dependency| {
            let on = enabled.get(name_in_manifest(dependency));
            if dependency.optional && !on.is_some_and(|on| on.wanted) {
                return None;
            }
            let registry = match &dependency.registry {
                None => crate_id.registry.clone(),
                Some(url) => Registry::parse(url).ok()?,
            };
            let mut features = dependency.features.clone();
            features.extend(on.into_iter().flat_map(|on| on.features.iter().cloned()));
            Some(Root {
                crate_id: CrateId { registry, name: dependency.name.clone() },
                req: dependency.req.clone(),
                features,
                default_features: dependency.default_features,
            })
        })
        .collect()
}

/// What the features make of one dependency.
#[derive(Default)]
struct On {
    wanted: bool,
    features: Vec<String>,
}

/// The dependencies that the features name, by the manifest's names (RFC 3143: `dep:x`, `x/f`, `x?/f`).
fn enabled(release: &Release, features: &BTreeSet<String>) -> BTreeMap<String, On> {
    let mut on: BTreeMap<String, On> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut queue: Vec<&str> = features.iter().map(String::as_str).collect();
    while let Some(feature) = queue.pop() {
        if !seen.insert(feature) {
            continue;
        }
        if let Some(dependency) = feature.strip_prefix("dep:") {
            on.entry(dependency.to_owned()).or_default().wanted = true;
        } else if let Some((dependency, feature)) = feature.split_once('/') {
            let weak = dependency.strip_suffix('?');
            let entry = on.entry(weak.unwrap_or(dependency).to_owned()).or_default();
            entry.wanted |= weak.is_none();
            entry.features.push(feature.to_owned());
        } else if let Some(values) = release.features.get(feature) {
            queue.extend(values.iter().map(String::as_str));
        } else {
            on.entry(feature.to_owned()).or_default().wanted = true;
        }
    }
    on
}

fn name_in_manifest(dependency: &Requirement) -> &str {
    dependency.renamed.as_deref().unwrap_or(&dependency.name)
}
