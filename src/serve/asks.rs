//! Who wanted what is not given: so that whoever looks after the policy knows what somebody waits for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use semver::Version;

use super::moment::Moment;
use crate::report::team::Asked;

/// The most releases that are remembered of one team; what was wanted longest ago goes first.
const MOST: usize = 1_000;

/// Registry, crate, version.
type Wanted = (Arc<str>, Arc<str>, Version);

/// Of all teams, since this node began.
#[derive(Debug)]
pub(crate) struct Asks {
    moment: Moment,
    teams: Mutex<HashMap<String, BTreeMap<Wanted, Asked>>>,
}

impl Asks {
    pub(crate) fn new(moment: Moment) -> Self {
        Self { moment, teams: Mutex::default() }
    }

    /// Somebody of a team was refused a release; `by` is the name of the token.
    pub(crate) fn note(&self, team: &str, registry: &str, name: &Arc<str>, version: &Version, by: Option<&str>) {
        let now = self.moment.now();
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        let asks = teams.entry(team.to_owned()).or_default();
        let wanted = (Arc::from(registry), Arc::clone(name), version.clone());
        if let Some(known) = asks.get_mut(&wanted) {
            known.last = now;
            known.times += 1;
            return;
        }
        if asks.len() >= MOST
            && let Some(oldest) = asks.iter().min_by_key(|(_, asked)| asked.last).map(|(wanted, _)| wanted.clone())
        {
            asks.remove(&oldest);
        }
        asks.insert(wanted, Asked { times: 1, first: now, last: now, by: by.map(str::to_owned) });
    }

    /// What is known of one release.
    pub(crate) fn of(&self, team: &str, registry: &Arc<str>, name: &Arc<str>, version: &Version) -> Option<Asked> {
        let teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        teams.get(team)?.get(&(Arc::clone(registry), Arc::clone(name), version.clone())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_kept_and_a_flood_has_an_end() {
        let asks = Asks::new(Moment::Fixed(jiff::Timestamp::UNIX_EPOCH));
        let (registry, name): (Arc<str>, Arc<str>) = ("crates-io".into(), "bar".into());
        for by in [Some("ci"), Some("ann"), None] {
            asks.note("a", &registry, &name, &Version::new(1, 0, 0), by);
        }
        let known = asks.of("a", &registry, &name, &Version::new(1, 0, 0));
        assert_eq!(known.map(|asked| (asked.times, asked.by)), Some((3, Some("ci".to_owned()))));
        assert_eq!(asks.of("b", &registry, &name, &Version::new(1, 0, 0)), None);
        for patch in 0..2 * MOST as u64 {
            asks.note("a", &registry, &name, &Version::new(2, 0, patch), None);
        }
        let teams = asks.teams.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(teams.get("a").map(BTreeMap::len), Some(MOST));
    }
}
