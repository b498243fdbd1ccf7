//! `incident` for people: what was found, the nearest first, what could not be looked at, and what to do.

use std::io::{self, Write};

use super::{
    IncidentReport, LIMITS, StepKind, gap_words, locked_words, looked_words, products_words, published_words,
    recorded_words, suspect_words, tips_words, trace_words,
};
use crate::model::incident::{Bytes, Locked, TraceKind};
use crate::report::context::Verbosity;
use crate::report::print::{self, Tone, detail, line};
use crate::report::words::counted;

/// How many traces of one kind are told before the rest is counted.
const TRACES: usize = 8;

/// Writes the report.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &IncidentReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let found = report.found;
    if verbosity > Verbosity::Quiet {
        for suspect in &found.suspects {
            line(out, Tone::Plain, "Looking for", &suspect_words(suspect))?;
        }
        for published in published_words(report) {
            line(out, Tone::Plain, "Published", &published)?;
        }
    }
    for one in &found.locked {
        locked(report, one, out)?;
    }
    for kind in [
        TraceKind::Allowed,
        TraceKind::Vendored,
        TraceKind::Archive,
        TraceKind::Unpacked,
        TraceKind::Installed,
        TraceKind::Built,
        TraceKind::BuildScriptRun,
    ] {
        let of: Vec<_> = found.traces.iter().filter(|(trace, _)| trace.kind == kind).collect();
        let (tone, verb) = verb(kind);
        let limit = if verbosity == Verbosity::Verbose { usize::MAX } else { TRACES };
        for (trace, bytes) in of.iter().take(limit) {
            let tone = if *bytes == Bytes::Other { Tone::Bad } else { tone };
            line(out, tone, verb, &trace_words(trace, *bytes))?;
        }
        if of.len() > limit {
            line(out, tone, verb, &format!("{} more; run with -v for all", of.len() - limit))?;
        }
    }
    for one in &found.recorded {
        line(out, Tone::Caution, "Recorded", &recorded_words(one))?;
    }
    for gap in &found.gaps {
        let (message, way) = gap_words(gap);
        print::error(out, &message, &way)?;
    }
    steps(report, out)?;
    if verbosity > Verbosity::Quiet {
        line(out, Tone::Plain, "Looked at", &looked_words(found))?;
        if !found.looked_at.submodules.is_empty() {
            let names = found.looked_at.submodules.join(", ");
            line(out, Tone::Caution, "Not", &format!("submodules, whose repositories are their own: {names}"))?;
        }
        line(out, Tone::Plain, "Limits", LIMITS)?;
    }
    let (tone, verb) = match (found.gaps.is_empty(), found.is_found()) {
        (_, true) => (Tone::Bad, "Found"),
        (true, false) => (Tone::Good, "Clear"),
        (false, false) => (Tone::Caution, "Undecided"),
    };
    line(out, tone, verb, &report.verdict())
}

fn locked(report: &IncidentReport<'_>, one: &Locked, out: &mut impl Write) -> io::Result<()> {
    let (tone, verb) = match (one.packaged, one.tips.is_empty()) {
        (true, _) => (Tone::Plain, "Packaged"),
        (false, false) => (Tone::Bad, "Locked"),
        (false, true) => (Tone::Caution, "Was locked"),
    };
    line(out, tone, verb, &locked_words(one))?;
    detail(out, Tone::Plain, "now", &tips_words(&one.tips))?;
    match one.added.first() {
        Some(first) => detail(out, Tone::Plain, "since", &report.commit_words(*first))?,
        None => detail(out, Tone::Plain, "since", "it was never committed")?,
    }
    if one.added.len() > 1 {
        let more = counted(one.added.len() - 1, "other commit");
        detail(out, Tone::Plain, "again", &format!("brought in by {more}"))?;
    }
    if let Some(first) = one.removed.first() {
        detail(out, Tone::Plain, "removed", &report.commit_words(*first))?;
    }
    if one.removed.len() > 1 {
        let more = counted(one.removed.len() - 1, "other commit");
        detail(out, Tone::Plain, "again", &format!("removed by {more}"))?;
    }
    if let Some(last) = one.last {
        let of = counted(one.commits, "commit");
        detail(out, Tone::Plain, "last", &format!("{}; {of} in all", report.commit_words(last)))?;
    }
    detail(out, Tone::Plain, "products", &products_words(one))?;
    for checksum in &one.checksums {
        detail(out, Tone::Plain, "checksum", &checksum.to_string())?;
    }
    Ok(())
}

fn steps(report: &IncidentReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let steps = report.steps();
    for kind in [StepKind::Pin, StepKind::Purge, StepKind::Rotate] {
        let of: Vec<_> = steps.iter().filter(|step| step.kind == kind).collect();
        if of.is_empty() {
            continue;
        }
        let words = match kind {
            StepKind::Pin => "first, so that nobody builds it from now on",
            StepKind::Purge => "then, so that no cache brings it back",
            StepKind::Rotate => "then, in the order of what they open",
        };
        line(out, Tone::Help, kind.title(), words)?;
        for step in of {
            print::help(out, &step.way)?;
        }
    }
    Ok(())
}

const fn verb(kind: TraceKind) -> (Tone, &'static str) {
    match kind {
        TraceKind::Allowed => (Tone::Bad, "Allowed"),
        TraceKind::Vendored => (Tone::Bad, "Vendored"),
        TraceKind::Archive => (Tone::Caution, "Downloaded"),
        TraceKind::Unpacked => (Tone::Caution, "Unpacked"),
        TraceKind::Installed => (Tone::Bad, "Installed"),
        TraceKind::Built => (Tone::Bad, "Built"),
        TraceKind::BuildScriptRun => (Tone::Bad, "Ran"),
    }
}
