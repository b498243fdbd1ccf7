//! A team, and everything that its releases are judged by: one value that is exchanged whole whenever any of it changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::advisories::{Advisories, AdvisorySource};
use super::config::TeamRules;
use super::locks::Locks;
use super::store::digest_of;
use crate::gather::policy_file::{self, PolicyError};
use crate::model::approval::Approvals;
use crate::model::checksum::Checksum;
use crate::model::policy::{CargoAges, JudgedBy, Policy};

/// A team's policy and approvals.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) approvals: Approvals,
    /// Of the file's text.
    pub(crate) digest: Checksum,
    pub(crate) text: String,
    /// What messages call the file; `None` where the defaults hold.
    pub(crate) file: Option<Utf8PathBuf>,
    /// What a relative advisory database is relative to.
    pub(crate) folder: Utf8PathBuf,
}

impl Rules {
    /// Reads the text of a policy; `file` is what messages call it.
    pub(crate) fn parse(text: String, file: Option<Utf8PathBuf>, folder: &Utf8Path) -> Result<Self, PolicyError> {
        let named = file.as_deref().unwrap_or(Utf8Path::new("sequester.toml"));
        // Cargo's own ages are the machine's, and no machine is the team's.
        let (policy, approvals) = policy_file::parse(&text, named)?.under(CargoAges::default());
        Ok(Self { policy, approvals, digest: digest_of(text.as_bytes()), text, file, folder: folder.to_owned() })
    }

    pub(crate) fn judged_by(&self) -> JudgedBy<'_> {
        self.file.as_deref().map_or(JudgedBy::Defaults, JudgedBy::File)
    }

    /// Where the advisories are; `None` where the policy wants none.
    pub(crate) fn advisory_source(&self) -> Option<AdvisorySource> {
        self.policy.advisories.db.clone().map(|db| (db, self.folder.clone()))
    }
}

/// What a team's releases are judged by, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Another one for each state there ever was.
    pub(crate) number: u64,
    pub(crate) rules: Arc<Rules>,
    pub(crate) advisories: Arc<Advisories>,
    pub(crate) locks: Arc<Locks>,
}

impl State {
    /// Whether both say the same of every release: by the same policy from the same place, the same reading of the advisories, and the same
    /// lock files, or none.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        let same_locks = Arc::ptr_eq(&self.locks, &other.locks)
            || (self.locks.projects.is_empty() && other.locks.projects.is_empty());
        self.rules.digest == other.rules.digest
            && self.rules.file == other.rules.file
            && Arc::ptr_eq(&self.advisories, &other.advisories)
            && same_locks
    }
}

/// One team.
#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) name: String,
    pub(crate) config: TeamRules,
    state: RwLock<Arc<State>>,
    numbers: AtomicU64,
    /// The policy that the store has for certain.
    written: RwLock<Option<Checksum>>,
    /// When its posted lock files were last looked at.
    looked: Mutex<Option<Instant>>,
}

impl Team {
    pub(crate) fn new(name: &str, config: TeamRules, rules: Rules) -> Self {
        let source = rules.policy.advisories.db.clone().unwrap_or_default();
        let state = State {
            number: 0,
            rules: Arc::new(rules),
            advisories: Arc::new(Advisories::not_yet(&source)),
            locks: Arc::default(),
        };
        Self {
            name: name.to_owned(),
            config,
            state: RwLock::new(Arc::new(state)),
            numbers: AtomicU64::new(1),
            written: RwLock::default(),
            looked: Mutex::default(),
        }
    }

    /// What holds now.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on something else holds.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = State::clone(&state);
        change(&mut next);
        next.number = self.numbers.fetch_add(1, Ordering::Relaxed);
        *state = Arc::new(next);
    }

    /// Whether the store has a policy of this digest for certain.
    pub(crate) fn written(&self, digest: Checksum) -> bool {
        *self.written.read().unwrap_or_else(PoisonError::into_inner) == Some(digest)
    }

    pub(crate) fn wrote(&self, digest: Checksum) {
        *self.written.write().unwrap_or_else(PoisonError::into_inner) = Some(digest);
    }

    /// Whether nobody looked at the posted lock files for so long; from now on somebody has.
    pub(crate) fn looks(&self, pause: Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = looked.is_none_or(|at| at.elapsed() >= pause);
        if looks {
            *looked = Some(Instant::now());
        }
        looks
    }

    /// Whether the team has this registry.
    pub(crate) fn has(&self, registry: &str) -> bool {
        self.config.registries.iter().any(|name| name == registry)
    }
}
