//! Moments, spans, counts and lists in words: `5 days 12 hours`, `in 3 minutes`, `2026-11-27 11:48 UTC`.

use jiff::Timestamp;

/// Units and their seconds, largest first; a year is 365 days.
const UNITS: [(&str, u64); 5] = [("year", 31_536_000), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

/// So many seconds in the largest unit that they fill and the next smaller one, the rest cut off: `1 day 12 hours`.
#[must_use]
pub fn span(seconds: u64) -> String {
    let first = UNITS.iter().position(|(_, unit)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let mut rest = seconds;
    let mut parts = Vec::with_capacity(2);
    for (name, unit) in UNITS.iter().skip(first).take(2) {
        let count = rest / unit;
        rest %= unit;
        if count > 0 || parts.is_empty() {
            parts.push(counted(count, name));
        }
    }
    parts.join(" ")
}

/// The same, rounded up: a countdown never promises less than is left.
#[must_use]
pub(crate) fn span_rounded_up(seconds: u64) -> String {
    let second_unit = UNITS.iter().skip_while(|(_, unit)| seconds < *unit).nth(1).map_or(1, |(_, unit)| *unit);
    span(seconds.checked_next_multiple_of(second_unit).unwrap_or(seconds))
}

/// A number and its noun: `1 package`, `3 packages`.
#[must_use]
pub(crate) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `is` of one, `are` of several.
#[cfg(any(feature = "serve", test))]
#[must_use]
pub(crate) const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// Where `moment` lies, seen from `now`: `3 minutes ago` (at least), `in 3 minutes` (at most), or `now`.
#[must_use]
pub fn distance(now: Timestamp, moment: Timestamp) -> String {
    let seconds = moment.as_second().saturating_sub(now.as_second());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {}", span_rounded_up(seconds.unsigned_abs())),
        i64::MIN..0 => format!("{} ago", span(seconds.unsigned_abs())),
    }
}

/// A moment for people, to the second unless it is a whole minute: a release is not eligible seconds before its time.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let format = if at.as_second() % 60 == 0 { "%Y-%m-%d %H:%M UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    at.strftime(format).to_string()
}

/// A moment for machines: RFC 3339 in whole seconds, `2026-11-27T11:48:48Z`.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// When a release may be used: `in 5 days 12 hours, at 2026-11-27 11:48:48 UTC`. Ages that overflow end at the last moment that can
/// be written, which means never.
#[must_use]
pub fn eligible(now: Timestamp, at: Timestamp) -> String {
    if at == Timestamp::MAX { "never".to_owned() } else { format!("{}, at {}", distance(now, at), moment(at)) }
}

/// Names in one line: the first few, and how many more there are.
#[must_use]
pub(crate) fn few(names: &[String], limit: usize) -> String {
    let shown = names.get(..limit.min(names.len())).unwrap_or_default().join(", ");
    match names.len().saturating_sub(limit) {
        0 => shown,
        more => format!("{shown} and {}", counted(more, "other")),
    }
}
