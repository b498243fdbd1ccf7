//! The filtered index: what the server has to give, by registry and lower-case name.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::model::source::Registry;

/// A crate's visible lines and their validator.
#[derive(Clone, Debug)]
pub(super) struct IndexFile {
    pub(super) body: bytes::Bytes,
    pub(super) etag: String,
}

/// `None` for a crate that does not exist or has no visible release.
pub(super) type Known = Option<IndexFile>;

/// Filled by the filter, read by the server.
#[derive(Debug)]
pub(crate) struct FilteredIndex {
    known: RwLock<HashMap<(Registry, String), Known>>,
    /// Absent once it is closed.
    questions: Mutex<Option<mpsc::UnboundedSender<Question>>>,
}

/// A crate that cargo asks for and the index does not have yet.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) registry: Registry,
    /// The name in lower case, as cargo spells paths.
    pub(crate) name: String,
    /// Whoever asked waits until this is dropped.
    _settled: oneshot::Sender<()>,
}

impl FilteredIndex {
    /// An empty index, and where the questions about what it lacks come out.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Question>) {
        let (questions, received) = mpsc::unbounded_channel();
        (Self { known: RwLock::default(), questions: Mutex::new(Some(questions)) }, received)
    }

    /// Sets a crate's visible lines; no lines make it absent.
    pub(super) fn put(&self, registry: &Registry, name: &str, lines: Vec<u8>) {
        let file = (!lines.is_empty()).then(|| IndexFile { etag: etag(&lines), body: lines.into() });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert((registry.clone(), name.to_lowercase()), file);
    }

    /// What is known of a crate without asking.
    pub(super) fn get(&self, registry: &Registry, name: &str) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(registry.clone(), name.to_owned())).cloned()
    }

    /// What is known of a crate. What is not known yet is asked and waited for.
    pub(super) async fn find(&self, registry: &Registry, name: &str) -> Known {
        if let Some(known) = self.get(registry, name) {
            return known;
        }
        let (settled, answered) = oneshot::channel();
        let question = Question { registry: registry.clone(), name: name.to_owned(), _settled: settled };
        let sent = self.questions().as_ref().is_some_and(|questions| questions.send(question).is_ok());
        // Without an answer the crate stays unknown, and what is unknown is absent.
        if sent {
            let _ = answered.await;
        }
        self.get(registry, name).flatten()
    }

    /// Takes no more questions, so that the thread that answers them ends.
    pub(crate) fn close(&self) {
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
