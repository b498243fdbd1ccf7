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
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;
use crate::report::{change, cure, json, notice};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const AUDIT_V1: &str = "urn:cargo-sequester:audit-v1";

/// The document that `cargo sequester audit --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Texts from outside (names, titles, addresses, causes) are raw once read: escape them before showing them. Messages are for
/// people and may change in any release; everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester audit --format json, version 1", extend("$id" = AUDIT_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = AUDIT_V1)))]
    pub(in crate::report) schema: &'static str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    pub(in crate::report) now: String,
    /// Whether the run could decide: true exactly if there are no blockers. Where it is false, no `approved`, `newest_approved` or fix
    /// is a word to build by.
    pub(in crate::report) complete: bool,
    /// Whether the lock file answers the manifests: whether cargo with `--locked` would build exactly what it says. `not-checked` where
    /// the lock file is judged alone.
    #[cfg_attr(test, schemars(extend("enum" = ["answered", "not-answered", "undecided", "not-checked"])))]
    pub(in crate::report) manifests: &'static str,
    /// Why the run could not decide. The command then ends with exit code 2.
    #[cfg_attr(test, schemars(with = "Vec<shape::Blocker>"))]
    pub(in crate::report) blockers: Vec<Object>,
    /// Counts: `packages = local + approved + quarantined + rejected + not_judged`.
    pub(in crate::report) summary: Summary,
    /// What the advisories were read from; null where they were skipped or unavailable.
    pub(in crate::report) advisory_db: Option<Db<'a>>,
    /// What was judged by.
    pub(in crate::report) policy: Judge<'a>,
    /// Empty unless a base is given with --loosened report.
    pub(in crate::report) decides: Vec<Decided<'a>>,
    /// Empty without a base.
    pub(in crate::report) loosened: Vec<Loosened<'a>>,
    /// With a base commit: what the change does beside what it locks. New settings and files by which cargo builds or runs something
    /// else, and files that it adds to the audit trail and that would spoil it. Of one kind, eight are listed and the rest is counted
    /// in one more.
    pub(in crate::report) also: Vec<OneMore>,
    /// With a base: the file names of its audit trail's events that the change does not have. The command then ends with exit code 1.
    pub(in crate::report) trail_truncated: Vec<String>,
    /// What is worth knowing about the run as a whole.
    #[cfg_attr(test, schemars(with = "Vec<shape::Notice>"))]
    pub(in crate::report) notices: Vec<Object>,
    /// Every package of the lock file, in its order.
    pub(in crate::report) packages: Vec<Judged<'a>>,
}

/// Something that the change does as well.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct OneMore {
    /// The kind of way around, as `verify` names it, or what is wrong with a file of the audit trail: `trail-file`, `trail-ahead`,
    /// `trail-unknown-release`, `trail-release-not-locked`, `trail-exemption-not-given`, `trail-unconfirmed`, `trail-contradiction`, `trail-too-many-crates`.
    code: &'static str,
    #[cfg_attr(test, schemars(with = "shape::Message"))]
    message: String,
    /// Whether the command ends with exit code 1 for it.
    fails: bool,
}

/// Counts: `packages = local + approved + quarantined + rejected + not_judged`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Summary {
    /// All packages of the lock file.
    packages: usize,
    /// The project's own packages.
    local: usize,
    /// Verdict approved.
    approved: usize,
    /// Verdict quarantined.
    quarantined: usize,
    /// Verdict rejected.
    rejected: usize,
    /// Not judged, because the base has them; 0 without a base.
    not_judged: usize,
    /// Warnings of all packages.
    warnings: usize,
    /// What passes only because it was there when the project adopted the gate (`init`). All zero once it is gone.
    carried: Carried,
}

/// What passes only because it was there when the project adopted the gate (`init`). All zero once it is gone.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Carried {
    /// Locked releases that pass by an approval from adoption.
    releases: usize,
    /// Advisories that hit something locked and are ignored from adoption.
    advisories: usize,
    /// Locked commits of git repositories that are allowed from adoption.
    git: usize,
}

/// A copy of the advisory database.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Db<'a> {
    /// The address or folder that was asked for.
    source: &'a str,
    /// The copy that was read in its place; null where the source itself was read.
    copy: Option<&'a str>,
    /// Its commit; null when that is not known.
    commit: Option<&'a str>,
    /// That commit's time; null when that is not known.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    time: Option<String>,
    /// When it was last confirmed at its origin; null for a copy that nobody confirmed.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    confirmed: Option<String>,
    /// How many advisories it holds.
    advisories: usize,
}

impl<'a> Db<'a> {
    /// `None` where they were skipped or unavailable.
    pub(in crate::report) fn of(advisories: &'a AdvisoryFact) -> Option<Self> {
        match advisories {
            AdvisoryFact::Read(db) => Some(Self {
                source: &db.source,
                copy: db.copy.as_deref(),
                commit: db.commit.as_deref(),
                time: db.committed.map(rfc3339),
                confirmed: db.confirmed.map(rfc3339),
                advisories: db.total,
            }),
            AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => None,
        }
    }
}

/// What was judged by.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Judge<'a> {
    /// Whose policy: a file, nobody's, or the base's.
    #[cfg_attr(test, schemars(extend("enum" = ["file", "defaults", "base"])))]
    judged_by: &'static str,
    /// The policy file; null where the defaults hold.
    file: Option<&'a str>,
    /// The base, as --base names it; null without one.
    base: Option<&'a str>,
    /// The whole id of the base's commit; null without one.
    #[cfg_attr(test, schemars(extend("pattern" = "^([0-9a-f]{40}|[0-9a-f]{64})$")))]
    base_commit: Option<&'a str>,
    /// The policy's minimum age for releases of crates.io that no other rule names.
    min_age_seconds: u64,
    /// What set that age, in words.
    min_age_rule: String,
}

/// Something that the change decides and that counts: whoever merges it decides it with it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Decided<'a> {
    /// An approval of exact bytes, a dated ignore, or the first policy.
    #[cfg_attr(test, schemars(extend("enum" = ["approval", "ignore", "adoption"])))]
    kind: &'static str,
    /// The key, with its tables.
    key: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Message"))]
    message: String,
}

/// Something that the change makes looser than its base has it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Loosened<'a> {
    /// A rule; an approval of exact bytes; a dated ignore; the first policy; or what is judged or judged by is not where the base has
    /// it.
    #[cfg_attr(test, schemars(extend("enum" = ["rule", "approval", "ignore", "adoption", "place"])))]
    kind: &'static str,
    /// The key, with its tables.
    key: &'a str,
    /// What the base says; null where it has no such entry.
    base: Option<&'a str>,
    /// What the change says; null where it has no such entry.
    head: Option<&'a str>,
}

/// One package of the lock file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Judged<'a> {
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    id: String,
    /// The package's name.
    name: &'a str,
    /// The exact version, build metadata included.
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// As the lock file has it; null for a local package.
    source: Option<String>,
    /// The lock file's; null where it has none or one that is no SHA-256 digest.
    #[cfg_attr(test, schemars(with = "Option<shape::Sha256>"))]
    checksum: Option<String>,
    /// When it was published; null when that is not known.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// now minus pubtime; negative for the future; null where pubtime is.
    age_seconds: Option<i64>,
    /// Whether the index has it yanked; null where the index was not read for it.
    yanked: Option<bool>,
    /// May it be built? `local` is the project's own; `quarantined` ends with time, `rejected` does not; `not-judged` is in the base
    /// already. Where `complete` is false, `approved` is no word to build by.
    #[cfg_attr(test, schemars(extend("enum" = ["local", "approved", "quarantined", "rejected", "not-judged"])))]
    verdict: &'static str,
    /// What the approval stands on; null unless the verdict is `approved`.
    #[cfg_attr(test, schemars(with = "Option<shape::Basis>"))]
    basis: Option<Object>,
    /// When time alone has lifted every reason; null unless the verdict is `quarantined`.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    /// All that stands against it, in a fixed order; empty unless it is quarantined or rejected.
    #[cfg_attr(test, schemars(with = "Vec<shape::Reason>"))]
    reasons: Vec<Object>,
    /// What is worth knowing and holds nothing back.
    #[cfg_attr(test, schemars(with = "Vec<shape::Warning>"))]
    warnings: Vec<Object>,
    /// The ids of all advisories that hit it, whatever the policy makes of them.
    advisories: Vec<&'a str>,
    /// The names on the shortest way from a workspace member, both ends included; empty where there is none.
    path: Vec<&'a str>,
    /// For a package that does not pass: the newest release that every requirement in the graph accepts and the policy approves; null
    /// where none was found.
    #[cfg_attr(test, schemars(with = "Option<shape::Version>"))]
    newest_approved: Option<String>,
    /// For a package hit by advisories: the releases that mend it.
    fixes: Vec<JudgedFix<'a>>,
}

/// A release that mends an advisory.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JudgedFix<'a> {
    /// The advisory.
    advisory: &'a str,
    /// The lowest release that mends it and is compatible with the locked one.
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    #[cfg_attr(test, schemars(extend("enum" = ["approved", "quarantined", "rejected"])))]
    verdict: &'static str,
    /// What an approval stands on; null unless the verdict is `approved`.
    #[cfg_attr(test, schemars(with = "Option<shape::Basis>"))]
    basis: Option<Object>,
    /// When it may be used; null unless the verdict is `quarantined`.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    /// The codes of what holds it.
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    reasons: Vec<&'static str>,
    #[cfg_attr(test, schemars(with = "shape::Message"))]
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
        advisory_db: Db::of(report.advisories),
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
