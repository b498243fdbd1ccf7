//! What a change makes looser and what it decides, in words: told before everything else to whoever merges it.

use super::AuditReport;
use super::escape::shell_word;
use super::way_out::WayOut;
use crate::model::loosening::{Loosening, LooseningKind};
use crate::model::verdict::ReasonCode;
use crate::report::JudgedBy;

/// What a change decides, in words that follow its name.
#[must_use]
pub fn sentence(one: &Loosening) -> String {
    match &one.kind {
        LooseningKind::Approval(approval) => {
            let lifts: Vec<&str> = approval.lifts.iter().copied().map(ReasonCode::as_str).collect();
            let by = approval.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let until = approval.until.map(|until| format!(" through {until}")).unwrap_or_default();
            let release = format!("{}@{}", approval.crate_name, approval.version);
            format!("approves {release}{by}: lifts {}{until}: {}", lifts.join(", "), approval.reason)
        }
        LooseningKind::Ignore(ignore) => {
            let of = ignore.crate_name.as_ref().map(|name| format!(" for {name}")).unwrap_or_default();
            format!("ignores {}{of} through {}: {}", ignore.id, ignore.until, ignore.reason)
        }
        LooseningKind::Adoption => format!("adopts the quarantine: the base has no {}", one.key),
        LooseningKind::Rule | LooseningKind::Place => changed(one),
    }
}

/// What was, and what the change makes of it.
#[must_use]
pub fn changed(one: &Loosening) -> String {
    let (base, head) = sides(one);
    format!("{}: {base} → {head}", one.key)
}

/// The verb of a line that tells it.
#[must_use]
pub const fn verb(one: &Loosening) -> &'static str {
    match one.kind {
        LooseningKind::Place => "Elsewhere",
        LooseningKind::Rule | LooseningKind::Approval(_) | LooseningKind::Ignore(_) | LooseningKind::Adoption => {
            "Loosened"
        }
    }
}

/// What the base and the change say of a key.
#[must_use]
pub fn sides(one: &Loosening) -> (&str, &str) {
    (one.base.as_deref().unwrap_or("nothing"), one.head.as_deref().unwrap_or("nothing"))
}

/// What whoever looks at the list is to do.
pub const DECIDED_HELP: &str = "whoever merges this change decides this: look at each line";

/// The same for what may not be decided in a change; where all of it may be, the command that lets it.
#[must_use]
pub fn loosened_help(report: &AuditReport<'_>) -> WayOut {
    let words = "whoever merges this change answers for each of these: look at them";
    match report.judged_by {
        JudgedBy::Base { commit, .. } if report.loosened.iter().all(|one| one.kind.may_be_decided()) => WayOut::to_or(
            format!("{words}; where a code owner has to agree to it, it can count"),
            report.context().command("audit", &format!("--base {} --loosened report", shell_word(commit))),
        ),
        JudgedBy::Base { .. } | JudgedBy::File(_) | JudgedBy::Defaults => WayOut::words(words),
    }
}
