//! What cargo's configuration and the environment say about the network, checked before anything is asked: a proxy that cannot be used
//! would otherwise be passed over in silence.

use std::time::Duration;

use camino::Utf8PathBuf;
use reqwest::{Certificate, NoProxy, Proxy, Url};

use super::error::{HttpError, cause_of, shown_url};
use crate::files::regular::{self, Links};
use crate::model::run::Listener;

/// The most bytes of a bundle of certificates; the usual ones have a quarter of a mebibyte.
const LARGEST_BUNDLE: u64 = 64 << 20;
/// What a proxy may speak, as curl has it.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
/// The environment variables that name a proxy, and the scheme of addresses that it is for; a lower-case name goes first, as in curl.
/// `HTTP_PROXY` is a header of CGI.
const VARIABLES: [(&str, Option<&str>); 5] = [
    ("https_proxy", Some("https")),
    ("HTTPS_PROXY", Some("https")),
    ("http_proxy", Some("http")),
    ("all_proxy", None),
    ("ALL_PROXY", None),
];

/// What cargo's configuration says about the network (`[http]` and `[net]`).
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// `http.proxy`; the environment's proxies where absent, none at all where empty. `NO_PROXY` is honoured either way.
    pub proxy: Option<String>,
    /// The variables of `proxy_variables` that are set, with their values.
    pub proxy_variables: Vec<(&'static str, String)>,
    /// `http.cainfo`: a PEM bundle that is trusted beside the system's.
    pub cainfo: Option<Utf8PathBuf>,
    /// `http.timeout`; cargo's 30 seconds where absent.
    pub timeout: Option<Duration>,
    /// `net.retry`; cargo's 3 where absent.
    pub retry: Option<u32>,
    /// `http.multiplexing = false` turns HTTP/2 off.
    pub no_multiplexing: bool,
    /// Who hears that a server is waited for.
    pub listener: Listener,
}

/// The names of the environment variables that name a proxy, in the order in which they count.
pub(crate) fn proxy_variables() -> impl Iterator<Item = &'static str> {
    VARIABLES.into_iter().map(|(name, _)| name)
}

/// Refuses settings that no client can be built from.
pub(super) fn check(settings: &HttpSettings) -> Result<(), HttpError> {
    named_proxies(settings)?;
    certificates(settings)?;
    Ok(())
}

/// The certificates of `http.cainfo`.
pub(super) fn certificates(settings: &HttpSettings) -> Result<Vec<Certificate>, HttpError> {
    let Some(path) = &settings.cainfo else { return Ok(Vec::new()) };
    let unusable = |cause| HttpError::Certificates { path: path.clone(), cause };
    let pem = regular::read(path, Links::Followed, LARGEST_BUNDLE).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(cause_of(error)))?;
    if found.is_empty() { Err(unusable(String::from("there is none in it"))) } else { Ok(found) }
}

/// A proxy as messages name it.
#[derive(Clone, Debug)]
pub(super) struct NamedProxy {
    /// Cargo's key, or the environment variable.
    setting: &'static str,
    /// Its address, without user and password.
    address: String,
    /// The only scheme of addresses that it is for.
    only: Option<&'static str>,
}

/// The proxies that are set, in the order in which they count.
pub(super) fn named_proxies(settings: &HttpSettings) -> Result<Vec<NamedProxy>, HttpError> {
    if let Some(address) = &settings.proxy {
        let set = (!address.is_empty()).then(|| named_proxy("http.proxy", address, None)).transpose()?;
        return Ok(set.into_iter().collect());
    }
    let set = settings.proxy_variables.iter();
    set.filter_map(|(name, address)| {
        let (name, only) = VARIABLES.into_iter().find(|(known, _)| known == name)?;
        Some(named_proxy(name, address, only))
    })
    .collect()
}

fn named_proxy(setting: &'static str, address: &str, only: Option<&'static str>) -> Result<NamedProxy, HttpError> {
    let url = with_scheme(address);
    let unusable = |cause: String| HttpError::Proxy { setting, cause };
    let parsed = Url::parse(&url).map_err(|error| unusable(error.to_string()))?;
    if !SCHEMES.contains(&parsed.scheme()) {
        return Err(unusable(format!("`{}` is no kind of proxy", parsed.scheme())));
    }
    if !parsed.has_host() {
        return Err(unusable(String::from("it has no host")));
    }
    Proxy::all(url.as_str()).map_err(|error| unusable(cause_of(error)))?;
    Ok(NamedProxy { setting, address: shown_url(&parsed), only })
}

/// As curl has it, an address without a scheme is one of HTTP.
fn with_scheme(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

/// The proxy of `http.proxy`.
pub(super) fn configured_proxy(settings: &HttpSettings) -> Result<Option<Proxy>, HttpError> {
    let Some(address) = settings.proxy.as_deref().filter(|address| !address.is_empty()) else { return Ok(None) };
    let unusable = |error| HttpError::Proxy { setting: "http.proxy", cause: cause_of(error) };
    let proxy = Proxy::all(with_scheme(address)).map_err(unusable)?;
    Ok(Some(proxy.no_proxy(NoProxy::from_env())))
}

/// What a message adds about the proxy where an address cannot be reached. Whether `NO_PROXY` exempts the address is not checked, so it
/// only says that a proxy is set.
pub(super) fn proxy_note(proxies: &[NamedProxy], url: &Url) -> String {
    let used = proxies.iter().find(|proxy| proxy.only.is_none_or(|only| only == url.scheme()));
    used.map(|NamedProxy { setting, address, .. }| format!(" (`{setting}` names the proxy {address})"))
        .unwrap_or_default()
}
