//! The integration tests: one binary, a file per subject.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::similar_names,
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a test fails by panicking and says on standard error what it skips; what one test does not use, another does"
)]

mod adopt;
mod advisory_db;
mod approve;
mod architecture;
mod archive;
mod asked_cargo;
mod assess;
mod audit;
mod audit_base;
mod audit_trail;
mod backtest;
mod cargo_config;
mod cargo_config_splice;
mod cargo_verb;
mod crate_files;
mod credentials;
mod diff;
mod docs;
mod documents;
mod explain;
mod faults;
mod fix;
mod fuzzed;
mod help_lines;
mod history;
mod hostile_cases;
mod http;
mod incident;
mod index;
mod init;
mod inspect;
mod kept_worlds;
mod licenses;
mod lock_file;
mod lock_proof;
mod log_verb;
mod loopback;
mod package_ids;
mod page;
mod plan;
mod policy_ages;
mod policy_edit;
mod policy_file;
mod policy_in_use;
mod policy_laws;
mod policy_loosened;
mod policy_places;
mod policy_rules;
mod policy_smallest;
mod prompt;
mod publications;
mod regular_files;
mod replaced_files;
mod report;
mod security_fix;
mod security_fix_company;
mod security_fix_need;
mod security_fix_oracle;
mod security_fix_verbs;
mod several_locks;
mod signals;
mod status;
mod support;
mod support_itself;
mod tour;
mod trail;
mod unnamed_registries;
mod update;
mod upgrade;
mod vendor;
// Runs are broken off at given steps, which release builds cannot do.
#[cfg(debug_assertions)]
mod vendor_dir;
mod verify;
mod visible;
mod waiting;
mod words;
mod workspace;
