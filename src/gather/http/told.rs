//! Tells what a request waits for: once for each server and while, however many requests wait for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, timeout};

use super::error::{HttpError, shown_url};
use super::shown;
use crate::model::run::{Listener, Waiting};

/// A pause, or a silence, that is worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// How long one word about a server lasts.
const LASTS: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Told {
    listener: Listener,
    /// By the server's origin, until when nothing more is told of it.
    until: Mutex<BTreeMap<String, Instant>>,
}

impl Told {
    pub(super) fn by(listener: Listener) -> Self {
        Self { listener, until: Mutex::default() }
    }

    /// A request failed and is made again after `pause`, at most so many times.
    pub(super) fn again(&self, url: &str, error: &HttpError, pause: Duration, left: u32) {
        let Ok(parsed) = Url::parse(url) else { return };
        if pause >= WORTH_TELLING && self.is_news(&parsed, pause) {
            let seconds = pause.as_secs();
            self.listener.tell(&Waiting::Again { url: shown(url), cause: error.without_address(), seconds, left });
        }
    }

    /// The work's result; where that takes a while, it is told that the server is waited for.
    pub(super) async fn while_silent<F: Future>(&self, url: &Url, work: F) -> F::Output {
        let mut work = std::pin::pin!(work);
        if let Ok(done) = timeout(WORTH_TELLING, &mut work).await {
            return done;
        }
        if self.is_news(url, Duration::ZERO) {
            self.listener.tell(&Waiting::Answer { url: shown_url(url) });
        }
        work.await
    }

    fn is_news(&self, url: &Url, pause: Duration) -> bool {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let (origin, now) = (url.origin().ascii_serialization(), Instant::now());
        if until.get(&origin).is_some_and(|until| *until > now) {
            return false;
        }
        until.insert(origin, now + pause.max(LASTS));
        true
    }
}
