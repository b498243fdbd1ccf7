//! The command line of `explain`.

use clap::{Args, ValueEnum};

use super::{JudgeBy, Subject};

/// Below `explain -h`.
pub(super) const EXIT_CODES: &str = "Exit codes:
  0  the release is approved; of a crate, every locked release is
  1  it is quarantined or rejected
  2  it could not be decided: usage, files, network, advisories missing or not fresh";

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The release: `name`, `name@1.2.3`, or what `cargo pkgid` prints; of a bare name also the crate's releases
    #[arg(value_name = "SPEC")]
    pub spec: String,
    /// What to judge
    #[command(flatten)]
    pub subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: ExplainFormat,
}

/// How to print an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
}
