//! What `vendor` did, for people and for machines.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::audit::AuditReport;
use super::context::{Verbosity, package_name};
use super::escape::terminal;
use super::print::{Tone, line, word};
use super::way_out::WayOut;
use super::{cure, escape, print};
use crate::model::evaluation::Judgement;
use crate::model::vendoring::{
    Alteration, AlteredFile, ConfigOutcome, Healed, PackageChange, Unvendorable, VendoredPackage, Vendoring,
};
use crate::report;
#[cfg(test)]
use crate::report::shape;

/// Everything that a report of `vendor` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VendorReport<'a> {
    /// The decision that it stands on.
    pub audit: &'a AuditReport<'a>,
    /// What was done; `None` where nothing was written.
    pub vendoring: Option<&'a Vendoring>,
    /// Approved packages that cannot be vendored; then nothing was written.
    pub problems: &'a [Unvendorable],
    /// How long it took.
    pub elapsed: Duration,
}

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub(crate) fn human(report: &VendorReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    for problem in report.problems {
        writeln!(out, "{}: {}", word(Tone::Bad, "error"), terminal(&problem.message))?;
        help(out, &problem.help, report)?;
    }
    let Some(done) = report.vendoring else {
        let count = report.problems.len();
        let packages = if count == 1 { "package" } else { "packages" };
        return line(out, Tone::Bad, "Stopped", &format!("{count} {packages} cannot be vendored; nothing was changed"));
    };
    found(report, done, verbosity, out)?;
    if let ConfigOutcome::Printed(block) = &done.config {
        writeln!(out, "To build from these sources, let .cargo/config.toml say:\n")?;
        block.lines().try_for_each(|line| writeln!(out, "{}", terminal(line)))?;
        writeln!(out)?;
    }
    if verbosity > Verbosity::Quiet {
        changes(done, verbosity, out)?;
        line(out, Tone::Good, "Vendored", &summary(done, report.elapsed.as_secs_f64()))?;
    }
    Ok(())
}

/// What a person has to know of, whatever else is told.
fn found(report: &VendorReport<'_>, done: &Vendoring, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    for entry in &done.poisoned {
        let hash = entry
            .found
            .map_or_else(|| "it is too large for a crate".to_owned(), |hash| format!("its SHA-256 is {hash}"));
        let name = package_name(&entry.id);
        line(
            out,
            Tone::Bad,
            "Poisoned",
            &format!("{} is not {name}: {hash}, where {} is locked; it was not used", entry.path, entry.expected),
        )?;
        help(
            out,
            &if entry.replaced {
                "it was replaced by a fresh download; find out what wrote to cargo's download cache".to_owned()
            } else {
                format!("it could not be replaced; remove it, and find out what wrote it: rm '{}'", entry.path)
            },
            report,
        )?;
    }
    for package in done.unapproved() {
        stays(report, package, out)?;
    }
    for name in &done.foreign {
        let path = format!("{}/{name}", done.folder);
        line(
            out,
            Tone::Caution,
            "Unknown",
            &format!("{path} is not locked, and holds what this program did not write; cargo may build from it"),
        )?;
        help(out, &format!("see what it is, then remove it: rm -r '{path}'"), report)?;
    }
    if verbosity > Verbosity::Quiet {
        if done.recovered {
            line(
                out,
                Tone::Caution,
                "Recovered",
                "an earlier run was interrupted; it was finished or taken back first",
            )?;
        }
        for name in &done.kept {
            line(out, Tone::Caution, "Kept", &format!("{}/{name}, which is no longer locked", done.folder))?;
        }
    }
    if let Some(left_over) = &done.left_over {
        let why = left_over.lines().next().unwrap_or_default();
        line(out, Tone::Caution, "Left over", &format!("files of this run, which the next one removes: {why}"))?;
    }
    Ok(())
}

/// A release that is not approved, and why it is there all the same.
fn stays(report: &VendorReport<'_>, package: &VendoredPackage, out: &mut impl Write) -> io::Result<()> {
    let judgements = &report.audit.evaluation.judgements;
    let reasons = judgements.iter().find(|judgement| judgement.id == package.id).and_then(Judgement::reasons);
    let codes = reasons.into_iter().flat_map(|reasons| reasons.iter().map(|reason| reason.code().as_str()));
    let (name, codes) = (package_name(&package.id), codes.collect::<Vec<_>>().join(", "));
    let text =
        format!("{name}, which is not approved ({codes}): it is as the commit has it, and nothing of it was written");
    line(out, Tone::Bad, "Kept", &text)?;
    let spec = cure::unique_spec(&package.id, report.audit);
    let command = spec.and_then(|spec| report.audit.context().command("explain", &spec));
    print::help(out, &WayOut::to_or("see what would cure it", command))
}

/// The most files that are named of one package.
const NAMED: usize = 100;

/// Writes what is about to be written anew in `folder`, with colours.
///
/// # Errors
/// The writer's.
pub(crate) fn healed(audit: &AuditReport<'_>, folder: &str, healed: &[Healed], out: &mut impl Write) -> io::Result<()> {
    for entry in healed {
        let path = format!("{folder}/{}", entry.directory);
        let name = entry.id.as_ref().map(|id| format!(" ({})", package_name(id))).unwrap_or_default();
        let mut files: Vec<String> = entry.files.iter().take(NAMED).map(altered).collect();
        if let Some(more) = entry.files.len().checked_sub(NAMED).filter(|more| *more > 0) {
            files.push(format!("and {more} more"));
        }
        let text = format!("{path}{name} was altered since it was written: {}; it is written anew", files.join(", "));
        writeln!(out, "{}: {}", word(Tone::Caution, "warning"), terminal(&text))?;
        let help = format!("find out who altered it: git log -p -- '{path}'");
        print::help(out, &WayOut::of_text(&help, audit.situation))?;
    }
    Ok(())
}

fn altered(file: &AlteredFile) -> String {
    let how = match file.how {
        Alteration::Changed => "was changed",
        Alteration::Added => "was added",
        Alteration::Removed => "was removed",
        Alteration::NotAFile => "was a link or a special file",
    };
    if file.path.is_empty() { format!("it {how}") } else { format!("{} {how}", file.path) }
}

fn changes(done: &Vendoring, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    if verbosity == Verbosity::Verbose {
        for package in &done.packages {
            let told = match package.change {
                PackageChange::Kept => continue,
                PackageChange::New => "Added",
                PackageChange::Rewritten => "Rewritten",
            };
            let stub = if package.stub { " as a stub" } else { "" };
            line(out, Tone::Good, told, &format!("{}{stub}", package_name(&package.id)))?;
        }
        for name in &done.removed {
            line(out, Tone::Good, "Removed", &format!("{}/{name}", done.folder))?;
        }
        for (id, remark) in &done.remarks {
            line(out, Tone::Plain, "Note", &format!("{}: {remark}", package_name(id)))?;
        }
    }
    Ok(())
}

/// `312 packages (3 new, 1 removed) into vendor in 1.2s`.
fn summary(done: &Vendoring, seconds: f64) -> String {
    let stubs = done.packages.iter().filter(|package| package.stub).count();
    let parts = [
        (done.count(PackageChange::New), "new"),
        (done.count(PackageChange::Rewritten), "rewritten"),
        (done.removed.len(), "removed"),
        (stubs, if stubs == 1 { "stub" } else { "stubs" }),
        (done.downloaded, "downloaded"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let parts = match (&*parts, &done.config) {
        ([], ConfigOutcome::Written) => String::from(" (only .cargo/config.toml was written)"),
        ([], ConfigOutcome::Unchanged | ConfigOutcome::Printed(_)) => String::from(" (nothing to do)"),
        (parts, _) => format!(" ({})", parts.join(", ")),
    };
    let count = done.packages.len();
    let packages = if count == 1 { "package" } else { "packages" };
    format!("{count} {packages}{parts} into {} in {seconds:.1}s", done.folder)
}

fn help(out: &mut impl Write, text: &str, report: &VendorReport<'_>) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    print::help(out, &WayOut::of_text(text, report.audit.situation))
}

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const VENDOR_V1: &str = "urn:cargo-sequester:vendor-v1";

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester vendor --format json", extend("$id" = VENDOR_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = VENDOR_V1)))]
    schema: &'static str,
    /// The decision that the run stands on: a whole document of audit-v1.
    #[cfg_attr(test, schemars(schema_with = "audit_document"))]
    audit: Value,
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    elapsed_seconds: f64,
    /// Approved packages that cannot be vendored. Where there is one, nothing was written.
    problems: Vec<Problem<'a>>,
    /// What was done; null where nothing was written.
    vendored: Option<Vendored<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Problem<'a> {
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    package: String,
    #[cfg_attr(test, schemars(extend("enum" = ["archive-refused", "index-manifest-divergence", "no-index-line", "not-written", "not-cached", "poisoned-cache", "no-address", "not-served", "download-failed", "wrong-bytes"])))]
    code: &'a str,
    message: &'a str,
    help: &'a str,
}

/// What was done; null where nothing was written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Vendored<'a> {
    /// Relative to the workspace's root.
    path: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["directory", "local-registry"])))]
    kind: &'static str,
    packages: Vec<Package<'a>>,
    /// Entries that nothing locked needs any more.
    removed: &'a [String],
    /// The same, kept by --no-delete.
    kept: &'a [String],
    /// Entries that are not locked and that this program did not write, or that hold something it did not write. They stay. The exit
    /// code is then 1.
    foreign: &'a [String],
    /// What was altered in the folder since it was written, and was written anew: a warning on standard error before that, whatever the
    /// exit code.
    healed: Vec<HealedEntry<'a>>,
    /// Entries of cargo's download cache with other bytes than were locked; none was used.
    poisoned: Vec<Poisoned<'a>>,
    /// Files of the archives opened in this run that a person may want to know of.
    remarks: Vec<Remark<'a>>,
    downloaded: usize,
    downloaded_bytes: u64,
    #[cfg_attr(test, schemars(extend("enum" = ["written", "unchanged", "printed"])))]
    config: &'static str,
    /// With --no-config: what .cargo/config.toml should say.
    config_text: Option<&'a str>,
    /// Whether an interrupted run was finished or taken back first.
    recovered: bool,
    /// Why something that was replaced could not be removed yet.
    left_over: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Package<'a> {
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    id: String,
    name: &'a str,
    version: String,
    /// The package's folder, or its file in a local registry.
    directory: &'a str,
    /// Of the .crate file; null for a git dependency.
    #[cfg_attr(test, schemars(with = "Option<shape::Sha256>"))]
    checksum: Option<String>,
    /// Of the canonical .cargo-checksum.json.
    #[cfg_attr(test, schemars(with = "shape::Sha256"))]
    tree: String,
    stub: bool,
    #[cfg_attr(test, schemars(extend("enum" = ["kept", "new", "rewritten"])))]
    change: &'static str,
    /// false for a release that is not approved and stays as the commit has it; nothing of it was written, and the exit code is 1.
    approved: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HealedEntry<'a> {
    /// The entry of the folder.
    path: &'a str,
    /// The package's id; null for a local registry's index.
    package: Option<String>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct File<'a> {
    /// Below the entry; empty for the entry itself.
    path: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["changed", "added", "removed", "not-a-file"])))]
    change: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Poisoned<'a> {
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    package: String,
    path: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Sha256"))]
    expected: String,
    /// Null for a file that is too large to be read.
    #[cfg_attr(test, schemars(with = "Option<shape::Sha256>"))]
    found: Option<String>,
    replaced: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Remark<'a> {
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    package: String,
    text: &'a str,
}

/// A whole document of `audit`, which has a schema of its own.
#[cfg(test)]
fn audit_document(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "required": ["schema"],
        "properties": { "schema": { "const": super::audit::json::AUDIT_V1 } },
        "additionalProperties": true
    })
}

/// Writes the document.
///
/// # Errors
/// The writer's.
pub(crate) fn json(report: &VendorReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut audit = Vec::new();
    report::audit::json::write(report.audit, &mut audit)?;
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
