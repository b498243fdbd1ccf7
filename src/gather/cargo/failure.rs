//! Why cargo gave no answer, and what it said, in one line: its first message, with the causes that it names.

use std::fmt;
use std::process::ExitStatus;

use camino::Utf8PathBuf;

/// The most causes that are shown.
const MOST_CAUSES: usize = 4;
/// The most characters of one message that are kept.
const MOST_CHARACTERS: usize = 500;

/// Cargo could not be run, or refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CargoFailure {
    /// There is no manifest to ask about.
    #[error("could not find `Cargo.toml` in `{0}` or any parent directory")]
    NoManifest(Utf8PathBuf),
    #[error("`{program}` could not be run: {cause}")]
    NotRun { program: String, cause: String },
    /// There is no temporary folder to ask it in.
    #[error("a temporary folder cannot be written: {cause}")]
    NoFolder { cause: String },
    /// It ended with an error.
    #[error("{}", .0)]
    Refused(Words),
    /// It did not end.
    #[error(
        "`{program}` has not answered for {seconds} seconds; something that is no file may lie in a manifest's place"
    )]
    Silent {
        program: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It answered with something else than was asked for.
    #[error("`{program}` gave an answer that cannot be read: {cause}")]
    Answer {
        program: String,
        /// What is wrong with the answer.
        cause: String,
    },
}

/// Cargo's first message and its causes, in one line; it may quote an attacker's text until escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Box<str>);

impl Words {
    pub(super) fn of(complaint: &[u8], status: ExitStatus) -> Self {
        let said = first_message(&String::from_utf8_lossy(complaint));
        Self(said.unwrap_or_else(|| format!("cargo ended with {status}")).into())
    }

    /// With another name for a place.
    pub(super) fn renamed(&self, place: &str, name: &str) -> Self {
        Self(self.0.replace(place, name).into())
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first message of an error of cargo's or rustup's, and its causes. What follows is for other readers: a picture of the place, hints,
/// and, where `RUST_BACKTRACE` is set, the functions of the program itself. `None` where nothing is said.
fn first_message(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).skip_while(|line| !is_error(line));
    // A program that writes no `error` still says something.
    let first = lines.next().or_else(|| text.lines().find(|line| !line.trim().is_empty()))?;
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let mut parts = vec![bounded(first)];
    let mut in_causes = false;
    for line in lines {
        if is_error(line) || line.starts_with("Stack backtrace") || line.starts_with("stack backtrace") {
            break;
        }
        if line.starts_with("Caused by:") {
            in_causes = true;
        } else if let Some(place) = line.trim_start().strip_prefix("--> ").filter(|_| parts.len() == 1) {
            parts.push(bounded(place));
        } else if in_causes && let Some(cause) = cause(line) {
            parts.push(bounded(cause));
            in_causes = parts.len() <= MOST_CAUSES;
        }
    }
    Some(parts.join(": "))
}

fn is_error(line: &str) -> bool {
    line.starts_with("error:") || line.starts_with("error[")
}

/// The first line of a cause: cargo indents by two, numbers where there are several, and goes on with more indentation.
fn cause(line: &str) -> Option<&str> {
    let text = line.strip_prefix("  ")?;
    let numbered =
        text.trim_start().split_once(": ").filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    match numbered {
        Some((_, cause)) => Some(cause),
        None => (!text.starts_with(' ')).then_some(text),
    }
}

fn bounded(text: &str) -> String {
    text.trim().chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::first_message;

    #[test]
    fn the_first_message_and_its_causes_are_shown() {
        let shown = |text| first_message(text).unwrap_or_default();
        assert_eq!(
            shown(
                "warning: unused\nerror: failed to load manifest for workspace member `/w/a`\nreferenced by workspace at `/w/Cargo.toml`\n\n\
                 Caused by:\n  failed to read `/w/a/Cargo.toml`\n\nCaused by:\n  No such file or directory (os error 2)\n\n\
                 Stack backtrace:\n   0: <anyhow::Error>::msg\n   1: cargo::main\n             at ./src/main.rs:1:1\n"
            ),
            "failed to load manifest for workspace member `/w/a`: failed to read `/w/a/Cargo.toml`: No such file or directory (os error 2)"
        );
        assert_eq!(
            shown(
                "error: rustup could not choose a version of cargo to run\nhelp: run 'rustup default stable' to set one\n"
            ),
            "rustup could not choose a version of cargo to run"
        );
        assert_eq!(
            shown("error: invalid array\nexpected `]`\n --> Cargo.toml:3:9\n  |\n3 | x = [1\n  |       ^\n"),
            "invalid array: Cargo.toml:3:9"
        );
        assert_eq!(shown("error: a\n\nCaused by:\n  0: first\n  1: second\n     more of it\n"), "a: first: second");
        assert_eq!(shown("no such command\nat all\n"), "no such command");
        assert_eq!(first_message(" \n\n"), None);
    }
}
