//! The shapes of what documents write from tables and not from types of their own: reasons, warnings, bases and the texts that have a form.
//! They are the contract that the published schemas state, each once; documents of real runs are held against it.

#![expect(dead_code, reason = "only the schemas of these types are used")]

use schemars::{JsonSchema, Schema};

use crate::model;

mod advisory;
mod basis;
mod signal;
mod texts;
mod warning;

pub(super) use advisory::{AdvisoryKind, Cited};
pub(super) use basis::Basis;
pub(super) use signal::Signal;
pub(super) use texts::{Day, Message, PackageId, ReasonCode, Sha256, Time, Version};
pub(super) use warning::Warning;

/// One thing that kept the run from deciding.
#[derive(JsonSchema)]
pub(super) struct Blocker {
    #[schemars(extend("enum" = ["workspace-unread", "advisories-unavailable", "advisories-stale", "advisories-rolled-back", "index-unavailable", "mirror-not-allowed", "clock-skew", "lock-outdated", "lock-refused", "lock-unproven", "trail-broken", "index-shortened", "clock-behind-trail"]))]
    code: String,
    message: Message,
    /// The package that it is about; null where it is about the run.
    package: Option<PackageId>,
}

/// One notice.
#[derive(JsonSchema)]
pub(super) struct Notice {
    #[schemars(extend("enum" = ["approval-unused", "approval-lapsed", "approval-of-other-bytes", "ignore-lapsed", "ignore-unused", "approval-ending", "ignore-ending", "override-unused", "registry-unused", "allow-git-unused", "deny-unused", "license-exception-unused", "license-clarification-unused", "clarification-of-other-files", "advisories-skipped", "advisories-from-copy", "advisories-forgotten", "not-kept", "cargo-age-longer", "cargo-age-shorter", "cargo-ignores-age", "cooldown-disagrees", "index-from-cache", "manifests-not-checked", "manifests-unseen", "pubtimes-missing", "base-moved-on", "no-merge-base", "base-without-rules", "paths", "trail-disordered", "removed-upstream", "crate-reappeared"]))]
    code: String,
    message: Message,
}

/// One thing that stands against a release.
#[derive(JsonSchema)]
#[schemars(tag = "code", rename_all = "kebab-case")]
pub(super) enum Reason {
    /// Published less than the minimum age ago. Time lifts it; so does an approval.
    TooNew {
        /// When it was published.
        pubtime: Time,
        /// The age that it must reach.
        min_age_seconds: u64,
        /// What set that age, in words: the default, the command line, or key, file and line.
        rule: String,
        /// When time has lifted this reason.
        eligible_at: Time,
        /// Only where the release comes early as a security fix or along with one: `eligible_at` is then when it does.
        #[schemars(default, skip_serializing_if = "Option::is_none", with = "FixAge")]
        fix: Option<FixAge>,
        message: Message,
    },
    /// The crate itself is young. Time lifts it; so does an approval.
    NewCrate {
        /// When the crate's first release was published; null when that cannot be told, and the crate then counts as born with this
        /// release.
        first_published: Option<Time>,
        /// The age that the crate must reach.
        min_age_seconds: u64,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// Its new dependencies are on crates that were hardly born. A sign of a takeover; time lifts it; so does an approval.
    #[schemars(rename = "signal")]
    YoungDependency {
        #[schemars(extend("const" = "young-dependency"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::YoungDependency,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// After a long silence of its crate it brings dependencies that nobody can leave out. A sign of a takeover; time lifts it; so does an approval.
    #[schemars(rename = "signal")]
    DormantGrowth {
        #[schemars(extend("const" = "dormant-growth"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::DormantGrowth,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// The first of its compatibility line with something for a build script to work with. A sign of a takeover; time lifts it; so does an approval.
    #[schemars(rename = "signal")]
    FirstBuildScriptInput {
        #[schemars(extend("const" = "first-build-script-input"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::FirstBuildScriptInput,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// A young crate that can be taken for another. A sign of a takeover; an approval with a last day lifts it, time does not.
    #[schemars(rename = "signal")]
    LookAlike {
        #[schemars(extend("const" = "look-alike"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::LookAlike,
        /// When time has lifted this reason; null where time does not.
        eligible_at: Option<Time>,
        message: Message,
    },
    /// Older compatible releases were yanked around its publication, and no advisory says why. A sign of a takeover; time lifts it; so does an approval.
    #[schemars(rename = "signal")]
    YankLure {
        #[schemars(extend("const" = "yank-lure"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::YankLure,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// Somebody else published it than the releases before. A sign of a takeover; time lifts it; so does an approval.
    #[schemars(rename = "signal")]
    PublisherChange {
        #[schemars(extend("const" = "publisher-change"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::PublisherChange,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// A CI run published the release before, and somebody with a token this one. A sign of a takeover; time lifts it; so does an approval.
    #[schemars(rename = "signal")]
    TrustedPublishingLost {
        #[schemars(extend("const" = "trusted-publishing-lost"))]
        signal: String,
        #[schemars(flatten)]
        evidence: signal::TrustedPublishingLost,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// Its archive is at hand, and what is inside holds it longer. Time lifts it; so does an approval.
    Inspection {
        /// Those of high severity, the first few in the order of `inspect`; empty where the archive cannot be looked into.
        findings: Vec<Finding>,
        /// How many more there are.
        more: u64,
        /// Why the archive cannot be looked into; null where it can.
        unreadable: Option<String>,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// The index has no pubtime, or one that cannot be read. An approval lifts it.
    PubtimeUnknown {
        /// What the index has instead; null where it has nothing.
        found: Option<String>,
        message: Message,
    },
    /// Published later than now by more than ten minutes. Time lifts it.
    PubtimeInFuture {
        /// What the index says.
        pubtime: Time,
        /// When time has lifted this reason.
        eligible_at: Time,
        message: Message,
    },
    /// Not the pubtime that the audit trail recorded. Nothing lifts it.
    PubtimeChanged {
        /// What was recorded.
        recorded: Time,
        /// What the index says now; null where it says nothing.
        found: Option<Time>,
        message: Message,
    },
    /// Not the bytes that were seen before. Nothing lifts it.
    ChecksumMismatch {
        /// What the lock file has, as it stands there.
        locked: String,
        /// What it should be.
        expected: Sha256,
        /// Who says what it should be.
        #[schemars(extend("enum" = ["index", "trail"]))]
        witness: String,
        message: Message,
    },
    /// The lock file has no checksum for it. Nothing lifts it.
    ChecksumMissing { message: Message },
    /// The registry does not have the release. Nothing lifts it.
    NotInIndex { message: Message },
    /// Its index entry could not be had in this run; a blocker says why.
    IndexUnavailable { message: Message },
    /// Its index entry cannot be used.
    IndexEntryUnreadable {
        /// What is wrong with it.
        cause: String,
        message: Message,
    },
    /// An advisory about the crate cannot be read, so the release may be hit. Only a dated ignore of its id lifts it.
    AdvisoryUnreadable {
        /// The id by which the policy may ignore it; null where it may be about malice, which nobody may ignore.
        advisory: Option<String>,
        /// The advisory's file, relative to the database's root.
        file: String,
        /// What is wrong with the file.
        cause: String,
        message: Message,
    },
    /// Made to do harm. Nothing lifts it.
    Malicious {
        #[schemars(flatten)]
        cited: Cited,
        message: Message,
    },
    /// Hit by an advisory that the policy rejects. Only a dated ignore of that advisory lifts it.
    Advisory {
        /// What the advisory says of the release.
        kind: AdvisoryKind,
        #[schemars(flatten)]
        cited: Cited,
        message: Message,
    },
    /// Yanked, and the policy rejects that. An approval lifts it.
    Yanked { message: Message },
    /// From a git repository, registry or other place that the policy does not name. Only the policy lifts it.
    SourceNotAllowed { message: Message },
    /// On the policy's deny list. Only the policy lifts it.
    Denied {
        /// The entry, as written.
        entry: String,
        message: Message,
    },
    /// Its licence is not on the policy's list, or is none that could be. An approval lifts it.
    LicenseNotAllowed {
        /// The SPDX expression of the manifest, or of a clarification; null where there is none.
        expression: Option<String>,
        /// The licences of the expression that are not on the list, where that is why.
        #[schemars(default, skip_serializing_if = "Option::is_none", with = "Vec<String>")]
        not_listed: Option<Vec<String>>,
        /// What is wrong with the expression, where it is none.
        #[schemars(default, skip_serializing_if = "Option::is_none", with = "String")]
        malformed: Option<String>,
        /// The file that the manifest names in place of an expression, where it does.
        #[schemars(default, skip_serializing_if = "Option::is_none", with = "LicenseFile")]
        license_file: Option<LicenseFile>,
        message: Message,
    },
    /// The policy has a list of licences, and no verified bytes of the release were at hand. `audit --fetch` cures it.
    LicenseUnknown {
        /// Why.
        gap: LicenseGap,
        /// In the words of whatever failed; null where nothing did.
        cause: Option<String>,
        message: Message,
    },
}

/// What stands out in one place of an archive.
#[derive(JsonSchema)]
pub(super) struct Finding {
    code: model::finding::FindingCode,
    /// Below the package's folder; null where it is about the package as a whole.
    file: Option<String>,
    /// Counted from 1; null where it is about a file as a whole.
    line: Option<u64>,
    /// Text from the archive, cut after 160 characters.
    evidence: String,
}

/// A file with a licence's text.
#[derive(JsonSchema)]
pub(super) struct LicenseFile {
    /// As the manifest writes it.
    path: String,
    /// The digest of its bytes; null where the archive does not have it.
    sha256: Option<Sha256>,
}

/// Why a licence is not known.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LicenseGap {
    /// No archive and no vendored tree was at hand.
    NotAtHand,
    /// The archive could not be fetched.
    NotFetched,
    /// The archive cannot be used.
    Unreadable,
}

#[derive(JsonSchema)]
pub(super) struct FixAge {
    /// The advisory that the fix is for.
    advisory: String,
    /// The age that a security fix must have.
    min_age_seconds: u64,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use schemars::generate::SchemaSettings;
    use schemars::transform::{Transform, transform_subschemas};

    use super::*;
    use crate::report::{
        assess, audit, backtest, diff, explain, incident, inspect, log, status, team, update, vendored, verify,
    };

    /// What the types leave open: no field that is not named, no line end within a sentence, and no width of a number, which is Rust's and not
    /// the document's.
    #[derive(Clone)]
    struct Strict;

    impl Transform for Strict {
        fn transform(&mut self, schema: &mut Schema) {
            transform_subschemas(self, schema);
            let Some(object) = schema.as_object_mut() else { return };
            if object.contains_key("properties") && !object.contains_key("additionalProperties") {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            // A comment's lines end where the editor's do.
            if let Some(serde_json::Value::String(description)) = object.get_mut("description") {
                *description = description.replace('\n', " ");
            }
            if object.get("format").and_then(|format| format.as_str()).is_some_and(is_width) {
                object.remove("format");
            }
        }
    }

    fn is_width(format: &str) -> bool {
        format == "double" || format.starts_with("uint") || format.starts_with("int")
    }

    fn schema_of<T: JsonSchema>() -> String {
        let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(Strict);
        let schema = settings.into_generator().into_root_schema_for::<T>();
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    macro_rules! published {
        ($name:literal) => {
            ($name, include_str!(concat!("../../docs/", $name, "-v1.schema.json")))
        };
    }

    /// Each document's name, its published schema, and what its types say.
    fn schemas() -> [((&'static str, &'static str), String); 15] {
        [
            (published!("assess"), schema_of::<assess::json::Document<'_>>()),
            (published!("diff"), schema_of::<diff::json::Document<'_>>()),
            (published!("audit"), schema_of::<audit::json::Document<'_>>()),
            (published!("explain"), schema_of::<explain::json::Explained<'_>>()),
            (published!("incident"), schema_of::<incident::json::Document<'_>>()),
            (published!("status"), schema_of::<status::json::Status<'_>>()),
            (published!("update"), schema_of::<update::json::Document<'_>>()),
            (published!("vendor"), schema_of::<vendored::Document<'_>>()),
            (published!("verify"), schema_of::<verify::json::Document<'_>>()),
            (published!("inspect"), schema_of::<inspect::json::Document<'_>>()),
            (published!("log"), schema_of::<log::Document<'_>>()),
            (published!("backtest"), schema_of::<backtest::json::Document<'_>>()),
            (published!("team-held"), schema_of::<team::json::Held<'_>>()),
            (published!("team-crate"), schema_of::<team::json::CrateTold<'_>>()),
            (published!("team-search"), schema_of::<team::json::SearchTold<'_>>()),
        ]
    }

    #[test]
    fn the_published_schemas_are_those_of_the_types() {
        for ((name, published), schema) in schemas() {
            assert!(
                published.replace("\r\n", "\n") == schema,
                "docs/{name}-v1.schema.json is not what the types say: look at what `cargo test --lib write_schemas -- --ignored` changes"
            );
        }
    }

    #[test]
    #[ignore = "writes the published schemas, when a document's type has changed"]
    fn write_schemas() {
        for ((name, _), schema) in schemas() {
            let path = format!("{}/docs/{name}-v1.schema.json", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, schema).unwrap();
        }
    }

    #[test]
    fn every_reason_has_a_shape() {
        let schema = serde_json::to_value(schemars::schema_for!(Reason)).unwrap();
        let shapes = schema["oneOf"].as_array().unwrap();
        for code in model::verdict::ReasonCode::ALL {
            let has = |shape: &serde_json::Value| shape["properties"]["code"]["const"] == code.as_str();
            assert!(shapes.iter().any(has), "{}", code.as_str());
        }
    }
}
