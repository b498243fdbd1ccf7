//! Keeps the memory of unpacked archives bounded, however many workers there are.

use std::sync::{Condvar, Mutex, PoisonError};

/// Unpacked bytes that all workers together may hold; one that needs more is alone.
const TOGETHER: u64 = 64 << 20;

/// Shared by all workers.
#[derive(Debug, Default)]
pub(crate) struct MemoryBudget {
    inside: Mutex<u64>,
    changed: Condvar,
}

/// Given back when it is dropped.
pub(crate) struct Share<'g> {
    budget: &'g MemoryBudget,
    bytes: u64,
}

impl MemoryBudget {
    /// Waits until there is room for so many bytes.
    pub(crate) fn take(&self, bytes: u64) -> Share<'_> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        while *inside > 0 && *inside + bytes > TOGETHER {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        *inside += bytes;
        Share { budget: self, bytes }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.inside.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.changed.notify_all();
    }
}
