//! The vocabulary: releases, facts, policy, verdicts. Types and their invariants, nothing that reads or writes.

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
pub mod hashed;
pub mod history;
pub mod index_line;
pub mod lock_proof;
pub mod locked;
pub mod manifest;
pub mod moves;
pub mod package;
pub mod plan;
pub mod policy;
pub mod security_fix;
pub mod signal;
pub mod source;
pub mod trail;
pub mod unresolved;
pub mod vendor;
pub mod vendored;
pub mod vendoring;
pub mod verdict;
pub mod verification;
pub mod visibility;
pub mod warning;
pub mod way_around;

pub use jiff::{Timestamp, civil::Date};
pub use semver::{Version, VersionReq};
