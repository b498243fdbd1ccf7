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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::{MemoryBudget, TOGETHER};

    /// Whether so much comes in at once where others hold this; it comes in the end.
    fn is_room(held: u64, bytes: u64) -> bool {
        let budget = MemoryBudget::default();
        std::thread::scope(|scope| {
            let share = (held > 0).then(|| budget.take(held));
            let (tell, told) = channel();
            let budget = &budget;
            scope.spawn(move || {
                drop(budget.take(bytes));
                let _ = tell.send(());
            });
            let at_once = told.recv_timeout(Duration::from_millis(if held + bytes > TOGETHER { 60 } else { 5_000 }));
            drop(share);
            at_once.is_ok() || {
                assert!(told.recv_timeout(Duration::from_secs(5)).is_ok(), "{bytes} never come in after {held}");
                false
            }
        })
    }

    #[test]
    fn all_together_hold_no_more_than_was_said() {
        assert!(is_room(TOGETHER - 5, 5));
        assert!(!is_room(TOGETHER - 5, 6));
        assert!(is_room(5, 5));
        assert!(!is_room(TOGETHER, 1));
    }

    #[test]
    fn what_needs_more_than_there_is_comes_in_alone() {
        let budget = MemoryBudget::default();
        drop(budget.take(2 * TOGETHER));
        assert!(!is_room(1, 2 * TOGETHER));
        assert!(!is_room(2 * TOGETHER, 1));
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        let budget = MemoryBudget::default();
        for _ in 0..3 {
            drop((budget.take(TOGETHER / 2), budget.take(TOGETHER / 2)));
        }
        assert_eq!(budget.inside.lock().ok().as_deref(), Some(&0));
    }
}
