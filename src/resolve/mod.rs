//! Runs cargo behind the filter: gathers what the filter needs, serves it, lets cargo resolve, and judges what came out.

mod child;
mod error;
mod failure;
mod lock;
mod private_copy;
mod resolution;
mod session;
mod signals;
mod staying;
mod unblock;

pub(crate) use child::{Ended, Voice};
pub(crate) use error::ResolveError;
pub(crate) use private_copy::Written;
pub(crate) use resolution::{Resolution, Writes, asked_crates, behind};
pub(crate) use session::{Resolved, Session};
pub(crate) use signals::Signals;
pub(crate) use staying::{Parts, Settled, Trials};
pub(crate) use unblock::Attempt;
