//! A node's life: it is prepared, it listens, it serves until somebody ends it.

use std::sync::Arc;

use tokio::runtime::Runtime;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::config::Config;
use super::listen::{ListenError, Listener};
use super::moment::Moment;
use super::node::{Node, StartError, cargo_config};
use super::policy_source::{self, PolicySourceError};
use super::store::{Place, Store, StoreError};
use crate::gather::environment::Environment;
use crate::gather::http::HttpSettings;
use crate::model::Timestamp;
use crate::model::source::Registry;

/// A node did not come to serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// A registry of a team whose policy lets nothing come from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unnamed {
    pub(crate) team: String,
    pub(crate) registry: String,
    pub(crate) index: String,
}

/// Reads every policy that a configuration names, and finds out whether its bucket can be used. Gives the registries from which a team has
/// nothing, because its policy does not name them.
pub(crate) fn check(config: &Config, environment: &Environment) -> Result<Vec<Unnamed>, ServeError> {
    let mut unnamed = Vec::new();
    for (team, rules) in &config.teams {
        let policy = policy_source::read(&rules.policy, environment)?.policy;
        for name in &rules.registries {
            let Some(registry) = config.registries.get(name).map(|one| &one.registry) else { continue };
            let is_named = *registry == Registry::CratesIo
                || policy.registries.contains_key(registry)
                || policy.sources.allow_registries.contains(registry);
            if !is_named {
                unnamed.push(Unnamed { team: team.clone(), registry: name.clone(), index: registry.to_string() });
            }
        }
    }
    if let Place::Bucket { .. } = config.store {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ListenError::Runtime)?;
        let store = Store::open(&config.store, environment).map_err(StartError::from)?;
        runtime.block_on(store.prove()).map_err(|error| match error {
            StoreError::Away { cause, .. } => StartError::from(StoreError::Unopened {
                place: config.store.to_string(),
                cause,
                help: "check its address and the AWS_… variables; a node that finds it away waits for it",
            }),
            other @ (StoreError::Large { .. } | StoreError::Unopened { .. }) => other.into(),
        })?;
    }
    Ok(unnamed)
}

/// A node that listens, and has not answered yet.
pub(crate) struct Prepared {
    runtime: Runtime,
    /// Heard from before anybody is told that it is there.
    ending: Ending,
    listener: Listener,
    node: Arc<Node>,
}

impl Prepared {
    /// Reads what it is told and begins to listen. `now` is the moment to judge by for ever, where the caller made one up.
    pub(crate) fn new(
        config: Config,
        now: Option<Timestamp>,
        settings: HttpSettings,
        environment: &Environment,
    ) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("serve")
            .enable_all()
            .build()
            .map_err(ListenError::Runtime)?;
        let ending = runtime.block_on(async { Ending::new() }).map_err(ListenError::Runtime)?;
        let listener = runtime.block_on(Listener::open(config.listen, config.tls.as_ref()))?;
        let address = listener.address().map_err(ListenError::Runtime)?;
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let url = config.url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
        let moment = now.map_or(Moment::Clock, Moment::Fixed);
        let node = Arc::new(runtime.block_on(Node::start(config, url, moment, settings, environment))?);
        // What is locked may stay from the first request on.
        runtime.block_on(async {
            for team in node.teams.values() {
                node.look_at_locks(team).await;
            }
        });
        Ok(Self { runtime, ending, listener, node })
    }

    /// By which address clients reach it.
    pub(crate) fn url(&self) -> &str {
        &self.node.url
    }

    /// The lines for `.cargo/config.toml`, by team.
    pub(crate) fn cargo_configs(&self) -> Vec<(String, String)> {
        self.node.teams.values().map(|team| (team.name.clone(), cargo_config(&self.node, team))).collect()
    }

    /// Where the state is.
    pub(crate) fn store(&self) -> String {
        self.node.config.store.to_string()
    }

    /// Serves until a signal says that it is enough.
    pub(crate) fn serve(self) {
        let Self { runtime, ending, listener, node } = self;
        runtime.block_on(async {
            let keeping = tokio::spawn(Arc::clone(&node).keep_up());
            listener.serve(node, ending.heard()).await;
            keeping.abort();
        });
        // What waits for a disk or a registry need not be waited for.
        runtime.shutdown_background();
    }
}

/// SIGTERM, or SIGINT from a keyboard.
#[cfg(unix)]
struct Ending {
    terminated: Signal,
    interrupted: Signal,
}

#[cfg(unix)]
impl Ending {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminated: signal(SignalKind::terminate())?, interrupted: signal(SignalKind::interrupt())? })
    }

    async fn heard(mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Ending;

#[cfg(not(unix))]
impl Ending {
    const fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn heard(self) {
        // Where nobody can be heard from, it serves until it is ended otherwise.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
