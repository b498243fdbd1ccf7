//! What every judging verb does first: read the subject and the rules, gather the facts, decide.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::ProjectError;
use super::base::Base;
use super::gathering::{Gathering, Reached};
use super::rules::Rules;
use super::subject::{Subject, relative};
use super::trail;
use crate::cli::{self, Cli};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::clock;
use crate::gather::environment::Environment;
use crate::model::adoption::Carried;
use crate::model::evaluation::Evaluation;
use crate::model::facts::Facts;
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::trail::Trail;
use crate::policy::carried::carried;
use crate::policy::{self, notices};
use crate::report::AuditReport;

/// A decision with all that it was made from.
#[derive(Debug)]
pub(crate) struct Assessment {
    /// What was judged.
    pub(crate) subject: Subject,
    /// By which rules.
    pub(crate) rules: Rules,
    /// From which facts.
    pub(crate) facts: Facts,
    /// The decision.
    pub(crate) evaluation: Evaluation,
    /// The audit trail that was believed.
    pub(crate) trail: Trail,
    /// The lock file, as a reader in the working directory would write it.
    pub(crate) locked: Utf8PathBuf,
    /// The machine's time when it was made.
    pub(crate) machine: Timestamp,
    /// How the registries were reached, for those who fetch from them afterwards.
    pub(crate) reached: Reached,
}

/// Names crates to be read about beside those of the lock file.
pub(crate) type Beside<'a, E> = dyn Fn(&Subject) -> Result<BTreeSet<CrateId>, E> + 'a;

/// What a verb wants otherwise than `audit` has it.
struct Wishes<'a, E> {
    beside: Option<&'a Beside<'a, E>>,
    policy: Option<Policy>,
    afresh: bool,
}

impl<E> Wishes<'_, E> {
    const fn none() -> Self {
        Self { beside: None, policy: None, afresh: false }
    }
}

impl Assessment {
    /// Makes it.
    pub(crate) fn make(
        cli: &Cli,
        subject: &cli::Subject,
        judge: &cli::JudgeBy,
        environment: &Environment,
    ) -> Result<Self, ProjectError> {
        Self::make_with(cli, subject, judge, environment, Wishes::<ProjectError>::none())
    }

    /// Makes it for a verb that writes what is approved: by what the registries say now, whatever the machine's caches have.
    pub(crate) fn make_afresh(
        cli: &Cli,
        subject: &cli::Subject,
        judge: &cli::JudgeBy,
        environment: &Environment,
    ) -> Result<Self, ProjectError> {
        Self::make_with(cli, subject, judge, environment, Wishes::<ProjectError> { afresh: true, ..Wishes::none() })
    }

    /// Makes it, and reads about some crates more, which may be chosen by what the lock file has.
    pub(crate) fn make_beside<E: From<ProjectError>>(
        cli: &Cli,
        subject: &cli::Subject,
        judge: &cli::JudgeBy,
        environment: &Environment,
        beside: &Beside<'_, E>,
    ) -> Result<Self, E> {
        Self::make_with(cli, subject, judge, environment, Wishes { beside: Some(beside), ..Wishes::none() })
    }

    /// Makes it by this policy in the place of the one in a file. Advisories are the ones that the command line and the file name.
    pub(crate) fn make_by(
        cli: &Cli,
        subject: &cli::Subject,
        judge: &cli::JudgeBy,
        environment: &Environment,
        policy: Policy,
    ) -> Result<Self, ProjectError> {
        Self::make_with(
            cli,
            subject,
            judge,
            environment,
            Wishes::<ProjectError> { policy: Some(policy), ..Wishes::none() },
        )
    }

    fn make_with<E: From<ProjectError>>(
        cli: &Cli,
        subject: &cli::Subject,
        judge: &cli::JudgeBy,
        environment: &Environment,
        wishes: Wishes<'_, E>,
    ) -> Result<Self, E> {
        let machine = clock::now();
        let config = CargoConfig::load(environment.current_dir(), environment).map_err(ProjectError::from)?;
        if let Some(origin) = config.lockfile_path().map_err(ProjectError::from)?.filter(|_| subject.lockfile.is_none())
        {
            return Err(ProjectError::OtherLockFile { origin }.into());
        }
        let base = judge.base.as_deref().map(|base| Base::find(base, subject, environment)).transpose()?;
        let trusted = trusted(base.as_ref(), environment)?;
        let cargo = cargo_environment(base.as_ref(), &config, environment)?;
        let found = Subject::find(subject, environment, &cargo)?;
        let mut rules = Rules::read(&found, judge, base.as_ref(), environment)?;
        if let Some(policy) = wishes.policy {
            let db = rules.policy.advisories.db.take();
            rules.policy = policy;
            rules.policy.advisories.db = db;
        }
        rules.policy.cargo = config.ages().map_err(ProjectError::from)?;
        if let Some(trusted) = &trusted {
            let (ages, loosened) =
                notices::longest_cargo_ages(trusted.ages().map_err(ProjectError::from)?, rules.policy.cargo);
            rules.policy.cargo = ages;
            rules.loosened.extend(loosened);
        }
        let beside = wishes.beside.map(|beside| beside(&found)).transpose()?.unwrap_or_default();
        let gathering = Gathering {
            cli,
            subject: &found,
            rules: &rules,
            config: &config,
            trusted: trusted.as_ref().unwrap_or(&config),
            beside: &beside,
            offline: subject.is_offline(),
            afresh: wishes.afresh || base.is_some(),
            machine,
            environment,
            cargo: &cargo,
        };
        let folder = trail::folder(&found.policy_path(judge.policy.as_deref(), environment));
        let (gathered, recorded) = std::thread::scope(|scope| {
            let recorded = scope.spawn(|| trail::read(&folder, base.as_ref().and_then(Base::commit)));
            (gathering.facts(), recorded.join())
        });
        let (mut facts, reached) = gathered?;
        let (fact, trail) = recorded.map_err(|_| ProjectError::TrailLost { folder: folder.clone() })??;
        facts.trail = fact;
        facts.base = rules.locked.take();
        if judge.now.is_some() {
            // A moment that the caller set is compared with nobody's clock.
            facts.registry_clock = None;
        } else {
            facts.trail.machine_clock = Some(machine);
        }
        let evaluation = policy::evaluate(&facts, &rules.policy, &rules.approvals, judge.now.unwrap_or(machine));
        let locked = relative(&found.lock_path, environment);
        Ok(Self { subject: found, rules, facts, evaluation, trail, locked, machine, reached })
    }

    /// Everything that a report of the decision tells.
    pub(crate) fn report(&self, elapsed: Option<Duration>) -> AuditReport<'_> {
        AuditReport {
            packages: &self.facts.packages,
            evaluation: &self.evaluation,
            advisories: &self.facts.advisories,
            carried: self.carried(),
            loosened: &self.rules.loosened,
            policy: &self.rules.policy,
            judged_by: self.rules.judged_by(),
            locked: &self.locked,
            lines: &self.subject.lock.lines,
            elapsed,
        }
    }

    /// What passes only because it was there at adoption.
    pub(crate) fn carried(&self) -> Carried {
        carried(&self.evaluation, &self.rules.policy, &self.rules.approvals)
    }
}

/// With a base commit, how the network is reached and who gets which token must not be up to files of the change: a proxy with a
/// certificate of its own could answer for the registry.
pub(crate) fn trusted(base: Option<&Base>, environment: &Environment) -> Result<Option<CargoConfig>, ProjectError> {
    let Some(commit) = base.and_then(Base::commit) else { return Ok(None) };
    let home = environment.cargo_home();
    if commit.is_rewritable(&home)? {
        return Err(ProjectError::HomeInRepository { path: home });
    }
    commit.cargo_config(environment.current_dir(), environment).map(Some)
}

/// With a base commit, cargo runs outside the repository: a `rust-toolchain.toml` of the change could otherwise say which program
/// that is. It needs to be told the names of registries, which it would have found inside.
pub(crate) fn cargo_environment(
    base: Option<&Base>,
    config: &CargoConfig,
    environment: &Environment,
) -> Result<Environment, ProjectError> {
    let Some(commit) = base.and_then(Base::commit) else { return Ok(environment.clone()) };
    let registries = config.registries()?.into_iter().filter_map(|configured| configured.index_variable());
    Ok(environment.elsewhere(commit.outside(), registries))
}
