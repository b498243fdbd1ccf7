//! What a registry, or whatever stands between, does in place of answering.

use std::time::Duration;

use super::{Disturbance, Step};

/// One of them.
pub struct Weather {
    pub name: &'static str,
    pub disturbance: Disturbance,
    /// Whether another try helps where it happens once: then nobody notices.
    pub passes: bool,
}

const fn passing(name: &'static str, disturbance: Disturbance) -> Weather {
    Weather { name, disturbance, passes: true }
}

const fn lasting(name: &'static str, disturbance: Disturbance) -> Weather {
    Weather { name, disturbance, passes: false }
}

/// Longer than any run waits here.
const SILENCE: Duration = Duration::from_secs(20);

/// All of them.
pub const WEATHERS: &[Weather] = &[
    passing("hangs up at once", |_, _| vec![]),
    passing("hangs up within the head", |head, _| vec![send(&head[..head.len() / 2])]),
    passing("says nothing", |_, _| vec![Step::Wait(SILENCE)]),
    passing("falls silent within the body", |head, body| {
        vec![send(whole_head(head, body.len())), send(half(body)), Step::Wait(SILENCE)]
    }),
    passing("drips", |head, body| {
        vec![send(whole_head(head, body.len().max(40))), Step::Drip(b" ".to_vec(), 40, Duration::from_millis(400))]
    }),
    passing("promises more than it sends", |head, body| vec![send(whole_head(head, body.len() + 100)), send(body)]),
    passing("hangs up within the body", |head, body| vec![send(whole_head(head, body.len() + 1)), send(half(body))]),
    passing("counts its chunks wrongly", |head, body| {
        vec![send(head), send("Transfer-Encoding: chunked\r\n\r\n4\r\n"), send(body)]
    }),
    passing("speaks no HTTP", |_, _| vec![send(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".repeat(8))]),
    passing("has headers without end", |_, _| {
        vec![send("HTTP/1.1 200 -\r\n"), send(b"X-Header: is a header among many\r\n".repeat(60_000))]
    }),
    passing("answers 429 at once", |_, _| refusal("429 -\r\nRetry-After: 0")),
    passing("answers 429 and wants a second", |_, _| refusal("429 -\r\nRetry-After: 1")),
    passing("answers 500", |_, _| refusal("500 -")),
    passing("answers 503", |_, _| refusal("503 -\r\nRetry-After: 0")),
    passing("takes its time", |head, body| {
        vec![Step::Wait(Duration::from_millis(700)), send(whole_head(head, body.len())), send(body)]
    }),
    lasting("is not encoded as it says", |head, body| {
        vec![send(whole_head(&format!("{head}Content-Encoding: gzip\r\n"), body.len())), send(body)]
    }),
    lasting("promises less than it sends", |head, body| vec![send(whole_head(head, body.len() / 2)), send(body)]),
    lasting("ends in the middle, without a length", |head, body| vec![send(head), send("\r\n"), send(half(body))]),
    lasting("has a wrong byte", |head, body| {
        let mut body = body.to_vec();
        let middle = body.len() / 2;
        body.iter_mut().skip(middle).take(1).for_each(|byte| *byte = 0xff);
        vec![send(whole_head(head, body.len())), send(body)]
    }),
    lasting("is a page to log in at", |_, _| {
        let page = "<!doctype html><title>Welcome</title><p>Log in to use this network.\n";
        vec![send(whole_head("HTTP/1.1 200 -\r\nContent-Type: text/html\r\n", page.len())), send(page)]
    }),
    lasting("is empty", |head, _| vec![send(whole_head(head, 0))]),
    lasting("never ends", |head, body| {
        let part = [body, b"\n"].concat().repeat(1 + (1 << 20) / (body.len() + 1));
        vec![send(head), send("\r\n"), Step::Drip(part, 4096, Duration::ZERO)]
    }),
    lasting("is another part than was asked for", |head, body| {
        let head = head.replacen(" 200 ", " 206 ", 1);
        let length = body.len();
        vec![send(whole_head(&format!("{head}Content-Range: bytes 3-{length}/{length}\r\n"), length)), send(body)]
    }),
    lasting("is 304 to whoever has nothing", |_, _| vec![send("HTTP/1.1 304 -\r\nETag: \"x\"\r\n\r\n")]),
    lasting("leads in a circle", |_, _| refusal("302 -\r\nLocation: ?again")),
    lasting("leads elsewhere", |_, _| refusal("302 -\r\nLocation: http://127.0.0.1:1/x")),
    lasting("leads to a file", |_, _| refusal("302 -\r\nLocation: file:///etc/hostname")),
    lasting("leads nowhere", |_, _| refusal("302 -")),
    lasting("answers 401", |_, _| refusal("401 -")),
    lasting("answers 403", |_, _| refusal("403 -")),
    lasting("answers 404", |_, _| refusal("404 -")),
    lasting("answers 410", |_, _| refusal("410 -")),
    lasting("answers 451", |_, _| refusal("451 -")),
    lasting("answers 418", |_, _| refusal("418 -")),
    // Such as a node of a network that has not heard of the last release yet, beside others that have.
    lasting("is an older answer", |head, body| {
        let lines: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
        let older = lines[..lines.len().saturating_sub(1).max(1).min(lines.len())].concat();
        let head: String = head.split_inclusive("\r\n").filter(|line| !line.starts_with("ETag")).collect();
        vec![send(whole_head(&head, older.len())), send(older)]
    }),
];

fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

fn half(body: &[u8]) -> &[u8] {
    &body[..body.len() / 2]
}

fn whole_head(head: &str, length: usize) -> String {
    if head.starts_with("HTTP/1.1 304") {
        return format!("{head}Connection: close\r\n\r\n");
    }
    format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n")
}

fn refusal(status: &str) -> Vec<Step> {
    vec![send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))]
}
