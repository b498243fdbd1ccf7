//! The registries that cargo knows by name, and the tokens for them.

use std::fmt;

use super::CargoConfig;
use super::error::CargoConfigError;
use super::lookup::{Found, dotted, variable, within};
use crate::gather::toml_tree::shown;
use crate::model::policy::{Origin, Setting};
use crate::model::source::Registry;

/// What cargo calls crates.io in its configuration.
pub(super) const CRATES_IO: &str = "crates-io";
/// Cargo's own provider, which reads tokens from the configuration and the credentials file.
const TOKEN_PROVIDER: &str = "cargo:token";

/// One registry of cargo's configuration.
#[derive(Clone, Debug)]
pub struct ConfiguredRegistry {
    /// What the configuration calls it; for one that only a variable defines, the variable's words in lower case.
    pub name: String,
    /// Its identity, and where that stands.
    pub registry: Setting<Registry>,
    /// The token that cargo's built-in provider would send, and where it stands.
    pub token: Option<Setting<Token>>,
    /// A credential provider that is not cargo's token file, with its arguments. It is never run: the registry may then refuse us.
    pub foreign_provider: Option<Setting<String>>,
}

impl ConfiguredRegistry {
    /// The variable that gives another cargo the same name for it, and its value; `None` for crates.io, which needs none.
    #[must_use]
    pub fn index_variable(&self) -> Option<(String, String)> {
        let index = match &self.registry.value {
            Registry::CratesIo => return None,
            Registry::Sparse(url) => format!("sparse+{url}"),
            Registry::Git(url) => url.to_string(),
        };
        Some((variable(&["registries", &self.name, "index"]), index))
    }
}

/// A secret; [`fmt::Debug`] does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The secret itself, for the `Authorization` header and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
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
    pub fn registry_named(&self, name: &str) -> Result<Option<Registry>, CargoConfigError> {
        Ok(self.index(name)?.map(|setting| setting.value))
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
        let keys = |key| match name.as_str() {
            CRATES_IO => vec!["registry", key],
            name => vec!["registries", name, key],
        };
        let (token_serves, foreign_provider) = self.providers(&keys("credential-provider"))?;
        let token = if token_serves { self.token(&keys("token"))? } else { None };
        Ok(ConfiguredRegistry { name, registry, token, foreign_provider })
    }

    /// A variable, then the credentials file, then the configuration.
    fn token(&self, keys: &[&str]) -> Result<Option<Setting<Token>>, CargoConfigError> {
        let setting =
            self.in_environment(keys).map_or_else(|| self.token_in_files(keys), |setting| Ok(Some(setting)))?;
        let Some(Setting { value, origin }) = setting else {
            return Ok(None);
        };
        if value.is_empty() || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(CargoConfigError::Value { origin, expected: "a token of printable ASCII characters" });
        }
        Ok(Some(Setting { value: Token(value), origin }))
    }

    fn token_in_files(&self, keys: &[&str]) -> Result<Option<Setting<String>>, CargoConfigError> {
        let found = match &self.credentials {
            Some(layer) => within(layer, keys)?,
            None => None,
        };
        let found = if found.is_some() { found } else { self.in_files(keys)? };
        found.map(Found::text).transpose()
    }

    /// Whether the token file serves, and the first provider that is another one. The registry's own provider goes before the global
    /// ones.
    fn providers(&self, own: &[&str]) -> Result<(bool, Option<Setting<String>>), CargoConfigError> {
        let is_token = |provider: &str| provider.split_whitespace().next() == Some(TOKEN_PROVIDER);
        if let Some(provider) = self.words(own)? {
            return Ok(if is_token(&provider.value) { (true, None) } else { (false, Some(provider)) });
        }
        let global = self.global_providers()?;
        let (tokens, foreign): (Vec<_>, Vec<_>) = global.into_iter().partition(|setting| is_token(&setting.value));
        Ok((!tokens.is_empty() || foreign.is_empty(), foreign.into_iter().next()))
    }

    /// A string, or a list of strings joined by spaces.
    fn words(&self, keys: &[&str]) -> Result<Option<Setting<String>>, CargoConfigError> {
        if let Some(setting) = self.in_environment(keys) {
            return Ok(Some(setting));
        }
        let Some(found) = self.in_files(keys)? else {
            return Ok(None);
        };
        if let Some(nodes) = found.node.value.as_list() {
            let words: Option<Vec<&str>> = nodes.iter().map(|node| node.value.as_text().map(String::as_str)).collect();
            let words = words.ok_or_else(|| found.wrong_type("a string or a list of strings"))?;
            return Ok(Some(Setting { value: words.join(" "), origin: found.origin }));
        }
        found.text().map(Some)
    }

    /// `registry.global-credential-providers` of all files and the environment; cargo joins the lists.
    fn global_providers(&self) -> Result<Vec<Setting<String>>, CargoConfigError> {
        const KEYS: [&str; 2] = ["registry", "global-credential-providers"];
        let mut providers = Vec::new();
        if let Some(Setting { value, origin }) = self.in_environment(&KEYS) {
            let word = |word: &str| Setting { value: word.to_owned(), origin: origin.clone() };
            providers.extend(value.split_whitespace().map(word));
        }
        for layer in &self.layers {
            let Some(found) = within(layer, &KEYS)? else {
                continue;
            };
            let wrong_type = || found.wrong_type("a list of strings");
            for node in found.node.value.as_list().ok_or_else(wrong_type)? {
                let text = node.value.as_text().ok_or_else(wrong_type)?;
                let origin = layer.origin(node.line, &dotted(&KEYS));
                providers.push(Setting { value: text.clone(), origin });
            }
        }
        Ok(providers)
    }
}
