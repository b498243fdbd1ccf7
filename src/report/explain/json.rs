//! `explain --format json`: one document, by `docs/explain-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::ExplainReport;
use crate::model::explanation::{AdvisoryEffect, ChecksumPlace, Decider, Explanation, Milestone, TrailEntry};
use crate::model::policy::Origin;
use crate::model::verdict::{Reason, ReasonCode, Verdict};
use crate::report::audit::json::{Db, Document, Judge, Judged, document, judged};
use crate::report::cure::cures;
use crate::report::explain;
use crate::report::json::{self, Object};
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const EXPLAIN_V1: &str = "urn:cargo-sequester:explain-v1";

#[derive(Serialize)]
struct Explained<'a> {
    schema: &'static str,
    now: String,
    complete: bool,
    blockers: Vec<Object>,
    advisory_db: Option<Db<'a>>,
    policy: Judge<'a>,
    release: Option<Release<'a>>,
    releases: Option<Vec<Dot>>,
    releases_more: usize,
}

#[derive(Serialize)]
struct Release<'a> {
    judged: Judged<'a>,
    locked: bool,
    deciders: Deciders<'a>,
    min_age_seconds: Option<u64>,
    timeline: Timeline,
    checksums: Vec<Said<'a>>,
    advisories: Vec<AdvisoryEntry<'a>>,
    paths: Vec<Vec<&'a str>>,
    paths_more: usize,
    paths_complete: bool,
    dependents: Vec<Dependent<'a>>,
    trail: Vec<Entry<'a>>,
    cures: Vec<Cure>,
}

/// What decided, in the order of what it decided.
#[derive(Serialize)]
struct Deciders<'a> {
    reasons: Vec<Option<Setting<'a>>>,
    warnings: Vec<Option<Setting<'a>>>,
    basis: Option<Setting<'a>>,
    min_age: Option<Setting<'a>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    key: &'a str,
    origin: &'static str,
    file: Option<&'a str>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct Timeline {
    earlier: usize,
    later: usize,
    releases: Vec<Dot>,
}

#[derive(Serialize)]
struct Dot {
    version: String,
    pubtime: Option<String>,
    yanked: bool,
    locked: bool,
    verdict: &'static str,
    basis: Option<Object>,
    eligible_at: Option<String>,
    reasons: Vec<&'static str>,
}

#[derive(Serialize)]
struct Said<'a> {
    place: &'static str,
    line: Option<u32>,
    checksum: Option<&'a str>,
    agreement: &'static str,
}

#[derive(Serialize)]
struct AdvisoryEntry<'a> {
    id: &'a str,
    date: String,
    kind: &'static str,
    title: &'a str,
    url: Option<&'a str>,
    aliases: Vec<&'a str>,
    os: Vec<&'a str>,
    arch: Vec<&'a str>,
    withdrawn: bool,
    patched: Vec<String>,
    unaffected: Vec<String>,
    hits: bool,
    effect: &'static str,
    ignored_until: Option<String>,
    decider: Option<Setting<'a>>,
}

#[derive(Serialize)]
struct Dependent<'a> {
    name: &'a str,
    version: String,
    requirements: Vec<Ask<'a>>,
}

#[derive(Serialize)]
struct Ask<'a> {
    req: String,
    kind: &'static str,
    optional: bool,
    target: Option<&'a str>,
    written: Vec<ManifestLine<'a>>,
}

#[derive(Serialize)]
struct ManifestLine<'a> {
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct Entry<'a> {
    event: String,
    time: String,
    kind: &'static str,
    by: Option<&'a str>,
    version: String,
    replaced: bool,
    checksum: Option<String>,
    pubtime: Option<String>,
    verdict: Option<&'static str>,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Cure {
    words: Option<String>,
    paste: Option<String>,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub fn write(report: &ExplainReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let Document { now, complete, blockers, advisory_db, policy, .. } = document(&report.audit);
    let document = Explained {
        schema: EXPLAIN_V1,
        now,
        complete,
        blockers,
        advisory_db,
        policy,
        release: report.release.map(|release| one(release, report)),
        releases: report.releases.map(|releases| releases.shown.iter().map(dot).collect()),
        releases_more: report.releases.map_or(0, |releases| releases.more),
    };
    json::write(&document, out)
}

fn one<'a>(release: &'a Explanation, report: &ExplainReport<'a>) -> Release<'a> {
    let cures = explain::problem(release).map(|problem| cures(&problem, &report.audit)).unwrap_or_default();
    Release {
        judged: judged(&release.package, &release.judgement, &report.audit),
        locked: release.locked.is_some(),
        deciders: Deciders {
            reasons: release.reasons.iter().map(setting).collect(),
            warnings: release.warnings.iter().map(setting).collect(),
            basis: release.basis.as_ref().and_then(setting),
            min_age: release.minimum.as_ref().map(|age| of_origin("quarantine.min-publish-age", Some(&age.origin))),
        },
        min_age_seconds: release.minimum.as_ref().map(|age| age.value.as_secs()),
        timeline: Timeline {
            earlier: release.timeline.earlier,
            later: release.timeline.later,
            releases: release.timeline.releases.iter().map(dot).collect(),
        },
        checksums: release
            .checksums
            .iter()
            .map(|record| Said {
                place: record.place.code(),
                line: match record.place {
                    ChecksumPlace::Approval(line) => Some(line),
                    ChecksumPlace::LockFile
                    | ChecksumPlace::Index
                    | ChecksumPlace::Trail
                    | ChecksumPlace::AllowList => None,
                },
                checksum: record.checksum.as_deref(),
                agreement: record.agreement.as_str(),
            })
            .collect(),
        advisories: release.advisories.iter().map(advisory).collect(),
        paths: release.paths.shown.iter().map(|path| report.audit.names(path)).collect(),
        paths_more: release.paths.more,
        paths_complete: release.paths.complete,
        dependents: release
            .dependents
            .iter()
            .filter_map(|dependent| {
                let package = report.audit.packages.get(dependent.package)?;
                let requirements = dependent.asks.iter().map(ask).collect();
                Some(Dependent { name: &package.id.name, version: package.id.version.to_string(), requirements })
            })
            .collect(),
        trail: release.trail.iter().map(event).collect(),
        cures: cures
            .into_iter()
            .map(|cure| Cure { words: cure.words, paste: cure.step.map(|step| step.text().to_owned()) })
            .collect(),
    }
}

fn setting(decider: &Decider) -> Option<Setting<'_>> {
    match decider {
        Decider::Fixed => None,
        Decider::Policy { key, origin } => Some(of_origin(key, origin.as_ref())),
    }
}

fn of_origin<'a>(key: &'a str, origin: Option<&'a Origin>) -> Setting<'a> {
    let plain = |origin| Setting { key, origin, file: None, line: None };
    match origin {
        None => plain("policy"),
        Some(Origin::Default) => plain("default"),
        Some(Origin::Flag) => plain("flag"),
        Some(Origin::Environment(name)) => Setting { key: name, ..plain("environment") },
        Some(Origin::File { path, line, key }) => {
            Setting { key, origin: "file", file: Some(path.as_str()), line: Some(*line) }
        }
    }
}

fn dot(one: &Milestone) -> Dot {
    let (basis, reasons) = match &one.verdict {
        Verdict::Local => (None, None),
        Verdict::Approved(basis) => (Some(json::basis(basis)), None),
        Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => (None, Some(reasons)),
    };
    Dot {
        version: one.version.to_string(),
        pubtime: one.pubtime.map(rfc3339),
        yanked: one.yanked,
        locked: one.locked,
        verdict: explain::verdict_word(Some(&one.verdict)),
        basis,
        eligible_at: reasons.and_then(crate::model::verdict::Reasons::eligible_at).map(rfc3339),
        reasons: reasons.into_iter().flatten().map(Reason::code).map(ReasonCode::as_str).collect(),
    }
}

fn advisory(view: &crate::model::explanation::AdvisoryView) -> AdvisoryEntry<'_> {
    let one = &view.advisory;
    AdvisoryEntry {
        id: &one.id,
        date: one.date.to_string(),
        kind: one.kind.as_str(),
        title: &one.title,
        url: one.url.as_deref(),
        aliases: one.aliases.iter().map(|alias| &**alias).collect(),
        os: one.os.iter().map(|os| &**os).collect(),
        arch: one.arch.iter().map(|arch| &**arch).collect(),
        withdrawn: one.withdrawn,
        patched: one.versions.patched().iter().map(ToString::to_string).collect(),
        unaffected: one.versions.unaffected().iter().map(ToString::to_string).collect(),
        hits: view.hits,
        effect: view.effect.code(),
        ignored_until: match view.effect {
            AdvisoryEffect::Ignored(until) => Some(until.to_string()),
            AdvisoryEffect::NotAffected
            | AdvisoryEffect::Withdrawn
            | AdvisoryEffect::Rejects
            | AdvisoryEffect::Warns
            | AdvisoryEffect::Allowed => None,
        },
        decider: view.decider.as_ref().and_then(setting),
    }
}

fn ask(ask: &crate::model::explanation::Ask) -> Ask<'_> {
    Ask {
        req: ask.req.to_string(),
        kind: ask.kind.as_str(),
        optional: ask.optional,
        target: ask.target.as_deref(),
        written: ask.at.iter().map(|line| ManifestLine { file: line.file.as_str(), line: line.number }).collect(),
    }
}

fn event(entry: &TrailEntry) -> Entry<'_> {
    let record = &entry.record;
    Entry {
        event: entry.event.to_string(),
        time: rfc3339(entry.at),
        kind: entry.kind.as_str(),
        by: entry.by.as_deref(),
        version: record.version.to_string(),
        replaced: entry.replaced,
        checksum: record.checksum.map(|checksum| checksum.to_string()),
        pubtime: record.pubtime.map(rfc3339),
        verdict: record.verdict.map(crate::model::verdict::VerdictCode::as_str),
        reason: record.approval.as_ref().and_then(|approval| approval.reason.as_deref()),
    }
}
