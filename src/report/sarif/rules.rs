//! The rules that a SARIF log refers to.

use super::reason;
use crate::model::verdict::ReasonCode;

/// One kind of finding.
pub(super) struct Rule {
    /// The reason's or warning's code.
    pub(super) id: &'static str,
    /// The level where a result does not say another.
    pub(super) level: &'static str,
    /// What it is.
    pub(super) description: &'static str,
    /// What to do about it.
    pub(super) help: &'static str,
}

const fn error(id: &'static str, description: &'static str, help: &'static str) -> Rule {
    Rule { id, level: "error", description, help }
}

const fn warning(id: &'static str, description: &'static str, help: &'static str) -> Rule {
    Rule { id, level: "warning", description, help }
}

/// Every rule, the reasons in their order.
pub(super) fn rules() -> Vec<Rule> {
    let of_reason = |code: ReasonCode| {
        let (description, help) = reason::rule(code);
        error(code.as_str(), description, help)
    };
    ReasonCode::ALL.into_iter().map(of_reason).chain(OTHERS).collect()
}

/// The rules that are no reason's.
const OTHERS: [Rule; 8] = [
    warning(
        "ignored",
        "The policy ignores an advisory for now.",
        "Mend it before the date at which the advisory counts again.",
    ),
    warning(
        "named-by-advisory",
        "An advisory is about the release of crates.io with the name and version of a package from elsewhere.",
        "Find out whether this copy has the same fault, and move it to a commit that has not.",
    ),
    warning(
        "outside-workspace",
        "A path dependency lies outside the workspace.",
        "Move it into the workspace, so that the same review sees it.",
    ),
    warning(
        "license-undecided",
        "The licence could not be judged without a verified archive.",
        "Have the archive in cargo's cache, or vendor it.",
    ),
    Rule {
        id: "change-decides",
        level: "note",
        description: "The change itself exempts a release, ignores an advisory or adopts the quarantine.",
        help: "Whoever merges the change decides this with it.",
    },
    error(
        "policy-loosened",
        "The change makes the policy laxer than its base has it.",
        "Whoever merges the change answers for this line.",
    ),
    error(
        "change-also",
        "Beside what it locks, the change alters what cargo builds or runs, or adds to the audit trail what no run wrote.",
        "Whoever merges the change answers for a setting. Take files that spoil the audit trail out of the change.",
    ),
    error(
        "trail-truncated",
        "The change lacks an event of the audit trail that its base has.",
        "Take the folder `.sequester/trail` from the base: a change adds events and never takes one away.",
    ),
];
