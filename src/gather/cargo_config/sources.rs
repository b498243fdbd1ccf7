//! `[source]`: the places that cargo knows by name, and what it takes in the place of a source. No variable sets these; cargo does not
//! look at `CARGO_SOURCE_…`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use camino::Utf8PathBuf;
use reqwest::Url;

use super::config::CargoConfig;
use super::error::CargoConfigError;
use super::layers::Found;
use super::registries::CRATES_IO;
use crate::gather::toml_tree::{dotted, shown};
use crate::model::policy::{Origin, Setting};
use crate::model::source::{GitSource, Registry, Source};

/// The keys of a git source that name what it is asked for, in the order in which cargo lets one win over the next.
const REFERENCES: [&str; 3] = ["branch", "tag", "rev"];

/// A `[source.NAME]`.
pub(super) struct SourceTable {
    pub(super) place: Location,
    /// Where the place stands.
    pub(super) origin: Origin,
    pub(super) replace_with: Option<Setting<String>>,
}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    Registry(Registry),
    LocalRegistry(Utf8PathBuf),
    Directory(Utf8PathBuf),
    Git(GitSource),
}

impl Location {
    /// Whether cargo takes it for the place of this source, whatever commit is locked.
    pub(super) fn is_of(&self, source: &Source) -> bool {
        match (self, source) {
            (Self::Registry(one), Source::Registry(other)) => same_registry(one, other),
            (Self::Git(one), Source::Git(other)) => same_repository(one, other),
            _ => false,
        }
    }
}

/// What stands in for a registry, at the end of the chain, and where the chain begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    Itself,
    Registry {
        registry: Registry,
        /// The key that replaces.
        origin: Origin,
    },
    /// Unpacked sources.
    Directory {
        path: Utf8PathBuf,
        /// The key that replaces.
        origin: Origin,
    },
    /// A folder of `.crate` files with an index.
    LocalRegistry {
        path: Utf8PathBuf,
        /// The key that replaces.
        origin: Origin,
    },
    Git {
        url: String,
        /// The key that replaces.
        origin: Origin,
    },
}

impl Replacement {
    fn of(place: Location, origin: Origin) -> Self {
        match place {
            Location::Registry(registry) => Self::Registry { registry, origin },
            Location::Directory(path) => Self::Directory { path, origin },
            Location::LocalRegistry(path) => Self::LocalRegistry { path, origin },
            Location::Git(git) => Self::Git { url: git.url.to_string(), origin },
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
    /// Every source by name, each with one place and each place with one name, as cargo demands of all before it uses any.
    pub(super) fn sources(&self) -> Result<BTreeMap<String, SourceTable>, CargoConfigError> {
        let mut sources: BTreeMap<String, SourceTable> = BTreeMap::new();
        for name in self.names("source")? {
            let table = self.source(&name)?;
            let same =
                |(other, one): &(&String, &SourceTable)| same_place(&one.place, &table.place) && **other != CRATES_IO;
            if let Some((other, _)) = sources.iter().find(same) {
                return Err(CargoConfigError::SourceTwice { origin: table.origin, other: shown(other) });
            }
            if name != CRATES_IO && table.place == Location::Registry(Registry::CratesIo) {
                return Err(CargoConfigError::SourceTwice { origin: table.origin, other: CRATES_IO.to_owned() });
            }
            sources.insert(name, table);
        }
        Ok(sources)
    }

    fn source(&self, name: &str) -> Result<SourceTable, CargoConfigError> {
        let mut place: Option<(Location, Origin)> = None;
        for key in ["registry", "local-registry", "directory", "git"] {
            let Some(found) = self.in_files(&["source", name, key])? else {
                continue;
            };
            let base = found.layer.base.clone();
            let Setting { value, origin } = found.text()?;
            if let Some((_, first)) = place {
                return Err(CargoConfigError::SourceWithTwoPlaces { first, second: origin });
            }
            let value = match key {
                "local-registry" => Location::LocalRegistry(base.join(value)),
                "directory" => Location::Directory(base.join(value)),
                "git" => Location::Git(self.git_source(name, value)?),
                _ => match Registry::meant(&value) {
                    Ok(registry) => Location::Registry(registry),
                    Err(_) => return Err(CargoConfigError::RegistryAddress { origin, text: shown(&value) }),
                },
            };
            place = Some((value, origin));
        }
        let replace_with = self.in_files(&["source", name, "replace-with"])?.map(Found::text).transpose()?;
        let (place, origin) = match place {
            Some(place) => place,
            None if name == CRATES_IO => (Location::Registry(Registry::CratesIo), Origin::Default),
            None => {
                let origin = self.in_files(&["source", name])?.map_or(Origin::Default, |found| found.origin);
                debug_assert_ne!(origin, Origin::Default, "{} is a name of a file", dotted(&["source", name]));
                return Err(CargoConfigError::SourceWithoutPlace { origin });
            }
        };
        Ok(SourceTable { place, origin, replace_with })
    }

    fn git_source(&self, name: &str, url: String) -> Result<GitSource, CargoConfigError> {
        let mut reference = None;
        for key in REFERENCES {
            let found = self.in_files(&["source", name, key])?.map(Found::text).transpose()?;
            reference = reference.or(found.map(|setting| GitSource::query(key, &setting.value)));
        }
        Ok(GitSource { url: url.into(), reference, commit: None })
    }

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
    pub(crate) fn names_of(&self, sources: &BTreeSet<Source>) -> Result<BTreeSet<String>, CargoConfigError> {
        let tables = self.sources()?;
        let named = tables.iter().filter(|(_, table)| sources.iter().any(|source| table.place.is_of(source)));
        Ok(named.map(|(name, _)| name.clone()).chain([CRATES_IO.to_owned()]).collect())
    }

    /// As [`Self::replacement`], of a registry or a git repository; of any other kind of source nothing takes the place.
    ///
    /// # Errors
    /// As [`Self::replacement`].
    pub(crate) fn replacement_of(&self, source: &Source) -> Result<Replacement, CargoConfigError> {
        let sources = self.sources()?;
        let is_it = |place: &Location| place.is_of(source);
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
                break (Location::Registry(Registry::CratesIo), Origin::Default);
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
                break (Location::Registry(index.value), index.origin);
            }
        };
        if is_it(&place) {
            return Ok(Replacement::Itself);
        }
        Ok(Replacement::of(place, first.unwrap_or(origin)))
    }
}

fn same_place(one: &Location, other: &Location) -> bool {
    match (one, other) {
        (Location::Registry(one), Location::Registry(other)) => same_registry(one, other),
        (Location::Git(one), Location::Git(other)) => same_repository(one, other),
        _ => one == other,
    }
}

/// Whether cargo takes two addresses for one place.
pub(super) fn same_registry(one: &Registry, other: &Registry) -> bool {
    one == other || canonical(one) == canonical(other)
}

/// Whether cargo takes two git sources for one: the same repository, asked for the same.
fn same_repository(one: &GitSource, other: &GitSource) -> bool {
    canonical_url(&one.url) == canonical_url(&other.url) && one.wanted() == other.wanted()
}

fn canonical(registry: &Registry) -> String {
    match registry {
        Registry::CratesIo => registry.to_string(),
        Registry::Sparse(url) => canonical_url(&format!("sparse+{url}")),
        Registry::Git(url) => canonical_url(url),
    }
}

/// What cargo compares (`CanonicalUrl`): the address as a URL, without one slash and one `.git` at its end, and on github.com without
/// regard to case and scheme.
fn canonical_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return text.to_owned();
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    if url.host_str() == Some("github.com") {
        let lower = url.path().to_lowercase();
        url.set_path(&lower);
        // Not by `set_scheme`, which makes no special scheme of `ssh`.
        if let Some((_, rest)) = url.as_str().split_once("://")
            && let Ok(secure) = Url::parse(&format!("https://{rest}"))
        {
            url = secure;
        }
    }
    let path = url.path().to_owned();
    url.set_path(path.strip_suffix(".git").unwrap_or(&path));
    url.into()
}
