//! The decision: facts in, verdicts out. Pure and total; no clock, no file, no network, no environment.

pub(crate) mod advisory;
pub(crate) mod alternatives;
pub(crate) mod backtest;
pub(crate) mod baseline;
pub(crate) mod bom;
pub(crate) mod brought_along;
#[cfg(test)]
mod by_hand;
pub(crate) mod calendar;
pub(crate) mod chronology;
pub(crate) mod deciders;
pub(crate) mod deleted;
pub(crate) mod dependencies;
pub(crate) mod evaluate;
pub(crate) mod evidence;
mod exempted;
pub(crate) mod explanation;
pub(crate) mod findings;
pub(crate) mod fix_partner;
pub(crate) mod graph;
pub(crate) mod ground;
pub(crate) mod incident;
pub(crate) mod inspection;
pub(crate) mod judge;
pub(crate) mod last_word;
pub(crate) mod license;
pub(crate) mod lock_answers_manifests;
pub(crate) mod lock_changes;
pub(crate) mod look_alike;
pub(crate) mod other_bytes;
pub(crate) mod plan;
pub(crate) mod policy_drift;
pub(crate) mod publication;
pub(crate) mod publish_age;
pub(crate) mod rules_in_use;
pub(crate) mod security_fix;
pub(crate) mod side_effects;
pub(crate) mod signal;
pub(crate) mod source;
pub(crate) mod standard;
pub(crate) mod trail;
pub(crate) mod vendored;
pub(crate) mod vendored_contents;
pub(crate) mod vex;
pub(crate) mod visible;

pub(crate) use evaluate::evaluate;
