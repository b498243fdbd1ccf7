//! `explain --format json`: one document, by `docs/explain-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::ExplainReport;
use crate::model::explanation::{
    AdvisoryEffect, ChecksumPlace, Decider, Explanation, Milestone, SignalView, TrailEntry,
};
use crate::model::policy::Origin;
use crate::model::verdict::{Reason, ReasonCode, Verdict};
use crate::report::audit::json::{Db, Document, Judge, Judged, document, judged};
use crate::report::cure::cures;
use crate::report::explain;
use crate::report::json::{self, ManifestLine, Object};
use crate::report::publication;
#[cfg(test)]
use crate::report::shape;
use crate::report::signal as sentences;
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const EXPLAIN_V1: &str = "urn:cargo-sequester:explain-v1";

/// The document that `cargo sequester explain --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Texts from outside (names, titles, addresses, causes) are raw once read: escape them before showing them. Messages are for
/// people and may change in any release; everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester explain --format json, version 1", extend("$id" = EXPLAIN_V1)))]
pub(in crate::report) struct Explained<'a> {
    #[cfg_attr(test, schemars(extend("const" = EXPLAIN_V1)))]
    schema: &'static str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// Whether the run could decide: true exactly if there are no blockers. Where it is false, no `approved` in this document is a word
    /// to build by.
    complete: bool,
    /// Why this answer could not be decided: of the whole run, or about this release. The command then ends with exit code 2.
    #[cfg_attr(test, schemars(with = "Vec<shape::Blocker>"))]
    blockers: Vec<Object>,
    /// What the advisories were read from; null where they were skipped or unavailable.
    advisory_db: Option<Db<'a>>,
    /// What was judged by.
    policy: Judge<'a>,
    /// The release; null where a crate was asked about of which several releases are locked, or none.
    release: Option<Release<'a>>,
    /// The crate's releases; null where a version was asked for.
    releases: Option<Vec<Dot>>,
    /// How many more releases the crate has; 0 where a version was asked for.
    releases_more: usize,
}

/// Everything about one release.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Release<'a> {
    judged: Judged<'a>,
    /// Whether the lock file has it. Where it has not, `judged` is as if it took exactly the bytes that the index names.
    locked: bool,
    /// The settings that decided; null stands for a rule that no setting changes.
    deciders: Deciders<'a>,
    /// The minimum age that holds for releases of this crate; null for a package of no registry.
    min_age_seconds: Option<u64>,
    /// How it was published; null where neither the registry (`--facts`) nor the audit trail says.
    publication: Option<publication::Json<'a>>,
    /// Whether its archive was at hand and looked into; null where that makes no difference to the decision, as where the policy has no
    /// `inspect = true`, or the release is old enough.
    inspected: Option<bool>,
    /// Every sign of a takeover that the release ever showed, also those that `judged` has and those that too many honest releases show.
    #[cfg_attr(test, schemars(with = "Vec<shape::Signal>"))]
    signals: Vec<Object>,
    /// The releases of the crate around this one.
    timeline: Timeline,
    /// One for each place that the project has.
    checksums: Vec<Said<'a>>,
    /// Those that hit this release first.
    advisories: Vec<AdvisoryEntry<'a>>,
    /// Ways from a workspace member, the shortest first. Each begins at the member nearest to the release.
    paths: Vec<Vec<&'a str>>,
    /// How many more were counted.
    paths_more: usize,
    /// Whether all were counted: a graph can have more ways than anybody can count.
    paths_complete: bool,
    /// In the lock file's order.
    dependents: Vec<Dependent<'a>>,
    /// Newest first.
    trail: Vec<Entry<'a>>,
    /// The best first; empty for what passes.
    cures: Vec<Cure>,
}

/// What decided, in the order of what it decided.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Deciders<'a> {
    /// One for each of `judged.reasons`, in their order.
    reasons: Vec<Option<Setting<'a>>>,
    /// One for each of `judged.warnings`, in their order.
    warnings: Vec<Option<Setting<'a>>>,
    /// For what it is approved; null where it is not.
    basis: Option<Setting<'a>>,
    /// For the minimum age; null for a package of no registry.
    min_age: Option<Setting<'a>>,
}

/// The setting that decided something.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Setting<'a> {
    /// The key, with its tables: `quarantine.new-crate-age`; `--min-publish-age` for the command line, the variable's name for the
    /// environment.
    key: &'a str,
    /// Where it stands. default: nobody set it. policy: in the policy, whose text was not at hand, as with a base.
    #[cfg_attr(test, schemars(extend("enum" = ["default", "file", "flag", "environment", "policy"])))]
    origin: &'static str,
    /// The file, where it stands in one.
    file: Option<&'a str>,
    /// The line in it, counted from 1.
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: Option<u32>,
}

/// The releases of the crate around this one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Timeline {
    /// How many came before the first of them.
    earlier: usize,
    /// How many came after the last of them.
    later: usize,
    /// By the time of their publication, those without one first.
    releases: Vec<Dot>,
}

/// A release of the crate and what the policy makes of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Dot {
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// When it was published.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// Yanked in the index.
    yanked: bool,
    /// Whether the lock file has it.
    locked: bool,
    /// As if the lock file took exactly the bytes that the index names.
    #[cfg_attr(test, schemars(extend("enum" = ["local", "approved", "quarantined", "rejected"])))]
    verdict: &'static str,
    /// What an approved one stands on.
    #[cfg_attr(test, schemars(with = "Option<shape::Basis>"))]
    basis: Option<Object>,
    /// When time alone has lifted every reason; null where it does not, and for what is approved.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    /// What stands against it.
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    reasons: Vec<&'static str>,
}

/// What one place says of its bytes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Said<'a> {
    /// Who says it.
    #[cfg_attr(test, schemars(extend("enum" = ["index", "lock-file", "trail", "allow-list", "approval"])))]
    place: &'static str,
    /// For an approval: its line in the policy file.
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: Option<u32>,
    /// What it says; in a lock file that may be no digest.
    checksum: Option<&'a str>,
    /// Compared with the index, or where that is silent with the first place that is not.
    #[cfg_attr(test, schemars(extend("enum" = ["agrees", "differs", "silent"])))]
    agreement: &'static str,
}

/// An advisory about the crate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AdvisoryEntry<'a> {
    /// Its id.
    id: &'a str,
    /// The day that the issue was reported.
    #[cfg_attr(test, schemars(with = "shape::Day"))]
    date: String,
    /// What it says.
    #[cfg_attr(test, schemars(extend("enum" = ["malicious", "vulnerability", "unsound", "unmaintained", "notice"])))]
    kind: &'static str,
    /// One line.
    title: &'a str,
    /// Where to read on.
    url: Option<&'a str>,
    /// The same issue's ids elsewhere.
    aliases: Vec<&'a str>,
    /// The operating systems that it is limited to; empty where it is not.
    os: Vec<&'a str>,
    /// The processor architectures that it is limited to; empty where it is not.
    arch: Vec<&'a str>,
    /// Taken back by its authors; it never counts.
    withdrawn: bool,
    /// The versions in which it is mended, as requirements.
    patched: Vec<String>,
    /// The versions that never had it, as requirements. Affected is what neither list names.
    unaffected: Vec<String>,
    /// Whether this release is affected.
    hits: bool,
    /// What comes of it for this release.
    #[cfg_attr(test, schemars(extend("enum" = ["not-affected", "withdrawn", "rejects", "warns", "ignored", "allowed"])))]
    effect: &'static str,
    /// The last UTC day on which it is ignored.
    #[cfg_attr(test, schemars(with = "Option<shape::Day>"))]
    ignored_until: Option<String>,
    /// What decided that; null where no setting does.
    decider: Option<Setting<'a>>,
}

/// A package that depends on it directly.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Dependent<'a> {
    /// Its name.
    name: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// Empty where nobody knows what it asks.
    requirements: Vec<Ask<'a>>,
}

/// One dependency line.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Ask<'a> {
    /// The versions that it accepts.
    req: String,
    /// When it is needed.
    #[cfg_attr(test, schemars(extend("enum" = ["normal", "build", "dev"])))]
    kind: &'static str,
    /// Whether a feature must turn it on.
    optional: bool,
    /// The platform that it is limited to.
    target: Option<&'a str>,
    /// Where it is written, as far as it can be edited here: in the root manifest, where it is inherited from there.
    written: Vec<ManifestLine<'a>>,
}

/// An event of the audit trail about it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry<'a> {
    /// The event's id.
    event: String,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    time: String,
    /// What happened.
    #[cfg_attr(test, schemars(extend("enum" = ["init", "vendored", "updated", "approved", "revoked", "policy-changed", "policy-loosened"])))]
    kind: &'static str,
    /// Who did it; null where nobody could tell.
    by: Option<&'a str>,
    /// The release that the record is about.
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// Whether that is another release, which took the place of this one.
    replaced: bool,
    /// What was recorded of its bytes.
    #[cfg_attr(test, schemars(with = "Option<shape::Sha256>"))]
    checksum: Option<String>,
    /// What was recorded of its publication.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// What was decided.
    #[cfg_attr(test, schemars(extend("enum" = ["approved", "quarantined", "rejected", null])))]
    verdict: Option<&'static str>,
    /// Why, in the person's words.
    reason: Option<&'a str>,
}

/// A way out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cure {
    /// What it is for.
    words: Option<String>,
    /// A command, or a line of the policy file.
    paste: Option<String>,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &ExplainReport<'_>, out: &mut impl Write) -> io::Result<()> {
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

fn signal(view: &SignalView, release: &Explanation, report: &ExplainReport<'_>) -> Object {
    let context = report.audit.context();
    json::signal(&view.signal, &release.package.id, &context)
        .with("level", view.level.as_str())
        .message(sentences::signal(&view.signal, &context))
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
        publication: release.publication.as_ref().map(publication::json),
        inspected: release.inspected,
        signals: release.signals.iter().map(|view| signal(view, release, report)).collect(),
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
        written: ask.at.iter().map(ManifestLine::of).collect(),
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
