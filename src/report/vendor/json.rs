//! `--format json`: one document, by `docs/vendor-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::VendorReport;
use crate::model::vendoring::{ConfigOutcome, Unvendorable, Vendoring};
use crate::report::{self, escape};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const VENDOR_V1: &str = "urn:cargo-sequester:vendor-v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    audit: Value,
    elapsed_seconds: f64,
    problems: Vec<Problem<'a>>,
    vendored: Option<Vendored<'a>>,
}

#[derive(Serialize)]
struct Problem<'a> {
    package: String,
    code: &'a str,
    message: &'a str,
    help: &'a str,
}

#[derive(Serialize)]
struct Vendored<'a> {
    path: &'a str,
    kind: &'static str,
    packages: Vec<Package<'a>>,
    removed: &'a [String],
    kept: &'a [String],
    foreign: &'a [String],
    healed: Vec<HealedEntry<'a>>,
    poisoned: Vec<Poisoned<'a>>,
    remarks: Vec<Remark<'a>>,
    downloaded: usize,
    downloaded_bytes: u64,
    config: &'static str,
    config_text: Option<&'a str>,
    recovered: bool,
    left_over: Option<&'a str>,
}

#[derive(Serialize)]
struct Package<'a> {
    id: String,
    name: &'a str,
    version: String,
    directory: &'a str,
    checksum: Option<String>,
    tree: String,
    stub: bool,
    change: &'static str,
    approved: bool,
}

#[derive(Serialize)]
struct HealedEntry<'a> {
    path: &'a str,
    package: Option<String>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    change: &'static str,
}

#[derive(Serialize)]
struct Poisoned<'a> {
    package: String,
    path: &'a str,
    expected: String,
    found: Option<String>,
    replaced: bool,
}

#[derive(Serialize)]
struct Remark<'a> {
    package: String,
    text: &'a str,
}

/// Writes the document.
///
/// # Errors
/// The writer's.
pub fn json(report: &VendorReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut audit = Vec::new();
    report::json::audit(report.audit, &mut audit)?;
    let document = Document {
        schema: VENDOR_V1,
        audit: serde_json::from_slice(&audit)?,
        elapsed_seconds: (report.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        problems: report.problems.iter().map(Problem::of).collect(),
        vendored: report.vendoring.map(Vendored::of),
    };
    let text = serde_json::to_string_pretty(&document)?;
    writeln!(out, "{}", escape::json(&text))
}

impl<'a> Problem<'a> {
    fn of(problem: &'a Unvendorable) -> Self {
        let Unvendorable { id, code, message, help, .. } = problem;
        Self { package: id.to_string(), code, message, help }
    }
}

impl<'a> Vendored<'a> {
    fn of(done: &'a Vendoring) -> Self {
        let (config, config_text) = match &done.config {
            ConfigOutcome::Written => ("written", None),
            ConfigOutcome::Unchanged => ("unchanged", None),
            ConfigOutcome::Printed(text) => ("printed", Some(text.as_str())),
        };
        let packages = done.packages.iter().map(|package| Package {
            id: package.id.to_string(),
            name: &package.id.name,
            version: package.id.version.to_string(),
            directory: &package.directory,
            checksum: package.checksum.map(|checksum| checksum.to_string()),
            tree: package.tree.to_string(),
            stub: package.stub,
            change: package.change.as_str(),
            approved: package.approved,
        });
        let poisoned = done.poisoned.iter().map(|entry| Poisoned {
            package: entry.id.to_string(),
            path: entry.path.as_str(),
            expected: entry.expected.to_string(),
            found: entry.found.map(|found| found.to_string()),
            replaced: entry.replaced,
        });
        let healed = done.healed.iter().map(|entry| HealedEntry {
            path: &entry.directory,
            package: entry.id.as_ref().map(ToString::to_string),
            files: entry.files.iter().map(|file| File { path: &file.path, change: file.how.as_str() }).collect(),
        });
        Self {
            path: &done.folder,
            kind: if done.local_registry { "local-registry" } else { "directory" },
            packages: packages.collect(),
            removed: &done.removed,
            kept: &done.kept,
            foreign: &done.foreign,
            healed: healed.collect(),
            poisoned: poisoned.collect(),
            remarks: done.remarks.iter().map(|(id, text)| Remark { package: id.to_string(), text }).collect(),
            downloaded: done.downloaded,
            downloaded_bytes: done.bytes,
            config,
            config_text,
            recovered: done.recovered,
            left_over: done.left_over.as_deref(),
        }
    }
}
