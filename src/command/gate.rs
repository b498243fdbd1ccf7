//! Keeps the memory of unpacked archives bounded, however many workers there are.

use std::sync::{Condvar, Mutex, PoisonError};

/// Unpacked bytes that all workers together may hold; one that needs more is alone.
const TOGETHER: u64 = 64 << 20;

/// Lets archives in by what they need.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<u64>,
    changed: Condvar,
}

/// An archive that was let in.
pub(super) struct Pass<'g> {
    gate: &'g Gate,
    bytes: u64,
}

impl Gate {
    /// Waits until there is room for so many bytes.
    pub(super) fn enter(&self, bytes: u64) -> Pass<'_> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        while *inside > 0 && *inside + bytes > TOGETHER {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        *inside += bytes;
        Pass { gate: self, bytes }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.gate.inside.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.gate.changed.notify_all();
    }
}
