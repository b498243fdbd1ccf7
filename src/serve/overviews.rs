//! Where the lists of what is held are kept, one a team, between two who ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::team::State;
use crate::report::team::Release;

/// All that is held for one team.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) state: Arc<State>,
    pub(crate) made: Instant,
    pub(crate) releases: Vec<Release>,
    pub(crate) more: usize,
    pub(crate) crates: usize,
    pub(crate) unread: usize,
}

/// Whoever makes a team's list holds this, so that others wait for it instead of making it as well.
type Place = Arc<tokio::sync::Mutex<Option<Arc<Overview>>>>;

/// Of all teams.
#[derive(Debug, Default)]
pub(crate) struct Overviews {
    teams: Mutex<HashMap<String, Place>>,
}

impl Overviews {
    pub(crate) fn of(&self, team: &str) -> Place {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(teams.entry(team.to_owned()).or_default())
    }
}
