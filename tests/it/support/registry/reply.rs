//! What a test makes the registry answer in place of the truth.

use std::time::Duration;

/// What happens on a connection in place of an answer, one after the other; then it is closed.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    /// The same part a number of times, with a pause before each.
    Drip(Vec<u8>, usize, Duration),
    Wait(Duration),
}

/// Makes of an answer (status line and headers, each with its line break; body) what happens on the connection.
pub type Disturbance = fn(&str, &[u8]) -> Vec<Step>;

/// An answer to give instead of, or on top of, the usual one.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) delay: Duration,
    pub(super) times: Option<usize>,
    pub(super) truncated: bool,
    pub(super) endless: bool,
    pub(super) hang_up: bool,
}

impl Reply {
    /// The usual answer; add to it what is to be different.
    pub fn usual() -> Self {
        Self::default()
    }

    /// This status with an empty body.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), body: Some(Vec::new()), ..Self::default() }
    }

    /// Status 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: Some(200), body: Some(body.into()), ..Self::default() }
    }

    /// A redirection (302) to another address.
    pub fn redirect(to: &str) -> Self {
        Self::status(302).header("Location", to)
    }

    /// Closes the connection without an answer.
    pub fn hang_up() -> Self {
        Self { hang_up: true, ..Self::default() }
    }

    /// Adds a header; one of the same name is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Waits before the answer.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// So many times, and then the next reply or the usual answer.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Announces the whole body, sends half of it and closes the connection.
    pub fn truncated(mut self) -> Self {
        self.truncated = true;
        self
    }

    /// Sends the body again and again, without an announced length, until the client goes away.
    pub fn endless(mut self) -> Self {
        self.endless = true;
        self
    }
}
