//! `assess --format in-toto`: statements about the lock file, one a line, unsigned. What is met stands in a Simple Verification Result,
//! which has room for nothing else; all answers stand in a predicate of our own.

use std::io::{self, Write};

use serde::Serialize;

use super::{AssessReport, evidence, lack, unseen};
use crate::model::standard::{Answer, Standard};
use crate::report::escape;
use crate::report::vsa::{Descriptor, STATEMENT_V1};
use crate::report::words::rfc3339;

/// The type of in-toto's Simple Verification Result, version 0.2.
const SVR: &str = "https://in-toto.io/attestation/svr/v0.2";
/// The type of our own predicate: every answer, and what is lacking.
pub(crate) const ASSESSMENT_V1: &str = "urn:cargo-sequester:assessment-v1";

#[derive(Serialize)]
struct Statement<P> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Descriptor; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: P,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verified<'a> {
    verifier: Verifier<'a>,
    time_created: String,
    properties: Vec<String>,
}

#[derive(Serialize)]
struct Verifier<'a> {
    id: &'a str,
    policies: [Descriptor; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Assessment<'a> {
    verifier: Verifier<'a>,
    time_created: String,
    standard: &'static str,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Requirement {
    id: &'static str,
    answer: &'static str,
    evidence: Vec<String>,
    lacking: Vec<String>,
    /// What could not be seen in this run, and what it asks beyond what was looked at.
    not_shown: Vec<String>,
}

/// # Errors
/// The writer's.
pub(crate) fn write(report: &AssessReport<'_>, verifier_id: &str, out: &mut impl Write) -> io::Result<()> {
    let verifier = || Verifier { id: verifier_id, policies: [Descriptor::of_policy(report.policy, None)] };
    let met = report.assessed.iter().filter(|one| one.answer == Answer::Met);
    let properties = met.map(|one| property(report.standard, one.requirement.id)).collect();
    let time_created = rfc3339(report.context.now);
    line(report, SVR, Verified { verifier: verifier(), time_created: time_created.clone(), properties }, out)?;
    let requirements = report.assessed.iter().map(|one| Requirement {
        id: one.requirement.id,
        answer: one.answer.as_str(),
        evidence: one.evidence.iter().map(evidence).collect(),
        lacking: one.lacking.iter().map(lack).collect(),
        not_shown: one
            .unseen
            .iter()
            .map(|open| unseen(open, &report.context).0)
            .chain(one.requirement.beyond.map(str::to_owned))
            .collect(),
    });
    let standard = report.standard.as_str();
    let predicate = Assessment { verifier: verifier(), time_created, standard, requirements: requirements.collect() };
    line(report, ASSESSMENT_V1, predicate, out)
}

/// SLSA has no names for the levels of this track, so none of the properties looks like one.
fn property(standard: Standard, id: &str) -> String {
    let prefix = match standard {
        Standard::SlsaDependency => "SEQUESTER_SLSA_DEPENDENCY_DRAFT",
        Standard::S2c2f => "SEQUESTER_S2C2F",
    };
    format!("{prefix}_{}", id.to_uppercase().replace('-', "_"))
}

fn line<P: Serialize>(
    report: &AssessReport<'_>,
    predicate_type: &'static str,
    predicate: P,
    out: &mut impl Write,
) -> io::Result<()> {
    let subject = Descriptor { name: Some("Cargo.lock".to_owned()), ..Descriptor::of(report.lock_file) };
    let statement = Statement { kind: STATEMENT_V1, subject: [subject], predicate_type, predicate };
    writeln!(out, "{}", escape::json(&serde_json::to_string(&statement)?))
}
