//! What cargo takes in a registry's place.

use std::collections::BTreeSet;
use std::fmt;

use camino::Utf8PathBuf;

use super::CargoConfig;
use super::error::CargoConfigError;
use super::registries::CRATES_IO;
use super::sources::Place;
use crate::gather::toml_tree::shown;
use crate::model::policy::Origin;
use crate::model::source::{Registry, Source};

/// What stands in for a registry, at the end of the chain, and where the chain begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// The registry itself.
    Itself,
    /// Another registry.
    Registry {
        /// Its identity.
        registry: Registry,
        /// The key that replaces.
        origin: Origin,
    },
    /// Unpacked sources.
    Directory {
        /// The folder.
        path: Utf8PathBuf,
        /// The key that replaces.
        origin: Origin,
    },
    /// A folder of `.crate` files with an index.
    LocalRegistry {
        /// The folder.
        path: Utf8PathBuf,
        /// The key that replaces.
        origin: Origin,
    },
    /// A git repository.
    Git {
        /// Its address.
        url: String,
        /// The key that replaces.
        origin: Origin,
    },
}

impl Replacement {
    fn of(place: Place, origin: Origin) -> Self {
        match place {
            Place::Registry(registry) => Self::Registry { registry, origin },
            Place::Directory(path) => Self::Directory { path, origin },
            Place::LocalRegistry(path) => Self::LocalRegistry { path, origin },
            Place::Git(git) => Self::Git { url: git.url.to_string(), origin },
        }
    }
}

/// What it is and where, without the origin.
impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself => f.write_str("itself"),
            Self::Registry { registry, .. } => registry.fmt(f),
            Self::Directory { path, .. } => write!(f, "the directory {path}"),
            Self::LocalRegistry { path, .. } => write!(f, "the local registry {path}"),
            Self::Git { url, .. } => write!(f, "the git repository {url}"),
        }
    }
}

impl CargoConfig {
    /// What cargo would take in the place of this registry. `[source.crates-io]` with a place of its own replaces crates.io even without
    /// `replace-with`.
    ///
    /// # Errors
    /// `[source]` says something that cargo refuses: no place or two, one place twice, a name that nothing has, or a circle.
    pub fn replacement(&self, registry: &Registry) -> Result<Replacement, CargoConfigError> {
        self.replacement_of(&Source::Registry(registry.clone()))
    }

    /// The names below `[source]` that stand for one of these sources, crates.io's own among them.
    ///
    /// # Errors
    /// As [`Self::replacement`].
    pub fn names_of(&self, sources: &BTreeSet<Source>) -> Result<BTreeSet<String>, CargoConfigError> {
        let tables = self.sources()?;
        let named = tables.iter().filter(|(_, table)| sources.iter().any(|source| table.place.is_of(source)));
        Ok(named.map(|(name, _)| name.clone()).chain([CRATES_IO.to_owned()]).collect())
    }

    /// As [`Self::replacement`], of a registry or a git repository; of any other kind of source nothing takes the place.
    ///
    /// # Errors
    /// As [`Self::replacement`].
    pub fn replacement_of(&self, source: &Source) -> Result<Replacement, CargoConfigError> {
        let sources = self.sources()?;
        let is_it = |place: &Place| place.is_of(source);
        let start = match source {
            Source::Registry(Registry::CratesIo) => Some(CRATES_IO),
            Source::Registry(_) | Source::Git(_) | Source::Local | Source::Other(_) => sources
                .iter()
                .find(|(name, table)| *name != CRATES_IO && is_it(&table.place))
                .map(|(name, _)| name.as_str()),
        };
        let Some(mut name) = start else {
            return Ok(Replacement::Itself);
        };
        let mut passed = vec![name];
        let mut first = None;
        let (place, origin) = loop {
            let Some(table) = sources.get(name) else {
                break (Place::Registry(Registry::CratesIo), Origin::Default);
            };
            let Some(next) = &table.replace_with else {
                break (table.place.clone(), table.origin.clone());
            };
            first.get_or_insert_with(|| next.origin.clone());
            if passed.contains(&next.value.as_str()) {
                return Err(CargoConfigError::ReplacementCycle { origin: next.origin.clone() });
            }
            name = &next.value;
            passed.push(name);
            if name != CRATES_IO && !sources.contains_key(name) {
                let Some(index) = self.index(name)? else {
                    let name = shown(name);
                    return Err(CargoConfigError::UnknownSource { origin: next.origin.clone(), name });
                };
                break (Place::Registry(index.value), index.origin);
            }
        };
        if is_it(&place) {
            return Ok(Replacement::Itself);
        }
        Ok(Replacement::of(place, first.unwrap_or(origin)))
    }
}
