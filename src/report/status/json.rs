//! `status --format json`: one document, by `docs/status-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Coming, StatusReport};
use crate::model::Timestamp;
use crate::model::calendar::{CalendarEntry, Foretold, Prospect};
use crate::model::package::PackageId;
use crate::report::audit::json::{Db, Decided, Document, Judge, Judged, Loosened, OneMore, Summary, document};
use crate::report::json::{self, Object};
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const STATUS_V1: &str = "urn:cargo-sequester:status-v1";

/// The document that `cargo sequester status --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Texts from outside (names, titles, addresses, causes) are raw once read: escape them before showing them. Messages are for
/// people and may change in any release; everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester status --format json, version 1", extend("$id" = STATUS_V1)))]
pub(in crate::report) struct Status<'a> {
    #[cfg_attr(test, schemars(extend("const" = STATUS_V1)))]
    schema: &'static str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// Whether the run could decide: true exactly if there are no blockers. Where it is false, no `approved` in this document is a word
    /// to build by.
    complete: bool,
    /// Why the run could not decide. The command then ends with exit code 2.
    #[cfg_attr(test, schemars(with = "Vec<shape::Blocker>"))]
    blockers: Vec<Object>,
    /// Counts: `packages = local + approved + quarantined + rejected + not_judged`.
    summary: Summary,
    /// What the advisories were read from; null where they were skipped or unavailable.
    advisory_db: Option<Db<'a>>,
    /// What was judged by.
    policy: Judge<'a>,
    /// Empty unless a base is given with --loosened report.
    decides: Vec<Decided<'a>>,
    /// Empty without a base.
    loosened: Vec<Loosened<'a>>,
    /// With a base commit: what the change does beside what it locks. New settings and files by which cargo builds or runs something
    /// else, and files that it adds to the audit trail and that would spoil it. Of one kind, eight are listed and the rest is counted
    /// in one more.
    also: Vec<OneMore>,
    /// With a base: the file names of its audit trail's events that the change does not have. The command then ends with exit code 1.
    trail_truncated: Vec<String>,
    /// What is worth knowing about the run as a whole.
    #[cfg_attr(test, schemars(with = "Vec<shape::Notice>"))]
    notices: Vec<Object>,
    /// The last moment of the days that are listed; null where all are.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    until: Option<String>,
    /// What tells which newer release takes a locked one's place. `resolution`: cargo, which resolved behind the filter as of now and
    /// as of the last day that is known. `index`: the index alone, which knows no `rust-version` and no conflict.
    #[cfg_attr(test, schemars(extend("enum" = ["resolution", "index"])))]
    foretold_by: &'static str,
    /// With `index`, why cargo was not asked; else null.
    foretold_cause: Option<&'a str>,
    /// The packages of registries that were judged, what needs a decision first.
    packages: Vec<Ahead<'a>>,
    /// The days on which releases become eligible by time alone, in order.
    days: Vec<Day<'a>>,
}

/// One locked package and what lies ahead of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Ahead<'a> {
    /// What the package asks of the reader. rejected: the locked release is rejected, and no approved release mends that. fix: an
    /// advisory hits the locked release, and a release that mends it is approved. held: time will approve the locked release. update: a
    /// newer release is approved and every requirement accepts it. waiting: the newer releases that every requirement accepts are held.
    /// beyond: there are newer releases, but some requirement accepts none of them. current: nothing lies ahead.
    #[cfg_attr(test, schemars(extend("enum" = ["rejected", "fix", "held", "update", "waiting", "beyond", "current"])))]
    need: &'static str,
    /// Whether requirements accept newer releases that cargo does not take all the same: a `rust-version` or another package is in the
    /// way.
    passed_over: bool,
    /// The locked release, as an audit judges it.
    locked: Judged<'a>,
    /// Newer releases that every requirement in this graph accepts.
    update: Newer,
    /// Newer releases that cargo takes for compatible with the locked one, whether or not every requirement accepts them.
    compatible: Newer,
    /// Newer releases that cargo does not take for compatible with the locked one; no pre-releases.
    major: Newer,
}

/// Newer releases of one kind. Yanked releases are never among them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Newer {
    /// The newest that the policy approves; null where there is none.
    approved: Option<Approved>,
    /// Those newer still, newest first: every one that time will approve, and of the others the newest.
    held: Vec<Held>,
}

/// A release that may be used.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Approved {
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// When it was published.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    #[cfg_attr(test, schemars(with = "shape::Basis"))]
    basis: Object,
}

/// A release that may not be used yet, or not at all.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Held {
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// When it was published.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// When time alone has lifted every reason; null where one stays, or where that is never.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    /// What stands against it.
    #[cfg_attr(test, schemars(with = "Vec<shape::Reason>", length(min = 1)))]
    reasons: Vec<Object>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Day<'a> {
    /// A UTC day.
    #[cfg_attr(test, schemars(with = "shape::Day"))]
    date: String,
    /// Soonest first.
    #[cfg_attr(test, schemars(length(min = 1)))]
    releases: Vec<Eligible<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "fields are named as the document names them")]
struct Eligible<'a> {
    /// The locked package that it is a release of.
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    id: String,
    name: &'a str,
    /// The release that becomes eligible.
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// What it is to the lock file: the locked release itself; the fix of an advisory that hits it; a release that every requirement
    /// accepts; a compatible one that some requirement does not accept; an incompatible one. A release with several parts has the
    /// first.
    #[cfg_attr(test, schemars(extend("enum" = ["locked", "fix", "update", "compatible", "major"])))]
    part: &'static str,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    eligible_at: String,
    /// What stands against it until then.
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>", length(min = 1)))]
    reasons: Vec<&'static str>,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub fn write(report: &StatusReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let whole = document(&report.audit);
    let Document { now, complete, blockers, summary, advisory_db, policy, .. } = whole;
    let Document { decides, loosened, also, trail_truncated, notices, packages, .. } = whole;
    let mut judged: Vec<Option<Judged<'_>>> = packages.into_iter().map(Some).collect();
    let entries = report.calendar.entries.iter();
    let packages =
        entries.filter_map(|entry| Some(ahead(entry, judged.get_mut(entry.package)?.take()?, report))).collect();
    let document = Status {
        schema: STATUS_V1,
        now,
        complete,
        blockers,
        summary,
        advisory_db,
        policy,
        decides,
        loosened,
        also,
        trail_truncated,
        notices,
        foretold_by: report.calendar.foretold.code(),
        foretold_cause: match &report.calendar.foretold {
            Foretold::Resolution => None,
            Foretold::Index(cause) => Some(cause),
        },
        until: report.until.filter(|until| *until != Timestamp::MAX).map(rfc3339),
        packages,
        days: report
            .days()
            .into_iter()
            .map(|(date, releases)| Day { date: date.to_string(), releases: releases.iter().map(eligible).collect() })
            .collect(),
    };
    json::write(&document, out)
}

fn ahead<'a>(entry: &CalendarEntry, locked: Judged<'a>, report: &StatusReport<'a>) -> Ahead<'a> {
    let newer = |prospect| newer(prospect, entry, report);
    let need = entry.need.as_str();
    let (update, compatible, major) = (newer(&entry.update), newer(&entry.compatible), newer(&entry.major));
    Ahead { need, passed_over: entry.passed_over, locked, update, compatible, major }
}

fn newer(prospect: &Prospect, entry: &CalendarEntry, report: &StatusReport<'_>) -> Newer {
    let context = report.audit.context();
    let id = |version: &semver::Version| {
        let locked = report.about(entry).map(|(package, _)| package.id.clone());
        locked.map(|locked| PackageId { version: version.clone(), ..locked })
    };
    Newer {
        approved: prospect.approved.as_ref().map(|approved| Approved {
            version: approved.version.to_string(),
            pubtime: approved.pubtime.map(rfc3339),
            basis: json::basis(&approved.basis),
        }),
        held: prospect
            .held
            .iter()
            .filter_map(|held| {
                let id = id(&held.version)?;
                Some(Held {
                    version: held.version.to_string(),
                    pubtime: held.pubtime.map(rfc3339),
                    eligible_at: held.eligible_at().filter(|at| *at != Timestamp::MAX).map(rfc3339),
                    reasons: held.reasons.iter().map(|reason| json::reason(reason, &id, &context)).collect(),
                })
            })
            .collect(),
    }
}

fn eligible<'a>(one: &Coming<'a>) -> Eligible<'a> {
    let mut reasons: Vec<&'static str> = one.reasons.iter().map(|reason| reason.code().as_str()).collect();
    reasons.dedup();
    Eligible {
        id: one.package.spec(),
        name: &one.package.id.name,
        version: one.version.to_string(),
        part: one.part.as_str(),
        eligible_at: rfc3339(one.at),
        reasons,
    }
}
