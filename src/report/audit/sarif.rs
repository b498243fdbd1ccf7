//! `--format sarif`: SARIF 2.1.0 (OASIS), one rule a reason code, one result a reason or warning.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{AuditReport, Place, Places, Problem, problems};
use crate::model::checksum::Checksum;
use crate::model::verdict::{Reason, ReasonCode, Signal, Warning};
use crate::report::context::package_name;
use crate::report::escape::{sarif, uri_path};
use crate::report::{blocker, change, cure, json, notice, reason};

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
pub fn write(report: &AuditReport<'_>, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let mut results = Vec::new();
    for problem in problems(report) {
        results.extend(problem.reasons.iter().map(|found| refused(found, &problem, places, report)));
    }
    for (position, (package, judgement)) in report.packages.iter().zip(&report.evaluation.judgements).enumerate() {
        for warning in &judgement.warnings {
            let sentence = notice::warning(warning, &package.id, &report.context());
            let text = format!("{}: {sentence}", package_name(&package.id));
            let key = [package.id.to_string(), warning_key(warning)];
            let rule = warning.code();
            results.push(outcome(rule, "warning", &text, &key, places.package(position, report)));
        }
    }
    for one in report.decided {
        let text = format!("the change {}", change::decided(one));
        let key = [one.key.clone(), String::new()];
        results.push(outcome("change-decides", "note", &text, &key, places.loosening(one)));
    }
    for loosening in report.loosened {
        let (base, head) = change::sides(loosening);
        let text = format!("the change loosens the policy: {}", change::loosened(loosening));
        let key = [loosening.key.clone(), format!("{base}\n{head}")];
        results.push(outcome("policy-loosened", "error", &text, &key, places.loosening(loosening)));
    }
    for told in change::side_effects(&report.evaluation.also) {
        let level = if told.fails { "error" } else { "warning" };
        let text = format!("this change also {}", told.text);
        let key = [told.code.to_owned(), told.text];
        results.push(outcome("change-also", level, &text, &key, places.lock_file()));
    }
    for event in &report.evaluation.truncated {
        let key = [event.to_string(), String::new()];
        results.push(outcome("trail-truncated", "error", &change::missing_event(event), &key, places.lock_file()));
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
        .map(|notice| notification("note", &notice::notice(notice, &context), places.notice(notice, report)));
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

/// One kind of finding.
pub(super) struct Rule {
    /// The reason's or warning's code.
    pub(super) id: &'static str,
    /// The level where a result does not say another.
    pub(super) level: &'static str,
    /// What it is.
    pub(super) description: &'static str,
    /// What to do about it.
    pub(super) help: &'static str,
}

const fn error(id: &'static str, description: &'static str, help: &'static str) -> Rule {
    Rule { id, level: "error", description, help }
}

const fn warning(id: &'static str, description: &'static str, help: &'static str) -> Rule {
    Rule { id, level: "warning", description, help }
}

/// Every rule, the reasons in their order.
pub(super) fn rules() -> Vec<Rule> {
    let of_reason = |code: ReasonCode| {
        let (description, help) = reason::rule(code);
        error(code.as_str(), description, help)
    };
    ReasonCode::ALL.into_iter().map(of_reason).chain(OTHERS).collect()
}

/// The rules that are no reason's.
const OTHERS: [Rule; 8] = [
    warning(
        "ignored",
        "The policy ignores an advisory for now.",
        "Mend it before the date at which the advisory counts again.",
    ),
    warning(
        "named-by-advisory",
        "An advisory is about the release of crates.io with the name and version of a package from elsewhere.",
        "Find out whether this copy has the same fault, and move it to a commit that has not.",
    ),
    warning(
        "outside-workspace",
        "A path dependency lies outside the workspace.",
        "Move it into the workspace, so that the same review sees it.",
    ),
    warning(
        "license-undecided",
        "The licence could not be judged without a verified archive.",
        "Have the archive in cargo's cache, or vendor it.",
    ),
    Rule {
        id: "change-decides",
        level: "note",
        description: "The change itself exempts a release, ignores an advisory or adopts the quarantine.",
        help: "Whoever merges the change decides this with it.",
    },
    error(
        "policy-loosened",
        "The change makes the policy laxer than its base has it.",
        "Whoever merges the change answers for this line.",
    ),
    error(
        "change-also",
        "Beside what it locks, the change alters what cargo builds or runs, or adds to the audit trail what no run wrote.",
        "Whoever merges the change answers for a setting. Take files that spoil the audit trail out of the change.",
    ),
    error(
        "trail-truncated",
        "The change lacks an event of the audit trail that its base has.",
        "Take the folder `.sequester/trail` from the base: a change adds events and never takes one away.",
    ),
];
