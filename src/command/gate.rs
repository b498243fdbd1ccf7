//! Keeps the memory of unpacked archives bounded, however many workers there are.

use std::sync::{Condvar, Mutex, PoisonError};

/// Unpacked bytes that all workers together may hold; an archive that has more is unpacked alone.
const TOGETHER: u64 = 64 << 20;

/// Lets archives in by their size.
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
    /// Waits until there is room for a gzip file of these bytes.
    pub(super) fn enter(&self, gzip: &[u8]) -> Pass<'_> {
        let bytes = announced(gzip);
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

/// What the file's last four bytes say of its unpacked size (RFC 1952's `ISIZE`). They may lie, and then only the limits of
/// unpacking hold.
fn announced(gzip: &[u8]) -> u64 {
    gzip.last_chunk::<4>().map_or(0, |size| u64::from(u32::from_le_bytes(*size)))
}
