//! Sentences about what is wrong with a trail, and about what a trail says of today's registry and clock.

use super::duration::{moment, words};
use super::registry_name;
use crate::model::package::CrateId;
use crate::model::trail::{TrailFinding, TrailProblemKind};

/// What is wrong with a file; the sentence follows the file's name and a colon.
#[must_use]
pub fn problem_sentence(kind: &TrailProblemKind) -> String {
    match kind {
        TrailProblemKind::Edited { found } => {
            format!("edited: its content has the id {}, not the one of its name", found.short())
        }
        TrailProblemKind::Deleted { named_by, .. } => {
            format!("deleted: event {} names it as a parent, and it is not there", named_by.short())
        }
        TrailProblemKind::Renamed { written } => format!("renamed: it was written at {}", moment(*written)),
        TrailProblemKind::Reordered { parent, seconds } => {
            format!("reordered: written {} before its parent {}", words(*seconds), parent.short())
        }
        TrailProblemKind::Unparented => "put in: it has no parents and is not where the trail began".to_owned(),
        TrailProblemKind::Duplicate { of } => format!("a copy of event {} under another name", of.short()),
        TrailProblemKind::UnknownSchema { schema } => {
            format!("of the form `{schema}`, which this version cannot read; a newer one may")
        }
        TrailProblemKind::Malformed { cause } => format!("no event: {cause}"),
        TrailProblemKind::TooLarge => "larger than any event".to_owned(),
        TrailProblemKind::Foreign => "no event, and nothing that belongs here".to_owned(),
    }
}

/// What to do about a trail that is not whole.
#[must_use]
pub const fn whole_help() -> &'static str {
    "find out who changed it (`git log -- .sequester/trail`) and restore it from there"
}

/// What a trail says of today's registry and clock.
#[must_use]
pub fn finding_sentence(finding: &TrailFinding) -> String {
    match finding {
        TrailFinding::ReleaseVanished { crate_id, version, since } => format!(
            "the registry has removed {}@{version}, which the audit trail has since {}: look for an advisory, and at what was built with it",
            name(crate_id),
            moment(*since)
        ),
        TrailFinding::IndexShortened { crate_id, missing } => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            format!(
                "the registry's list of {} ends before {}, which the audit trail has: it may be an old list",
                name(crate_id),
                missing.join(", ")
            )
        }
        TrailFinding::CrateReappeared { crate_id, recorded, found } => {
            let found = found.map_or_else(
                || "has no release with a known time".to_owned(),
                |at| format!("begins at {}", moment(at)),
            );
            format!(
                "the name {} belongs to another crate now: the audit trail has a release of {}, and the registry's list {found}",
                name(crate_id),
                moment(*recorded)
            )
        }
        TrailFinding::ClockBehindTrail { now, latest } => format!(
            "the machine's clock says {}, but the audit trail has an event of {}",
            moment(*now),
            moment(*latest)
        ),
    }
}

fn name(crate_id: &CrateId) -> String {
    match registry_name(&crate_id.registry).as_str() {
        "crates.io" => crate_id.name.to_string(),
        other => format!("{} ({other})", crate_id.name),
    }
}
