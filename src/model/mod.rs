//! The vocabulary: releases, facts, policy, verdicts. Types and their invariants, nothing that reads or writes.

#[macro_use]
mod names;

pub(crate) mod adoption;
pub(crate) mod advisory;
pub(crate) mod age;
pub(crate) mod allow_list;
pub(crate) mod approval;
pub(crate) mod backtest;
pub(crate) mod bom;
pub(crate) mod calendar;
pub(crate) mod checksum;
pub(crate) mod crate_name;
pub(crate) mod error_text;
pub(crate) mod evaluation;
pub(crate) mod explanation;
pub(crate) mod facts;
pub(crate) mod finding;
pub(crate) mod history;
pub(crate) mod incident;
pub(crate) mod index_line;
pub(crate) mod last_word;
pub(crate) mod license;
pub(crate) mod lock_proof;
pub(crate) mod loosening;
pub(crate) mod manifest;
pub(crate) mod package;
pub(crate) mod party;
pub(crate) mod policy;
pub(crate) mod publication;
pub(crate) mod reason_facts;
pub(crate) mod recorded;
pub(crate) mod release_diff;
pub(crate) mod resemblance;
pub(crate) mod resolution;
pub(crate) mod run;
pub(crate) mod side_effect;
pub(crate) mod signal;
mod signal_facts;
pub(crate) mod source;
pub(crate) mod standard;
pub(crate) mod trail;
pub(crate) mod vendored;
pub(crate) mod vendoring;
pub(crate) mod verdict;
pub(crate) mod verification;
pub(crate) mod vex;
pub(crate) mod way_around;

pub use jiff::Timestamp;
pub use semver::Version;
