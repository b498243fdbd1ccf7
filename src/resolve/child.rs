//! One cargo behind the filter.

use std::io::{Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};

use super::ResolveError;
use super::signals::Signals;
use crate::gather::environment::Environment;

/// The most bytes of cargo's words that are kept.
const MOST_WORDS: usize = 1 << 20;

/// How a cargo came out.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The beginning of its standard error.
    pub(crate) words: String,
}

impl Ended {
    /// Its exit code as a shell tells it: 128 and the signal where one ended it.
    pub(crate) fn code(&self) -> u8 {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&self.status) {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
        self.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101)
    }
}

/// Runs cargo and waits for it. With `aloud`, its words appear as they come; they are kept either way.
pub(super) fn run(
    environment: &Environment,
    arguments: &[String],
    aloud: bool,
    signals: &Signals,
) -> Result<Ended, ResolveError> {
    let program = environment.cargo();
    let failed = |source| ResolveError::CargoNotRun { program: program.to_owned(), source };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(environment.current_dir()).env_clear().envs(environment.iter());
    for name in ["NO_PROXY", "no_proxy"] {
        let before = environment.get(name).map(|value| format!("{value},")).unwrap_or_default();
        command.env(name, format!("{before}127.0.0.1"));
    }
    // The server is always there; what must not be asked stays behind it.
    command.env_remove("CARGO_NET_OFFLINE");
    if aloud && std::io::IsTerminal::is_terminal(&std::io::stderr()) && environment.get("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command.stderr(Stdio::piped());
    if !aloud {
        command.stdout(Stdio::null()).stdin(Stdio::null());
    }
    let mut child = command.spawn().map_err(failed)?;
    signals.set_child(Some(child.id()));
    let mut words = Vec::new();
    if let Some(mut stream) = child.stderr.take() {
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            let chunk = chunk.get(..read).unwrap_or_default();
            if aloud {
                // Nobody may be reading; cargo goes on all the same.
                let _ = std::io::stderr().write_all(chunk);
            }
            let room = MOST_WORDS.saturating_sub(words.len()).min(chunk.len());
            words.extend_from_slice(chunk.get(..room).unwrap_or_default());
        }
    }
    let status = child.wait().map_err(failed)?;
    signals.set_child(None);
    Ok(Ended { status, words: plain(&words) })
}

/// The text without colours and cursor movements.
fn plain(words: &[u8]) -> String {
    let plain: Vec<u8> = anstream::adapter::strip_bytes(words).flatten().copied().collect();
    String::from_utf8_lossy(&plain).into_owned()
}
