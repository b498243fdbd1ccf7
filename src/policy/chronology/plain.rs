//! The plain rules, which search all releases for each one, and that the prepared order says the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use semver::Version;
use serde_json::json;

use super::{Advised, Before, Carried, Chronology, DAY, Lured, Silence, carried, is_longer};
use crate::model::age::Age;
use crate::model::history::{History, Standing};
use crate::model::index_line::{Outline, Release};
use crate::policy::graph::{same_line, serves};
use crate::policy::publish_age::is_reached;

fn before(
    history: &History,
    version: &Version,
    established: impl Fn(&Outline) -> bool,
    advised: impl Fn(&Version) -> Advised,
) -> Option<Before> {
    let all: Vec<&Outline> = history.outlines().filter(|one| established(one) && one.version != *version).collect();
    let on_line = |one: &Outline| same_line(&one.version, version);
    let of_audience = |one: &Outline| one.version.pre.is_empty() || !version.pre.is_empty();
    let mut asked: Vec<&Outline> = Vec::new();
    let mut ask = |by_time: bool, fits: &dyn Fn(&Outline) -> bool| {
        if asked.iter().any(|one| !advised(&one.version).malicious) {
            return asked.len();
        }
        let mut more: Vec<&Outline> = all
            .iter()
            .copied()
            .filter(|one| fits(one) && !asked.iter().any(|other| other.version == one.version))
            .collect();
        more.sort_by(|one, other| {
            let later =
                if by_time { other.pubtime.known().cmp(&one.pubtime.known()) } else { std::cmp::Ordering::Equal };
            later.then_with(|| other.version.cmp(&one.version))
        });
        let vouches = |one: &&Outline| !one.yanked && !advised(&one.version).malicious;
        let end = more.iter().position(vouches).map_or(more.len(), |last| last + 1);
        asked.extend(more.into_iter().take(end));
        asked.len()
    };
    ask(false, &|one| on_line(one) && of_audience(one) && one.version < *version);
    let is_compatible = ask(false, &|one| on_line(one) && of_audience(one)) > 0;
    ask(true, &of_audience);
    ask(true, &|_| true);
    let releases: Vec<Arc<Release>> = asked.into_iter().filter_map(|one| history.release(&one.version).ok()?).collect();
    (!releases.is_empty()).then_some(Before { releases, is_compatible })
}

/// Who opened the line, down to the first that is not malicious.
fn openers(history: &History, version: &Version, advised: impl Fn(&Version) -> Advised) -> Vec<Version> {
    let heard = |one: &&Outline| one.version.pre.is_empty() || !version.pre.is_empty();
    let mut line: Vec<&Outline> =
        history.outlines().filter(|one| same_line(&one.version, version)).filter(heard).collect();
    line.sort_by(|one, other| (one.pubtime.known(), &one.version).cmp(&(other.pubtime.known(), &other.version)));
    let end = line.iter().position(|one| !advised(&one.version).malicious).map_or(line.len(), |last| last + 1);
    line.into_iter().take(end).map(|one| one.version.clone()).take_while(|one| one != version).collect()
}

fn silence(history: &History, version: &Version, published: Timestamp, gap: Age, window: Age) -> Option<Silence> {
    let mut all: Vec<(Timestamp, &Outline)> = history
        .outlines()
        .filter_map(|one| Some((one.pubtime.known()?, one)))
        .filter(|(at, one)| *at < published || one.version == *version)
        .collect();
    all.sort_by(|one, other| (one.0, &one.1.version).cmp(&(other.0, &other.1.version)));
    let pairs = all.windows(2).rev().filter_map(|pair| Some((pair.first()?, pair.last()?)));
    let mut recent =
        pairs.take_while(|(_, (ended, one))| one.version == *version || !is_reached(window, *ended, published));
    let found = recent.find(|((began, _), (ended, _))| is_longer(gap, *began, *ended));
    found.map(|((began, before), (ended, resumed))| Silence {
        before: before.version.clone(),
        resumed: resumed.version.clone(),
        began: *began,
        ended: *ended,
    })
}

fn lured(history: &History, version: &Version, last: Timestamp, advised: impl Fn(&Version) -> Advised) -> Lured {
    let older = history.outlines().filter(|one| one.pubtime.known().is_none_or(|at| at <= last));
    let older = older.filter(|one| serves(&one.version, version));
    let (yanked, open): (Vec<&Outline>, Vec<_>) = older.partition(|one| one.yanked && !advised(&one.version).at_all);
    let yanked: BTreeSet<Version> = yanked.into_iter().map(|one| one.version.clone()).collect();
    Lured { yanked: yanked.into_iter().collect(), is_any_left: !open.is_empty() }
}

fn first_carried(
    history: &History,
    what: &Carried,
    version: &Version,
    (since, published): (Timestamp, Timestamp),
    advised: impl Fn(&Version) -> Advised,
) -> Option<Timestamp> {
    let on_line = history.outlines().filter(|one| same_line(&one.version, version) && !one.yanked);
    let heard = on_line.filter(|one| one.version.pre.is_empty() || !version.pre.is_empty());
    let honest = heard.filter(|one| !advised(&one.version).malicious);
    let has = |one: &&Outline| {
        history.release(&one.version).is_ok_and(|release| release.is_some_and(|one| carried(&one).contains(what)))
    };
    honest.filter(has).filter_map(|one| one.pubtime.known()).filter(|at| *at > since && *at <= published).min()
}

/// A version, its day, whether it is yanked and what it depends on.
type Made = (usize, Option<i64>, bool, usize);

const VERSIONS: [&str; 12] = [
    "0.1.0",
    "0.1.1",
    "0.2.0-rc.1",
    "0.2.0",
    "0.2.1",
    "0.0.3",
    "1.0.0-a.1",
    "1.0.0-a.2",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "2.0.0",
];

fn day(day: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
}

fn history(made: &[Made]) -> History {
    let line = |(version, published, yanked, depends): &Made| {
        let dependency = |name: &str, kind: &str, optional: bool| json!({ "name": name, "req": "*", "features": [], "optional": optional, "default_features": true, "target": null, "kind": kind });
        let deps = match depends % 4 {
            0 => json!([]),
            1 => json!([dependency("alpha", "normal", false)]),
            2 => json!([dependency("alpha", "build", false), dependency("bravo", "dev", false)]),
            _ => json!([dependency("alpha", "normal", true)]),
        };
        let mut line = json!({
            "name": "old", "vers": VERSIONS[*version], "deps": deps, "cksum": "0".repeat(64), "yanked": yanked,
            "features": { "default": if *depends > 4 { vec!["alpha"] } else { vec![] } },
        });
        if let Some(published) = published {
            line["pubtime"] = json!(day(*published).strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
        line.to_string()
    };
    History::from_lines("old", made.iter().map(line).collect::<Vec<_>>().join("\n"), Standing::Confirmed)
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    let one = (prop::option::weighted(0.9, 0..80_i64), any::<bool>(), 0..8_usize);
    prop::collection::btree_map(0..VERSIONS.len(), one, 1..VERSIONS.len())
        .prop_map(|all| {
            all.into_iter().map(|(version, (at, yanked, depends))| (version, at, yanked, depends)).collect()
        })
        .prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_prepared_order_says_what_the_plain_rules_say(
        made in made(),
        malicious in prop::collection::btree_set(0..VERSIONS.len(), 0..3),
        explained in prop::collection::btree_set(0..VERSIONS.len(), 0..3),
        (age, gap, window) in (0..30_i64, 0..20_u32, 0..20_u32),
    ) {
        let history = history(&made);
        let advised = |version: &Version| {
            let among = |all: &BTreeSet<usize>| all.iter().any(|one| VERSIONS[*one] == version.to_string());
            let malicious = among(&malicious);
            Advised { malicious, at_all: malicious || among(&explained) }
        };
        let (gap, window) = (Age::days(gap), Age::days(window));
        let order = Chronology::of(&history, advised, gap);
        for one in history.outlines() {
            let version = &one.version;
            let Some(published) = one.pubtime.known() else { continue };
            let last = published - SignedDuration::from_hours(24 * age);
            let established = |at: Timestamp| at < published && at <= last;
            let plain = before(&history, version, |one| one.pubtime.known().is_none_or(established), advised);
            let told = |before: Option<Before>| before.map(|before| (before.releases, before.is_compatible));
            prop_assert_eq!(told(order.before(&history, version, established)), told(plain));
            let opened: Vec<Version> =
                order.openers(&history, version).into_iter().map(|one| one.outline.version.clone()).collect();
            prop_assert_eq!(opened, openers(&history, version, advised));
            let quiet = order.silence(version, published, gap, window);
            prop_assert_eq!(quiet, silence(&history, version, published, gap, window));
            prop_assert_eq!(order.lured(version, Some(last)), lured(&history, version, last, advised));
            let within = |at: Timestamp| at <= published && published.duration_since(at) < DAY;
            let count = history.outlines().filter(|one| one.pubtime.known().is_some_and(within)).count();
            prop_assert_eq!(order.within(DAY, published), count);
            for what in [Carried::Dependency((None, "alpha".into())), Carried::BuildDependency((None, "alpha".into()))] {
                let plain = first_carried(&history, &what, version, (last, published), advised);
                prop_assert_eq!(order.first_carried(&history, what, (version, published), |at| at > last), plain);
            }
        }
    }
}
