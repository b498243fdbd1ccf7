//! The server behind [`super::TestRegistry`]: HTTP/1.1 by hand, because the tests need answers that no honest server library gives.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};

use super::{Disturbance, LoggedRequest, Reply, Shared, Shelf, Step};

/// What goes back over the wire.
#[derive(Default)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Serves until the registry is dropped.
pub(super) fn run(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(copy) = stream.try_clone() else { continue };
        shared.shelf().connections.push(copy);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that goes away in the middle is no failure of the registry.
            let _ = serve(&stream, &shared);
            // The registry keeps a copy of the stream, so letting go of this one would not close it.
            let _ = stream.shutdown(Shutdown::Both);
        });
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read_request(&mut reader)? {
        let (reply, mut answer, latency, disturbance) = {
            let mut shelf = shared.shelf();
            shelf.requests.push(request.clone());
            let reply = shelf.next_reply(&request.path).unwrap_or_default();
            (reply, shelf.usual(&request), shelf.latency, shelf.next_disturbance(&request.path))
        };
        std::thread::sleep(latency + reply.delay);
        if reply.hang_up {
            return Ok(());
        }
        answer.status = reply.status.unwrap_or(answer.status);
        if let Some(body) = reply.body {
            answer.body = body;
        }
        for (name, value) in reply.headers {
            answer.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(&name));
            answer.headers.push((name, value));
        }
        if let Some(disturbance) = disturbance {
            return disturb(stream, &disturbance(&answer.head(), &answer.body));
        }
        if !write_answer(stream, &answer, reply.truncated, reply.endless)? {
            return Ok(());
        }
    }
    Ok(())
}

fn read_request(reader: &mut impl std::io::BufRead) -> std::io::Result<Option<LoggedRequest>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(Some(LoggedRequest { path, headers }));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
}

impl Answer {
    /// Without the length of the body and the empty line at the end.
    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} -\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head
    }
}

fn disturb(mut stream: &TcpStream, steps: &[Step]) -> std::io::Result<()> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(bytes)?,
            Step::Drip(part, times, pause) => {
                for _ in 0..*times {
                    std::thread::sleep(*pause);
                    stream.write_all(part)?;
                }
            }
            Step::Wait(pause) => std::thread::sleep(*pause),
        }
    }
    Ok(())
}

/// Whether the connection can serve another request.
fn write_answer(mut stream: &TcpStream, answer: &Answer, truncated: bool, endless: bool) -> std::io::Result<bool> {
    let head = answer.head();
    if endless {
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
        let chunk = if answer.body.is_empty() { b"endless ".repeat(8192) } else { answer.body.clone() };
        loop {
            stream.write_all(&chunk)?;
        }
    }
    let length =
        if answer.status == 304 { String::new() } else { format!("Content-Length: {}\r\n", answer.body.len()) };
    let sent = if truncated { &answer.body[..answer.body.len() / 2] } else { &answer.body[..] };
    // One write: over loopback a second small packet costs a delayed acknowledgement.
    let mut bytes = format!("{head}{length}\r\n").into_bytes();
    if answer.status != 304 {
        bytes.extend_from_slice(sent);
    }
    stream.write_all(&bytes)?;
    Ok(!truncated)
}

impl Shelf {
    fn next_disturbance(&mut self, path: &str) -> Option<Disturbance> {
        let path = path.split('?').next().unwrap_or_default();
        let (left, disturbance) = self.disturbances.get_mut(path)?;
        *left = left.checked_sub(1)?;
        Some(*disturbance)
    }

    fn next_reply(&mut self, path: &str) -> Option<Reply> {
        let path = if self.replies.contains_key(path) { path } else { "*" };
        let waiting = self.replies.get_mut(path)?;
        let reply = waiting.first_mut()?;
        let given = reply.clone();
        if let Some(left) = &mut reply.times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                waiting.remove(0);
            }
        }
        if waiting.is_empty() {
            self.replies.remove(path);
        }
        Some(given)
    }

    fn usual(&self, request: &LoggedRequest) -> Answer {
        let mut answer = Answer { status: 404, ..Answer::default() };
        if let Some(date) = &self.date {
            answer.headers.push(("Date".to_owned(), date.clone()));
        }
        if self.token.as_ref().is_some_and(|token| request.headers.get("authorization") != Some(token)) {
            answer.status = 401;
            answer.headers.push(("WWW-Authenticate".to_owned(), "Cargo login_url=\"https://example.org/\"".to_owned()));
            return answer;
        }
        if request.path == "/index/config.json" {
            return Answer { status: 200, body: self.config.clone().into_bytes(), ..answer };
        }
        if let Some(rest) = request.path.strip_prefix("/dl/") {
            let mut parts = rest.split('/');
            let name = parts.next().unwrap_or_default();
            let version = parts.next().unwrap_or_default().replace("%2B", "+");
            return match self.archive(name, &version) {
                Some(body) => Answer { status: 200, body, ..answer },
                None => answer,
            };
        }
        let name = request.path.rsplit('/').next().unwrap_or_default();
        match self.index_file(name) {
            Some(body) if request.path == super::TestRegistry::index_path(name) => {
                self.index_answer(request, body, answer)
            }
            _ => answer,
        }
    }

    fn index_answer(&self, request: &LoggedRequest, body: String, mut answer: Answer) -> Answer {
        answer.status = 200;
        if !self.no_etag {
            let etag = format!("\"{}\"", super::package::hexadecimal(&Sha256::digest(body.as_bytes())[..8]));
            if request.headers.get("if-none-match") == Some(&etag) {
                answer.status = 304;
            }
            answer.headers.push(("ETag".to_owned(), etag));
        }
        if let Some(date) = &self.last_modified {
            if self.no_etag && request.headers.get("if-modified-since") == Some(date) {
                answer.status = 304;
            }
            answer.headers.push(("Last-Modified".to_owned(), date.clone()));
        }
        if answer.status == 200 {
            answer.body = body.into_bytes();
        }
        answer
    }
}
