//! The client and its threads, built once and only when something is asked.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use tokio::runtime::Runtime;

use super::error::cause_of;
use super::lanes::{Hold, Lanes};
use super::proxy;
use super::told::Told;
use super::transport::{Passed, Transport};
use super::{Answer, HttpError, HttpSettings, Request};
use crate::files::regular::{self, Links};

/// Cargo's `http.timeout`.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Cargo's `net.retry`.
const RETRY: u32 = 3;
/// Large index files arrive at once only if the windows of HTTP/2 let them: of one stream, and of all together.
const WINDOWS: (u32, u32) = (2 << 20, 16 << 20);
/// The most bytes of a bundle of certificates; the usual ones have a quarter of a mebibyte.
const LARGEST_BUNDLE: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct Engine {
    /// Absent only while it is shut down.
    runtime: Option<Runtime>,
    lanes: Lanes,
}

/// Refuses settings that no client can be built from, before anything else is done with them.
pub(super) fn check(settings: &HttpSettings) -> Result<(), HttpError> {
    proxy::named(settings)?;
    certificates(settings)?;
    Ok(())
}

impl Engine {
    pub(super) fn start(settings: &HttpSettings) -> Result<Self, HttpError> {
        // Fails only where a provider was chosen already, and then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = settings.timeout.unwrap_or(TIMEOUT).max(Duration::from_millis(100));
        let mut client = Client::builder()
            .user_agent(concat!("cargo-sequester/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(timeout)
            .http2_initial_stream_window_size(WINDOWS.0)
            .http2_initial_connection_window_size(WINDOWS.1)
            .tls_certs_merge(certificates(settings)?);
        client = match proxy::configured(settings)? {
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
        let proxies = proxy::named(settings)?;
        let told = Told::by(settings.listener.clone());
        let transport = Transport { client, timeout, retry: settings.retry.unwrap_or(RETRY), told, proxies };
        Ok(Self { runtime: Some(runtime), lanes: Lanes::new(Arc::new(transport)) })
    }

    pub(super) fn get(&self, request: &Request) -> Result<Answer, HttpError> {
        let mut body = Vec::new();
        let unbounded = AtomicU64::new(u64::MAX);
        let fetched = self.wait_for(self.lanes.transport().fetch(request, &mut body, &unbounded))??;
        Ok(fetched.answer.with(body))
    }

    pub(super) fn stream(&self, request: &Request, out: &mut dyn Write) -> Result<Answer, HttpError> {
        let mut passed = Passed { out, begun: false };
        let unbounded = AtomicU64::new(u64::MAX);
        Ok(self.wait_for(self.lanes.transport().fetch(request, &mut passed, &unbounded))??.answer)
    }

    pub(super) fn get_all(
        &self,
        requests: Vec<Request>,
        progress: &mut dyn FnMut(usize),
    ) -> Vec<Result<Answer, HttpError>> {
        // An answer that never came is an error of its own: a task that died must not look like an answer.
        let mut results: Vec<Result<Answer, HttpError>> = requests.iter().map(|_| Err(shut_down())).collect();
        let mut keep = |position: usize, result| {
            if let Some(slot) = results.get_mut(position) {
                *slot = result;
            }
        };
        if let Some(runtime) = &self.runtime {
            runtime.block_on(self.lanes.run(requests, Hold::All, &mut keep, &mut |done, _| progress(done)));
        }
        results
    }

    pub(super) fn get_each(
        &self,
        requests: Vec<Request>,
        each: &mut dyn FnMut(usize, Result<Answer, HttpError>),
        progress: &mut dyn FnMut(usize, u64),
    ) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(self.lanes.run(requests, Hold::InFlight, each, progress));
        }
    }

    fn wait_for<F: Future>(&self, work: F) -> Result<F::Output, HttpError> {
        Ok(self.runtime.as_ref().ok_or_else(shut_down)?.block_on(work))
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

fn certificates(settings: &HttpSettings) -> Result<Vec<Certificate>, HttpError> {
    let Some(path) = &settings.cainfo else { return Ok(Vec::new()) };
    let unusable = |cause| HttpError::Certificates { path: path.clone(), cause };
    let pem = regular::read(path, Links::Followed, LARGEST_BUNDLE).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(cause_of(error)))?;
    if found.is_empty() { Err(unusable(String::from("there is none in it"))) } else { Ok(found) }
}
