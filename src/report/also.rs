//! What a change does beside what it locks, in words.

use super::duration::moment;
use super::log_problem::problem_sentence;
use super::verify;
use crate::model::policy::Origin;
use crate::model::side_effect::{RecordedFact, SideEffect, TrailFault, TrailWitness};
use crate::model::way_around::{WayAround, WayKind};

/// How many things of one kind are told one by one: a change may bring thousands of files.
const EACH: usize = 8;

/// Several things that are told in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The code of their kind.
    pub code: &'static str,
    /// Whether the change is refused for them.
    pub fails: bool,
    /// What they are.
    pub text: String,
}

/// Each thing, but of what there is much of one kind the rest only counted.
#[must_use]
pub fn told(all: &[SideEffect]) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut counts: Vec<(&'static str, bool, usize)> = Vec::new();
    for one in all {
        let (code, fails) = (one.code(), one.fails());
        let position = counts.iter().position(|(known, known_fails, _)| (*known, *known_fails) == (code, fails));
        let position = position.unwrap_or_else(|| {
            counts.push((code, fails, 0));
            counts.len() - 1
        });
        let count = counts.get_mut(position).map_or(1, |(_, _, count)| {
            *count += 1;
            *count
        });
        if count <= EACH {
            told.push(Told { code, fails, text: sentence(one) });
        }
    }
    for (code, fails, count) in counts.into_iter().filter(|(_, _, count)| *count > EACH) {
        let last = told.iter().rposition(|one| one.code == code && one.fails == fails);
        let rest = Told { code, fails, text: format!("{} more of the same kind ({code})", count - EACH) };
        told.insert(last.map_or(told.len(), |last| last + 1), rest);
    }
    told
}

/// One thing in a sentence that follows "this change also".
#[must_use]
pub fn sentence(also: &SideEffect) -> String {
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
        verify::effect(way.kind)
    };
    match &way.origin {
        Origin::File { path, key, .. } if key.is_empty() => format!("brings or alters {path}: {effect}"),
        Origin::File { path, line, key } if way.value.is_empty() => format!("sets `{key}` in {path}:{line}: {effect}"),
        Origin::File { path, line, key } => format!("sets `{key}` = `{}` in {path}:{line}: {effect}", way.value),
        origin @ (Origin::Environment(_) | Origin::Default | Origin::Flag) => format!("sets {origin}: {effect}"),
    }
}

fn fault_sentence(fault: &TrailFault) -> String {
    match fault {
        TrailFault::File(kind) => problem_sentence(kind),
        TrailFault::Ahead { written, now } => {
            format!("written at {}, and now it is {}", moment(*written), moment(*now))
        }
        TrailFault::Unknown { release } => {
            format!("names {release}, which no lock file here has, and its registry neither")
        }
        TrailFault::NotLocked { release } => {
            format!("says that {release} was in use, which an advisory is about, and no lock file here has it")
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
pub fn help(all: &[SideEffect]) -> Option<&'static str> {
    let fails =
        |is_trail: bool| all.iter().any(|one| one.fails() && matches!(one, SideEffect::Trail { .. }) == is_trail);
    match (fails(true), fails(false)) {
        (true, _) => Some(
            "take these files out of the change: only `cargo sequester` writes events, and after a merge they would stand in the way of every run",
        ),
        (false, true) => Some("whoever merges this change answers for what cargo builds by it: look at each line"),
        (false, false) => None,
    }
}
