//! Where a debug build ends of itself in the middle of the store's writes, so that tests see what is left of them.

#[cfg(debug_assertions)]
use std::sync::Arc;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

use crate::gather::environment::Environment;

/// The variable with the step to end at, counted from one. A release build does not know it.
#[cfg(debug_assertions)]
const VARIABLE: &str = "SEQUESTER_ENDS_AT_STEP";

/// The steps of all writes of one process.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    #[cfg(debug_assertions)]
    at: Option<u64>,
    #[cfg(debug_assertions)]
    steps: Arc<AtomicU64>,
}

impl Ends {
    #[cfg(debug_assertions)]
    pub(super) fn of(environment: &Environment) -> Self {
        let at = environment.get(VARIABLE).and_then(|at| at.parse().ok());
        Self { at, steps: Arc::default() }
    }

    #[cfg(not(debug_assertions))]
    pub(super) fn of(_: &Environment) -> Self {
        Self {}
    }

    /// One step further: before a write, between its parts, or behind it.
    #[cfg(debug_assertions)]
    pub(super) fn step(&self) {
        if self.at == Some(self.steps.fetch_add(1, Ordering::SeqCst) + 1) {
            // As when the power goes: nothing is closed, and nobody is told.
            std::process::abort();
        }
    }

    #[cfg(not(debug_assertions))]
    pub(super) fn step(&self) {}
}
