//! Passes on to the running cargo what the terminal or the system tells us, and remembers it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio::runtime::{Builder, Runtime};

/// Listens from its making to its dropping. What it caught is not lost on the program: whoever made it asks, cleans up and ends.
#[derive(Debug)]
pub(crate) struct Interrupts {
    state: Arc<State>,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct State {
    caught: AtomicI32,
    child: AtomicI32,
}

impl Interrupts {
    /// Begins to listen. Where that cannot be done, signals do what they always do.
    pub(crate) fn listen() -> Self {
        let state = Arc::new(State::default());
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("signals").enable_io().build().ok();
        #[cfg(unix)]
        if let Some(runtime) = &runtime {
            use tokio::signal::unix::{SignalKind, signal};
            let _guard = runtime.enter();
            for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
                let Ok(mut stream) = signal(kind) else { continue };
                let state = Arc::clone(&state);
                runtime.spawn(async move {
                    while stream.recv().await.is_some() {
                        state.caught.store(kind.as_raw_value(), Ordering::SeqCst);
                        state.pass_on();
                    }
                });
            }
        }
        Self { state, runtime }
    }

    /// The signal that came, by its number.
    pub(super) fn caught(&self) -> Option<i32> {
        Some(self.state.caught.load(Ordering::SeqCst)).filter(|number| *number != 0)
    }

    /// The process that signals are passed on to; `None` once it has ended.
    pub(crate) fn set_child(&self, id: Option<u32>) {
        let id = id.and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
        self.state.child.store(id, Ordering::SeqCst);
        // One that came before the process was known would otherwise wait for ever.
        if id != 0 && self.caught().is_some() {
            self.state.pass_on();
        }
    }
}

impl State {
    #[cfg(unix)]
    fn pass_on(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let child = Pid::from_raw(self.child.load(Ordering::SeqCst));
        let signal = match self.caught.load(Ordering::SeqCst) {
            1 => Signal::HUP,
            15 => Signal::TERM,
            _ => Signal::INT,
        };
        if let Some(child) = child {
            // It may have ended just now.
            let _ = kill_process(child, signal);
        }
    }

    #[cfg(not(unix))]
    fn pass_on(&self) {}
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
