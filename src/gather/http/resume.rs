//! Taking up a broken answer where it ended (RFC 9110, section 14).

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LAST_MODIFIED, RANGE};

use super::retry::text;

/// What is needed to ask for the rest of an answer.
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
