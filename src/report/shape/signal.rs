//! The shapes of signals: of each kind its evidence.

use schemars::JsonSchema;

use super::texts::{Message, Time, Version};

/// A dependency that the releases before it did not have.
#[derive(JsonSchema)]
pub(in crate::report) struct Added {
    /// The crate's real name.
    name: String,
    /// The name that the manifest gives it; null where that is the same.
    renamed: Option<String>,
    /// The index of its registry, as the dependent's index line has it; null for the dependent's own.
    registry: Option<String>,
    #[schemars(extend("enum" = ["normal", "build", "dev"]))]
    kind: String,
    /// Whether a feature turns it on: one that there was before.
    optional: bool,
    /// The platform that it is limited to; null for all.
    target: Option<String>,
    /// When its crate was first published; null where that could not be had.
    first_published: Option<Time>,
    /// Whether its registry has no such crate, or not any more.
    gone: bool,
}

/// A dependency that stayed by name and is asked for on another compatibility line.
#[derive(JsonSchema)]
pub(in crate::report) struct Swapped {
    name: String,
    /// What was asked for.
    before: String,
    /// What is asked for now.
    after: String,
}

#[derive(JsonSchema)]
pub(in crate::report) struct YoungDependency {
    /// The release that it was compared with.
    since: Version,
    added: Vec<Added>,
}

#[derive(JsonSchema)]
pub(in crate::report) struct DormantGrowth {
    /// The last release before the silence.
    before: Version,
    before_pubtime: Time,
    /// The release that ended it: this one, or one shortly before.
    resumed: Version,
    resumed_pubtime: Time,
    added: Vec<Added>,
}

#[derive(JsonSchema)]
pub(in crate::report) struct FirstBuildScriptInput {
    /// The release that it was compared with.
    since: Version,
    /// Its build-dependencies.
    inputs: Vec<Added>,
    /// The native library that it links.
    links: Option<String>,
}

/// What a young crate can be taken for: either a name that it resembles, and how, or a package of the same name from elsewhere.
#[derive(JsonSchema)]
pub(in crate::report) struct LookAlike {
    /// The other crate's name.
    #[schemars(default, skip_serializing_if = "Option::is_none", with = "String")]
    resembles: Option<String>,
    /// What sets the two names apart.
    #[schemars(default, skip_serializing_if = "Option::is_none", with = "String")]
    #[schemars(extend("enum" = ["separator", "confusable", "swapped", "doubled", "affix", "suffix", "reordered", "edit"]))]
    how: Option<String>,
    /// Where the lock file has a package of this name from; empty for a folder.
    #[schemars(default, skip_serializing_if = "Option::is_none", with = "String")]
    twin_from: Option<String>,
    /// When the young crate was first published; null where that cannot be told.
    first_published: Option<Time>,
}

#[derive(JsonSchema)]
pub(in crate::report) struct YankLure {
    /// The yanked releases.
    yanked: Vec<Version>,
    /// When one of them was yanked (`registry`), or was last known not to be (`trail`); null where nobody knows.
    last_unyanked: Option<Time>,
    /// Who knows.
    #[schemars(extend("enum" = ["trail", "registry", null]))]
    seen_by: Option<String>,
}

#[derive(JsonSchema)]
pub(in crate::report) struct PublisherChange {
    /// Who published it: a login, or `github:owner/name` for a CI run.
    publisher: String,
    /// Who published the releases before.
    before: Vec<String>,
}

#[derive(JsonSchema)]
pub(in crate::report) struct TrustedPublishingLost {
    /// The release before, which a CI run had published.
    before: Version,
    /// Whose run it was, such as `github`.
    provider: String,
    /// The repository there, as `owner/name`.
    repository: Option<String>,
}

#[derive(JsonSchema)]
pub(in crate::report) struct Dormant {
    /// The release before it.
    previous: Version,
    previous_pubtime: Time,
}

#[derive(JsonSchema)]
pub(in crate::report) struct Burst {
    /// How many releases of the crate came within a day, this one included.
    releases: u64,
}

#[derive(JsonSchema)]
pub(in crate::report) struct MajorSwap {
    /// The release that it was compared with.
    since: Version,
    swapped: Vec<Swapped>,
}

/// A signal with what the policy makes of it.
#[derive(JsonSchema)]
#[schemars(tag = "signal", rename_all = "kebab-case")]
pub(in crate::report) enum Signal {
    YoungDependency {
        #[schemars(flatten)]
        evidence: YoungDependency,
        level: Level,
        message: Message,
    },
    DormantGrowth {
        #[schemars(flatten)]
        evidence: DormantGrowth,
        level: Level,
        message: Message,
    },
    FirstBuildScriptInput {
        #[schemars(flatten)]
        evidence: FirstBuildScriptInput,
        level: Level,
        message: Message,
    },
    LookAlike {
        #[schemars(flatten)]
        evidence: LookAlike,
        level: Level,
        message: Message,
    },
    YankLure {
        #[schemars(flatten)]
        evidence: YankLure,
        level: Level,
        message: Message,
    },
    /// Somebody else published it than the releases before.
    PublisherChange {
        #[schemars(flatten)]
        evidence: PublisherChange,
        level: Level,
        message: Message,
    },
    /// A CI run published the release before, and somebody with a token this one.
    TrustedPublishingLost {
        #[schemars(flatten)]
        evidence: TrustedPublishingLost,
        level: Level,
        message: Message,
    },
    /// Published after a long silence.
    Dormant {
        #[schemars(flatten)]
        evidence: Dormant,
        level: Level,
        message: Message,
    },
    /// Its new dependencies, of whatever age.
    NewDependency {
        #[schemars(flatten)]
        evidence: YoungDependency,
        level: Level,
        message: Message,
    },
    /// One of many releases within a day.
    Burst {
        #[schemars(flatten)]
        evidence: Burst,
        level: Level,
        message: Message,
    },
    /// Another compatibility line of what it depended on.
    MajorSwap {
        #[schemars(flatten)]
        evidence: MajorSwap,
        level: Level,
        message: Message,
    },
}

/// What the policy makes of this kind of signal, whether or not time has lifted it. off: it is told here and nowhere else.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(in crate::report) enum Level {
    Reason,
    Warn,
    Off,
}
