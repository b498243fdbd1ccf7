//! The shapes of what is worth knowing of a release and holds nothing back.

use schemars::JsonSchema;

use super::advisory::{AdvisoryKind, Cited};
use super::signal;
use super::texts::Message;

/// One thing that is worth knowing and holds nothing back.
#[derive(JsonSchema)]
#[schemars(tag = "code", rename_all = "kebab-case")]
pub(in crate::report) enum Warning {
    /// Hit by an advisory that the policy only warns of.
    Advisory {
        /// What the advisory says of the release.
        kind: AdvisoryKind,
        #[schemars(flatten)]
        cited: Cited,
        message: Message,
    },
    /// Hit by an advisory that the policy ignores for now.
    Ignored {
        #[schemars(flatten)]
        cited: Cited,
        /// The last UTC day on which it is ignored.
        #[schemars(extend("format" = "date", "pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
        until: String,
        message: Message,
    },
    /// From git or from a folder, and an advisory is about the release of crates.io with its name and version. Whether it is the same
    /// code, nobody can tell.
    NamedByAdvisory {
        /// What the advisory says of the release.
        kind: AdvisoryKind,
        #[schemars(flatten)]
        cited: Cited,
        message: Message,
    },
    /// Yanked, and the policy only warns of that.
    Yanked { message: Message },
    /// Its new dependencies are on crates that were hardly born. A signal that is no reason.
    #[schemars(rename = "signal")]
    YoungDependency {
        #[schemars(extend("const" = "young-dependency"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::YoungDependency,
        message: Message,
    },
    /// After a long silence of its crate it brings dependencies that nobody can leave out. A signal that is no reason.
    #[schemars(rename = "signal")]
    DormantGrowth {
        #[schemars(extend("const" = "dormant-growth"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::DormantGrowth,
        message: Message,
    },
    /// The first of its compatibility line with something for a build script to work with. A signal that is no reason.
    #[schemars(rename = "signal")]
    FirstBuildScriptInput {
        #[schemars(extend("const" = "first-build-script-input"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::FirstBuildScriptInput,
        message: Message,
    },
    /// A young crate that can be taken for another. A signal that is no reason.
    #[schemars(rename = "signal")]
    LookAlike {
        #[schemars(extend("const" = "look-alike"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::LookAlike,
        message: Message,
    },
    /// Older compatible releases were yanked around its publication, and no advisory says why. A signal that is no reason.
    #[schemars(rename = "signal")]
    YankLure {
        #[schemars(extend("const" = "yank-lure"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::YankLure,
        message: Message,
    },
    /// Somebody else published it than the releases before. A signal that is no reason.
    #[schemars(rename = "signal")]
    PublisherChange {
        #[schemars(extend("const" = "publisher-change"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::PublisherChange,
        message: Message,
    },
    /// A CI run published the release before, and somebody with a token this one. A signal that is no reason.
    #[schemars(rename = "signal")]
    TrustedPublishingLost {
        #[schemars(extend("const" = "trusted-publishing-lost"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::TrustedPublishingLost,
        message: Message,
    },
    /// A path dependency from outside the workspace.
    OutsideWorkspace {
        /// Where it lies.
        path: String,
        message: Message,
    },
    /// A path dependency from another repository inside the workspace, as a submodule is.
    OtherRepository {
        /// Where it lies.
        path: String,
        message: Message,
    },
    /// The policy has a list of licences, and this one is not judged: the package comes from git, or the release is not locked.
    LicenseUndecided { message: Message },
}
