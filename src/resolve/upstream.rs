//! The registries behind the filter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::ResolveError;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::http::Http;
use crate::gather::index::{self, IndexMode, RegistryConfig};
use crate::model::evaluation::IndexGap;
use crate::model::facts::{IndexFact, RefusedMirror};
use crate::model::package::CrateId;
use crate::model::policy::Policy;
use crate::model::source::Registry;
use crate::project::access::{self, Access};
use crate::registry::Upstream;

/// Reads index entries for one run and remembers what a second question need not ask again.
pub(super) struct Registries<'a> {
    pub(super) config: &'a CargoConfig,
    /// The same without the project's own file.
    beneath: &'a CargoConfig,
    pub(super) policy: &'a Policy,
    /// `None` offline.
    pub(super) http: Option<&'a Http>,
    pub(super) cargo_home: Utf8PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    access: Access,
    configs: BTreeMap<Registry, RegistryConfig>,
    clock: Option<Timestamp>,
    oldest_cached: Option<Timestamp>,
    /// Whether cargo's cache may be written: not while a cargo runs.
    sealed: bool,
}

impl<'a> Registries<'a> {
    pub(super) fn new(
        config: &'a CargoConfig,
        beneath: &'a CargoConfig,
        policy: &'a Policy,
        http: Option<&'a Http>,
        cargo_home: Utf8PathBuf,
    ) -> Self {
        Self { config, beneath, policy, http, cargo_home, known: Mutex::default() }
    }

    /// Works out beforehand whom to ask about these registries, so that a configuration that makes no sense is told as such.
    pub(super) fn prepare(&self, registries: &BTreeSet<Registry>) -> Result<(), ResolveError> {
        let configs = access::Configs { found: self.config, beneath: self.beneath, trusted: self.config };
        let Access { by_registry, refused } = access::work_out(registries, &configs, self.policy)?;
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
    pub(super) fn seal(&self) {
        self.known().sealed = true;
    }

    pub(super) fn refused(&self) -> Vec<RefusedMirror> {
        self.known().access.refused.clone()
    }

    /// The registries' own time in the first answers.
    pub(super) fn clock(&self) -> Option<Timestamp> {
        self.known().clock
    }

    pub(super) fn oldest_cached(&self) -> Option<Timestamp> {
        self.known().oldest_cached
    }

    pub(super) fn configs(&self) -> BTreeMap<Registry, RegistryConfig> {
        self.known().configs.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upstream for Registries<'_> {
    fn read(&self, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
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
        let mode = match self.http {
            Some(http) if sealed => IndexMode::Beside(http),
            Some(http) => IndexMode::Online(http),
            None => IndexMode::Offline,
        };
        let reading = index::read_on(crates, &access, &configs, &self.cargo_home, mode, &mut |_, _| ());
        let mut known = self.known();
        known.configs.extend(reading.configs);
        known.clock = known.clock.or(reading.clock);
        known.oldest_cached = match (known.oldest_cached, reading.oldest_cached) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        reading.index
    }
}
