//! What every judging verb does first: read the subject and the rules, gather the facts, decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::CommandError;
use super::access;
use super::base::Rules;
use super::progress::Progress;
use super::subject::{Subject, relative};
use crate::cli::{self, Cli};
use crate::gather::advisory_db::{self, AdvisoryReading, AdvisoryRequest, FetchFailure};
use crate::gather::cargo_config::{self, CargoConfig};
use crate::gather::clock;
use crate::gather::environment::Environment;
use crate::gather::http::{Http, Request};
use crate::gather::index::{self, IndexMode, RegistryAccess, RegistryConfig};
use crate::gather::workspace;
use crate::model::evaluation::{Evaluation, Notice};
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::package::CrateId;
use crate::model::source::{Registry, Source};
use crate::policy::{self, notices};
use crate::report::AuditReport;

/// The file in which `vendor` puts the vendored sources in the place of the registries.
const OWN_CONFIG: &str = ".cargo/config.toml";

/// A decision with all that it was made from.
#[derive(Debug)]
pub(super) struct Assessment {
    /// What was judged.
    pub(super) subject: Subject,
    /// By which rules.
    pub(super) rules: Rules,
    /// From which facts.
    pub(super) facts: Facts,
    /// The decision.
    pub(super) evaluation: Evaluation,
    /// The lock file, as a reader in the working directory would write it.
    pub(super) locked: Utf8PathBuf,
    /// The machine's time when it was made.
    pub(super) machine: Timestamp,
    /// How the registries were reached, for those who fetch from them afterwards.
    pub(super) reached: Reached,
}

/// How registries are reached.
#[derive(Debug)]
pub(super) struct Reached {
    /// The client.
    pub(super) http: Http,
    /// Whether it may be used.
    pub(super) network: bool,
    /// `$CARGO_HOME`.
    pub(super) cargo_home: Utf8PathBuf,
    /// Whom to ask for each registry.
    pub(super) access: BTreeMap<Registry, RegistryAccess>,
    /// The registries' `config.json`.
    pub(super) configs: BTreeMap<Registry, RegistryConfig>,
}

impl Assessment {
    /// Makes it.
    pub(super) fn make(
        cli: &Cli,
        subject: &cli::Subject,
        judge: &cli::JudgeBy,
        environment: &Environment,
    ) -> Result<Self, CommandError> {
        let machine = clock::now();
        let (arguments, subject) = (subject, Subject::find(subject, environment)?);
        let mut rules = Rules::read(&subject, judge, environment)?;
        let config = CargoConfig::load(environment.current_dir(), environment)?;
        rules.policy.cargo = config.ages()?;
        let (facts, reached) = gather(cli, arguments, judge.now, machine, &subject, &mut rules, &config, environment)?;
        let locked = relative(&subject.lock_path, environment);
        let evaluation = policy::evaluate(&facts, &rules.policy, &rules.approvals, judge.now.unwrap_or(machine));
        Ok(Self { subject, rules, facts, evaluation, locked, machine, reached })
    }

    /// Everything that a report of the decision tells.
    pub(super) fn report(&self, elapsed: Option<Duration>) -> AuditReport<'_> {
        AuditReport {
            packages: &self.facts.packages,
            evaluation: &self.evaluation,
            advisories: &self.facts.advisories,
            loosened: &self.rules.loosened,
            policy: &self.rules.policy,
            judged_by: self.rules.judged_by(),
            locked: &self.locked,
            lines: &self.subject.lock.lines,
            elapsed,
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one part of the world that is read once, here")]
fn gather(
    cli: &Cli,
    arguments: &cli::Subject,
    now: Option<Timestamp>,
    machine: Timestamp,
    subject: &Subject,
    rules: &mut Rules,
    config: &CargoConfig,
    environment: &Environment,
) -> Result<(Facts, Reached), CommandError> {
    let outside = outside_config(rules.rewritable.as_deref(), environment)?;
    let trusted = outside.as_ref().unwrap_or(config);
    let crates = crates_in_question(subject, rules);
    let registries = crates.iter().map(|id| id.registry.clone()).collect();
    let beneath = config.without(&subject.root.join(OWN_CONFIG));
    let access = access::work_out(&registries, &access::Configs { config, beneath: &beneath, trusted }, &rules.policy)?;
    let http = Http::new(&trusted.http()?)?;
    let network = !(arguments.is_offline() || trusted.offline()?);
    let mode = if network { IndexMode::Online(&http) } else { IndexMode::Offline };
    let home = environment.cargo_home();
    let progress = Progress::new(cli, "Fetching", "index entries");
    let mut advance = |done, of| progress.at(done, of);
    let (reading, advisories) = std::thread::scope(|scope| {
        let advisories =
            scope.spawn(|| read_advisories(rules, &crates, &home, network.then_some(&http), machine, environment));
        let reading = index::read(&crates, &access.by_registry, &home, mode, &mut advance);
        (reading, advisories.join())
    });
    let advisories = advisories.unwrap_or_else(|_| AdvisoryReading {
        fact: AdvisoryFact::Unavailable {
            source: rules.policy.advisories.db.clone().unwrap_or_default(),
            cause: "reading them failed in a way that was not foreseen".to_owned(),
        },
        notices: Vec::new(),
    });
    let mut noticed = advisories.notices;
    noticed.extend(surroundings(subject, rules, environment, &registries_of(&crates)));
    if !network {
        noticed.push(Notice::IndexFromCache { oldest: reading.oldest_cached });
    }
    let facts = Facts {
        packages: subject.lock.packages.clone(),
        index: reading.index,
        advisories: advisories.fact,
        registry_clock: if now.is_some() { None } else { reading.clock },
        refused_mirrors: access.refused,
        base: rules.locked.take(),
        notices: noticed,
    };
    let reached = Reached { http, network, cargo_home: home, access: access.by_registry, configs: reading.configs };
    Ok((facts, reached))
}

/// With a base commit, how the network is reached must not be up to files of the repository: a proxy with a certificate of its own
/// could answer for the registry.
fn outside_config(
    rewritable: Option<&Utf8Path>,
    environment: &Environment,
) -> Result<Option<CargoConfig>, CommandError> {
    let Some(repository) = rewritable else { return Ok(None) };
    let outside = repository.parent().unwrap_or(repository);
    Ok(Some(CargoConfig::load(outside, environment)?))
}

/// The crates whose index entries are needed: of the packages to be judged, of those that depend on them, for what they ask, and of
/// those that they depend on, which a security fix may need to come along.
fn crates_in_question(subject: &Subject, rules: &Rules) -> BTreeSet<CrateId> {
    let packages = &subject.lock.packages;
    let mut wanted: BTreeSet<usize> = BTreeSet::new();
    let judged: Vec<bool> = packages.iter().map(|package| !rules.has_locked(package)).collect();
    for (position, package) in packages.iter().enumerate() {
        let touches = package.dependencies.iter().any(|dependency| judged.get(*dependency) == Some(&true));
        if judged[position] || touches {
            wanted.insert(position);
        }
        if judged[position] {
            wanted.extend(&package.dependencies);
        }
    }
    wanted.into_iter().filter_map(|position| packages.get(position)?.id.crate_id()).collect()
}

fn registries_of(crates: &BTreeSet<CrateId>) -> BTreeSet<Registry> {
    crates.iter().map(|id| id.registry.clone()).collect()
}

fn read_advisories(
    rules: &Rules,
    crates: &BTreeSet<CrateId>,
    home: &Utf8Path,
    http: Option<&Http>,
    machine: Timestamp,
    environment: &Environment,
) -> AdvisoryReading {
    let Some(db) = &rules.policy.advisories.db else {
        return AdvisoryReading { fact: AdvisoryFact::Skipped, notices: Vec::new() };
    };
    let names: BTreeSet<Arc<str>> = crates.iter().map(|id| Arc::clone(&id.name)).collect();
    let fetch = http.map(|http| {
        move |request: &Request| http.get(request).map_err(|error| FetchFailure { cause: error.first_line() })
    });
    advisory_db::read(&AdvisoryRequest {
        db,
        base: &rules.folder,
        crates: &names,
        cargo_home: home,
        network: fetch.as_ref().map(|fetch| fetch as &advisory_db::Fetch<'_>),
        now: machine,
        environment,
    })
}

/// What is worth knowing about the project around the lock file.
fn surroundings(
    subject: &Subject,
    rules: &Rules,
    environment: &Environment,
    registries: &BTreeSet<Registry>,
) -> Vec<Notice> {
    let mut all = Vec::new();
    if let Some(failure) = subject.workspace.as_ref().and_then(|workspace| workspace.failure.as_ref()) {
        all.push(Notice::WorkspaceUnread { cause: failure.to_string() });
    }
    let local = subject.lock.packages.iter().any(|package| package.id.source == Source::Local);
    let sets_age = rules.policy.cargo.global.is_some() || !rules.policy.cargo.registries.is_empty();
    // Asking for the version starts a process; it matters only where cargo's own key is set.
    let cargo = (sets_age && local).then(|| workspace::cargo_version(environment).ok()).flatten();
    all.extend(notices::cargo_ages(&rules.policy, registries, cargo.as_ref()));
    all.extend(notices::cooldown(&rules.policy, cargo_config::cooldown_age(&subject.root)));
    all
}
