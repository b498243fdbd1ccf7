//! Reads the registry index: what was ever published of each crate in question.
//!
//! Cargo's own index cache is shared. Online, its entries save the transfer of what has not changed; offline they are all there is.
//! An entry is as good as this run's only where the registry confirmed it in this run.

mod cache;
mod config;
mod entry;
mod fetch;
mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;
use jiff::Timestamp;
use rayon::prelude::*;
use tame_index::KrateName;

use crate::gather::credentials::Credentials;
use crate::gather::http::Http;
use crate::model::evaluation::IndexGap;
use crate::model::facts::IndexFact;
use crate::model::package::CrateId;
use crate::model::source::{CRATES_IO_SPARSE_INDEX, Registry};

pub(in crate::gather) use self::cache::{in_use, registry_folders};
pub use self::config::RegistryConfig;

use self::cache::{IndexFolder, store};
use self::entry::Entry;

/// The longest name that is asked for: a longer one is no name that a file system or an address could carry.
const LONGEST_NAME: usize = 128;

/// Where the index of one registry is to be had, after source replacement.
#[derive(Clone, Debug)]
pub struct RegistryAccess {
    /// Whom to ask. It also says by what address cargo names its cache folder.
    pub from: IndexOrigin,
    /// Where the `Authorization` for it comes from; sent only where the registry's `config.json` says `auth-required`, or refuses to be
    /// read without.
    pub credentials: Credentials,
}

/// What serves an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexOrigin {
    /// A sparse index: its address without `sparse+`, ending in a slash.
    Sparse(Arc<str>),
    /// A git index: its address. It is read from cargo's cache of it and never asked.
    Git(Arc<str>),
    /// A replacement that the policy does not allow.
    Refused,
    /// A registry that the policy does not name: whoever writes a lock file must not say whom this machine talks to.
    NotNamed,
}

impl RegistryAccess {
    /// What is asked in the registry's place; `None` where it is asked itself.
    #[must_use]
    pub fn stands_in(&self, registry: &Registry) -> Option<String> {
        let from = match &self.from {
            IndexOrigin::Sparse(url) => format!("sparse+{url}"),
            IndexOrigin::Git(url) => url.to_string(),
            IndexOrigin::Refused | IndexOrigin::NotNamed => return None,
        };
        (self.from != Self::direct(registry).from).then_some(from)
    }

    /// The registry itself, with no replacement and no token.
    #[must_use]
    pub fn direct(registry: &Registry) -> Self {
        let from = match registry {
            Registry::CratesIo => IndexOrigin::Sparse(CRATES_IO_SPARSE_INDEX.into()),
            Registry::Sparse(url) => IndexOrigin::Sparse(Arc::clone(url)),
            Registry::Git(url) => IndexOrigin::Git(Arc::clone(url)),
        };
        Self { from, credentials: Credentials::default() }
    }
}

/// Whether the registries may be asked.
#[derive(Clone, Copy, Debug)]
pub enum IndexMode<'a> {
    /// With this client. What cargo's cache has is believed where the registry confirms it.
    Online(&'a Http),
    /// With this client, which asks for everything whole: an entry that somebody rewrote in the cache would be confirmed like any other.
    Afresh(&'a Http),
    /// With this client, and nothing is written into cargo's cache: a cargo that is running may hold its lock.
    Beside(&'a Http),
    /// Cargo's cache only.
    Offline,
}

/// What the index said.
#[derive(Debug, Default)]
pub struct IndexReading {
    /// One fact for every crate that was asked for.
    pub index: BTreeMap<CrateId, IndexFact>,
    /// The time by the registries' own clocks, the earliest where they differ; `None` where none was asked or none said.
    pub clock: Option<Timestamp>,
    /// When the oldest of the cached entries that nobody confirmed was written, where the file system tells.
    pub oldest_cached: Option<Timestamp>,
    /// The registries' `config.json`, those that could be had.
    pub configs: BTreeMap<Registry, RegistryConfig>,
    /// Why what came could not be kept in cargo's cache, where it could not.
    pub unkept: Option<String>,
}

/// A crate that may be asked for, and what cargo's cache has of it.
struct Wanted<'a> {
    id: &'a CrateId,
    name: KrateName<'a>,
    access: &'a RegistryAccess,
    folder: &'a IndexFolder,
    cached: Option<Entry>,
}

/// Reads the index entry of every crate in `crates`. A registry that `access` lacks is asked directly. `progress` is told how many
/// crates of how many are done.
#[must_use]
pub fn read(
    crates: &BTreeSet<CrateId>,
    access: &BTreeMap<Registry, RegistryAccess>,
    cargo_home: &Utf8Path,
    mode: IndexMode<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> IndexReading {
    read_on(crates, access, &BTreeMap::new(), cargo_home, mode, progress)
}

/// As [`read`], for one who has read before: registries whose `config.json` is among `configs` are not asked for it again.
#[must_use]
pub fn read_on(
    crates: &BTreeSet<CrateId>,
    access: &BTreeMap<Registry, RegistryAccess>,
    configs: &BTreeMap<Registry, RegistryConfig>,
    cargo_home: &Utf8Path,
    mode: IndexMode<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> IndexReading {
    let mut reading = IndexReading::default();
    let registries: BTreeSet<&Registry> = crates.iter().map(|id| &id.registry).collect();
    let places: BTreeMap<&Registry, (RegistryAccess, Option<IndexFolder>)> = registries
        .into_iter()
        .map(|registry| {
            let access = access.get(registry).cloned().unwrap_or_else(|| RegistryAccess::direct(registry));
            let folder = IndexFolder::of(cargo_home, &access.from);
            (registry, (access, folder))
        })
        .collect();
    let mut wanted = Vec::with_capacity(crates.len());
    for id in crates {
        let gap = match (places.get(&id.registry), crate_name(&id.name)) {
            (Some((access, Some(folder))), Some(name)) => {
                wanted.push(Wanted { id, name, access, folder, cached: None });
                continue;
            }
            (Some((RegistryAccess { from: IndexOrigin::Refused, .. }, _)), _) => IndexGap::Refused,
            (Some((RegistryAccess { from: IndexOrigin::NotNamed, .. }, _)), _) => IndexGap::NotNamed,
            (_, None) => IndexGap::BadName,
            (_, Some(_)) => IndexGap::Failed(String::from("the registry's address cannot be used")),
        };
        reading.index.insert(id.clone(), IndexFact::Unavailable(gap));
    }
    wanted.par_iter_mut().for_each(|wanted| wanted.cached = wanted.folder.read(wanted.id, wanted.name));
    for (registry, (_, folder)) in &places {
        if let Some(config) = folder.as_ref().and_then(IndexFolder::config) {
            reading.configs.insert((*registry).clone(), config);
        }
    }
    let (asked, unasked): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| {
        !matches!(mode, IndexMode::Offline) && matches!(wanted.access.from, IndexOrigin::Sparse(_))
    });
    from_cache(unasked, &mut reading);
    let http = match mode {
        IndexMode::Online(http) | IndexMode::Afresh(http) | IndexMode::Beside(http) => http,
        IndexMode::Offline => return reading,
    };
    let validators = !matches!(mode, IndexMode::Afresh(_));
    let changes = fetch::ask(asked, configs, (http, validators), &mut reading, progress);
    if matches!(mode, IndexMode::Online(_) | IndexMode::Afresh(_)) {
        reading.unkept = store(cargo_home, &changes);
    }
    reading
}

/// Reads nothing but the `config.json` of these registries: as the registry sends it, else as cargo's cache has it. Nothing is written.
#[must_use]
pub fn read_configs(
    registries: &BTreeSet<Registry>,
    access: &BTreeMap<Registry, RegistryAccess>,
    cargo_home: &Utf8Path,
    http: &Http,
) -> BTreeMap<Registry, RegistryConfig> {
    let mut reading = IndexReading::default();
    let places: Vec<(&Registry, RegistryAccess, IndexFolder)> = registries
        .iter()
        .filter_map(|registry| {
            let access = access.get(registry).cloned().unwrap_or_else(|| RegistryAccess::direct(registry));
            let folder = IndexFolder::of(cargo_home, &access.from)?;
            Some((registry, access, folder))
        })
        .collect();
    for (registry, _, folder) in &places {
        if let Some(config) = folder.config() {
            reading.configs.insert((*registry).clone(), config);
        }
    }
    let sparse = places.iter().filter(|(_, access, _)| matches!(access.from, IndexOrigin::Sparse(_)));
    let asked = sparse.map(|(registry, access, folder)| (*registry, (access, folder))).collect();
    fetch::ask_only_for_configs(asked, http, &mut reading);
    reading.configs
}

/// A name that may become part of an address and of a path.
pub(in crate::gather) fn crate_name(name: &str) -> Option<KrateName<'_>> {
    KrateName::try_from(name).ok().filter(|_| name.len() <= LONGEST_NAME)
}

fn from_cache(wanted: Vec<Wanted<'_>>, reading: &mut IndexReading) {
    let read: Vec<_> = wanted
        .into_par_iter()
        .map(|wanted| {
            let Some(entry) = wanted.cached else {
                let gap = match wanted.access.from {
                    IndexOrigin::Git(_) => IndexGap::GitIndex,
                    IndexOrigin::Sparse(_) | IndexOrigin::Refused | IndexOrigin::NotNamed => IndexGap::NotCached,
                };
                return (wanted.id, None, IndexFact::Unavailable(gap));
            };
            let written = entry.written;
            (wanted.id, written, IndexFact::Read(Arc::new(entry.history)))
        })
        .collect();
    for (id, written, fact) in read {
        if let Some(written) = written {
            reading.oldest_cached = Some(reading.oldest_cached.map_or(written, |oldest| oldest.min(written)));
        }
        reading.index.insert(id.clone(), fact);
    }
}
