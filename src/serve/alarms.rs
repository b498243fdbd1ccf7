//! What somebody should look at: each kind counted, and the latest of each thing kept with its time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::moment::Moment;

/// The most that are kept; the oldest go first.
const MOST: usize = 1_000;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    /// A registry says something else than before.
    Contradiction {
        registry: String,
        what: String,
    },
    /// A registry does not have a release any more.
    Deleted {
        registry: String,
        what: String,
    },
    /// An object is not what its key says.
    Poisoned {
        key: String,
    },
    /// A registry sent other bytes than its index names.
    WrongBytes {
        registry: String,
        what: String,
    },
    /// A registry gives no answer that can be used.
    UpstreamAway {
        registry: String,
        cause: String,
    },
    StoreAway {
        cause: String,
    },
    /// A team's policy could not be read, and the last one holds.
    PolicyRefused {
        team: String,
        cause: String,
    },
    /// A team's policy asks for what is only seen inside an archive, and a registry looks into none.
    NotLookedInto {
        team: String,
        key: &'static str,
    },
    /// A team's advisories are not to be had, or not today's.
    Advisories {
        team: String,
        cause: String,
    },
    /// A source of advisories said of releases that they are malicious, and says no more.
    AdvisoriesForgotten {
        team: String,
        what: String,
    },
    /// A team's policy lets more through than before.
    PolicyLoosened {
        team: String,
        what: String,
    },
    /// The machine's clock and a registry's are apart.
    Clock {
        registry: String,
        seconds: u64,
    },
}

impl Alarm {
    /// The kind, as counters and logs name it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Contradiction { .. } => "contradiction",
            Self::Deleted { .. } => "deleted",
            Self::Poisoned { .. } => "poisoned",
            Self::WrongBytes { .. } => "wrong-bytes",
            Self::UpstreamAway { .. } => "upstream-away",
            Self::StoreAway { .. } => "store-away",
            Self::PolicyRefused { .. } => "policy-refused",
            Self::NotLookedInto { .. } => "not-looked-into",
            Self::Advisories { .. } => "advisories",
            Self::AdvisoriesForgotten { .. } => "advisories-forgotten",
            Self::PolicyLoosened { .. } => "policy-loosened",
            Self::Clock { .. } => "clock",
        }
    }

    /// Whether a team hears of it: what is its own, what is a registry's that it has, and nothing that names what another team keeps.
    pub(crate) fn is_heard_by(&self, team: &str, has: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::PolicyRefused { team: whose, .. }
            | Self::NotLookedInto { team: whose, .. }
            | Self::PolicyLoosened { team: whose, .. }
            | Self::AdvisoriesForgotten { team: whose, .. }
            | Self::Advisories { team: whose, .. } => whose == team,
            Self::Contradiction { registry, .. }
            | Self::Deleted { registry, .. }
            | Self::WrongBytes { registry, .. }
            | Self::UpstreamAway { registry, .. }
            | Self::Clock { registry, .. } => has(registry),
            Self::Poisoned { .. } | Self::StoreAway { .. } => false,
        }
    }

    /// Whether it is over once it is no longer raised.
    pub(crate) const fn passes(&self) -> bool {
        match self {
            Self::PolicyRefused { .. }
            | Self::NotLookedInto { .. }
            | Self::Advisories { .. }
            | Self::AdvisoriesForgotten { .. }
            | Self::UpstreamAway { .. }
            | Self::StoreAway { .. }
            | Self::Clock { .. } => true,
            Self::Contradiction { .. }
            | Self::Deleted { .. }
            | Self::Poisoned { .. }
            | Self::PolicyLoosened { .. }
            | Self::WrongBytes { .. } => false,
        }
    }

    /// In words, one line.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Contradiction { registry, what } => format!("{registry}: {what}"),
            Self::Deleted { registry, what } => format!("{registry}: {what} is gone"),
            Self::Poisoned { key } => format!("{key}: its content is not what its name says"),
            Self::WrongBytes { registry, what } => {
                format!("{registry}: {what}: the bytes are not those that the index names")
            }
            Self::UpstreamAway { registry, cause } => format!("{registry}: {cause}"),
            Self::StoreAway { cause } => cause.clone(),
            Self::PolicyRefused { team, cause } => {
                format!("{team}: the new policy cannot be used, the last one holds: {cause}")
            }
            Self::NotLookedInto { team, key } => {
                format!("{team}: {key} of the policy is judged by `audit` alone: this server looks into no archive")
            }
            Self::Advisories { team, cause } => format!("{team}: {cause}"),
            Self::AdvisoriesForgotten { team, what } => {
                format!("{team}: {what}, never withdrawn: what was said of malicious releases counts as before")
            }
            Self::PolicyLoosened { team, what } => format!("{team}: the new policy lets more through: {what}"),
            Self::Clock { registry, seconds } => {
                format!("{registry}: its clock and this machine's are {seconds} seconds apart")
            }
        }
    }
}

/// An alarm as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raised {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) times: u64,
}

/// All of a node.
#[derive(Debug)]
pub(crate) struct Alarms {
    moment: Moment,
    raised: Mutex<BTreeMap<Alarm, Raised>>,
}

impl Alarms {
    pub(crate) const fn new(moment: Moment) -> Self {
        Self { moment, raised: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) fn raise(&self, alarm: Alarm) {
        let now = self.moment.now();
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = raised.get_mut(&alarm) {
            known.last = now;
            known.times += 1;
            return;
        }
        tracing::warn!(alarm = alarm.kind(), "{}", alarm.words());
        if raised.len() >= MOST
            && let Some(oldest) = raised.iter().min_by_key(|(_, raised)| raised.last).map(|(alarm, _)| alarm.clone())
        {
            raised.remove(&oldest);
        }
        raised.insert(alarm, Raised { first: now, last: now, times: 1 });
    }

    /// All that were raised, by kind and subject.
    pub(crate) fn all(&self) -> Vec<(Alarm, Raised)> {
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.iter().map(|(alarm, raised)| (alarm.clone(), raised.clone())).collect()
    }
}
