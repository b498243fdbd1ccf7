//! What came of a lock file that was sent to a team registry.

use std::io::{self, Write};

use super::escape;
use super::words::counted;

/// A team registry's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posted<'a> {
    pub(crate) url: &'a str,
    pub(crate) packages: usize,
    /// The packages that it does not keep: they are not approved there, and were not locked there before.
    pub(crate) refused: &'a [String],
}

/// A line, and one more for each package that is not kept.
pub(crate) fn posted(posted: &Posted<'_>, out: &mut impl Write) -> io::Result<()> {
    let Posted { url, packages, refused } = posted;
    writeln!(out, "      Posted {} to {}", counted(*packages, "package"), escape::terminal(url))?;
    for package in *refused {
        let package = escape::terminal(package);
        writeln!(out, "warning: {package} is not approved there, and not given to anybody for being locked now")?;
    }
    Ok(())
}
