//! Cargo's configuration with the file and line of everything: what a cargo started in a folder would obey.
//!
//! The files are those of cargo's own search: `.cargo/config` or `.cargo/config.toml` in the start folder and every folder above it, then
//! in `$CARGO_HOME`, with what they include. The closest file wins; `CARGO_…` variables win over files, and `--config` over both.

mod config;
mod error;
mod layers;
mod passed_on;
mod providers;
mod registries;
mod settings;
mod sources;

pub use config::CargoConfig;
pub use error::CargoConfigError;
pub(crate) use layers::{Layer, included};
pub(crate) use passed_on::STAND_IN;
pub(crate) use providers::Form;
pub use providers::{Program, Provider, Token};
pub(crate) use registries::ConfiguredRegistry;
pub(crate) use settings::PATH_HASH;
pub use sources::Replacement;
