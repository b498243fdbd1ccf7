//! How releases were published, in words.

use std::sync::Arc;

use serde::Serialize;

#[cfg(test)]
use super::shape;
use super::words::{few, moment, rfc3339};
use crate::model::publication::{ApiGap, PublicationRecord, Published, Publisher, TrustedPublisher, YankAction};

/// The crates that one line names before it counts the rest.
const NAMES: usize = 5;

/// Whoever publishes, in words that follow "published by".
#[must_use]
pub(crate) fn publisher(publisher: &Publisher) -> String {
    match publisher {
        Publisher::Account(login) => login.to_string(),
        Publisher::Trusted { provider, repository } => format!("{repository} on {provider} (trusted publishing)"),
    }
}

/// Several of them.
#[must_use]
pub(crate) fn publishers(all: &[Publisher]) -> String {
    few(&all.iter().map(publisher).collect::<Vec<_>>(), NAMES)
}

/// A CI's run that published something.
#[must_use]
pub(crate) fn run(trusted: &TrustedPublisher) -> String {
    let TrustedPublisher { commit, provider, repository, run } = trusted;
    let part = |name: &str, value: &Option<Box<str>>| value.as_ref().map(|value| format!(", {name} {value}"));
    let parts = [part("run", run), part("commit", commit)].into_iter().flatten().collect::<String>();
    let repository = repository.as_deref().unwrap_or("an unnamed repository");
    format!("{repository} on {provider} (trusted publishing{parts})")
}

/// Who published a release, and who says so.
#[must_use]
pub(crate) fn published(published: &Published) -> String {
    let PublicationRecord { by, trusted } = &published.record;
    let who = match (trusted, by) {
        (Some(trusted), _) => run(trusted),
        (None, Some(by)) => by.to_string(),
        (None, None) => "the registry does not say who".to_owned(),
    };
    let source = if published.recorded { ", as the audit trail recorded it" } else { "" };
    format!("{who}{source}")
}

/// A yank, or that it was taken back.
#[must_use]
pub(crate) fn yank(action: &YankAction) -> String {
    let by = action.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    let what = if action.undone { "taken back" } else { "yanked" };
    format!("{what} at {}{by}", moment(action.at))
}

/// Why nothing is known of publications.
#[must_use]
pub(crate) fn gap(gap: &ApiGap) -> String {
    match gap {
        ApiGap::Offline => "no registry may be asked in this run".to_owned(),
        ApiGap::NoApi => "the registry's config.json names no web API".to_owned(),
        ApiGap::NotAsked => "the registry is not one that is asked".to_owned(),
        ApiGap::TooMany => "more crates are in question than one run asks about".to_owned(),
        ApiGap::Absent { status, words } => {
            let said = if words.is_empty() { String::new() } else { format!(": {words}") };
            format!("the registry's web API answered with status {status}{said}")
        }
        ApiGap::Unlisted => "the answer of the registry's web API does not have the locked release".to_owned(),
        ApiGap::Failed(cause) => cause.clone(),
        ApiGap::Unreadable(cause) => format!("the answer of the registry's web API cannot be used: {cause}"),
    }
}

/// That nothing is known of the publications of these crates.
#[must_use]
pub(crate) fn unknown(why: &ApiGap, crates: &[Arc<str>]) -> String {
    let crates = few(&crates.iter().map(ToString::to_string).collect::<Vec<_>>(), NAMES);
    format!("who published {crates} is not known: {}", gap(why))
}

/// How it was published.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Publication"))]
pub(in crate::report) struct Json<'a> {
    /// Who says so. registry: its web API, in this run. trail: the audit trail, which recorded it earlier.
    #[cfg_attr(test, schemars(extend("enum" = ["registry", "trail"])))]
    told_by: &'static str,
    /// The login of the account that published it; null for a CI run, and where nobody knows.
    by: Option<&'a str>,
    /// The CI run that published it; null where it was an account.
    trusted: Option<Run<'a>>,
    /// When it was yanked and taken back, the oldest first; empty where only the trail was asked.
    yanks: Vec<Yank<'a>>,
}

/// A CI run whose identity the registry has checked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "a word of the published schema")]
struct Run<'a> {
    /// Such as `github`.
    provider: &'a str,
    /// As `owner/name`.
    repository: Option<&'a str>,
    /// The provider's name for it.
    run: Option<&'a str>,
    /// In hexadecimal.
    commit: Option<&'a str>,
}

/// A yank, or that one was taken back.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Yank<'a> {
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    at: String,
    /// Whether it took a yank back.
    undone: bool,
    /// The login of whoever did it.
    by: Option<&'a str>,
}

/// The same as JSON has it.
#[must_use]
pub(in crate::report) fn json(published: &Published) -> Json<'_> {
    Json {
        told_by: if published.recorded { "trail" } else { "registry" },
        by: published.record.by.as_deref(),
        trusted: published.record.trusted.as_ref().map(|TrustedPublisher { commit, provider, repository, run }| Run {
            provider,
            repository: repository.as_deref(),
            run: run.as_deref(),
            commit: commit.as_deref(),
        }),
        yanks: published
            .yanks
            .iter()
            .map(|one| Yank { at: rfc3339(one.at), undone: one.undone, by: one.by.as_deref() })
            .collect(),
    }
}
