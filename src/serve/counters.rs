//! What is counted of requests, for whoever watches a node.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// By the first digit of the status, from 1 to 5.
    statuses: [AtomicU64; 5],
    pub(crate) not_modified: AtomicU64,
    pub(crate) index_files: AtomicU64,
    pub(crate) downloads: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) locks_posted: AtomicU64,
}

impl Counters {
    /// One answer with this status.
    pub(crate) fn answered(&self, status: u16) {
        if let Some(counter) = self.statuses.get(usize::from(status / 100).wrapping_sub(1)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if status == 304 {
            self.not_modified.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many answers had a status of each hundred, from 1 to 5.
    pub(crate) fn statuses(&self) -> [u64; 5] {
        self.statuses.each_ref().map(|counter| counter.load(Ordering::Relaxed))
    }
}
