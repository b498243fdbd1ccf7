//! Whether the lock file answers the manifests: whether cargo with `--locked` would take it as it is.
//!
//! Cargo silently completes a lock file that does not, with releases that nobody judged. So the resolution is worked out anew from the
//! manifests and the index lines of what is locked, as cargo's dependency resolver works (all features of the members, every platform,
//! dev-dependencies of members only), with each choice being the locked one; the graph that comes out must be the lock file's, edge for
//! edge. What is stricter than cargo: a package without a source that no manifest has. Checksums are not looked at here.

mod ask;
mod choose;
mod conflicts;
mod features;
mod reach;
mod unseen;

use std::collections::BTreeMap;

use rayon::prelude::*;

use self::ask::Asks;
use self::choose::Choices;
use self::reach::Reach;
use crate::model::facts::IndexFact;
use crate::model::index_line::Release;
use crate::model::lock_proof::{Discord, Proof, Unproven};
use crate::model::manifest::{Manifest, Manifests};
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::source::Source;

pub use self::unseen::stand_as_before;

/// What the proof is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The manifests.
    pub manifests: &'a Manifests,
    /// The packages of the lock file, in its order.
    pub packages: &'a [Package],
    /// What the lock file records as patches that nothing uses.
    pub unused_patches: &'a [PackageId],
    /// The lock file's format.
    pub version: u8,
    /// For each of them, what tells of its dependencies; those that have a manifest of [`Self::manifests`] need nothing.
    pub told: &'a [Told],
}

/// What tells of a locked package's dependencies.
#[derive(Clone, Debug)]
pub enum Told {
    /// Its index line.
    Line(Box<Release>),
    /// Its own manifest, as it is vendored.
    Manifest(Box<Manifest>),
    /// Nothing that is at hand.
    Nothing,
}

/// What the index tells of each package.
#[must_use]
pub fn told_by_index(packages: &[Package], index: &BTreeMap<CrateId, IndexFact>) -> Vec<Told> {
    packages.par_iter().map(|package| release(package, index)).collect()
}

/// Works it out.
#[must_use]
pub fn answers(question: &Question<'_>) -> Proof {
    resolution(question, |choices, asks, reach| judged(question, choices, asks, reach))
}

/// Works out what is reached, and hands it on.
fn resolution<R>(question: &Question<'_>, then: impl FnOnce(&Choices<'_>, &[Asks<'_>], &Reach<'_>) -> R) -> R {
    let choices = Choices::new(question);
    let asks: Vec<Asks<'_>> = (0..question.packages.len())
        .map(|at| match (choices.manifest(at), question.told.get(at)) {
            (Some(manifest), _) => Asks::of_manifest(manifest),
            (None, Some(Told::Line(release))) => Asks::of_release(&question.packages[at], release),
            (None, Some(Told::Manifest(manifest))) => Asks::of_manifest(manifest),
            (None, Some(Told::Nothing) | None) => Asks::Unknown,
        })
        .collect();
    let reach = Reach::work_out(question, &choices, &asks);
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
    discords.extend(conflicts::found(question, choices, asks, reach));
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
    release.map_or(Told::Nothing, |release| Told::Line(Box::new(release)))
}

fn unknown_asks(id: &PackageId) -> Unproven {
    match id.source {
        Source::Registry(_) => Unproven::NoLine(id.clone()),
        Source::Local | Source::Git(_) | Source::Other(_) => Unproven::NoManifest(id.clone()),
    }
}

/// The name of a feature that a package turns on for itself where it exists.
const DEFAULT: &str = "default";

/// An error about a feature.
fn no_feature(by: &Package, of: &Package, feature: &str) -> Discord {
    Discord::NoFeature { by: by.id.clone(), of: of.id.clone(), feature: feature.to_owned() }
}
