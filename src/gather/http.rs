//! The one HTTP client: HTTP/2, bounded bodies and times, retries with back-off, proxies and certificates as cargo has them.
//!
//! Blocking from outside. The client and the threads it runs on come into being with the first request, so a run that asks
//! nobody pays nothing.

mod error;
mod message;
mod request_queue;
mod settings;
mod transport;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::Runtime;

pub use self::error::HttpError;
pub(crate) use self::error::shown;
pub use self::message::{Answer, Request};
pub use self::settings::HttpSettings;
pub(crate) use self::settings::proxy_variables;

use self::error::cause_of;
use self::request_queue::{Hold, RequestQueue};
use self::transport::{Transport, WaitNotices};

/// Cargo's `http.timeout`.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Cargo's `net.retry`.
const RETRY: u32 = 3;
/// Large index files arrive at once only if the windows of HTTP/2 let them: of one stream, and of all together.
const WINDOWS: (u32, u32) = (2 << 20, 16 << 20);

#[derive(Debug)]
pub struct Http {
    settings: HttpSettings,
    engine: Mutex<Option<Arc<Engine>>>,
    /// By origin: when the last request was done that may not be followed by another at once.
    paced: Mutex<BTreeMap<String, Instant>>,
}

impl Http {
    /// Checks the settings; connects to nothing.
    ///
    /// # Errors
    /// The proxy is no address, or the certificates cannot be read.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        settings::check(settings)?;
        Ok(Self { settings: settings.clone(), engine: Mutex::new(None), paced: Mutex::default() })
    }

    /// Makes one request and keeps the body.
    ///
    /// # Errors
    /// No usable answer within the limits, after the retries that `net.retry` allows.
    pub fn get(&self, request: &Request) -> Result<Answer, HttpError> {
        self.engine()?.get(request)
    }

    /// As [`Self::get`], for a caller whose thread must not wait. The request goes on where nobody waits for it any more.
    ///
    /// # Errors
    /// As [`Self::get`].
    #[cfg(feature = "serve")]
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, HttpError> {
        let engine = self.engine()?;
        let runtime = engine.runtime.as_ref().ok_or_else(shut_down)?;
        let for_task = Arc::clone(&engine);
        let asked = runtime.spawn(async move {
            let unbounded = AtomicU64::new(u64::MAX);
            for_task.queue.transport().fetch(&request, &unbounded).await.map(|fetched| fetched.answer)
        });
        asked.await.map_err(|_| shut_down())?
    }

    /// Sends a document to where it belongs, once, and keeps what is answered. No redirect is followed.
    ///
    /// # Errors
    /// No usable answer within the limits, or any status but 200: the server's words are in the error.
    pub(crate) fn put(&self, url: &str, authorization: Option<&str>, document: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        let engine = self.engine()?;
        let runtime = engine.runtime.as_ref().ok_or_else(shut_down)?;
        runtime.block_on(engine.queue.transport().put(url, authorization, document))
    }

    /// As [`Self::get`], but no sooner than the request's `pause` after the last one that was made in this way of the same host: for
    /// servers that allow a program so many requests in a while. It waits for that here.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn get_paced(&self, request: &Request) -> Result<Answer, HttpError> {
        let origin = error::parse(&request.url)?.origin().ascii_serialization();
        // Held over the request: whoever else asks in this way waits until it is done.
        let mut paced = self.paced.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = paced.get(&origin) {
            std::thread::sleep(request.pause.saturating_sub(last.elapsed()));
        }
        let answer = self.get(request);
        paced.insert(origin, Instant::now());
        answer
    }

    /// Makes many requests at once and keeps the bodies. The results are in the order of the requests; `progress` hears how many
    /// are done.
    pub fn get_all(&self, requests: Vec<Request>, progress: &mut dyn FnMut(usize)) -> Vec<Result<Answer, HttpError>> {
        if requests.is_empty() {
            return Vec::new();
        }
        match self.engine() {
            Ok(engine) => engine.get_all(requests, progress),
            Err(error) => requests.iter().map(|request| Err(not_started(request, &error))).collect(),
        }
    }

    /// Makes many requests at once and hands each result, with the request's position, to `each` as it comes, in any order. While
    /// `each` runs no further result is taken, so a caller that is behind holds the whole back. `progress` hears, several times a
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
                for (position, request) in requests.iter().enumerate() {
                    each(position, Err(not_started(request, &error)));
                }
            }
        }
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

/// Registries want to know which program asks, and where its makers are to be found.
fn user_agent() -> String {
    let address = env!("CARGO_PKG_REPOSITORY");
    let address = if address.is_empty() { String::new() } else { format!(" ({address})") };
    format!("{}/{}{address}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

fn not_started(request: &Request, error: &HttpError) -> HttpError {
    HttpError::Unreachable { url: shown(&request.url), cause: error.first_line() }
}

/// The client and its threads, built once and only when something is asked.
#[derive(Debug)]
struct Engine {
    /// Absent only while it is shut down.
    runtime: Option<Runtime>,
    queue: RequestQueue,
}

impl Engine {
    fn start(settings: &HttpSettings) -> Result<Self, HttpError> {
        // Fails only where a provider was chosen already, and then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = settings.timeout.unwrap_or(TIMEOUT).max(Duration::from_millis(100));
        let mut client = Client::builder()
            .user_agent(user_agent())
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(timeout)
            .http2_initial_stream_window_size(WINDOWS.0)
            .http2_initial_connection_window_size(WINDOWS.1)
            .tls_certs_merge(settings::certificates(settings)?);
        client = match settings::configured_proxy(settings)? {
            Some(proxy) => client.proxy(proxy),
            None if settings.proxy.is_some() => client.no_proxy(),
            None => client,
        };
        if settings.no_multiplexing {
            client = client.http1_only();
        }
        let client = client.build().map_err(|error| HttpError::Client { cause: cause_of(error) })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("http")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| HttpError::Client { cause: error.to_string() })?;
        let proxies = settings::named_proxies(settings)?;
        let notices = WaitNotices::for_listener(settings.listener.clone());
        let transport = Transport { client, timeout, retry: settings.retry.unwrap_or(RETRY), notices, proxies };
        Ok(Self { runtime: Some(runtime), queue: RequestQueue::new(Arc::new(transport)) })
    }

    fn get(&self, request: &Request) -> Result<Answer, HttpError> {
        let unbounded = AtomicU64::new(u64::MAX);
        let runtime = self.runtime.as_ref().ok_or_else(shut_down)?;
        Ok(runtime.block_on(self.queue.transport().fetch(request, &unbounded))?.answer)
    }

    fn get_all(&self, requests: Vec<Request>, progress: &mut dyn FnMut(usize)) -> Vec<Result<Answer, HttpError>> {
        // An answer that never came is an error of its own: a task that died must not look like an answer.
        let mut results: Vec<Result<Answer, HttpError>> = requests.iter().map(|_| Err(shut_down())).collect();
        let mut keep = |position: usize, result| {
            if let Some(slot) = results.get_mut(position) {
                *slot = result;
            }
        };
        if let Some(runtime) = &self.runtime {
            runtime.block_on(self.queue.run(requests, Hold::All, &mut keep, &mut |done, _| progress(done)));
        }
        results
    }

    fn get_each(
        &self,
        requests: Vec<Request>,
        each: &mut dyn FnMut(usize, Result<Answer, HttpError>),
        progress: &mut dyn FnMut(usize, u64),
    ) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(self.queue.run(requests, Hold::InFlight, each, progress));
        }
    }
}

/// A name look-up that hangs must not hold the process back at its end.
impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn shut_down() -> HttpError {
    HttpError::Client { cause: String::from("it was shut down") }
}
