//! A crate's releases in the order in which they came, prepared once for what is asked of each of them.
//!
//! What a release of a moment is held against is a prefix of that order, and of it the highest versions below its own. Thousands of young
//! releases ask so, and none of them may search the others: within each compatibility line the releases stand by version, with a tree of
//! who came first above them, in which the next older one of a prefix is found in as many steps as the number of releases has digits.

#[cfg(test)]
mod plain;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use super::dependencies::{Dependencies, Target, target};
use super::graph;
use super::publish_age::is_reached;
use crate::model::age::Age;
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Release};

/// What is published within so much is published at a time.
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The most yanked releases that are passed over in search of one that is not.
const MOST_YANKED: usize = 64;
/// The most yanked releases of which is asked when they were yanked, and whether they are in use: the highest ones.
const MOST_LURED: usize = 256;

/// What the advisories say of a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Advised {
    /// That it is malicious: it vouches for nothing.
    pub(super) malicious: bool,
    /// Anything at all, which explains a yank.
    pub(super) at_all: bool,
}

/// The releases of one crate whose lines can be read.
#[derive(Debug)]
pub(super) struct Chronology {
    /// In the order of their publication, then of their versions; first those of which nobody knows when they came.
    all: Vec<Dated>,
    /// The places in `all`; and of these the ones of releases that are no pre-releases.
    by_time: [Vec<usize>; 2],
    /// By the lowest version of the line.
    lines: BTreeMap<Version, Line>,
    /// The places in `all` of releases that came after a long silence.
    resumed: Vec<usize>,
    carriers: OnceLock<Carriers>,
}

/// By line, the places of those that have something: all of them, and those that are no pre-releases.
type Carriers = BTreeMap<(Version, Carried), [Vec<usize>; 2]>;

#[derive(Debug)]
struct Dated {
    version: Version,
    at: Option<Timestamp>,
    yanked: bool,
    malicious: bool,
}

/// A compatibility line.
#[derive(Debug, Default)]
struct Line {
    /// All of it; and of that the releases that are no pre-releases.
    audiences: [ByVersion; 2],
    /// Of each audience who came first, down to the first that is not malicious.
    openers: [Vec<usize>; 2],
    /// What is yanked while no advisory says why.
    yanked: ByVersion,
    /// Everything else.
    open: ByVersion,
}

/// What two releases can have in common that a third one had not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carried {
    Dependency(Target),
    BuildDependency(Target),
    Links(String),
}

/// The releases that vouch for what a new one has.
#[derive(Debug)]
pub(super) struct Before {
    /// The newest first, down to the newest that is neither yanked nor malicious: a yank or an advisory can only ask for more witnesses.
    /// Never empty.
    pub(super) releases: Vec<Arc<Release>>,
    /// Whether they are of the new one's compatibility line, so that an update leads from them to it.
    pub(super) is_compatible: bool,
}

impl Before {
    /// The newest.
    pub(super) fn newest(&self) -> Option<&Release> {
        self.releases.first().map(|release| &**release)
    }
}

/// A silence of a crate: longer than a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// The last release before it.
    pub(super) before: Version,
    /// The release that ended it.
    pub(super) resumed: Version,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
}

/// Older releases that an update would lead from, and what became of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lured {
    /// Those that are yanked while no advisory says why, the lowest first.
    pub(super) yanked: Vec<Version>,
    /// Whether there is any other.
    pub(super) is_any_left: bool,
}

impl Chronology {
    /// Takes a crate's releases, what the advisories say of each, and how long a silence is long.
    pub(super) fn of(history: &History, advised: impl Fn(&Version) -> Advised, gap: Age) -> Self {
        let mut dated: Vec<(Dated, Advised)> = history
            .outlines()
            .map(|one| (one, advised(&one.version)))
            .map(|(one, advised)| (Dated::of(one, advised), advised))
            .collect();
        dated.sort_by(|(one, _), (other, _)| (one.at, &one.version).cmp(&(other.at, &other.version)));
        let mut by_time = [Vec::new(), Vec::new()];
        let mut lines: BTreeMap<Version, Line> = BTreeMap::new();
        for (place, (one, advised)) in dated.iter().enumerate() {
            let line = lines.entry(graph::line(&one.version)).or_default();
            let audiences = if one.version.pre.is_empty() { [true, true] } else { [true, false] };
            let by_version = line.audiences.iter_mut().zip(&mut line.openers);
            for ((by_time, (by_version, openers)), _) in
                by_time.iter_mut().zip(by_version).zip(audiences).filter(|(_, belongs)| *belongs)
            {
                let is_open = |last: &usize| dated.get(*last).is_some_and(|(last, _)| last.malicious);
                if openers.last().is_none_or(is_open) && openers.len() < MOST_YANKED {
                    openers.push(place);
                }
                by_time.push(place);
                by_version.places.push(place);
            }
            let by_yank = if one.yanked && !advised.at_all { &mut line.yanked } else { &mut line.open };
            by_yank.places.push(place);
        }
        let all: Vec<Dated> = dated.into_iter().map(|(one, _)| one).collect();
        for line in lines.values_mut() {
            line.audiences.iter_mut().chain([&mut line.yanked, &mut line.open]).for_each(|one| one.sort(&all));
        }
        let is_long = |pair: &[Dated]| match pair {
            [before, after] => before.at.zip(after.at).is_some_and(|(began, ended)| is_longer(gap, began, ended)),
            _ => false,
        };
        let resumed = all.windows(2).zip(1..).filter(|(pair, _)| is_long(pair)).map(|(_, place)| place).collect();
        Self { all, by_time, lines, resumed, carriers: OnceLock::new() }
    }

    /// How many of all came at a moment that fits: `fits` holds from the first moment on to some later one.
    fn prefix(&self, fits: impl Fn(Timestamp) -> bool) -> usize {
        self.all.partition_point(|one| one.at.is_none_or(&fits))
    }

    /// What a release is held against, of those whose moment is `established`. A pre-release has another audience and vouches for none but
    /// pre-releases. `None` where there is nothing.
    pub(super) fn before(
        &self,
        history: &History,
        version: &Version,
        established: impl Fn(Timestamp) -> bool,
    ) -> Option<Before> {
        let prefix = self.prefix(established);
        let audience = usize::from(version.pre.is_empty());
        let mut chosen = Vec::new();
        if let Some(line) = self.lines.get(&graph::line(version)).and_then(|line| line.audiences.get(audience)) {
            self.call(&mut chosen, version, line.downwards(line.below(&self.all, version), prefix));
            self.call(&mut chosen, version, line.downwards(line.places.len(), prefix));
        }
        let is_compatible = !chosen.is_empty();
        for by_time in [self.by_time.get(audience), self.by_time.first()].into_iter().flatten() {
            let end = by_time.partition_point(|place| *place < prefix);
            self.call(&mut chosen, version, by_time.get(..end).unwrap_or_default().iter().rev().copied());
        }
        let read = chosen.into_iter().filter_map(|place| history.release(&self.all.get(place)?.version).ok()?);
        let releases: Vec<Arc<Release>> = read.collect();
        (!releases.is_empty()).then_some(Before { releases, is_compatible })
    }

    /// Calls the first of these releases as witnesses, down to one that vouches; where none is called yet, or nothing but malicious ones.
    fn call(&self, called: &mut Vec<usize>, version: &Version, places: impl Iterator<Item = usize>) {
        let is_honest = |place: &usize| self.all.get(*place).is_some_and(|one| !one.malicious);
        if called.iter().any(is_honest) {
            return;
        }
        let is_other = |place: &usize| self.all.get(*place).is_some_and(|one| one.version != *version);
        let known = called.clone();
        for place in places.filter(|place| is_other(place) && !known.contains(place)).take(MOST_YANKED) {
            called.push(place);
            if self.all.get(place).is_some_and(Dated::vouches) {
                break;
            }
        }
    }

    /// The releases that opened another one's compatibility line, for the other's audience, down to the first that is not malicious; none
    /// where that did it itself.
    pub(super) fn openers(&self, history: &History, version: &Version) -> Vec<Arc<Release>> {
        let line = self.lines.get(&graph::line(version));
        let openers = line.and_then(|line| line.openers.get(usize::from(version.pre.is_empty())));
        let versions = openers.into_iter().flatten().filter_map(|place| Some(&self.all.get(*place)?.version));
        let before = versions.take_while(|one| *one != version);
        before.filter_map(|one| history.release(one).ok()?).collect()
    }

    /// The latest silence that ended with a release, or less than `window` before it.
    pub(super) fn silence(&self, version: &Version, published: Timestamp, gap: Age, window: Age) -> Option<Silence> {
        let end = self.prefix(|at| at < published);
        let last = self.all.get(end.checked_sub(1)?)?;
        if let Some(began) = last.at.filter(|began| is_longer(gap, *began, published)) {
            let (before, resumed) = (last.version.clone(), version.clone());
            return Some(Silence { before, resumed, began, ended: published });
        }
        let latest = self.resumed.partition_point(|place| *place < end).checked_sub(1)?;
        let place = *self.resumed.get(latest)?;
        let (before, resumed) = (self.all.get(place.checked_sub(1)?)?, self.all.get(place)?);
        let (began, ended) = before.at.zip(resumed.at)?;
        let silence = || Silence { before: before.version.clone(), resumed: resumed.version.clone(), began, ended };
        (!is_reached(window, ended, published)).then(silence)
    }

    /// How many came within a time up to a moment.
    pub(super) fn within(&self, time: SignedDuration, moment: Timestamp) -> usize {
        let (end, start) = (self.prefix(|at| at <= moment), self.prefix(|at| moment.duration_since(at) >= time));
        end.saturating_sub(start)
    }

    /// What came by a moment, of which an update leads to a release.
    pub(super) fn lured(&self, version: &Version, last: Option<Timestamp>) -> Lured {
        let prefix = self.prefix(|at| last.is_some_and(|last| at <= last));
        let leading = |order: &ByVersion, most: usize| -> Vec<Version> {
            let below = order.downwards(order.below(&self.all, version), prefix);
            let versions = below.filter_map(|place| self.all.get(place)).map(|one| &one.version);
            versions.take_while(|one| graph::serves(one, version)).take(most).cloned().collect()
        };
        let Some(line) = self.lines.get(&graph::line(version)) else {
            return Lured { yanked: Vec::new(), is_any_left: false };
        };
        let mut yanked = leading(&line.yanked, MOST_LURED);
        yanked.reverse();
        Lured { yanked, is_any_left: !leading(&line.open, 1).is_empty() }
    }

    /// When a release of another one's line first carried something, of those that came after `since` and not after that other one. Who
    /// is yanked or malicious carries nothing, and a pre-release nothing for those who take none.
    pub(super) fn first_carried(
        &self,
        history: &History,
        what: Carried,
        (version, published): (&Version, Timestamp),
        since: impl Fn(Timestamp) -> bool,
    ) -> Option<Timestamp> {
        let carriers = self.carriers.get_or_init(|| self.read_carriers(history));
        let places = carriers.get(&(graph::line(version), what))?.get(usize::from(version.pre.is_empty()))?;
        let start = self.prefix(|at| !since(at));
        let first = *places.get(places.partition_point(|place| *place < start))?;
        self.all.get(first)?.at.filter(|at| *at <= published)
    }

    fn read_carriers(&self, history: &History) -> Carriers {
        let mut carriers = Carriers::new();
        for place in self.by_time.first().into_iter().flatten() {
            let Some(one) = self.all.get(*place).filter(|one| one.vouches() && one.at.is_some()) else { continue };
            let Ok(Some(release)) = history.release(&one.version) else { continue };
            for what in carried(&release) {
                let [all, stable] = carriers.entry((graph::line(&one.version), what)).or_default();
                all.push(*place);
                if one.version.pre.is_empty() {
                    stable.push(*place);
                }
            }
        }
        carriers
    }
}

/// What a release gives to those who change nothing, each once.
fn carried(release: &Release) -> Vec<Carried> {
    let dependencies = Dependencies::of(release);
    let reached =
        release.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev && dependencies.reaches(one));
    let mut all: Vec<Carried> = reached
        .flat_map(|one| {
            let built = (one.kind == DependencyKind::Build).then(|| Carried::BuildDependency(target(one)));
            built.into_iter().chain([Carried::Dependency(target(one))])
        })
        .chain(release.links.clone().map(Carried::Links))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Dated {
    fn of(outline: &Outline, advised: Advised) -> Self {
        let (version, at) = (outline.version.clone(), outline.pubtime.known());
        Self { version, at, yanked: outline.yanked, malicious: advised.malicious }
    }

    /// Whether it says by itself what was usual.
    const fn vouches(&self) -> bool {
        !self.yanked && !self.malicious
    }
}

/// Releases by their versions, lowest first, each as its place in the order of time.
#[derive(Debug, Default)]
struct ByVersion {
    places: Vec<usize>,
    /// A binary tree over `places`: its leaves are the second half, and a node holds the lower of its two children.
    least: Vec<usize>,
}

impl ByVersion {
    fn sort(&mut self, all: &[Dated]) {
        self.places.sort_by_key(|place| all.get(*place).map(|one| &one.version));
        // One more than there are, so that whatever `last_below` is asked about begins within the leaves.
        let width = (self.places.len() + 1).next_power_of_two();
        self.least = vec![usize::MAX; 2 * width];
        for (at, place) in self.places.iter().enumerate() {
            self.least[width + at] = *place;
        }
        for at in (1..width).rev() {
            self.least[at] = self.least[2 * at].min(self.least[2 * at + 1]);
        }
    }

    /// How many have a lower version.
    fn below(&self, all: &[Dated], version: &Version) -> usize {
        self.places.partition_point(|place| all.get(*place).is_some_and(|one| one.version < *version))
    }

    /// Those among the first `end` whose place is below `prefix`, from the highest version down.
    fn downwards(&self, mut end: usize, prefix: usize) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            end = self.last_below(end, prefix)?;
            self.places.get(end).copied()
        })
    }

    /// The last position before `end` that holds a place below `prefix`.
    fn last_below(&self, end: usize, prefix: usize) -> Option<usize> {
        let width = self.least.len() / 2;
        let holds = |node: usize| self.least.get(node).is_some_and(|least| *least < prefix);
        // Up along the left border of what is allowed, until a subtree to its left holds one; then down to the last leaf of that.
        let mut node = width + end;
        while node > 1 {
            if node % 2 == 1 && holds(node - 1) {
                node -= 1;
                while node < width {
                    node = if holds(2 * node + 1) { 2 * node + 1 } else { 2 * node };
                }
                return Some(node - width);
            }
            node /= 2;
        }
        None
    }
}

/// Whether more time than this lies between two moments.
pub(super) fn is_longer(age: Age, from: Timestamp, to: Timestamp) -> bool {
    is_reached(age, from, to) && age.after(from) != to
}
