//! Reads the files of other tools for what a policy can say too: cargo's own keys, `cooldown.toml`, `deny.toml`, a store of cargo-vet.
//!
//! None of them is ours, so nothing in them is an error: what cannot be used is named with its file and line. Every value that is
//! taken has passed the strict reader of policy files.

mod cargo;
mod cooldown;
mod deny;
mod deny_lists;
mod document;
mod vet;

use camino::Utf8Path;

use super::cargo_config::{CargoConfig, CargoConfigError};
use crate::model::adoption::Adopted;

/// What the project in `root` says elsewhere. `config` is what a cargo started there obeys.
///
/// # Errors
/// Cargo's configuration has a key of these that cargo refuses.
pub fn read(root: &Utf8Path, config: &CargoConfig) -> Result<Adopted, CargoConfigError> {
    let mut adopted = Adopted::default();
    cargo::read(root, config, &mut adopted)?;
    cooldown::read(root, &mut adopted);
    deny::read(root, &mut adopted);
    vet::read(root, &mut adopted);
    Ok(adopted)
}
