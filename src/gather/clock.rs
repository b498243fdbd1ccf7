//! The one place where the clock is read.

use jiff::Timestamp;

/// The machine's time, now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the door that every other file is sent to")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
