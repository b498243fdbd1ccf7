//! Compares two lock files, and looks for what could be newer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::graph::{self, Graph, same_line};
use super::judge::Judge;
use crate::model::evaluation::{Evaluation, FixStanding, Judgement};
use crate::model::index_line::Outline;
use crate::model::moves::{Change, Held, HeldFix};
use crate::model::package::{Package, PackageId};
use crate::model::source::Source;
use crate::model::verdict::{Basis, Verdict};
use crate::model::visibility::{Hidden, HiddenBecause};

/// What a caller asked to have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Everything may move.
    Everything,
    /// The packages of these names.
    Names(BTreeSet<String>),
}

/// Every difference between two lists of packages; the new ones are judged by `evaluation`, which is in their order.
#[must_use]
pub fn changes(before: &[Package], after: &[Package], evaluation: &Evaluation, asked: &Asked) -> Vec<Change> {
    let judgements: BTreeMap<&PackageId, &Judgement> =
        evaluation.judgements.iter().map(|judgement| (&judgement.id, judgement)).collect();
    let mut all = Vec::new();
    let groups: BTreeSet<(Arc<str>, Source)> = before.iter().chain(after).map(group).collect();
    for (name, source) in groups {
        let versions = |packages: &[Package]| -> BTreeSet<Version> {
            let same = packages.iter().filter(|package| package.id.name == name && package.id.source == source);
            same.map(|package| package.id.version.clone()).collect()
        };
        let (old, new) = (versions(before), versions(after));
        let mut gone: Vec<&Version> = old.difference(&new).collect();
        let mut came: Vec<&Version> = new.difference(&old).collect();
        let mut pairs: Vec<(Option<&Version>, Option<&Version>)> = Vec::new();
        came.retain(|to| match gone.iter().position(|from| same_line(from, to)) {
            Some(at) => {
                pairs.push((Some(gone.remove(at)), Some(to)));
                false
            }
            None => true,
        });
        while !gone.is_empty() || !came.is_empty() {
            pairs.push((gone.pop(), came.pop()));
        }
        for (from, to) in pairs {
            let id = to.map(|to| PackageId { name: Arc::clone(&name), version: to.clone(), source: source.clone() });
            let judgement = id.as_ref().and_then(|id| judgements.get(id));
            all.push(Change {
                name: Arc::clone(&name),
                source: source.clone(),
                from: from.cloned(),
                to: to.cloned(),
                pubtime: judgement.and_then(|judgement| judgement.pubtime),
                basis: judgement.and_then(|judgement| basis(judgement)).cloned(),
                asked: match asked {
                    Asked::Everything => true,
                    Asked::Names(names) => names.contains(&*name),
                },
            });
        }
    }
    all
}

fn basis(judgement: &Judgement) -> Option<&Basis> {
    match &judgement.verdict {
        Some(Verdict::Approved(basis)) => Some(basis),
        Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) | None => None,
    }
}

/// Another commit of a git source is another source: one package is removed and one added.
fn group(package: &Package) -> (Arc<str>, Source) {
    (Arc::clone(&package.id.name), package.id.source.clone())
}

/// For every locked release of a registry: the newest release that all requirements of this graph accept, where that is newer and held.
#[must_use]
pub fn held(judge: &Judge<'_>) -> Vec<Held> {
    let graph = Graph::new(&judge.facts.packages);
    let packages = judge.facts.packages.iter().enumerate();
    packages.filter_map(|(position, package)| held_for(judge, &graph, position, package)).collect()
}

fn held_for(judge: &Judge<'_>, graph: &Graph, position: usize, package: &Package) -> Option<Held> {
    let crate_id = package.id.crate_id()?;
    let history = judge.history(&crate_id)?;
    let newer: Vec<&Outline> = history
        .outlines()
        .filter(|one| !one.yanked && one.version.pre.is_empty() && one.version > package.id.version)
        .collect();
    if newer.is_empty() {
        return None;
    }
    let requirements = graph::requirements(judge.facts, graph, position);
    let newest = newer
        .into_iter()
        .filter(|one| requirements.iter().all(|req| req.matches(&one.version)))
        .max_by(|one, other| one.version.cmp(&other.version))?;
    match judge.verdict(&crate_id, history, newest) {
        Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => {
            let candidate = Hidden::of(newest, HiddenBecause::Reasons(reasons));
            Some(Held { package: package.id.clone(), candidate })
        }
        Verdict::Local | Verdict::Approved(_) => None,
    }
}

/// The fixes that exist for what is locked and may not be used yet.
#[must_use]
pub fn held_fixes(evaluation: &Evaluation) -> Vec<HeldFix> {
    let judgements = evaluation.judgements.iter();
    judgements
        .flat_map(|judgement| {
            let held = judgement.fixes.iter().filter(|fix| matches!(fix.standing, FixStanding::Held(_)));
            held.map(|fix| HeldFix { package: judgement.id.clone(), fix: fix.clone() })
        })
        .collect()
}
