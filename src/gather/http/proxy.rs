//! Which proxy is used, checked before anything is asked: one that cannot be used would otherwise be passed over in silence.

use reqwest::{NoProxy, Proxy, Url};

use super::HttpSettings;
use super::error::{HttpError, cause_of, shown_url};

/// What a proxy may speak, as curl has it.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy that is set, for messages.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Where it is set.
    setting: &'static str,
    /// Its address, without user and password.
    address: String,
    /// The only scheme of addresses that it is for.
    only: Option<&'static str>,
}

/// The variables of the environment that name one, and for what; a lower-case name goes first, as in curl. `HTTP_PROXY` is a header of CGI.
pub(super) const VARIABLES: [(&str, Option<&str>); 5] = [
    ("https_proxy", Some("https")),
    ("HTTPS_PROXY", Some("https")),
    ("http_proxy", Some("http")),
    ("all_proxy", None),
    ("ALL_PROXY", None),
];

/// The proxies that are set, those first that go first.
pub(super) fn named(settings: &HttpSettings) -> Result<Vec<Named>, HttpError> {
    if let Some(address) = &settings.proxy {
        let set = (!address.is_empty()).then(|| one("http.proxy", address, None)).transpose()?;
        return Ok(set.into_iter().collect());
    }
    let set = settings.proxy_variables.iter();
    set.filter_map(|(name, address)| {
        let (name, only) = VARIABLES.into_iter().find(|(known, _)| known == name)?;
        Some(one(name, address, only))
    })
    .collect()
}

fn one(setting: &'static str, address: &str, only: Option<&'static str>) -> Result<Named, HttpError> {
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
    Ok(Named { setting, address: shown_url(&parsed), only })
}

/// As curl has it, an address without a scheme is one of HTTP.
fn with_scheme(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

/// The proxy that cargo's configuration names.
pub(super) fn configured(settings: &HttpSettings) -> Result<Option<Proxy>, HttpError> {
    let Some(address) = settings.proxy.as_deref().filter(|address| !address.is_empty()) else { return Ok(None) };
    let unusable = |error| HttpError::Proxy { setting: "http.proxy", cause: cause_of(error) };
    let proxy = Proxy::all(with_scheme(address)).map_err(unusable)?;
    Ok(Some(proxy.no_proxy(NoProxy::from_env())))
}

/// What is said of the proxy where an address cannot be reached. Whether `NO_PROXY` leaves the address out is not looked at, so it is only
/// said that one is set.
pub(super) fn aside(proxies: &[Named], url: &Url) -> String {
    let used = proxies.iter().find(|proxy| proxy.only.is_none_or(|only| only == url.scheme()));
    used.map(|Named { setting, address, .. }| format!(" (`{setting}` names the proxy {address})")).unwrap_or_default()
}
