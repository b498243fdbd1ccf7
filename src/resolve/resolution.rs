//! A run of the filter: the project is opened and kept from others, the world is read, and cargo resolves behind what is shown.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use camino::Utf8Path;

use super::error::ResolveError;
use super::interrupts::Interrupts;
use super::private_copy::PrivateCopy;
use super::session::{Session, refuse_gaps, roots};
use crate::files::{self, Lock, Taken, lock_folder};
use crate::gather::cargo::Cargo;
use crate::gather::environment::Environment;
use crate::model::facts::IndexFact;
use crate::model::finding::Inspections;
use crate::model::lock_proof::LockFact;
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::resolution::versions;
use crate::model::run::{Listener, Waiting};
use crate::model::source::{Registry, Source};
use crate::policy::deleted::deleted;
use crate::policy::other_bytes::other_bytes;
use crate::policy::source::is_allowed;
use crate::project::{About, Decision, Gathered, Project, Purpose, Registries, Request};
use crate::registry::{Filter, FilteredIndex, ServedRegistry, Server, Upstream};

/// A resolution that takes longer is announced.
const UNTOLD: Duration = Duration::from_millis(1500);

/// What a run writes into the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Nothing, or only where something turns out to be missing.
    Nothing,
    /// The lock file, and perhaps manifests.
    LockFile,
}

/// A project in which cargo is to resolve. No other run of ours changes it meanwhile.
pub(crate) struct Resolution {
    project: Project,
    _lock: WorkspaceLock,
}

impl Resolution {
    /// Opens the project, and waits until no other run changes it. What could not be written in the end is not waited for.
    pub(crate) fn open(request: Request, environment: &Environment, writes: Writes) -> Result<Self, ResolveError> {
        let request = Request { purpose: Purpose::Resolve, ..request };
        let found = Project::open(request.clone(), environment)?;
        if writes == Writes::LockFile {
            let path = &found.subject().lock_path;
            files::may_replace(path).map_err(|kind| ResolveError::ReadOnly { path: path.clone(), kind })?;
        }
        let lock = WorkspaceLock::take(&found.subject().root, environment.listener())?;
        // What was read before another run changed it may be old.
        let project = if lock.waited { Project::open(request, environment)? } else { found };
        if writes == Writes::LockFile {
            project.remove_debris();
        }
        Ok(Self { project, _lock: lock })
    }

    /// The project in which cargo is to resolve.
    pub(crate) const fn project(&self) -> &Project {
        &self.project
    }

    /// The decision on the lock file as it lies there now, which needs no filter and only what is known of the locked crates. The project is
    /// opened once more, so that a caller that looked at [`Self::project`] before can find out whether anything changed meanwhile.
    pub(crate) fn as_it_is(&self) -> Result<AsItIs, ResolveError> {
        let project = Project::open(self.project.request().clone(), self.project.environment())?;
        let gathered = Gathered::read(project, About::These(BTreeSet::new()))?;
        let decision = gathered.decide();
        Ok(AsItIs { gathered, decision })
    }

    /// Reads what is known about the project, and does `work` [`behind`] the filter.
    pub(crate) fn run<R, E: From<ResolveError>>(self, work: impl FnOnce(&Session<'_>) -> Result<R, E>) -> Result<R, E> {
        self.run_unless(|_| Ok(None), work)
    }

    /// As [`Self::run`], where `at_once` does not come to an end with what is known without any cargo.
    pub(crate) fn run_unless<R, E: From<ResolveError>>(
        self,
        at_once: impl FnOnce(&Gathered) -> Result<Option<R>, E>,
        work: impl FnOnce(&Session<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let about = About::AnyBeside(asked_crates(&self.project));
        let gathered = Gathered::read(self.project, about).map_err(ResolveError::from)?;
        match at_once(&gathered)? {
            Some(done) => Ok(done),
            None => behind(&gathered, work),
        }
    }
}

/// One run at a time changes a workspace: a second one would put back what the first one found. It is the folder itself that is locked, so no file is left behind.
#[derive(Debug)]
struct WorkspaceLock {
    _lock: Option<Lock>,
    /// Whether another run held it first: what was read before may be old.
    waited: bool,
}

impl WorkspaceLock {
    /// Waits for it. File systems that know no locks have none to wait for.
    fn take(root: &Utf8Path, listener: &Listener) -> Result<Self, ResolveError> {
        let of = || format!("the project's folder {root}, in which another run is at work");
        let Taken { lock, waited } = lock_folder(root, || listener.tell(&Waiting::Lock { of: of() }))
            .map_err(|source| ResolveError::NotLocked { path: root.to_owned(), source })?;
        Ok(Self { _lock: lock, waited })
    }
}

/// The crates whose index entries a resolution needs beside those that are locked.
pub(crate) fn asked_crates(project: &Project) -> BTreeSet<CrateId> {
    roots(project).into_iter().map(|root| root.crate_id).collect()
}

/// Judges the lock file as it is, starts the filter, and does `work` behind it. Where the run is blocked, `work` finds the blockers in
/// [`Session::before`] and no server is needed; it is not started for nothing. Of the project nothing is written.
pub(crate) fn behind<R, E: From<ResolveError>>(
    gathered: &Gathered,
    work: impl FnOnce(&Session<'_>) -> Result<R, E>,
) -> Result<R, E> {
    let heard = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Nothing is ever sent; the other end is gone when the work is done.
        let (_done, ended) = mpsc::channel::<Infallible>();
        let (environment, heard) = (gathered.project().environment(), &heard);
        scope.spawn(move || {
            let is_long = ended.recv_timeout(UNTOLD) == Err(mpsc::RecvTimeoutError::Timeout);
            if is_long && !heard.load(Ordering::Relaxed) {
                environment.tell(&Waiting::Resolving);
            }
        });
        filtered(gathered, heard, work)
    })
}

fn filtered<R, E: From<ResolveError>>(
    gathered: &Gathered,
    heard: &AtomicBool,
    work: impl FnOnce(&Session<'_>) -> Result<R, E>,
) -> Result<R, E> {
    let (project, registries) = (gathered.project(), gathered.registries());
    let config = project.configs().found();
    let configured = config.registries().map_err(ResolveError::from)?;
    let mut configured: BTreeSet<Registry> =
        configured.into_iter().map(|one| one.registry.value).chain([Registry::CratesIo]).collect();
    registries.prepare(&configured).map_err(ResolveError::from)?;
    let before = gathered.decide_before_resolving();
    let is_decided = before.evaluation().blockers.is_empty();
    // Nothing leads to them yet where nothing is read in advance.
    configured.extend(before.facts().packages.iter().filter_map(|package| Some(package.id.crate_id()?.registry)));
    let judge = gathered.judge(before.facts());
    let (lines, questions) = FilteredIndex::new();
    let lines = Arc::new(lines);
    let filter = Filter::new(
        &judge,
        gathered,
        Arc::clone(&lines),
        versions(before.facts().packages.iter().map(|package| &package.id)),
    )
    .with_deleted(deleted(before.facts(), before.evaluation()))
    .with_other_bytes(other_bytes(before.facts(), before.evaluation()));
    if is_decided {
        filter.prefetch(before.facts().index.clone(), roots(project));
        refuse_gaps(&filter)?;
    }
    let replaced = served(&project.rules().policy, registries, &filter, configured)?;
    filter.settle(replaced.keys().cloned().collect());
    let root = project.subject().root.as_str();
    let server = Server::start(root, &replaced, Arc::clone(&lines)).map_err(ResolveError::from)?;
    registries.seal();
    let urls = replaced.keys().map(|registry| (registry, server.url(registry)));
    let copy = PrivateCopy::of(project.subject()).map_err(ResolveError::from)?;
    let settings = copy.led(&config.for_cargo_away());
    let cargo = Cargo::configured(&settings, project.environment()).map_err(ResolveError::Temporary)?;
    let there = cargo.config().map_err(ResolveError::from)?;
    let mut overrides = there.stand_ins(urls).map_err(ResolveError::from)?;
    overrides.push(String::from("net.offline=false"));
    let interrupts = Interrupts::listen();
    std::thread::scope(|scope| {
        let (filter, before, cargo, copy, interrupts) = (&filter, &before, &cargo, &copy, &interrupts);
        scope.spawn(move || filter.serve(questions));
        let _end = CloseAtEnd(&lines);
        work(&Session {
            gathered,
            before,
            filter,
            overrides,
            cargo,
            copy,
            interrupts,
            heard,
            unpatched: RefCell::default(),
            found_out: RefCell::default(),
        })
    })
}

/// A lock file as it was found, with the decision on it.
pub(crate) struct AsItIs {
    gathered: Gathered,
    decision: Decision,
}

impl AsItIs {
    pub(crate) const fn project(&self) -> &Project {
        self.gathered.project()
    }

    pub(crate) const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Whether the lock file answers the manifests, as far as that can be known without running cargo.
    pub(crate) fn lock_answers(&self) -> Result<bool, ResolveError> {
        let absent = self.project().subject().lock.packages.is_empty();
        Ok(!absent && self.gathered.lock_answers()? == LockFact::Answered)
    }
}

impl Upstream for Gathered {
    fn read(&self, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
        self.registries().read(crates, &mut |_, _| ())
    }

    fn inspected(&self, entries: &BTreeMap<CrateId, IndexFact>) -> Inspections {
        self.inspect(entries)
    }
}

/// The thread that answers questions ends when none can come any more, also where `work` panics.
struct CloseAtEnd<'s>(&'s FilteredIndex);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Every registry that an entry was read of, with what its own `config.json` says, and all that the configuration names: a command line
/// (`add --registry NAME`) or a manifest that cargo comes upon can lead it to any of those.
fn served(
    policy: &Policy,
    registries: &Registries,
    filter: &Filter<'_>,
    configured: BTreeSet<Registry>,
) -> Result<BTreeMap<Registry, ServedRegistry>, ResolveError> {
    let configs = registries.configs();
    let needed: BTreeSet<Registry> = filter.facts().into_keys().map(|id| id.registry).collect();
    let mut served = BTreeMap::new();
    for registry in needed.iter().cloned().chain(configured) {
        let is_needed = needed.contains(&registry);
        let named = is_allowed(policy, &Source::Registry(registry.clone()));
        let config = configs.get(&registry).filter(|_| named);
        match (config, &registry) {
            _ if !named => {
                served.insert(registry, nowhere());
            }
            (Some(config), Registry::CratesIo | Registry::Sparse(_)) => {
                served.insert(registry, ServedRegistry { dl: config.dl.clone(), api: config.api.clone() });
            }
            // It was not asked yet. Cargo that resolves loads no crate, so any address keeps it from the registry itself.
            (None, Registry::CratesIo) => {
                served.insert(registry, nowhere());
            }
            _ if !is_needed => {
                served.insert(registry, nowhere());
            }
            (_, Registry::Git(_)) => {
                return Err(ResolveError::NotServable { registry, cause: "it has a git index, not a sparse one" });
            }
            (None, Registry::Sparse(_)) => {
                return Err(ResolveError::NotServable { registry, cause: "its config.json could not be had" });
            }
        }
    }
    Ok(served)
}

/// A registry of which cargo is shown nothing, and from which it will therefore load nothing.
fn nowhere() -> ServedRegistry {
    ServedRegistry { dl: String::from("http://127.0.0.1:9/"), api: None }
}
