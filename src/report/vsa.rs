//! `log --vsa`: what the trail decided about a release, as an in-toto Statement v1 with SLSA's Verification Summary v1 as predicate.
//!
//! The statement is not signed: that is the caller's part, with the caller's key.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use super::words::rfc3339;
use crate::model::Timestamp;
use crate::model::checksum::{Checksum, Hashed};
use crate::model::last_word::{Against, LastWord, NoWord};
use crate::model::trail::{AdvisoryCopy, Event, EventId};
use crate::model::verdict::BasisCode;

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

impl VsaError {
    /// Why there is nothing to state about a release of this name.
    #[must_use]
    pub fn of(why: NoWord, release: String) -> Self {
        match why {
            NoWord::NotWhole { file, code } => Self::NotWhole(format!("{file} ({code})")),
            NoWord::NotInTrail => Self::NotInTrail(release),
            NoWord::NoChecksum => Self::NoChecksum(release),
        }
    }
}

/// States the trail's last word on a release: passed where it was approved and all that this leaned on still counts.
#[must_use]
pub fn statement(word: &LastWord<'_>, stating: &Stating<'_>) -> Statement {
    let purl = word.record.purl();
    let of_event = |(id, event): (EventId, &Event)| Descriptor {
        name: Some(event.file_name(id).to_string()),
        ..Descriptor::of(*id.checksum())
    };
    let others = word.given.iter().copied().filter(|(id, _)| *id != word.id);
    Statement {
        kind: STATEMENT_V1,
        subject: vec![Descriptor { name: Some(purl.clone()), ..Descriptor::of(word.checksum) }],
        predicate_type: VERIFICATION_SUMMARY_V1,
        predicate: Predicate {
            verifier: Verifier {
                id: stating.verifier_id.to_owned(),
                version: BTreeMap::from([("cargo-sequester", word.event.tools.sequester.to_string())]),
            },
            time_verified: rfc3339(if word.passes() || !word.was_approved() { word.event.time } else { stating.now }),
            resource_uri: purl,
            policy: Descriptor::of_policy(word.event.policy, stating.policy_uri),
            input_attestations: std::iter::once((word.id, word.event))
                .chain(others)
                .map(of_event)
                .chain(word.event.advisories.as_ref().and_then(Descriptor::of_advisories))
                .collect(),
            verification_result: if word.passes() { "PASSED" } else { "FAILED" },
            verified_levels: if word.passes() { levels(word) } else { vec!["FAILED".to_owned()] },
            slsa_version: SLSA_VERSION,
        },
    }
}

/// That it was approved, in spite of what, how old it was then, and by what: the last of them.
fn levels(word: &LastWord<'_>) -> Vec<String> {
    let level = |text: &str| {
        format!("SEQUESTER_{}", text.to_uppercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
    };
    let advisories = match &word.event.advisories {
        None => Some("without-advisories"),
        Some(copy) if Descriptor::of_advisories(copy).is_none() => Some("advisories-unidentified"),
        Some(_) => None,
    };
    let ignored = word.ignored.iter().map(|(advisory, _)| format!("ignores-{advisory}"));
    let age = word.record.pubtime.map(|pubtime| word.event.time.duration_since(pubtime).as_secs() / 86_400);
    let age = age.filter(|days| *days >= 0).map(|days| format!("age-days-{days}"));
    let basis = word.record.basis.as_ref().map(|basis| {
        let is_shortened = basis.code == BasisCode::Aged && word.shortened;
        if is_shortened { "basis-shortened-age".to_owned() } else { format!("basis-{}", basis.code.as_str()) }
    });
    let ours = advisories.map(str::to_owned).into_iter().chain(ignored).chain(age).chain(basis);
    APPROVED.iter().map(ToString::to_string).chain(ours.map(|text| level(&text))).collect()
}

/// Why it does not pass, in a sentence without its end.
#[must_use]
pub(crate) fn against(against: &Against) -> String {
    match against {
        Against::Held(verdict) => format!("the trail says that it was {}", verdict.as_str()),
        Against::Revoked => "a person took the approval back".to_owned(),
        Against::ApprovalOver(until) => format!("the approval that it stood on ended with {until}"),
        Against::ApprovalGone => "the policy no longer has the approval that it stood on".to_owned(),
        Against::IgnoreOver { advisory, until } => format!("{advisory} hits it and was ignored until {until}"),
        Against::IgnoreGone { advisory } => format!("{advisory} hits it, and the policy no longer ignores that"),
    }
}

/// Writes the statement.
///
/// # Errors
/// The writer's.
pub fn write(statement: &Statement, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(statement)?;
    writeln!(out, "{}", escape::json(&text))
}
