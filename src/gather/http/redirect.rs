//! Which redirects are followed.

use reqwest::Url;

use super::error::{HttpError, shown_url};

/// How many redirects one request may go through.
pub(super) const MOST: usize = 5;

/// The address that `location` means on the page `from`.
pub(super) fn follow(from: &Url, location: &str, hops: usize) -> Result<Url, HttpError> {
    let refused = |to: String, cause| HttpError::Redirect { url: shown_url(from), to, cause };
    let Ok(to) = from.join(location) else {
        return Err(refused(String::from("(no address)"), "it names no address"));
    };
    let cause = if hops >= MOST {
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
