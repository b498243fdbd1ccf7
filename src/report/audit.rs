//! What a report of `audit` tells: the decision, the packages that do not pass, the counts, and where each finding lies.

pub(crate) mod all;
mod finding;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod places;
pub(crate) mod sarif;

use std::time::Duration;

use camino::Utf8Path;

use super::context::Context;
use super::notice;
use super::print::Tone;
use super::words::{counted, moment};
use crate::model::adoption::Carried;
use crate::model::approval::Approval;
use crate::model::evaluation::{Evaluation, Judgement, Notice};
use crate::model::facts::AdvisoryFact;
use crate::model::loosening::{Loosening, LooseningKind};
use crate::model::package::{LockedChecksum, Package};
use crate::model::policy::{JudgedBy, Policy};
use crate::model::resolution::Change;
use crate::model::run::Invocation;
use crate::model::source::Source;
use crate::model::verdict::{ReasonCode, Reasons, Verdict};

/// Everything that a report of `audit` tells.
#[derive(Clone, Copy, Debug)]
pub struct AuditReport<'a> {
    /// The packages of the lock file, in its order.
    pub packages: &'a [Package],
    /// The decision; its judgements are in the same order.
    pub evaluation: &'a Evaluation,
    /// What was known of advisories.
    pub advisories: &'a AdvisoryFact,
    /// What passes only because it was there at adoption.
    pub carried: Carried,
    /// What the change makes looser than its base; empty without a base.
    pub loosened: &'a [Loosening],
    /// What the change decides, where it may: it counts, and whoever merges the change is shown it first.
    pub decided: &'a [Loosening],
    /// What was judged by.
    pub policy: &'a Policy,
    /// Whose policy that is.
    pub judged_by: JudgedBy<'a>,
    /// The lock file, as a reader in the repository would name it: relative to its root where it lies below it.
    pub locked: &'a Utf8Path,
    /// Each package's line in the lock file, counted from 1; empty where that is not known.
    pub lines: &'a [u32],
    /// What ways out have to fit.
    pub situation: &'a Invocation,
    /// With a base: every package that is not what the base has; where a format tells of them.
    pub changes: Option<&'a [Change]>,
    /// How long the whole run took, where that is to be told.
    pub elapsed: Option<Duration>,
}

impl<'a> AuditReport<'a> {
    /// What sentences of this report need.
    #[must_use]
    pub const fn context(&self) -> Context<'a> {
        Context {
            now: self.evaluation.now,
            advisories: self.advisories,
            judged_by: self.judged_by,
            situation: self.situation,
        }
    }

    /// Whether everything may be built: decided, approved, nothing made looser and nothing taken from the audit trail.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.loosened.is_empty() && self.evaluation.is_approved()
    }

    /// What is worth knowing about the run, but for what is only told to those who ask for everything.
    pub fn notices(&self) -> impl Iterator<Item = &'a Notice> {
        self.evaluation.notices.iter().filter(|notice| !notice::is_detail(notice))
    }

    /// The change's own approvals of a package, whether or not they count here: of the same release and bytes.
    pub fn approvals_by_change<'p>(&self, package: &'p Package) -> impl Iterator<Item = &'a Approval> + use<'a, 'p> {
        let is_of = move |approval: &Approval| {
            package.checksum == LockedChecksum::Known(approval.checksum)
                && approval.version == package.id.version
                && approval.crate_name.names(&package.id.name)
                && Source::Registry(approval.registry.clone()) == package.id.source
        };
        self.loosened.iter().chain(self.decided).filter_map(move |one| match &one.kind {
            LooseningKind::Approval(approval) if is_of(approval) => Some(&**approval),
            LooseningKind::Approval(_)
            | LooseningKind::Ignore(_)
            | LooseningKind::Rule
            | LooseningKind::Adoption
            | LooseningKind::Place => None,
        })
    }

    /// Whether the change itself ignores this advisory for this crate, whether or not that counts here.
    #[must_use]
    pub fn ignored_by_change(&self, advisory: &str, crate_name: &str) -> bool {
        self.loosened.iter().chain(self.decided).any(|one| {
            matches!(&one.kind, LooseningKind::Ignore(ignore) if *ignore.id == *advisory
                && ignore.crate_name.as_ref().is_none_or(|name| name.names(crate_name)))
        })
    }

    /// The names of the packages on a path of positions in the lock file.
    #[must_use]
    pub fn names(&self, path: &[usize]) -> Vec<&'a str> {
        path.iter().filter_map(|position| self.packages.get(*position)).map(|package| &*package.id.name).collect()
    }
}

/// The lines of a lock file on which its packages begin, in order: a report's [`AuditReport::lines`]. Where their number is not
/// that of the packages (an old format keeps the root apart), the report leaves lines out.
#[must_use]
pub fn package_lines(lock_file: &str) -> Vec<u32> {
    (1..).zip(lock_file.lines()).filter(|(_, line)| line.trim() == "[[package]]").map(|(number, _)| number).collect()
}

/// A package that does not pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem<'a> {
    /// Its position in the lock file.
    pub position: usize,
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
pub(crate) enum Severity {
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
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Malicious => "Malicious",
            Self::Rejected => "Rejected",
            Self::Undecided => "Undecided",
            Self::Quarantined => "Quarantined",
        }
    }

    /// How its lines are meant.
    #[must_use]
    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Malicious | Self::Rejected => Tone::Bad,
            Self::Undecided | Self::Quarantined => Tone::Caution,
        }
    }
}

/// Every package that does not pass, by severity and then by the lock file's order.
#[must_use]
pub(crate) fn problems<'a>(report: &AuditReport<'a>) -> Vec<Problem<'a>> {
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
pub(crate) fn severity(judgement: &Judgement) -> Option<Severity> {
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

/// How many packages got which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
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
    pub(crate) fn of(report: &AuditReport<'_>) -> Self {
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
pub(crate) fn tally_sentence(report: &AuditReport<'_>) -> String {
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
