//! Runs cargo behind the filter: gathers what the filter needs, serves it, lets cargo resolve, and judges what came out.

mod child;
mod error;
mod failure;
mod interrupts;
mod private_copy;
mod resolution;
mod session;
mod staying;
mod unblock;

pub(crate) use child::Ended;
pub(crate) use error::ResolveError;
pub(crate) use interrupts::Interrupts;
pub(crate) use private_copy::Written;
pub(crate) use resolution::{Resolution, Writes, asked_crates, behind};
pub(crate) use session::{Resolved, Session};
pub(crate) use staying::{Parts, Settled, Trials};
pub(crate) use unblock::Attempt;
