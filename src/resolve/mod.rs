//! Runs cargo behind the filter: gathers what the filter needs, serves it, lets cargo resolve, and judges what came out.

mod child;
pub(crate) mod command_line;
mod elsewhere;
mod error;
mod failure;
mod ground;
mod lock;
mod session;
mod signals;
mod upstream;

pub(crate) use child::Ended;
pub use error::ResolveError;
pub(crate) use ground::Ground;
pub(crate) use lock::WorkspaceLock;
pub(crate) use session::{Judged, Session};
