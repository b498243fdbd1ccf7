//! Writes the world from plans.

pub mod archive;
pub mod crate_cache;
