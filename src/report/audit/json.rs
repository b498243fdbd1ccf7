//! `audit --format json`: one document, by `docs/audit-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{AuditReport, Tally};
use crate::model::evaluation::{Fix, FixStanding, Judgement};
use crate::model::facts::AdvisoryFact;
use crate::model::package::{LockedChecksum, Package};
use crate::model::policy::JudgedBy;
use crate::model::source::Source;
use crate::model::verdict::{Reason, ReasonCode, Reasons, Verdict};
use crate::report::context::general_age;
use crate::report::json::Object;
use crate::report::words::rfc3339;
use crate::report::{change, cure, json, notice};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const AUDIT_V1: &str = "urn:cargo-sequester:audit-v1";

#[derive(Serialize)]
pub(in crate::report) struct Document<'a> {
    pub(in crate::report) schema: &'static str,
    pub(in crate::report) now: String,
    pub(in crate::report) complete: bool,
    pub(in crate::report) manifests: &'static str,
    pub(in crate::report) blockers: Vec<Object>,
    pub(in crate::report) summary: Summary,
    pub(in crate::report) advisory_db: Option<Db<'a>>,
    pub(in crate::report) policy: Judge<'a>,
    pub(in crate::report) decides: Vec<Decided<'a>>,
    pub(in crate::report) loosened: Vec<Loosened<'a>>,
    pub(in crate::report) also: Vec<OneMore>,
    pub(in crate::report) trail_truncated: Vec<String>,
    pub(in crate::report) notices: Vec<Object>,
    pub(in crate::report) packages: Vec<Judged<'a>>,
}

/// Something that the change does as well.
#[derive(Serialize)]
pub(in crate::report) struct OneMore {
    code: &'static str,
    message: String,
    fails: bool,
}

#[derive(Serialize)]
pub(in crate::report) struct Summary {
    packages: usize,
    local: usize,
    approved: usize,
    quarantined: usize,
    rejected: usize,
    not_judged: usize,
    warnings: usize,
    carried: Carried,
}

#[derive(Serialize)]
struct Carried {
    releases: usize,
    advisories: usize,
    git: usize,
}

#[derive(Serialize)]
pub(in crate::report) struct Db<'a> {
    source: &'a str,
    copy: Option<&'a str>,
    commit: Option<&'a str>,
    time: Option<String>,
    confirmed: Option<String>,
    advisories: usize,
}

#[derive(Serialize)]
pub(in crate::report) struct Judge<'a> {
    judged_by: &'static str,
    file: Option<&'a str>,
    base: Option<&'a str>,
    base_commit: Option<&'a str>,
    min_age_seconds: u64,
    min_age_rule: String,
}

#[derive(Serialize)]
pub(in crate::report) struct Decided<'a> {
    kind: &'static str,
    key: &'a str,
    message: String,
}

#[derive(Serialize)]
pub(in crate::report) struct Loosened<'a> {
    kind: &'static str,
    key: &'a str,
    base: Option<&'a str>,
    head: Option<&'a str>,
}

#[derive(Serialize)]
pub(in crate::report) struct Judged<'a> {
    id: String,
    name: &'a str,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    pubtime: Option<String>,
    age_seconds: Option<i64>,
    yanked: Option<bool>,
    verdict: &'static str,
    basis: Option<Object>,
    eligible_at: Option<String>,
    reasons: Vec<Object>,
    warnings: Vec<Object>,
    advisories: Vec<&'a str>,
    path: Vec<&'a str>,
    newest_approved: Option<String>,
    fixes: Vec<JudgedFix<'a>>,
}

#[derive(Serialize)]
struct JudgedFix<'a> {
    advisory: &'a str,
    version: String,
    verdict: &'static str,
    basis: Option<Object>,
    eligible_at: Option<String>,
    reasons: Vec<&'static str>,
    message: String,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    json::write(&document(report), out)
}

pub(in crate::report) fn document<'a>(report: &AuditReport<'a>) -> Document<'a> {
    let evaluation = report.evaluation;
    let context = report.context();
    let tally = Tally::of(report);
    Document {
        schema: AUDIT_V1,
        now: rfc3339(evaluation.now),
        complete: evaluation.blockers.is_empty(),
        manifests: evaluation.manifests,
        blockers: evaluation.blockers.iter().map(|found| crate::report::json::blocker(found, report)).collect(),
        summary: Summary {
            packages: tally.packages,
            local: tally.local,
            approved: tally.approved,
            quarantined: tally.quarantined,
            rejected: tally.rejected,
            not_judged: tally.not_judged,
            warnings: tally.warnings,
            carried: Carried {
                releases: report.carried.releases,
                advisories: report.carried.advisories,
                git: report.carried.git,
            },
        },
        advisory_db: match report.advisories {
            AdvisoryFact::Read(db) => Some(Db {
                source: &db.source,
                copy: db.copy.as_deref(),
                commit: db.commit.as_deref(),
                time: db.committed.map(rfc3339),
                confirmed: db.confirmed.map(rfc3339),
                advisories: db.total,
            }),
            AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => None,
        },
        policy: judge(report),
        decides: report
            .decided
            .iter()
            .map(|one| Decided { kind: one.kind.code(), key: &one.key, message: change::decided(one) })
            .collect(),
        loosened: report
            .loosened
            .iter()
            .map(|loosening| Loosened {
                kind: loosening.kind.code(),
                key: &loosening.key,
                base: loosening.base.as_deref(),
                head: loosening.head.as_deref(),
            })
            .collect(),
        also: change::side_effects(&evaluation.also)
            .into_iter()
            .map(|told| OneMore { code: told.code, message: told.text, fails: told.fails })
            .collect(),
        trail_truncated: evaluation.truncated.iter().map(ToString::to_string).collect(),
        notices: evaluation
            .notices
            .iter()
            .map(|notice| Object::new(notice.code()).message(notice::notice(notice, &context)))
            .collect(),
        packages: report
            .packages
            .iter()
            .zip(&evaluation.judgements)
            .map(|(package, judgement)| judged(package, judgement, report))
            .collect(),
    }
}

fn judge<'a>(report: &AuditReport<'a>) -> Judge<'a> {
    let (judged_by, file, base, base_commit) = match report.judged_by {
        JudgedBy::File(file) => ("file", Some(file.as_str()), None, None),
        JudgedBy::Defaults => ("defaults", None, None, None),
        JudgedBy::Base { base, commit, file } => ("base", file.map(camino::Utf8Path::as_str), Some(base), Some(commit)),
    };
    let (age, rule) = general_age(report.policy);
    Judge { judged_by, file, base, base_commit, min_age_seconds: age.as_secs(), min_age_rule: rule.to_string() }
}

pub(in crate::report) fn judged<'a>(
    package: &'a Package,
    judgement: &'a Judgement,
    report: &AuditReport<'a>,
) -> Judged<'a> {
    let (id, context) = (&package.id, report.context());
    let now = context.now.as_second();
    let basis = match &judgement.verdict {
        Some(Verdict::Approved(basis)) => {
            Some(crate::report::json::basis(basis).of_change(report.approvals_by_change(package).next().is_some()))
        }
        None | Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) => None,
    };
    Judged {
        id: package.spec(),
        name: &id.name,
        version: id.version.to_string(),
        source: (id.source != Source::Local).then(|| id.source.to_string()),
        checksum: match &package.checksum {
            LockedChecksum::Known(checksum) => Some(checksum.to_string()),
            LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
        },
        pubtime: judgement.pubtime.map(rfc3339),
        age_seconds: judgement.pubtime.map(|pubtime| now.saturating_sub(pubtime.as_second())),
        yanked: judgement.yanked,
        verdict: crate::report::explain::verdict_word(judgement.verdict.as_ref()),
        basis,
        eligible_at: judgement.reasons().and_then(Reasons::eligible_at).map(rfc3339),
        reasons: judgement
            .reasons()
            .into_iter()
            .flatten()
            .map(|reason| crate::report::json::reason(reason, id, &context))
            .collect(),
        warnings: judgement
            .warnings
            .iter()
            .map(|warning| crate::report::json::warning(warning, id, &context))
            .collect(),
        advisories: judgement.advisories.iter().map(|advisory| &**advisory).collect(),
        path: report.names(&judgement.path),
        newest_approved: judgement.newest_approved.as_ref().map(ToString::to_string),
        fixes: judgement.fixes.iter().map(|fix| judged_fix(fix, &id.name, report)).collect(),
    }
}

fn judged_fix<'a>(fix: &'a Fix, crate_name: &str, report: &AuditReport<'a>) -> JudgedFix<'a> {
    let (verdict, basis, reasons) = match &fix.standing {
        FixStanding::Approved(basis) => ("approved", Some(crate::report::json::basis(basis)), None),
        FixStanding::Held(reasons) if reasons.eligible_at().is_some() => ("quarantined", None, Some(reasons)),
        FixStanding::Held(reasons) => ("rejected", None, Some(reasons)),
    };
    JudgedFix {
        advisory: &fix.advisory,
        version: fix.version.to_string(),
        verdict,
        basis,
        eligible_at: reasons.and_then(Reasons::eligible_at).map(rfc3339),
        reasons: reasons.into_iter().flatten().map(Reason::code).map(ReasonCode::as_str).collect(),
        message: cure::fix(fix, crate_name, report),
    }
}
