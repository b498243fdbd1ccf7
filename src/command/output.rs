//! Writes to the terminal: colour where it is wanted, and no panic when the reader has gone.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

use super::outcome::CommandError;
use crate::cli::{Cli, Color};
use crate::gather::environment::{Environment, columns};
use crate::model::run::{Invocation, Listener, Waiting};
use crate::report::context::Verbosity;
use crate::report::escape;
use crate::report::print::{self, Tone};
use crate::report::status::Canvas;
use crate::report::way_out::WayOut;

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Whether a stream gets colour. `CLICOLOR_FORCE=0` forces nothing, though it is set.
fn choice(color: Color, unforced: bool, out: &impl IsTerminal) -> ColorChoice {
    if color == Color::Auto && unforced && !out.is_terminal() { ColorChoice::Never } else { color.into() }
}

/// A stream that takes colour as it is wanted there.
fn coloured<S: RawStream + IsTerminal>(cli: &Cli, out: S) -> AutoStream<S> {
    let choice = choice(cli.color, cli.unforced, &out);
    AutoStream::new(out, choice)
}

/// How much to report.
pub(super) const fn verbosity(cli: &Cli) -> Verbosity {
    match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 1..) => Verbosity::Verbose,
        (false, 0) => Verbosity::Normal,
    }
}

/// From here on what is asked of registries, git and cargo is written to standard error, one line each. Only our own events are: those of
/// the HTTP library may hold tokens.
pub(super) fn trace() {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_timer(tracing_subscriber::fmt::time::uptime())
        .with_ansi(false)
        .with_target(false);
    let ours = tracing_subscriber::filter::Targets::new().with_target("cargo_sequester", tracing::Level::DEBUG);
    // Nobody else sets one; where that changed, theirs is heard.
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
}

/// A report, whole before anybody sees any of it.
pub(super) fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    write(&mut text).map_err(CommandError::Output)?;
    Ok(text)
}

/// Makes a report and writes it to standard output.
pub(super) fn print(cli: &Cli, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<(), CommandError> {
    report(cli, &text(write)?)
}

/// Makes a report and writes it to standard error.
pub(super) fn print_aside(cli: &Cli, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<(), CommandError> {
    aside(cli, &text(write)?);
    Ok(())
}

/// Writes a finished report to standard output.
///
/// # Errors
/// It cannot be written. A reader that went away (`| head`) has what it wanted and is no error.
pub(super) fn report(cli: &Cli, report: &[u8]) -> Result<(), CommandError> {
    let folded = folded(report, columns(&std::io::stdout()));
    let mut out = coloured(cli, std::io::stdout());
    match out.write_all(&folded).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a finished document to standard output as it is.
///
/// # Errors
/// As [`report`].
pub(super) fn report_verbatim(document: &[u8]) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(document).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Tells on standard error what lies where now; silent with `--quiet`.
pub(super) fn wrote(cli: &Cli, what: &str) -> Result<(), CommandError> {
    if cli.quiet {
        return Ok(());
    }
    print_aside(cli, |out| print::line(out, Tone::Good, "Wrote", what))
}

/// Writes a finished report to standard error, where standard output belongs to another program.
pub(super) fn aside(cli: &Cli, report: &[u8]) {
    let folded = folded(report, columns(&std::io::stderr()));
    let mut out = coloured(cli, std::io::stderr());
    // The reader may have gone; what follows does not depend on it.
    let _ = out.write_all(&folded).and_then(|()| out.flush());
}

/// A report folded to the width of a terminal; unchanged where the width is unknown.
fn folded(report: &[u8], width: Option<usize>) -> Cow<'_, [u8]> {
    match (width, std::str::from_utf8(report)) {
        (Some(width), Ok(text)) => Cow::Owned(print::fold(text, width).into_bytes()),
        (None, _) | (_, Err(_)) => Cow::Borrowed(report),
    }
}

/// Prints to standard error what a run waits for; silent with `--quiet`.
pub(super) fn listener(cli: &Cli) -> Listener {
    if cli.quiet {
        return Listener::default();
    }
    let (color, unforced) = (cli.color, cli.unforced);
    // A bar may stand in the line; it draws itself anew.
    let clear = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
    // Every cargo of a run says so once more of the same repository.
    let updated = Mutex::new(BTreeSet::new());
    Listener::new(move |waiting| {
        if let Waiting::Cargo { line } = waiting
            && line.starts_with("Updating ")
            && !updated.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone())
        {
            return;
        }
        let mut err = std::io::stderr().lock();
        // The reader may have gone; the run waits all the same.
        let _ = err.write_all(clear.as_bytes());
        let choice = choice(color, unforced, &err);
        let _ = writeln!(AutoStream::new(err, choice), "{}", print::waiting_line(waiting));
    })
}

/// Writes an error to standard error: `error:`, its lines, and its way out.
pub(super) fn error(cli: &Cli, error: &CommandError) {
    error_about(cli, &cli.invocation, error);
}

/// The same, of a run that is about a part of what was asked for.
pub(super) fn error_about(cli: &Cli, situation: &Invocation, error: &CommandError) {
    let mut out = Vec::new();
    let text = error.to_string();
    let mut lines = text.lines();
    let first = escape::terminal(lines.next().unwrap_or_default());
    let _ = writeln!(out, "{} {first}", print::word(Tone::Bad, "error:"));
    for line in lines {
        let line = escape::terminal(line);
        let _ = match line.strip_prefix("help:") {
            Some(rest) => {
                let way = WayOut::of_text(rest.trim_start(), situation);
                let step = way.step.as_ref().filter(|_| way.is_printable());
                let words = way.words.as_deref().unwrap_or_default();
                let joined = if words.is_empty() || step.is_none() { "" } else { ": " };
                let step = step.map(|step| print::word(Tone::Plain, step.text())).unwrap_or_default();
                writeln!(out, "{} {words}{joined}{step}", print::word(Tone::Help, "help:"))
            }
            None => writeln!(out, "{line}"),
        };
    }
    aside(cli, &out);
}

/// What a chart is drawn on. Where output goes to a file or a pipe, its width is unknown.
pub(super) fn canvas(environment: &Environment) -> Canvas {
    Canvas { width: columns(&std::io::stdout()), ascii: !shows_unicode(environment) }
}

/// By the first of the locale's variables that is set, as POSIX orders them. Without any the locale is `C`, which promises ASCII only;
/// where the system has no locales by environment, Unicode is shown.
fn shows_unicode(environment: &Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.get(name));
    let locale = locale.map(|locale| locale.to_lowercase().replace('-', ""));
    locale.map_or(cfg!(not(unix)), |locale| locale.contains("utf8")) && environment.get("TERM") != Some("linux")
}
