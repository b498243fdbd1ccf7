//! What `vendor` did, for people and for machines.

mod human;
mod json;

use std::time::Duration;

use super::AuditReport;
use crate::model::vendoring::{Unvendorable, Vendoring};

pub use human::{healed, human};
pub use json::{VENDOR_V1, json};

/// Everything that a report of `vendor` tells.
#[derive(Clone, Copy, Debug)]
pub struct VendorReport<'a> {
    /// The decision that it stands on.
    pub audit: &'a AuditReport<'a>,
    /// What was done; `None` where nothing was written.
    pub vendoring: Option<&'a Vendoring>,
    /// Approved packages that cannot be vendored; then nothing was written.
    pub problems: &'a [Unvendorable],
    /// How long it took.
    pub elapsed: Duration,
}
