//! Writes the world from plans.

pub mod archive;
pub mod cargo_config;
pub mod crate_cache;
pub mod derived_trees;
pub mod local_index;
pub mod vendor_dir;
