//! The server: `127.0.0.1` only, sparse index paths only, 404 for everything else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::filtered_index::{FilteredIndex, IndexFile};
use crate::model::source::Registry;

/// Ports below those that systems hand out to clients, so that a workspace finds its own free the next time.
const PORTS: std::ops::Range<u16> = 21_000..31_000;

/// What no client can exceed, whoever on this machine it is.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Connections at once; the next waits for one to end. cargo opens two or three.
    connections: usize,
    /// How long a connection may take over the head of its next request, which is how long an idle one stays.
    head: Duration,
}

const BOUNDS: Bounds = Bounds { connections: 64, head: Duration::from_secs(30) };

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
        Self::start_within(BOUNDS, seed, registries, index)
    }

    fn start_within(
        bounds: Bounds,
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
            .enable_all()
            .build()
            .map_err(ServeError::Runtime)?;
        let registries = registries
            .iter()
            .map(|(registry, served)| (path_of(registry), (registry.clone(), config(served))))
            .collect();
        let _guard = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(ServeError::Listen)?;
        // It ends when the runtime does; until then it has nothing to fail at.
        runtime.spawn(serve(listener, Arc::new(Served { registries, index }), bounds));
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

async fn serve(listener: tokio::net::TcpListener, served: Arc<Served>, bounds: Bounds) {
    let free = Arc::new(Semaphore::new(bounds.connections));
    loop {
        let place = Arc::clone(&free).acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, for instance: those that are open end by and by.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small, and cargo waits for each. Without it they come later, and come all the same.
        let _ = stream.set_nodelay(true);
        let served = Arc::clone(&served);
        let service = service_fn(move |request| {
            let served = Arc::clone(&served);
            async move { Ok::<_, Infallible>(answer(&served, &request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // Whoever does not speak HTTP/1.1, is too slow or goes away is nobody's fault here.
            let _ = connection.await;
            drop(place);
        });
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

async fn answer(served: &Served, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let found = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some(((registry, config), file)) = found.and_then(|(first, file)| Some((served.registries.get(first)?, file)))
    else {
        return status(StatusCode::NOT_FOUND);
    };
    if request.method() != Method::GET || !is_ours(request) {
        return status(StatusCode::NOT_FOUND);
    }
    if file == "config.json" {
        return Response::new(Full::from(config.clone()));
    }
    let Some(name) = crate_of(file) else { return status(StatusCode::NOT_FOUND) };
    let Some(IndexFile { body, etag }) = served.index.find(registry, name).await else {
        return status(StatusCode::NOT_FOUND);
    };
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|held| held.as_bytes() == etag.as_bytes());
    let mut response = if known { status(StatusCode::NOT_MODIFIED) } else { Response::new(Full::new(body)) };
    if let Ok(etag) = etag.try_into() {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// A page in a browser that was led here by a name of its own is not answered.
fn is_ours(request: &Request<Incoming>) -> bool {
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

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::sync::Arc;
    use std::time::Duration;

    use super::{BOUNDS, Bounds, ServedRegistry, Server, crate_of, path_of};
    use crate::model::source::Registry;
    use crate::registry::filtered_index::FilteredIndex;

    /// One crate, `serde`, of crates.io; nothing is asked about any other.
    fn server(bounds: Bounds) -> Result<Server, Box<dyn std::error::Error>> {
        let (index, _) = FilteredIndex::new();
        index.put(&Registry::CratesIo, "serde", b"{\"name\":\"serde\"}\n".to_vec());
        let served = ServedRegistry { dl: "https://static.example/".to_owned(), api: None };
        let registries = BTreeMap::from([(Registry::CratesIo, served)]);
        Ok(Server::start_within(bounds, "a test", &registries, Arc::new(index))?)
    }

    fn connect(server: &Server) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", server.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(stream)
    }

    fn head(method: &str, path: &str, more: &str) -> String {
        format!("{method} /{}/{path} HTTP/1.1\r\nhost: 127.0.0.1:1\r\n{more}\r\n", path_of(&Registry::CratesIo))
    }

    /// The head of the next answer and its body, as long as `content-length` says.
    fn answer(mut stream: &TcpStream) -> std::io::Result<(String, String)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body)?;
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }

    fn ask(mut stream: &TcpStream, request: &str) -> std::io::Result<(String, String)> {
        stream.write_all(request.as_bytes())?;
        answer(stream)
    }

    /// Whether the other side has closed a connection, or does so within twenty seconds, without another byte.
    fn ends(mut stream: &TcpStream) -> bool {
        match stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    #[test]
    fn one_connection_serves_many_requests_and_every_wrong_one_is_answered() -> Result<(), Box<dyn std::error::Error>> {
        let server = server(BOUNDS)?;
        let stream = connect(&server)?;
        let (head_of_config, config) = ask(&stream, &head("GET", "config.json", ""))?;
        assert!(head_of_config.starts_with("http/1.1 200 "), "{head_of_config}");
        assert_eq!(config, r#"{"dl":"https://static.example/"}"#);

        let (found, body) = ask(&stream, &head("GET", "se/rd/serde", ""))?;
        assert!(found.starts_with("http/1.1 200 "), "{found}");
        assert_eq!(body, "{\"name\":\"serde\"}\n");
        let etag = found.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default();
        assert!(!etag.is_empty(), "{found}");

        let (unchanged, body) = ask(&stream, &head("GET", "se/rd/serde", &format!("if-none-match: {etag}\r\n")))?;
        assert!(unchanged.starts_with("http/1.1 304 ") && unchanged.contains(etag), "{unchanged}");
        assert_eq!(body, "");

        for wrong in [
            head("GET", "to/ki/tokio", ""),
            head("GET", "se/rd/../rd/serde", ""),
            head("HEAD", "se/rd/serde", ""),
            head("POST", "se/rd/serde", "content-length: 5\r\n") + "hello",
            head("GET", "se/rd/serde", "").replace("host: 127.0.0.1:1", "host: evil.example"),
            head("GET", "se/rd/serde", "").replace("host: 127.0.0.1:1\r\n", ""),
            "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_owned(),
            "GET /000000000000/config.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_owned(),
        ] {
            let (head, body) = ask(&stream, &wrong)?;
            assert!(head.starts_with("http/1.1 404 ") && !head.contains("connection: close"), "{wrong}: {head}");
            assert_eq!(body, "", "{wrong}");
        }
        assert!(ask(&stream, &head("GET", "se/rd/serde", ""))?.0.starts_with("http/1.1 200 "));
        Ok(())
    }

    #[test]
    fn what_is_no_request_ends_its_own_connection_alone() -> Result<(), Box<dyn std::error::Error>> {
        let server = server(BOUNDS)?;
        let other = connect(&server)?;
        for (bytes, status) in [
            ("nonsense\r\n\r\n".to_owned(), "400"),
            (head("GET", "config.json", &"x-many: 1\r\n".repeat(10_000)), "431"),
        ] {
            let stream = connect(&server)?;
            // What it does not read any more, it may answer before all of it is sent.
            let _ = (&stream).write_all(bytes.as_bytes());
            let told = answer(&stream);
            assert!(told.as_ref().is_ok_and(|(head, _)| head.contains(status)), "{status}: {told:?}");
        }
        let second = connect(&server)?;
        (&second).write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
        assert!(ends(&second), "HTTP/2 is not spoken");
        assert!(ask(&other, &head("GET", "config.json", ""))?.0.starts_with("http/1.1 200 "));
        Ok(())
    }

    #[test]
    fn a_slow_or_idle_connection_ends_and_makes_room_for_the_next() -> Result<(), Box<dyn std::error::Error>> {
        let server = server(Bounds { connections: 2, head: Duration::from_millis(300) })?;
        let slow = connect(&server)?;
        (&slow).write_all(b"GET /")?;
        let idle = connect(&server)?;
        assert!(ask(&idle, &head("GET", "config.json", ""))?.0.starts_with("http/1.1 200 "));
        let third = connect(&server)?;
        assert!(ask(&third, &head("GET", "config.json", ""))?.0.starts_with("http/1.1 200 "));
        assert!(ends(&slow) && ends(&idle), "neither holds a place for ever");
        Ok(())
    }

    #[test]
    fn it_ends_with_its_value() -> Result<(), Box<dyn std::error::Error>> {
        let server = server(BOUNDS)?;
        let stream = connect(&server)?;
        assert!(ask(&stream, &head("GET", "config.json", ""))?.0.starts_with("http/1.1 200 "));
        drop(server);
        assert!(ends(&stream));
        Ok(())
    }

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
