//! `log --format json`: one document, by `docs/log-v1.schema.json`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use super::log::LogReport;
use super::log_problem::problem_sentence;
use crate::model::trail::{Event, EventId};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub const LOG_V1: &str = "urn:cargo-sequester:log-v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    whole: bool,
    verified: usize,
    heads: &'a BTreeSet<EventId>,
    expected_heads: Option<Heads<'a>>,
    problems: Vec<Problem<'a>>,
    events: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Heads<'a> {
    missing: &'a [EventId],
    beside: &'a [EventId],
}

#[derive(Serialize)]
struct Problem<'a> {
    code: &'static str,
    file: &'a str,
    message: String,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: EventId,
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
                message: problem_sentence(&problem.kind),
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
