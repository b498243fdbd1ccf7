//! `log --vsa`: what the trail decided about a release, as an in-toto Statement v1 with SLSA's Verification Summary v1 as predicate.
//!
//! The statement is not signed: that is the caller's part, with the caller's key.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::tz::TimeZone;
use semver::Version;
use serde::Serialize;

use super::escape;
use super::words::rfc3339;
use crate::model::Timestamp;
use crate::model::checksum::{Checksum, Hashed};
use crate::model::package::CrateId;
use crate::model::trail::release::{ApprovalRecord, ReleaseRecord};
use crate::model::trail::{AdvisoryCopy, Event, EventId, Kind, Trail};
use crate::model::verdict::{BasisCode, VerdictCode};

/// The type of an in-toto Statement v1.
pub(super) const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// The type of SLSA's Verification Summary v1.
const VERIFICATION_SUMMARY_V1: &str = "https://slsa.dev/verification_summary/v1";
/// The version of SLSA's specification that the levels are of.
const SLSA_VERSION: &str = "1.2";
/// SLSA's own levels are about how a release was built, which nobody looked at here. The specification leaves other names to the verifier:
/// that it was approved, and by what.
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

/// Who states, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stating<'a> {
    /// The URI that names the verifier: whoever signs.
    pub verifier_id: &'a str,
    /// The URI at which readers of the statement find the policy, where there is one.
    pub policy_uri: Option<&'a str>,
    /// The moment of the statement: an approval that is over by then passes nothing.
    pub now: Timestamp,
}

/// The statement.
#[derive(Debug, Serialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Descriptor>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate,
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
    verified_levels: Vec<String>,
    slsa_version: &'static str,
}

#[derive(Debug, Serialize)]
struct Verifier {
    id: String,
    version: BTreeMap<&'static str, String>,
}

/// An in-toto resource descriptor.
#[derive(Debug, Default, Serialize)]
pub(super) struct Descriptor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) digest: BTreeMap<&'static str, String>,
}

impl Descriptor {
    /// Of what has this SHA-256.
    pub(super) fn of(checksum: Checksum) -> Self {
        Self { digest: BTreeMap::from([("sha256", checksum.to_string())]), ..Self::default() }
    }

    /// Of the policy that was judged by. Where nobody wrote one, the defaults held, which are those of an empty file.
    pub(super) fn of_policy(policy: Option<Checksum>, uri: Option<&str>) -> Self {
        Self { uri: uri.map(str::to_owned), ..Self::of(policy.unwrap_or_else(|| Hashed::of(Vec::new()).checksum())) }
    }

    /// Of a copy of the advisory database; `None` where nothing identifies it. A folder's path says nothing elsewhere.
    fn of_advisories(copy: &AdvisoryCopy) -> Option<Self> {
        let commit = copy.commit.clone().filter(|text| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()));
        let is_address = ["https://", "http://", "git+"].iter().any(|scheme| copy.source.starts_with(scheme));
        let uri = is_address.then(|| copy.source.clone());
        let digest: BTreeMap<_, _> = commit.map(|commit| ("gitCommit", commit)).into_iter().collect();
        (uri.is_some() || !digest.is_empty()).then(|| Self { name: Some("advisories".to_owned()), uri, digest })
    }
}

/// States the trail's latest verdict on a release: passed where it was approved, nobody took that back, and what a person gave for it is
/// not over.
///
/// # Errors
/// The trail is not whole, has no verdict on the release, or not its checksum.
pub fn statement(
    trail: &Trail,
    crate_id: &CrateId,
    version: &Version,
    stating: &Stating<'_>,
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
    let lapsed = latest.passed() == Some(true) && has_lapsed(&events, latest, stating.now);
    let passed = latest.passed() == Some(true) && !lapsed;
    let levels = || {
        let basis = latest
            .record
            .basis
            .as_ref()
            .map(|basis| format!("SEQUESTER_BASIS_{}", basis.code.as_str().to_uppercase().replace('-', "_")));
        APPROVED.iter().map(ToString::to_string).chain(basis).collect()
    };
    let purl = latest.record.purl();
    let event = Descriptor {
        name: Some(latest.event.file_name(latest.id).to_string()),
        ..Descriptor::of(*latest.id.checksum())
    };
    Ok(Statement {
        kind: STATEMENT_V1,
        subject: vec![Descriptor { name: Some(purl.clone()), ..Descriptor::of(checksum) }],
        predicate_type: VERIFICATION_SUMMARY_V1,
        predicate: Predicate {
            verifier: Verifier {
                id: stating.verifier_id.to_owned(),
                version: BTreeMap::from([("cargo-sequester", latest.event.tools.sequester.to_string())]),
            },
            time_verified: rfc3339(if lapsed { stating.now } else { latest.event.time }),
            resource_uri: purl,
            policy: Descriptor::of_policy(latest.event.policy, stating.policy_uri),
            input_attestations: std::iter::once(event)
                .chain(latest.event.advisories.as_ref().and_then(Descriptor::of_advisories))
                .collect(),
            verification_result: if passed { "PASSED" } else { "FAILED" },
            verified_levels: if passed { levels() } else { vec!["FAILED".to_owned()] },
            slsa_version: SLSA_VERSION,
        },
    })
}

/// Whether the latest verdict leans on what a person gave for a time that is over: an approval that it stands on, or the ignore of an
/// advisory. What was given again counts from its last day.
fn has_lapsed(events: &[Touch<'_>], latest: &Touch<'_>, now: Timestamp) -> bool {
    let today = now.to_zoned(TimeZone::UTC).date();
    let given = || events.iter().filter_map(|touch| touch.record.approval.as_ref());
    let is_over = |approvals: Vec<&ApprovalRecord>| {
        !approvals.is_empty() && approvals.iter().all(|one| one.until.is_some_and(|until| until < today))
    };
    let stands_on_approval = latest.record.basis.as_ref().is_some_and(|basis| basis.code == BasisCode::Approval);
    let ignored: BTreeSet<&String> = given().flat_map(|one| &one.ignores).collect();
    stands_on_approval && is_over(given().filter(|one| !one.lifts.is_empty()).collect())
        || ignored.into_iter().any(|id| is_over(given().filter(|one| one.ignores.contains(id)).collect()))
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
