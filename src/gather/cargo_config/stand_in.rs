//! What a cargo must be told on its command line to take another index in a registry's place, whatever the files say.

use super::CargoConfig;
use super::error::CargoConfigError;
use super::registries::CRATES_IO;
use super::sources::{Place, same_registry};
use crate::model::source::Registry;

/// What a stand-in's name begins with; cargo's messages name it.
pub const STAND_IN: &str = "sequester-filter";

impl CargoConfig {
    /// Values for `--config` that put the index at `url` in the place of each registry. A place may have one name only, so a registry that
    /// a file names already keeps that name; `registries.NAME.index` is never touched, because that would rewrite the lock file.
    ///
    /// # Errors
    /// `[source]` says something that cargo refuses.
    pub fn stand_ins<'r>(
        &self,
        replacements: impl IntoIterator<Item = (&'r Registry, String)>,
    ) -> Result<Vec<String>, CargoConfigError> {
        self.put_in_place("registry", replacements)
    }

    /// The same with local registries: folders with an `index` below them.
    ///
    /// # Errors
    /// `[source]` says something that cargo refuses.
    pub fn folder_stand_ins<'r>(
        &self,
        replacements: impl IntoIterator<Item = (&'r Registry, String)>,
    ) -> Result<Vec<String>, CargoConfigError> {
        self.put_in_place("local-registry", replacements)
    }

    fn put_in_place<'r>(
        &self,
        kind: &str,
        replacements: impl IntoIterator<Item = (&'r Registry, String)>,
    ) -> Result<Vec<String>, CargoConfigError> {
        let sources = self.sources()?;
        let mut taken: Vec<String> = sources.keys().cloned().chain(self.registry_names()?).collect();
        let mut unused = |stem: &str| {
            let mut free = stem.to_owned();
            while taken.contains(&free) {
                free.push('x');
            }
            taken.push(free.clone());
            free
        };
        let mut values = Vec::new();
        for (registry, url) in replacements {
            let stand_in = unused(STAND_IN);
            values.push(format!("source.{stand_in}.{kind}={}", quoted(&url)));
            let key = match registry {
                Registry::CratesIo => quoted(CRATES_IO),
                Registry::Sparse(_) | Registry::Git(_) => {
                    let named = sources.iter().find(|(name, table)| {
                        *name != CRATES_IO
                            && matches!(&table.place, Place::Registry(other) if same_registry(other, registry))
                    });
                    if let Some((name, _)) = named {
                        quoted(name)
                    } else {
                        let name = unused("sequester-filtered");
                        let address = match registry {
                            Registry::Git(url) => url.to_string(),
                            Registry::CratesIo | Registry::Sparse(_) => registry.to_string(),
                        };
                        values.push(format!("source.{name}.registry={}", quoted(&address)));
                        name
                    }
                }
            };
            values.push(format!("source.{key}.replace-with={}", quoted(&stand_in)));
        }
        Ok(values)
    }

    /// Whether a git source is replaced by something: a full update then fails in cargo itself.
    ///
    /// # Errors
    /// `[source]` says something that cargo refuses.
    pub fn replaces_git(&self) -> Result<bool, CargoConfigError> {
        Ok(self
            .sources()?
            .values()
            .any(|source| matches!(source.place, Place::Git(_)) && source.replace_with.is_some()))
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
