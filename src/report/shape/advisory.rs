//! The shapes of what is told of an advisory.

use schemars::JsonSchema;

/// What an advisory says of a release.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(in crate::report) enum AdvisoryKind {
    Malicious,
    Vulnerability,
    Unsound,
    Unmaintained,
    Notice,
}

/// An advisory, and what is known of it.
#[derive(JsonSchema)]
pub(in crate::report) struct Cited {
    /// The advisory's id, such as RUSTSEC-2023-0071.
    advisory: String,
    /// The advisory's title; null when the advisory is not at hand.
    title: Option<String>,
    /// Where to read on; null when the advisory names no address.
    url: Option<String>,
    /// The operating systems that the advisory is limited to; empty where it is not, or is not at hand.
    os: Vec<String>,
    /// The processor architectures that the advisory is limited to; likewise.
    arch: Vec<String>,
}
