//! `status --short`: a few words for a prompt, such as `2 held, 1 rejected`; nothing where all is approved.

use std::io::{self, Write};

use crate::model::evaluation::FixStanding;
use crate::report::audit::{AuditReport, Tally};
use crate::report::print::{Tone, word};

/// Writes the line, worst first.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    if !report.evaluation.blockers.is_empty() {
        return undecided(out);
    }
    let tally = Tally::of(report);
    let fixable = |fixes: &[crate::model::evaluation::Fix]| {
        fixes.iter().any(|fix| matches!(fix.standing, FixStanding::Approved(_)))
    };
    let fixes = report.evaluation.judgements.iter().filter(|judgement| fixable(&judgement.fixes)).count();
    let counts = [
        (tally.rejected, "rejected", Tone::Bad),
        (tally.quarantined, "held", Tone::Caution),
        (fixes, "with a fix", Tone::Good),
        (report.loosened.len(), "loosened", Tone::Bad),
    ];
    let told = counts.iter().filter(|(count, ..)| *count > 0);
    let told: Vec<String> = told.map(|(count, what, tone)| word(*tone, &format!("{count} {what}"))).collect();
    if told.is_empty() { Ok(()) } else { writeln!(out, "{}", told.join(", ")) }
}

/// Writes that nothing is known.
///
/// # Errors
/// The writer's.
pub(crate) fn undecided(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", word(Tone::Caution, "undecided"))
}
