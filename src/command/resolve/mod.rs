//! Runs cargo behind the filter: gathers what the filter needs, serves it, lets cargo resolve, and judges what came out.

mod child;
mod elsewhere;
mod event;
mod failure;
mod ground;
mod lock;
mod session;
mod signals;
mod upstream;

pub(super) use child::Ended;
pub(super) use ground::Ground;
pub(super) use lock::WorkspaceLock;
pub(super) use session::{Judged, Session};
