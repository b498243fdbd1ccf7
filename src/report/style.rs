//! Cargo's look: a bold, coloured verb, right-aligned in twelve columns. Colours are always written; the caller wraps its stream in
//! one that takes them out where they are not wanted.

use owo_colors::{OwoColorize as _, Style};

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Look at this.
    Caution,
    /// It must not be.
    Bad,
    /// Something to do.
    Help,
    /// Neither good nor bad.
    Plain,
}

/// The columns of a verb.
pub const VERB_WIDTH: usize = 12;

impl Tone {
    const fn style(self) -> Style {
        let bold = Style::new().bold();
        match self {
            Self::Good => bold.green(),
            Self::Caution => bold.yellow(),
            Self::Bad => bold.red(),
            Self::Help => bold.cyan(),
            Self::Plain => bold,
        }
    }
}

/// A verb in its twelve columns.
#[must_use]
pub fn verb(tone: Tone, verb: &str) -> String {
    format!("{verb:>VERB_WIDTH$}").style(tone.style()).to_string()
}

/// A word inside a line.
#[must_use]
pub fn word(tone: Tone, word: &str) -> String {
    word.style(tone.style()).to_string()
}

/// The indentation of the lines that belong to a verb.
#[must_use]
pub fn indent() -> String {
    " ".repeat(VERB_WIDTH + 1)
}
