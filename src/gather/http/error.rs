//! What can go wrong with a request. No address here carries credentials or a query.

use camino::Utf8PathBuf;
use reqwest::Url;

/// A request could not be made, or its answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is not one of `http` or `https`.
    #[error("`{url}` is not an address that can be asked\nhelp: use an address that starts with https://")]
    Address { url: String },
    /// A proxy is set that cannot be used.
    #[error(
        "the proxy that `{setting}` names cannot be used: {cause}\nhelp: write it as http://host:port or socks5h://host:port, or leave it unset"
    )]
    Proxy {
        /// Where it is set: cargo's key or a variable.
        setting: &'static str,
        cause: String,
    },
    /// `http.cainfo` cannot be read, or holds no certificates.
    #[error("{path}: the certificates cannot be read: {cause}\nhelp: let `http.cainfo` name a PEM file")]
    Certificates { path: Utf8PathBuf, cause: String },
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: {cause}\nhelp: run with `--offline` to do without it")]
    Client { cause: String },
    /// The token has characters that no header may have.
    #[error(
        "{url}: the token has characters that no header may have\nhelp: log in to the registry again with `cargo login`"
    )]
    Token { url: String },
    /// No connection.
    #[error("{url}: cannot be reached: {cause}\nhelp: check the network, or run with `--offline`")]
    Unreachable { url: String, cause: String },
    /// A connection that broke before an answer came.
    #[error("{url}: the connection broke before an answer came: {cause}\nhelp: try again")]
    HungUp { url: String, cause: String },
    /// The answer began and did not end well.
    #[error("{url}: the answer broke off or cannot be decoded: {cause}\nhelp: try again")]
    Broken { url: String, cause: String },
    /// No answer, or too little of it, for too long.
    #[error("{url}: too slow: {received} bytes in {seconds} seconds\nhelp: try again, or raise `http.timeout`")]
    Slow {
        url: String,
        /// How much came.
        received: u64,
        /// In what time.
        seconds: u64,
    },
    /// More than this tool takes.
    #[error(
        "{url}: the answer has more than {limit} bytes and was refused\nhelp: check that this is the address that was meant"
    )]
    Large { url: String, limit: u64 },
    /// A status that is no answer to the question.
    #[error("{url}: the server answered with status {status}{}\nhelp: {}", said(.words), status_help(*.status))]
    Status {
        url: String,
        status: u16,
        /// What its body says to people, in one line; empty where it says nothing. A firewall's reason for refusing stands here.
        words: String,
    },
    /// A redirect that is not followed.
    #[error(
        "{url}: a redirect to `{to}` was refused: {cause}\nhelp: let the configuration name the address that serves it"
    )]
    Redirect { url: String, to: String, cause: &'static str },
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

const fn status_help(status: u16) -> &'static str {
    match status {
        401 | 403 => "log in to the registry with `cargo login`",
        429 => "wait before trying again: the server asks for fewer requests",
        _ => "try again later, or check the address",
    }
}

impl HttpError {
    /// The message without its `help:` line.
    #[must_use]
    pub fn first_line(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }

    /// What went wrong, without address and `help:` line: for a message that names the address itself.
    #[must_use]
    pub fn without_address(&self) -> String {
        let line = self.first_line();
        line.split_once(": ")
            .filter(|(address, _)| address.contains("://"))
            .map_or(line.as_str(), |(_, rest)| rest)
            .to_owned()
    }
}

/// An address as messages show it: without user, password, query and fragment, any of which may be a secret.
#[must_use]
pub(crate) fn shown(url: &str) -> String {
    Url::parse(url).map_or_else(|_| String::from("(no address)"), |url| shown_url(&url))
}

/// The address as a URL of a kind that can be asked.
pub(super) fn parse(url: &str) -> Result<Url, HttpError> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    parsed.ok_or_else(|| HttpError::Address { url: shown(url) })
}

pub(super) fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // An address that cannot have a user has none to hide.
    let hidden = url.set_username("").is_ok() && url.set_password(None).is_ok();
    if hidden || (url.username().is_empty() && url.password().is_none()) { url.into() } else { url.scheme().to_owned() }
}

/// The innermost cause in words; reqwest's own text would repeat the address with everything in it.
pub(super) fn cause_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
