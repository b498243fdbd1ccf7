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

/// Everything that a report of `vendor` tells.
#[derive(Clone, Copy, Debug)]
pub struct VendorReport<'a> {
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
pub fn human(report: &VendorReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
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
        line(out, Tone::Caution, "Left over", left_over.lines().next().unwrap_or_default())?;
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
pub fn healed(audit: &AuditReport<'_>, folder: &str, healed: &[Healed], out: &mut impl Write) -> io::Result<()> {
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
    let parts = if parts.is_empty() { " (nothing to do)".to_owned() } else { format!(" ({})", parts.join(", ")) };
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
