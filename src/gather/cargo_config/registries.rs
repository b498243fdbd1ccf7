//! The registries that cargo knows by name, and their minimum ages (`min-publish-age`, stable from cargo 1.100).

use super::config::{CargoConfig, variable};
use super::error::CargoConfigError;
use super::providers::{Provider, Token};
use crate::gather::toml_tree::shown;
use crate::model::age::Age;
use crate::model::policy::{CargoAges, Origin, Setting};
use crate::model::source::Registry;

/// What cargo calls crates.io in its configuration.
pub(super) const CRATES_IO: &str = "crates-io";

/// One registry of cargo's configuration.
#[derive(Clone, Debug)]
pub struct ConfiguredRegistry {
    /// What the configuration calls it; for one that only a variable defines, the variable's words in lower case.
    pub name: String,
    /// Its identity, and where that stands.
    pub registry: Setting<Registry>,
    /// Who has its token; the first that does is believed.
    pub providers: Vec<Provider>,
}

impl ConfiguredRegistry {
    /// The token of cargo's own files and variables, where that is where it comes from.
    #[must_use]
    pub fn token(&self) -> Option<&Setting<Token>> {
        self.providers
            .iter()
            .find_map(|provider| if let Provider::Token(token) = provider { token.as_ref() } else { None })
    }

    /// The variable that gives another cargo the same name for it, and its value; `None` for crates.io, which needs none.
    #[must_use]
    pub(crate) fn index_variable(&self) -> Option<(String, String)> {
        let index = match &self.registry.value {
            Registry::CratesIo => return None,
            Registry::Sparse(url) => format!("sparse+{url}"),
            Registry::Git(url) => url.to_string(),
        };
        Some((variable(&["registries", &self.name, "index"]), index))
    }
}

impl CargoConfig {
    /// crates.io, then every registry that has an index, by name.
    ///
    /// # Errors
    /// A key of these has the wrong type, or an index is no address.
    pub fn registries(&self) -> Result<Vec<ConfiguredRegistry>, CargoConfigError> {
        let mut registries = Vec::new();
        for name in self.registry_names()? {
            if let Some(registry) = self.index(&name)? {
                registries.push(self.registry(name, registry)?);
            }
        }
        Ok(registries)
    }

    /// The registry that a manifest means by this name; `None` where nothing defines it.
    ///
    /// # Errors
    /// Its index is no address.
    pub(crate) fn registry_named(&self, name: &str) -> Result<Option<Registry>, CargoConfigError> {
        Ok(self.index(name)?.map(|setting| setting.value))
    }

    /// Whether `registry.default` names one.
    ///
    /// # Errors
    /// It is no string.
    pub fn has_default_registry(&self) -> Result<bool, CargoConfigError> {
        Ok(self.text(&["registry", "default"])?.is_some())
    }

    /// crates.io's name, then all others; some may have no index.
    pub(super) fn registry_names(&self) -> Result<Vec<String>, CargoConfigError> {
        let mut names = self.names("registries")?;
        let variables: Vec<_> = names.iter().map(|name| variable(&["registries", name, "index"])).collect();
        for (name, _) in self.environment.iter() {
            let middle = name.strip_prefix("CARGO_REGISTRIES_").and_then(|rest| rest.strip_suffix("_INDEX"));
            if let Some(middle) = middle.filter(|middle| !middle.is_empty())
                && !variables.iter().any(|known| known == name)
            {
                names.push(middle.to_ascii_lowercase().replace('_', "-"));
            }
        }
        names.retain(|name| name != CRATES_IO);
        names.insert(0, CRATES_IO.to_owned());
        Ok(names)
    }

    /// `registries.NAME.index`; cargo ignores one for crates.io.
    pub(super) fn index(&self, name: &str) -> Result<Option<Setting<Registry>>, CargoConfigError> {
        if name == CRATES_IO {
            return Ok(Some(Setting { value: Registry::CratesIo, origin: Origin::Default }));
        }
        let Some(Setting { value, origin }) = self.text(&["registries", name, "index"])? else {
            return Ok(None);
        };
        match Registry::parse(&value) {
            Ok(registry) => Ok(Some(Setting { value: registry, origin })),
            Err(_) => Err(CargoConfigError::RegistryAddress { origin, text: shown(&value) }),
        }
    }

    fn registry(&self, name: String, registry: Setting<Registry>) -> Result<ConfiguredRegistry, CargoConfigError> {
        let own = name.clone();
        let keys = |key| match own.as_str() {
            CRATES_IO => vec!["registry", key],
            name => vec!["registries", name, key],
        };
        let providers = self.providers(keys)?;
        Ok(ConfiguredRegistry { name, registry, providers })
    }

    /// `registry.global-min-publish-age` and `registries.NAME.min-publish-age`. A registry that two names mean has the longer age; an age
    /// for a name that has no index is an age for nothing.
    ///
    /// # Errors
    /// An age is no string in cargo's grammar, or `registry.min-publish-age` is used, which no cargo obeys.
    pub fn ages(&self) -> Result<CargoAges, CargoConfigError> {
        let dropped = ["registry", "min-publish-age"];
        if let Some(setting) = self.in_environment(&dropped) {
            return Err(CargoConfigError::AgeDropped { origin: setting.origin });
        }
        if let Some(found) = self.in_files(&dropped)? {
            return Err(CargoConfigError::AgeDropped { origin: found.origin });
        }
        let mut ages = CargoAges { global: self.age(&["registry", "global-min-publish-age"])?, ..CargoAges::default() };
        for name in self.registry_names()? {
            let age = self.age(&["registries", &name, "min-publish-age"])?;
            let (Some(age), Some(registry)) = (age, self.index(&name)?) else {
                continue;
            };
            let longest = ages.registries.entry(registry.value).or_insert_with(|| age.clone());
            if longest.value < age.value {
                *longest = age;
            }
        }
        Ok(ages)
    }

    fn age(&self, keys: &[&str]) -> Result<Option<Setting<Age>>, CargoConfigError> {
        let Some(Setting { value, origin }) = self.text(keys)? else {
            return Ok(None);
        };
        match value.parse() {
            Ok(value) => Ok(Some(Setting { value, origin })),
            Err(cause) => Err(CargoConfigError::Age { origin, cause }),
        }
    }
}
