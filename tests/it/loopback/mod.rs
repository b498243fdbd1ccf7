//! A tiny HTTP/1 server on a loopback port whose every answer the test decides.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a client asked.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Ask {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What the test answers.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Whole(Vec<u8>),
    /// The same part for ever, with a pause between.
    Endless(Vec<u8>, Duration),
    /// A length is promised and not kept.
    CutShort,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(body.into()) }
    }

    pub(crate) fn endless(part: &[u8], pause: Duration) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Endless(part.to_vec(), pause) }
    }

    pub(crate) fn cut_short() -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::CutShort }
    }

    pub(crate) fn and_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub(crate) struct Loopback {
    /// `http://127.0.0.1:PORT/`.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Ask>>>,
    stop: Arc<AtomicBool>,
}

impl Loopback {
    pub(crate) fn start(answer: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, stopped, answer) = (Arc::clone(&asked), Arc::clone(&stop), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, &log, &*answer));
            }
        });
        Self { url, asked, stop }
    }

    pub(crate) fn asked(&self) -> Vec<Ask> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked about this path.
    pub(crate) fn asked_for(&self, path: &str) -> Vec<Ask> {
        self.asked().into_iter().filter(|ask| ask.path == path).collect()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let address = self.url.trim_start_matches("http://").trim_end_matches('/');
        drop(TcpStream::connect(address));
    }
}

fn serve(stream: &TcpStream, log: &Mutex<Vec<Ask>>, answer: &dyn Fn(&Ask) -> Reply) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let headers = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers = headers
        .filter_map(|line| Some(line.split_once(": ")?).map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect();
    let ask = Ask { path, headers };
    log.lock().unwrap().push(ask.clone());
    let reply = answer(&ask);
    let mut out = stream;
    write!(out, "HTTP/1.1 {} Said\r\nconnection: close\r\n", reply.status).ok()?;
    for (name, value) in &reply.headers {
        write!(out, "{name}: {value}\r\n").ok()?;
    }
    match reply.body {
        Body::Whole(body) => {
            if reply.status != 304 {
                write!(out, "content-length: {}\r\n\r\n", body.len()).ok()?;
                return out.write_all(&body).ok();
            }
            write!(out, "\r\n").ok()
        }
        Body::CutShort => write!(out, "content-length: 1000\r\n\r\nhardly any").ok(),
        Body::Endless(part, pause) => {
            write!(out, "\r\n").ok()?;
            loop {
                out.write_all(&part).ok()?;
                std::thread::sleep(pause);
            }
        }
    }
}
