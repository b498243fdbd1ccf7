//! Durations in cargo's grammar for `min-publish-age`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// A whole number of seconds, never negative: how long a release is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age(u64);

/// Why a text is not an [`Age`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// No number at its start.
    #[error("expected \"0\" or an integer and a unit, such as \"7 days\"")]
    Malformed,
    /// A number other than zero with no unit behind it.
    #[error("a unit is missing; write \"{0} days\" or \"{0} hours\"")]
    NoUnit(u64),
    /// A unit that cargo does not know.
    #[error("unknown unit; use seconds, minutes, hours, days, weeks or months")]
    UnknownUnit,
    /// More seconds than can be counted.
    #[error("the duration is too large")]
    Overflow,
}

/// Cargo's units and their seconds (`maybe_parse_time_span` in cargo's `util/context`); a month is a twelfth of 365.2425 days.
const UNITS: [(&str, u64); 6] =
    [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400), ("week", 604_800), ("month", 2_629_746)];

impl Age {
    /// No hold at all: what a trusted registry has.
    pub const ZERO: Self = Self(0);

    /// An age of so many days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(days as u64 * 86_400)
    }

    /// An age of so many minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes as u64 * 60)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// When a release published at `from` has this age; [`Timestamp::MAX`] where that lies beyond what can be written, so that an
    /// overflow holds for ever instead of letting pass.
    #[must_use]
    pub fn after(self, from: Timestamp) -> Timestamp {
        i64::try_from(self.0)
            .ok()
            .and_then(|seconds| from.checked_add(SignedDuration::from_secs(seconds)).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(AgeError::Malformed);
        }
        let number: u64 = number.parse().map_err(|_| AgeError::Overflow)?;
        if unit.is_empty() {
            return if text == "0" { Ok(Self::ZERO) } else { Err(AgeError::NoUnit(number)) };
        }
        let unit = unit.strip_prefix(' ').unwrap_or(unit);
        let (_, seconds) = UNITS
            .iter()
            .find(|(name, _)| unit == *name || unit.strip_suffix('s') == Some(name))
            .ok_or(AgeError::UnknownUnit)?;
        number.checked_mul(*seconds).filter(|total| i64::try_from(*total).is_ok()).map(Self).ok_or(AgeError::Overflow)
    }
}

/// In the largest unit that divides it evenly: `7 days`, `36 hours`. Months are left out: no reader knows cargo's month by heart.
impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0");
        }
        // Whole days, else whole months, which are none; a week is told in days.
        let [second, minute, hour, day, _, month] = &UNITS;
        let fits = |(_, seconds): &&&(&str, u64)| self.0.is_multiple_of(*seconds);
        let (name, seconds) = [day, month, hour, minute].iter().find(fits).unwrap_or(&second);
        let count = self.0 / seconds;
        write!(f, "{count} {name}{}", if count == 1 { "" } else { "s" })
    }
}
