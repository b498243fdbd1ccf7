//! The registries of a project: whom to ask about each, what they answered, and what time they say it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::access::Access;
use super::ahead::Ahead;
use super::configs::Configs;
use super::error::ProjectError;
use super::open::Project;
use crate::gather::http::Http;
use crate::gather::index::{self, Before, Entries, IndexMode, IndexReading, RegistryAccess, RegistryConfig};
use crate::gather::registry_api::{self, Apis};
use crate::model::evaluation::IndexGap;
use crate::model::facts::{IndexFact, RefusedMirror};
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::publication::PublicationFact;
use crate::model::source::Registry;

/// Reads index entries for one run and remembers what a second question need not ask again.
#[derive(Debug)]
pub(crate) struct Registries {
    configs: Arc<Configs>,
    policy: Policy,
    /// `None` where no registry may be asked.
    http: Option<Http>,
    cargo_home: Utf8PathBuf,
    /// Whether nothing that lies on this machine may stand in for an answer.
    afresh: bool,
    known: Mutex<Known>,
    /// What is being read of cargo's cache since the project was opened.
    ahead: Mutex<Option<Ahead>>,
}

#[derive(Debug, Default)]
struct Known {
    access: Access,
    configs: BTreeMap<Registry, RegistryConfig>,
    clock: Option<Timestamp>,
    oldest_cached: Option<Timestamp>,
    unkept: Option<String>,
    /// Whether cargo's cache may be written: not while a cargo runs.
    sealed: bool,
}

impl Registries {
    /// Asks no registry yet.
    pub(super) fn of(project: &Project) -> Result<Self, ProjectError> {
        let configs = project.configs();
        let offline = project.request().offline || configs.trusted().offline()?;
        let http = if offline { None } else { Some(Http::new(&configs.trusted().http()?)?) };
        let afresh = project.request().afresh || project.base().is_some();
        let (policy, cargo_home) = (project.rules().policy.clone(), project.environment().cargo_home());
        let (known, ahead) = (Mutex::default(), Mutex::new(project.ahead()));
        Ok(Self { configs: Arc::clone(configs), policy, http, cargo_home, afresh, known, ahead })
    }

    /// The client; `None` where no registry may be asked.
    pub(crate) const fn http(&self) -> Option<&Http> {
        self.http.as_ref()
    }

    /// `$CARGO_HOME`.
    pub(crate) fn cargo_home(&self) -> &Utf8Path {
        &self.cargo_home
    }

    /// Works out beforehand whom to ask about these registries, so that a configuration that makes no sense is reported as such.
    pub(crate) fn prepare(&self, registries: &BTreeSet<Registry>) -> Result<(), ProjectError> {
        let Access { by_registry, refused } = Access::work_out(registries, &self.configs, &self.policy)?;
        let mut known = self.known();
        known.access.by_registry.extend(by_registry);
        for one in refused {
            if !known.access.refused.contains(&one) {
                known.access.refused.push(one);
            }
        }
        Ok(())
    }

    /// From here on cargo's cache is left alone.
    pub(crate) fn seal(&self) {
        self.known().sealed = true;
    }

    pub(crate) fn refused(&self) -> Vec<RefusedMirror> {
        self.known().access.refused.clone()
    }

    /// The registries' own time in the first answers.
    pub(crate) fn clock(&self) -> Option<Timestamp> {
        self.known().clock
    }

    pub(crate) fn oldest_cached(&self) -> Option<Timestamp> {
        self.known().oldest_cached
    }

    /// What the registries say of themselves.
    pub(crate) fn configs(&self) -> BTreeMap<Registry, RegistryConfig> {
        self.known().configs.clone()
    }

    /// Whom to ask about each registry.
    pub(crate) fn access(&self) -> BTreeMap<Registry, RegistryAccess> {
        self.known().access.by_registry.clone()
    }

    /// The entry of every crate in `crates`; `progress` gets how many are done, of how many.
    pub(crate) fn read(
        &self,
        crates: &BTreeSet<CrateId>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> BTreeMap<CrateId, IndexFact> {
        let new: BTreeSet<Registry> = {
            let known = self.known();
            let registries = crates.iter().map(|id| &id.registry);
            registries.filter(|one| !known.access.by_registry.contains_key(*one)).cloned().collect()
        };
        if let Err(error) = self.prepare(&new) {
            let cause = error.to_string().lines().next().unwrap_or_default().to_owned();
            let failed = || IndexFact::Unavailable(IndexGap::Failed(cause.clone()));
            return crates.iter().map(|id| (id.clone(), failed())).collect();
        }
        let (access, configs, sealed) = {
            let known = self.known();
            (known.access.by_registry.clone(), known.configs.clone(), known.sealed)
        };
        let mode = match &self.http {
            Some(http) if sealed => IndexMode::Beside(http),
            Some(http) if self.afresh => IndexMode::Afresh(http),
            Some(http) => IndexMode::Online(http),
            None => IndexMode::Offline,
        };
        let mut entries = self.ahead().take().map(Ahead::wait).unwrap_or_default();
        let before = Before { configs: &configs, entries: &mut entries };
        self.keep(index::read_on(crates, &access, before, &self.cargo_home, mode, progress))
    }

    /// The entries of the crates that are wanted, as the registries send them whole and not as they confirm what cargo's cache has. Nothing, and
    /// nobody is asked what is wanted, where no registry may be asked, or where all are asked so anyway.
    pub(crate) fn read_whole(&self, wanted: impl FnOnce() -> BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
        let (access, configs, sealed) = {
            let known = self.known();
            (known.access.by_registry.clone(), known.configs.clone(), known.sealed)
        };
        let Some(http) = self.http.as_ref().filter(|_| !sealed && !self.afresh) else {
            return BTreeMap::new();
        };
        let crates = wanted();
        if crates.is_empty() {
            return BTreeMap::new();
        }
        let mode = IndexMode::Afresh(http);
        let before = Before { configs: &configs, entries: &mut Entries::default() };
        self.keep(index::read_on(&crates, &access, before, &self.cargo_home, mode, &mut |_, _| ()))
    }

    fn keep(&self, reading: IndexReading) -> BTreeMap<CrateId, IndexFact> {
        let mut known = self.known();
        known.configs.extend(reading.configs);
        known.clock = known.clock.or(reading.clock);
        known.oldest_cached = match (known.oldest_cached, reading.oldest_cached) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        known.unkept = known.unkept.take().or(reading.unkept);
        reading.index
    }

    /// How the releases of these crates were published, by their registries' web API: one question a second.
    pub(crate) fn publications(
        &self,
        crates: &BTreeSet<CrateId>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> BTreeMap<CrateId, PublicationFact> {
        let (access, configs) = (self.access(), self.configs());
        let policies = &self.policy.registries;
        registry_api::read(crates, &Apis { access: &access, configs: &configs, policies, http: self.http() }, progress)
    }

    /// Why what was read could not be kept in cargo's cache.
    pub(crate) fn unkept(&self) -> Option<String> {
        self.known().unkept.clone()
    }

    /// What cargo's cache has of these crates. No registry is asked, and none vouches for it.
    pub(crate) fn cached(&self, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
        let registries: BTreeSet<Registry> = crates.iter().map(|id| id.registry.clone()).collect();
        if self.prepare(&registries).is_err() {
            return BTreeMap::new();
        }
        let (access, configs) = (self.access(), self.configs());
        let before = Before { configs: &configs, entries: &mut Entries::default() };
        index::read_on(crates, &access, before, &self.cargo_home, IndexMode::Offline, &mut |_, _| ()).index
    }

    fn ahead(&self) -> MutexGuard<'_, Option<Ahead>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::collections::BTreeSet;

    use crate::gather::index::IndexOrigin;
    use crate::model::package::CrateId;
    use crate::model::source::Registry;
    use crate::project::Registries;
    use crate::project::by_hand::{Checkout, LOCK};
    use crate::project::request::{Request, Which};

    fn registries(request: Request) -> Registries {
        let checkout = Checkout::of(&[("Cargo.lock", LOCK)]);
        let project = checkout.open(Request { which: Which::LockFile("Cargo.lock".into()), ..request });
        Registries::of(&project).unwrap()
    }

    #[test]
    fn a_registry_that_comes_up_late_is_held_against_the_policy_like_all_others() {
        let registries = registries(Request { offline: true, ..Request::default() });
        let late = Registry::parse("sparse+https://crates.example.org/index/").unwrap();
        registries.read(&BTreeSet::from([CrateId { registry: late.clone(), name: "bar".into() }]), &mut |_, _| ());
        let access = registries.access();
        assert_eq!(access.get(&late).map(|one| &one.from), Some(&IndexOrigin::NotNamed));
    }

    #[test]
    fn whole_entries_are_wanted_where_a_registry_may_have_confirmed_what_the_cache_has() {
        let is_asked = |request: Request, seal: bool| {
            let registries = registries(request);
            if seal {
                registries.seal();
            }
            let mut asked = false;
            registries.read_whole(|| {
                asked = true;
                BTreeSet::new()
            });
            asked
        };
        assert!(is_asked(Request::default(), false));
        assert!(!is_asked(Request::default(), true), "a cargo runs, and the cache is left alone");
        assert!(!is_asked(Request { afresh: true, ..Request::default() }, false), "nothing was confirmed");
        assert!(!is_asked(Request { offline: true, ..Request::default() }, false));
    }
}
