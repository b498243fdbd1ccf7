//! `--format sarif`: SARIF 2.1.0 (OASIS), one rule a reason code, one result a reason or warning.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::escape::{sarif, uri_path};
use super::places::{Place, Places};
use super::problem::{Problem, problems};
use super::{AuditReport, also, blocker, cure, decision, human, json, package_name, reason, remark};
use crate::model::checksum::Checksum;
use crate::model::verdict::{Reason, Signal, Warning};
use rules::{Rule, rules};

mod rules;

#[derive(Serialize)]
struct Log {
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Outcome>,
    column_kind: &'static str,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<[Location; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

/// The base that code hosts take for the repository's root.
const ROOT: &str = "%SRCROOT%";

/// The same for the same finding, whenever and wherever it is found: code hosts tell old findings from new ones by the first.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "primaryLocationLineHash")]
    line: String,
    #[serde(rename = "cargoSequester/v1")]
    own: String,
}

/// Writes the log and a line end.
///
/// # Errors
/// The writer's.
pub fn audit(report: &AuditReport<'_>, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let mut results = Vec::new();
    for problem in problems(report) {
        results.extend(problem.reasons.iter().map(|found| refused(found, &problem, places, report)));
    }
    for (position, (package, judgement)) in report.packages.iter().zip(&report.evaluation.judgements).enumerate() {
        for warning in &judgement.warnings {
            let sentence = remark::warning(warning, &package.id, &report.context());
            let text = format!("{}: {sentence}", package_name(&package.id));
            let key = [package.id.to_string(), warning_key(warning)];
            let rule = warning.code();
            results.push(outcome(rule, "warning", &text, &key, places.package(position, report)));
        }
    }
    for one in report.decided {
        let text = format!("the change {}", decision::sentence(one));
        let key = [one.key.clone(), String::new()];
        results.push(outcome("change-decides", "note", &text, &key, places.loosening(one)));
    }
    for loosening in report.loosened {
        let (base, head) = decision::sides(loosening);
        let text = format!("the change loosens the policy: {}", decision::changed(loosening));
        let key = [loosening.key.clone(), format!("{base}\n{head}")];
        results.push(outcome("policy-loosened", "error", &text, &key, places.loosening(loosening)));
    }
    for told in also::told(&report.evaluation.also) {
        let level = if told.fails { "error" } else { "warning" };
        let text = format!("this change also {}", told.text);
        let key = [told.code.to_owned(), told.text];
        results.push(outcome("change-also", level, &text, &key, places.lock_file()));
    }
    for event in &report.evaluation.truncated {
        let key = [event.to_string(), String::new()];
        results.push(outcome("trail-truncated", "error", &human::missing_event(event), &key, places.lock_file()));
    }
    let log = Log {
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "cargo-sequester",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules().iter().map(descriptor).collect(),
                },
            },
            invocations: [invocation(report, places)],
            results,
            column_kind: "unicodeCodePoints",
        }],
    };
    json::write(&log, out)
}

/// Blockers make the run unsuccessful; they and the notices are about the run, not about a line of code.
fn invocation(report: &AuditReport<'_>, places: &Places) -> Invocation {
    let context = report.context();
    let notification = |level, text: &str, place: Option<Place<'_>>| {
        let locations = place.map(|place| [location(place)]);
        Notification { level, message: message(text), locations }
    };
    let blockers = blocker::groups(&report.evaluation.blockers, &context);
    let errors = blockers
        .iter()
        .map(|group| notification("error", &format!("{}. Help: {}", group.message, group.help.line()), None));
    let notices = report
        .notices()
        .map(|notice| notification("note", &remark::notice(notice, &context), places.notice(notice, report)));
    Invocation {
        execution_successful: report.evaluation.blockers.is_empty(),
        tool_execution_notifications: errors.chain(notices).collect(),
    }
}

fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.id,
        short_description: message(rule.description),
        help: message(rule.help),
        default_configuration: Configuration { level: rule.level },
    }
}

fn refused(found: &Reason, problem: &Problem<'_>, places: &Places, report: &AuditReport<'_>) -> Outcome {
    let id = &problem.package.id;
    let cures = cure::cures(problem, report);
    let help = cures.first().map(|cure| format!(". Help: {}", cure.line())).unwrap_or_default();
    let sentence = reason::sentence(found, id, &report.context());
    let text = format!("{} is {}: {sentence}{help}", package_name(id), problem.severity.word().to_lowercase());
    let key = [problem.package.id.to_string(), reason_key(found)];
    outcome(found.code().as_str(), "error", &text, &key, places.package(problem.position, report))
}

fn outcome(rule_id: &'static str, level: &'static str, text: &str, key: &[String], place: Place<'_>) -> Outcome {
    let mut hash = Sha256::new_with_prefix(rule_id);
    for part in key {
        hash.update([0]);
        hash.update(part);
    }
    let hash = Checksum::from_bytes(hash.finalize().into()).to_string();
    Outcome {
        rule_id,
        rule_index: rules().iter().position(|rule| rule.id == rule_id).unwrap_or_default(),
        level,
        message: message(text),
        locations: [location(place)],
        partial_fingerprints: Fingerprints { line: hash.clone(), own: hash },
    }
}

fn location(place: Place<'_>) -> Location {
    let artifact_location = Artifact { uri: uri_path(place.file.as_str()), uri_base_id: ROOT };
    let region = Region { start_line: place.line.unwrap_or(1) };
    Location { physical_location: PhysicalLocation { artifact_location, region } }
}

fn message(text: &str) -> Message {
    Message { text: sarif(text) }
}

/// What tells one reason of a code from another about the same package.
#[expect(clippy::wildcard_enum_match_arm, reason = "of any other code a package has one reason at most")]
fn reason_key(found: &Reason) -> String {
    match found {
        Reason::Signal { signal, .. } => signal_key(signal),
        Reason::Malicious { advisory } | Reason::Advisory { advisory, .. } => advisory.to_string(),
        Reason::AdvisoryUnreadable { file, .. } => file.clone(),
        Reason::Denied { entry } => entry.clone(),
        Reason::ChecksumMismatch { locked, expected, .. } => format!("{locked} {expected}"),
        _ => String::new(),
    }
}

fn warning_key(warning: &Warning) -> String {
    match warning {
        Warning::Advisory { advisory, .. }
        | Warning::Ignored { advisory, .. }
        | Warning::NamedByAdvisory { advisory, .. } => advisory.to_string(),
        Warning::Signal(signal) => signal_key(signal),
        Warning::Yanked | Warning::OutsideWorkspace { .. } | Warning::LicenseUndecided => String::new(),
    }
}

fn signal_key(signal: &Signal) -> String {
    match signal {
        Signal::NewDependency { dependency, .. } => format!("new-dependency {dependency}"),
        Signal::LookAlike { resembles } => format!("look-alike {resembles}"),
        Signal::Dormant { .. } | Signal::YankLure { .. } => signal.code().as_str().to_owned(),
    }
}
