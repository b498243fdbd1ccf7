//! Listens to a cargo whose words nobody sees: that it waits, and for what, must not be lost.

use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::model::run::{Listener, Waiting};

/// The most bytes of a line that is passed on.
const LONGEST_LINE: usize = 1000;
/// The most bytes of either stream that are kept.
const MOST_KEPT: u64 = 16 << 20;

/// What came of a cargo's words so far.
#[derive(Debug)]
pub struct Overheard<'l> {
    listener: &'l Listener,
    line: Vec<u8>,
}

impl<'l> Overheard<'l> {
    /// Nothing yet.
    #[must_use]
    pub const fn by(listener: &'l Listener) -> Self {
        Self { listener, line: Vec::new() }
    }

    /// Takes more of its standard error, and passes on each whole line that says that it waits.
    pub fn hear(&mut self, part: &[u8]) {
        for byte in part {
            match byte {
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    let line: Vec<u8> = anstream::adapter::strip_bytes(&line).flatten().copied().collect();
                    let line = String::from_utf8_lossy(&line).trim().to_owned();
                    if says_that_it_waits(&line) {
                        self.listener.tell(&Waiting::Cargo { line });
                    }
                }
                byte if self.line.len() < LONGEST_LINE => self.line.push(*byte),
                _ => {}
            }
        }
    }
}

/// Another process's lock, a repository that is fetched, a network that fails.
fn says_that_it_waits(line: &str) -> bool {
    let verbs = ["Blocking ", "Updating git ", "Updating submodule ", "Fetching "];
    verbs.iter().any(|verb| line.starts_with(verb)) || line.contains("spurious network error")
}

/// Runs it to its end as [`Command::output`] does, with nothing on its standard input.
///
/// # Errors
/// It cannot be run.
pub(crate) fn output(mut command: Command, listener: &Listener) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    let aside = thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut stdout) = stdout {
            let _ = stdout.by_ref().take(MOST_KEPT).read_to_end(&mut kept);
            // The rest is read too: a full pipe would stop cargo.
            let _ = io::copy(&mut stdout, &mut io::sink());
        }
        kept
    });
    let mut stderr = Vec::new();
    if let Some(mut stream) = child.stderr.take() {
        let mut overheard = Overheard::by(listener);
        let mut part = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut part) {
            let part = part.get(..read).unwrap_or_default();
            overheard.hear(part);
            if (stderr.len() as u64) < MOST_KEPT {
                stderr.extend_from_slice(part);
            }
        }
    }
    let status = child.wait()?;
    Ok(Output { status, stdout: aside.join().unwrap_or_default(), stderr })
}
