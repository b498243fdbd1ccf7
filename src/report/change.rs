//! What a change decides, makes looser and does beside what it locks, in words: told before everything else to whoever merges it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::audit::AuditReport;
use super::escape::shell_word;
use super::notice::trail_problem;
use super::verify;
use super::way_out::WayOut;
use super::words::{counted, moment};
use crate::model::loosening::{Loosening, LooseningKind};
use crate::model::policy::{JudgedBy, Origin};
use crate::model::side_effect::{RecordedFact, SideEffect, TrailFault, TrailWitness};
use crate::model::trail::EventFileName;
use crate::model::verdict::ReasonCode;
use crate::model::way_around::{WayAround, WayKind};

/// What a change decides, in words that follow its name.
#[must_use]
pub(crate) fn decided(one: &Loosening) -> String {
    match &one.kind {
        LooseningKind::Approval(approval) => {
            let lifts: Vec<&str> = approval.lifts.iter().copied().map(ReasonCode::as_str).collect();
            let by = approval.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let until = approval.until.map(|until| format!(" through {until}")).unwrap_or_default();
            let release = format!("{}@{}", approval.crate_name, approval.version);
            format!("approves {release}{by}: lifts {}{until}: {}", lifts.join(", "), approval.reason)
        }
        LooseningKind::Ignore(ignore) => {
            let of = ignore.crate_name.as_ref().map(|name| format!(" for {name}")).unwrap_or_default();
            format!("ignores {}{of} through {}: {}", ignore.id, ignore.until, ignore.reason)
        }
        LooseningKind::Adoption => format!("adopts the quarantine: the base has no {}", one.key),
        LooseningKind::Rule | LooseningKind::Place => loosened(one),
    }
}

/// Who decided it, until when and why, where that is said.
#[must_use]
pub(crate) fn given(one: &Loosening) -> Option<String> {
    match &one.kind {
        LooseningKind::Approval(_) | LooseningKind::Ignore(_) => Some(decided(one)),
        LooseningKind::Rule | LooseningKind::Place | LooseningKind::Adoption => one.reason.clone(),
    }
}

/// What was, and what the change makes of it.
#[must_use]
pub(crate) fn loosened(one: &Loosening) -> String {
    let (base, head) = sides(one);
    let given = one.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}: {base} → {head}{given}", one.key)
}

/// The verb of a line that tells it.
#[must_use]
pub(crate) const fn loosening_verb(one: &Loosening) -> &'static str {
    match one.kind {
        LooseningKind::Place => "Elsewhere",
        LooseningKind::Rule | LooseningKind::Approval(_) | LooseningKind::Ignore(_) | LooseningKind::Adoption => {
            "Loosened"
        }
    }
}

/// What the base and the change say of a key.
#[must_use]
pub(crate) fn sides(one: &Loosening) -> (&str, &str) {
    (one.base.as_deref().unwrap_or("nothing"), one.head.as_deref().unwrap_or("nothing"))
}

/// What whoever looks at the list is to do.
pub(crate) const DECIDED_HELP: &str = "whoever merges this change decides this: look at each line";

/// The same for what may not be decided in a change; where all of it may be, the command that lets it.
#[must_use]
pub(crate) fn loosened_help(report: &AuditReport<'_>) -> WayOut {
    let words = "whoever merges this change answers for each of these: look at them";
    match report.judged_by {
        JudgedBy::Base { commit, .. } if report.loosened.iter().all(|one| one.kind.may_be_decided()) => WayOut::to_or(
            format!("{words}; where a code owner has to agree to it, it can count"),
            report.context().command("audit", &format!("--base {} --loosened report", shell_word(commit))),
        ),
        JudgedBy::Base { .. } | JudgedBy::File(_) | JudgedBy::Defaults => WayOut::words(words),
    }
}

/// How many things of one kind are told one by one: a change may bring thousands of files.
const EACH: usize = 8;
/// The same for what it loosens and decides, of which whoever merges it is to look at each line.
pub(crate) const EACH_LINE: usize = 20;

/// Of many things one, with its position, or how many more there are of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told<'a, T, K> {
    One(usize, &'a T),
    More(K, usize),
}

/// Each thing, but of what there is much of one kind the rest only counted: a crowd of one kind hides none of another.
#[must_use]
pub(crate) fn summed<'a, T, K: Copy + Ord>(
    all: &'a [T],
    each: usize,
    kind: impl Fn(&'a T) -> K,
) -> Vec<Told<'a, T, K>> {
    let mut counts: BTreeMap<K, (usize, usize)> = BTreeMap::new();
    let mut told = Vec::new();
    for (position, one) in all.iter().enumerate() {
        let (count, behind) = counts.entry(kind(one)).or_default();
        *count += 1;
        if *count <= each {
            told.push(Told::One(position, one));
            *behind = told.len();
        }
    }
    let mut rest: Vec<(usize, Told<'a, T, K>)> = counts
        .into_iter()
        .filter(|(_, (count, _))| *count > each)
        .map(|(kind, (count, behind))| (behind, Told::More(kind, count - each)))
        .collect();
    // From the last, so that the places before it stay what they are.
    rest.sort_by_key(|(behind, _)| Reverse(*behind));
    for (behind, more) in rest {
        told.insert(behind, more);
    }
    told
}

/// What a change loosens or decides: at most so many of each key.
#[must_use]
pub(crate) fn of_each_key(all: &[Loosening], each: usize) -> Vec<Told<'_, Loosening, &str>> {
    summed(all, each, kind)
}

/// The key without what tells one entry from others.
#[must_use]
pub(crate) fn kind(one: &Loosening) -> &str {
    one.key.split(' ').next().unwrap_or_default()
}

/// What stands in the place of those that are only counted.
#[must_use]
pub(crate) fn more_of(kind: &str, count: usize) -> String {
    format!("{count} more of the same kind ({kind})")
}

/// Several things that are told in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldSideEffect {
    /// The code of their kind.
    pub code: &'static str,
    /// Whether the change is refused for them.
    pub fails: bool,
    /// What they are.
    pub text: String,
    /// The position of the one that is told; `None` for several.
    pub position: Option<usize>,
}

/// Each thing, but of what there is much of one kind the rest only counted.
#[must_use]
pub(crate) fn side_effects(all: &[SideEffect]) -> Vec<ToldSideEffect> {
    let told = summed(all, EACH, |one| (one.code(), one.fails()));
    told.into_iter()
        .map(|told| match told {
            Told::One(at, one) => {
                ToldSideEffect { code: one.code(), fails: one.fails(), text: side_effect(one), position: Some(at) }
            }
            Told::More((code, fails), count) => {
                ToldSideEffect { code, fails, text: more_of(code, count), position: None }
            }
        })
        .collect()
}

/// The events of the audit trail that a change lacks: at most so many, and how many more there are.
#[must_use]
pub(crate) fn missing_events(all: &[EventFileName], each: usize) -> Vec<String> {
    let told = summed(all, each, |_| ());
    told.into_iter()
        .map(|told| match told {
            Told::One(_, event) => missing_event(event),
            Told::More((), count) => {
                format!("the audit trail lacks {} that the base has", counted(count, "more event"))
            }
        })
        .collect()
}

/// One thing in a sentence that follows "this change also".
#[must_use]
pub(crate) fn side_effect(also: &SideEffect) -> String {
    match also {
        SideEffect::Way { way, .. } => way_sentence(way),
        SideEffect::Trail { file, fault } => format!("adds to the audit trail {file}: {}", fault_sentence(fault)),
    }
}

fn way_sentence(way: &WayAround) -> String {
    let effect = if way.kind == WayKind::OtherLockFile {
        "the lock file of another workspace, which is not judged here"
    } else if way.kind == WayKind::SourceOverride {
        "sources are taken from elsewhere"
    } else {
        verify::way_effect(way.kind)
    };
    match &way.origin {
        Origin::File { path, .. } if way.kind == WayKind::LockFileGone && !way.value.is_empty() => {
            format!("takes {} ({path}) out of the lock file: {effect}", way.shown())
        }
        Origin::File { path, .. } if way.kind == WayKind::LockFileGone => format!("takes away {path}: {effect}"),
        Origin::File { path, .. } if way.kind == WayKind::Submodule => {
            format!("brings the submodule {path} or moves it, to {}: {effect}", way.shown())
        }
        Origin::File { path, .. } if way.kind == WayKind::LinkOut => {
            format!("brings or alters the link {path} to {}: {effect}", way.shown())
        }
        Origin::File { path, .. } if way.kind == WayKind::UntrackedSource => {
            format!("builds {} from {path}, {effect}", way.shown())
        }
        Origin::File { path, key, .. } if key.is_empty() => format!("brings or alters {path}: {effect}"),
        Origin::File { path, line, key } if way.value.is_empty() => format!("sets `{key}` in {path}:{line}: {effect}"),
        Origin::File { path, line, key } => format!("sets `{key}` = `{}` in {path}:{line}: {effect}", way.shown()),
        origin @ (Origin::Environment(_) | Origin::Default | Origin::Flag) => format!("sets {origin}: {effect}"),
    }
}

fn fault_sentence(fault: &TrailFault) -> String {
    match fault {
        TrailFault::File(kind) => trail_problem(kind),
        TrailFault::Ahead { written, now } => {
            format!("written at {}, and now it is {}", moment(*written), moment(*now))
        }
        TrailFault::Unknown { release } => {
            format!("names {release}, which no lock file here has, and its registry neither")
        }
        TrailFault::NotLocked { release } => {
            format!("says that {release} was in use, which an advisory is about, and no lock file here has it")
        }
        TrailFault::NotGiven { release } => {
            format!(
                "says of {release} that it was approved or an advisory ignored for it, which the policy of this change does not have"
            )
        }
        TrailFault::Unconfirmed { release } => {
            format!("tells of {release} what only its registry could confirm, which was not or could not be asked")
        }
        TrailFault::Contradicts { release, fact, witness } => {
            let fact = match fact {
                RecordedFact::Pubtime => "time of publication",
                RecordedFact::Checksum => "checksum",
                RecordedFact::Tree => "digest of the vendored tree",
            };
            let witness = match witness {
                TrailWitness::Base => "the base's audit trail",
                TrailWitness::Index => "its registry",
                TrailWitness::LockFile => "the lock file",
                TrailWitness::AllowList => "the allow-list",
            };
            format!("has another {fact} of {release} than {witness}")
        }
        TrailFault::TooMany { crates } => {
            format!(
                "with others of this change names {crates} crates that no lock file here has; nobody was asked about them"
            )
        }
    }
}

/// What whoever reads it can do.
#[must_use]
pub(crate) fn side_effects_help(all: &[SideEffect]) -> Option<String> {
    let faults: Vec<&TrailFault> = all.iter().filter_map(fault_of).collect();
    if !faults.is_empty() {
        return Some(faults_help(&faults).to_owned());
    }
    let failing = all.iter().filter(|one| one.fails()).filter_map(|one| match one {
        SideEffect::Way { way, .. } => Some(way),
        SideEffect::Trail { .. } => None,
    });
    let (to_index, others): (Vec<_>, Vec<_>) = failing.partition(|way| way.kind == WayKind::IndexWay);
    let others = (!others.is_empty())
        .then(|| String::from("whoever merges this change answers for what cargo builds by it: look at each line"));
    let mut keys: Vec<&str> = to_index
        .iter()
        .filter_map(|way| match &way.origin {
            Origin::File { key, .. } => Some(&**key),
            Origin::Environment(_) | Origin::Default | Origin::Flag => None,
        })
        .collect();
    keys.dedup();
    let own = (!keys.is_empty()).then(|| own_settings(&keys));
    let help: Vec<String> = own.into_iter().chain(others).collect();
    (!help.is_empty()).then(|| help.join("; "))
}

const fn fault_of(one: &SideEffect) -> Option<&TrailFault> {
    match one {
        SideEffect::Trail { fault, .. } => Some(fault),
        SideEffect::Way { .. } => None,
    }
}

fn faults_help(faults: &[&TrailFault]) -> &'static str {
    if faults.iter().all(|fault| matches!(fault, TrailFault::Unconfirmed { .. })) {
        "run it again where these registries can be asked; one that the base's policy does not name, as in the change that adopts a mirror, is asked by the runs after the merge"
    } else if faults.iter().all(|fault| matches!(fault, TrailFault::NotGiven { .. })) {
        "where somebody took it out of the policy by hand, give it again with `cargo sequester approve` and take it back with `cargo sequester revoke`, which records that; else take these files out of the change"
    } else {
        "take these files out of the change: only `cargo sequester` writes events, and after a merge they would stand in the way of every run"
    }
}

/// How a machine reaches registries is no repository's to say.
fn own_settings(keys: &[&str]) -> String {
    let named = |each: &dyn Fn(&str) -> String| keys.iter().map(|key| each(key)).collect::<Vec<_>>().join(" and ");
    let variable = |key: &str| format!("CARGO_{}", key.replace(['.', '-'], "_").to_uppercase());
    format!(
        "take {} out of the change: a machine that needs it has it in its own `$CARGO_HOME/config.toml`, or in {}",
        named(&|key| format!("`{key}`")),
        named(&variable)
    )
}

/// What is to be said of an event that the base has and the change does not.
#[must_use]
fn missing_event(event: &EventFileName) -> String {
    format!("the audit trail lacks an event that the base has: {event}")
}
