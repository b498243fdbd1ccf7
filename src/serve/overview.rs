//! What a team is told: its releases as pages and documents show them, and the list of all that is held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::SignedDuration;
use tokio::time::Instant;

use super::decide::Decided;
use super::locks::Locks;
use super::node::Node;
use super::overviews::Overview;
use super::ruling::Ruling;
use super::team::{State, Team};
use crate::model::checksum::Checksum;
use crate::model::index_line::Pubtime;
use crate::model::package::{CrateId, LockedChecksum, PackageId};
use crate::model::source::Source;
use crate::model::verdict::Verdict;
use crate::report::team::{Alarm, Locker, Project, Release, Shown};

/// The most releases that a list holds.
const MOST: usize = 2_000;
/// The most crates that are looked at for it.
const CRATES: usize = 20_000;
/// How many are looked at together.
const AT_ONCE: usize = 16;
/// How long somebody waits for those that are not known yet; they are looked at all the same.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a list serves whoever asks for it again.
const LASTS: Duration = Duration::from_secs(2);
/// What was not raised again for so long is over, where it can be.
const PASSED: SignedDuration = SignedDuration::from_mins(30);

/// All that is held for one team: made once however many ask for it.
pub(crate) async fn of(node: &Arc<Node>, team: &Team) -> Arc<Overview> {
    let place = node.overviews.of(&team.name);
    let mut made = place.lock().await;
    if let Some(overview) = &*made
        && overview.state.number == team.state().number
        && overview.made.elapsed() < LASTS
    {
        return Arc::clone(overview);
    }
    let overview = Arc::new(overview(node, team).await);
    *made = Some(Arc::clone(&overview));
    overview
}

async fn overview(node: &Arc<Node>, team: &Team) -> Overview {
    let state = team.state();
    let mut known: BTreeMap<(Arc<str>, Arc<str>), Arc<Decided>> = BTreeMap::new();
    let mut wanted: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
    for asked in node.decider.asked(team) {
        let name = (asked.registry, asked.name);
        if asked.holds {
            known.insert(name, asked.decided);
        } else {
            wanted.insert(name);
        }
    }
    for crate_id in state.locks.packages.iter().filter_map(|package| package.id.crate_id()) {
        if let Some(registry) = node.entries.name_of(&crate_id).filter(|registry| team.has(registry)) {
            let name = (Arc::from(registry), Arc::from(crate_id.name.to_lowercase()));
            if !known.contains_key(&name) {
                wanted.insert(name);
            }
        }
    }
    let crates = known.len() + wanted.len();
    let (fresh, unread) = look(node, team, wanted.into_iter().take(CRATES.saturating_sub(known.len()))).await;
    let unread = unread + crates.saturating_sub(CRATES.max(known.len()));
    known.extend(fresh);
    let (of_state, of_node, name) = (Arc::clone(&state), Arc::clone(node), team.name.clone());
    let told = tokio::task::spawn_blocking(move || held(&of_node, &name, &of_state, &known)).await;
    let (releases, more) = told.unwrap_or_default();
    Overview { state, made: Instant::now(), releases, more, crates, unread }
}

type Looked = Vec<((Arc<str>, Arc<str>), Arc<Decided>)>;

/// What is decided about crates, and of how many it cannot be told in time. Those that take longer are looked at to their end.
async fn look(node: &Arc<Node>, team: &Team, wanted: impl Iterator<Item = (Arc<str>, Arc<str>)>) -> (Looked, usize) {
    let wanted: Vec<_> = wanted.collect();
    let all = wanted.len();
    let asked = futures_util::stream::iter(wanted.into_iter().map(|(registry, name)| {
        let (node, team) = (Arc::clone(node), team.name.clone());
        tokio::spawn(async move {
            let team = node.teams.get(&team)?;
            let decided = node.decider.decide(team, &registry, &name).await;
            Some(((registry, name), decided.ok()?))
        })
    }));
    let mut asked = std::pin::pin!(asked.buffer_unordered(AT_ONCE));
    let (until, mut looked, mut done) = (Instant::now() + PATIENCE, Vec::new(), 0);
    while let Ok(Some(one)) = tokio::time::timeout_at(until, asked.next()).await {
        match one.ok().flatten() {
            Some((name, Some(decided))) => looked.push((name, decided)),
            // There is no such crate, and nothing of it that could be held.
            Some((_, None)) => {}
            None => continue,
        }
        done += 1;
    }
    (looked, all - done)
}

/// The held releases that are worth a person's time, and how many more there are.
fn held(
    node: &Node,
    team: &str,
    state: &State,
    known: &BTreeMap<(Arc<str>, Arc<str>), Arc<Decided>>,
) -> (Vec<Release>, usize) {
    let mut of_crates = Vec::new();
    for ((registry, _), decided) in known {
        let crate_id = &decided.entry.crate_id;
        // The one that cargo would choose, were it not rejected.
        let newest = decided.rulings.iter().filter(|ruling| !ruling.outline.yanked);
        let newest =
            newest.map(|ruling| &ruling.outline.version).max_by_key(|version| (version.pre.is_empty(), *version));
        let is_told = |ruling: &&Ruling| match &ruling.verdict {
            Some(Verdict::Quarantined(_)) => true,
            // Every crate has old releases with advisories that nobody will miss.
            Some(Verdict::Rejected(_)) => {
                let version = &ruling.outline.version;
                Some(version) == newest
                    || ruling.locked
                    || node.asks.of(team, registry, &crate_id.name, version).is_some()
            }
            Some(Verdict::Approved(_) | Verdict::Local) | None => false,
        };
        let rulings: Vec<&Ruling> = decided.rulings.iter().filter(is_told).collect();
        if !rulings.is_empty() {
            of_crates.push((registry, decided, rulings));
        }
    }
    let ids = of_crates.iter().flat_map(|(_, decided, rulings)| rulings.iter().map(|one| key(decided, one)));
    let lockers = lockers(&state.locks, &ids.collect());
    let mut releases: Vec<Release> = of_crates
        .iter()
        .flat_map(|(registry, decided, rulings)| {
            rulings.iter().map(|ruling| told(node, team, registry, decided, ruling, &lockers))
        })
        .collect();
    releases.sort_by(|one, other| {
        let order = |release: &Release| {
            let last = release.asked.as_ref().map(|asked| std::cmp::Reverse(asked.last));
            (last.is_none(), last, release.eligible_at().is_none(), release.eligible_at())
        };
        order(one).cmp(&order(other)).then_with(|| one.id.cmp(&other.id))
    });
    let more = releases.len().saturating_sub(MOST);
    releases.truncate(MOST);
    (releases, more)
}

/// Every release of a crate, newest first.
pub(crate) fn releases(node: &Node, team: &str, registry: &Arc<str>, decided: &Decided) -> Vec<Release> {
    let ids = decided.rulings.iter().map(|ruling| key(decided, ruling)).collect();
    let lockers = lockers(&decided.state.locks, &ids);
    let rulings = decided.rulings.iter();
    let mut releases: Vec<Release> =
        rulings.map(|ruling| told(node, team, registry, decided, ruling, &lockers)).collect();
    releases.sort_by(|one, other| other.id.version.cmp(&one.id.version));
    releases
}

type Key = (PackageId, Checksum);

fn key(decided: &Decided, ruling: &Ruling) -> Key {
    let CrateId { registry, name } = &decided.entry.crate_id;
    let source = Source::Registry(registry.clone());
    let id = PackageId { name: Arc::clone(name), version: ruling.outline.version.clone(), source };
    (id, ruling.outline.checksum)
}

/// Which projects lock these.
fn lockers(locks: &Locks, wanted: &BTreeSet<Key>) -> BTreeMap<Key, Vec<Locker>> {
    let mut lockers: BTreeMap<Key, Vec<Locker>> = BTreeMap::new();
    for (project, posted) in &locks.projects {
        for package in &posted.packages {
            let LockedChecksum::Known(checksum) = &package.checksum else { continue };
            let key = (package.id.clone(), *checksum);
            if wanted.contains(&key) {
                let head = &posted.head;
                let refused = head.refuses(&package.id, *checksum);
                let locker = Locker { project: project.clone(), at: head.at, by: head.by.clone(), refused };
                lockers.entry(key).or_default().push(locker);
            }
        }
    }
    lockers
}

fn told(
    node: &Node,
    team: &str,
    registry: &Arc<str>,
    decided: &Decided,
    ruling: &Ruling,
    lockers: &BTreeMap<Key, Vec<Locker>>,
) -> Release {
    let key = key(decided, ruling);
    let (version, seen) = (&ruling.outline.version, &decided.entry.seen.releases);
    let seen = seen.get(version);
    let shown = if ruling.is_hidden() {
        Shown::LeftOut
    } else if ruling.is_approved() || ruling.outline.yanked {
        Shown::AsItIs
    } else {
        Shown::AsYanked
    };
    let locked_by = lockers.get(&key).cloned().unwrap_or_default();
    let asked = node.asks.of(team, registry, &key.0.name, version);
    let (id, checksum) = key;
    Release {
        registry: Arc::clone(registry),
        id,
        checksum,
        pubtime: match &ruling.outline.pubtime {
            Pubtime::Known(at) => Some(*at),
            Pubtime::Absent | Pubtime::Malformed(_) => None,
        },
        yanked: ruling.outline.yanked,
        verdict: ruling.verdict.clone(),
        shown,
        served: ruling.is_served(),
        deleted: ruling.kept.as_ref().and_then(|_| seen?.deleted.as_ref().map(|deleted| deleted.at)),
        first_seen: seen.map(|seen| seen.first),
        locked_by,
        asked,
        newest_approved: decided.newest_approved().cloned(),
    }
}

/// The posted lock files of a team.
pub(crate) fn projects(state: &State) -> Vec<Project> {
    let projects = state.locks.projects.iter().map(|(name, posted)| Project {
        name: name.clone(),
        at: posted.head.at,
        by: posted.head.by.clone(),
        packages: posted.packages.len(),
        refused: posted.head.refused.len(),
    });
    projects.collect()
}

/// The alarms that a team may hear of, the latest first.
pub(crate) fn alarms(node: &Node, team: &Team) -> Vec<Alarm> {
    let all = node.alarms.all().into_iter();
    let now = node.moment.now();
    let heard = all.filter(|(alarm, raised)| {
        let is_over = alarm.passes() && now.duration_since(raised.last) > PASSED;
        !is_over && alarm.is_heard_by(&team.name, |registry| team.has(registry))
    });
    let mut alarms: Vec<Alarm> = heard
        .map(|(alarm, raised)| Alarm {
            kind: alarm.kind(),
            words: alarm.words(),
            first: raised.first,
            last: raised.last,
            times: raised.times,
        })
        .collect();
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.last));
    alarms.truncate(20);
    alarms
}
