//! The server: `127.0.0.1` only, sparse index paths only, 404 for everything else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode, header};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use super::filtered_index::{FilteredIndex, IndexFile};
use crate::model::source::Registry;

/// Ports below those that systems hand out to clients, so that a workspace finds its own free the next time.
const PORTS: std::ops::Range<u16> = 21_000..31_000;

/// What a registry's `config.json` says to cargo here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServedRegistry {
    /// Upstream's `dl`, whatever it is.
    pub(crate) dl: String,
    /// Upstream's `api`, where it has one.
    pub(crate) api: Option<String>,
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    runtime: Option<Runtime>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(
        "no loopback port could be opened for the filtered index: {0}\nhelp: check that 127.0.0.1 can be listened on"
    )]
    Listen(#[source] std::io::Error),
    #[error(
        "the server of the filtered index could not be started: {0}\nhelp: check the limits on threads and open files"
    )]
    Runtime(#[source] std::io::Error),
}

struct Served {
    /// By the first part of the path.
    registries: BTreeMap<String, (Registry, String)>,
    index: Arc<FilteredIndex>,
}

impl Server {
    /// Starts serving. The port is worked out from `seed`, so that cargo, which caches an index by its address, finds its cache again;
    /// where it is taken, any free one serves.
    ///
    /// # Errors
    /// No port, or no thread, is to be had.
    pub(crate) fn start(
        seed: &str,
        registries: &BTreeMap<Registry, ServedRegistry>,
        index: Arc<FilteredIndex>,
    ) -> Result<Self, ServeError> {
        let listener = listen(seed).map_err(ServeError::Listen)?;
        let port = listener.local_addr().map_err(ServeError::Listen)?.port();
        listener.set_nonblocking(true).map_err(ServeError::Listen)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("filter")
            .enable_io()
            .build()
            .map_err(ServeError::Runtime)?;
        let registries = registries
            .iter()
            .map(|(registry, served)| (path_of(registry), (registry.clone(), config(served))))
            .collect();
        let router = Router::new().fallback(answer).with_state(Arc::new(Served { registries, index }));
        let _guard = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(ServeError::Listen)?;
        // It ends when the runtime does; until then it has nothing to fail at.
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { port, runtime: Some(runtime) })
    }

    /// The address that stands in for a registry's index, with `sparse+`.
    pub(crate) fn url(&self, registry: &Registry) -> String {
        format!("sparse+http://127.0.0.1:{}/{}/", self.port, path_of(registry))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn listen(seed: &str) -> std::io::Result<TcpListener> {
    let digest = Sha256::digest(seed.as_bytes());
    let number = digest.iter().take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    let offset = u16::try_from(number % u32::from(PORTS.end - PORTS.start)).unwrap_or(0);
    TcpListener::bind((Ipv4Addr::LOCALHOST, PORTS.start + offset))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
}

/// A path of its own for each registry, the same in every run: cargo refuses two replacements that share an address.
fn path_of(registry: &Registry) -> String {
    let mut path = String::new();
    for byte in Sha256::digest(registry.to_string().as_bytes()).iter().take(6) {
        let _ = write!(path, "{byte:02x}");
    }
    path
}

/// The registry's `config.json` without `auth-required`: cargo must not look for a token to send here.
fn config(served: &ServedRegistry) -> String {
    let mut config = serde_json::Map::new();
    config.insert(String::from("dl"), served.dl.clone().into());
    if let Some(api) = &served.api {
        config.insert(String::from("api"), api.clone().into());
    }
    serde_json::Value::Object(config).to_string()
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let found = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some(((registry, config), file)) = found.and_then(|(first, file)| Some((served.registries.get(first)?, file)))
    else {
        return status(StatusCode::NOT_FOUND);
    };
    if request.method() != Method::GET || !is_ours(&request) {
        return status(StatusCode::NOT_FOUND);
    }
    if file == "config.json" {
        return Response::new(Body::from(config.clone()));
    }
    let Some(name) = crate_of(file) else { return status(StatusCode::NOT_FOUND) };
    let Some(IndexFile { body, etag }) = served.index.find(registry, name).await else {
        return status(StatusCode::NOT_FOUND);
    };
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|held| held.as_bytes() == etag.as_bytes());
    let mut response = if known { status(StatusCode::NOT_MODIFIED) } else { Response::new(Body::from(body)) };
    if let Ok(etag) = etag.try_into() {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// A page in a browser that was led here by a name of its own is not answered.
fn is_ours(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host.split(':').next() == Some("127.0.0.1"))
}

/// The crate that a path of a sparse index (RFC 2789) names; `None` where the folders are not the name's own.
pub(crate) fn crate_of(file: &str) -> Option<&str> {
    let (folders, name) = file.rsplit_once('/')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if name.len() > 128 || !name.bytes().all(plain) {
        return None;
    }
    let expected = match name.len() {
        0 => return None,
        1 => String::from("1"),
        2 => String::from("2"),
        3 => format!("3/{}", name.get(..1)?),
        _ => format!("{}/{}", name.get(..2)?, name.get(2..4)?),
    };
    (folders == expected).then_some(name)
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn only_a_names_own_path_leads_to_it() {
        for (path, name) in [("1/a", "a"), ("2/ab", "ab"), ("3/a/abc", "abc"), ("se/rd/serde_json", "serde_json")] {
            assert_eq!(crate_of(path), Some(name), "{path}");
        }
        for path in [
            "a",
            "",
            "1/",
            "3/b/abc",
            "se/rd/tokio",
            "se/rd/../serde",
            "Se/rd/Serde",
            "se/rd/serde%2f",
            "x/se/rd/serde",
        ] {
            assert_eq!(crate_of(path), None, "{path}");
        }
    }
}
