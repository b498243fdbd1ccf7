//! Writes the world from plans.

pub mod archive;
pub mod cargo_config;
pub mod vendor_dir;
