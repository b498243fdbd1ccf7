//! One request from its first try to its answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
};
use reqwest::{Client, RequestBuilder, Response, Url, Version};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{HttpError, cause_of, parse, shown, shown_url};
use super::message::{self, Answer, Request, Resume};
use super::settings::{NamedProxy, proxy_note};
use crate::model::run::{Listener, Waiting};

/// Cargo's `http.low-speed-limit`: fewer bytes a second than this, for as long as the timeout, is no answer.
const SLOWEST: u64 = 10;
/// A request, all of its tries together, may take so many timeouts, and a second more for so many bytes: at first no more than a server
/// needs that answers slowly, and in the end as long as a large file on a slow line.
const PATIENCE: [(u32, u64); 2] = [(4, 1 << 10), (20, 64 << 10)];
/// A server's word for a length is taken for so many bytes ahead of what it sends.
const MOST_AHEAD: usize = 1 << 20;
/// What a server answers to a document that was sent to it is no larger.
const LARGEST_RECEIPT: u64 = 1 << 20;
/// A pause, or a silence, that is worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// How long one word about a server lasts.
const NOTICE_LASTS: Duration = Duration::from_secs(5);

/// Makes requests; shared by all that are in flight.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) client: Client,
    pub(super) timeout: Duration,
    pub(super) retry: u32,
    pub(super) notices: WaitNotices,
    pub(super) proxies: Vec<NamedProxy>,
}

/// An answer, and whether its connection carries many at once.
pub(super) struct Fetched {
    pub(super) answer: Answer,
    pub(super) multiplexed: bool,
}

impl Fetched {
    fn of(response: &Response) -> Self {
        Self { answer: Answer::of(response), multiplexed: response.version() >= Version::HTTP_2 }
    }
}

/// What a request has taken, in all of its tries. Pauses between them do not count: a server may ask for those.
#[derive(Default)]
struct Taken {
    time: Duration,
    bytes: u64,
}

/// How long a request may take that brought so many bytes.
fn patience(timeout: Duration, bytes: u64) -> Duration {
    let allowed = PATIENCE.map(|(timeouts, rate)| timeout * timeouts + Duration::from_secs(bytes / rate));
    allowed.into_iter().min().unwrap_or_default()
}

/// The pause before the retry after `failures` failures; no chance in it, so that a run can be repeated.
fn pause_after(failures: u32) -> Duration {
    Duration::from_millis(250 * 4_u64.pow(failures.min(3))).min(Duration::from_secs(10))
}

struct Failure {
    error: HttpError,
    again: Again,
    /// Where the answer broke off in a way that another can continue.
    resume: Option<Resume>,
}

enum Again {
    Never,
    Soon,
    After(Duration),
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self { error, again: Again::Never, resume: None }
    }
}

impl Transport {
    /// Makes `request` until it is answered or the retries are used up. `budget` is what all bodies together may still have.
    pub(super) async fn fetch(&self, request: &Request, budget: &AtomicU64) -> Result<Fetched, HttpError> {
        let mut body = Vec::new();
        let mut failures = 0;
        let mut from = None;
        let mut taken = Taken::default();
        loop {
            let begun = Instant::now();
            let once = self.once(request, from.as_ref(), &mut body, budget, &mut taken).await;
            let (url, time) = (super::error::shown(&request.url), begun.elapsed());
            let Failure { error, again, resume } = match once {
                Ok(fetched) => {
                    let Answer { status, body, .. } = &fetched.answer;
                    tracing::debug!("GET {url}: {status}, {} bytes, in {time:?}", body.len());
                    return Ok(fetched);
                }
                Err(failure) => failure,
            };
            tracing::debug!("GET {url}: {:?}, in {time:?}", error.without_address());
            taken.time += begun.elapsed();
            if taken.time >= patience(self.timeout, taken.bytes) {
                return Err(error);
            }
            let pause = match again {
                Again::Never => return Err(error),
                Again::Soon => pause_after(failures),
                Again::After(pause) => pause,
            };
            let pause = pause.max(request.pause);
            if failures >= self.retry {
                return Err(error);
            }
            from = resume.filter(|_| request.resume && !body.is_empty());
            if from.is_none() {
                body.clear();
            }
            self.notices.retrying(&request.url, &error, pause, self.retry - failures);
            failures += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(
        &self,
        request: &Request,
        from: Option<&Resume>,
        body: &mut Vec<u8>,
        budget: &AtomicU64,
        taken: &mut Taken,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let mut url = parse(&request.url)?;
        let home = url.origin();
        let mut hops = 0;
        loop {
            let begun = Instant::now();
            let mut asked = self.ask(&url, request, url.origin() == home)?;
            if let Some(from) = from {
                asked = from.ask(asked, body.len() as u64);
            }
            let whole = started + patience(self.timeout, taken.bytes).saturating_sub(taken.time);
            let until = whole.min(begun + self.timeout);
            let response = match self.notices.while_waiting(&url, timeout_at(until, asked.send())).await {
                Ok(sent) => sent.map_err(|error| Failure { resume: from.cloned(), ..self.unreachable(&url, error) })?,
                Err(_) => return Err(Failure { resume: from.cloned(), ..slow(&url, 0, begun) }),
            };
            match response.status().as_u16() {
                // A part that nobody asked for is no answer, and falls through.
                status @ (200 | 206) if status == 200 || from.is_some() => {
                    if status == 206 && !message::continues(response.headers(), body.len() as u64) {
                        let error = HttpError::Status { url: shown_url(&url), status, words: String::new() };
                        return Err(Failure { error, again: Again::Soon, resume: None });
                    }
                    if status == 200 {
                        body.clear();
                    }
                    let fetched = Fetched::of(&response);
                    let resume = Resume::of(response.headers());
                    let taken = (started, &mut *taken);
                    let read = self.read(&url, response, request.limit, body, budget, taken).await;
                    read.map_err(|failure| Failure { resume, ..failure })?;
                    let answer = Answer { status: 200, body: std::mem::take(body), ..fetched.answer };
                    return Ok(Fetched { answer, ..fetched });
                }
                // The part that was asked for does not exist (any more): from the start, then.
                416 if from.is_some() => {
                    let error = HttpError::Status { url: shown_url(&url), status: 416, words: String::new() };
                    return Err(Failure { error, again: Again::Soon, resume: None });
                }
                304 => return Ok(Fetched::of(&response)),
                404 | 410 | 451 => {
                    let fetched = Fetched::of(&response);
                    let body = message::words_of_refusal(response).await.into_bytes();
                    return Ok(Fetched { answer: Answer { body, ..fetched.answer }, ..fetched });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let location = message::text(response.headers(), &LOCATION).unwrap_or_default();
                    url = message::redirected(&url, location, hops)?;
                    if url.origin() != home {
                        message::refuse_other_hosts(request, &url)?;
                    }
                    hops += 1;
                }
                status => {
                    let again = match status {
                        429 | 500..=599 => message::retry_after(response.headers()).map_or(Again::Soon, Again::After),
                        _ => Again::Never,
                    };
                    let words = message::words_of_refusal(response).await;
                    let error = HttpError::Status { url: shown_url(&url), status, words };
                    // What came before the overload is still there to be continued.
                    let resume = from.cloned();
                    return Err(Failure { error, again, resume });
                }
            }
        }
    }

    /// Sends a document, once, and gives the body of the answer.
    pub(super) async fn put(
        &self,
        url: &str,
        authorization: Option<&str>,
        document: Vec<u8>,
    ) -> Result<Vec<u8>, HttpError> {
        let url = parse(url)?;
        let mut sent = self.client.put(url.clone()).body(document);
        if let Some(token) = authorization {
            let mut value = HeaderValue::from_str(token).map_err(|_| HttpError::Token { url: shown_url(&url) })?;
            value.set_sensitive(true);
            sent = sent.header(AUTHORIZATION, value);
        }
        let begun = Instant::now();
        let whole = patience(self.timeout, 0);
        let response = match self.notices.while_waiting(&url, timeout_at(begun + whole, sent.send())).await {
            Ok(sent) => sent.map_err(|error| self.unreachable(&url, error).error)?,
            Err(_) => return Err(slow(&url, 0, begun).error),
        };
        let status = response.status().as_u16();
        if status != 200 {
            let words = message::words_of_refusal(response).await;
            return Err(HttpError::Status { url: shown_url(&url), status, words });
        }
        let (mut body, unbounded, mut taken) = (Vec::new(), AtomicU64::new(u64::MAX), Taken::default());
        let read = self.read(&url, response, LARGEST_RECEIPT, &mut body, &unbounded, (begun, &mut taken)).await;
        read.map_err(|failure| failure.error)?;
        Ok(body)
    }

    fn unreachable(&self, url: &Url, error: reqwest::Error) -> Failure {
        let (is_connect, url_shown) = (error.is_connect(), shown_url(url));
        let cause = cause_of(error) + &proxy_note(&self.proxies, url);
        let error = if is_connect {
            HttpError::Unreachable { url: url_shown, cause }
        } else {
            HttpError::HungUp { url: url_shown, cause }
        };
        Failure { error, again: Again::Soon, resume: None }
    }

    fn ask(&self, url: &Url, request: &Request, at_home: bool) -> Result<RequestBuilder, HttpError> {
        let mut asked = self.client.get(url.clone());
        if request.resume {
            // A part of an encoded body cannot be distinguished from a part of the body.
            asked = asked.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if request.past_caches {
            asked = asked.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        // A validator that no header may carry comes from a damaged cache: without it the answer is whole.
        for (name, value) in [(IF_NONE_MATCH, &request.etag), (IF_MODIFIED_SINCE, &request.last_modified)] {
            if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
                asked = asked.header(name, value);
            }
        }
        if let Some(token) = request.authorization.as_deref().filter(|_| at_home) {
            let mut value = HeaderValue::from_str(token).map_err(|_| HttpError::Token { url: shown_url(url) })?;
            value.set_sensitive(true);
            asked = asked.header(AUTHORIZATION, value);
        }
        Ok(asked)
    }

    async fn read(
        &self,
        url: &Url,
        mut response: Response,
        limit: u64,
        body: &mut Vec<u8>,
        budget: &AtomicU64,
        (started, taken): (Instant, &mut Taken),
    ) -> Result<(), Failure> {
        let large = || HttpError::Large { url: shown_url(url), limit };
        let kept = body.len() as u64;
        if response.content_length().is_some_and(|length| length > limit.saturating_sub(kept)) {
            return Err(large().into());
        }
        let expected = response.content_length().unwrap_or_default();
        body.reserve_exact(usize::try_from(expected).unwrap_or_default().min(MOST_AHEAD));
        let begun = Instant::now();
        let enough = SLOWEST.saturating_mul(self.timeout.as_secs()).max(1);
        let (mut received, mut window, mut in_window) = (0_u64, begun, 0_u64);
        loop {
            let whole = started + patience(self.timeout, taken.bytes).saturating_sub(taken.time);
            let until = whole.min(window + self.timeout);
            let part = match self.notices.while_waiting(url, timeout_at(until, response.chunk())).await {
                Ok(part) => part.map_err(|error| broken(url, error))?,
                Err(_) => return Err(slow(url, received, begun)),
            };
            let Some(part) = part else { return Ok(()) };
            let length = part.len() as u64;
            received += length;
            taken.bytes = taken.bytes.saturating_add(length);
            in_window += length;
            let left = budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(length));
            if received > limit.saturating_sub(kept) || left.is_err() {
                return Err(large().into());
            }
            body.extend_from_slice(&part);
            if in_window >= enough {
                (window, in_window) = (Instant::now(), 0);
            }
        }
    }
}

fn broken(url: &Url, error: reqwest::Error) -> Failure {
    Failure {
        error: HttpError::Broken { url: shown_url(url), cause: cause_of(error) },
        again: Again::Soon,
        resume: None,
    }
}

fn slow(url: &Url, received: u64, since: Instant) -> Failure {
    let seconds = since.elapsed().as_secs();
    Failure { error: HttpError::Slow { url: shown_url(url), received, seconds }, again: Again::Soon, resume: None }
}

/// Says what a request waits for: once for each server and while, however many requests wait for it.
#[derive(Debug)]
pub(super) struct WaitNotices {
    listener: Listener,
    /// By the server's origin: until when nothing more is said of it.
    until: Mutex<BTreeMap<String, Instant>>,
}

impl WaitNotices {
    pub(super) fn for_listener(listener: Listener) -> Self {
        Self { listener, until: Mutex::default() }
    }

    /// A request failed and is made again after `pause`, at most so many times.
    pub(super) fn retrying(&self, url: &str, error: &HttpError, pause: Duration, left: u32) {
        let Ok(parsed) = Url::parse(url) else { return };
        if pause >= WORTH_TELLING && self.is_news(&parsed, pause) {
            let seconds = pause.as_secs();
            self.listener.tell(&Waiting::Again { url: shown(url), cause: error.without_address(), seconds, left });
        }
    }

    /// The work's result; where that takes a while, the listener hears that the server is waited for.
    pub(super) async fn while_waiting<F: Future>(&self, url: &Url, work: F) -> F::Output {
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
        until.insert(origin, now + pause.max(NOTICE_LASTS));
        true
    }
}
