//! `status --format json`: one document, by `docs/status-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Coming, StatusReport};
use crate::model::Timestamp;
use crate::model::calendar::{CalendarEntry, Foretold, Prospect};
use crate::model::package::PackageId;
use crate::report::audit::json::{Db, Decided, Document, Judge, Judged, Loosened, OneMore, Summary, document};
use crate::report::json::{self, Object};
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const STATUS_V1: &str = "urn:cargo-sequester:status-v1";

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    now: String,
    complete: bool,
    blockers: Vec<Object>,
    summary: Summary,
    advisory_db: Option<Db<'a>>,
    policy: Judge<'a>,
    decides: Vec<Decided<'a>>,
    loosened: Vec<Loosened<'a>>,
    also: Vec<OneMore>,
    trail_truncated: Vec<String>,
    notices: Vec<Object>,
    until: Option<String>,
    foretold_by: &'static str,
    foretold_cause: Option<&'a str>,
    packages: Vec<Ahead<'a>>,
    days: Vec<Day<'a>>,
}

/// One locked package and what lies ahead of it.
#[derive(Serialize)]
struct Ahead<'a> {
    need: &'static str,
    passed_over: bool,
    locked: Judged<'a>,
    update: Newer,
    compatible: Newer,
    major: Newer,
}

#[derive(Serialize)]
struct Newer {
    approved: Option<Approved>,
    held: Vec<Held>,
}

#[derive(Serialize)]
struct Approved {
    version: String,
    pubtime: Option<String>,
    basis: Object,
}

#[derive(Serialize)]
struct Held {
    version: String,
    pubtime: Option<String>,
    eligible_at: Option<String>,
    reasons: Vec<Object>,
}

#[derive(Serialize)]
struct Day<'a> {
    date: String,
    releases: Vec<Eligible<'a>>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "fields are named as the document names them")]
struct Eligible<'a> {
    id: String,
    name: &'a str,
    version: String,
    part: &'static str,
    eligible_at: String,
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
