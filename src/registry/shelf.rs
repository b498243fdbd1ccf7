//! What the server has to give: filtered index files, by registry and lower-case name.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::model::source::Registry;

/// One answer: the body and its validator.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) body: axum::body::Bytes,
    pub(super) etag: String,
}

/// What is known of one crate; `None` is a crate that does not exist or has no visible release.
pub(super) type Known = Option<Shown>;

/// The filtered index files, filled by a [`super::Filter`] and read by a [`super::Server`].
#[derive(Debug)]
pub struct Shelf {
    known: RwLock<HashMap<(Registry, String), Known>>,
    /// Absent once it is closed.
    questions: Mutex<Option<mpsc::UnboundedSender<Question>>>,
}

/// A crate that cargo asks for and the shelf does not have.
#[derive(Debug)]
pub struct Question {
    /// The registry.
    pub registry: Registry,
    /// The name in lower case, as cargo spells paths.
    pub name: String,
    /// To be sent to, or dropped, once the shelf has it.
    pub settled: oneshot::Sender<()>,
}

impl Shelf {
    /// An empty shelf, and where the questions about what it lacks come out.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Question>) {
        let (questions, received) = mpsc::unbounded_channel();
        (Self { known: RwLock::default(), questions: Mutex::new(Some(questions)) }, received)
    }

    /// Puts a crate's visible lines on the shelf; no lines make it absent.
    pub(super) fn put(&self, registry: &Registry, name: &str, lines: Vec<u8>) {
        let shown = (!lines.is_empty()).then(|| Shown { etag: etag(&lines), body: lines.into() });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert((registry.clone(), name.to_lowercase()), shown);
    }

    /// What is known of a crate without asking.
    pub(super) fn get(&self, registry: &Registry, name: &str) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(registry.clone(), name.to_owned())).cloned()
    }

    /// What is known of a crate, if need be after somebody found out.
    pub(super) async fn find(&self, registry: &Registry, name: &str) -> Known {
        if let Some(known) = self.get(registry, name) {
            return known;
        }
        let (settled, told) = oneshot::channel();
        let question = Question { registry: registry.clone(), name: name.to_owned(), settled };
        let sent = self.questions().as_ref().is_some_and(|questions| questions.send(question).is_ok());
        // Nobody there to answer leaves the crate unknown, and unknown is absent.
        if sent {
            let _ = told.await;
        }
        self.get(registry, name).flatten()
    }

    /// Takes no more questions; whoever waits for them comes to an end.
    pub fn close(&self) {
        self.questions().take();
    }

    fn questions(&self) -> std::sync::MutexGuard<'_, Option<mpsc::UnboundedSender<Question>>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A validator that changes with every byte: what is visible changes with time although upstream's file does not.
fn etag(lines: &[u8]) -> String {
    let mut etag = String::from("\"");
    for byte in Sha256::digest(lines).iter().take(16) {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}
