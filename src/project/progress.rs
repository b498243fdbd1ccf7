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
    std::thread::scope(|scope| {
        // Nothing is ever sent; the other end is gone when the work is done.
        let (_done, ended) = mpsc::channel::<Infallible>();
        scope.spawn(move || {
            if ended.recv_timeout(UNTOLD) == Err(mpsc::RecvTimeoutError::Timeout) && !std::io::stderr().is_terminal() {
                environment.tell(waiting);
            }
        });
        work()
    })
}

/// One piece of work that is being counted.
#[derive(Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins to count, under a verb in cargo's look: `    Fetching [====>    ] 312/700 index entries`.
    pub(crate) fn new(quiet: bool, verb: &str, unit: &str) -> Self {
        let width = columns(&std::io::stderr()).unwrap_or(USUAL);
        if quiet || !std::io::stderr().is_terminal() || width < NARROWEST {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        // What decides on colour for the bar does not know every variable that switches it off.
        let style = match AutoStream::choice(&std::io::stderr()) {
            ColorChoice::Never => "",
            ColorChoice::Auto | ColorChoice::Always | ColorChoice::AlwaysAnsi => ".bold.cyan",
        };
        // A line that does not fit would be left behind at every step.
        let rest = match width.saturating_sub(BESIDE_BAR).min(25) {
            bar @ 10.. => format!("[{{bar:{bar}}}] {{pos}}/{{len}} {unit}{{msg}}"),
            _ if width < BESIDE_BAR => format!("{{pos}}/{{len}} {unit}"),
            _ => format!("{{pos}}/{{len}} {unit}{{msg}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&format!("{{prefix:>12{style}}} {rest}")) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(verb.to_owned());
        Self(Some(bar))
    }

    /// So many of so many are done, and so many bytes were downloaded on the way.
    pub(crate) fn with_bytes(&self, done: usize, of: usize, bytes: u64) {
        if let Some(bar) = &self.0
            && bytes > 0
        {
            let elapsed = bar.elapsed().as_secs_f64().max(0.1);
            #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
            let (mebibytes, rate) = (bytes as f64 / 1_048_576.0, bytes as f64 / 1_048_576.0 / elapsed);
            bar.set_message(format!(", {mebibytes:.1} MiB, {rate:.1} MiB/s"));
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
