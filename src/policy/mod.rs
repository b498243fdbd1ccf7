//! The decision: facts in, verdicts out. Pure and total; no clock, no file, no network, no environment.

pub mod advisory;
pub mod alternatives;
pub mod baseline;
pub mod calendar;
pub mod deciders;
pub mod deleted;
pub mod evaluate;
pub mod explanation;
pub mod findings;
pub mod fix_partner;
pub mod graph;
pub mod ground;
pub mod judge;
pub mod lock_answers_manifests;
pub mod lock_changes;
pub mod plan;
pub mod policy_drift;
pub mod publish_age;
pub mod rules_in_use;
pub mod security_fix;
pub mod side_effects;
pub mod source;
pub mod trail;
pub mod vendored;
pub mod vendored_contents;
pub mod visible;

pub use evaluate::evaluate;
