//! Whether the lock file answers the manifests: whether cargo with `--locked` would take it as it is.
//!
//! Cargo silently completes a lock file that does not, with releases that nobody judged. So the resolution is worked out anew from the
//! manifests and the index lines of what is locked, as cargo's dependency resolver works (all features of the members, every platform,
//! dev-dependencies of members only), with each choice being the locked one; the graph that comes out must be the lock file's, edge for
//! edge. What is stricter than cargo: a package without a source that no manifest has. Checksums are not looked at here.

#[cfg(test)]
mod as_before;
mod choose;
mod question;
mod reach;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use self::choose::{Choices, Origin};
use self::question::Asks;
pub use self::question::Question;
pub(crate) use self::question::Told;
use self::reach::{OfMembers, Reach};
use super::graph::line;
use crate::model::facts::IndexFact;
use crate::model::index_line::DependencyKind;
use crate::model::lock_proof::{Discord, Proof, Unproven};
use crate::model::manifest::{DependencySource, Manifests};
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::source::Source;

/// What the index tells of each package.
#[must_use]
pub fn told_by_index(packages: &[Package], index: &BTreeMap<CrateId, IndexFact>) -> Vec<Told> {
    packages.par_iter().map(|package| release(package, index)).collect()
}

/// Works it out.
#[must_use]
pub fn answers(question: &Question<'_>) -> Proof {
    resolution(question, OfMembers::All, |choices, asks, reach| judged(question, choices, asks, reach))
}

/// Which of the packages are reached where the members have their default features alone. What only something unknown leads to is reached.
#[must_use]
pub(crate) fn reached_by_default(question: &Question<'_>) -> Vec<bool> {
    resolution(question, OfMembers::Default, |_, _, reach| {
        (0..question.packages.len()).map(|at| reach.reached(at)).collect()
    })
}

/// Works out what is reached, and hands it on.
fn resolution<R>(
    question: &Question<'_>,
    features: OfMembers,
    then: impl FnOnce(&Choices<'_>, &[Asks<'_>], &Reach<'_>) -> R,
) -> R {
    let choices = Choices::new(question);
    let asks: Vec<Asks<'_>> = (0..question.packages.len())
        .map(|at| match (choices.manifest(at), question.told.get(at)) {
            (Some(manifest), _) => Asks::of_manifest(manifest),
            (None, Some(Told::Line(release))) => Asks::of_release(&question.packages[at], release),
            (None, Some(Told::Manifest(manifest))) => Asks::of_manifest(manifest),
            (None, Some(Told::Nothing) | None) => Asks::Unknown,
        })
        .collect();
    let reach = Reach::work_out(question, &choices, &asks, features);
    then(&choices, &asks, &reach)
}

fn judged(question: &Question<'_>, choices: &Choices<'_>, asks: &[Asks<'_>], reach: &Reach<'_>) -> Proof {
    let mut open = choices.open();
    open.extend(reach.open());
    if !open.is_empty() {
        return Proof::Unproven(open);
    }
    let mut discords = choices.discords(|at| reach.reached(at));
    discords.extend(reach.discords());
    discords.extend(conflicts(question, choices, asks, reach));
    discords.sort();
    discords.dedup();
    if !discords.is_empty() {
        return Proof::Broken(discords);
    }
    let unknown = asks.iter().zip(question.packages).filter(|(asks, _)| matches!(asks, Asks::Unknown));
    let unknown: Vec<Unproven> = unknown.map(|(_, package)| unknown_asks(&package.id)).collect();
    if unknown.is_empty() { Proof::Answered } else { Proof::Unproven(unknown) }
}

fn release(package: &Package, index: &BTreeMap<CrateId, IndexFact>) -> Told {
    let fact = package.id.crate_id().and_then(|id| index.get(&id));
    let Some(IndexFact::Read(history)) = fact else { return Told::Nothing };
    let release = history.release(&package.id.version).ok().flatten();
    release.map_or(Told::Nothing, Told::Line)
}

fn unknown_asks(id: &PackageId) -> Unproven {
    match id.source {
        Source::Registry(_) => Unproven::NoLine(id.clone()),
        Source::Local | Source::Git(_) | Source::Other(_) => Unproven::NoManifest(id.clone()),
    }
}

/// What cannot stand in one resolution: two packages of a name on one compatibility line, two that link one library, a circle.
fn conflicts(question: &Question<'_>, choices: &Choices<'_>, asks: &[Asks<'_>], reach: &Reach<'_>) -> Vec<Discord> {
    let mut discords = lines(question, choices, asks, reach);
    discords.extend(links(question, asks, reach));
    discords.extend(circles(question, asks, reach));
    discords
}

fn pair(one: &PackageId, other: &PackageId) -> (PackageId, PackageId) {
    if one <= other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}

/// A package stands on the line of its own source, and on that of each source that it is a `[patch]` of.
fn lines(question: &Question<'_>, choices: &Choices<'_>, asks: &[Asks<'_>], reach: &Reach<'_>) -> Vec<Discord> {
    let own = (0..question.packages.len()).filter(|at| reach.reached(*at));
    let own = own.filter_map(|at| Some((choices.origin(at)?, at)));
    let asked = reach.edges().filter_map(|(by, need, on)| {
        let need = asks[by].known()?.needs.get(need)?;
        Some((Origin::of(&need.from), on))
    });
    let mut known: HashMap<(Origin, &str, semver::Version), usize> = HashMap::new();
    let mut discords = Vec::new();
    for (origin, at) in own.chain(asked) {
        let id = &question.packages[at].id;
        let before = *known.entry((origin, &*id.name, line(&id.version))).or_insert(at);
        if before != at {
            let (one, other) = pair(&question.packages[before].id, id);
            discords.push(Discord::SameLine { one, other });
        }
    }
    discords
}

fn links(question: &Question<'_>, asks: &[Asks<'_>], reach: &Reach<'_>) -> Vec<Discord> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut discords = Vec::new();
    for (at, asks) in asks.iter().enumerate().filter(|(at, _)| reach.reached(*at)) {
        let Some(links) = asks.known().and_then(|summary| summary.links) else { continue };
        let before = *known.entry(links).or_insert(at);
        if before != at {
            let (one, other) = pair(&question.packages[before].id, &question.packages[at].id);
            discords.push(Discord::SameLinks { links: links.to_owned(), one, other });
        }
    }
    discords
}

/// Packages from which a way of dependencies that are no dev-dependencies leads back to themselves; one of each circle.
fn circles(question: &Question<'_>, asks: &[Asks<'_>], reach: &Reach<'_>) -> Vec<Discord> {
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); question.packages.len()];
    for (by, need, on) in reach.edges() {
        let kind = asks[by].known().and_then(|summary| summary.needs.get(need)).map(|need| need.kind);
        if kind.is_some_and(|kind| kind != DependencyKind::Dev) {
            edges[by].push(on);
        }
    }
    let mut discords = Vec::new();
    // 0: not seen, 1: on the way here, 2: done.
    let mut state = vec![0_u8; edges.len()];
    for start in 0..edges.len() {
        let mut way: Vec<(usize, usize)> = Vec::new();
        if state[start] == 0 {
            state[start] = 1;
            way.push((start, 0));
        }
        while let Some((at, next)) = way.pop() {
            let Some(on) = edges[at].get(next).copied() else {
                state[at] = 2;
                continue;
            };
            way.push((at, next + 1));
            match state[on] {
                0 => {
                    state[on] = 1;
                    way.push((on, 0));
                }
                1 => discords.push(Discord::Circle(question.packages[on].id.clone())),
                _ => {}
            }
        }
    }
    discords
}

/// Whether the base tells of these packages all that cargo could make of them now. What only a package with a known manifest asks may
/// differ.
///
/// A package of which nobody knows what it asks must stand in the lock file as in the base's, and be asked for the same: a feature more
/// could turn on a dependency that nobody judged.
#[must_use]
pub(crate) fn stand_as_before(head: &Question<'_>, base: &Question<'_>, unseen: &[PackageId]) -> bool {
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
        resolution(question, OfMembers::All, |_, asks, reach| Self {
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
    let folder = |place: &'_ DependencySource| match place {
        DependencySource::Path(folder) => Some(folder.clone()),
        DependencySource::Registry(_) | DependencySource::Git { .. } => None,
    };
    let local = manifests.packages.iter().map(|manifest| {
        let paths = manifest.dependencies.iter().filter_map(|declared| folder(&declared.from));
        (manifest.path.as_path(), (manifest.member, paths.collect()))
    });
    local.collect()
}
