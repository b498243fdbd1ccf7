//! The vocabulary: releases, facts, policy, verdicts. Types and their invariants, nothing that reads or writes.

#[macro_use]
mod names;

pub mod adoption;
pub mod advisory;
pub mod age;
pub mod allow_list;
pub mod approval;
pub mod calendar;
pub mod checksum;
pub mod crate_name;
pub mod evaluation;
pub mod explanation;
pub mod facts;
pub mod history;
pub mod index_line;
pub mod lock_proof;
pub mod loosening;
pub mod manifest;
pub mod package;
pub mod policy;
pub mod reason_facts;
pub mod recorded;
pub mod resolution;
pub mod run;
pub mod side_effect;
pub mod source;
pub mod trail;
pub mod vendored;
pub mod vendoring;
pub mod verdict;
pub mod verification;
pub mod way_around;

pub use jiff::{Timestamp, civil::Date};
pub use semver::{Version, VersionReq};
