//! The one HTTP client: HTTP/2, bounded bodies and times, retries with back-off, proxies and certificates as cargo has them.

use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;

/// What cargo's configuration says about the network (`[http]` and `[net]`).
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// `http.proxy`; the environment's proxies where absent.
    pub proxy: Option<String>,
    /// `http.cainfo`: a PEM bundle that is trusted beside the system's.
    pub cainfo: Option<Utf8PathBuf>,
    /// `http.timeout`; cargo's 30 seconds where absent.
    pub timeout: Option<Duration>,
    /// `net.retry`; cargo's 3 where absent.
    pub retry: Option<u32>,
    /// `http.multiplexing = false` turns HTTP/2 off.
    pub no_multiplexing: bool,
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
    /// `Date`.
    pub date: Option<Timestamp>,
    /// The decoded body; empty but for 200.
    pub body: Vec<u8>,
}
