//! One run of the filter, with as many cargos behind it as a verb needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ResolveError;
use super::child::{self, Ended};
use super::elsewhere::Elsewhere;
use super::ground::Ground;
use super::signals::Signals;
use super::upstream::Registries;
use crate::gather::lock_file;
use crate::gather::workspace;
use crate::model::evaluation::{Evaluation, IndexGap, Notice};
use crate::model::facts::{AdvisoryFact, Facts, IndexFact};
use crate::model::package::{CrateId, PackageId};
use crate::model::source::Registry;
use crate::model::visibility::Hidden;
use crate::policy;
use crate::policy::judge::Judge;
use crate::policy::security_fix;
use crate::registry::{Filter, LockedVersions, Root, ServedRegistry, Server, Shelf, Upstream as _};

/// A running filter.
pub(crate) struct Session<'s> {
    pub(crate) ground: &'s Ground<'s>,
    /// What is known of the lock file as it was found.
    pub(crate) before: &'s Evaluation,
    filter: &'s Filter<'s>,
    registries: &'s Registries<'s>,
    advisories: &'s AdvisoryFact,
    /// Values for cargo's `--config`.
    overrides: Vec<String>,
    elsewhere: Option<&'s Elsewhere>,
    signals: &'s Signals,
}

/// A lock file with the decision on it.
pub(crate) struct Judged {
    pub(crate) facts: Facts,
    pub(crate) evaluation: Evaluation,
    pub(crate) lines: Vec<u32>,
}

impl Ground<'_> {
    /// Judges the lock file as it is, starts the filter, and does `work` behind it. Where the run is blocked, `work` finds the blockers in
    /// `before` and no server is needed; it is not started for nothing.
    pub(crate) fn behind_filter<R, E: From<ResolveError>>(
        &self,
        work: impl FnOnce(&Session<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let registries = self.registries();
        let roots = self.roots();
        let mut wanted = self.locked();
        wanted.extend(roots.iter().map(|root| root.crate_id.clone()));
        let named = wanted.iter().map(|id| id.registry.clone()).chain([Registry::CratesIo]);
        let configured = self.config.registries().map_err(ResolveError::from)?;
        registries.prepare(&named.chain(configured.into_iter().map(|one| one.registry.value)).collect())?;
        let (index, advisories) = self.gather(&registries, &wanted);
        let mut facts = self.facts(&registries, index, advisories.fact, advisories.notices);
        let before = policy::evaluate(&facts, &self.rules.policy, &self.rules.approvals, self.moment());
        let unlocked = facts.packages.is_empty() && before.blockers.is_empty();
        if unlocked {
            facts.index = self.reach(&facts, &registries, roots.clone());
        }
        let mut judge = Judge::new(&facts, &self.rules.policy, &self.rules.approvals, self.moment());
        if unlocked {
            // What will be locked takes the place of what is; the result is judged by what then really is.
            judge.locked = facts.index.keys().cloned().collect();
            judge.fixes = security_fix::admitted(&judge);
        }
        let (lines, questions) = Shelf::new();
        let lines = Arc::new(lines);
        let filter = Filter::new(&judge, &registries, Arc::clone(&lines), self.locked_versions());
        if before.blockers.is_empty() {
            let at_hand = facts.index.iter().map(|(id, fact)| (id.clone(), copy(fact))).collect();
            filter.prefetch(at_hand, roots);
            refuse_gaps(&filter)?;
        }
        let replaced = served(&registries, &filter)?;
        let server =
            Server::start(self.subject.root.as_str(), &replaced, Arc::clone(&lines)).map_err(ResolveError::from)?;
        registries.seal();
        let urls = replaced.keys().map(|registry| (registry, server.url(registry)));
        let elsewhere = Elsewhere::if_needed(&self.config, self.environment)?;
        let mut overrides = elsewhere
            .as_ref()
            .map_or(&self.config, |elsewhere| &elsewhere.config)
            .stand_ins(urls)
            .map_err(ResolveError::from)?;
        overrides.push(String::from("net.offline=false"));
        let signals = Signals::listen();
        std::thread::scope(|scope| {
            let filter = &filter;
            scope.spawn(move || filter.serve(questions));
            let _end = CloseAtEnd(&lines);
            work(&Session {
                ground: self,
                before: &before,
                filter,
                registries: &registries,
                advisories: &facts.advisories,
                overrides,
                elsewhere: elsewhere.as_ref(),
                signals: &signals,
            })
        })
    }

    /// The entries of all crates that a first lock file would have: without one, that says which crates are new to the project.
    fn reach(&self, facts: &Facts, registries: &Registries<'_>, roots: Vec<Root>) -> BTreeMap<CrateId, IndexFact> {
        let judge = Judge::new(facts, &self.rules.policy, &self.rules.approvals, self.moment());
        let (unread, _) = Shelf::new();
        let filter = Filter::new(&judge, registries, Arc::new(unread), LockedVersions::new());
        filter.prefetch(facts.index.iter().map(|(id, fact)| (id.clone(), copy(fact))).collect(), roots);
        filter.facts()
    }

    fn facts(
        &self,
        registries: &Registries<'_>,
        index: BTreeMap<CrateId, IndexFact>,
        advisories: AdvisoryFact,
        notices: Vec<Notice>,
    ) -> Facts {
        let mut notices = notices;
        if self.http.is_none() {
            notices.push(Notice::IndexFromCache { oldest: registries.oldest_cached() });
        }
        Facts {
            packages: self.subject.lock.packages.clone(),
            index,
            advisories,
            registry_clock: if self.now.is_some() { None } else { registries.clock() },
            refused_mirrors: registries.refused(),
            base: None,
            trail: self.trail.clone(),
            notices,
        }
    }

    fn locked_versions(&self) -> LockedVersions {
        let mut locked = LockedVersions::new();
        for package in &self.subject.lock.packages {
            if let Some(id) = package.id.crate_id() {
                locked.entry(id).or_default().insert(package.id.version.clone());
            }
        }
        locked
    }
}

/// The thread that answers questions ends when none can come any more, also where `work` panics.
struct CloseAtEnd<'s>(&'s Shelf);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Session<'_> {
    /// What was known of advisories.
    pub(crate) fn advisories(&self) -> &AdvisoryFact {
        self.advisories
    }

    /// Runs cargo with these arguments, the verb first. With `aloud`, its words appear as they come.
    pub(crate) fn cargo(&self, arguments: &[String], aloud: bool) -> Result<Ended, ResolveError> {
        let mut all: Vec<String> = Vec::with_capacity(arguments.len() + 2 * self.overrides.len());
        if let Some(elsewhere) = self.elsewhere {
            all.extend([String::from("--config"), elsewhere.file.to_string()]);
        }
        all.extend(self.overrides.iter().flat_map(|value| [String::from("--config"), value.clone()]));
        all.extend(arguments.iter().cloned());
        let environment = match self.elsewhere {
            Some(elsewhere) => {
                let behind = arguments.iter().position(|one| one == "--").map_or(0, |at| arguments.len() - at);
                all = self.naming_manifest(all, behind);
                &elsewhere.environment
            }
            None => self.ground.environment,
        };
        let ended = child::run(environment, &all, aloud, self.signals)?;
        self.refuse_signal()?;
        Ok(ended)
    }

    /// The same command line for a cargo in another folder: it is told the manifest that it would have found here. `behind` arguments at
    /// the end are not cargo's.
    fn naming_manifest(&self, mut arguments: Vec<String>, behind: usize) -> Vec<String> {
        const OPTION: &str = "--manifest-path";
        let here = self.ground.environment.current_dir();
        let end = arguments.len() - behind;
        let mut named = false;
        let mut is_value = false;
        for argument in arguments.iter_mut().take(end) {
            if is_value {
                *argument = here.join(&argument).into_string();
                named = true;
            } else if let Some(path) = argument.strip_prefix("--manifest-path=") {
                *argument = format!("{OPTION}={}", here.join(path));
                named = true;
            }
            is_value = argument == OPTION;
        }
        if !named {
            let start = &self.ground.subject.start;
            let found = start.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file());
            let manifest = found.unwrap_or_else(|| self.ground.subject.root.join("Cargo.toml"));
            arguments.splice(end..end, [OPTION.to_owned(), manifest.into_string()]);
        }
        arguments
    }

    /// An error where a signal came: whatever was done must be undone.
    pub(crate) fn refuse_signal(&self) -> Result<(), ResolveError> {
        match self.signals.caught() {
            Some(signal) => Err(ResolveError::Interrupted { signal }),
            None => Ok(()),
        }
    }

    /// An error where something that cargo asked for could not be had: what it decided without it does not count.
    pub(crate) fn refuse_gaps(&self) -> Result<(), ResolveError> {
        refuse_gaps(self.filter)
    }

    /// Why a release is not shown; `None` for one that is, or that the index does not have.
    pub(crate) fn hides(&self, id: &PackageId) -> Option<Hidden> {
        self.filter.hides(&id.crate_id()?, &id.version)
    }

    /// Everything that is hidden, by crate.
    pub(crate) fn hidden(&self) -> BTreeMap<CrateId, Vec<Hidden>> {
        self.filter.hidden()
    }

    /// A crate's entry, where it was read.
    pub(super) fn facts_of(&self, id: &CrateId) -> Option<IndexFact> {
        self.filter.facts().remove(id)
    }

    /// The locked releases that are hidden.
    pub(crate) fn hidden_locked(&self) -> Vec<PackageId> {
        let locked = self.ground.subject.lock.packages.iter();
        locked.filter(|package| self.hides(&package.id).is_some()).map(|package| package.id.clone()).collect()
    }

    /// Reads and judges the lock file as cargo left it.
    pub(crate) fn judge_result(&self) -> Result<Judged, ResolveError> {
        let subject = &self.ground.subject;
        let mut lock = lock_file::read(&subject.lock_path)?;
        if let Some(workspace) = &subject.workspace {
            workspace::attach(&mut lock.packages, workspace);
        }
        let mut index = self.filter.facts();
        let missing: BTreeSet<CrateId> = lock
            .packages
            .iter()
            .filter_map(|package| package.id.crate_id())
            .filter(|id| !index.contains_key(id))
            .collect();
        if !missing.is_empty() {
            index.extend(self.registries.read(&missing));
        }
        let facts = Facts {
            packages: lock.packages,
            advisories: respelled(self.advisories, &index),
            index,
            registry_clock: if self.ground.now.is_some() { None } else { self.registries.clock() },
            refused_mirrors: self.registries.refused(),
            base: None,
            trail: self.ground.trail.clone(),
            notices: self.before.notices.clone(),
        };
        let rules = &self.ground.rules;
        let evaluation = policy::evaluate(&facts, &rules.policy, &rules.approvals, self.ground.moment());
        Ok(Judged { facts, evaluation, lines: lock.lines })
    }
}

impl Judged {
    /// A judge of single releases that knows what this decision knew.
    pub(crate) fn judge<'j>(&'j self, ground: &'j Ground<'_>) -> Judge<'j> {
        Judge::new(&self.facts, &ground.rules.policy, &ground.rules.approvals, ground.moment())
    }
}

/// Advisories were read by the names of their folders; crates.io tells neither `-` from `_` nor upper from lower case in these.
fn respelled(advisories: &AdvisoryFact, index: &BTreeMap<CrateId, IndexFact>) -> AdvisoryFact {
    match advisories {
        AdvisoryFact::Skipped => AdvisoryFact::Skipped,
        AdvisoryFact::Unavailable { source, cause } => {
            AdvisoryFact::Unavailable { source: source.clone(), cause: cause.clone() }
        }
        AdvisoryFact::Read(db) => {
            let mut db = db.clone();
            let canonical = |name: &str| name.to_lowercase().replace('_', "-");
            let spellings: BTreeMap<String, Arc<str>> =
                db.by_crate.keys().map(|name| (canonical(name), Arc::clone(name))).collect();
            for id in index.keys().filter(|id| !db.by_crate.contains_key(&id.name)).collect::<Vec<_>>() {
                let known = spellings.get(&canonical(&id.name)).and_then(|name| db.by_crate.get(name)).cloned();
                if let Some(known) = known {
                    db.by_crate.insert(Arc::clone(&id.name), known);
                }
            }
            AdvisoryFact::Read(db)
        }
    }
}

/// Every registry that an entry was read of or that the configuration names, with what its own `config.json` says.
fn served(
    registries: &Registries<'_>,
    filter: &Filter<'_>,
) -> Result<BTreeMap<Registry, ServedRegistry>, ResolveError> {
    let configs = registries.configs();
    let mut needed: BTreeSet<Registry> = filter.facts().into_keys().map(|id| id.registry).collect();
    needed.insert(Registry::CratesIo);
    let mut served = BTreeMap::new();
    for registry in needed {
        let config = configs.get(&registry);
        match (config, &registry) {
            (Some(config), Registry::CratesIo | Registry::Sparse(_)) => {
                served.insert(registry, ServedRegistry { dl: config.dl.clone(), api: config.api.clone() });
            }
            // Nothing of it is wanted, so nothing will be asked: any address keeps cargo from the registry itself.
            (None, Registry::CratesIo) => {
                let dl = String::from("http://127.0.0.1:9/");
                served.insert(registry, ServedRegistry { dl, api: None });
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

fn refuse_gaps(filter: &Filter<'_>) -> Result<(), ResolveError> {
    let gaps = filter.gaps();
    let Some(first) = gaps.first() else { return Ok(()) };
    let cause = match &first.cause {
        IndexGap::Failed(cause) => cause.clone(),
        IndexGap::NotCached => String::from("offline, and cargo's cache does not have it"),
        IndexGap::Unconfirmed => String::from("cargo's cached copy of its index entry was not confirmed"),
        IndexGap::NotInCachedEntry => String::from("offline, and cargo's cache is older than it"),
        IndexGap::GitIndex => String::from("its registry has a git index"),
        IndexGap::BadName => String::from("no crate can have this name"),
        IndexGap::Refused => String::from("the policy does not allow what replaces its registry"),
    };
    Err(ResolveError::IndexGaps { count: gaps.len(), first: first.crate_id.name.to_string(), cause })
}

fn copy(fact: &IndexFact) -> IndexFact {
    match fact {
        IndexFact::Read(history) => IndexFact::Read(Arc::clone(history)),
        IndexFact::Gone => IndexFact::Gone,
        IndexFact::Unavailable(gap) => IndexFact::Unavailable(gap.clone()),
    }
}
