//! Follows what is asked from the members on: which packages are reached, with which features, over which edges.

use std::collections::{HashMap, HashSet};

use super::choose::Choices;
use super::question::{Asks, DEFAULT, Enables, Question, Summary, no_feature};
use crate::model::lock_proof::{Discord, Unproven};
use crate::model::manifest::DependencySource;
use crate::model::source::Source;

/// What was found.
pub(super) struct Reach<'a> {
    question: &'a Question<'a>,
    choices: &'a Choices<'a>,
    asks: &'a [Asks<'a>],
    nodes: Vec<Node<'a>>,
    work: Vec<Work<'a>>,
    /// The reached packages of which nobody knows what they ask.
    unknown: Vec<usize>,
    open: Vec<Unproven>,
    discords: Vec<Discord>,
}

/// What is known of one locked package so far.
#[derive(Default)]
struct Node<'a> {
    reached: bool,
    /// Something unknown leads here: it may have more features than those that are known to be asked for.
    vague: bool,
    on: HashSet<&'a str>,
    /// Dependencies that a feature turned on, and the features that are asked of them.
    active: HashMap<&'a str, Vec<&'a str>>,
    /// For each need that is followed, the package that stands for it.
    chosen: HashMap<usize, Option<usize>>,
}

/// The features of the members that are turned on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OfMembers {
    /// As cargo resolves.
    All,
    /// As cargo builds where nobody names any.
    Default,
}

enum Work<'a> {
    Reach(usize),
    Enable { by: usize, of: usize, feature: &'a str },
}

impl<'a> Reach<'a> {
    pub(super) fn work_out(
        question: &'a Question<'a>,
        choices: &'a Choices<'a>,
        asks: &'a [Asks<'a>],
        features: OfMembers,
    ) -> Self {
        let nodes = asks.iter().map(|_| Node::default()).collect();
        let mut reach = Self {
            question,
            choices,
            asks,
            nodes,
            work: Vec::new(),
            unknown: Vec::new(),
            open: Vec::new(),
            discords: Vec::new(),
        };
        for (at, asks) in asks.iter().enumerate() {
            if let Some(summary) = asks.known().filter(|summary| summary.member) {
                reach.work.push(Work::Reach(at));
                let names = summary.features.names().filter(|name| features == OfMembers::All || *name == DEFAULT);
                reach.work.extend(names.map(|feature| Work::Enable { by: at, of: at, feature }));
            }
        }
        reach.finish();
        reach.follow_the_unknown();
        reach
    }

    pub(super) fn reached(&self, at: usize) -> bool {
        self.nodes.get(at).is_some_and(|node| node.reached)
    }

    /// Whether something unknown leads there.
    pub(super) fn is_vague(&self, at: usize) -> bool {
        self.nodes.get(at).is_some_and(|node| node.vague)
    }

    /// The features that are asked of a package; of an unknown one `default` may be asked in vain.
    pub(super) fn asked_of(&self, at: usize) -> impl Iterator<Item = &'a str> {
        self.nodes.get(at).into_iter().flat_map(|node| node.on.iter().copied())
    }

    /// The needs that are followed: who asks, which of its needs, and what stands for it.
    pub(super) fn edges(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.nodes
            .iter()
            .enumerate()
            .flat_map(|(by, node)| node.chosen.iter().filter_map(move |(need, chosen)| Some((by, *need, (*chosen)?))))
    }

    /// What keeps the whole from being told here.
    pub(super) fn open(&self) -> Vec<Unproven> {
        let mut open = self.open.clone();
        for (at, node) in self.nodes.iter().enumerate() {
            let odd = self.asks[at].known().and_then(|summary| summary.features.odd()).filter(|_| node.reached);
            open.extend(odd.map(|feature| Unproven::OddFeature {
                of: self.question.packages[at].id.clone(),
                feature: feature.to_owned(),
            }));
            if let Some(manifest) = self.choices.manifest(at).filter(|one| node.reached || one.member) {
                open.extend(manifest.unfollowed.iter().cloned().map(Unproven::Unfollowed));
            }
        }
        open
    }

    pub(super) fn discords(&self) -> Vec<Discord> {
        let mut discords = self.discords.clone();
        let packages = self.question.packages;
        for (at, (node, package)) in self.nodes.iter().zip(packages).enumerate() {
            let explained = |at: usize| packages[at].id.source != Source::Local || self.choices.manifest(at).is_some();
            if !node.reached {
                if explained(at) {
                    discords.push(Discord::Unreached(package.id.clone()));
                }
                continue;
            }
            let Some(summary) = self.asks[at].known() else { continue };
            let chosen: HashSet<usize> = node.chosen.values().copied().flatten().collect();
            for on in package.dependencies.iter().copied().filter(|on| !chosen.contains(on) && explained(*on)) {
                if !(node.vague && self.could_be(summary, on)) {
                    discords.push(Discord::Unasked { by: package.id.clone(), on: packages[on].id.clone() });
                }
            }
        }
        discords
    }

    fn could_be(&self, summary: &Summary<'_>, on: usize) -> bool {
        summary.needs.iter().any(|need| summary.counts(need) && self.choices.could_stand(on, need))
    }

    fn finish(&mut self) {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Reach(at) => self.reach(at),
                Work::Enable { by, of, feature } => self.enable(by, of, feature),
            }
        }
    }

    fn reach(&mut self, at: usize) {
        if std::mem::replace(&mut self.nodes[at].reached, true) {
            return;
        }
        let asks = self.asks;
        let Some(summary) = asks[at].known() else {
            self.unknown.push(at);
            return;
        };
        for (number, need) in summary.needs.iter().enumerate() {
            if !need.optional && summary.counts(need) {
                self.follow(at, summary, number);
            }
        }
    }

    /// Goes to what stands for a need, and asks it for what the need says.
    fn follow(&mut self, by: usize, summary: &'a Summary<'a>, number: usize) {
        if self.nodes[by].chosen.contains_key(&number) {
            return;
        }
        let need = &summary.needs[number];
        let chosen = self.choices.choose(&self.question.packages[by], need);
        self.nodes[by].chosen.insert(number, chosen);
        let Some(of) = chosen else {
            self.unanswered(by, summary, number);
            return;
        };
        self.work.push(Work::Reach(of));
        let has_default = || self.asks[of].known().is_none_or(|asked| asked.features.of(DEFAULT).is_some());
        let default = (need.default_features && has_default()).then_some(DEFAULT);
        let more = self.nodes[by].active.get(need.key).into_iter().flatten().copied();
        // Very old index lines ask for a feature without a name, which cargo leaves out.
        let asked = need.features.iter().map(String::as_str).filter(|feature| !feature.is_empty());
        self.work.extend(asked.chain(default).chain(more).map(|feature| Work::Enable { by, of, feature }));
    }

    fn unanswered(&mut self, by: usize, summary: &Summary<'_>, number: usize) {
        let need = &summary.needs[number];
        if let DependencySource::Path(folder) = &*need.from
            && let Some(problem) = self.question.manifests.unread.get(folder)
        {
            let path = folder.join("Cargo.toml");
            self.open.push(Unproven::Unread { path, problem: problem.clone() });
            return;
        }
        let packages = self.question.packages;
        let mut instead: Vec<_> =
            packages.iter().filter(|one| *one.id.name == *need.name).map(|one| one.id.clone()).collect();
        instead.sort();
        self.discords.push(Discord::Unanswered {
            by: packages[by].id.clone(),
            name: need.name.into(),
            req: need.req.map(ToString::to_string),
            from: need.from.clone().into_owned(),
            instead,
        });
    }

    fn enable(&mut self, by: usize, of: usize, feature: &'a str) {
        let asks = self.asks;
        let Some(summary) = asks[of].known() else {
            self.nodes[of].on.insert(feature);
            return;
        };
        let packages = self.question.packages;
        let Some((feature, enables)) = summary.features.of(feature) else {
            self.discords.push(no_feature(&packages[by], &packages[of], feature));
            return;
        };
        if !self.nodes[of].on.insert(feature) {
            return;
        }
        for one in enables {
            match *one {
                Enables::Feature(same) if same == feature => {
                    self.discords.push(no_feature(&packages[of], &packages[of], feature));
                }
                Enables::Feature(feature) => self.work.push(Work::Enable { by: of, of, feature }),
                Enables::Dependency(name) => self.activate(of, summary, name, None),
                Enables::FeatureOf { dependency, feature, weak } => {
                    let optional = |key: &str| summary.needs.iter().any(|need| need.key == key && need.optional);
                    if !weak && optional(dependency) && summary.features.of(dependency).is_some() {
                        self.work.push(Work::Enable { by: of, of, feature: dependency });
                    }
                    self.activate(of, summary, dependency, Some(feature));
                }
            }
        }
    }

    /// Turns a dependency on, for cargo also by `name?/feature`, and asks it for a feature.
    fn activate(&mut self, at: usize, summary: &'a Summary<'a>, name: &'a str, feature: Option<&'a str>) {
        let asked = self.nodes[at].active.entry(name).or_default();
        if let Some(feature) = feature {
            if asked.contains(&feature) {
                return;
            }
            asked.push(feature);
        }
        for (number, need) in summary.needs.iter().enumerate() {
            if need.key != name || !summary.counts(need) {
                continue;
            }
            if let Some(chosen) = self.nodes[at].chosen.get(&number).copied() {
                let asked = chosen.zip(feature).map(|(of, feature)| Work::Enable { by: at, of, feature });
                self.work.extend(asked);
            } else if need.optional {
                self.follow(at, summary, number);
            }
            // One that is always there is followed when the package is reached, with what is asked here.
        }
    }

    /// What an unknown package is locked with may be right, and is reached then, with features that nobody knows.
    fn follow_the_unknown(&mut self) {
        let mut waiting = std::mem::take(&mut self.unknown);
        while let Some(at) = waiting.pop() {
            if std::mem::replace(&mut self.nodes[at].vague, true) {
                continue;
            }
            for on in self.question.packages[at].dependencies.iter().copied() {
                if self.asks[at].known().is_none_or(|summary| self.could_be(summary, on)) {
                    self.work.push(Work::Reach(on));
                    waiting.push(on);
                }
            }
            self.finish();
            waiting.append(&mut self.unknown);
        }
    }
}
