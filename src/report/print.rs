//! The one printer of human text, in cargo's look: a line for what is told, lines below it for what belongs to it, and errors.
//!
//! Each writes one line, whatever its length: how wide a terminal is, only the last step knows (`fold`).

use std::io::{self, Write};

use super::escape::terminal;
use super::way_out::WayOut;
use super::words::span;
use crate::model::run::Waiting;

/// A verb in its columns, and a text.
///
/// # Errors
/// The writer's.
pub(crate) fn line(out: &mut impl Write, tone: Tone, name: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{} {}", verb(tone, name), terminal(text))
}

/// What belongs to the line above.
///
/// # Errors
/// The writer's.
pub(crate) fn detail(out: &mut impl Write, tone: Tone, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}{}: {}", indent(), word(tone, label), terminal(text))
}

/// A way out of what the lines above tell.
///
/// # Errors
/// The writer's.
pub(crate) fn help(out: &mut impl Write, way: &WayOut) -> io::Result<()> {
    way_out(out, &indent(), way)
}

/// Why something could not be done or decided, and the way out.
///
/// # Errors
/// The writer's.
pub(crate) fn error(out: &mut impl Write, message: &str, way: &WayOut) -> io::Result<()> {
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

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
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
pub(crate) const VERB_WIDTH: usize = 12;

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Good => Style::BOLD_GREEN,
            Self::Caution => Style::BOLD_YELLOW,
            Self::Bad => Style::BOLD_RED,
            Self::Help => Style::BOLD_CYAN,
            Self::Plain => Style::BOLD,
        }
    }
}

/// How a terminal shows a text: the numbers that begin it and the one that ends it (ECMA-48, SGR). These few are no reason for a crate.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    begin: &'static str,
    end: &'static str,
}

impl Style {
    pub(crate) const BOLD: Self = Self { begin: "1", end: "0" };
    pub(crate) const GREEN: Self = Self { begin: "32", end: "39" };
    pub(crate) const RED: Self = Self { begin: "31", end: "39" };
    pub(crate) const CYAN: Self = Self { begin: "36", end: "39" };
    const BOLD_GREEN: Self = Self { begin: "32;1", end: "0" };
    const BOLD_YELLOW: Self = Self { begin: "33;1", end: "0" };
    const BOLD_RED: Self = Self { begin: "31;1", end: "0" };
    const BOLD_CYAN: Self = Self { begin: "36;1", end: "0" };

    /// The text in this style.
    pub(crate) fn of(self, text: &str) -> String {
        format!("\x1b[{}m{text}\x1b[{}m", self.begin, self.end)
    }
}

/// A verb in its twelve columns.
#[must_use]
pub(crate) fn verb(tone: Tone, verb: &str) -> String {
    tone.style().of(&format!("{verb:>VERB_WIDTH$}"))
}

/// A word inside a line.
#[must_use]
pub(crate) fn word(tone: Tone, word: &str) -> String {
    tone.style().of(word)
}

/// The indentation of the lines that belong to a verb.
#[must_use]
pub(crate) fn indent() -> String {
    " ".repeat(VERB_WIDTH + 1)
}

/// Narrower than this a column of text says nothing any more.
const NARROWEST: usize = 40;
/// A longer label pushes its text no further in.
const DEEPEST: usize = 32;

/// Folds every line that begins with a coloured word and is longer than so many columns; what else stands there stays as it is. No
/// line is broken within a coloured run or within backticks: what is to be copied is never torn.
#[must_use]
pub fn fold(text: &str, width: usize) -> String {
    if width < NARROWEST {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| fold_line(line, width)).collect()
}

fn fold_line(line: &str, width: usize) -> String {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    let Some(hang) = hang(body).filter(|_| columns(body) > width) else { return line.to_owned() };
    let mut folded = String::with_capacity(body.len() + 16);
    let mut column = 0;
    for piece in pieces(body) {
        let (gap, word) = piece.split_at(piece.len() - piece.trim_start_matches(' ').len());
        if column > hang && column + gap.len() + columns(word) > width {
            folded.push('\n');
            folded.push_str(&" ".repeat(hang));
            column = hang;
        } else {
            folded.push_str(gap);
            column += gap.len();
        }
        folded.push_str(word);
        column += columns(word);
    }
    folded + end
}

/// The column at which the text of a line begins: behind its first coloured word, which only spaces may precede.
fn hang(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start_matches(' ').len();
    let mut rest = line.get(start..)?;
    while let Some(sequence) = rest.strip_prefix('\x1b') {
        rest = sequence.split_once('m')?.1;
    }
    let (label, behind) = rest.split_once('\x1b')?;
    let text = behind.split_once('m')?.1;
    let mark = text.len() - text.trim_start_matches([':', ' ']).len();
    let is_coloured = line.len() > start + rest.len();
    is_coloured.then_some((start + label.chars().count() + mark).min(DEEPEST))
}

/// The line in pieces that are not to be torn, each with the spaces before it.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut in_word, mut quoted, mut coloured, mut escape) = (0, false, false, false, String::new());
    for (at, character) in line.char_indices() {
        if !escape.is_empty() || character == '\x1b' {
            escape.push(character);
            if character == 'm' {
                coloured = escape != "\x1b[0m" && escape != "\x1b[m";
                escape.clear();
            }
            in_word = true;
            continue;
        }
        if character == '`' {
            quoted = !quoted;
        }
        if character == ' ' && in_word && !quoted && !coloured {
            pieces.push(line.get(begin..at).unwrap_or_default());
            begin = at;
            in_word = false;
        } else if character != ' ' {
            in_word = true;
        }
    }
    pieces.push(line.get(begin..).unwrap_or_default());
    pieces
}

/// How many columns a text takes, colours aside.
fn columns(text: &str) -> usize {
    let mut escaped = false;
    text.chars()
        .filter(|character| {
            let counts = !escaped && *character != '\x1b';
            escaped = if escaped { *character != 'm' } else { *character == '\x1b' };
            counts
        })
        .count()
}

/// The line that is told, with its verb.
#[must_use]
pub fn waiting_line(waiting: &Waiting) -> String {
    let (name, rest) = match waiting {
        Waiting::Lock { of } => ("Blocking", format!("waiting for file lock on {of}")),
        Waiting::Again { url, cause, seconds, left } => {
            let tries = if *left == 1 { "for the last time".to_owned() } else { format!("{left} tries are left") };
            ("Waiting", format!("{} before asking {url} again: {cause} ({tries})", span(*seconds)))
        }
        Waiting::Answer { url } => ("Waiting", format!("for an answer of {url}")),
        Waiting::Git { call } => ("Waiting", format!("for git {call} to end")),
        Waiting::Provider { name } => ("Waiting", format!("for the credential provider `{name}`")),
        Waiting::Resolving => ("Resolving", "dependencies behind the filter".to_owned()),
        Waiting::Inspecting => ("Inspecting", "what is inside archives".to_owned()),
        Waiting::Trials => ("Searching", "for what would have to be approved, by resolving again".to_owned()),
        Waiting::Cargo { line } => match line.trim_start().split_once(' ') {
            Some((name, rest)) if name.starts_with(char::is_uppercase) => (name, rest.to_owned()),
            _ => ("Cargo", line.clone()),
        },
    };
    format!("{} {}", verb(Tone::Help, &terminal(name)), terminal(&rest))
}

#[cfg(test)]
mod tests {
    use super::{Style, Tone, verb, word};

    #[test]
    fn a_style_is_these_bytes_around_its_text() {
        for (told, bytes) in [
            (verb(Tone::Good, "Finished"), "\x1b[32;1m    Finished\x1b[0m"),
            (word(Tone::Caution, "held"), "\x1b[33;1mheld\x1b[0m"),
            (word(Tone::Bad, "error"), "\x1b[31;1merror\x1b[0m"),
            (word(Tone::Help, "help"), "\x1b[36;1mhelp\x1b[0m"),
            (word(Tone::Plain, ""), "\x1b[1m\x1b[0m"),
            (Style::BOLD.of("+++ a"), "\x1b[1m+++ a\x1b[0m"),
            (Style::CYAN.of("@@"), "\x1b[36m@@\x1b[39m"),
            (Style::GREEN.of("+a"), "\x1b[32m+a\x1b[39m"),
            (Style::RED.of("-a"), "\x1b[31m-a\x1b[39m"),
        ] {
            assert_eq!(told, bytes);
        }
    }
}
