//! What a run over several lock files says between their reports and after them.

use std::io::{self, Write};

use camino::Utf8Path;

use crate::report::escape::markdown_code;
use crate::report::print::{Tone, line};
use crate::report::words::counted;

/// What became of several lock files.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) approved: usize,
    pub(crate) held: usize,
    pub(crate) undecided: usize,
    /// Those of vendored packages, which nobody judges.
    pub(crate) vendored: usize,
}

/// Says which lock file is judged next.
///
/// # Errors
/// The writer's.
pub(crate) fn heading(lock: &Utf8Path, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Plain, "Judging", lock.as_str())
}

/// The same as a heading of Markdown.
///
/// # Errors
/// The writer's.
pub(crate) fn markdown_heading(lock: &Utf8Path, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n# {}\n", markdown_code(lock.as_str()))
}

/// Says what became of all of them.
///
/// # Errors
/// The writer's.
pub(crate) fn counts(counts: &Counts, out: &mut impl Write) -> io::Result<()> {
    let Counts { approved, held, undecided, vendored } = *counts;
    let all = counted(approved + held + undecided, "lock file");
    let parts = [(approved, "all approved"), (held, "not approved"), (undecided, "undecided")];
    let told = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let passed_over = (vendored > 0).then(|| format!("{vendored} of vendored packages passed over"));
    let tone = if held + undecided == 0 { Tone::Good } else { Tone::Bad };
    line(out, tone, "Judged", &format!("{all}: {}", told.chain(passed_over).collect::<Vec<_>>().join(", ")))
}
