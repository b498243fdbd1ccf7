//! How long a decision that approves stands if nothing but time changes.
//!
//! Time takes no age, fix or crate's youth back; what ends are a person's exemptions, ignores, and that advisories are fresh.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::advisory;
use crate::model::approval::Approvals;
use crate::model::facts::Facts;
use crate::model::policy::Policy;

/// The moment from which on the same facts may have to be judged anew. Up to it whatever `policy` and `approvals` approve of them stays
/// approved; it is the earliest that could matter, whether or not it does.
#[must_use]
pub fn lasts_until(facts: &Facts, policy: &Policy, approvals: &Approvals, now: Timestamp) -> Timestamp {
    let today = TimeZone::UTC.to_datetime(now).date();
    let last_days = approvals.iter().filter_map(|approval| approval.until);
    let last_days = last_days.chain(policy.advisories.ignore.iter().map(|ignore| ignore.until));
    let ends = last_days.filter(|day| *day >= today).map(day_after);
    let stale = advisory::fresh_until(&policy.advisories, &facts.advisories, now);
    ends.chain(stale).min().unwrap_or(Timestamp::MAX)
}

/// The first moment after a UTC day; the last of all where there is none.
fn day_after(day: Date) -> Timestamp {
    let next = day.checked_add(1.day()).ok().and_then(|next| next.to_zoned(TimeZone::UTC).ok());
    next.map_or(Timestamp::MAX, |next| next.timestamp())
}
