//! Protective sequestration for Rust dependencies: a new crate release stays in quarantine until it has earned approval.
//!
//! `gather` reads the world into facts, `policy` turns facts into verdicts and touches nothing, and `project` is where the two meet: the
//! only way to a decision. `resolve` runs cargo behind the index that `registry` filters, `archive` opens what was downloaded, `report` and `write` carry decisions out, and
//! `command` joins them into one verb each. `files` is how all of them open a file.

pub mod archive;
mod cli;
pub mod command;
pub mod files;
pub mod gather;
pub mod model;
pub mod policy;
mod project;
mod registry;
pub mod report;
mod resolve;
pub mod write;
