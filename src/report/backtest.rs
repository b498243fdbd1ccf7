//! `backtest`: what a policy would have done with incidents of the past, and what it costs.

pub(crate) mod json;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::context::Verbosity;
use super::print::{Tone, detail, help, indent, line};
use super::way_out::WayOut;
use super::words::{counted, few, moment, span};
use crate::model::backtest::{Backtest, Outcome, Price, Tried, Waits, seconds_between};
use crate::model::policy::JudgedBy;
use crate::model::verdict::ReasonCode;

/// How many crates are named of which nothing is known.
const NAMED: usize = 5;

/// Everything that a report of `backtest` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BacktestReport<'a> {
    pub backtest: &'a Backtest,
    pub judged_by: JudgedBy<'a>,
    /// Why there are no advisories, where there are none.
    pub no_advisories: Option<&'a str>,
    /// What became of the first index entry of which nothing is known, in words that follow "the index entry".
    pub gap: Option<&'a str>,
}

impl<'a> BacktestReport<'a> {
    fn policy_file(&self) -> Option<&'a str> {
        match self.judged_by {
            JudgedBy::File(file) | JudgedBy::Base { file: Some(file), .. } => Some(file.as_str()),
            JudgedBy::Defaults | JudgedBy::Base { file: None, .. } => None,
        }
    }

    /// Whether everything was known that the answer stands on.
    #[must_use]
    pub(crate) const fn is_complete(&self) -> bool {
        self.backtest.unknown.is_empty()
            && self.backtest.unknown_dependencies.is_empty()
            && self.no_advisories.is_none()
    }
}

/// Writes what became of the incidents, what the policy costs, and both for other ages.
///
/// # Errors
/// The writer's.
pub(crate) fn human(report: &BacktestReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let test = report.backtest;
    let (dated, stopped) = (test.dated().count(), test.stopped());
    let undated = test.tried.len() - dated;
    let tone = if stopped == dated { Tone::Good } else { Tone::Caution };
    let rest =
        if undated == 0 { String::new() } else { format!("; of {undated} more nobody knows when they could be had") };
    let policy = report.policy_file().unwrap_or("the defaults");
    line(
        out,
        tone,
        "Stopped",
        &format!("{stopped} of {} that are dated, by {policy}{rest}", counted(dated, "incident")),
    )?;
    for (by, count) in by_rules(test) {
        detail(out, Tone::Plain, &by, &count.to_string())?;
    }
    for tried in &test.tried {
        incident(tried, verbosity, out)?;
    }
    price(report, out)?;
    sweep(report, dated, out)?;
    unknown(&test.unknown, "what was published of", out)?;
    unknown(&test.unknown_dependencies, "since when there are dependencies of updates, which count as young:", out)?;
    if let Some(gap) = report.gap {
        detail(out, Tone::Plain, "an index entry", gap)?;
        help(out, &WayOut::words("`audit` says what stands in the way of each, and the way out"))?;
    }
    if let Some(cause) = report.no_advisories {
        line(out, Tone::Bad, "Unknown", &format!("which releases are security fixes: {cause}"))?;
    }
    Ok(())
}

fn unknown(crates: &[Arc<str>], what: &str, out: &mut impl Write) -> io::Result<()> {
    if crates.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = crates.iter().map(ToString::to_string).collect();
    line(out, Tone::Bad, "Unknown", &format!("{what} {}: {}", counted(names.len(), "crate"), few(&names, NAMED)))
}

/// How many incidents each rule, or several together, stood against to the end.
fn by_rules(test: &Backtest) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&[ReasonCode], usize> = BTreeMap::new();
    for tried in &test.tried {
        if let Outcome::Stopped { by } = &tried.outcome {
            *counts.entry(by).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    counts.into_iter().map(|(by, count)| (names(by), count)).collect()
}

fn names(codes: &[ReasonCode]) -> String {
    codes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ")
}

fn incident(tried: &Tried, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let about = &tried.incident;
    let version = about.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    let id = about.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let name = format!("{}{version}{id}", about.crate_name);
    let is_told = |from| verbosity >= from;
    match (&tried.outcome, about.lived) {
        (Outcome::LetIn { at, held_by }, Some(lived)) => {
            let until = if held_by.is_empty() { String::new() } else { format!(" ({})", names(held_by)) };
            let (held, left) = (seconds_between(lived.published, *at), seconds_between(*at, lived.removed));
            let text = format!(
                "{name} after {}{until}, at {}; it could be had for {} more",
                span(held),
                moment(*at),
                span(left),
            );
            line(out, Tone::Bad, "Let in", &text)
        }
        (Outcome::Stopped { by }, Some(lived)) if is_told(Verbosity::Verbose) => line(
            out,
            Tone::Good,
            "Stopped",
            &format!("{name}, gone after {} at most ({})", span(lived.seconds()), names(by)),
        ),
        (Outcome::Undated, _) if is_told(Verbosity::Verbose) => line(out, Tone::Plain, "Undated", &name),
        (Outcome::Stopped { .. } | Outcome::Undated | Outcome::LetIn { .. }, _) => Ok(()),
    }
}

fn price(report: &BacktestReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let test = report.backtest;
    let (since, crates) = (test.since.strftime("%Y-%m-%d"), counted(test.crates, "locked crate"));
    let updates = &test.price.updates;
    let of = format!("{} of {crates} since {since}", counted(updates.count(), "update"));
    line(out, Tone::Plain, "Price", &format!("{of}: {}", waited(updates)))?;
    if updates.person > 0 {
        detail(
            out,
            Tone::Plain,
            "for a person",
            &format!("{} of them, which time alone would not approve", updates.person),
        )?;
    }
    if test.yanked > 0 {
        detail(out, Tone::Plain, "yanked by now", &format!("{} more, which are not counted", test.yanked))?;
    }
    if report.no_advisories.is_some() {
        return Ok(());
    }
    let fixes = &test.price.fixes;
    let count = format!("{} security {}", fixes.count(), if fixes.count() == 1 { "fix" } else { "fixes" });
    let early = format!("; {} before the usual age, as fixes", fixes.early);
    line(out, Tone::Plain, "Price", &format!("{}: {}{early}", count, waited(fixes)))
}

fn waited(waits: &Waits) -> String {
    if waits.count() == 0 {
        return "nothing to wait for".to_owned();
    }
    let of = |percent| waits.percentile(percent).map_or_else(|| "no end by itself".to_owned(), span);
    format!("half wait no longer than {}, nine of ten no longer than {}", of(50), of(90))
}

/// The same policy with other ages, in columns.
fn sweep(report: &BacktestReport<'_>, dated: usize, out: &mut impl Write) -> io::Result<()> {
    let days = |seconds: Option<u64>| {
        seconds.map_or_else(
            || "never".to_owned(),
            |seconds| format!("{}.{} d", seconds / 86_400, seconds % 86_400 * 10 / 86_400),
        )
    };
    let pair = |waits: &Waits| match waits.count() {
        0 => "–".to_owned(),
        _ => format!("{} / {}", days(waits.percentile(50)), days(waits.percentile(90))),
    };
    let (of, heads) =
        (format!("of {dated}"), ["min-publish-age", "stopped", "by age alone", "updates wait", "fixes wait"]);
    let row = |cells: [String; 5]| {
        let [age, stopped, alone, updates, fixes] = cells;
        format!("{age:<16} {stopped:>9} {alone:>13} {updates:>19} {fixes:>19}")
    };
    line(out, Tone::Plain, "Ages", &format!("the same with another one; incidents {of}, waits as half / nine of ten"))?;
    writeln!(out, "{}{}", indent(), row(heads.map(str::to_owned)).trim_end())?;
    for one in &report.backtest.variants {
        let Price { updates, fixes } = &one.price;
        let cells =
            [one.age.to_string(), one.stopped.to_string(), one.by_age_alone.to_string(), pair(updates), pair(fixes)];
        writeln!(out, "{}{}", indent(), row(cells).trim_end())?;
    }
    Ok(())
}
