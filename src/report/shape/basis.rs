//! The shapes of what an approved release stands on.

use schemars::JsonSchema;

use super::texts::{ReasonCode, Version};

/// What an approved release stands on.
#[derive(JsonSchema)]
#[schemars(tag = "code", rename_all = "kebab-case")]
pub(in crate::report) enum Basis {
    /// No reason was found against it.
    Aged,
    /// Its registry has a minimum age of zero; without that it would be held.
    TrustedRegistry,
    /// The policy names the git repository that it comes from.
    AllowedSource,
    /// Too new, but the advisory names it as patched.
    SecurityFix {
        /// The advisory that the fix is for.
        advisory: String,
        #[schemars(extend("const" = "named"))]
        role: String,
        need: FixNeed,
    },
    /// Too new, but the fix requires it.
    #[schemars(rename = "security-fix")]
    FixCompanion {
        /// The advisory that the fix is for.
        advisory: String,
        #[schemars(extend("const" = "companion"))]
        role: String,
        /// The crate that carries the fix.
        of: String,
        /// The release of it.
        version: Version,
        need: FixNeed,
    },
    /// Too new, but the fix is reached through it.
    #[schemars(rename = "security-fix")]
    FixDependent {
        /// The advisory that the fix is for.
        advisory: String,
        #[schemars(extend("const" = "dependent"))]
        role: String,
        /// The crate that carries the fix.
        of: String,
        /// The release of it.
        version: Version,
        need: FixNeed,
    },
    /// Persons exempted this exact release from all of its reasons. Several approvals of the same bytes add up.
    Approval {
        /// What they lifted together.
        lifted: Vec<ReasonCode>,
        /// Each that lifted something, the one that lifted most first.
        #[schemars(length(min = 1))]
        approvals: Vec<Exemption>,
        /// Whether the change under judgement brings the approval along; absent where that is not told.
        #[schemars(default, skip_serializing_if = "Option::is_none", with = "bool")]
        of_change: Option<bool>,
    },
}

#[derive(JsonSchema)]
pub(in crate::report) struct Exemption {
    /// The approval's line in the policy file.
    #[schemars(range(min = 1))]
    line: u64,
    /// Who gave it; null where the approval does not say.
    by: Option<String>,
    /// What it lifted, and none before it.
    lifted: Vec<ReasonCode>,
}

/// What made the fix needed; versions are of the crate that carries it.
#[derive(JsonSchema)]
#[schemars(tag = "code", rename_all = "kebab-case")]
#[expect(clippy::enum_variant_names, reason = "the document names them so")]
pub(in crate::report) enum FixNeed {
    /// A release is locked that the advisory hits, and the fix can take its place.
    VulnerableLocked {
        /// That release.
        version: Version,
        /// Where it is locked: in the judged lock file, in the base's, in the one that a resolution replaces, or in use by what the
        /// audit trail says.
        #[schemars(extend("enum" = ["lock-file", "base", "replaced-lock-file", "trail"]))]
        locked_by: String,
    },
    /// The fix itself is locked.
    FixLocked {
        /// The newest release of the usual age that could be locked instead, which the advisory hits.
        version: Version,
    },
    /// The crate is not locked yet.
    CrateNotLocked {
        /// The newest release of the usual age that could be locked instead, which the advisory hits.
        version: Version,
    },
}
