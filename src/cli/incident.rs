//! `incident`.

use camino::Utf8PathBuf;
use clap::Args;

use super::options::HumanJsonOrMarkdown;

/// Below `incident -h`.
pub(super) const INCIDENT_EXIT_CODES: &str = "Exit codes:
  0  nothing of it was found, and everything could be looked at
  1  something was found
  2  something could not be looked at, such as the history of a shallow clone; what was found is told all the same

A list has one SPEC or ID a line; what follows a `#` is a comment.

Examples:
  cargo sequester incident arrayref@0.3.10
  cargo sequester incident 'time@<0.3.47' RUSTSEC-2026-0009
  cargo sequester incident ./bad-releases.txt --format markdown";

/// `incident`.
#[derive(Debug, Args)]
pub(crate) struct Incident {
    /// What turned out to be bad: `name`, `name@1.2.3`, `name@<1.2.4`; the id of an advisory or an alias of it (RUSTSEC-…, CVE-…,
    /// GHSA-…); or the path of a list of these, with a `.` or a `/` in it
    #[arg(value_name = "SPEC|ID|FILE", required = true)]
    pub(crate) asked: Vec<String>,
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH", help_heading = "Project")]
    pub(crate) manifest_path: Option<Utf8PathBuf>,
    /// Use what is on this machine; ask no registry
    #[arg(long, help_heading = "Project")]
    pub(crate) offline: bool,
    /// Read the policy from this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH", help_heading = "Judging")]
    pub(crate) policy: Option<Utf8PathBuf>,
    /// Read advisories from this archive, `git+` address or directory
    #[arg(long, value_name = "PATH|URL", help_heading = "Judging")]
    pub(crate) advisory_db: Option<String>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: HumanJsonOrMarkdown,
}
