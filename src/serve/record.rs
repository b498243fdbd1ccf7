//! What happened once, for whoever asks later: each event an object of its own that nothing replaces.

use jiff::Timestamp;
use serde::Serialize;

use super::store::{Key, Store, StoreError, digest_of};
use crate::model::checksum::Checksum;

/// An event.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// From now on a team is judged by this policy.
    PolicyChanged { team: &'a str, digest: Checksum },
    /// A team's CI posted a lock file.
    LockPosted { team: &'a str, project: &'a str, digest: Checksum, by: Option<&'a str>, refused: usize },
    /// A registry said something else than before.
    Contradiction { registry: &'a str, what: &'a str },
    /// A person said that what a registry says otherwise is right.
    Corrected { registry: &'a str, what: &'a str, checksum: Checksum, by: &'a str, reason: &'a str },
    /// A person said that an advisory about a malicious release is wrong, which its source has no more and never withdrew.
    AdvisoryWithdrawn { advisory: &'a str, by: &'a str, reason: &'a str },
    /// In these keys a team's policy lets more through than before.
    PolicyLoosened { team: &'a str, digest: Checksum, keys: &'a [String] },
    /// A registry does not have a release any more.
    Deleted { registry: &'a str, what: &'a str },
}

#[derive(Serialize)]
struct Record<'a> {
    schema: u8,
    at: Timestamp,
    event: &'a Event<'a>,
}

/// Writes an event down.
pub(crate) async fn record(store: &Store, at: Timestamp, event: &Event<'_>) -> Result<(), StoreError> {
    // Our own types have a form in JSON.
    let bytes = serde_json::to_vec(&Record { schema: 1, at, event }).unwrap_or_default();
    // The same event of the same moment is there already.
    store.ensure(&Key::trail(digest_of(&bytes)), bytes.into()).await
}
