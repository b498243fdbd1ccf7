//! Requests and answers, and what a response's headers and refusals say: times, ranges, redirects, a few words for people.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{
    ACCEPT_RANGES, AGE, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, IF_RANGE, LAST_MODIFIED, RANGE,
    RETRY_AFTER,
};
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use tokio::time::timeout;

use super::error::{HttpError, shown_url};

/// The longest that a server may make us wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The oldest `Age` that is believed, in seconds.
const LONGEST_AGE: i64 = 31 * 86_400;
/// How many redirects one request may go through.
const MOST_REDIRECTS: usize = 5;
/// As much of a refusal's body as is read for its words, in bytes.
const MOST_READ: usize = 16 << 10;
/// As much of them as is shown, in characters.
const MOST_SHOWN: usize = 400;
/// How long they are waited for: the status is known already.
const WORDS_PATIENCE: Duration = Duration::from_secs(2);

/// One GET to make.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The address, of `http` or `https`.
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
    /// The least pause before it is made again after a failure.
    pub pause: Duration,
    /// Whether caches between here and the server must ask it again.
    pub past_caches: bool,
    /// The hosts beside the address's own to which a redirect may lead; wherever it leads, where `None`.
    pub redirect_hosts: Option<Vec<String>>,
}

/// An answer with one of the statuses that say something: 200, 304, 404, 410, 451.
#[derive(Clone, Debug)]
pub struct Answer {
    /// One of those five.
    pub status: u16,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// The server's time: `Date`, plus the `Age` of an answer that a cache kept.
    pub date: Option<Timestamp>,
    /// The decoded body of a 200; of 404, 410 and 451 what it says to people, in one line.
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer of these headers, without a body.
    pub(super) fn of(response: &Response) -> Self {
        let headers = response.headers();
        Self {
            status: response.status().as_u16(),
            etag: text(headers, &ETAG).map(str::to_owned),
            last_modified: text(headers, &LAST_MODIFIED).map(str::to_owned),
            date: server_time(headers),
            body: Vec::new(),
        }
    }
}

/// A header's text; `None` where it is absent, empty, or more than visible ASCII.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// The server's time when it sent this: RFC 9110's `Date`, plus the `Age` that a cache between adds.
fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    let date = moment(text(headers, &DATE)?)?;
    let age = text(headers, &AGE).and_then(|text| text.parse().ok()).unwrap_or(0_i64);
    date.checked_add(SignedDuration::from_secs(age.clamp(0, LONGEST_AGE))).ok()
}

/// The pause that a `Retry-After` asks for, in seconds or as a date; no more than [`LONGEST_WAIT`].
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    // The server's own `Date` is what its date is measured from: this machine's clock may be wrong.
    let wait = moment(asked)?.duration_since(moment(text(headers, &DATE)?)?);
    Some(Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT))
}

fn moment(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// What is needed to ask for the rest of an answer that broke off (RFC 9110, section 14).
#[derive(Clone, Debug)]
pub(super) struct Resume {
    /// A strong `ETag`, or a `Last-Modified`: should the file be another one by now, the whole of it is sent.
    validator: Option<String>,
}

impl Resume {
    /// `None` for an answer whose server says that it has no parts to give.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if text(headers, &ACCEPT_RANGES).is_some_and(|ranges| ranges.eq_ignore_ascii_case("none")) {
            return None;
        }
        let strong = text(headers, &ETAG).filter(|etag| etag.starts_with('"'));
        Some(Self { validator: strong.or_else(|| text(headers, &LAST_MODIFIED)).map(str::to_owned) })
    }

    /// The request for what follows the first `kept` bytes.
    pub(super) fn ask(&self, request: RequestBuilder, kept: u64) -> RequestBuilder {
        let request = request.header(RANGE, format!("bytes={kept}-"));
        match &self.validator {
            Some(validator) => request.header(IF_RANGE, validator),
            None => request,
        }
    }
}

/// Whether a partial answer begins exactly behind the first `kept` bytes: `Content-Range: bytes 100-199/200`.
pub(super) fn continues(headers: &HeaderMap, kept: u64) -> bool {
    let range = text(headers, &CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes "));
    let first = range.and_then(|range| range.split_once('-')).and_then(|(first, _)| first.trim().parse::<u64>().ok());
    kept > 0 && first == Some(kept)
}

/// The address that `location` means on the page `from`, where that may be followed.
pub(super) fn redirected(from: &Url, location: &str, hops: usize) -> Result<Url, HttpError> {
    let refused = |to: String, cause| HttpError::Redirect { url: shown_url(from), to, cause };
    let Ok(to) = from.join(location) else {
        return Err(refused(String::from("(no address)"), "it names no address"));
    };
    let cause = if hops >= MOST_REDIRECTS {
        "there are too many in a row"
    } else if to.origin() != from.origin() && (!to.username().is_empty() || to.password().is_some()) {
        "it carries credentials to another host"
    } else {
        match (from.scheme(), to.scheme()) {
            ("https", "https") => return Ok(to),
            // An unencrypted address is as good as its host: it may move within itself, and nowhere else.
            ("http", "http") if from.origin() == to.origin() => return Ok(to),
            ("http", "http") => "it leads to another host without encryption",
            ("https", "http") => "it gives up encryption",
            _ => "it leads to another kind of address",
        }
    };
    Err(refused(shown_url(&to), cause))
}

/// An error where a request may not be led to the host of this address.
pub(super) fn refuse_other_hosts(request: &Request, to: &Url) -> Result<(), HttpError> {
    let Some(named) = &request.redirect_hosts else { return Ok(()) };
    let host = to.host_str().unwrap_or_default();
    let with_port = to.port().map(|port| format!("{host}:{port}"));
    if named.iter().any(|one| Some(one) == with_port.as_ref() || (with_port.is_none() && one == host)) {
        return Ok(());
    }
    let url = super::error::shown(&request.url);
    Err(HttpError::Redirect { url, to: shown_url(to), cause: "it leads to a host that is not named for it" })
}

/// The errors of a registry's web API, as the cargo book describes them.
#[derive(Deserialize)]
struct ApiErrors {
    errors: Vec<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    detail: String,
}

/// What a server says with a status that is no answer, in one line: a registry's error, a firewall's reason for holding a release back.
/// Empty for a page that is meant for a browser, and where nothing comes in time.
pub(super) async fn words_of_refusal(mut response: Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("html") {
        return String::new();
    }
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(part)) = response.chunk().await {
            let room = MOST_READ - body.len();
            body.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            if body.len() == MOST_READ {
                break;
            }
        }
    };
    // What came until then is shown.
    let _ = timeout(WORDS_PATIENCE, reading).await;
    in_one_line(&body)
}

fn in_one_line(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<ApiErrors>(body) {
        Ok(api) => api.errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join("; "),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    // A browser's page may also come without its type.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_SHOWN {
        return line;
    }
    line.chars().take(MOST_SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_SHOWN, in_one_line};

    #[test]
    fn words_for_people_are_shown_in_one_line() {
        assert_eq!(in_one_line(b"held until\n  2026-11-30\x1b[31m\n"), "held until 2026-11-30 [31m");
        assert_eq!(in_one_line(br#"{"errors":[{"detail":"no such crate"},{"detail":"ask"}]}"#), "no such crate; ask");
        assert_eq!(in_one_line(b"  <!doctype html><title>403</title>"), "");
        assert_eq!(in_one_line(&[b'x'; 5000]).chars().count(), MOST_SHOWN + 1);
        assert_eq!(in_one_line(b""), "");
    }
}
