//! Writes the world from plans. Everything is staged, synced and renamed: a killed run leaves the old state or the new one.

pub(crate) mod cargo_config;
pub(crate) mod local_index;
pub(crate) mod new_policy;
pub(crate) mod package;
pub(crate) mod policy_file;
pub(crate) mod project_file;
mod toml_text;
pub(crate) mod trail;
pub(crate) mod vendor_dir;
