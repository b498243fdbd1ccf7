//! How often each signal fires on honest releases, and on which incidents: prints the tables of `docs/calibration.md`.
//!
//! `cargo run --example calibration -- INDEX-FOLDER DATE LOCK-FILE…`
//!
//! Every release of the locked crates of the 24 months before the date is judged on its own day, as if the project did not have its crate yet. Crates
//! whose index file the folder does not have are named on standard error, one path a line, to be fetched before the next run, as for
//! `well_known`; then nothing else is printed.

#![expect(clippy::needless_for_each, reason = "it reads as what it does")]
#![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool for whoever calibrates; it fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use cargo_sequester::door::gather::{incidents, lock_file};
use cargo_sequester::door::model::Timestamp;
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use cargo_sequester::door::model::finding::Inspections;
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::index_line::Outline;
use cargo_sequester::door::model::license::Licenses;
use cargo_sequester::door::model::lock_proof::LockFact;
use cargo_sequester::door::model::package::{CrateId, Package};
use cargo_sequester::door::model::policy::Policy;
use cargo_sequester::door::model::signal::{Birth, Imitated, Signal, SignalCode, SignalLevel, SignalPolicy};
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::verdict::Reason;
use cargo_sequester::door::policy::backtest::signals;
use cargo_sequester::door::policy::judge::Judge;
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use rayon::prelude::*;

/// So many false alarms are listed of each kind.
const LISTED: usize = 40;

struct Release<'a> {
    crate_id: &'a CrateId,
    history: &'a History,
    outline: &'a Outline,
    published: Timestamp,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (folder, date) = (args.next().unwrap(), args.next().unwrap());
    let date: Date = date.parse().unwrap();
    let moment = |day: Date| day.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let (since, until) = (moment(date - 24.months()), moment(date));
    let packages: Vec<Package> = args.flat_map(|path| locked(&path)).collect();
    let locked: BTreeSet<CrateId> = packages.iter().filter_map(Package::crates_io).collect();

    let folder = Path::new(&folder);
    let mut missing = BTreeSet::new();
    let mut index = BTreeMap::new();
    let mut read = |name: &Arc<str>, index: &mut BTreeMap<CrateId, IndexFact>| {
        let path = index_path(name);
        match std::fs::read(folder.join(&path)) {
            Ok(text) if text.is_empty() => drop(index.insert(crates_io(name), IndexFact::Gone)),
            Ok(text) => {
                let history = Arc::new(History::from_lines(name, text, Standing::Confirmed));
                index.insert(crates_io(name), IndexFact::Read(history));
            }
            Err(_) => drop(missing.insert(path)),
        }
    };
    locked.iter().for_each(|id| read(&id.name, &mut index));
    let widest = policy(|signals| {
        (signals.young_dependency, signals.young_dependency_new_line) = (SignalLevel::Reason, SignalLevel::Reason);
    });
    // What releases added has to be read as well, and is known once they are.
    let facts = facts(packages.clone(), index);
    let added: BTreeSet<Arc<str>> =
        fired(&facts, &widest, since, until).into_iter().flat_map(|one| unknown(&one.signal)).collect();
    let mut index = facts.index;
    added.iter().for_each(|name| read(name, &mut index));
    if !missing.is_empty() {
        missing.iter().for_each(|path| eprintln!("{path}"));
        std::process::exit(1);
    }
    let facts = self::facts(packages, index);
    tables(&facts, since, until);
}

fn tables(facts: &Facts, since: Timestamp, until: Timestamp) {
    let honest = releases(facts, since, until);
    let total = honest.len();
    let crates = honest.iter().map(|one| one.crate_id).collect::<BTreeSet<_>>().len();
    println!("{total} releases of {crates} crates, from {} to {}.\n", day(since), day(until));
    println!("| signal | threshold | caught | told of | share | held longer | share |\n|---|---|--:|--:|--:|--:|--:|");
    let days = Age::days;
    for age in [7, 14, 30, 60, 90] {
        let with = policy(|one| (one.young_dependency, one.young_dependency_age) = (SignalLevel::Reason, days(age)));
        row(facts, since, until, total, "young-dependency", &format!("{age} days"), &with);
    }
    let with = policy(|one| {
        (one.young_dependency, one.young_dependency_new_line) = (SignalLevel::Reason, SignalLevel::Reason);
    });
    row(facts, since, until, total, "young-dependency", "30 days, new lines too", &with);
    for (gap, window) in [(180, 60), (365, 30), (365, 60), (365, 90), (730, 60)] {
        let with = policy(|one| {
            (one.dormant_growth, one.dormant_growth_gap) = (SignalLevel::Reason, days(gap));
            one.dormant_growth_window = days(window);
        });
        row(facts, since, until, total, "dormant-growth", &format!("{gap} days, {window} after"), &with);
    }
    let with = policy(|one| one.first_build_script_input = SignalLevel::Reason);
    row(facts, since, until, total, "first-build-script-input", "", &with);
    for age in [30, 90, 365] {
        let with = policy(|one| (one.look_alike, one.look_alike_age) = (SignalLevel::Reason, days(age)));
        row(facts, since, until, total, "look-alike", &format!("{age} days"), &with);
    }
    let with = Policy::default();
    row(facts, since, until, total, "all together", "the defaults", &with);
    let released = |one: &Alarm| !is_pre_release(&one.release);
    let stable = honest.iter().filter(|one| one.outline.version.pre.is_empty()).count();
    let alarms: BTreeSet<String> = fired(facts, &with, since, until)
        .into_iter()
        .filter(|one| released(one) && one.is_held_longer())
        .map(|one| one.release)
        .collect();
    let share = 100.0 * alarms.len() as f64 / stable as f64;
    println!("\nWithout pre-releases: {} of {stable} held longer, {share:.2} %.", alarms.len());

    println!("\nFalse alarms of the defaults, each kind by crate:\n");
    let mut kinds: BTreeMap<SignalCode, BTreeMap<String, usize>> = BTreeMap::new();
    for Alarm { release, signal, .. } in fired(facts, &with, since, until) {
        let about = match &signal {
            Signal::YoungDependency { added, .. } | Signal::DormantGrowth { added, .. } => {
                format!(" (adds {})", added.iter().map(|one| &*one.name).collect::<Vec<_>>().join(", "))
            }
            Signal::LookAlike { imitated: Imitated::Name { name, how }, .. } => {
                format!(" ({} of {name})", how.as_str())
            }
            _ => String::new(),
        };
        let text = format!("{}{about}", release.rsplit_once('@').unwrap().0);
        *kinds.entry(signal.code()).or_default().entry(text).or_default() += 1;
    }
    for (kind, crates) in kinds {
        let listed: Vec<String> = crates.iter().take(LISTED).map(|(text, count)| format!("{text} {count}×")).collect();
        let more = if crates.len() > LISTED { format!("; and {} more", crates.len() - LISTED) } else { String::new() };
        println!("* `{}`: {}{more}", kind.as_str(), listed.join("; "));
    }

    println!("\nWhat fired on incidents, for a project that locks all of these crates:\n");
    println!("| incident | kind | signals |\n|---|---|---|");
    for incident in incidents::read(None).unwrap() {
        let found = signals(&incident, &facts.packages, &Policy::default());
        let codes: Vec<String> = found.iter().filter(|signal| counts(signal.code())).map(told).collect();
        if !codes.is_empty() {
            println!("| {} | {} | {} |", incident.crate_name, incident.kind.as_str(), codes.join(", "));
        }
    }
}

fn told(signal: &Signal) -> String {
    match signal {
        Signal::LookAlike { imitated: Imitated::Name { name, how }, .. } => {
            format!("`{}` ({} of {name})", signal.code().as_str(), how.as_str())
        }
        _ => format!("`{}`", signal.code().as_str()),
    }
}

/// Whether the policy can make a reason of a kind of signal.
fn counts(code: SignalCode) -> bool {
    SignalPolicy::default().level(code) == SignalLevel::Reason
}

fn row(facts: &Facts, since: Timestamp, until: Timestamp, total: usize, name: &str, threshold: &str, with: &Policy) {
    let alarms = fired(facts, with, since, until);
    let named = |all: &mut dyn Iterator<Item = &Alarm>| all.map(|one| &*one.release).collect::<BTreeSet<&str>>().len();
    let told = named(&mut alarms.iter());
    let longer = named(&mut alarms.iter().filter(|one| one.is_held_longer()));
    let (mut caught, mut of) = (0, 0);
    for incident in incidents::read(None).unwrap() {
        of += 1;
        let found = signals(&incident, &facts.packages, with);
        caught += usize::from(found.iter().any(|signal| with.signals.level(signal.code()) == SignalLevel::Reason));
    }
    let share = |count: usize| 100.0 * count as f64 / total as f64;
    println!(
        "| `{name}` | {threshold} | {caught} of {of} | {told} | {:.2} % | {longer} | {:.2} % |",
        share(told),
        share(longer)
    );
}

/// A reason that an honest release had on its day.
struct Alarm {
    release: String,
    signal: Signal,
    /// When its own age lets it in, and when the signal does; `None` where time does not.
    ages: Timestamp,
    ends: Option<Timestamp>,
}

impl Alarm {
    /// Whether it waits for longer than any release does.
    fn is_held_longer(&self) -> bool {
        self.ends.is_none_or(|ends| ends > self.ages)
    }
}

fn is_pre_release(release: &str) -> bool {
    let version = release.rsplit_once('@').unwrap().1;
    !version.parse::<cargo_sequester::door::model::Version>().unwrap().pre.is_empty()
}

/// What fires on honest releases on their day.
fn fired(facts: &Facts, policy: &Policy, since: Timestamp, until: Timestamp) -> Vec<Alarm> {
    let judge = Judge::new(facts, policy, &[], until);
    let evidence = judge.evidence();
    let all = releases(facts, since, until);
    let age = policy.quarantine.min_publish_age.value;
    let found = all.par_iter().flat_map_iter(|one| {
        let findings = evidence.at(one.published).findings(one.crate_id, one.history, one.outline);
        let name = format!("{}@{}", one.crate_id.name, one.outline.version);
        findings.reasons.into_iter().filter_map(move |reason| match reason {
            Reason::Signal { signal, eligible_at } => {
                Some(Alarm { release: name.clone(), signal, ages: age.after(one.published), ends: eligible_at })
            }
            _ => None,
        })
    });
    found.collect()
}

fn releases(facts: &Facts, since: Timestamp, until: Timestamp) -> Vec<Release<'_>> {
    let locked: BTreeSet<CrateId> = facts.packages.iter().filter_map(Package::crates_io).collect();
    let read = facts.index.iter().filter_map(|(crate_id, fact)| match fact {
        IndexFact::Read(history) if locked.contains(crate_id) => Some((crate_id, history)),
        _ => None,
    });
    let all = read.flat_map(|(crate_id, history)| {
        history.outlines().filter_map(move |outline| {
            Some(Release { crate_id, history, outline, published: outline.pubtime.known()? })
        })
    });
    all.filter(|one| one.published >= since && one.published <= until).collect()
}

/// A policy in which every signal is off but for what is set.
fn policy(set: impl FnOnce(&mut SignalPolicy)) -> Policy {
    let mut policy = Policy::default();
    let off = SignalLevel::Off;
    let signals = &mut policy.signals;
    (signals.young_dependency, signals.dormant_growth, signals.first_build_script_input) = (off, off, off);
    (signals.look_alike, signals.yank_lure) = (off, off);
    set(signals);
    policy
}

/// The crates of which nobody knows when they were first published.
fn unknown(signal: &Signal) -> Vec<Arc<str>> {
    let Signal::YoungDependency { added, .. } = signal else { return Vec::new() };
    let unknown = added.iter().filter(|one| one.born == Birth::Unknown && one.registry.is_none());
    unknown.map(|one| Arc::clone(&one.name)).collect()
}

fn facts(packages: Vec<Package>, index: BTreeMap<CrateId, IndexFact>) -> Facts {
    Facts {
        surroundings: Surroundings::default(),
        packages,
        index,
        publications: BTreeMap::new(),
        licenses: Licenses::default(),
        inspections: Inspections::default(),
        advisories: AdvisoryFact::Skipped,
        registry_clock: None,
        refused_mirrors: Vec::new(),
        base: None,
        old_lock: OldLock::Judged,
        trail: TrailFact::default(),
        lock: LockFact::NotChecked,
        notices: Vec::new(),
    }
}

/// The packages of crates.io that a lock file holds.
fn locked(path: &str) -> Vec<Package> {
    let text = std::fs::read(path).unwrap();
    let packages = lock_file::parse(&text, path.into()).unwrap().packages;
    let of_crates_io = packages.into_iter().filter(|package| package.crates_io().is_some());
    of_crates_io.map(|package| Package { dependencies: Vec::new(), ..package }).collect()
}

fn crates_io(name: &Arc<str>) -> CrateId {
    CrateId { registry: Registry::CratesIo, name: Arc::clone(name) }
}

trait CratesIo {
    fn crates_io(&self) -> Option<CrateId>;
}

impl CratesIo for Package {
    fn crates_io(&self) -> Option<CrateId> {
        self.id.crate_id().filter(|id| id.registry == Registry::CratesIo)
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Where a registry's index has the file of a crate.
fn index_path(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}
