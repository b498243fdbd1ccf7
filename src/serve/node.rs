//! One node: everything that answers requests, and what keeps it up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::advisories::{Advisories, AdvisorySource};
use super::advisory_copy::AdvisoryCopies;
use super::alarms::{Alarm, Alarms};
use super::asks::Asks;
use super::config::{CRATES_IO, Config, PolicySource};
use super::counters::Counters;
use super::decide::Decider;
use super::download::Downloads;
use super::entries::Entries;
use super::limits::Rates;
use super::locks::{self, Locks, LocksHead, Posted};
use super::moment::Moment;
use super::overviews::Overviews;
use super::policy_source::{self, PolicySourceError};
use super::record::{Event, record};
use super::store::{Key, Put, Store, StoreError, digest_of};
use super::team::{Rules, Team};
use super::upstream::Upstream;
use crate::gather::environment::Environment;
use crate::gather::http::{Http, HttpError, HttpSettings};
use crate::report::words::few;

/// How often the files of policies are looked at.
const LOOKS: Duration = Duration::from_secs(2);
/// The store is asked for posted lock files once for so many looks at files.
const LOOKS_A_LOCK: usize = 5;
/// How often posted lock files are looked at for somebody who was refused.
const SOON: Duration = Duration::from_secs(2);
/// How often advisories are read again, and how soon after a failure.
const ADVISORIES: (Duration, Duration) = (Duration::from_secs(15 * 60), Duration::from_secs(60));
/// The largest posted lock file that is read back, in bytes.
const LARGEST_LOCK: u64 = 64 << 20;
/// The largest name of a policy, and the largest policy, in bytes.
const LARGEST_HEAD: u64 = 1 << 10;
const LARGEST_POLICY: u64 = 1 << 20;
/// A repository is looked at once for so many looks at files.
const LOOKS_A_FETCH: usize = 30;
/// So many of the keys that a policy loosens are named in an alarm.
const NAMED: usize = 10;
/// How a registry behind this one is asked: soon enough that a client still waits.
const UPSTREAM_PATIENCE: (Duration, u32) = (Duration::from_secs(10), 1);

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) config: Config,
    /// By which address clients reach it.
    pub(crate) url: String,
    pub(crate) teams: BTreeMap<String, Team>,
    pub(crate) store: Store,
    pub(crate) entries: Arc<Entries>,
    pub(crate) decider: Decider,
    pub(crate) downloads: Downloads,
    pub(crate) alarms: Arc<Alarms>,
    pub(crate) asks: Asks,
    pub(crate) overviews: Overviews,
    pub(crate) counters: Counters,
    pub(crate) rates: Rates,
    pub(crate) moment: Moment,
    copies: AdvisoryCopies,
    environment: Environment,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    #[error(
        "registries.{registry}: the variable {variable} is not set\nhelp: set it to the registry's token, or leave `token-variable` out"
    )]
    NoToken { registry: String, variable: String },
}

impl Node {
    /// Reads every policy and opens the store; asks nobody yet.
    pub(crate) async fn start(
        config: Config,
        url: String,
        moment: Moment,
        settings: HttpSettings,
        environment: &Environment,
    ) -> Result<Self, StartError> {
        let (timeout, retry) = UPSTREAM_PATIENCE;
        let settings = HttpSettings {
            timeout: Some(settings.timeout.map_or(timeout, |own| own.min(timeout))),
            retry: Some(settings.retry.map_or(retry, |own| own.min(retry))),
            ..settings
        };
        let http = Arc::new(Http::new(&settings)?);
        let store = Store::open(&config.store, environment)?;
        let alarms = Arc::new(Alarms::new(moment));
        match store.prove().await {
            // It is asked again before the first write.
            Err(error @ StoreError::Away { .. }) => alarms.raise(Alarm::StoreAway { cause: error.to_string() }),
            proven => proven?,
        }
        let mut upstreams = BTreeMap::new();
        for (name, rules) in &config.registries {
            let token = match &rules.token_variable {
                None => None,
                Some(variable) => Some(
                    environment
                        .get(variable)
                        .map(str::to_owned)
                        .ok_or_else(|| StartError::NoToken { registry: name.clone(), variable: variable.clone() })?,
                ),
            };
            upstreams.insert(name.clone(), Upstream::new(name, rules.clone(), token, Arc::clone(&http)));
        }
        let mut teams = BTreeMap::new();
        for (name, rules) in &config.teams {
            // By what it was judged last, where that is known.
            let last = last_policy(&store, name, environment).await;
            let policy = match (policy_source::read_since(last.as_ref(), &rules.policy, environment), last) {
                (Ok(policy), last) => {
                    if let Some(last) = last {
                        tell_loosened(&alarms, name, &last, &policy);
                    }
                    policy
                }
                (Err(error), Some(last)) => {
                    let cause = error.for_team(&rules.policy);
                    alarms.raise(Alarm::PolicyRefused { team: name.clone(), cause });
                    last
                }
                (Err(error), None) => return Err(error.into()),
            };
            teams.insert(name.clone(), Team::new(name, rules.clone(), policy));
        }
        let entries =
            Arc::new(Entries::new(upstreams, store.clone(), moment, Arc::clone(&alarms), config.limits.memory));
        let decider = Decider::new(Arc::clone(&entries), moment, Arc::clone(&alarms), config.limits.memory);
        let downloads = Downloads::new(store.clone(), Arc::clone(&alarms), &config.limits);
        let rates = Rates::new(config.limits.requests_per_minute);
        let (asks, overviews) = (Asks::new(moment), Overviews::default());
        let (counters, environment) = (Counters::default(), environment.clone());
        let copies = AdvisoryCopies::new(
            store.clone(),
            http,
            Arc::clone(&alarms),
            environment.clone(),
            config.withdrawn.clone(),
        );
        Ok(Self {
            config,
            url,
            teams,
            store,
            entries,
            decider,
            downloads,
            alarms,
            asks,
            overviews,
            counters,
            rates,
            moment,
            copies,
            environment,
        })
    }

    /// Whether every team has rules and advisories to be judged by.
    pub(crate) fn is_ready(&self) -> bool {
        self.teams.values().all(|team| {
            let state = team.state();
            state.advisories.is_read() || state.rules.policy.advisories.db.is_none()
        })
    }

    /// Keeps everything up to date, for ever.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        let advisories = Arc::clone(&self);
        tokio::join!(self.keep_rules(), advisories.keep_advisories());
    }

    async fn keep_rules(&self) {
        for look in 0_usize.. {
            for team in self.teams.values() {
                if look % LOOKS_A_LOCK == 0 {
                    self.look_at_locks(team).await;
                }
                if look % LOOKS_A_FETCH == 0 || matches!(team.config.policy, PolicySource::File(_)) {
                    self.look_at_policy(team).await;
                }
            }
            tokio::time::sleep(LOOKS).await;
        }
    }

    /// Takes up a team's policy where it changed. One that cannot be used changes nothing.
    async fn look_at_policy(&self, team: &Team) {
        let (source, environment) = (team.config.policy.clone(), self.environment.clone());
        let last = Arc::clone(&team.state().rules);
        let read =
            tokio::task::spawn_blocking(move || policy_source::read_since(Some(&last), &source, &environment)).await;
        let rules = match read {
            Ok(Ok(rules)) => rules,
            Ok(Err(error)) => {
                let cause = error.for_team(&team.config.policy);
                self.alarms.raise(Alarm::PolicyRefused { team: team.name.clone(), cause });
                return;
            }
            Err(_) => return,
        };
        let state = team.state();
        let not_looked_into = [
            (rules.policy.licenses.is_set(), "[licenses]"),
            (rules.policy.quarantine.inspect, "`inspect` in [quarantine]"),
        ];
        for (_, key) in not_looked_into.into_iter().filter(|(is_set, _)| *is_set) {
            self.alarms.raise(Alarm::NotLookedInto { team: team.name.clone(), key });
        }
        self.write_policy(team, &rules).await;
        tell_loosened(&self.alarms, &team.name, &state.rules, &rules);
        if rules.digest == state.rules.digest {
            return;
        }
        let source = rules.advisory_source();
        let same_source = source == state.rules.advisory_source();
        let advisories = if same_source { None } else { Some(Arc::new(self.read_advisories(source).await)) };
        team.change(|state| {
            state.rules = Arc::new(rules);
            if let Some(advisories) = advisories {
                state.advisories = advisories;
            }
        });
        tracing::info!(team = team.name, "the policy changed");
    }

    /// Writes down by what is judged.
    async fn write_policy(&self, team: &Team, rules: &Rules) {
        if team.written(rules.digest) {
            return;
        }
        match self.try_write_policy(team, rules).await {
            Ok(()) => team.wrote(rules.digest),
            Err(error) => self.alarms.raise(Alarm::StoreAway { cause: error.to_string() }),
        }
    }

    async fn try_write_policy(&self, team: &Team, rules: &Rules) -> Result<(), StoreError> {
        self.store.ensure(&Key::policy(&team.name, rules.digest), rules.text.clone().into()).await?;
        let key = Key::policy_head(&team.name);
        let stored = self.store.get(&key, LARGEST_HEAD).await?;
        let digest = rules.digest.to_string();
        if stored.as_ref().is_some_and(|stored| stored.bytes == digest.as_bytes()) {
            return Ok(());
        }
        // Whoever is faster has read the same repository.
        let put = self.store.replace(&key, digest.into(), stored.as_ref().map(|stored| &stored.tag)).await?;
        if put != Put::Lost {
            let event = Event::PolicyChanged { team: &team.name, digest: rules.digest };
            record(&self.store, self.moment.now(), &event).await?;
            // Held against what the store had: a node that was away meanwhile has seen nothing change.
            let last = match stored {
                Some(stored) => policy_of(&self.store, &team.name, &stored.bytes, &self.environment).await,
                None => None,
            };
            if let Some((keys, _)) =
                last.map(|last| policy_source::loosened(&last, rules)).filter(|told| !told.0.is_empty())
            {
                let event = Event::PolicyLoosened { team: &team.name, digest: rules.digest, keys: &keys };
                record(&self.store, self.moment.now(), &event).await?;
            }
        }
        Ok(())
    }

    /// The same for somebody who waits, unless that was done a moment ago.
    pub(crate) async fn look_at_locks_soon(&self, team: &Team) {
        if team.looks(SOON) {
            self.look_at_locks(team).await;
        }
    }

    /// Takes up what other nodes were posted.
    pub(crate) async fn look_at_locks(&self, team: &Team) {
        // The alarm has said it.
        let _ = self.try_look_at_locks(team).await;
    }

    /// The same for whoever may not go by what was known before.
    pub(crate) async fn try_look_at_locks(&self, team: &Team) -> Result<(), StoreError> {
        match self.read_locks(team).await {
            Ok(Some(locks)) => team.change(|state| state.locks = Arc::new(locks)),
            Ok(None) => {}
            Err(error) => {
                self.alarms.raise(Alarm::StoreAway { cause: error.to_string() });
                return Err(error);
            }
        }
        Ok(())
    }

    /// The posted lock files, where they are others than those that are known.
    async fn read_locks(&self, team: &Team) -> Result<Option<Locks>, StoreError> {
        let key = Key::locks_head(&team.name);
        let Some(stored) = self.store.get(&key, locks::LARGEST_HEAD).await? else { return Ok(None) };
        let unreadable = |error: serde_json::Error| StoreError::Away { key: key.clone(), cause: error.to_string() };
        let head: LocksHead = serde_json::from_slice(&stored.bytes).map_err(unreadable)?;
        let known = team.state();
        let same = |(name, head): (&String, &locks::PostedHead)| {
            known.locks.projects.get(name).is_some_and(|one| one.head == *head)
        };
        if head.projects.len() == known.locks.projects.len() && head.projects.iter().all(same) {
            return Ok(None);
        }
        let mut projects = BTreeMap::new();
        for (name, head) in head.projects {
            if let Some(known) = known.locks.projects.get(&name).filter(|known| known.head == head) {
                projects.insert(name, Arc::clone(known));
                continue;
            }
            let key = Key::lock(&team.name, head.digest);
            let text = self.store.get(&key, LARGEST_LOCK).await?.map(|stored| stored.bytes);
            let text = text.filter(|text| super::store::digest_of(text) == head.digest);
            let packages = text.and_then(|text| locks::packages_of(&text).ok()).unwrap_or_else(|| {
                // It keeps nothing, and the next lock file is not the project's first.
                self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
                Vec::new()
            });
            projects.insert(name, Arc::new(Posted { head, packages }));
        }
        Ok(Some(Locks::of(projects)))
    }

    async fn keep_advisories(&self) {
        loop {
            let mut whole = true;
            let sources: BTreeSet<AdvisorySource> =
                self.teams.values().filter_map(|team| team.state().rules.advisory_source()).collect();
            for source in sources {
                let read = Arc::new(self.read_advisories(Some(source.clone())).await);
                whole &= read.is_read();
                let forgotten = read.forgotten();
                for team in
                    self.teams.values().filter(|team| team.state().rules.advisory_source().as_ref() == Some(&source))
                {
                    // What was read before serves until it is no longer today's.
                    if let Some(what) = forgotten.clone() {
                        self.alarms.raise(Alarm::AdvisoriesForgotten { team: team.name.clone(), what });
                    }
                    if read.is_read() || !team.state().advisories.is_read() {
                        team.change(|state| state.advisories = Arc::clone(&read));
                    }
                }
            }
            for team in self.teams.values().filter(|team| team.state().rules.advisory_source().is_none()) {
                if !team.state().advisories.is_read() {
                    let skipped = self.read_advisories(None).await;
                    team.change(|state| state.advisories = Arc::new(skipped));
                }
            }
            let (usual, soon) = ADVISORIES;
            tokio::time::sleep(if whole { usual } else { soon }).await;
        }
    }

    async fn read_advisories(&self, source: Option<AdvisorySource>) -> Advisories {
        let Some(source) = source else { return Advisories::of(crate::model::facts::AdvisoryFact::Skipped) };
        Advisories::of(self.copies.read(&source).await)
    }
}

/// Says in what a team's policy lets more through than the last one.
fn tell_loosened(alarms: &Alarms, team: &str, last: &Rules, rules: &Rules) {
    if last.digest == rules.digest {
        return;
    }
    let (loosened, decided) = policy_source::loosened(last, rules);
    if !loosened.is_empty() {
        alarms.raise(Alarm::PolicyLoosened { team: team.to_owned(), what: few(&loosened, NAMED) });
    }
    if decided > 0 {
        tracing::info!(team, decided, "approvals and ignored advisories are new in the policy");
    }
}

/// The policy that a team was last judged by, as the store has it.
async fn last_policy(store: &Store, team: &str, environment: &Environment) -> Option<Rules> {
    let head = store.get(&Key::policy_head(team), LARGEST_HEAD).await.ok()??;
    policy_of(store, team, &head.bytes, environment).await
}

/// The policy that a head names.
async fn policy_of(store: &Store, team: &str, head: &[u8], environment: &Environment) -> Option<Rules> {
    let digest = std::str::from_utf8(head).ok()?.parse().ok()?;
    let stored = store.get(&Key::policy(team, digest), LARGEST_POLICY).await.ok()??;
    let text = String::from_utf8(stored.bytes.to_vec()).ok().filter(|text| digest_of(text.as_bytes()) == digest)?;
    Rules::parse(text, Some("the last policy".into()), environment.current_dir()).ok()
}

/// The lines for `.cargo/config.toml` of whoever is to be served.
pub(crate) fn cargo_config(node: &Node, team: &Team) -> String {
    let mut lines = String::new();
    for name in &team.config.registries {
        let Some(upstream) = node.entries.upstream(name) else { continue };
        let ours = format!("sequester-{}-{name}", team.name);
        let source = if name == CRATES_IO {
            "[source.crates-io]\n".to_owned()
        } else {
            format!("[source.{name}]\nregistry = \"{}\"\n", upstream.rules.registry)
        };
        let credentials = if team.config.tokens.is_empty() { "" } else { "credential-provider = [\"cargo:token\"]\n" };
        // Writing to a string cannot fail.
        let _ = write!(
            lines,
            "{source}replace-with = \"{ours}\"\n\n[registries.{ours}]\nindex = \"sparse+{}/{}/{name}/\"\n{credentials}\n",
            node.url, team.name,
        );
    }
    lines.truncate(lines.trim_end().len());
    lines.push('\n');
    lines
}
