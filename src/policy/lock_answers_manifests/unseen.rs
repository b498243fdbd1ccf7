//! With a base, a package of which nobody knows what it asks must stand in the lock file as in the base's, and be asked for the same: a
//! feature more could turn on a dependency that nobody judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::ask::Asks;
use super::reach::Reach;
use super::{Question, resolution};
use crate::model::manifest::{Manifests, Place};
use crate::model::package::{Package, PackageId};

/// Whether the base tells of these packages all that cargo could make of them now. What only a package with a known manifest asks may
/// differ.
#[must_use]
pub fn stand_as_before(head: &Question<'_>, base: &Question<'_>, unseen: &[PackageId]) -> bool {
    let (now, before) = (Seen::of(head), Seen::of(base));
    locals(head.manifests) == locals(base.manifests)
        && head.manifests.patches == base.manifests.patches
        && unseen.iter().all(|id| {
            let edges = before.edges.get(id);
            edges.is_some() && edges == now.edges.get(id) && now.asked.get(id) == before.asked.get(id)
        })
        && now.vague.iter().filter(|id| !unseen.contains(id)).all(|id| keeps(id, &now, &before))
}

/// A package's edges, by the packages that they lead to.
type Edges = BTreeMap<PackageId, BTreeSet<PackageId>>;

/// What is known of one state of the project.
struct Seen {
    edges: Edges,
    /// The features that are asked of each package that is reached and unknown.
    asked: BTreeMap<PackageId, BTreeSet<String>>,
    /// The packages that something unknown leads to: it may ask them for any feature.
    vague: Vec<PackageId>,
    /// The names of what each package can need.
    needs: BTreeMap<PackageId, BTreeSet<Arc<str>>>,
}

impl Seen {
    fn of(question: &Question<'_>) -> Self {
        resolution(question, |_, asks, reach| Self {
            edges: question.packages.iter().map(|package| (package.id.clone(), edges(package, question))).collect(),
            asked: asked(question, asks, reach),
            vague: ids(question, |at| reach.is_vague(at)).cloned().collect(),
            needs: asks
                .iter()
                .zip(question.packages)
                .map(|(asks, package)| (package.id.clone(), names(asks)))
                .collect(),
        })
    }
}

fn ids<'q>(question: &Question<'q>, which: impl Fn(usize) -> bool) -> impl Iterator<Item = &'q PackageId> {
    question.packages.iter().enumerate().filter(move |(at, _)| which(*at)).map(|(_, package)| &package.id)
}

fn edges(package: &Package, question: &Question<'_>) -> BTreeSet<PackageId> {
    package.dependencies.iter().filter_map(|at| question.packages.get(*at)).map(|on| on.id.clone()).collect()
}

fn asked(question: &Question<'_>, asks: &[Asks<'_>], reach: &Reach<'_>) -> BTreeMap<PackageId, BTreeSet<String>> {
    let unknown = asks.iter().enumerate().filter(|(at, asks)| asks.known().is_none() && reach.reached(*at));
    unknown.map(|(at, _)| (question.packages[at].id.clone(), reach.asked_of(at).map(str::to_owned).collect())).collect()
}

fn names(asks: &Asks<'_>) -> BTreeSet<Arc<str>> {
    asks.known().map(|summary| summary.needs.iter().map(|need| need.name.into()).collect()).unwrap_or_default()
}

/// Whether a package has what every release of its crate in the base has, as far as it can need it: what is left out there, cargo might
/// add.
fn keeps(id: &PackageId, now: &Seen, before: &Seen) -> bool {
    let to = |seen: &Seen, id: &PackageId| -> BTreeSet<Arc<str>> {
        seen.edges.get(id).into_iter().flatten().map(|on| Arc::clone(&on.name)).collect()
    };
    let of_crate = |other: &&PackageId| other.name == id.name && other.source == id.source;
    let same: Vec<&PackageId> = before.edges.keys().filter(of_crate).collect();
    let (has, can) = (to(now, id), now.needs.get(id).cloned().unwrap_or_default());
    let covers = |other: &&PackageId| to(before, other).intersection(&can).all(|name| has.contains(name));
    match same.iter().find(|other| **other == id) {
        Some(same) => covers(same),
        None => !same.is_empty() && same.iter().all(covers),
    }
}

/// The packages with a manifest: which are members, and which path leads to which.
fn locals(manifests: &Manifests) -> BTreeMap<&Utf8Path, (bool, BTreeSet<Utf8PathBuf>)> {
    let folder = |place: &'_ Place| match place {
        Place::Path(folder) => Some(folder.clone()),
        Place::Registry(_) | Place::Git { .. } => None,
    };
    let local = manifests.packages.iter().map(|manifest| {
        let paths = manifest.dependencies.iter().filter_map(|declared| folder(&declared.from));
        (manifest.path.as_path(), (manifest.member, paths.collect()))
    });
    local.collect()
}
