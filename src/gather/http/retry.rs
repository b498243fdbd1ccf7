//! When to try again, and what the headers of an answer say about time.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AGE, DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest that a server may make us wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The oldest `Age` that is believed.
const LONGEST_AGE: i64 = 31 * 86_400;

/// The pause before the retry after `failures` failures; no chance in it, so that a run can be repeated.
pub(super) fn pause(failures: u32) -> Duration {
    Duration::from_millis(250 * 4_u64.pow(failures.min(3))).min(Duration::from_secs(10))
}

/// The pause that a `Retry-After` asks for, in seconds or as a date, as far as it is heeded.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    // The server's own `Date` is what its date is measured from: this machine's clock may be wrong.
    let wait = moment(text)?.duration_since(moment(self::text(headers, &DATE)?)?);
    Some(Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT))
}

/// The server's time when it sent this: RFC 9110's `Date`, plus the `Age` that a cache between adds.
pub(super) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    let date = moment(text(headers, &DATE)?)?;
    let age = text(headers, &AGE).and_then(|text| text.parse().ok()).unwrap_or(0_i64);
    date.checked_add(SignedDuration::from_secs(age.clamp(0, LONGEST_AGE))).ok()
}

/// A header's text; `None` where it is absent, empty, or more than visible ASCII.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

fn moment(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}
