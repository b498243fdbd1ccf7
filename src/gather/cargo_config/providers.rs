//! Who has a registry's token, in cargo's order, and which of them may be asked.
//!
//! Cargo runs whatever program its configuration names. We run one only where the user's own configuration names it, which is
//! `$CARGO_HOME`'s or the environment: the configuration of a checkout is under judgement with the rest of it.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::config::CargoConfig;
use super::error::CargoConfigError;
use super::layers::{Found, Layer};
use crate::gather::toml_tree::dotted;
use crate::model::policy::{Origin, Setting};

/// Cargo's own provider, which reads tokens from the configuration and the credentials file.
const TOKEN: &str = "cargo:token";
/// The provider that takes the output of any program for a token.
const STDOUT: &str = "cargo:token-from-stdout";
/// Cargo's own provider for registries that want their requests signed.
const PASETO: &str = "cargo:paseto";
/// What the names of cargo's own providers begin with.
const OWN: &str = "cargo:";

/// A secret; [`fmt::Debug`] does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Printable ASCII, which every header may carry; `None` for anything else.
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        let fits = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        fits.then_some(Self(text))
    }

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

/// One way to a token.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Cargo's own files and variables; `None` where there is no token in them.
    Token(Option<Setting<Token>>),
    /// A program that the user's own configuration names.
    Program(Program),
    NotRun {
        shown: String,
        why: NotRun,
    },
}

#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    pub form: Form,
    /// What is run; a bare name is looked for on the path.
    pub path: Utf8PathBuf,
    /// Its arguments, which may hold secrets.
    pub arguments: Vec<String>,
    pub shown: String,
}

/// Without the arguments.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("form", &self.form).field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// How a program is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It writes the token, and nothing else.
    Stdout,
    /// By cargo's credential-provider protocol.
    Protocol,
}

/// Why a provider is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// A checkout's file, or an option that an alias of one may have brought, names it.
    #[error("{0} names it, and only the user's own configuration may")]
    Elsewhere(Origin),
    /// It is a part of cargo.
    #[error("it is a part of cargo that no other program can ask")]
    BuiltIn,
    /// It signs each request.
    #[error("signed requests are not supported")]
    Asymmetric,
    /// A name of cargo's without the program that it needs.
    #[error("it names no program")]
    NoProgram,
}

/// A provider as it is written.
struct Named {
    list: Vec<String>,
    origin: Origin,
    /// What a relative path starts from.
    base: Utf8PathBuf,
    /// Whether it is the user who wrote it.
    trusted: bool,
}

impl CargoConfig {
    /// The providers of the registry with these keys, the one that is asked first at the front. Its own one goes before the global ones,
    /// and of those the last.
    pub(super) fn providers<'k>(
        &self,
        keys: impl Fn(&'k str) -> Vec<&'k str>,
    ) -> Result<Vec<Provider>, CargoConfigError> {
        let mut named = match self.words(&keys("credential-provider"))? {
            Some(own) => vec![own],
            None => self.global_providers()?,
        };
        if named.is_empty() {
            let (origin, base) = (Origin::Default, Utf8PathBuf::new());
            named.push(Named { list: vec![TOKEN.to_owned()], origin, base, trusted: true });
        }
        let mut providers = Vec::new();
        for words in named {
            providers.push(match self.provider(words)? {
                Provider::Token(_) => Provider::Token(self.token(&keys("token"))?),
                other @ (Provider::Program(_) | Provider::NotRun { .. }) => other,
            });
        }
        let lacking = providers.iter().all(|provider| matches!(provider, Provider::Token(None)));
        if lacking && self.is_set(&keys("secret-key"))? {
            providers.push(Provider::NotRun { shown: PASETO.to_owned(), why: NotRun::Asymmetric });
        }
        Ok(providers)
    }

    /// What these words name. The token of cargo's own provider is not looked for here.
    fn provider(&self, mut named: Named) -> Result<Provider, CargoConfigError> {
        let is_name = |words: &[String]| matches!(words, [name] if !name.starts_with(OWN));
        if is_name(&named.list)
            && let Some(name) = named.list.first()
            && let Some(alias) = self.words(&["credential-alias", name])?
        {
            // Whoever may write either may choose what runs.
            named = Named { trusted: named.trusted && alias.trusted, ..alias };
        }
        let Named { list, origin, base, trusted } = named;
        let mut words = list.into_iter();
        let first = words.next().unwrap_or_default();
        let not_run = |shown: String, why| Ok(Provider::NotRun { shown, why });
        let (form, path, shown) = match &*first {
            TOKEN => return Ok(Provider::Token(None)),
            PASETO => return not_run(first, NotRun::Asymmetric),
            STDOUT => match words.next() {
                Some(program) => (Form::Stdout, Utf8PathBuf::from(&program), format!("{STDOUT} {program}")),
                None => return not_run(first, NotRun::NoProgram),
            },
            own if own.starts_with(OWN) => return not_run(first, NotRun::BuiltIn),
            "" => return not_run(first, NotRun::NoProgram),
            // A path means one from the file that names it; a bare name is one of the path's.
            path if path.contains(['/', '\\']) => (Form::Protocol, base.join(path), first.clone()),
            name => (Form::Protocol, name.into(), first.clone()),
        };
        if !trusted {
            return not_run(shown, NotRun::Elsewhere(origin));
        }
        Ok(Provider::Program(Program { form, path, arguments: words.collect(), shown }))
    }

    /// A string of words, or a list of strings.
    fn words(&self, keys: &[&str]) -> Result<Option<Named>, CargoConfigError> {
        if let Some(Setting { value, origin }) = self.in_environment(keys) {
            return Ok(Some(self.in_variable(value.split_whitespace(), origin)));
        }
        let Some(found) = self.in_files(keys)? else { return Ok(None) };
        let (base, trusted) = (found.layer.base.clone(), self.is_the_users(found.layer));
        let list = match found.value.as_text() {
            Some(text) => text.split_whitespace().map(str::to_owned).collect(),
            None => found.value.as_texts().ok_or_else(|| found.wrong_type("a string or a list of strings"))?,
        };
        Ok(Some(Named { list, origin: found.origin, base, trusted }))
    }

    fn in_variable<'w>(&self, words: impl Iterator<Item = &'w str>, origin: Origin) -> Named {
        let base = self.environment.current_dir().to_owned();
        Named { list: words.map(str::to_owned).collect(), origin, base, trusted: true }
    }

    /// `registry.global-credential-providers` of the environment and all files. Cargo joins the lists, the closest file's at the end, and
    /// asks the last first.
    fn global_providers(&self) -> Result<Vec<Named>, CargoConfigError> {
        const KEYS: [&str; 2] = ["registry", "global-credential-providers"];
        let mut providers = Vec::new();
        if let Some(Setting { value, origin }) = self.in_environment(&KEYS) {
            let words = value.split_whitespace().rev();
            providers.extend(words.map(|word| self.in_variable(std::iter::once(word), origin.clone())));
        }
        for layer in &self.layers {
            let Some(found) = layer.find(&KEYS)? else { continue };
            let wrong_type = || found.wrong_type("a list of strings");
            for node in found.value.as_list().ok_or_else(wrong_type)?.iter().rev() {
                let text = node.value.as_text().ok_or_else(wrong_type)?;
                providers.push(Named {
                    list: text.split_whitespace().map(str::to_owned).collect(),
                    origin: layer.origin(node.line, &dotted(&KEYS)),
                    base: layer.base.clone(),
                    trusted: self.is_the_users(layer),
                });
            }
        }
        Ok(providers)
    }

    /// Whether a checkout cannot have written this file: it is `$CARGO_HOME`'s, and that does not lie in the project that surrounds the
    /// working directory.
    fn is_the_users(&self, layer: &Layer) -> bool {
        let (home, here) = (self.home(), self.environment.current_dir());
        let is_checkout = |folder: &&Utf8Path| {
            here.starts_with(folder) && [".git", "Cargo.toml"].iter().any(|name| folder.join(name).exists())
        };
        layer.home && home.ancestors().find(is_checkout).is_none()
    }

    fn is_set(&self, keys: &[&str]) -> Result<bool, CargoConfigError> {
        let in_credentials = self.in_credentials(keys)?.is_some();
        Ok(self.in_environment(keys).is_some() || in_credentials || self.in_files(keys)?.is_some())
    }

    fn in_credentials(&self, keys: &[&str]) -> Result<Option<Found<'_>>, CargoConfigError> {
        self.credentials.as_ref().map_or(Ok(None), |layer| layer.find(keys))
    }

    /// A variable, then the credentials file, then the configuration.
    fn token(&self, keys: &[&str]) -> Result<Option<Setting<Token>>, CargoConfigError> {
        let setting =
            self.in_environment(keys).map_or_else(|| self.token_in_files(keys), |setting| Ok(Some(setting)))?;
        let Some(Setting { value, origin }) = setting else {
            return Ok(None);
        };
        match Token::parse(value) {
            Some(value) => Ok(Some(Setting { value, origin })),
            None => Err(CargoConfigError::Value { origin, expected: "a token of printable ASCII characters" }),
        }
    }

    fn token_in_files(&self, keys: &[&str]) -> Result<Option<Setting<String>>, CargoConfigError> {
        let found = match self.in_credentials(keys)? {
            Some(found) => Some(found),
            None => self.in_files(keys)?,
        };
        found.map(Found::text).transpose()
    }
}
