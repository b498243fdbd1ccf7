//! A sparse index on a loopback port that shows cargo only the releases that the policy approves, each line as upstream wrote it.
//!
//! Judging and filtering are pure functions over index lines (`policy::visible`); upstream's entries are handed in. What cargo will ask
//! for is worked out beforehand and fetched in batches ([`Filter::prefetch`]), because cargo itself opens only about two connections
//! to a loopback address. The server takes no lock of cargo's, writes nothing, and ends with its value.

mod closure;
mod elsewhere;
mod filter;
mod server;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::facts::IndexFact;
use crate::model::package::CrateId;

pub use closure::Root;
pub use filter::{Filter, Gap};
pub use server::{ServeError, ServedRegistry, Server};
pub use shelf::{Question, Shelf};

/// Where index entries come from.
pub trait Upstream: Sync {
    /// The entry of every crate in `crates`; one that is missing from the answer counts as unavailable.
    fn read(&self, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact>;
}
