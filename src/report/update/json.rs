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
use crate::report::json::{self, ManifestLine, Object};
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const UPDATE_V1: &str = "urn:cargo-sequester:update-v1";

/// One document a run. Times are RFC 3339 in UTC, in whole seconds. Texts from outside are raw: escape them where they are shown.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "The result of `cargo sequester update --format json` and of `cargo sequester fix --format json`", extend("$id" = UPDATE_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = UPDATE_V1)))]
    schema: &'static str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// `changed`: the lock file is the new one. `would-change`: with --dry-run it would be. `not-approved`: something new in cargo's
    /// result is not approved. `unresolved`: cargo found no way. `refused`: --precise names a hidden release. `undecided`: see
    /// `blockers`. But for `changed`, the lock file is the old one.
    #[cfg_attr(test, schemars(extend("enum" = ["changed", "would-change", "unchanged", "not-approved", "unresolved", "refused", "undecided"])))]
    result: &'static str,
    /// Whether the lock file was changed.
    written: bool,
    blockers: Vec<Block>,
    changes: Vec<Changed<'a>>,
    /// Package ids of locked releases that are hidden and moved along although nobody named them.
    joined: Vec<String>,
    /// Locked releases that stay where they are although they are not approved or are yanked, because nothing approved can take their
    /// place. What was locked before may stay; only what is new must be approved. `fix` names all that it leaves.
    kept: Vec<Stayed>,
    held: Vec<HeldBack>,
    held_fixes: Vec<HeldBackFix<'a>>,
    /// Package ids of the lock file (the new one, where there is one) that are not approved, changed or not.
    not_approved: Vec<String>,
    /// The release that --precise names.
    refused: Option<Release>,
    unresolved: Option<Failed<'a>>,
}

/// Why the run could not decide.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Block {
    code: &'static str,
    message: String,
}

/// A package that is not what it was.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Changed<'a> {
    /// Its name.
    name: &'a str,
    /// Its source as the lock file writes it; null for a local package.
    source: Option<String>,
    /// The release before; null for an added package.
    from: Option<String>,
    /// The release after; null for a removed package.
    to: Option<String>,
    /// When the release after was published; null where that is not known.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// Its age at `now`; negative for the future.
    age_seconds: Option<i64>,
    /// What it is approved for, as in audit-v1; null for a local package, a removed one, and one that is not approved.
    #[cfg_attr(test, schemars(with = "Option<shape::Basis>"))]
    basis: Option<Object>,
    /// Whether the package after the change may be built.
    approved: bool,
    /// Whether the caller asked for it, by naming the package or by asking for everything.
    asked: bool,
}

/// A release that cargo was not shown.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Release {
    /// Its package id.
    id: String,
    /// Its version.
    version: String,
    /// When it was published; null where that is not known.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// When time alone will have lifted what hides it; null where time does not.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    codes: Vec<&'static str>,
    /// As in audit-v1; empty for a release that is hidden because it is yanked or its index line is ambiguous.
    #[cfg_attr(test, schemars(with = "Vec<shape::Reason>"))]
    reasons: Vec<Object>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Stayed {
    /// The locked package's id.
    id: String,
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    codes: Vec<&'static str>,
    /// As in audit-v1; empty for a release that is hidden because it is yanked or its index line is ambiguous.
    #[cfg_attr(test, schemars(with = "Vec<shape::Reason>"))]
    reasons: Vec<Object>,
    /// For one that was to move: the releases that would have to be approved first. Empty where that is not the reason, or was not
    /// found out.
    waits_for: Vec<WaitsFor>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WaitsFor {
    id: String,
    /// When time alone approves it; null where it does not.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    codes: Vec<&'static str>,
}

/// A newer release that every requirement accepts and that is held.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HeldBack {
    /// The locked package's id.
    id: String,
    candidate: Release,
}

/// A fix for a locked package that may not be used yet.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HeldBackFix<'a> {
    /// The locked package's id.
    id: String,
    /// The advisory.
    advisory: &'a str,
    /// The lowest compatible release that is not hit.
    version: String,
    /// When it may be used; null where time does not bring that about.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    codes: Vec<&'static str>,
}

/// Cargo's failure.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Failed<'a> {
    /// Cargo's own words.
    words: &'a str,
    /// What was found out by resolving again in a copy of the workspace. `hidden`: cargo finds a way with the releases in `obstacles`
    /// shown. `elsewhere`: it fails with every release shown, too. `unknown`: it could not be
    /// found out.
    #[cfg_attr(test, schemars(extend("enum" = ["hidden", "elsewhere", "unknown"])))]
    cause: &'static str,
    /// Whether none of the obstacles can be done without; false where that was not found out.
    all_needed: bool,
    obstacles: Vec<Obstructed<'a>>,
}

/// A hidden release that would have to be approved, those first that time approves, the soonest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Obstructed<'a> {
    /// The crate.
    name: &'a str,
    release: Release,
    /// Who asks for it in what cargo resolves then, as far as that is known.
    asked_by: Vec<Asking<'a>>,
    /// The newest release that is shown, whether or not it would do.
    newest_approved: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Asking<'a> {
    /// The package that asks.
    id: String,
    /// What it accepts.
    requirement: String,
    /// Whether its manifest lies in this workspace.
    editable: bool,
    /// Where that is written, as far as it can be edited: in the root manifest, where it is inherited from there.
    written: Vec<ManifestLine<'a>>,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
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
        written: demand.at.iter().map(ManifestLine::of).collect(),
    };
    Obstructed {
        name: &obstacle.id.name,
        release: release(&obstacle.id, &obstacle.hidden, report),
        asked_by: obstacle.asked_by.iter().map(asking).collect(),
        newest_approved: obstacle.newest_visible.as_ref().map(ToString::to_string),
    }
}
