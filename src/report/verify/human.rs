//! For people: one finding one line, the way out once a kind, in cargo's look.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::finding::told;
use super::remedy::Remedy;
use super::{LIMITS, Proof, VerifyReport, blocker, note, outside};
use crate::model::verification::Finding;
use crate::report::context::Verbosity;
use crate::report::print::{Tone, error, help, line};
use crate::report::verify;
use crate::report::way_out::WayOut;
use crate::report::words::{counted, few};

/// The most findings of one code that are told one by one, unless all are asked for.
const MOST: usize = 20;
/// How many packages outside one line names.
const NAMES: usize = 6;

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &VerifyReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let verification = report.verification;
    findings(report, verbosity, out)?;
    for failing in verification.failing_ways() {
        line(out, Tone::Bad, "Around", &verify::way_sentence(failing, report.root))?;
    }
    if verification.failing_ways().next().is_some() {
        detail(out, "remove these settings: what is built with them is not what was verified", report)?;
    }
    for undecided in &verification.blockers {
        let (_, message, help) = blocker(undecided);
        error(out, &message, &WayOut::of_text(&help, report.situation))?;
    }
    if verbosity > Verbosity::Quiet {
        for warning in verification.warning_ways() {
            line(out, Tone::Caution, "Warning", &verify::way_sentence(warning, report.root))?;
        }
        for one in &verification.notes {
            line(out, Tone::Caution, "Warning", &note(one, report).1)?;
        }
        listed_outside(report, verbosity, out)?;
        let limits: Vec<&str> = LIMITS.iter().map(|(_, sentence)| *sentence).collect();
        line(out, Tone::Plain, "Limits", &format!("not provable from here: {}", limits.join("; ")))?;
        summary(report, out)?;
    }
    Ok(())
}

/// Writes that there was nothing to prove, where that was asked to be no failure.
///
/// # Errors
/// The writer's.
pub(crate) fn nothing_vendored(base: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let base = base.map(|base| format!(", nor in {base}")).unwrap_or_default();
    let text = format!("nothing to prove: there is no allow-list and no vendored source, here{base} (--if-vendored)");
    line(out, Tone::Plain, "Finished", &text)
}

fn findings(report: &VerifyReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let mut told_of: BTreeMap<&'static str, (usize, &Finding)> = BTreeMap::new();
    let (mut paths, remedy) = (Vec::new(), Remedy::of(report));
    let all = verbosity == Verbosity::Verbose;
    let mut findings = report.verification.findings.iter().peekable();
    while let Some(finding) = findings.next() {
        let told = told(finding, report.folder.as_str());
        let (count, _) = told_of.entry(told.code).or_insert((0, finding));
        *count += 1;
        paths.extend(remedy.foreign(finding));
        if all || *count <= MOST {
            line(out, Tone::Bad, told.verb, &told.message)?;
        }
        // The way out follows the last finding of a run of one kind.
        if findings.peek().is_none_or(|next| next.code() != told.code) {
            let paths = std::mem::take(&mut paths);
            if *count <= MOST {
                detail(out, &remedy.help(finding, &paths), report)?;
            }
        }
    }
    for (code, (count, first)) in told_of.iter().filter(|(_, (count, _))| !all && *count > MOST) {
        line(out, Tone::Bad, "And more", &format!("{} of the kind `{code}`; run with -v for all", count - MOST))?;
        detail(out, &remedy.help(first, &[]), report)?;
    }
    Ok(())
}

fn listed_outside(report: &VerifyReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let listed = &report.verification.outside;
    if verbosity == Verbosity::Verbose {
        return listed.iter().try_for_each(|one| line(out, Tone::Caution, "Outside", &outside(one).1));
    }
    if listed.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = listed.iter().map(|one| crate::report::context::package_name(&one.id)).collect();
    let count = counted(names.len(), "package");
    line(out, Tone::Caution, "Outside", &format!("{count} not built from {}: {}", report.folder, few(&names, NAMES)))
}

fn summary(report: &VerifyReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let verification = report.verification;
    let counts = &verification.counts;
    let elapsed = report.elapsed.map(|elapsed| format!(" in {:.2}s", elapsed.as_secs_f64())).unwrap_or_default();
    let hashed = format!("{} hashed{elapsed}", counted(counts.files, "file"));
    let packages = counted(counts.vendored, "vendored package");
    // Cargo need not take from there what is there.
    let taken = verification.taken_from("vendored");
    let of_them = if taken == counts.vendored { String::new() } else { format!(", {taken} of them taken from there") };
    let wanted = format!("{packages} checked{of_them}");
    let stubs = if counts.stubs > 0 { format!(" ({})", counted(counts.stubs, "stub")) } else { String::new() };
    let derived = match report.proof {
        Proof::Consistent => String::new(),
        Proof::Changed { base } => {
            let base =
                report.base_commit().map_or_else(|| base.to_owned(), |commit| format!("{base} (--base {commit})"));
            format!(", {} not in {base} derived from archives", counts.derived)
        }
        Proof::All => format!(", {} derived from archives", counts.derived),
    };
    if !verification.blockers.is_empty() {
        let text = format!("nothing is proven, because this run could not decide; {wanted}{stubs}{derived}, {hashed}");
        return line(out, Tone::Bad, "Undecided", &text);
    }
    let failing = verification.findings.len() + verification.failing_ways().count();
    if failing > 0 {
        let text = format!("{}; {wanted}{stubs}{derived}, {hashed}", counted(failing, "finding"));
        return line(out, Tone::Bad, "Refused", &text);
    }
    if counts.vendored == 0 {
        let text = format!(
            "no package of {} has a source, so that there is nothing to vendor and nothing to prove",
            report.locked
        );
        return line(out, Tone::Good, "Finished", &text);
    }
    let what = format!("{}, the allow-list and {} agree", report.locked, report.folder);
    line(out, Tone::Good, "Verified", &format!("{what}: {packages}{stubs}{derived}, {hashed}"))
}

fn detail(out: &mut impl Write, text: &str, report: &VerifyReport<'_>) -> io::Result<()> {
    help(out, &WayOut::of_text(text, report.situation))
}
