//! A progress bar on standard error, only on a terminal and only for work that takes a while.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One piece of work that is being counted.
#[derive(Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins to count, under a verb in cargo's look: `    Fetching [====>    ] 312/700 index entries`.
    pub(crate) fn new(quiet: bool, verb: &str, unit: &str) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let template = format!("{{prefix:>12.bold.cyan}} [{{bar:25}}] {{pos}}/{{len}} {unit}{{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
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
