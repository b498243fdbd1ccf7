//! Protective sequestration for Rust dependencies: a new crate release stays in quarantine until it has earned approval.
//!
//! `gather` reads the world into facts, `policy` turns facts into verdicts and touches nothing, `report` and `apply` carry them out,
//! and `command` joins the four into one verb each.

pub mod apply;
pub mod cli;
pub mod command;
pub mod gather;
pub mod model;
pub mod policy;
pub mod registry;
pub mod report;
