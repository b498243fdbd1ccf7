//! Opens a project: everything that a decision about it needs, before the first registry is asked.

use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::ahead::Ahead;
use super::base::Base;
use super::configs::Configs;
use super::debris;
use super::error::ProjectError;
use super::request::{Purpose, Request, Which};
use super::rules::{self, Ages, Rules};
use super::subject::{self, Subject};
use crate::gather::base::Commit;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::{clock, lock_file};
use crate::model::facts::OldLock;
use crate::model::package::{Locked, Package};

/// A project with everything that it is judged by.
#[derive(Debug)]
pub(crate) struct Project {
    request: Request,
    environment: Environment,
    configs: Arc<Configs>,
    base: Option<Base>,
    /// With a base, the packages of its lock file.
    base_packages: Option<Vec<Package>>,
    subject: Subject,
    rules: Rules,
    machine: Timestamp,
    ahead: Mutex<Option<Ahead>>,
}

impl Project {
    /// Opens the project that is asked for. Files are read, and no registry is asked.
    pub(crate) fn open(request: Request, environment: &Environment) -> Result<Self, ProjectError> {
        let machine = clock::now();
        may_change(&request, machine)?;
        let judge = &request.judge;
        let config = CargoConfig::load(environment.current_dir(), environment)?.with_command_line(&request.config)?;
        let is_named = matches!(request.which, Which::LockFile(_)) || request.purpose == Purpose::Prove;
        if let Some(origin) = config.lockfile_path()?.filter(|_| !is_named) {
            return Err(ProjectError::OtherLockFile { origin });
        }
        let start = subject::start(&request.which, environment);
        let base = judge.base.as_deref().map(|base| Base::find(base, &start, environment)).transpose()?;
        let trusted = trusted(base.as_ref(), environment)?;
        let ahead = Mutex::new(Ahead::begin(&request, &start, &config, environment));
        let subject = Subject::find(&request, environment, &config)?;
        let ages = Ages { found: config.ages()?, trusted: trusted.as_ref().map(CargoConfig::ages).transpose()? };
        let base_packages = base.as_ref().map(|base| base.packages(&subject.lock_path)).transpose()?;
        let rules = Rules::read(&subject, judge, base.as_ref(), ages, environment)?;
        let configs = Arc::new(Configs::new(config, trusted));
        let environment = environment.clone();
        Ok(Self { request, environment, configs, base, base_packages, subject, rules, machine, ahead })
    }

    /// What was asked for.
    pub(crate) const fn request(&self) -> &Request {
        &self.request
    }

    /// The environment of the run.
    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Cargo's configuration.
    pub(crate) const fn configs(&self) -> &Arc<Configs> {
        &self.configs
    }

    /// What the project is compared with.
    pub(crate) const fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    pub(crate) const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// By which rules.
    pub(crate) const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The machine's time when it was opened.
    pub(crate) const fn machine(&self) -> Timestamp {
        self.machine
    }

    /// The moment to judge by, before a registry's clock is known.
    pub(crate) fn moment(&self) -> Timestamp {
        self.request.judge.now.unwrap_or(self.machine)
    }

    /// The policy file that holds here, whether or not it exists.
    pub(crate) fn policy_path(&self) -> Utf8PathBuf {
        rules::policy_path(&self.request.judge.policy, &self.subject.root, &self.environment)
    }

    /// For a run that may change its files: removes what killed runs left beside them.
    pub(crate) fn remove_debris(&self) {
        debris::remove(&self.subject.root, &self.policy_path(), self.subject.members());
    }

    /// The packages of the base's lock file.
    pub(crate) fn base_packages(&self) -> Option<&[Package]> {
        self.base_packages.as_deref()
    }

    /// What the base has locked, which is not judged.
    pub(crate) fn base_locked(&self) -> Option<Locked> {
        self.base_packages.as_deref().map(Locked::of)
    }

    /// What has been read of cargo's cache since it was opened, for the first who asks.
    pub(super) fn ahead(&self) -> Option<Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What was locked before the lock file that is judged.
    pub(super) fn old_lock(&self) -> OldLock {
        match self.request.purpose {
            Purpose::Judge | Purpose::Prove | Purpose::Change | Purpose::Decide if self.base_packages.is_none() => {
                OldLock::Judged
            }
            Purpose::Judge | Purpose::Prove | Purpose::Change | Purpose::Decide | Purpose::Resolve => {
                self.ground_of_resolution()
            }
        }
    }

    /// What is locked before a lock file that a resolution makes.
    pub(super) fn ground_of_resolution(&self) -> OldLock {
        match &self.base_packages {
            Some(packages) => OldLock::Base(packages.clone()),
            None => OldLock::Replaced(self.subject.lock.packages.clone()),
        }
    }
}

/// What the commit that is checked out around a project locks.
pub(crate) struct Committed {
    /// The packages of its lock file.
    pub(crate) packages: Vec<Package>,
    commit: Commit,
}

impl Committed {
    /// Reads it. `None` without git, without a commit, and where the commit has no lock file in this place that can be understood.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let subject = project.subject();
        let root = subject.root.canonicalize_utf8().ok()?;
        let commit = Commit::find(&root, "HEAD", project.environment()).ok()?;
        let path = root.join(subject.lock_path.strip_prefix(&subject.root).ok()?);
        let packages = lock_file::parse(&committed_file(&commit, &path)?, &path).ok()?.packages;
        Some(Self { packages, commit })
    }

    /// The bytes of one of its files, by where the file would lie in the working tree.
    pub(crate) fn file(&self, path: &Utf8Path) -> Option<Vec<u8>> {
        committed_file(&self.commit, path)
    }
}

fn committed_file(commit: &Commit, path: &Utf8Path) -> Option<Vec<u8>> {
    let top = commit.repository().top().canonicalize_utf8().ok()?;
    commit.file(path.strip_prefix(&top).ok()?).ok()?
}

/// What changes the working tree has nothing to compare it with, and must not do it by a moment that has not come.
fn may_change(request: &Request, machine: Timestamp) -> Result<(), ProjectError> {
    match request.judge.now {
        _ if matches!(request.purpose, Purpose::Judge | Purpose::Prove) => Ok(()),
        _ if request.judge.base.is_some() => Err(ProjectError::BaseNotHere),
        Some(now) if now > machine => Err(ProjectError::NowInFuture { now }),
        Some(_) | None => Ok(()),
    }
}

/// With a base commit, how the network is reached and who gets which token must not be up to files of the change: a proxy with a
/// certificate of its own could answer for the registry.
fn trusted(base: Option<&Base>, environment: &Environment) -> Result<Option<CargoConfig>, ProjectError> {
    let Some(commit) = base.and_then(Base::commit) else { return Ok(None) };
    let home = environment.cargo_home();
    if commit.is_rewritable(&home)? {
        return Err(ProjectError::HomeInRepository { path: home });
    }
    commit.cargo_config(environment.current_dir(), environment).map(Some)
}
