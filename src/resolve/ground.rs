//! What a resolution stands on: the workspace, the rules, the advisories, and the index entries of what is locked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::ResolveError;
use super::upstream::Registries;
use crate::cli::Cli;
use crate::cli::JudgeBy;
use crate::gather::advisory_db::AdvisoryReading;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::clock;
use crate::gather::environment::Environment;
use crate::gather::http::Http;
use crate::model::facts::{IndexFact, TrailFact};
use crate::model::package::{CrateId, Package};
use crate::model::source::Registry;
use crate::project::ProjectError;
use crate::project::gathering::{Gathering, OWN_CONFIG};
use crate::project::rules::Rules;
use crate::project::subject::Subject;
use crate::project::trail;
use crate::registry::{Root, Upstream as _};

/// Everything that is read once, before cargo runs.
pub(crate) struct Ground<'e> {
    pub(super) cli: &'e Cli,
    pub(crate) environment: &'e Environment,
    pub(crate) subject: Subject,
    pub(crate) rules: Rules,
    pub(crate) config: CargoConfig,
    /// `None` offline.
    pub(super) http: Option<Http>,
    /// The time that the caller set.
    pub(super) now: Option<Timestamp>,
    pub(crate) machine: Timestamp,
    /// Cargo's configuration without the project's own file.
    beneath: CargoConfig,
    /// What the audit trail recorded.
    pub(super) trail: TrailFact,
}

impl<'e> Ground<'e> {
    /// Reads files; asks nobody yet.
    pub(crate) fn read(
        cli: &'e Cli,
        subject: Subject,
        judge: &JudgeBy,
        offline: bool,
        environment: &'e Environment,
    ) -> Result<Self, ResolveError> {
        let machine = clock::now();
        if let Some(now) = judge.now.filter(|now| *now > machine) {
            return Err(ProjectError::NowInFuture { now }.into());
        }
        if judge.base.is_some() {
            return Err(ProjectError::BaseNotHere.into());
        }
        let config = CargoConfig::load(environment.current_dir(), environment)?;
        if let Some(origin) = config.lockfile_path()? {
            return Err(ProjectError::OtherLockFile { origin }.into());
        }
        let mut rules = Rules::read(&subject, judge, None, environment)?;
        rules.policy.cargo = config.ages()?;
        let http = if offline || config.offline()? { None } else { Some(Http::new(&config.http()?)?) };
        let beneath = config.without(&subject.root.join(OWN_CONFIG));
        let (mut trail, _) =
            trail::read(&trail::folder(&subject.policy_path(judge.policy.as_deref(), environment)), None)?;
        trail.machine_clock = judge.now.is_none().then_some(machine);
        Ok(Self { cli, environment, subject, rules, config, http, now: judge.now, machine, beneath, trail })
    }

    /// The moment before a registry's clock is known.
    pub(super) fn moment(&self) -> Timestamp {
        self.now.unwrap_or(self.machine)
    }

    pub(super) fn registries(&self) -> Registries<'_> {
        let home = self.environment.cargo_home();
        Registries::new(&self.config, &self.beneath, &self.rules.policy, self.http.as_ref(), home)
    }

    /// The advisories about every crate, since nobody knows yet which ones come, and the entries of the crates that certainly do.
    pub(super) fn gather(
        &self,
        registries: &Registries<'_>,
        wanted: &BTreeSet<CrateId>,
    ) -> (BTreeMap<CrateId, IndexFact>, AdvisoryReading) {
        let gathering = Gathering {
            cli: self.cli,
            subject: &self.subject,
            rules: &self.rules,
            config: &self.config,
            trusted: &self.config,
            beside: wanted,
            offline: self.http.is_none(),
            afresh: false,
            machine: self.machine,
            environment: self.environment,
            cargo: self.environment,
        };
        std::thread::scope(|scope| {
            let advisories = scope.spawn(|| gathering.advisories(None, self.http.as_ref()));
            let index = registries.read(wanted);
            (index, advisories.join().unwrap_or_else(|_| gathering.advisories_lost()))
        })
    }

    /// What the manifests ask of registries. Cargo resolves with every feature of every member on.
    pub(super) fn roots(&self) -> Vec<Root> {
        let locals = self.subject.workspace.iter().flat_map(|workspace| &workspace.packages);
        let requirements = locals.flat_map(|local| &local.package.requirements);
        requirements
            .filter_map(|requirement| {
                let registry = match &requirement.registry {
                    None => Registry::CratesIo,
                    Some(url) => Registry::parse(url).ok()?,
                };
                Some(Root {
                    crate_id: CrateId { registry, name: requirement.name.clone() },
                    req: requirement.req.clone(),
                    features: requirement.features.clone(),
                    default_features: requirement.default_features,
                })
            })
            .collect()
    }

    /// The crates that the lock file has.
    pub(super) fn locked(&self) -> BTreeSet<CrateId> {
        self.subject.lock.packages.iter().filter_map(|package: &Package| package.id.crate_id()).collect()
    }
}
