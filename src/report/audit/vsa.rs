//! `log --vsa`: what the trail decided about a release, as an in-toto Statement v1 with SLSA's Verification Summary v1 as predicate.
//!
//! The statement is not signed: that is the caller's part, with the caller's key.

use std::collections::BTreeMap;
use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use crate::model::checksum::Checksum;
use crate::model::package::CrateId;
use crate::model::trail::release::ReleaseRecord;
use crate::model::trail::{Event, EventId, Kind, Trail};
use crate::model::verdict::VerdictCode;
use crate::report::escape;
use crate::report::words::rfc3339;

/// The type of an in-toto Statement v1.
const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// The type of SLSA's Verification Summary v1.
const VERIFICATION_SUMMARY_V1: &str = "https://slsa.dev/verification_summary/v1";
/// The verifier's `id`: a name, not an address.
const VERIFIER: &str = "urn:cargo-sequester";
/// What an approved release has passed. SLSA's own levels are about how a release was built, which nobody looked at here; the
/// specification leaves other names to the verifier.
const APPROVED: [&str; 2] = ["SLSA_BUILD_LEVEL_UNEVALUATED", "SEQUESTER_APPROVED"];

/// Why there is nothing to state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VsaError {
    /// The trail says nothing of the release.
    #[error("the audit trail has no verdict on {0}\nhelp: `cargo sequester log` lists what it has")]
    NotInTrail(String),
    /// The trail does not know its bytes.
    #[error(
        "the audit trail has no checksum of {0}, so a statement would be about no bytes\nhelp: run `cargo sequester vendor`, which records it"
    )]
    NoChecksum(String),
    /// The trail was changed, so it states nothing.
    #[error("the audit trail is not whole: {0}\nhelp: run `cargo sequester log --verify`")]
    NotWhole(String),
}

/// The statement.
#[derive(Debug, Serialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate,
}

#[derive(Debug, Serialize)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct Digest {
    sha256: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    verifier: Verifier,
    time_verified: String,
    resource_uri: String,
    policy: Descriptor,
    input_attestations: Vec<Descriptor>,
    verification_result: &'static str,
    verified_levels: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Verifier {
    id: &'static str,
    version: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct Descriptor {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
}

/// States the trail's latest verdict on a release: passed where it was approved and nobody took that back. `policy_uri` names the
/// policy file as the reader of the statement finds it.
///
/// # Errors
/// The trail is not whole, has no verdict on the release, or not its checksum.
pub fn statement(
    trail: &Trail,
    crate_id: &CrateId,
    version: &Version,
    policy_uri: &str,
) -> Result<Statement, VsaError> {
    if let Some(problem) = trail.problems.first() {
        return Err(VsaError::NotWhole(format!("{} ({})", problem.file, problem.kind.code())));
    }
    let name = || format!("{}@{version}", crate_id.name);
    let events: Vec<_> =
        trail.newest_first().into_iter().filter_map(|(id, event)| touched(id, event, crate_id, version)).collect();
    let latest = events.iter().find(|touch| touch.passed().is_some()).ok_or_else(|| VsaError::NotInTrail(name()))?;
    let checksum = latest
        .record
        .checksum
        .or_else(|| events.iter().find_map(|touch| touch.record.checksum))
        .ok_or_else(|| VsaError::NoChecksum(name()))?;
    let passed = latest.passed() == Some(true);
    let purl = latest.record.purl();
    Ok(Statement {
        kind: STATEMENT_V1,
        subject: vec![Subject { name: purl.clone(), digest: digest(checksum) }],
        predicate_type: VERIFICATION_SUMMARY_V1,
        predicate: Predicate {
            verifier: Verifier {
                id: VERIFIER,
                version: BTreeMap::from([("cargo-sequester", latest.event.tools.sequester.to_string())]),
            },
            time_verified: rfc3339(latest.event.time),
            resource_uri: purl,
            policy: Descriptor { uri: policy_uri.to_owned(), digest: latest.event.policy.map(digest) },
            input_attestations: vec![Descriptor {
                uri: latest.event.file_name(latest.id).to_string(),
                digest: Some(digest(*latest.id.checksum())),
            }],
            verification_result: if passed { "PASSED" } else { "FAILED" },
            verified_levels: if passed { APPROVED.to_vec() } else { vec!["FAILED"] },
        },
    })
}

/// Writes the statement.
///
/// # Errors
/// The writer's.
pub fn write(statement: &Statement, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(statement)?;
    writeln!(out, "{}", escape::json(&text))
}

/// An event and what it says of the release.
struct Touch<'a> {
    id: EventId,
    event: &'a Event,
    record: &'a ReleaseRecord,
}

impl Touch<'_> {
    /// Whether the release passed; `None` where the event decides nothing about it.
    fn passed(&self) -> Option<bool> {
        match (self.event.kind, self.record.verdict) {
            (Kind::Revoked, _) => Some(false),
            (_, verdict) => verdict.map(|verdict| verdict == VerdictCode::Approved),
        }
    }
}

fn touched<'a>(id: EventId, event: &'a Event, crate_id: &CrateId, version: &Version) -> Option<Touch<'a>> {
    let mut records = event.releases.iter();
    let record = records.find(|record| record.crate_id == *crate_id && record.version == *version)?;
    Some(Touch { id, event, record })
}

fn digest(checksum: Checksum) -> Digest {
    Digest { sha256: checksum.to_string() }
}
