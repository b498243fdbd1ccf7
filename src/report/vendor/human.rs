//! `--format human`: what went wrong, what was found on the way, and one line at the end.

use std::io::{self, Write};

use super::VendorReport;
use crate::model::evaluation::Judgement;
use crate::model::vendoring::{
    Alteration, AlteredFile, ConfigOutcome, Healed, PackageChange, VendoredPackage, Vendoring,
};
use crate::report::AuditReport;
use crate::report::cure;
use crate::report::escape::terminal;
use crate::report::print::{self, line};
use crate::report::style::{Tone, word};
use crate::report::way_out::WayOut;
use crate::report::{Verbosity, package_name};

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
