//! Long output for people goes through their pager, where they have one and a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use anstream::{AutoStream, ColorChoice};

use super::outcome::CommandError;
use super::output;
use crate::cli::Cli;
use crate::gather::environment::Environment;

/// Shows a finished report: by the program that `$PAGER` names on a terminal, else as any other.
pub(super) fn show(cli: &Cli, environment: &Environment, report: &[u8]) -> Result<(), CommandError> {
    let pager = environment.get("PAGER").unwrap_or_default();
    let mut words = pager.split_ascii_whitespace();
    let program = words.next().filter(|program| *program != "cat" && std::io::stdout().is_terminal() && !cli.quiet);
    let Some(program) = program else { return output::report(cli, report) };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if environment.get("LESS").is_none() {
        // As git has it: colours are shown, and what fits on the screen needs no key to end it.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return output::report(cli, report) };
    if let Some(mut input) = child.stdin.take() {
        let choice = match ColorChoice::from(cli.color) {
            ColorChoice::Auto => AutoStream::choice(&std::io::stdout()),
            chosen @ (ColorChoice::Always | ColorChoice::AlwaysAnsi | ColorChoice::Never) => chosen,
        };
        let mut text = AutoStream::new(Vec::new(), choice);
        // Whoever has seen enough closes the pager.
        let _ = text.write_all(report).and_then(|()| input.write_all(&text.into_inner()));
    }
    let _ = child.wait();
    Ok(())
}
