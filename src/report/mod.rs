//! Tells people and machines what was decided: pure, from an evaluation to a writer; by verb, and one format a file.
//!
//! Facts become sentences in `reason`, `notice`, `blocker`, `change` and `cure`, once, for every format. Sentences hold text from outside as
//! it came; a format escapes each whole line by its own rules (`escape`) at the moment it writes it, and adds its own marks after.

pub(crate) mod assess;
pub(crate) mod audit;
pub(crate) mod backtest;
pub(crate) mod blocker;
pub(crate) mod change;
pub(crate) mod context;
pub(crate) mod curation;
pub(crate) mod cure;
pub(crate) mod diff;
pub(crate) mod escape;
pub(crate) mod explain;
pub(crate) mod finding;
pub(crate) mod incident;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod json;
pub(crate) mod log;
pub(crate) mod markdown;
pub(crate) mod notice;
pub(crate) mod page;
pub(crate) mod posted;
pub(crate) mod print;
pub(crate) mod publication;
pub(crate) mod reason;
#[cfg(feature = "serve")]
pub(crate) mod refusal;
pub(crate) mod review;
pub(crate) mod sbom;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod signal;
pub(crate) mod status;
#[cfg(any(feature = "serve", test))]
pub(crate) mod team;
pub(crate) mod update;
pub(crate) mod vendored;
pub(crate) mod verify;
pub(crate) mod vsa;
pub(crate) mod way_out;
pub(crate) mod words;

#[cfg(test)]
mod shape;
