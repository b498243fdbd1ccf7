//! `report`.

use camino::Utf8PathBuf;
use clap::Args;

use super::options::{JudgeBy, Subject};

/// Below `report -h`.
pub(super) const REPORT_EXIT_CODES: &str = "Exit codes:
  0  every package is approved
  1  something is quarantined or rejected, or a change loosens the policy
  2  it could not be decided, or the page could not be written; a page that says why is written where that can be

The page needs no network and no other file, and the same input makes the same page.";

/// `report`.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Write the page into this file, in place of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<Utf8PathBuf>,
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
}
