//! A registry as its index is asked: by which address, with which token, and what its `config.json` says.

use std::sync::Arc;

use serde::Deserialize;
use tame_index::KrateName;

use crate::gather::credentials::Credentials;
use crate::model::source::{CRATES_IO_SPARSE_INDEX, Registry};

/// The longest name that is asked for: a longer one is no name that a file system or an address could carry.
const LONGEST_NAME: usize = 128;
/// More than this is no `config.json`.
pub(super) const LARGEST_CONFIG: u64 = 64 << 10;

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

/// Where a registry keeps its files, and whether it asks who reads them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RegistryConfig {
    /// Where `.crate` files are downloaded: an address, possibly with `{crate}`, `{version}`, `{prefix}`, `{lowerprefix}`,
    /// `{sha256-checksum}`; without any of them `/{crate}/{version}/download` is added.
    pub dl: String,
    /// The web API, where there is one.
    #[serde(default)]
    pub api: Option<String>,
    /// Whether every request needs the token.
    #[serde(default, rename = "auth-required")]
    pub auth_required: bool,
}

impl RegistryConfig {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

/// A name that may become part of an address and of a path.
pub(in crate::gather) fn crate_name(name: &str) -> Option<KrateName<'_>> {
    KrateName::try_from(name).ok().filter(|_| name.len() <= LONGEST_NAME)
}
