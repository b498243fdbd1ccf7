//! How wide standard output is, and what it can show.

use std::io::IsTerminal;

use crate::gather::environment::Environment;
use crate::report::status::Canvas;

/// What pictures may be drawn on. Where output goes to a file or a pipe nobody knows who reads it, and how wide.
pub(super) fn canvas(environment: &Environment) -> Canvas {
    Canvas { width: width(&std::io::stdout()), ascii: !shows_unicode(environment) }
}

/// The columns of a terminal; `None` where it is none.
#[cfg(unix)]
pub(super) fn width(out: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let size = out.is_terminal().then(|| terminal_size::terminal_size_of(out)).flatten();
    size.map(|(width, _)| usize::from(width.0))
}

/// The columns of a terminal; `None` where it is none.
#[cfg(windows)]
pub(super) fn width(out: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<usize> {
    let size = out.is_terminal().then(|| terminal_size::terminal_size_of(out)).flatten();
    size.map(|(width, _)| usize::from(width.0))
}

/// By the first of the locale's variables that is set, as POSIX orders them. Without any the locale is `C`, which promises ASCII only;
/// where the system has no locales by environment, Unicode is shown.
fn shows_unicode(environment: &Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.get(name));
    let locale = locale.map(|locale| locale.to_lowercase().replace('-', ""));
    locale.map_or(cfg!(not(unix)), |locale| locale.contains("utf8")) && environment.get("TERM") != Some("linux")
}
