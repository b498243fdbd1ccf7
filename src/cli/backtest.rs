//! `backtest`: what a policy would have done.

use camino::Utf8PathBuf;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use super::options::{HumanOrJson, Subject, day, rfc3339};

/// Below `backtest -h`.
pub(super) const BACKTEST_EXIT_CODES: &str = "Exit codes:
  0  it was worked out, whatever it shows
  2  it could not be worked out whole: usage, files, network, index entries or advisories missing";

/// `backtest`.
#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// Which crates count
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Read the policy from this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH", help_heading = "Judging")]
    pub(crate) policy: Option<Utf8PathBuf>,
    /// Try it on this table of incidents in place of the one that comes along
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub(crate) incidents: Option<Utf8PathBuf>,
    /// Read advisories from this archive, `git+` address or directory
    #[arg(long, value_name = "PATH|URL", conflicts_with = "no_advisories", help_heading = "Judging")]
    pub(crate) advisory_db: Option<String>,
    /// Leave out what security fixes would have waited
    #[arg(long, help_heading = "Judging")]
    pub(crate) no_advisories: bool,
    /// Count what was published up to this moment, such as 2026-08-21T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = rfc3339, help_heading = "Judging")]
    pub(crate) now: Option<Timestamp>,
    /// Count what was published since this day; without it, in the last 24 months
    #[arg(long, value_name = "DATE", value_parser = day, help_heading = "Judging")]
    pub(crate) since: Option<Date>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: HumanOrJson,
}
