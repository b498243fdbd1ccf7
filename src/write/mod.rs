//! Writes the world from plans. Everything is staged, synced and renamed: a killed run leaves the old state or the new one.

pub mod cargo_config;
pub mod crate_cache;
pub mod local_index;
pub mod new_policy;
pub mod package;
pub mod policy_file;
pub mod project_file;
mod toml_text;
pub mod trail;
pub mod vendor_dir;
