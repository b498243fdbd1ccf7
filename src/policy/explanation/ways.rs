//! Who pulls a package in: the ways from the workspace's members, and the direct dependents with what they ask.

use std::collections::BTreeSet;

use super::super::graph::{asked_for, lines, requirements_of};
use super::super::judge::Judge;
use crate::model::explanation::{Ask, Dependent, Paths};

/// How many ways are kept.
const SHOWN: usize = 20;
/// How many steps are taken in search of ways: a graph can have more ways than atoms.
const STEPS: usize = 20_000;
/// No honest way is longer.
const LONGEST: usize = 100;

/// One step of a way, walked from the package towards the members.
struct Step {
    package: usize,
    /// The step that it was reached from, which lies nearer to the package.
    from: Option<usize>,
    length: usize,
}

/// The ways from members, the shortest first. A way begins at the member that is nearest to the package.
pub(super) fn paths(judge: &Judge<'_>, package: usize) -> Paths {
    let roots: BTreeSet<usize> = judge.graph.roots(&judge.facts.packages).into_iter().collect();
    let mut steps = vec![Step { package, from: None, length: 1 }];
    let mut paths = Paths { complete: true, ..Paths::default() };
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        let length = step.length;
        if roots.contains(&step.package) {
            let way: Vec<usize> = walk(&steps, at).collect();
            if paths.shown.len() < SHOWN { paths.shown.push(way) } else { paths.more += 1 }
        } else {
            for dependent in judge.graph.dependents(step.package) {
                if steps.len() == STEPS || length == LONGEST {
                    paths.complete = false;
                    break;
                }
                // Dependencies for tests can go in circles.
                if !walk(&steps, at).any(|package| package == *dependent) {
                    steps.push(Step { package: *dependent, from: Some(at), length: length + 1 });
                }
            }
        }
        at += 1;
    }
    if paths.shown.is_empty() {
        paths.shown.extend(Some(judge.graph.path(package)).filter(|path| path.len() > 1));
    }
    paths
}

/// The packages from a step back to the package in question.
fn walk(steps: &[Step], from: usize) -> impl Iterator<Item = usize> {
    let mut next = steps.get(from);
    std::iter::from_fn(move || {
        let step = next?;
        next = step.from.and_then(|from| steps.get(from));
        Some(step.package)
    })
}

/// The packages that depend on this one, and what each asks.
pub(super) fn dependents(judge: &Judge<'_>, package: usize) -> Vec<Dependent> {
    let Some(target) = judge.facts.packages.get(package).map(|package| &package.id) else { return Vec::new() };
    let crate_id = target.crate_id();
    let asks = |dependent: usize| {
        let requirements = requirements_of(judge.facts, dependent).unwrap_or_default();
        let asker = judge.facts.packages.get(dependent);
        requirements
            .into_iter()
            .filter(|one| asker.is_some_and(|asker| crate_id.is_some() && asked_for(asker, one) == crate_id))
            .filter(|one| one.req.matches(&target.version))
            .map(|one| Ask {
                at: asker.map(|asker| lines(asker, target, &one.req)).unwrap_or_default(),
                req: one.req,
                kind: one.kind,
                optional: one.optional,
                target: one.target,
            })
            .collect()
    };
    let dependents = judge.graph.dependents(package).iter();
    dependents.map(|dependent| Dependent { package: *dependent, asks: asks(*dependent) }).collect()
}
