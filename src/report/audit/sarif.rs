//! `--format sarif`: SARIF 2.1.0 (OASIS), one rule a reason code, one result a reason or warning.

use std::io::{self, Write};

use serde::Serialize;

use super::AuditReport;
use super::finding::{Finding, Rank, Rule, bounded, findings, rules};
use super::places::{Place, Places};
use crate::report::escape::{sarif, uri_path};
use crate::report::{blocker, json, notice};

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: Automation,
    invocations: [Invocation; 1],
    results: Vec<Outcome>,
    column_kind: &'static str,
}

/// What is analysed: of each lock file its own findings are old or new.
#[derive(Serialize)]
struct Automation {
    id: String,
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
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
    properties: Properties,
}

/// What GitHub makes of a rule: among the security alerts, with this severity.
#[derive(Serialize)]
struct Properties {
    tags: [&'static str; 2],
    precision: &'static str,
    /// A number from 0 to 10, as a CVSS score is.
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
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
    start_column: usize,
    end_line: u32,
    /// The column behind the last.
    end_column: usize,
}

/// The base that code hosts take for the repository's root.
const ROOT: &str = "%SRCROOT%";

/// By the first, code hosts tell old findings from new ones.
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
pub fn write(report: &AuditReport<'_>, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let (rules, found) = (rules(), findings(report, places));
    let results = found.told.into_iter().map(|finding| outcome(finding, &rules)).collect();
    let id = format!("cargo-sequester/{}/", uri_path(places.lock_file.path().as_str()));
    json::write(&log(&rules, id, invocation(report, places, found.more), results), out)
}

/// The same for a run that ended before there was a report: an unsuccessful one without results.
///
/// # Errors
/// The writer's.
pub(crate) fn failure(text: &str, out: &mut impl Write) -> io::Result<()> {
    let cause = Notification { level: "error", message: message(&bounded(text)), locations: None };
    let invocation = Invocation { execution_successful: false, tool_execution_notifications: vec![cause] };
    json::write(&log(&rules(), "cargo-sequester/".to_owned(), invocation, Vec::new()), out)
}

fn log(rules: &[Rule], id: String, invocation: Invocation, results: Vec<Outcome>) -> Log {
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "cargo-sequester",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.iter().map(descriptor).collect(),
                },
            },
            automation_details: Automation { id },
            invocations: [invocation],
            results,
            column_kind: "unicodeCodePoints",
        }],
    }
}

/// Blockers make the run unsuccessful; they and the notices are about the run, not about a line of code.
fn invocation(report: &AuditReport<'_>, places: &Places, left_out: usize) -> Invocation {
    let context = report.context();
    let notification = |level, text: &str, place: Option<Place>| {
        let locations = place.map(|place| [location(&place)]);
        Notification { level, message: message(&bounded(text)), locations }
    };
    let blockers = blocker::groups(&report.evaluation.blockers, &context);
    let errors = blockers
        .iter()
        .map(|group| notification("error", &format!("{}. Help: {}", group.message, group.help.line()), None));
    let notices = report
        .notices()
        .map(|notice| notification("note", &notice::notice(notice, &context), places.notice(notice, report)));
    let rest = (left_out > 0)
        .then(|| notification("warning", &format!("{left_out} more findings are not in this log: it is full"), None));
    Invocation {
        execution_successful: report.evaluation.blockers.is_empty(),
        tool_execution_notifications: errors.chain(rest).chain(notices).collect(),
    }
}

fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.id,
        short_description: message(rule.description),
        full_description: message(&format!("{} {}", rule.description, rule.help)),
        help: message(rule.help),
        default_configuration: Configuration { level: level(rule.rank) },
        properties: Properties {
            tags: ["security", "supply-chain"],
            precision: "high",
            security_severity: match rule.rank {
                Rank::Harm => "9.5",
                Rank::Refused => "7.5",
                Rank::Held => "5.0",
                Rank::Warning | Rank::Note => "2.0",
            },
        },
    }
}

const fn level(rank: Rank) -> &'static str {
    match rank {
        Rank::Harm | Rank::Refused | Rank::Held => "error",
        Rank::Warning => "warning",
        Rank::Note => "note",
    }
}

fn outcome(finding: Finding, rules: &[Rule]) -> Outcome {
    Outcome {
        rule_id: finding.rule,
        rule_index: rules.iter().position(|rule| rule.id == finding.rule).unwrap_or_default(),
        level: level(finding.rank),
        message: message(&finding.text),
        locations: [location(&finding.place)],
        partial_fingerprints: Fingerprints { line: finding.fingerprint.clone(), own: finding.fingerprint },
    }
}

fn location(place: &Place) -> Location {
    let artifact_location = Artifact { uri: uri_path(place.file.as_str()), uri_base_id: ROOT };
    let line = place.line.unwrap_or(1);
    // An empty region would be a place between two characters.
    let end_column = place.columns.max(1) + 1;
    let region = Region { start_line: line, start_column: 1, end_line: line, end_column };
    Location { physical_location: PhysicalLocation { artifact_location, region } }
}

fn message(text: &str) -> Message {
    Message { text: sarif(text) }
}
