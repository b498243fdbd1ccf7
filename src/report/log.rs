//! `log`: the audit trail, newest first, one block an event; and what `log --verify` found.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::context::{Verbosity, registry_name};
use super::notice::{trail_problem, whole_trail_help};
use super::print::{Tone, detail, line};
use super::way_out::WayOut;
use super::words::{counted, moment, span};
use super::{escape, print};
use crate::model::source::Registry;
use crate::model::trail::event::{Kind, KnownFrom, Who};
use crate::model::trail::release::{ApprovalRecord, BasisRecord, ReasonRecord, ReleaseRecord};
use crate::model::trail::{Event, EventId, HeadCheck, Selection, Trail};
use crate::model::verdict::VerdictCode;

/// How many releases one event shows before it counts the rest.
const RELEASES: usize = 10;

/// Everything that a report of `log` tells.
#[derive(Clone, Copy, Debug)]
pub struct LogReport<'a> {
    /// The trail.
    pub trail: &'a Trail,
    /// Which of its events are told.
    pub selection: &'a Selection,
    /// What heads that were kept elsewhere say of it, where the caller gave some.
    pub heads: Option<&'a HeadCheck>,
}

impl LogReport<'_> {
    /// Whether the trail is whole and has every head that was expected.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.trail.problems.is_empty() && self.heads.is_none_or(|heads| heads.missing.is_empty())
    }
}

/// Writes the chosen events, and what is wrong with the trail.
///
/// # Errors
/// The writer's.
pub fn human(report: &LogReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let chosen = report.selection.of(report.trail);
    for (id, event) in &chosen {
        block(*id, event, report.selection, verbosity, out)?;
    }
    if chosen.is_empty() {
        let of = counted(report.trail.events.len(), "event");
        let text = match &report.selection.crate_name {
            _ if report.trail.events.is_empty() => "the audit trail has no event yet".to_owned(),
            Some(name) => format!("none of the audit trail's {of} is about {name} and fits what was asked for"),
            None => format!("none of the audit trail's {of} fits what was asked for"),
        };
        line(out, Tone::Plain, "Nothing", &text)?;
    }
    problems(report, out)
}

/// Writes what is wrong, the heads, and nothing else: the answer of `log --verify`.
///
/// # Errors
/// The writer's.
pub fn verification(report: &LogReport<'_>, out: &mut impl Write) -> io::Result<()> {
    problems(report, out)?;
    for head in &report.trail.heads {
        line(out, Tone::Plain, "Head", &head.to_string())?;
    }
    let count = counted(report.trail.events.len(), "event");
    let wrong = report.trail.problems.len() + report.heads.map_or(0, |heads| heads.missing.len());
    if report.is_whole() {
        line(out, Tone::Good, "Verified", &format!("{count}; every id recomputed, every parent found"))
    } else {
        line(out, Tone::Bad, "Broken", &format!("{}, {count} verified", counted(wrong, "problem")))
    }
}

fn problems(report: &LogReport<'_>, out: &mut impl Write) -> io::Result<()> {
    for problem in &report.trail.problems {
        line(out, Tone::Bad, "Broken", &format!("{}: {}", problem.file, trail_problem(&problem.kind)))?;
    }
    let Some(heads) = report.heads else {
        return if report.trail.problems.is_empty() { Ok(()) } else { help(out) };
    };
    for id in &heads.missing {
        line(out, Tone::Bad, "Missing", &format!("{id}, which was expected: the end of the trail was cut off"))?;
    }
    for id in &heads.beside {
        let sentence = format!("{id} neither leads up to an expected head nor follows from one");
        line(out, Tone::Caution, "Beside", &sentence)?;
    }
    if report.is_whole() { Ok(()) } else { help(out) }
}

fn help(out: &mut impl Write) -> io::Result<()> {
    print::help(out, &WayOut::words(whole_trail_help()))
}

fn block(
    id: EventId,
    event: &Event,
    selection: &Selection,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    let who = event.who.as_ref().map_or_else(String::new, |who| format!(" by {}", person(who)));
    line(out, tone(event.kind), title(event.kind), &format!("{}{who}", moment(event.written())))?;
    if verbosity > Verbosity::Quiet {
        detail(out, Tone::Plain, "event", &lineage(id, event))?;
        if let Some(judged) = judged_by(event) {
            detail(out, Tone::Plain, "judged", &judged)?;
        }
    }
    for change in &event.loosened {
        let (before, now) = (change.before.as_deref().unwrap_or("nothing"), change.now.as_deref().unwrap_or("nothing"));
        detail(out, Tone::Bad, "loosened", &format!("{}: {before} → {now}", change.key))?;
    }
    for healed in &event.healed {
        let files = if healed.files.is_empty() { String::new() } else { format!(": {}", healed.files.join(", ")) };
        detail(out, Tone::Caution, "healed", &format!("{} had been altered{files}", healed.path))?;
    }
    let limit = if verbosity == Verbosity::Verbose { usize::MAX } else { RELEASES };
    let chosen = event.releases.iter().filter(|release| selection.takes_release(release));
    let count = chosen.clone().count();
    for record in chosen.take(limit) {
        detail(out, release_tone(record), "release", &release(record))?;
        if let Some(approval) = &record.approval {
            detail(out, Tone::Plain, "approval", &approved(approval, event.kind))?;
        }
    }
    if count > limit {
        detail(out, Tone::Plain, "release", &format!("and {} more; run with -v for all", count - limit))?;
    }
    Ok(())
}

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Init => "Init",
        Kind::Vendored => "Vendored",
        Kind::Updated => "Updated",
        Kind::Approved => "Approved",
        Kind::Revoked => "Revoked",
        Kind::PolicyChanged => "Policy",
        Kind::PolicyLoosened => "Loosened",
    }
}

const fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::Init | Kind::Vendored | Kind::Updated => Tone::Good,
        Kind::Approved | Kind::Revoked | Kind::PolicyChanged => Tone::Caution,
        Kind::PolicyLoosened => Tone::Bad,
    }
}

const fn release_tone(record: &ReleaseRecord) -> Tone {
    match record.verdict {
        Some(VerdictCode::Approved) => Tone::Good,
        Some(VerdictCode::Quarantined) => Tone::Caution,
        Some(VerdictCode::Rejected) => Tone::Bad,
        None => Tone::Plain,
    }
}

/// A person, and how far the name can be believed.
fn person(who: &Who) -> String {
    let known = match who.known_from {
        KnownFrom::Flag => "as --by says",
        KnownFrom::Git => "as git's configuration says",
        KnownFrom::Environment => "as the environment says",
    };
    format!("{} ({known})", who.name)
}

fn lineage(id: EventId, event: &Event) -> String {
    let parents: Vec<_> = event.parents.iter().map(EventId::short).collect();
    match parents.as_slice() {
        [] => format!("{}, the first", id.short()),
        [parent] => format!("{} after {parent}", id.short()),
        several => format!("{} joins {}", id.short(), several.join(" and ")),
    }
}

fn judged_by(event: &Event) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(event.machine_time.map(|_| format!("at {}, as --now says", moment(event.time))));
    parts.extend(event.policy.map(|digest| format!("by policy {}", short(&digest.to_string()))));
    parts.extend(event.min_publish_age_seconds.map(|age| format!("--min-publish-age of {}", span(age))));
    parts.extend(event.advisories.as_ref().map(|copy| {
        let commit = copy.commit.as_deref().map_or("unknown", short);
        let time = copy.time.map_or_else(String::new, |time| format!(" of {}", moment(time)));
        format!("advisories at commit {commit}{time}")
    }));
    parts.extend(event.without_advisories.then(|| "no advisories, as --no-advisories says".to_owned()));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The first digits of a digest or a commit.
fn short(digits: &str) -> &str {
    digits.get(..12).unwrap_or(digits)
}

/// A release and what was decided about it, in one line.
fn release(record: &ReleaseRecord) -> String {
    let place = match &record.crate_id.registry {
        Registry::CratesIo => String::new(),
        other @ (Registry::Sparse(_) | Registry::Git(_)) => format!(" ({})", registry_name(other)),
    };
    let before = record.replaced.as_ref().map_or_else(String::new, |version| format!(", before it {version}"));
    let verdict = record.verdict.map_or_else(String::new, |verdict| format!(": {}", verdict.as_str()));
    let basis = record.basis.as_ref().map_or_else(String::new, |basis| format!(", {}", stands_on(basis)));
    let reasons: Vec<_> = record.reasons.iter().map(reason).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    format!("{}@{}{place}{before}{verdict}{basis}{reasons}", record.crate_id.name, record.version)
}

fn stands_on(basis: &BasisRecord) -> String {
    let mut text = basis.code.as_str().to_owned();
    let lifted: Vec<_> = basis.lifted.iter().map(|code| code.as_str()).collect();
    let lifted = (!lifted.is_empty()).then(|| lifted.join(", "));
    for (word, part) in [(" for ", &basis.advisory), (" with ", &basis.of), (" by ", &basis.by), (" lifting ", &lifted)]
    {
        if let Some(part) = part {
            text += word;
            text += part;
        }
    }
    text
}

fn reason(reason: &ReasonRecord) -> String {
    let signal = reason.signal.map_or_else(String::new, |signal| format!(" {}", signal.as_str()));
    let about = reason.about.as_ref().map_or_else(String::new, |about| format!(" ({about})"));
    let until = reason.until.map_or_else(String::new, |until| format!(" until {}", moment(until)));
    format!("{}{signal}{about}{until}", reason.code.as_str())
}

/// What was approved; where the event took it back, what no longer is.
fn approved(approval: &ApprovalRecord, kind: Kind) -> String {
    let lifts: Vec<_> = approval.lifts.iter().map(|code| code.as_str()).collect();
    let mut parts = Vec::new();
    parts.extend((!lifts.is_empty()).then(|| format!("lifts {}", lifts.join(", "))));
    let ignores = match kind {
        Kind::Revoked | Kind::PolicyChanged => "no longer ignores",
        Kind::Init | Kind::Vendored | Kind::Updated | Kind::Approved | Kind::PolicyLoosened => "ignores",
    };
    parts.extend((!approval.ignores.is_empty()).then(|| format!("{ignores} {}", approval.ignores.join(", "))));
    parts.extend(approval.until.map(|until| format!("through {until}")));
    let reason = approval.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{}{reason}", parts.join(" "))
}

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const LOG_V1: &str = "urn:cargo-sequester:log-v1";

/// The document that `cargo sequester log --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. `$defs/event` is the form of a file of the audit trail as well. Texts from outside (names, reasons, file names, addresses)
/// are raw once read: escape them before showing them. Messages are for people and may change in any release; everything else changes
/// only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester log --format json, version 1", extend("$id" = LOG_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = LOG_V1)))]
    schema: &'static str,
    /// Whether nothing is wrong with the trail and no expected head is missing.
    whole: bool,
    /// How many events the trail has whose bytes are the ones that their ids stand for, chosen or not.
    verified: usize,
    /// The events that no other names as a parent: what to keep elsewhere, such as in a signed tag.
    heads: &'a BTreeSet<EventId>,
    /// What the heads given with --expect-head say; null where none were given.
    expected_heads: Option<Heads<'a>>,
    /// What is wrong, by file.
    problems: Vec<Problem<'a>>,
    /// The chosen events, newest first.
    events: Vec<Entry<'a>>,
}

/// The comparison.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Heads<'a> {
    /// Expected events that the trail does not have.
    missing: &'a [EventId],
    /// Events that neither lead up to an expected head nor follow from one.
    beside: &'a [EventId],
}

/// One thing that is wrong.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Problem<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["edited", "deleted", "renamed", "reordered", "unparented", "duplicate", "unknown-schema", "malformed", "too-large", "foreign"])))]
    code: &'static str,
    /// The file's name in the trail's folder; `*-ID.json` for an event that is gone.
    file: &'a str,
    /// The sentence that people are shown.
    message: String,
}

/// One event.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry<'a> {
    /// The SHA-256 of the event's file.
    id: EventId,
    /// The file's name in the trail's folder.
    file: String,
    event: &'a Event,
}

/// Writes the document: the chosen events whole, newest first, and what is wrong with the trail.
///
/// # Errors
/// The writer's.
pub fn json(report: &LogReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let trail = report.trail;
    let document = Document {
        schema: LOG_V1,
        whole: report.is_whole(),
        verified: trail.events.len(),
        heads: &trail.heads,
        expected_heads: report.heads.map(|heads| Heads { missing: &heads.missing, beside: &heads.beside }),
        problems: trail
            .problems
            .iter()
            .map(|problem| Problem {
                code: problem.kind.code(),
                file: &problem.file,
                message: trail_problem(&problem.kind),
            })
            .collect(),
        events: report
            .selection
            .of(trail)
            .into_iter()
            .map(|(id, event)| Entry { id, file: event.file_name(id).to_string(), event })
            .collect(),
    };
    let text = serde_json::to_string_pretty(&document)?;
    writeln!(out, "{}", escape::json(&text))
}
