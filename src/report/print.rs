//! The one printer of human text, in cargo's look: a line for what is told, lines below it for what belongs to it, and errors.
//!
//! Each writes one line, whatever its length: how wide a terminal is, only the last step knows (`wrap`).

use std::io::{self, Write};

use super::escape::terminal;
use super::style::{Tone, indent, verb, word};

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

/// Why something could not be done or decided, and the way out.
///
/// # Errors
/// The writer's.
pub fn error(out: &mut impl Write, message: &str, help: &str) -> io::Result<()> {
    writeln!(out, "{}: {}", word(Tone::Bad, "error"), terminal(message))?;
    writeln!(out, "  {}: {}", word(Tone::Help, "help"), terminal(help))
}
