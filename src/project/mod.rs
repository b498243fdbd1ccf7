//! The only way to a decision: what is judged, by whose rules, and from which facts.
//!
//! A `Request` opens a `Project`: cargo's configuration and the base first, then the subject (lock file and workspace), then the
//! rules, which are complete from the moment they exist. `Gathered` is what was read of the world for it, and the one builder of facts
//! about any lock file on that ground: the one that was found, the one that a cargo left, or none. An `Assessment` is the decision on
//! the lock file as it was found.

mod access;
mod advisories;
mod ahead;
mod assessment;
mod base;
#[cfg(test)]
mod by_hand;
mod configs;
mod contents;
pub(crate) mod debris;
mod error;
mod gathering;
mod git_manifests;
mod inspections;
mod licenses;
pub(crate) mod lock_answer;
mod lock_files;
mod lookup;
mod open;
mod progress;
mod registries;
mod remembered;
mod request;
mod rules;
mod shared_policy;
mod subject;
pub(crate) mod trail;
mod uncommitted;
mod ways;

pub(crate) use access::Access;
pub(crate) use assessment::Assessment;
pub(crate) use base::Base;
pub(crate) use configs::Configs;
pub(crate) use contents::stated_license;
pub(crate) use error::ProjectError;
pub(crate) use gathering::{About, Decision, Gathered};
pub(crate) use inspections::{Inspector, parser};
pub(crate) use licenses::manifest_file;
pub(crate) use lock_files::{LockFiles, lock_files};
pub(crate) use lookup::Lookup;
pub(crate) use open::{Committed, Project};
pub(crate) use progress::{Progress, told_if_long};
pub(crate) use registries::Registries;
pub(crate) use remembered::{InputDigests, Question};
pub(crate) use request::{AdvisoriesFrom, JudgeBy, PolicyFrom, Purpose, Request, Which};
pub(crate) use rules::{Rules, nearest_policy};
pub(crate) use subject::{POLICY_FILE, Subject, relative};
