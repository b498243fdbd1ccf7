//! Asks once, on a terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use super::InitError;

/// An answer that is longer is no answer.
const LONGEST: u64 = 64;

/// Whether the person at the terminal agrees.
///
/// # Errors
/// Nobody is there, the answer cannot be read, or it is not yes.
pub(super) fn agreement() -> Result<(), InitError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(InitError::NobodyToAsk);
    }
    let mut out = io::stderr();
    let _ = write!(out, "Write this? [y/N] ").and_then(|()| out.flush());
    let mut answer = String::new();
    io::stdin().lock().take(LONGEST).read_line(&mut answer).map_err(InitError::Answer)?;
    let agrees = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if agrees { Ok(()) } else { Err(InitError::Declined) }
}
