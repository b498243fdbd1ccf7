//! Small worlds around one vulnerability: a crate with a fix, one that depends on it and one that it depends on, all with young and old,
//! yanked and good releases, and a ground that may be another lock file than the judged one.

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::facts::{Facts, OldLock};
use cargo_sequester::door::model::policy::{AgeOverride, Origin, Setting};
use cargo_sequester::door::model::recorded::Recorded;
use cargo_sequester::door::model::signal::SignalLevel;
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::trail::{Event, EventId, Kind, ReleaseRecord, Tools, Trail};
use cargo_sequester::door::model::verdict::{Basis, FixRole, Reason, ReasonCode, Verdict};
use cargo_sequester::door::policy::judge::Judge;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rustsec::advisory::Versions;
use semver::Version;

use super::facts::{Line, World, advisory, age, checksum, crates_io, hours_ago, version};

/// The crate with the fix, one that depends on it, and one that it depends on.
pub const NAMES: [&str; 3] = ["fixed", "user", "part"];

/// One release of the index.
#[derive(Clone, Debug)]
pub struct Published {
    pub name: &'static str,
    pub version: &'static str,
    pub hours: i64,
    pub yanked: bool,
    pub dependencies: Vec<(&'static str, &'static str)>,
}

/// One advisory, with the releases that it names as fixed written out.
#[derive(Clone, Debug)]
pub struct Advised {
    pub name: &'static str,
    pub kind: AdvisoryKind,
    pub patched: &'static [&'static str],
    pub named: &'static [&'static str],
    pub unaffected: &'static [&'static str],
    pub hours: i64,
}

/// What a lock file has of the three, each below the one before it or below the member, and what the member asks of the first.
#[derive(Clone, Debug, Default)]
pub struct Locked {
    pub fixed: Option<&'static str>,
    pub user: Option<&'static str>,
    pub part: Option<&'static str>,
    /// Whether the fixed crate comes in through its user, too.
    pub through: bool,
    pub asked: Option<&'static str>,
}

/// Where the ground lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Judged,
    Base,
    Replaced,
    Unknown,
}

#[derive(Clone, Debug)]
pub struct FixWorld {
    pub published: Vec<Published>,
    pub advised: Vec<Advised>,
    pub head: Locked,
    pub before: Locked,
    pub on: On,
    /// The minimum ages in days that overrides give.
    pub minimums: Vec<(&'static str, i64)>,
    /// A release of the fixed crate that the trail has, and whether it is still in use.
    pub recorded: Option<(&'static str, bool)>,
    /// How old the advisory database's commit is.
    pub committed: i64,
}

impl Locked {
    fn lock(&self, mut world: World) -> World {
        if let Some(req) = self.asked {
            world = world.require("fixed", req);
        }
        if let Some(user) = self.user {
            world = world.lock("user", user);
        }
        if let Some(fixed) = self.fixed {
            world = world.lock("fixed", fixed);
            if self.through && self.user.is_some() {
                world = world.edge("user", "fixed");
            }
        }
        if let Some(part) = self.part {
            world = world.lock("part", part);
            if self.fixed.is_some() {
                world = world.edge("fixed", "part");
            }
        }
        world
    }
}

pub fn day(hours: i64) -> Date {
    TimeZone::UTC.to_datetime(hours_ago(hours)).date()
}

impl FixWorld {
    /// The lock file that the need is asked on; `None` where nobody said.
    pub fn ground(&self) -> Option<&Locked> {
        match self.on {
            On::Judged => Some(&self.head),
            On::Base | On::Replaced => Some(&self.before),
            On::Unknown => None,
        }
    }

    pub fn world(&self) -> World {
        let mut world = World::new();
        for one in &self.published {
            let mut line = Line::new(one.name, one.version).at(hours_ago(one.hours));
            line.yanked = one.yanked;
            let deps = one.dependencies.iter();
            world = world.publish(deps.fold(line, |line, (name, req)| line.dep(name, req)));
        }
        for (number, one) in self.advised.iter().enumerate() {
            let id = format!("RUSTSEC-2026-{number:04}");
            let mut known = advisory(&id, one.name, one.kind, one.patched, one.unaffected);
            known.date = day(one.hours);
            world = world.advise(known);
        }
        // What a release brings is looked at for signals elsewhere; here it decides whether a fix may come early.
        let signals = &mut world.policy.signals;
        (signals.young_dependency, signals.yank_lure) = (SignalLevel::Off, SignalLevel::Off);
        for (name, days) in &self.minimums {
            world.policy.overrides.push(AgeOverride {
                crates: vec![(*name).into()],
                registry: Registry::CratesIo,
                min_publish_age: Setting { value: age(&format!("{days} days")), origin: Origin::Default },
                reason: None,
            });
        }
        if let Some((recorded, in_use)) = self.recorded {
            let mut event =
                Event::new(Kind::Updated, hours_ago(2_000), Tools { cargo: None, sequester: version("0.1.0") });
            event.releases.push(ReleaseRecord::new(crates_io("fixed"), version(recorded)));
            if !in_use {
                let mut next = ReleaseRecord::new(crates_io("fixed"), version("0.0.1"));
                next.replaced = Some(version(recorded));
                event.releases.push(next);
            }
            let id = EventId::of(&event.to_bytes().unwrap());
            let trail = Trail { events: [(id, event)].into(), heads: [id].into(), problems: Vec::new() };
            world.trail.recorded = Recorded::of(&trail);
        }
        world.db.as_mut().unwrap().committed = Some(hours_ago(self.committed));
        let before = self.before.lock(world.clone()).packages;
        world = self.head.lock(world);
        world.ground = match self.on {
            On::Judged => OldLock::Judged,
            On::Base => OldLock::Base(before),
            On::Replaced => OldLock::Replaced(before),
            On::Unknown => OldLock::Unknown,
        };
        world
    }

    /// At that moment, with advisories confirmed and committed as long before it as now.
    pub fn facts_at(&self, hours_on: i64) -> (World, Facts) {
        let mut world = self.world();
        let db = world.db.as_mut().unwrap();
        db.committed = Some(hours_ago(self.committed - hours_on));
        db.confirmed = Some(hours_ago(1 - hours_on));
        let facts = world.facts();
        (world, facts)
    }

    /// What the decision makes of every release, so many hours from now.
    pub fn verdicts_at(&self, hours_on: i64) -> Vec<Verdict> {
        let (world, facts) = self.facts_at(hours_on);
        self.verdicts(&world, &facts, hours_ago(-hours_on))
    }

    pub fn verdicts(&self, world: &World, facts: &Facts, now: Timestamp) -> Vec<Verdict> {
        let judge = Judge::new(facts, &world.policy, &world.approvals, now);
        let verdict = |one: &Published| {
            let crate_id = crates_io(one.name);
            let history = judge.history(&crate_id).unwrap();
            let release = history.outline(&version(one.version)).unwrap().unwrap();
            judge.verdict(&crate_id, history, &release)
        };
        self.published.iter().map(verdict).collect()
    }
}

/// Why a release comes early: as what.
pub fn role(verdict: &Verdict) -> Option<&FixRole> {
    match verdict {
        Verdict::Approved(Basis::SecurityFix { fix, .. }) => Some(fix),
        Verdict::Approved(_) | Verdict::Quarantined(_) | Verdict::Rejected(_) | Verdict::Local => None,
    }
}

/// The reason that a release is too new, where it is one.
pub fn too_new(verdict: &Verdict) -> Option<&Reason> {
    match verdict {
        Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => {
            reasons.iter().find(|reason| reason.code() == ReasonCode::TooNew)
        }
        Verdict::Approved(_) | Verdict::Local => None,
    }
}

/// Ages around the ends of every span that the rule knows, young ones more often.
fn hours() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => select(vec![30_i64, 40, 47, 48, 60, 100, 150]),
        1 => select(vec![2_i64, 23, 24, 25]),
        1 => select(vec![167_i64, 168, 169, 191, 192, 193, 215, 216, 300, 500]),
        4 => select(vec![3_000_i64, 8_000]),
    ]
}

fn dependency(
    on: &'static [(&'static str, &'static [&'static str])],
) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let one = select(on).prop_flat_map(|(name, reqs)| (Just(name), select(reqs)));
    vec(one, 0..=2)
}

fn releases(
    name: &'static str,
    versions: &'static [&'static str],
    on: &'static [(&'static str, &'static [&'static str])],
) -> impl Strategy<Value = Vec<Published>> {
    let one = (hours(), 0..8_u8, dependency(on), dependency(on));
    btree_map(select(versions), one, 1..=versions.len()).prop_map(move |all| {
        let mut released: Vec<Published> = Vec::new();
        for (version, (hours, odd, dependencies, _)) in all {
            // Most releases require what the one before them requires.
            let dependencies = match released.last() {
                Some(before) if odd % 4 != 0 => before.dependencies.clone(),
                _ => dependencies,
            };
            released.push(Published { name, version, hours, yanked: odd == 1, dependencies });
        }
        released
    })
}

const FIXED: [&str; 8] = ["0.9.0", "1.0.0", "1.1.0", "1.2.0", "1.2.1", "1.2.2", "1.3.0", "2.0.0"];
const USER: [&str; 5] = ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "2.0.0"];
const PART: [&str; 4] = ["1.0.0", "1.0.1", "1.1.0", "2.0.0"];
const ON_PART: [(&str, &[&str]); 3] =
    [("part", &["^1", "=1.0.1", "^1.0.1", "^1.1", "*"]), ("part", &["^1", "=1.0.1"]), ("gone", &["^1"])];
const ON_FIXED: [(&str, &[&str]); 3] = [
    ("fixed", &["^1", "=1.0.0", "=1.1.0", "=1.2.1", "~1.2", "^1.2.1", "<1.2", "*"]),
    ("fixed", &["=1.0.0", "=1.1.0", "=1.2.1", "=1.2.0"]),
    ("gone", &["^1"]),
];
const NOTHING: [(&str, &[&str]); 1] = [("gone", &["^1"])];

type Ranges = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);
/// Patched ranges, the releases that they name, and unaffected ranges.
const RANGES: [Ranges; 12] = [
    (&[">=1.2.1"], &["1.2.1"], &[]),
    (&[">=1.2.1"], &["1.2.1"], &[]),
    (&[">=1.2.0"], &["1.2.0"], &["<1.0.0"]),
    (&["^1.2.1"], &["1.2.1"], &["<1.1.0"]),
    (&["~1.2.1", ">=1.3.0"], &["1.2.1", "1.3.0"], &[]),
    (&[">=1.1.0, <1.2.0", ">=1.2.1"], &["1.1.0", "1.2.1"], &[]),
    (&["=1.2.0", ">=1.3"], &["1.2.0", "1.3.0"], &[]),
    (&[">1.2.1"], &[], &[]),
    (&[">1.2.0, <1.3.0"], &[], &[]),
    (&["<1.0.0"], &[], &[]),
    (&[], &[], &[]),
    (&[">=2"], &["2.0.0"], &["<1.2.0"]),
];
const KINDS: [AdvisoryKind; 3] = [AdvisoryKind::Malicious, AdvisoryKind::Vulnerability, AdvisoryKind::Unsound];

fn advised(name: &'static str, kind: AdvisoryKind, ranges: &'static [Ranges]) -> impl Strategy<Value = Advised> {
    (select(ranges), select(vec![-20_i64, 0, 24, 48, 72, 200, 719, 740, 800, 900])).prop_map(
        move |((patched, named, unaffected), hours)| Advised { name, kind, patched, named, unaffected, hours },
    )
}

fn locked() -> impl Strategy<Value = Locked> {
    let asked = select(vec!["^1", "~1.2", "~1.0", "=1.2.1", "=1.0.0", "<1.3", ">=1.2.1", "*"]);
    let of = |versions: &'static [&'static str]| option::weighted(0.85, select(versions));
    (of(&FIXED), of(&USER), of(&PART), prop::bool::weighted(0.8), option::weighted(0.5, asked))
        .prop_map(|(fixed, user, part, through, asked)| Locked { fixed, user, part, through, asked })
}

/// A fix that is needed, what must come along with it, and which parts of that a world has; the rest is as chance has it.
#[derive(Clone, Debug)]
struct Plot {
    has: Vec<bool>,
    young: Vec<i64>,
    on_part: &'static str,
    through: &'static str,
}

fn plot() -> impl Strategy<Value = Plot> {
    let has = vec(prop::bool::weighted(0.85), 9);
    let young = vec(select(vec![26_i64, 30, 40, 60, 100, 150]), 3);
    let on_part = select(vec!["^1", "=1.0.1", "^1.0.1", "=1.0.1"]);
    let through = select(vec!["=1.2.1", "=1.2.1", "^1.2.1", "^1"]);
    (has, young, on_part, through).prop_map(|(has, young, on_part, through)| Plot { has, young, on_part, through })
}

impl Plot {
    fn publish(
        world: &mut FixWorld,
        name: &'static str,
        version: &'static str,
        hours: i64,
        on: (&'static str, &'static str),
    ) {
        world.published.retain(|one| one.name != name || one.version != version);
        let dependencies = if on.0.is_empty() { Vec::new() } else { vec![on] };
        world.published.push(Published { name, version, hours, yanked: false, dependencies });
    }

    fn spare(world: &mut FixWorld, name: &str, versions: &[&str]) {
        world.published.retain(|one| one.name != name || !versions.contains(&one.version));
    }

    fn play(&self, mut world: FixWorld) -> FixWorld {
        let has = |part: usize| self.has.get(part) == Some(&true);
        if has(0) {
            let (patched, named, unaffected) = RANGES[0];
            let first = &mut world.advised[0];
            (first.patched, first.named, first.unaffected) = (patched, named, unaffected);
            first.hours = first.hours.clamp(0, 72);
        }
        if has(1) {
            Self::publish(&mut world, "fixed", "1.1.0", 8_000, ("part", "^1"));
            Self::publish(&mut world, "fixed", "1.2.1", self.young[0], ("part", self.on_part));
        }
        if has(2) {
            Self::spare(&mut world, "fixed", &["1.2.0", "1.2.2", "1.3.0"]);
        }
        if has(3) {
            Self::publish(&mut world, "user", "1.0.0", 8_000, ("fixed", "=1.1.0"));
            Self::publish(&mut world, "user", "1.0.1", self.young[1], ("fixed", self.through));
        }
        if has(4) {
            Self::spare(&mut world, "user", &["1.0.2", "1.1.0"]);
        }
        if has(5) {
            Self::publish(&mut world, "part", "1.0.0", 8_000, ("", ""));
            Self::publish(&mut world, "part", "1.0.1", self.young[2], ("", ""));
            Self::spare(&mut world, "part", &["1.1.0"]);
        }
        if has(6) {
            let before =
                Locked { fixed: Some("1.1.0"), user: Some("1.0.0"), part: Some("1.0.0"), through: true, asked: None };
            let after = Locked { fixed: Some("1.2.1"), user: Some("1.0.1"), part: Some("1.0.1"), ..before.clone() };
            let is_moved = self.young[0] % 4 == 0;
            (world.before, world.head) = (before.clone(), if is_moved { after } else { before });
        }
        if has(7) {
            world.minimums.clear();
        }
        if has(8) {
            world.advised.truncate(1);
        }
        world
    }
}

/// Worlds of which a good share lets something come early.
pub fn fix_world() -> impl Strategy<Value = FixWorld> {
    (world_of_chance(), plot()).prop_map(|(world, plot)| plot.play(world))
}

fn world_of_chance() -> impl Strategy<Value = FixWorld> {
    let published =
        (releases("fixed", &FIXED, &ON_PART), releases("user", &USER, &ON_FIXED), releases("part", &PART, &NOTHING));
    let other = (select(&NAMES[..]), select(&KINDS[..])).prop_flat_map(|(name, kind)| advised(name, kind, &RANGES));
    let advised = (advised("fixed", AdvisoryKind::Vulnerability, &RANGES[..7]), option::weighted(0.2, other));
    let on = prop_oneof![5 => Just(On::Judged), 4 => Just(On::Base), 3 => Just(On::Replaced), 1 => Just(On::Unknown)];
    let minimums = vec((select(&NAMES[..]), select(vec![0_i64, 1, 2, 3, 8, 20, 60])), 0..=1);
    let recorded = option::weighted(0.2, (select(&FIXED[..]), any::<bool>()));
    let committed = prop_oneof![9 => Just(1_i64), 1 => select(vec![20_i64, 40, 47, 48, 100])];
    (published, advised, locked(), locked(), on, minimums, recorded, committed).prop_map(
        |((fixed, user, part), (first, other), head, before, on, minimums, recorded, committed)| {
            let mut published = fixed;
            published.extend(user);
            published.extend(part);
            // Every crate has been there for long.
            let first_of =
                |name| Published { name, version: "0.0.1", hours: 9_000, yanked: false, dependencies: Vec::new() };
            published.extend(NAMES.map(first_of));
            let advised = [first].into_iter().chain(other).collect();
            FixWorld { published, advised, head, before, on, minimums, recorded, committed }
        },
    )
}

/// Whether two versions are on one compatibility line, by cargo's own words: the same leftmost number that is not zero.
pub fn on_one_line(one: &Version, other: &Version) -> bool {
    let line = |version: &Version| match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    };
    line(one) == line(other)
}

#[test]
fn every_range_of_these_worlds_is_one_that_can_be_published() {
    for (patched, _, unaffected) in RANGES {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        assert!(Versions::new(parse(patched), parse(unaffected)).is_ok(), "{patched:?} {unaffected:?}");
    }
    assert_ne!(checksum("fixed", "1.0.0"), checksum("part", "1.0.0"));
}
