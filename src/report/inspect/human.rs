//! For people: the worst first, one finding one block; of many packages the mere notes are counted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::InspectReport;
use crate::model::finding::{Finding, FindingCode, Inspection, Severity};
use crate::report::context::{Verbosity, package_name};
use crate::report::finding::{meaning, place, tone};
use crate::report::print::{Tone, detail, error, line};
use crate::report::way_out::WayOut;
use crate::report::words::counted;

/// So many findings of one code in one package are told one by one, unless all are asked for.
const MOST: usize = 5;

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &InspectReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    // Of one package everything is told: somebody asked for it.
    let least = match (verbosity, report.inspections.len()) {
        (Verbosity::Quiet, _) => Severity::High,
        (Verbosity::Verbose, _) | (Verbosity::Normal, 1) => Severity::Note,
        (Verbosity::Normal, _) => Severity::Medium,
    };
    for inspection in report.inspections {
        package(inspection, least, verbosity, out)?;
    }
    for failure in report.failures {
        error(out, &failure.message, &WayOut::of_text(&failure.help, report.situation))?;
    }
    if verbosity == Verbosity::Quiet {
        return Ok(());
    }
    let [high, medium, low, notes] =
        [Severity::High, Severity::Medium, Severity::Low, Severity::Note].map(|severity| report.count(severity));
    let elapsed = report.elapsed.map(|elapsed| format!(" in {:.2}s", elapsed.as_secs_f64())).unwrap_or_default();
    let looked = format!("{} looked into{elapsed}", counted(report.inspections.len(), "archive"));
    let findings = format!("{high} high, {medium} medium, {low} low, {}", counted(notes, "note"));
    let not = match report.failures.len() {
        0 => String::new(),
        failed => format!("; {} could not be looked into", counted(failed, "archive")),
    };
    let (tone, verb) = match (report.failures.is_empty(), high) {
        (false, _) => (Tone::Bad, "Undecided"),
        (true, 0) => (Tone::Good, "Inspected"),
        (true, _) => (Tone::Bad, "Suspicious"),
    };
    line(out, tone, verb, &format!("{looked}: {findings}{not}"))
}

fn package(inspection: &Inspection, least: Severity, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let name = package_name(&inspection.id);
    let shown: Vec<&Finding> = inspection.findings.iter().filter(|finding| finding.severity >= least).collect();
    let mut told: BTreeMap<FindingCode, usize> = BTreeMap::new();
    for finding in &shown {
        let count = told.entry(finding.code).or_default();
        *count += 1;
        if verbosity < Verbosity::Verbose && *count > MOST {
            continue;
        }
        let place = place(finding).map(|place| format!(", {place}")).unwrap_or_default();
        let text = format!("{name}{place}: {}", finding.code.as_str());
        line(out, tone(finding.severity), verb(finding.severity), &text)?;
        if !finding.evidence.is_empty() {
            detail(out, Tone::Plain, "seen", &finding.evidence)?;
        }
        if *count == 1 {
            detail(out, Tone::Plain, "means", meaning(finding.code))?;
        }
    }
    for (code, count) in told.iter().filter(|(_, count)| verbosity < Verbosity::Verbose && **count > MOST) {
        let text = format!("{name}: {} of the kind `{}`; run with -v for all", count - MOST, code.as_str());
        line(out, Tone::Plain, "And more", &text)?;
    }
    Ok(())
}

const fn verb(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Note => "Note",
    }
}
