//! `update --format json`: one document, by `docs/update-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{End, UpdateReport, codes};
use crate::model::evaluation::FixStanding;
use crate::model::package::PackageId;
use crate::model::resolution::{Cause, Change, Demand, Held, HeldFix, Hidden, HiddenBecause, Kept, Obstacle};
use crate::model::source::Source;
use crate::model::verdict::{Reason, ReasonCode, Reasons};
use crate::report::blocker;
use crate::report::json::{self, Object};
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const UPDATE_V1: &str = "urn:cargo-sequester:update-v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    now: String,
    result: &'static str,
    written: bool,
    blockers: Vec<Block>,
    changes: Vec<Changed<'a>>,
    joined: Vec<String>,
    kept: Vec<Stayed>,
    held: Vec<HeldBack>,
    held_fixes: Vec<HeldBackFix<'a>>,
    not_approved: Vec<String>,
    refused: Option<Release>,
    unresolved: Option<Failed<'a>>,
}

#[derive(Serialize)]
struct Block {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Changed<'a> {
    name: &'a str,
    source: Option<String>,
    from: Option<String>,
    to: Option<String>,
    pubtime: Option<String>,
    age_seconds: Option<i64>,
    basis: Option<Object>,
    approved: bool,
    asked: bool,
}

#[derive(Serialize)]
struct Release {
    id: String,
    version: String,
    pubtime: Option<String>,
    eligible_at: Option<String>,
    codes: Vec<&'static str>,
    reasons: Vec<Object>,
}

#[derive(Serialize)]
struct Stayed {
    id: String,
    codes: Vec<&'static str>,
    reasons: Vec<Object>,
    waits_for: Vec<WaitsFor>,
}

#[derive(Serialize)]
struct WaitsFor {
    id: String,
    eligible_at: Option<String>,
    codes: Vec<&'static str>,
}

#[derive(Serialize)]
struct HeldBack {
    id: String,
    candidate: Release,
}

#[derive(Serialize)]
struct HeldBackFix<'a> {
    id: String,
    advisory: &'a str,
    version: String,
    eligible_at: Option<String>,
    codes: Vec<&'static str>,
}

#[derive(Serialize)]
struct Failed<'a> {
    words: &'a str,
    cause: &'static str,
    all_needed: bool,
    obstacles: Vec<Obstructed<'a>>,
}

#[derive(Serialize)]
struct Obstructed<'a> {
    name: &'a str,
    release: Release,
    asked_by: Vec<Asking<'a>>,
    newest_approved: Option<String>,
}

#[derive(Serialize)]
struct Asking<'a> {
    id: String,
    requirement: String,
    editable: bool,
    written: Vec<ManifestLine<'a>>,
}

#[derive(Serialize)]
struct ManifestLine<'a> {
    file: &'a str,
    line: u32,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub fn write(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let result = match report.end {
        End::Published if report.dry_run => "would-change",
        End::Published => "changed",
        End::Unchanged => "unchanged",
        End::NotApproved => "not-approved",
        End::Unresolved(_) => "unresolved",
        End::Precise(..) => "refused",
        End::Undecided => "undecided",
    };
    let document = Document {
        schema: UPDATE_V1,
        now: rfc3339(report.now()),
        result,
        written: matches!(report.end, End::Published) && !report.dry_run,
        blockers: report.evaluation.blockers.iter().map(|one| block(one, report)).collect(),
        changes: report.changes.iter().map(|change| changed(change, report)).collect(),
        joined: report.joined.iter().map(|joined| joined.package.to_string()).collect(),
        kept: report.kept.iter().map(|kept| stayed(kept, report)).collect(),
        held: report.held.iter().map(|held| held_back(held, report)).collect(),
        held_fixes: report.held_fixes.iter().map(held_fix).collect(),
        not_approved: not_approved(report),
        refused: match report.end {
            End::Precise(id, hidden) => Some(release(id, hidden, report)),
            End::Published | End::Unchanged | End::NotApproved | End::Unresolved(_) | End::Undecided => None,
        },
        unresolved: match report.end {
            End::Unresolved(unresolved) => Some(Failed {
                words: &unresolved.words,
                cause: match unresolved.cause {
                    Cause::Hidden { .. } => "hidden",
                    Cause::Elsewhere => "elsewhere",
                    Cause::Unknown(_) => "unknown",
                },
                all_needed: matches!(unresolved.cause, Cause::Hidden { all_needed: true, .. }),
                obstacles: unresolved.obstacles().iter().map(|one| obstructed(one, report)).collect(),
            }),
            End::Published | End::Unchanged | End::NotApproved | End::Precise(..) | End::Undecided => None,
        },
    };
    json::write(&document, out)
}

fn block(one: &crate::model::evaluation::Blocker, report: &UpdateReport<'_>) -> Block {
    Block { code: one.code(), message: blocker::message(one, &report.context()) }
}

fn changed<'a>(change: &'a Change, report: &UpdateReport<'_>) -> Changed<'a> {
    let now = report.now().as_second();
    Changed {
        name: &change.name,
        source: (change.source != Source::Local).then(|| change.source.to_string()),
        from: change.from.as_ref().map(ToString::to_string),
        to: change.to.as_ref().map(ToString::to_string),
        pubtime: change.pubtime.map(rfc3339),
        age_seconds: change.pubtime.map(|published| now.saturating_sub(published.as_second())),
        basis: change.basis.as_ref().map(json::basis),
        approved: !report.is_unapproved(change),
        asked: change.asked,
    }
}

fn held_back(held: &Held, report: &UpdateReport<'_>) -> HeldBack {
    let id = PackageId { version: held.candidate.version.clone(), ..held.package.clone() };
    HeldBack { id: held.package.to_string(), candidate: release(&id, &held.candidate, report) }
}

fn release(id: &PackageId, hidden: &Hidden, report: &UpdateReport<'_>) -> Release {
    Release {
        id: id.to_string(),
        version: hidden.version.to_string(),
        pubtime: hidden.pubtime.map(rfc3339),
        eligible_at: hidden.eligible_at().map(rfc3339),
        codes: codes(&hidden.because),
        reasons: reasons(&hidden.because, id, report),
    }
}

fn stayed(kept: &Kept, report: &UpdateReport<'_>) -> Stayed {
    let because = &kept.because;
    let waits = report.waits.iter().filter(|waits| waits.package == kept.package);
    let waits_for = waits.flat_map(|waits| &waits.obstacles).map(|one| WaitsFor {
        id: one.id.to_string(),
        eligible_at: one.hidden.eligible_at().map(|at| at.to_string()),
        codes: codes(&one.hidden.because),
    });
    Stayed {
        id: kept.package.to_string(),
        codes: codes(because),
        reasons: reasons(because, &kept.package, report),
        waits_for: waits_for.collect(),
    }
}

fn reasons(because: &HiddenBecause, id: &PackageId, report: &UpdateReport<'_>) -> Vec<Object> {
    match because {
        HiddenBecause::Reasons(reasons) => {
            reasons.iter().map(|reason| json::reason(reason, id, &report.context())).collect()
        }
        HiddenBecause::Yanked | HiddenBecause::Ambiguous => Vec::new(),
    }
}

fn held_fix(held: &HeldFix) -> HeldBackFix<'_> {
    let reasons = match &held.fix.standing {
        FixStanding::Held(reasons) => Some(reasons),
        FixStanding::Approved(_) => None,
    };
    HeldBackFix {
        id: held.package.to_string(),
        advisory: &held.fix.advisory,
        version: held.fix.version.to_string(),
        eligible_at: reasons.and_then(Reasons::eligible_at).map(rfc3339),
        codes: reasons.into_iter().flatten().map(Reason::code).map(ReasonCode::as_str).collect(),
    }
}

fn not_approved(report: &UpdateReport<'_>) -> Vec<String> {
    let judgements = report.evaluation.judgements.iter().filter(|judgement| !judgement.passes());
    judgements.map(|judgement| judgement.id.to_string()).collect()
}

fn obstructed<'a>(obstacle: &'a Obstacle, report: &UpdateReport<'_>) -> Obstructed<'a> {
    let asking = |demand: &'a Demand| Asking {
        id: demand.by.to_string(),
        requirement: demand.req.to_string(),
        editable: demand.editable,
        written: demand.at.iter().map(|line| ManifestLine { file: line.file.as_str(), line: line.number }).collect(),
    };
    Obstructed {
        name: &obstacle.id.name,
        release: release(&obstacle.id, &obstacle.hidden, report),
        asked_by: obstacle.asked_by.iter().map(asking).collect(),
        newest_approved: obstacle.newest_visible.as_ref().map(ToString::to_string),
    }
}
