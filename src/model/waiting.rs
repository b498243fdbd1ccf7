//! What a run waits for, and who is told of it while it waits.

use std::fmt;
use std::sync::Arc;

/// Something that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Another process holds a lock on this.
    Lock {
        /// What is locked, in words: `the project's folder /home/ana/app`.
        of: String,
    },
    /// A request failed and is made again after a pause.
    Again {
        /// The address, without secrets.
        url: String,
        /// Why it failed, in one line.
        cause: String,
        /// How long until then.
        seconds: u64,
        /// How often it is made again at most, this time included.
        left: u32,
    },
    /// A server has not answered yet.
    Answer {
        /// Its address, without secrets.
        url: String,
    },
    /// A git that was started for the advisories has not ended yet.
    Git {
        /// Which of its commands.
        call: &'static str,
    },
    /// A credential provider has not given a token yet.
    Provider {
        /// Its name.
        name: String,
    },
    /// Cargo is let try again what failed, with other releases shown.
    Trials,
    /// A cargo that was started says that it waits.
    Cargo {
        /// Its own line.
        line: String,
    },
}

/// Who is told; nobody where nobody wants to know.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Tell>>);

type Tell = dyn Fn(&Waiting) + Send + Sync;

impl Listener {
    /// One that is told of everything, by whatever thread waits.
    pub fn new(told: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Tells it.
    pub fn tell(&self, waiting: &Waiting) {
        if let Some(told) = &self.0 {
            told(waiting);
        }
    }
}

/// Without the function, which says nothing of itself.
impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener(somebody)" } else { "Listener(nobody)" })
    }
}
