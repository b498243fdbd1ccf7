//! Reads the world into facts. Nothing here decides and nothing here writes into a project.

pub mod adopt;
pub mod advisory_db;
pub mod allow_list;
pub mod base;
pub mod cargo_config;
pub mod clean_place;
pub mod clock;
pub mod crate_files;
pub mod crate_folder;
pub mod environment;
pub mod git;
pub mod git_packages;
pub mod git_root;
pub mod http;
pub mod index;
pub mod local_registry;
pub mod lock_file;
pub mod locked_cargo;
pub mod manifest;
pub mod policy_file;
pub mod target;
pub mod toml_tree;
pub mod trail;
pub mod vendor_tree;
pub mod ways_around;
pub mod workspace;
