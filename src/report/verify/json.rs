//! One document, by `docs/verify-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::{foreign, help, told};
use super::{LIMITS, Proof, VerifyReport, blocker, note, outside, shown};
use crate::model::package::PackageId;
use crate::model::policy::Origin;
use crate::model::vendored::Destination;
use crate::model::verification::{self as model, Undecided};
use crate::model::way_around::{WayAround, Weight};
use crate::report::way_out::completed;
use crate::report::{json, verify};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const VERIFY_V1: &str = "urn:cargo-sequester:verify-v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    complete: bool,
    proven: bool,
    proof: &'static str,
    base: Option<&'a str>,
    base_commit: Option<&'a str>,
    lock_file: &'a str,
    folder: &'a str,
    summary: Summary,
    packages: Vec<Package>,
    blockers: Vec<Blocker>,
    findings: Vec<Told>,
    ways_around: Vec<Way<'a>>,
    outside: Vec<Outside>,
    notes: Vec<Coded>,
    limits: Vec<Coded>,
}

#[derive(Serialize)]
struct Summary {
    packages: usize,
    vendored: usize,
    stubs: usize,
    derived: usize,
    files: u64,
    bytes: u64,
    findings: usize,
    failing_ways: usize,
    warnings: usize,
    outside: usize,
    taken_from: TakenFrom,
}

#[derive(Serialize)]
struct TakenFrom {
    local: usize,
    vendored: usize,
    registry: usize,
    repository: usize,
    elsewhere: usize,
    unknown: usize,
}

#[derive(Serialize)]
struct Package {
    id: String,
    taken_from: &'static str,
    place: Option<String>,
}

#[derive(Serialize)]
struct Blocker {
    code: &'static str,
    package: Option<String>,
    message: String,
    help: String,
}

#[derive(Serialize)]
struct Told {
    code: &'static str,
    package: Option<String>,
    directory: Option<String>,
    path: Option<String>,
    message: String,
    help: String,
}

#[derive(Serialize)]
struct Way<'a> {
    code: &'static str,
    effect: &'static str,
    scope: &'static str,
    file: Option<&'a str>,
    line: Option<u32>,
    key: Option<&'a str>,
    variable: Option<&'a str>,
    value: Option<&'a str>,
    message: String,
}

#[derive(Serialize)]
struct Outside {
    kind: &'static str,
    id: String,
    folder: Option<String>,
    allowed: bool,
    message: String,
}

#[derive(Serialize)]
struct Coded {
    code: &'static str,
    message: String,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub fn write(report: &VerifyReport<'_>, out: &mut impl Write) -> io::Result<()> {
    json::write(&document(report), out)
}

fn document<'a>(report: &VerifyReport<'a>) -> Document<'a> {
    let verification = report.verification;
    let counts = verification.counts;
    let (proof, base) = match report.proof {
        Proof::Consistent => ("consistent", None),
        Proof::Changed { base } => ("changed-authentic", Some(base)),
        Proof::All => ("authentic", None),
    };
    Document {
        schema: VERIFY_V1,
        complete: verification.blockers.is_empty(),
        proven: verification.is_proven(),
        proof,
        base,
        base_commit: base.and(report.base_commit()),
        lock_file: report.locked.as_str(),
        folder: report.folder.as_str(),
        summary: Summary {
            packages: counts.packages,
            vendored: counts.vendored,
            stubs: counts.stubs,
            derived: counts.derived,
            files: counts.files,
            bytes: counts.bytes,
            findings: verification.findings.len(),
            failing_ways: verification.failing_ways().count(),
            warnings: verification.warning_ways().count() + verification.notes.len(),
            outside: verification.outside.len(),
            taken_from: TakenFrom {
                local: verification.taken_from("local"),
                vendored: verification.taken_from("vendored"),
                registry: verification.taken_from("registry"),
                repository: verification.taken_from("repository"),
                elsewhere: verification.taken_from("elsewhere"),
                unknown: verification.taken_from("unknown"),
            },
        },
        packages: verification.taken.iter().map(|(id, from)| package(id, from)).collect(),
        blockers: verification.blockers.iter().map(|one| undecided(one, report)).collect(),
        findings: verification
            .findings
            .iter()
            .map(|finding| {
                let told = told(finding, report.folder.as_str());
                let paths: Vec<String> = foreign(finding, report.folder.as_str()).into_iter().collect();
                Told {
                    code: told.code,
                    package: told.package,
                    directory: told.directory,
                    path: told.path,
                    message: told.message,
                    help: completed(&help(finding, &paths, report), report.situation),
                }
            })
            .collect(),
        ways_around: verification.ways.iter().map(|(weight, one)| way_around(*weight, one, report)).collect(),
        outside: verification
            .outside
            .iter()
            .map(|one| {
                let (kind, message) = outside(one);
                let folder = one.folder.as_ref().map(ToString::to_string);
                Outside { kind, id: one.id.to_string(), folder, allowed: one.allowed, message }
            })
            .collect(),
        notes: verification
            .notes
            .iter()
            .map(|one| {
                let (code, message) = note(one, report);
                Coded { code, message }
            })
            .collect(),
        limits: LIMITS.iter().map(|(code, message)| Coded { code, message: (*message).to_owned() }).collect(),
    }
}

fn package(id: &PackageId, from: &model::TakenFrom) -> Package {
    let place = match from {
        model::TakenFrom::Elsewhere(Destination::Folder(place)) => Some(place.path.to_string()),
        model::TakenFrom::Elsewhere(Destination::Elsewhere(address)) => Some(address.clone()),
        model::TakenFrom::Elsewhere(Destination::Itself)
        | model::TakenFrom::Local
        | model::TakenFrom::Vendored
        | model::TakenFrom::Registry
        | model::TakenFrom::Repository
        | model::TakenFrom::Unknown => None,
    };
    Package { id: id.to_string(), taken_from: from.code(), place }
}

fn undecided(one: &Undecided, report: &VerifyReport<'_>) -> Blocker {
    let (code, message, help) = blocker(one);
    let package = match one {
        Undecided::NoArchive { id, .. } | Undecided::GitTree { id, .. } => Some(id.to_string()),
        Undecided::LockOutdated(discord) => discord.package().map(ToString::to_string),
        Undecided::LockUnproven { .. }
        | Undecided::LockRefused { .. }
        | Undecided::Running(_)
        | Undecided::Platform(_)
        | Undecided::Config(_)
        | Undecided::BuildOutput(_)
        | Undecided::SearchEnded { .. } => None,
    };
    Blocker { code, package, message, help: completed(&help, report.situation) }
}

fn way_around<'a>(weight: Weight, one: &'a WayAround, report: &VerifyReport<'a>) -> Way<'a> {
    let (file, line, key, variable) = match &one.origin {
        Origin::File { path, line, key } => {
            (Some(shown(path, report.root).as_str()), Some(*line), Some(key.as_str()), None)
        }
        Origin::Environment(name) => (None, None, None, Some(name.as_str())),
        Origin::Default | Origin::Flag => (None, None, None, None),
    };
    let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    Way {
        code: one.kind.as_str(),
        effect: weight.as_str(),
        scope: one.scope.as_str(),
        file,
        line,
        key: key.and_then(some),
        variable,
        value: some(&one.value),
        message: verify::way_sentence(one, report.root),
    }
}
