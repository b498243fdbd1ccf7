//! The one printer of human text, in cargo's look: a line for what is told, lines below it for what belongs to it, and errors.
//!
//! Each writes one line, whatever its length: how wide a terminal is, only the last step knows (`wrap`).

use std::io::{self, Write};

use super::escape::terminal;
use super::style::{Tone, indent, verb, word};
use super::way_out::WayOut;

/// A verb in its columns, and a text.
///
/// # Errors
/// The writer's.
pub fn line(out: &mut impl Write, tone: Tone, name: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{} {}", verb(tone, name), terminal(text))
}

/// What belongs to the line above.
///
/// # Errors
/// The writer's.
pub fn detail(out: &mut impl Write, tone: Tone, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}{}: {}", indent(), word(tone, label), terminal(text))
}

/// A way out of what the lines above tell.
///
/// # Errors
/// The writer's.
pub fn help(out: &mut impl Write, way: &WayOut) -> io::Result<()> {
    way_out(out, &indent(), way)
}

/// Why something could not be done or decided, and the way out.
///
/// # Errors
/// The writer's.
pub fn error(out: &mut impl Write, message: &str, way: &WayOut) -> io::Result<()> {
    writeln!(out, "{}: {}", word(Tone::Bad, "error"), terminal(message))?;
    way_out(out, "  ", way)
}

/// What is to be pasted stands out, and is never torn.
fn way_out(out: &mut impl Write, margin: &str, way: &WayOut) -> io::Result<()> {
    let Some(step) = way.step.as_ref().filter(|_| way.is_printable()) else {
        return match &way.words {
            Some(words) => writeln!(out, "{margin}{}: {}", word(Tone::Help, "help"), terminal(words)),
            None => Ok(()),
        };
    };
    let words = way.words.as_ref().map(|words| format!("{}: ", terminal(words))).unwrap_or_default();
    let lines: Vec<&str> = step.text().lines().collect();
    if let [only] = lines.as_slice() {
        return writeln!(out, "{margin}{}: {words}{}", word(Tone::Help, "help"), word(Tone::Plain, only));
    }
    writeln!(out, "{margin}{}: {}", word(Tone::Help, "help"), words.trim_end())?;
    lines.iter().try_for_each(|line| writeln!(out, "{margin}      {}", word(Tone::Plain, line)))
}
