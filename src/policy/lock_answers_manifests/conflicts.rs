//! What cannot stand in one resolution: two packages of a name on one compatibility line, two that link one library, a circle.

use std::collections::HashMap;

use super::Question;
use super::ask::Asks;
use super::choose::{Choices, Origin};
use super::reach::Reach;
use crate::model::index_line::DependencyKind;
use crate::model::lock_proof::Discord;
use crate::model::package::PackageId;
use crate::policy::graph::line;

pub(super) fn found(
    question: &Question<'_>,
    choices: &Choices<'_>,
    asks: &[Asks<'_>],
    reach: &Reach<'_>,
) -> Vec<Discord> {
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
