//! The one HTTP client: HTTP/2, bounded bodies and times, retries with back-off, proxies and certificates as cargo has them.
//!
//! Blocking from outside. The client and the threads it runs on come into being with the first request, so a run that asks
//! nobody pays nothing.

mod engine;
mod error;
mod lanes;
mod proxy;
mod redirect;
mod refusal;
mod resume;
mod retry;
mod told;
mod transport;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;

pub use self::error::{HttpError, shown};

use self::engine::Engine;
use crate::model::run::Listener;

/// What cargo's configuration says about the network (`[http]` and `[net]`).
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// `http.proxy`; the environment's proxies where absent, none at all where empty. `NO_PROXY` is honoured either way.
    pub proxy: Option<String>,
    /// The variables of [`proxy_variables`] that are set, with their values.
    pub proxy_variables: Vec<(&'static str, String)>,
    /// `http.cainfo`: a PEM bundle that is trusted beside the system's.
    pub cainfo: Option<Utf8PathBuf>,
    /// `http.timeout`; cargo's 30 seconds where absent.
    pub timeout: Option<Duration>,
    /// `net.retry`; cargo's 3 where absent.
    pub retry: Option<u32>,
    /// `http.multiplexing = false` turns HTTP/2 off.
    pub no_multiplexing: bool,
    /// Who is told that a server is waited for.
    pub listener: Listener,
}

/// The names of the environment's variables that name a proxy, those first that go first.
pub fn proxy_variables() -> impl Iterator<Item = &'static str> {
    proxy::VARIABLES.into_iter().map(|(name, _)| name)
}

/// One GET to make.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The address.
    pub url: String,
    /// `If-None-Match`.
    pub etag: Option<String>,
    /// `If-Modified-Since`.
    pub last_modified: Option<String>,
    /// `Authorization`, for this address's own origin only.
    pub authorization: Option<String>,
    /// The most bytes that the decoded body may have.
    pub limit: u64,
    /// Whether an answer that breaks off may be continued by another one, asked for by `Range`. Only for a body that is checked as a
    /// whole afterwards; it is asked for without an encoding.
    pub resume: bool,
}

/// An answer with one of the statuses that say something: 200, 304, 404, 410, 451.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// The server's time: `Date`, plus the `Age` of an answer that a cache kept.
    pub date: Option<Timestamp>,
    /// The decoded body of a 200, empty where it was written elsewhere; of 404, 410 and 451 what it says to people, in one line.
    pub body: Vec<u8>,
}

impl Answer {
    /// With the body that was kept of a 200.
    fn with(self, kept: Vec<u8>) -> Self {
        if self.status == 200 { Self { body: kept, ..self } } else { self }
    }
}

/// The client.
#[derive(Debug)]
pub struct Http {
    settings: HttpSettings,
    engine: Mutex<Option<Arc<Engine>>>,
}

impl Http {
    /// Checks the settings; connects to nothing.
    ///
    /// # Errors
    /// The proxy is no address, or the certificates cannot be read.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        engine::check(settings)?;
        Ok(Self { settings: settings.clone(), engine: Mutex::new(None) })
    }

    /// Makes one request and keeps the body.
    ///
    /// # Errors
    /// No usable answer within the limits, after the retries that `net.retry` allows.
    pub fn get(&self, request: &Request) -> Result<Answer, HttpError> {
        self.engine()?.get(request)
    }

    /// Makes many requests at once and keeps the bodies. The results are in the order of the requests; `progress` is told how many
    /// are done.
    pub fn get_all(&self, requests: Vec<Request>, progress: &mut dyn FnMut(usize)) -> Vec<Result<Answer, HttpError>> {
        if requests.is_empty() {
            return Vec::new();
        }
        match self.engine() {
            Ok(engine) => engine.get_all(requests, progress),
            Err(error) => {
                let cause = error.first_line();
                requests
                    .into_iter()
                    .map(|request| Err(HttpError::Unreachable { url: shown(&request.url), cause: cause.clone() }))
                    .collect()
            }
        }
    }

    /// Makes many requests at once and hands each result, with the request's position, to `each` as it comes, in any order. While
    /// `each` runs no further result is taken, so a caller that is behind holds the whole back. `progress` is told, several times a
    /// second, how many are done and how many bytes came.
    pub fn get_each(
        &self,
        requests: Vec<Request>,
        each: &mut dyn FnMut(usize, Result<Answer, HttpError>),
        progress: &mut dyn FnMut(usize, u64),
    ) {
        if requests.is_empty() {
            return;
        }
        match self.engine() {
            Ok(engine) => engine.get_each(requests, each, progress),
            Err(error) => {
                let cause = error.first_line();
                for (position, request) in requests.iter().enumerate() {
                    each(position, Err(HttpError::Unreachable { url: shown(&request.url), cause: cause.clone() }));
                }
            }
        }
    }

    /// Makes one request and writes the body of a 200 to `out` as it arrives. Once a byte was written there is no retry.
    ///
    /// # Errors
    /// As [`Self::get`], and `out` cannot be written to.
    pub fn stream(&self, request: &Request, out: &mut dyn Write) -> Result<Answer, HttpError> {
        self.engine()?.stream(request, out)
    }

    fn engine(&self) -> Result<Arc<Engine>, HttpError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*engine {
            return Ok(Arc::clone(engine));
        }
        let built = Arc::new(Engine::start(&self.settings)?);
        *engine = Some(Arc::clone(&built));
        Ok(built)
    }
}
