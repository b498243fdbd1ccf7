//! The decision: facts in, verdicts out. Pure and total; no clock, no file, no network, no environment.

pub mod adopted;
pub mod advisory;
pub mod also;
pub mod approval;
pub mod baseline;
pub mod calendar;
pub mod carried;
pub mod drift;
pub mod evaluate;
pub mod explanation;
pub mod findings;
pub mod fix_partner;
pub mod footing;
pub mod graph;
pub mod healed;
pub mod integrity;
pub mod judge;
pub mod kept;
pub mod lock_answers_manifests;
pub mod loosened;
pub mod moves;
pub mod notices;
pub mod outlook;
pub mod plan;
pub mod platforms;
pub mod publish_age;
pub mod recorded;
pub mod rules_in_use;
pub mod security_fix;
pub mod source;
pub mod trail;
pub mod vendored;
pub mod visible;
pub mod ways_around;

pub use evaluate::evaluate;
