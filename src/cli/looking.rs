//! `inspect`.

use clap::Args;

use super::options::{HumanOrJson, JudgeBy, Subject};

/// Below `inspect -h`.
pub(super) const INSPECT_EXIT_CODES: &str = "Exit codes:
  0  nothing of high severity was found
  1  something of high severity was found
  2  not everything could be looked at: usage, files, network, archives that are refused";

/// `inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The releases: `name`, `name@1.2.3`, or what `cargo pkgid` prints; one that is not locked needs its whole version
    #[arg(value_name = "SPEC", required_unless_present_any = ["held", "all"])]
    pub(crate) spec: Vec<String>,
    /// Everything that is held
    #[arg(long)]
    pub(crate) held: bool,
    /// The whole lock file
    #[arg(long)]
    pub(crate) all: bool,
    /// Which project
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// By what it is told what is held
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: HumanOrJson,
}
