//! The time that a node goes by: the machine's, or one that the caller made up.

use jiff::Timestamp;

use crate::gather::clock;

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// The machine's clock.
    Clock,
    /// This one, for ever.
    Fixed(Timestamp),
}

impl Moment {
    pub(crate) fn now(self) -> Timestamp {
        match self {
            Self::Clock => clock::now(),
            Self::Fixed(moment) => moment,
        }
    }
}
