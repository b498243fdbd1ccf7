//! A registry's `config.json` (cargo's `RegistryConfig`; RFC 2141, RFC 3139).

use serde::Deserialize;

/// More than this is no `config.json`.
pub(super) const LARGEST_CONFIG: u64 = 64 << 10;

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
    pub(super) fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}
