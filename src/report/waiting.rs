//! What a run waits for, in cargo's look and, where cargo waits for the same, in its words.

use super::duration::words;
use super::escape;
use super::style::{self, Tone};
use crate::model::run::Waiting;

/// The line that is told, with its verb.
#[must_use]
pub fn line(waiting: &Waiting) -> String {
    let (verb, rest) = match waiting {
        Waiting::Lock { of } => ("Blocking", format!("waiting for file lock on {of}")),
        Waiting::Again { url, cause, seconds, left } => {
            let tries = if *left == 1 { "for the last time".to_owned() } else { format!("{left} tries are left") };
            ("Waiting", format!("{} before asking {url} again: {cause} ({tries})", words(*seconds)))
        }
        Waiting::Answer { url } => ("Waiting", format!("for an answer of {url}")),
        Waiting::Git { call } => ("Waiting", format!("for git {call} to end")),
        Waiting::Provider { name } => ("Waiting", format!("for the credential provider `{name}`")),
        Waiting::Resolving => ("Resolving", "dependencies behind the filter".to_owned()),
        Waiting::Trials => ("Searching", "for what would have to be approved, by resolving again".to_owned()),
        Waiting::Cargo { line } => match line.trim_start().split_once(' ') {
            Some((verb, rest)) if verb.starts_with(char::is_uppercase) => (verb, rest.to_owned()),
            _ => ("Cargo", line.clone()),
        },
    };
    format!("{} {}", style::verb(Tone::Help, &escape::terminal(verb)), escape::terminal(&rest))
}
