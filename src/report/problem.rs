//! The packages that do not pass, worst first.

use crate::model::evaluation::Judgement;
use crate::model::package::Package;
use crate::model::verdict::{ReasonCode, Reasons, Verdict};

use super::AuditReport;
use super::style::Tone;

/// A package that does not pass.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Its position in the lock file.
    pub position: usize,
    /// The package.
    pub package: &'a Package,
    /// Its part of the decision.
    pub judgement: &'a Judgement,
    /// What stands against it.
    pub reasons: &'a Reasons,
    /// How bad it is.
    pub severity: Severity,
}

/// How bad a problem is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Made to do harm.
    Malicious,
    /// Time does not mend it.
    Rejected,
    /// Not known well enough to be judged: a blocker says why, and the verdict is no more than that.
    Undecided,
    /// Time mends it.
    Quarantined,
}

impl Severity {
    /// The verdict in a word, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malicious => "Malicious",
            Self::Rejected => "Rejected",
            Self::Undecided => "Undecided",
            Self::Quarantined => "Quarantined",
        }
    }

    /// How its lines are meant.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Malicious | Self::Rejected => Tone::Bad,
            Self::Undecided | Self::Quarantined => Tone::Caution,
        }
    }
}

/// Every package that does not pass, by severity and then by the lock file's order.
#[must_use]
pub fn problems<'a>(report: &AuditReport<'a>) -> Vec<Problem<'a>> {
    let mut problems: Vec<Problem<'a>> = report
        .packages
        .iter()
        .zip(&report.evaluation.judgements)
        .enumerate()
        .filter_map(|(position, (package, judgement))| {
            let severity = severity(judgement)?;
            Some(Problem { position, package, judgement, reasons: judgement.reasons()?, severity })
        })
        .collect();
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// `None` for a package that passes.
#[must_use]
pub fn severity(judgement: &Judgement) -> Option<Severity> {
    let unknown = |code| code == ReasonCode::IndexUnavailable;
    match judgement.verdict.as_ref()? {
        Verdict::Local | Verdict::Approved(_) => None,
        Verdict::Quarantined(_) => Some(Severity::Quarantined),
        Verdict::Rejected(reasons) => {
            let mut codes = reasons.iter().map(crate::model::verdict::Reason::code);
            Some(if codes.clone().any(|code| code == ReasonCode::Malicious) {
                Severity::Malicious
            } else if codes.all(unknown) {
                Severity::Undecided
            } else {
                Severity::Rejected
            })
        }
    }
}
