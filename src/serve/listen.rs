//! Connections: how many, how fast, in which protocol, and how they end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;

use super::answer::{Asker, answer};
use super::config::TlsFiles;
use super::node::Node;
use crate::files::regular::{self, Links};

/// The most that all headers of a request may have, in bytes.
const HEADERS: u32 = 16 << 10;
/// Streams of one connection at one time, as large servers allow.
const STREAMS: u32 = 128;
/// How long a handshake may take, and how long a request's headers.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What TLS calls HTTP/2, and how a connection begins that speaks it without having said so.
const HTTP2: &[u8] = b"h2";
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long requests that have begun may go on once it is to end.
const LAST: Duration = Duration::from_secs(10);

/// Why nothing can be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error("{address} cannot be listened on: {cause}\nhelp: choose another address with `--listen`")]
    Listen { address: SocketAddr, cause: io::Error },
    #[error(
        "the certificate or its key cannot be used: {cause}\nhelp: let `[tls]` name two files of PEM that belong together"
    )]
    Tls { cause: String },
    #[error("the server could not be started: {0}\nhelp: check the limits on threads and open files")]
    Runtime(#[source] io::Error),
}

/// Something to accept connections from.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Begins to listen. Port 0 is any that is free.
    pub(crate) async fn open(address: SocketAddr, tls: Option<&TlsFiles>) -> Result<Self, ListenError> {
        let tls = tls.map(acceptor).transpose()?;
        let tcp = TcpListener::bind(address).await.map_err(|cause| ListenError::Listen { address, cause })?;
        Ok(Self { tcp, tls })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until `ended`, and lets requests that have begun come to their end.
    pub(crate) async fn serve(self, node: Arc<Node>, ended: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(node.config.limits.connections));
        let graceful = Arc::new(GracefulShutdown::new());
        let mut ended = std::pin::pin!(ended);
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = &mut ended => break,
            };
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                () = &mut ended => break,
            };
            let (Ok(place), Ok((stream, from))) = (place, accepted) else {
                // Out of descriptors, for instance: those that are open end by and by.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let connection = Connection { node: Arc::clone(&node), from, place };
            tokio::spawn(connection.serve(stream, self.tls.clone(), graceful.watcher()));
        }
        drop(self.tcp);
        if let Some(graceful) = Arc::into_inner(graceful) {
            let _ = tokio::time::timeout(LAST, graceful.shutdown()).await;
        }
    }
}

struct Connection {
    node: Arc<Node>,
    from: SocketAddr,
    place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: hyper_util::server::graceful::Watcher) {
        let Self { node, from, place } = self;
        let patience = node.config.limits.patience();
        let Ok(Some((stream, is_http2))) =
            tokio::time::timeout(HANDSHAKE.min(patience), begin(stream, tls, patience)).await
        else {
            return;
        };
        let service = service_fn(move |request| {
            let (node, asker) = (Arc::clone(&node), Asker { client: from.ip().to_string() });
            async move { Ok::<_, std::convert::Infallible>(answer(node, asker, request).await) }
        });
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HANDSHAKE.max(patience))
            .max_buf_size(HEADERS as usize)
            .half_close(false);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(HEADERS)
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(patience)
            .keep_alive_timeout(HANDSHAKE);
        let server = if is_http2 { server.http2_only() } else { server.http1_only() };
        // A client that breaks off is its own affair.
        if let Err(error) = watcher.watch(server.serve_connection(TokioIo::new(stream), service).into_owned()).await {
            tracing::debug!("a connection ended: {error}");
        }
        drop(place);
    }
}

/// A connection with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What a connection is about to be: who says nothing takes a place from others, and is given up by the caller.
async fn begin(stream: TcpStream, tls: Option<TlsAcceptor>, patience: Duration) -> Option<(Box<dyn Stream>, bool)> {
    let Some(tls) = tls else {
        let is_http2 = speaks_http2(&stream).await.ok()?;
        return Some((Box::new(Patient::new(stream, patience)), is_http2));
    };
    let stream = tls.accept(Patient::new(stream, patience)).await.ok()?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
    Some((Box::new(stream), is_http2))
}

/// Whether a client begins as one of HTTP/2 does that knows beforehand what is spoken here.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut begun = [0; PREFACE.len()];
    loop {
        let read = stream.peek(&mut begun).await?;
        if read == 0 || begun.get(..read) != PREFACE.get(..read) {
            return Ok(false);
        }
        if read == PREFACE.len() {
            return Ok(true);
        }
        // What has come is there at once when it is asked for again.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ListenError> {
    let fault = |cause: String| ListenError::Tls { cause };
    let read = |path| regular::read(path, Links::Followed, 1 << 20).map_err(|error| fault(format!("{path}: {error}")));
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&read(&files.certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|error| fault(error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, key);
    let mut config = config.map_err(|error| fault(error.to_string()))?;
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A stream that breaks off where its other end takes nothing for too long: what waits to be sent is in memory until then.
struct Patient {
    stream: TcpStream,
    patience: Duration,
    /// Set while something waits to be sent.
    until: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    const fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, until: None }
    }

    fn in_time<T>(&mut self, polled: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.until = None;
            return polled;
        }
        let patience = self.patience;
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + patience)));
        match until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.in_time(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.in_time(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
