//! `assess --format json`: one document, by `docs/assess-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::requirements::title;
use super::{AssessReport, check_command, evidence, lack, unseen};
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::standard::{Answer, Evidence, Lack, Question, Standard, Unseen};
use crate::report::json;
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const ASSESS_V1: &str = "urn:cargo-sequester:assess-v1";

/// The document that `cargo sequester assess --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Sentences are for people and may change in any release; everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester assess --format json, version 1", extend("$id" = ASSESS_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = ASSESS_V1)))]
    schema: &'static str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    standard: Standard,
    /// The standard's whole name and version.
    title: &'static str,
    /// The digest of the lock file that it is about.
    lock_file: Checksum,
    /// The digest of the policy that was judged by; null where the defaults hold.
    policy: Option<Checksum>,
    /// Every requirement of the standard, in its order.
    requirements: Vec<Answered<'a>>,
}

/// One requirement.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Answered<'a> {
    /// Its name in the standard.
    id: &'static str,
    /// What it asks, in a sentence.
    asks: &'static str,
    answer: Answer,
    /// What was looked at for it; null where a repository shows nothing of it.
    question: Option<Question>,
    evidence: Vec<Shown<'a>>,
    /// Empty exactly where the answer is not `not-met`.
    lacking: Vec<Lacking>,
    /// What a repository can show of it and could not be seen in this run. Where there is something, and nothing is lacking, the answer is
    /// `not-ours`.
    not_seen: Vec<Lacking>,
    /// What it asks beyond what was looked at, in a sentence; null where that is nothing.
    not_shown: Option<&'static str>,
    /// The command that shows it again; null where there is none.
    check: Option<String>,
}

/// Something to look at.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Shown<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["file", "commit", "event", "advisories", "setting", "ignored", "exempted", "derived"])))]
    kind: &'static str,
    /// The file or folder from the workspace's root, the commit, the event's file name, the advisories' address (`folder` for a folder), the
    /// setting's key, the advisory, or a number.
    name: String,
    /// The event's kind, the advisories' commit, the setting's value, or the last day of the ignore; null where there is none.
    value: Option<&'a str>,
    /// The event's moment, or the last confirmation of the advisories; null where there is none.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    time: Option<String>,
    /// All of that in a sentence.
    text: String,
}

/// Something that a requirement lacks, or that was not seen.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Lacking {
    code: &'static str,
    /// The packages that it is about, as `name@version`.
    packages: Vec<String>,
    text: String,
}

/// # Errors
/// The writer's.
pub(crate) fn write(report: &AssessReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let requirements = report.assessed.iter().map(|one| {
        let requirement = &one.requirement;
        Answered {
            id: requirement.id,
            asks: requirement.asks,
            answer: one.answer,
            question: requirement.question,
            evidence: one.evidence.iter().map(shown).collect(),
            lacking: one.lacking.iter().map(lacking).collect(),
            not_seen: one.unseen.iter().map(|open| not_seen(open, report)).collect(),
            not_shown: requirement.beyond,
            check: requirement.question.and_then(|question| check_command(question, report)),
        }
    });
    let document = Document {
        schema: ASSESS_V1,
        now: rfc3339(report.context.now),
        standard: report.standard,
        title: title(report.standard),
        lock_file: report.lock_file,
        policy: report.policy,
        requirements: requirements.collect(),
    };
    json::write(&document, out)
}

fn shown(one: &Evidence) -> Shown<'_> {
    let text = evidence(one);
    let of = |kind, name: String, value, time| Shown { kind, name, value, time, text };
    match one {
        Evidence::File(path) => of("file", path.to_string(), None, None),
        Evidence::Event { file, kind, time } => {
            of("event", file.to_string(), Some(kind.as_str()), Some(rfc3339(*time)))
        }
        Evidence::Commit(id) => of("commit", id.clone(), None, None),
        Evidence::Advisories(read) => {
            let name = read.address.clone().unwrap_or_else(|| "folder".to_owned());
            of("advisories", name, read.commit.as_deref(), read.confirmed.map(rfc3339))
        }
        Evidence::Setting { key, value } => of("setting", key.clone(), Some(value), None),
        Evidence::Ignored { advisory, .. } => of("ignored", advisory.clone(), None, None),
        Evidence::Exempted { releases, .. } => of("exempted", releases.to_string(), None, None),
        Evidence::Derived(packages) => of("derived", packages.to_string(), None, None),
    }
}

fn named(packages: &[PackageId]) -> Vec<String> {
    packages.iter().map(|id| format!("{}@{}", id.name, id.version)).collect()
}

fn not_seen(one: &Unseen, report: &AssessReport<'_>) -> Lacking {
    let packages = match one {
        Unseen::Outside(packages)
        | Unseen::NotAdvised(packages)
        | Unseen::Manifests(packages)
        | Unseen::LicenseUndecided(packages)
        | Unseen::NotDerived(packages) => packages.as_slice(),
        Unseen::Commit { .. }
        | Unseen::AdvisoriesNamed
        | Unseen::Bytes
        | Unseen::Stubs(_)
        | Unseen::Ways(_)
        | Unseen::Workflows(_) => &[],
    };
    Lacking { code: one.code(), packages: named(packages), text: unseen(one, &report.context).0 }
}

fn lacking(one: &Lack) -> Lacking {
    let packages = match one {
        Lack::Vulnerable(packages)
        | Lack::LicenseNotAllowed(packages)
        | Lack::SourceNotAllowed(packages)
        | Lack::Malicious(packages)
        | Lack::BytesDoubtful(packages)
        | Lack::NotApproved(packages) => packages.as_slice(),
        Lack::LockDoubtful
        | Lack::Uncommitted { .. }
        | Lack::AdvisoriesUnread
        | Lack::AdvisoriesNotFresh
        | Lack::AdvisoriesOld { .. }
        | Lack::NoLicenseList
        | Lack::UnmaintainedAllowed
        | Lack::GitWide(_)
        | Lack::GitUnpinned(_)
        | Lack::Mirrors(_)
        | Lack::LedElsewhere(_)
        | Lack::NotVendored
        | Lack::NotProven { .. }
        | Lack::ProofUndecided
        | Lack::NoPolicy
        | Lack::AgeTooShort { .. }
        | Lack::SwitchedOff { .. }
        | Lack::SignalsWeakened(_)
        | Lack::NoWorkflow
        | Lack::IndexUnread
        | Lack::Undecided(_) => &[],
    };
    Lacking { code: one.code(), packages: named(packages), text: lack(one) }
}
