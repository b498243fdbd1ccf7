//! A progress bar on standard error, only on a terminal and only for work that takes a while.

use std::convert::Infallible;
use std::io::IsTerminal as _;
use std::sync::mpsc;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::gather::environment::{Environment, columns};
use crate::model::run::Waiting;

/// Where a terminal does not say how wide it is.
const USUAL: usize = 80;
/// Below so many columns nothing is shown.
const NARROWEST: usize = 44;
/// What the verb, the count and the bytes take.
const BESIDE_BAR: usize = 64;
/// Work that takes longer is told of, also where no bar can be drawn.
const UNTOLD: Duration = Duration::from_millis(1500);

/// Does something, and tells of it where it takes a while.
pub(crate) fn told_if_long<R>(environment: &Environment, waiting: &Waiting, work: impl FnOnce() -> R) -> R {
    told_after(UNTOLD, std::io::stderr().is_terminal(), || environment.tell(waiting), work)
}

/// The same after so long, and not where a bar is drawn.
fn told_after<R>(untold: Duration, is_drawn: bool, tell: impl FnOnce() + Send, work: impl FnOnce() -> R) -> R {
    std::thread::scope(|scope| {
        // Nothing is ever sent; the other end is gone when the work is done.
        let (_done, ended) = mpsc::channel::<Infallible>();
        scope.spawn(move || {
            if ended.recv_timeout(untold) == Err(mpsc::RecvTimeoutError::Timeout) && !is_drawn {
                tell();
            }
        });
        work()
    })
}

/// The columns that a bar may take; `None` where none is drawn.
fn room(quiet: bool, is_terminal: bool, columns: Option<usize>) -> Option<usize> {
    let width = columns.unwrap_or(USUAL);
    (!quiet && is_terminal && width >= NARROWEST).then_some(width)
}

/// What stands beside the verb: a line that does not fit would be left behind at every step.
fn beside(width: usize, unit: &str) -> String {
    match width.saturating_sub(BESIDE_BAR).min(25) {
        bar @ 10.. => format!("[{{bar:{bar}}}] {{pos}}/{{len}} {unit}{{msg}}"),
        _ if width < BESIDE_BAR => format!("{{pos}}/{{len}} {unit}"),
        _ => format!("{{pos}}/{{len}} {unit}{{msg}}"),
    }
}

/// How much was downloaded, and how fast; `None` where nothing was.
fn downloaded(bytes: u64, elapsed: Duration) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
    let mebibytes = bytes as f64 / 1_048_576.0;
    let rate = mebibytes / elapsed.as_secs_f64().max(0.1);
    (bytes > 0).then(|| format!(", {mebibytes:.1} MiB, {rate:.1} MiB/s"))
}

/// One piece of work that is being counted.
#[derive(Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins to count, under a verb in cargo's look: `    Fetching [====>    ] 312/700 index entries`.
    pub(crate) fn new(quiet: bool, verb: &str, unit: &str) -> Self {
        let stderr = std::io::stderr();
        let Some(width) = room(quiet, stderr.is_terminal(), columns(&stderr)) else { return Self(None) };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        // What decides on colour for the bar does not know every variable that switches it off.
        let style = match AutoStream::choice(&std::io::stderr()) {
            ColorChoice::Never => "",
            ColorChoice::Auto | ColorChoice::Always | ColorChoice::AlwaysAnsi => ".bold.cyan",
        };
        if let Ok(style) = ProgressStyle::with_template(&format!("{{prefix:>12{style}}} {}", beside(width, unit))) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(verb.to_owned());
        Self(Some(bar))
    }

    /// So many of so many are done, and so many bytes were downloaded on the way.
    pub(crate) fn with_bytes(&self, done: usize, of: usize, bytes: u64) {
        if let Some(bar) = &self.0
            && let Some(message) = downloaded(bytes, bar.elapsed())
        {
            bar.set_message(message);
        }
        self.at(done, of);
    }

    /// So many of so many are done.
    pub(crate) fn at(&self, done: usize, of: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by it")]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use crate::project::progress::{beside, downloaded, room, told_after};

    const AGES: Duration = Duration::from_secs(600);
    const AT_ONCE: Duration = Duration::from_millis(1);

    #[test]
    fn long_work_is_told_of_where_no_bar_is_drawn() {
        let (told, heard) = mpsc::channel();
        // The work is over when it has been told of.
        let done = told_after(AT_ONCE, false, move || told.send("told").unwrap(), || heard.recv_timeout(AGES));
        assert_eq!(done, Ok("told"));
    }

    #[test]
    fn nothing_is_told_of_short_work_nor_beside_a_bar() {
        let never = || panic!("it was told of");
        assert_eq!(told_after(AGES, false, never, || "short"), "short");
        let long = || std::thread::sleep(Duration::from_millis(100));
        told_after(AT_ONCE, true, never, long);
    }

    #[test]
    fn a_bar_is_drawn_on_a_terminal_that_is_wide_enough() {
        let widths = [43, 44, 45, 300].map(|width| room(false, true, Some(width)));
        assert_eq!(widths, [None, Some(44), Some(45), Some(300)]);
        assert_eq!(room(false, true, None), Some(80), "it does not say how wide it is");
        assert_eq!(room(false, false, Some(80)), None, "no terminal");
        assert_eq!(room(true, true, Some(80)), None, "--quiet");
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_bar_first() {
        let shown = [44, 63, 64, 73, 74, 88, 89, 300].map(|width| beside(width, "crates"));
        let expected = [
            "{pos}/{len} crates",
            "{pos}/{len} crates",
            "{pos}/{len} crates{msg}",
            "{pos}/{len} crates{msg}",
            "[{bar:10}] {pos}/{len} crates{msg}",
            "[{bar:24}] {pos}/{len} crates{msg}",
            "[{bar:25}] {pos}/{len} crates{msg}",
            "[{bar:25}] {pos}/{len} crates{msg}",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_download_is_told_with_its_rate() {
        let after = |bytes, millis| downloaded(bytes, Duration::from_millis(millis));
        assert_eq!(after(0, 4_000), None, "all of it came from the cache");
        assert_eq!(after(1, 4_000).unwrap(), ", 0.0 MiB, 0.0 MiB/s");
        assert_eq!(after(3 << 20, 4_000).unwrap(), ", 3.0 MiB, 0.8 MiB/s");
        assert_eq!(after(3 << 20, 0).unwrap(), ", 3.0 MiB, 30.0 MiB/s", "no rate of a moment");
    }
}
