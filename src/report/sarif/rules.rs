//! The rules that a SARIF log refers to.

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
pub(super) const RULES: [Rule; 26] = [
    error(
        "too-new",
        "The release was published too recently.",
        "Wait until it is eligible, use the newest approved release, or approve it after looking inside.",
    ),
    error(
        "new-crate",
        "The crate itself is too young.",
        "Wait until it is eligible, do without it, or approve the release after looking inside.",
    ),
    error(
        "signal",
        "Something about the release is known from takeovers of crates.",
        "Compare it with the release before it. Wait until it is eligible, or approve it after looking inside.",
    ),
    error(
        "pubtime-unknown",
        "The index does not say when the release was published, or not readably.",
        "Use another release, or approve this one after looking inside.",
    ),
    error(
        "pubtime-in-future",
        "The index says that the release will be published later than now.",
        "Check the machine's clock and the registry; no approval lifts this.",
    ),
    error(
        "pubtime-changed",
        "The publication time is not the one that the audit trail recorded.",
        "Ask the registry's operators; nothing lifts this.",
    ),
    error(
        "checksum-mismatch",
        "The lock file's checksum is not the one of the index or of the audit trail.",
        "Find out which change brought the checksum before building anything; nothing lifts this.",
    ),
    error(
        "checksum-missing",
        "The lock file has no checksum for a package of a registry.",
        "Restore the checksum from a lock file that you trust.",
    ),
    error(
        "not-in-index",
        "The registry does not have the release.",
        "Find out why it was removed, and use another release.",
    ),
    error("index-unavailable", "The release's index entry could not be had in this run.", "Run again with a network."),
    error(
        "index-entry-unreadable",
        "The release's index entry cannot be used.",
        "Use another release, or a version of this tool that reads the entry.",
    ),
    error(
        "advisory-unreadable",
        "An advisory about the crate could not be read, so the release may be hit.",
        "Get the advisory database anew.",
    ),
    error(
        "malicious",
        "An advisory says that the release was made to do harm.",
        "Remove it. Where it was built, its code may have run. Nothing lifts this.",
    ),
    error(
        "advisory",
        "An advisory hits the release.",
        "Move to a release that mends it. The policy can ignore an advisory until a date, with a reason.",
    ),
    error(
        "yanked",
        "The release is yanked from its registry.",
        "Look for an approved release. Do not move to one that is not approved: yanks have been used to push users to harm.",
    ),
    error(
        "source-not-allowed",
        "The package comes from a place that the policy does not allow.",
        "Name the source in the policy, or take the package from an allowed one.",
    ),
    error("denied", "The policy denies the package.", "Remove the package, or change the policy."),
    error(
        "license-not-allowed",
        "The package's licence is not on the policy's list.",
        "Replace the package, allow its licence in the policy, or approve the release.",
    ),
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
