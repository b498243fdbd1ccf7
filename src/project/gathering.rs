//! Reads the world for one decision: index entries and advisories in parallel, and what lies around the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::ProjectError;
use super::access;
use super::progress::Progress;
use super::rules::Rules;
use super::subject::Subject;
use crate::cli::Cli;
use crate::gather::advisory_db::{self, AdvisoryReading, AdvisoryRequest, FetchFailure};
use crate::gather::cargo_config::{self, CargoConfig};
use crate::gather::environment::Environment;
use crate::gather::http::{Http, Request};
use crate::gather::index::{self, IndexMode, RegistryAccess, RegistryConfig};
use crate::gather::workspace;
use crate::model::evaluation::Notice;
use crate::model::facts::{AdvisoryFact, Facts, TrailFact};
use crate::model::package::CrateId;
use crate::model::source::{Registry, Source};
use crate::policy::notices;

/// The file in which `vendor` puts the vendored sources in the place of the registries.
pub(crate) const OWN_CONFIG: &str = ".cargo/config.toml";

/// Where the facts come from.
#[derive(Clone, Copy)]
pub(crate) struct Gathering<'a> {
    /// For the progress bar.
    pub(crate) cli: &'a Cli,
    /// What is judged.
    pub(crate) subject: &'a Subject,
    /// By which rules.
    pub(crate) rules: &'a Rules,
    /// Cargo's configuration as it is found: what replaces what.
    pub(crate) config: &'a CargoConfig,
    /// Cargo's configuration as far as the change under judgement cannot have written it: proxies, certificates, tokens.
    pub(crate) trusted: &'a CargoConfig,
    /// Crates that are asked about although the lock file may not have them.
    pub(crate) beside: &'a BTreeSet<CrateId>,
    /// Whether the caller wants no registry asked.
    pub(crate) offline: bool,
    /// Whether nothing that lies on this machine may stand in for a registry's answer.
    pub(crate) afresh: bool,
    /// The machine's clock.
    pub(crate) machine: Timestamp,
    /// The environment of the run.
    pub(crate) environment: &'a Environment,
    /// The environment in which cargo may be run.
    pub(crate) cargo: &'a Environment,
}

/// How registries are reached.
#[derive(Debug)]
pub(crate) struct Reached {
    /// The client.
    pub(crate) http: Http,
    /// Whether it may be used.
    pub(crate) network: bool,
    /// `$CARGO_HOME`.
    pub(crate) cargo_home: Utf8PathBuf,
    /// Whom to ask for each registry.
    pub(crate) access: BTreeMap<Registry, RegistryAccess>,
    /// The registries' `config.json`.
    pub(crate) configs: BTreeMap<Registry, RegistryConfig>,
}

impl Gathering<'_> {
    /// Reads them, once.
    pub(crate) fn facts(self) -> Result<(Facts, Reached), ProjectError> {
        let mut crates = crates_in_question(self.subject, self.rules);
        crates.extend(self.beside.iter().cloned());
        let registries: BTreeSet<Registry> = crates.iter().map(|id| id.registry.clone()).collect();
        let beneath = self.config.without(&self.subject.root.join(OWN_CONFIG));
        let configs = access::Configs { found: self.config, beneath: &beneath, trusted: self.trusted };
        let access = access::work_out(&registries, &configs, &self.rules.policy)?;
        let http = Http::new(&self.trusted.http()?)?;
        let network = !(self.offline || self.trusted.offline()?);
        let mode = match network {
            false => IndexMode::Offline,
            true if self.afresh => IndexMode::Afresh(&http),
            true => IndexMode::Online(&http),
        };
        let home = self.environment.cargo_home();
        let progress = Progress::new(self.cli.quiet, "Fetching", "index entries");
        let mut advance = |done, of| progress.at(done, of);
        let (reading, advisories) = std::thread::scope(|scope| {
            let advisories = scope.spawn(|| self.advisories(Some(&crates), network.then_some(&http)));
            let reading = index::read(&crates, &access.by_registry, &home, mode, &mut advance);
            (reading, advisories.join())
        });
        let advisories = advisories.unwrap_or_else(|_| self.advisories_lost());
        let mut noticed = advisories.notices;
        noticed.extend(self.surroundings(&registries));
        if !network {
            noticed.push(Notice::IndexFromCache { oldest: reading.oldest_cached });
        }
        let facts = Facts {
            packages: self.subject.lock.packages.clone(),
            index: reading.index,
            advisories: advisories.fact,
            registry_clock: reading.clock,
            refused_mirrors: access.refused,
            base: None,
            trail: TrailFact::default(),
            notices: noticed,
        };
        let reached = Reached { http, network, cargo_home: home, access: access.by_registry, configs: reading.configs };
        Ok((facts, reached))
    }

    /// The advisories about these crates, or about all.
    pub(crate) fn advisories(self, crates: Option<&BTreeSet<CrateId>>, http: Option<&Http>) -> AdvisoryReading {
        let Some(db) = &self.rules.policy.advisories.db else {
            return AdvisoryReading { fact: AdvisoryFact::Skipped, notices: Vec::new() };
        };
        let names: Option<BTreeSet<Arc<str>>> =
            crates.map(|crates| crates.iter().map(|id| Arc::clone(&id.name)).collect());
        let fetch = http.map(|http| {
            move |request: &Request| http.get(request).map_err(|error| FetchFailure { cause: error.without_address() })
        });
        advisory_db::read(&AdvisoryRequest {
            db,
            base: &self.rules.folder,
            crates: names.as_ref(),
            cargo_home: &self.environment.cargo_home(),
            network: fetch.as_ref().map(|fetch| fetch as &advisory_db::Fetch<'_>),
            now: self.machine,
            environment: self.environment,
        })
    }

    /// What is left where reading the advisories panicked: the run is blocked, and the rest is judged.
    pub(crate) fn advisories_lost(self) -> AdvisoryReading {
        let source = self.rules.policy.advisories.db.clone().unwrap_or_default();
        let cause = "reading them failed in a way that was not foreseen".to_owned();
        AdvisoryReading { fact: AdvisoryFact::Unavailable { source, cause }, notices: Vec::new() }
    }

    /// What is worth knowing about the project around the lock file.
    fn surroundings(self, registries: &BTreeSet<Registry>) -> Vec<Notice> {
        let (subject, policy) = (self.subject, &self.rules.policy);
        let mut all = Vec::new();
        if let Some(failure) = subject.workspace.as_ref().and_then(|workspace| workspace.failure.as_ref()) {
            all.push(Notice::WorkspaceUnread { cause: in_one_line(&failure.to_string()) });
        }
        let local = subject.lock.packages.iter().any(|package| package.id.source == Source::Local);
        let sets_age = policy.cargo.global.is_some() || !policy.cargo.registries.is_empty();
        // Asking for the version starts a process; it matters only where cargo's own key is set.
        let version = (sets_age && local).then(|| workspace::cargo_version(self.cargo).ok()).flatten();
        all.extend(notices::cargo_ages(policy, registries, version.as_ref()));
        all.extend(notices::cooldown(policy, cargo_config::cooldown_age(&subject.root)));
        all
    }
}

/// Cargo's error and its causes, as one sentence.
fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    lines.collect::<Vec<_>>().join(": ")
}

/// The crates whose index entries are needed: of the packages to be judged, of those that depend on them, for what they ask, and of
/// those that they depend on, which a security fix may need to come along.
fn crates_in_question(subject: &Subject, rules: &Rules) -> BTreeSet<CrateId> {
    let packages = &subject.lock.packages;
    let judged: Vec<bool> = packages.iter().map(|package| !rules.has_locked(package)).collect();
    let mut wanted: BTreeSet<usize> = BTreeSet::new();
    for (position, package) in packages.iter().enumerate() {
        let is_judged = |position: &usize| judged.get(*position) == Some(&true);
        if is_judged(&position) {
            wanted.insert(position);
            wanted.extend(&package.dependencies);
        } else if package.dependencies.iter().any(is_judged) {
            wanted.insert(position);
        }
    }
    wanted.into_iter().filter_map(|position| packages.get(position)?.id.crate_id()).collect()
}
