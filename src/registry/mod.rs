//! A sparse index on a loopback port that shows cargo only the releases that the policy approves, each line as upstream wrote it.
//!
//! Judging and filtering are pure functions over index lines (`policy::visible`); upstream's entries are handed in. What cargo will ask
//! for is worked out beforehand and fetched in batches ([`Filter::prefetch`]), because cargo itself opens only about two connections
//! to a loopback address. The server takes no lock of cargo's, writes nothing, and ends with its value.

mod closure;
mod filter;
mod filtered_index;
mod server;

pub(crate) use closure::Root;
pub(crate) use filter::{Filter, Upstream};
pub(crate) use filtered_index::FilteredIndex;
pub(crate) use server::ServeError;
#[cfg(feature = "serve")]
pub(crate) use server::crate_of;
pub(crate) use server::{ServedRegistry, Server};
