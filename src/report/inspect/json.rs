//! One document, by `docs/inspect-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::InspectReport;
use crate::model::checksum::Checksum;
use crate::model::finding::{Finding, FindingCode, Inspection, Severity};
use crate::report::finding::meaning;
use crate::report::json;
use crate::report::way_out::completed;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const INSPECT_V1: &str = "urn:cargo-sequester:inspect-v1";

/// Fields are only ever added within version 1; codes may be added too, so a reader treats an unknown one by its severity.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "The result of `cargo sequester inspect --format json`", extend("$id" = INSPECT_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = INSPECT_V1)))]
    schema: &'static str,
    /// Whether everything that was asked for could be looked at; if not, the exit code is 2.
    complete: bool,
    summary: Summary,
    /// The worst first.
    packages: Vec<Package<'a>>,
    /// What could not be looked at.
    blockers: Vec<Blocker<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    /// Archives that were looked into.
    packages: usize,
    high: usize,
    medium: usize,
    low: usize,
    note: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Package<'a> {
    /// A cargo package-id spec.
    id: String,
    name: &'a str,
    version: String,
    /// Of the `.crate` file, which had it.
    checksum: Checksum,
    /// What `audit` says of it; null where it is not locked, or not judged.
    verdict: Option<&'static str>,
    /// The path of the build script.
    build_script: Option<&'a str>,
    /// Whether it runs inside the compiler.
    proc_macro: bool,
    links: Option<&'a str>,
    /// As the manifest writes it.
    license: Option<&'a str>,
    /// What the archive says of the commit that it was packed from.
    vcs: Option<Vcs<'a>>,
    looked: Looked,
    /// The worst first.
    findings: Vec<Told<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Vcs<'a> {
    commit: Option<&'a str>,
    dirty: bool,
    /// The package's folder in the repository.
    path: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Looked {
    /// Files of the archive.
    files: usize,
    bytes: u64,
    /// Rust files that dependents compile or run.
    sources: usize,
    parsed: usize,
    /// Those of which only the words were looked at.
    scanned: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told<'a> {
    code: FindingCode,
    severity: Severity,
    /// Below the package's folder; null where it is about the package as a whole.
    file: Option<&'a str>,
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: Option<u32>,
    /// Text from the archive, cut after 160 characters.
    evidence: &'a str,
    /// What it means.
    message: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Blocker<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["no-archive", "not-had", "archive-refused"])))]
    code: &'static str,
    /// A cargo package-id spec.
    package: String,
    message: &'a str,
    help: String,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &InspectReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let summary = Summary {
        packages: report.inspections.len(),
        high: report.count(Severity::High),
        medium: report.count(Severity::Medium),
        low: report.count(Severity::Low),
        note: report.count(Severity::Note),
    };
    let blockers = report.failures.iter().map(|failure| Blocker {
        code: failure.code,
        package: failure.id.to_string(),
        message: &failure.message,
        help: completed(&failure.help, report.situation),
    });
    let document = Document {
        schema: INSPECT_V1,
        complete: report.failures.is_empty(),
        summary,
        packages: report.inspections.iter().map(|inspection| package(inspection, report)).collect(),
        blockers: blockers.collect(),
    };
    json::write(&document, out)
}

fn package<'a>(inspection: &'a Inspection, report: &InspectReport<'a>) -> Package<'a> {
    let looked = inspection.looked;
    Package {
        id: inspection.id.to_string(),
        name: &inspection.id.name,
        version: inspection.id.version.to_string(),
        checksum: inspection.checksum,
        verdict: report.verdicts.get(&inspection.id).copied(),
        build_script: inspection.build_script.as_deref(),
        proc_macro: inspection.proc_macro,
        links: inspection.links.as_deref(),
        license: inspection.license.as_deref(),
        vcs: inspection.vcs.as_ref().map(|vcs| Vcs {
            commit: vcs.commit.as_deref(),
            dirty: vcs.dirty,
            path: vcs.path.as_deref(),
        }),
        looked: Looked {
            files: looked.files,
            bytes: looked.bytes,
            sources: looked.sources,
            parsed: looked.parsed,
            scanned: looked.scanned,
        },
        findings: inspection.findings.iter().map(told).collect(),
    }
}

fn told(finding: &Finding) -> Told<'_> {
    Told {
        code: finding.code,
        severity: finding.severity,
        file: finding.file.as_deref(),
        line: finding.line,
        evidence: &finding.evidence,
        message: meaning(finding.code),
    }
}
