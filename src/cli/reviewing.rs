//! `diff`: what a reviewer looks at.

use clap::{Args, ValueEnum};
use semver::Version;

use super::options::{JudgeBy, Subject};

/// Below `diff -h`.
pub(super) const DIFF_HELP: &str = "Without versions, what is locked is compared with the newest release that is held, or else with the newest; where nothing
is newer, the locked release with the one before. With one version, that release with what is locked.

On a terminal the differences go through $PAGER, if it is set.

Exit codes:
  0  the differences are shown, whatever they are
  2  they could not be: usage, files, network, an archive that is not the one that the index names";

fn whole_version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|_| "not a whole version, such as 1.2.3".to_owned())
}

/// `diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The crate: `name`, `name@1.2.3`, or what `cargo pkgid` prints
    #[arg(value_name = "NAME")]
    pub(crate) spec: String,
    /// Two versions, or the one to compare with what is locked
    #[arg(value_name = "VERSION", num_args = 0..=2, value_parser = whole_version)]
    pub(crate) versions: Vec<Version>,
    /// Name the files that differ and count lines, without showing them
    #[arg(long, help_heading = "Output")]
    pub(crate) stat: bool,
    /// What to look at
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: DiffFormat,
}

/// How to print what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
    /// Markdown, for a comment
    Markdown,
}
