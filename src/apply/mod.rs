//! Writes the world from plans.

pub mod archive;
