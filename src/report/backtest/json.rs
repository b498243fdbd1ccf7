//! `backtest --format json`: one document, by `docs/backtest-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::BacktestReport;
use crate::model::backtest::{
    Incident, IncidentKind, Lived, Outcome, Precision, Price, Runs, Tried, Waits, seconds_between,
};
use crate::model::verdict::ReasonCode;
use crate::report::json;
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const BACKTEST_V1: &str = "urn:cargo-sequester:backtest-v1";

/// The document that `cargo sequester backtest --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Texts from outside are raw once read: escape them before showing them. Everything changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester backtest --format json, version 1", extend("$id" = BACKTEST_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = BACKTEST_V1)))]
    schema: &'static str,
    /// Releases that were published later do not count.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// Releases that were published earlier do not count for the price.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    since: String,
    /// Whether everything was known that the answer stands on: else `unknown_crates`, `unknown_dependencies` or `no_advisories` says
    /// what was not. The command
    /// then ends with exit code 2.
    complete: bool,
    /// The policy file, relative to the working directory where it lies below it; null where the defaults hold.
    policy: Option<&'a str>,
    incidents: Incidents<'a>,
    /// What the policy costs.
    price: Cost,
    /// The same policy with another minimum age, shortest first.
    ages: Vec<Age>,
    /// Locked crates of which no release is known. They are no part of the price.
    unknown_crates: Vec<&'a str>,
    /// Crates that updates began to depend on and of which nobody knows when they were first published: they count as young.
    unknown_dependencies: Vec<&'a str>,
    /// Why it is not known which releases are security fixes; null where it is.
    no_advisories: Option<&'a str>,
}

/// What the policy would have made of incidents.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Incidents<'a> {
    /// All of the table.
    total: usize,
    /// Those of which it is known when they could be had: only these can be stopped or let in.
    dated: usize,
    /// Dated ones that were gone before the policy would have approved them.
    stopped: usize,
    /// In the order of the table.
    each: Vec<One<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct One<'a> {
    /// The advisory about it; null where there is none.
    id: Option<&'a str>,
    #[serde(rename = "crate")]
    crate_name: &'a str,
    /// Null where only the crate is known.
    #[cfg_attr(test, schemars(with = "Option<shape::Version>"))]
    version: Option<String>,
    kind: IncidentKind,
    runs: Runs,
    /// The earliest moment of publication that the facts allow; null where nothing is known.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    published: Option<String>,
    /// The latest moment of removal that the facts allow; null where nothing is known.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    removed: Option<String>,
    precision: Option<Precision>,
    #[cfg_attr(test, schemars(extend("enum" = ["undated", "stopped", "let-in"])))]
    outcome: &'static str,
    /// What stood against it to the end, or until it was let in.
    #[cfg_attr(test, schemars(with = "Vec<shape::ReasonCode>"))]
    held_by: Vec<&'static str>,
    /// From when on the policy would have approved it; null unless it was let in.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    let_in_at: Option<String>,
    /// For how long it could still be had then; null unless it was let in.
    left_seconds: Option<u64>,
}

/// How long honest releases would have waited.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cost {
    /// The crates of the lock file whose releases count.
    crates: usize,
    /// Releases that would count but are yanked today.
    yanked: usize,
    /// Every release of these crates; no pre-releases.
    updates: Waiting,
    /// Those among them that advisories name as fixed and that take the place of a release that these hit; null without advisories.
    fixes: Option<Waiting>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Waiting {
    count: usize,
    /// Those that time alone would not have approved. They count as waiting longest.
    person: usize,
    /// Those that were approved before the usual age for being fixes.
    early: usize,
    /// The wait that half do not exceed, by the nearest rank; null where that is without an end, and where there are none.
    median_seconds: Option<u64>,
    /// The wait that nine of ten do not exceed.
    p90_seconds: Option<u64>,
}

/// The policy with another minimum age for every crate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Age {
    min_publish_age_seconds: u64,
    /// Dated incidents that it stops.
    stopped: usize,
    /// Dated incidents that the age alone stops, with no other rule.
    stopped_by_age_alone: usize,
    updates: Waiting,
    fixes: Option<Waiting>,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &BacktestReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let test = report.backtest;
    let fixes = |price: &Price| report.no_advisories.is_none().then(|| waiting(&price.fixes));
    let document = Document {
        schema: BACKTEST_V1,
        now: rfc3339(test.now),
        since: rfc3339(test.since),
        complete: report.is_complete(),
        policy: report.policy_file(),
        incidents: Incidents {
            total: test.tried.len(),
            dated: test.dated().count(),
            stopped: test.stopped(),
            each: test.tried.iter().map(one).collect(),
        },
        price: Cost {
            crates: test.crates,
            yanked: test.yanked,
            updates: waiting(&test.price.updates),
            fixes: fixes(&test.price),
        },
        ages: test
            .variants
            .iter()
            .map(|variant| Age {
                min_publish_age_seconds: variant.age.as_secs(),
                stopped: variant.stopped,
                stopped_by_age_alone: variant.by_age_alone,
                updates: waiting(&variant.price.updates),
                fixes: fixes(&variant.price),
            })
            .collect(),
        unknown_crates: test.unknown.iter().map(|name| &**name).collect(),
        unknown_dependencies: test.unknown_dependencies.iter().map(|name| &**name).collect(),
        no_advisories: report.no_advisories,
    };
    json::write(&document, out)
}

fn one(tried: &Tried) -> One<'_> {
    let Incident { id, crate_name, version, kind, runs, lived, .. } = &tried.incident;
    let codes = |codes: &[ReasonCode]| codes.iter().map(|code| code.as_str()).collect();
    let (held_by, let_in_at) = match &tried.outcome {
        Outcome::Undated => (Vec::new(), None),
        Outcome::Stopped { by } => (codes(by), None),
        Outcome::LetIn { at, held_by } => (codes(held_by), Some(*at)),
    };
    let moment = |of: fn(Lived) -> jiff::Timestamp| lived.map(|lived| rfc3339(of(lived)));
    One {
        id: id.as_deref(),
        crate_name,
        version: version.as_ref().map(ToString::to_string),
        kind: *kind,
        runs: *runs,
        published: moment(|lived| lived.published),
        removed: moment(|lived| lived.removed),
        precision: lived.map(|lived| lived.precision),
        outcome: tried.outcome.code(),
        held_by,
        left_seconds: let_in_at.zip(*lived).map(|(at, lived)| seconds_between(at, lived.removed)),
        let_in_at: let_in_at.map(rfc3339),
    }
}

fn waiting(waits: &Waits) -> Waiting {
    Waiting {
        count: waits.count(),
        person: waits.person,
        early: waits.early,
        median_seconds: waits.percentile(50),
        p90_seconds: waits.percentile(90),
    }
}
