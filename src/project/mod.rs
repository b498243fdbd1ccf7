//! The only way to a decision: what is judged, by whose rules, and from which facts.

pub(crate) mod access;
pub(crate) mod assessment;
pub(crate) mod base;
mod error;
pub(crate) mod gathering;
pub(crate) mod progress;
pub(crate) mod rules;
pub(crate) mod subject;
pub(crate) mod trail;

pub use error::ProjectError;
