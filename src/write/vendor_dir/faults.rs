//! Where a run breaks off, for tests. A release build has no such thing: there the type is empty and every step succeeds.

use std::io;

#[cfg(debug_assertions)]
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Breaks a run off at one of its steps. Each step is one change on the disk.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    #[cfg(debug_assertions)]
    steps: Arc<AtomicU32>,
    #[cfg(debug_assertions)]
    kill_at: Option<u32>,
    #[cfg(debug_assertions)]
    fail_at: Option<(u32, io::ErrorKind)>,
    #[cfg(debug_assertions)]
    no_exchange: bool,
}

#[cfg(debug_assertions)]
impl Faults {
    /// The process ends before this step, counted from 1, as by `kill -9`.
    #[must_use]
    pub fn kill_at(step: u32) -> Self {
        Self { kill_at: Some(step), ..Self::default() }
    }

    /// This step, counted from 1, is refused with this error.
    #[must_use]
    pub fn fail_at(step: u32, kind: io::ErrorKind) -> Self {
        Self { fail_at: Some((step, kind)), ..Self::default() }
    }

    /// The same, on a file system that cannot exchange two folders.
    #[must_use]
    pub fn without_exchange(self) -> Self {
        Self { no_exchange: true, ..self }
    }

    /// How many steps were taken so far.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps.load(Ordering::SeqCst)
    }

    pub(super) fn step(&self) -> io::Result<()> {
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        if self.kill_at == Some(step) {
            // Unlike a panic or an exit this runs no destructor, which is all that a signal would add.
            std::process::abort();
        }
        match self.fail_at {
            Some((at, kind)) if at == step => Err(kind.into()),
            _ => Ok(()),
        }
    }

    pub(super) const fn may_exchange(&self) -> bool {
        !self.no_exchange
    }
}

#[cfg(not(debug_assertions))]
impl Faults {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the debug build's can fail")]
    pub(super) const fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "the debug build's depends on it")]
    pub(super) const fn may_exchange(&self) -> bool {
        true
    }
}
