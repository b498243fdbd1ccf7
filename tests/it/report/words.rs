//! Spans and moments in words.

use cargo_sequester::door::model::Timestamp;
use cargo_sequester::door::report::words::{distance, eligible, moment, rfc3339, span};

use super::scene::at;

#[test]
fn spans_name_their_two_largest_units() {
    let cases = [
        (0, "0 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3_600, "1 hour"),
        (3_659, "1 hour"),
        (86_399, "23 hours 59 minutes"),
        (86_400 + 59 * 60, "1 day"),
        (475_200, "5 days 12 hours"),
        (60_480_000, "1 year 335 days"),
        (u64::MAX, "584942417355 years 26 days"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(span(seconds), expected);
    }
}

#[test]
fn moments_lie_before_at_or_after_now() {
    let now = at("2026-11-22T00:00:00Z");
    assert_eq!(distance(now, at("2026-11-22T00:03:00Z")), "in 3 minutes");
    assert_eq!(distance(now, at("2026-11-21T23:57:00Z")), "3 minutes ago");
    assert_eq!(distance(now, at("2026-11-22T00:00:00.9Z")), "now");
    assert!(distance(Timestamp::MIN, Timestamp::MAX).starts_with("in "));
}

#[test]
fn what_is_past_is_rounded_down_and_what_is_left_up() {
    let now = at("2026-11-22T00:00:00Z");
    assert_eq!(distance(now, at("2026-11-20T11:48:48Z")), "1 day 12 hours ago");
    assert_eq!(distance(now, at("2026-11-23T12:11:12Z")), "in 1 day 13 hours");
    assert_eq!(distance(now, at("2026-11-22T23:59:01Z")), "in 1 day");
    assert_eq!(distance(now, at("2026-11-22T00:00:59Z")), "in 59 seconds");
}

#[test]
fn a_release_is_never_called_eligible_before_its_second() {
    let now = at("2026-11-22T00:00:00Z");
    assert_eq!(eligible(now, at("2026-11-27T11:48:48Z")), "in 5 days 12 hours, at 2026-11-27 11:48:48 UTC");
    assert_eq!(moment(at("2026-11-27T11:48:00Z")), "2026-11-27 11:48 UTC");
    assert_eq!(eligible(now, Timestamp::MAX), "never");
}

#[test]
fn machines_get_whole_seconds() {
    assert_eq!(rfc3339(at("2026-11-27T11:48:48.75Z")), "2026-11-27T11:48:48Z");
    assert_eq!(rfc3339(Timestamp::MAX), "9999-12-30T22:00:00Z");
}
