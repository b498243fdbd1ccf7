//! `[source]`: the places that cargo knows by name. No variable sets these; cargo does not look at `CARGO_SOURCE_…`.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use reqwest::Url;

use super::CargoConfig;
use super::error::CargoConfigError;
use super::lookup::{Found, dotted};
use super::registries::CRATES_IO;
use crate::gather::toml_tree::shown;
use crate::model::policy::{Origin, Setting};
use crate::model::source::{GitSource, Registry, Source};

/// A `[source.NAME]`.
pub(super) struct SourceTable {
    pub(super) place: Place,
    /// Where the place stands.
    pub(super) origin: Origin,
    pub(super) replace_with: Option<Setting<String>>,
}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Registry(Registry),
    LocalRegistry(Utf8PathBuf),
    Directory(Utf8PathBuf),
    Git(GitSource),
}

impl Place {
    /// Whether cargo takes it for the place of this source, whatever commit is locked.
    pub(super) fn is_of(&self, source: &Source) -> bool {
        match (self, source) {
            (Self::Registry(one), Source::Registry(other)) => same_registry(one, other),
            (Self::Git(one), Source::Git(other)) => same_repository(one, other),
            _ => false,
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
            if name != CRATES_IO && table.place == Place::Registry(Registry::CratesIo) {
                return Err(CargoConfigError::SourceTwice { origin: table.origin, other: CRATES_IO.to_owned() });
            }
            sources.insert(name, table);
        }
        Ok(sources)
    }

    fn source(&self, name: &str) -> Result<SourceTable, CargoConfigError> {
        let mut place: Option<(Place, Origin)> = None;
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
                "local-registry" => Place::LocalRegistry(base.join(value)),
                "directory" => Place::Directory(base.join(value)),
                "git" => Place::Git(self.git_source(name, value)?),
                _ => match Registry::meant(&value) {
                    Ok(registry) => Place::Registry(registry),
                    Err(_) => return Err(CargoConfigError::RegistryAddress { origin, text: shown(&value) }),
                },
            };
            place = Some((value, origin));
        }
        let replace_with = self.in_files(&["source", name, "replace-with"])?.map(Found::text).transpose()?;
        let (place, origin) = match place {
            Some(place) => place,
            None if name == CRATES_IO => (Place::Registry(Registry::CratesIo), Origin::Default),
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
}

/// The keys of a git source that name what it is asked for, in the order in which cargo lets one win over the next.
const REFERENCES: [&str; 3] = ["branch", "tag", "rev"];

fn same_place(one: &Place, other: &Place) -> bool {
    match (one, other) {
        (Place::Registry(one), Place::Registry(other)) => same_registry(one, other),
        (Place::Git(one), Place::Git(other)) => same_repository(one, other),
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
