//! The counts of a run.

use super::AuditReport;
use super::duration::{counted, moment};
use super::problem::{Severity, severity};
use crate::model::verdict::Verdict;

/// How many packages got which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All packages of the lock file.
    pub packages: usize,
    /// The project's own.
    pub local: usize,
    /// Verdict approved. Where there are blockers, that is no word to build by.
    pub approved: usize,
    /// Verdict quarantined.
    pub quarantined: usize,
    /// Verdict rejected.
    pub rejected: usize,
    /// Of the rejected: those of which too little is known.
    pub undecided: usize,
    /// Not judged, because the base has them.
    pub not_judged: usize,
    /// Warnings, of all packages.
    pub warnings: usize,
}

impl Tally {
    /// Counts.
    #[must_use]
    pub fn of(report: &AuditReport<'_>) -> Self {
        let mut tally = Self { packages: report.packages.len(), ..Self::default() };
        for judgement in &report.evaluation.judgements {
            tally.warnings += judgement.warnings.len();
            match &judgement.verdict {
                None => tally.not_judged += 1,
                Some(Verdict::Local) => tally.local += 1,
                Some(Verdict::Approved(_)) => tally.approved += 1,
                Some(Verdict::Quarantined(_)) => tally.quarantined += 1,
                Some(Verdict::Rejected(_)) => tally.rejected += 1,
            }
            if severity(judgement) == Some(Severity::Undecided) {
                tally.undecided += 1;
            }
        }
        tally
    }
}

/// The whole run in a sentence: `312 packages: 309 approved, 2 quarantined, 1 rejected, 14 warnings; judged …`. With blockers nothing
/// is called approved.
#[must_use]
pub fn sentence(report: &AuditReport<'_>) -> String {
    let tally = Tally::of(report);
    let blockers = report.evaluation.blockers.len();
    let rejected = tally.rejected - tally.undecided;
    let mut parts = Vec::new();
    if blockers == 0 {
        parts.push(format!("{} approved", tally.approved));
    }
    let counts = [
        (tally.quarantined, "quarantined"),
        (rejected, "rejected"),
        (tally.undecided, "undecided"),
        (tally.local, "local"),
        (tally.not_judged, "in the base already"),
    ];
    parts.extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    if tally.warnings > 0 {
        parts.push(counted(tally.warnings, "warning"));
    }
    if report.carried.total() > 0 {
        parts.push(format!("{} carried from adoption", report.carried.total()));
    }
    if !report.decided.is_empty() {
        parts.push(format!("{} by this change", counted(report.decided.len(), "decision")));
    }
    if !report.loosened.is_empty() {
        parts.push(format!("policy loosened in {}", counted(report.loosened.len(), "place")));
    }
    let also = report.evaluation.also.iter().filter(|also| also.fails()).count();
    if also > 0 {
        parts.push(format!("{} that this change also does", counted(also, "thing")));
    }
    if !report.evaluation.truncated.is_empty() {
        parts.push(format!("{} gone from the audit trail", counted(report.evaluation.truncated.len(), "event")));
    }
    let packages = counted(tally.packages, "package");
    let elapsed = report.elapsed.map(|elapsed| format!(" in {:.2}s", elapsed.as_secs_f64())).unwrap_or_default();
    let judged = format!("judged {}{elapsed}", moment(report.evaluation.now));
    if blockers == 0 {
        return format!("{packages}: {}; {judged}", parts.join(", "));
    }
    let found = if parts.is_empty() { String::new() } else { format!(" Found so far: {}.", parts.join(", ")) };
    format!("{packages}: nothing is approved, because this run could not decide.{found} {}", capital(&judged))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}
