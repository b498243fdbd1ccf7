//! One request from its first try to its answer.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use reqwest::{Client, RequestBuilder, Response, Url, Version};
use tokio::time::{Instant, timeout_at};

use super::error::{HttpError, cause_of, shown_url};
use super::proxy::{self, Named};
use super::resume::{self, Resume};
use super::told::Told;
use super::{Answer, Request, redirect, refusal, retry};

/// Cargo's `http.low-speed-limit`: fewer bytes a second than this, for as long as the timeout, is no answer.
const SLOWEST: u64 = 10;
/// A request, all of its tries together, may take so many timeouts, and a second more for so many bytes: at first no more than a server
/// needs that answers slowly, and in the end as long as a large file on a slow line.
const PATIENCE: [(u32, u64); 2] = [(4, 1 << 10), (20, 64 << 10)];

/// A server's word for a length is taken for so many bytes ahead of what it sends.
const MOST_AHEAD: usize = 1 << 20;

/// Makes requests; shared by all that are in flight.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) client: Client,
    pub(super) timeout: Duration,
    pub(super) retry: u32,
    pub(super) told: Told,
    pub(super) proxies: Vec<Named>,
}

/// Where a body goes.
pub(super) trait Sink {
    /// Makes room for a body of this length, which was checked against the limit.
    fn expect(&mut self, _length: u64) {}
    /// Takes the next part.
    fn take(&mut self, part: &[u8]) -> std::io::Result<()>;
    /// Forgets what came before, for another try; `false` where that is impossible.
    fn restart(&mut self) -> bool;
    /// The bytes that came before and that a later answer may continue.
    fn kept(&self) -> u64;
}

impl Sink for Vec<u8> {
    fn expect(&mut self, length: u64) {
        self.reserve_exact(usize::try_from(length).unwrap_or_default().min(MOST_AHEAD));
    }

    fn take(&mut self, part: &[u8]) -> std::io::Result<()> {
        self.extend_from_slice(part);
        Ok(())
    }

    fn restart(&mut self) -> bool {
        self.clear();
        true
    }

    fn kept(&self) -> u64 {
        self.len() as u64
    }
}

/// A body that is written on as it comes.
pub(super) struct Passed<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) begun: bool,
}

impl Sink for Passed<'_> {
    fn take(&mut self, part: &[u8]) -> std::io::Result<()> {
        self.begun = true;
        self.out.write_all(part)
    }

    fn restart(&mut self) -> bool {
        !self.begun
    }

    fn kept(&self) -> u64 {
        0
    }
}

/// An answer, and whether its connection carries many at once.
pub(super) struct Fetched {
    pub(super) answer: Answer,
    pub(super) multiplexed: bool,
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
    pub(super) async fn fetch<S: Sink>(
        &self,
        request: &Request,
        sink: &mut S,
        budget: &AtomicU64,
    ) -> Result<Fetched, HttpError> {
        let mut failures = 0;
        let mut from = None;
        let mut taken = Taken::default();
        loop {
            let begun = Instant::now();
            let once = self.once(request, from.as_ref(), sink, budget, &mut taken).await;
            let Failure { error, again, resume } = match once {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            taken.time += begun.elapsed();
            if taken.time >= patience(self.timeout, taken.bytes) {
                return Err(error);
            }
            let pause = match again {
                Again::Never => return Err(error),
                Again::Soon => retry::pause(failures),
                Again::After(pause) => pause,
            };
            from = resume.filter(|_| request.resume && sink.kept() > 0);
            if failures >= self.retry || (from.is_none() && !sink.restart()) {
                return Err(error);
            }
            self.told.again(&request.url, &error, pause, self.retry - failures);
            failures += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn once<S: Sink>(
        &self,
        request: &Request,
        from: Option<&Resume>,
        sink: &mut S,
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
                asked = from.ask(asked, sink.kept());
            }
            let whole = started + patience(self.timeout, taken.bytes).saturating_sub(taken.time);
            let until = whole.min(begun + self.timeout);
            let response = match self.told.while_silent(&url, timeout_at(until, asked.send())).await {
                Ok(sent) => sent.map_err(|error| Failure { resume: from.cloned(), ..self.unreachable(&url, error) })?,
                Err(_) => return Err(Failure { resume: from.cloned(), ..slow(&url, 0, begun) }),
            };
            match response.status().as_u16() {
                // A part that nobody asked for is no answer, and falls through.
                status @ (200 | 206) if status == 200 || from.is_some() => {
                    if status == 206 && !resume::continues(response.headers(), sink.kept()) {
                        let error = HttpError::Status { url: shown_url(&url), status, words: String::new() };
                        return Err(Failure { error, again: Again::Soon, resume: None });
                    }
                    if status == 200 && sink.kept() > 0 && !sink.restart() {
                        return Err(HttpError::Status { url: shown_url(&url), status, words: String::new() }.into());
                    }
                    let fetched = Fetched { answer: Answer { status: 200, ..answer(&response) }, ..fetched(&response) };
                    let resume = Resume::of(response.headers());
                    let taken = (started, &mut *taken);
                    let read = self.read(&url, response, request.limit, sink, budget, taken).await;
                    return read.map(|()| fetched).map_err(|failure| Failure { resume, ..failure });
                }
                // The part that was asked for does not exist (any more): from the start, then.
                416 if from.is_some() => {
                    let error = HttpError::Status { url: shown_url(&url), status: 416, words: String::new() };
                    return Err(Failure { error, again: Again::Soon, resume: None });
                }
                304 => return Ok(fetched(&response)),
                404 | 410 | 451 => {
                    let fetched = fetched(&response);
                    let body = refusal::words(response).await.into_bytes();
                    return Ok(Fetched { answer: Answer { body, ..fetched.answer }, ..fetched });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let location = retry::text(response.headers(), &LOCATION).unwrap_or_default();
                    url = redirect::follow(&url, location, hops)?;
                    hops += 1;
                }
                status => {
                    let again = match status {
                        429 | 500..=599 => retry::asked_for(response.headers()).map_or(Again::Soon, Again::After),
                        _ => Again::Never,
                    };
                    let words = refusal::words(response).await;
                    let error = HttpError::Status { url: shown_url(&url), status, words };
                    // What came before the overload is still there to be continued.
                    let resume = from.cloned();
                    return Err(Failure { error, again, resume });
                }
            }
        }
    }

    fn unreachable(&self, url: &Url, error: reqwest::Error) -> Failure {
        let cause = cause_of(error) + &proxy::aside(&self.proxies, url);
        Failure { error: HttpError::Unreachable { url: shown_url(url), cause }, again: Again::Soon, resume: None }
    }

    fn ask(&self, url: &Url, request: &Request, at_home: bool) -> Result<RequestBuilder, HttpError> {
        let mut asked = self.client.get(url.clone());
        if request.resume {
            // A part of an encoded body cannot be told from a part of the body.
            asked = asked.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
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

    async fn read<S: Sink>(
        &self,
        url: &Url,
        mut response: Response,
        limit: u64,
        sink: &mut S,
        budget: &AtomicU64,
        (started, taken): (Instant, &mut Taken),
    ) -> Result<(), Failure> {
        let large = || HttpError::Large { url: shown_url(url), limit };
        let kept = sink.kept();
        if response.content_length().is_some_and(|length| length > limit.saturating_sub(kept)) {
            return Err(large().into());
        }
        sink.expect(response.content_length().unwrap_or_default());
        let begun = Instant::now();
        let enough = SLOWEST.saturating_mul(self.timeout.as_secs()).max(1);
        let (mut received, mut window, mut in_window) = (0_u64, begun, 0_u64);
        loop {
            let whole = started + patience(self.timeout, taken.bytes).saturating_sub(taken.time);
            let until = whole.min(window + self.timeout);
            let part = match self.told.while_silent(url, timeout_at(until, response.chunk())).await {
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
            sink.take(&part).map_err(|cause| HttpError::Write { url: shown_url(url), cause })?;
            if in_window >= enough {
                (window, in_window) = (Instant::now(), 0);
            }
        }
    }
}

fn fetched(response: &Response) -> Fetched {
    Fetched { answer: answer(response), multiplexed: response.version() >= Version::HTTP_2 }
}

fn answer(response: &Response) -> Answer {
    let headers = response.headers();
    Answer {
        status: response.status().as_u16(),
        etag: retry::text(headers, &ETAG).map(str::to_owned),
        last_modified: retry::text(headers, &LAST_MODIFIED).map(str::to_owned),
        date: retry::server_time(headers),
        body: Vec::new(),
    }
}

/// The address as a URL of a kind that can be asked.
pub(super) fn parse(url: &str) -> Result<Url, HttpError> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    parsed.ok_or_else(|| HttpError::Address { url: super::shown(url) })
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
