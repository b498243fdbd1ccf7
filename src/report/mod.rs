//! Tells people and machines what was decided: pure, from an evaluation to a writer; by verb, and one format a file.
//!
//! Facts become sentences in `reason`, `notice`, `blocker`, `change` and `cure`, once, for every format. Sentences hold text from outside as
//! it came; a format escapes each whole line by its own rules (`escape`) at the moment it writes it, and adds its own marks after.

pub mod audit;
pub mod blocker;
pub mod change;
pub mod context;
pub mod curation;
pub mod cure;
pub mod escape;
pub mod explain;
pub mod init;
pub mod json;
pub mod log;
pub mod notice;
pub mod print;
pub mod reason;
pub mod status;
pub mod update;
pub mod vendored;
pub mod verify;
pub mod way_out;
pub mod words;

#[cfg(test)]
mod shape;
