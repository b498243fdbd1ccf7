//! The releases that a new one is held against: what was there long before it.

use jiff::Timestamp;

use crate::model::age::Age;
use crate::model::history::History;
use crate::model::index_line::{Outline, Release};
use crate::policy::graph::same_line;
use crate::policy::publish_age::is_reached;

/// The most yanked releases that are passed over in search of one that is not.
const MOST_YANKED: usize = 64;

/// The releases that vouch for what a new one has.
#[derive(Debug)]
pub(super) struct Before {
    /// The newest first, down to the newest that is not yanked: a yank can only ask for more witnesses. Never empty.
    pub(super) releases: Vec<Release>,
    /// Whether they are of the new one's compatibility line, so that an update leads from them to it.
    pub(super) is_compatible: bool,
}

impl Before {
    /// What a release is held against, of those that are `established`. A pre-release has another audience and vouches for none but
    /// pre-releases. `None` where there is nothing.
    pub(super) fn of(history: &History, release: &Outline, established: impl Fn(&Outline) -> bool) -> Option<Self> {
        let version = &release.version;
        let all: Vec<&Outline> = history.outlines().filter(|one| established(one) && one.version != *version).collect();
        let on_line = |one: &&&Outline| same_line(&one.version, version);
        let of_audience = |one: &&&Outline| one.version.pre.is_empty() || !version.pre.is_empty();
        let choose = |fits: &dyn Fn(&&&Outline) -> bool| {
            let chosen: Vec<&Outline> = all.iter().filter(|one| fits(one)).copied().collect();
            (!chosen.is_empty()).then_some(chosen)
        };
        let line = choose(&|one| on_line(one) && of_audience(one) && one.version < *version)
            .or_else(|| choose(&|one| on_line(one) && of_audience(one)));
        let is_compatible = line.is_some();
        let mut chosen = line.or_else(|| choose(&of_audience)).or_else(|| choose(&|_| true))?;
        if is_compatible {
            chosen.sort_by(|one, other| other.version.cmp(&one.version));
        } else {
            let order = |one: &Outline| (one.pubtime.known(), one.version.clone());
            chosen.sort_by_key(|one| std::cmp::Reverse(order(one)));
        }
        let end = chosen.iter().position(|one| !one.yanked).map_or(chosen.len(), |last| last + 1).min(MOST_YANKED);
        let read = chosen.into_iter().take(end).filter_map(|one| history.release(&one.version).ok()?);
        let releases: Vec<Release> = read.collect();
        (!releases.is_empty()).then_some(Self { releases, is_compatible })
    }

    /// The newest.
    pub(super) fn newest(&self) -> Option<&Release> {
        self.releases.first()
    }
}

/// A silence of a crate: longer than a gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence<'h> {
    /// The last release before it.
    pub(super) before: &'h Outline,
    /// The release that ended it.
    pub(super) resumed: &'h Outline,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
}

/// The latest silence that ended with a release, or less than `window` before it.
pub(super) fn silence<'h>(
    history: &'h History,
    release: &Outline,
    published: Timestamp,
    gap: Age,
    window: Age,
) -> Option<Silence<'h>> {
    let mut all: Vec<(Timestamp, &Outline)> = history
        .outlines()
        .filter_map(|one| Some((one.pubtime.known()?, one)))
        .filter(|(at, one)| *at < published || one.version == release.version)
        .collect();
    all.sort_by(|one, other| (one.0, &one.1.version).cmp(&(other.0, &other.1.version)));
    let pairs = all.windows(2).rev().filter_map(|pair| Some((pair.first()?, pair.last()?)));
    let mut recent =
        pairs.take_while(|(_, (ended, one))| one.version == release.version || !is_reached(window, *ended, published));
    recent
        .find(|((began, _), (ended, _))| *began < *ended && is_longer(gap, *began, *ended))
        .map(|((began, before), (ended, resumed))| Silence { before, resumed, began: *began, ended: *ended })
}

/// Whether more time than this lies between two moments.
pub(super) fn is_longer(age: Age, from: Timestamp, to: Timestamp) -> bool {
    is_reached(age, from, to) && age.after(from) != to
}
