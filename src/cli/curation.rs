//! `init`, `approve`, `revoke` and `log`.

use camino::Utf8PathBuf;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use jiff::civil::Date;

use super::options::{CiHost, HumanOrJson, JudgeBy, Subject, day, rfc3339, uri};
use crate::model::age::Age;
use crate::model::trail::{EventId, Kind};
use crate::model::vex::Justification;

/// Below `init -h`.
pub(super) const INIT_EXIT_CODES: &str = "Exit codes:
  0  the policy is written, and every package passes it
  1  the policy is written, but something is left that no baseline may carry; it is listed
  2  nothing is written: usage, files, network, advisories, nobody to ask";

/// Below `approve -h`.
pub(super) const APPROVE_EXIT_CODES: &str = "Exit codes:
  0  it is written or removed, or there is nothing to do
  1  something stands against the release that no approval lifts
  2  it could not be done: usage, files, network, advisories missing or not fresh";

/// Below `revoke -h`.
pub(super) const REVOKE_EXIT_CODES: &str = "Exit codes:
  0  it is taken back
  2  it could not be done: usage, files, or the policy has no such entry";

/// Below `log -h`.
pub(super) const LOG_EXIT_CODES: &str = "Exit codes:
  0  the trail is whole
  1  something was edited, deleted or put in, or an expected head is missing
  2  it could not be read";

/// `init`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Init {
    /// What to adopt
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Write without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Also set cargo's own minimum age, which cargo obeys from 1.100 on
    #[arg(long)]
    pub(crate) native: bool,
    /// Also write the jobs by which this host's CI runs the gate; beside a policy that is there, only these. No file is written over
    #[arg(long, value_name = "HOST")]
    pub(crate) ci: Option<CiHost>,
    /// What those jobs build: this program's git repository, and the whole id of a commit in it that you looked at
    #[arg(long, value_name = "URL#COMMIT", requires = "ci")]
    pub(crate) tool: Option<String>,
    /// Also take crates.io from this team's registry; beside a policy that is there, only this
    #[arg(long, value_name = "URL", value_parser = uri)]
    pub(crate) registry: Option<String>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who carries the baseline, in place of git's user
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// The minimum age to write, in place of what other files say
    #[arg(long, value_name = "AGE", help_heading = "Judging")]
    pub(crate) min_publish_age: Option<Age>,
    /// Read advisories from this archive, `git+` address or directory; an address is written down
    #[arg(long, value_name = "PATH|URL", conflicts_with = "no_advisories", help_heading = "Judging")]
    pub(crate) advisory_db: Option<String>,
    /// Adopt without looking at advisories
    #[arg(long, help_heading = "Judging")]
    pub(crate) no_advisories: bool,
    /// Judge as of this moment, which must not lie ahead, such as 2026-08-21T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = rfc3339, help_heading = "Judging")]
    pub(crate) now: Option<Timestamp>,
}

/// `approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The release: `name`, `name@1.2.3`, or what `cargo pkgid` prints
    #[arg(value_name = "SPEC", required_unless_present = "prune")]
    pub(crate) spec: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "prune")]
    pub(crate) reason: Option<String>,
    /// The last day on which it counts; by default the day on which time lifts the reasons
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) until: Option<Date>,
    /// Ignore this advisory for the crate, in place of approving the release
    #[arg(long, value_name = "ADVISORY")]
    pub(crate) id: Option<String>,
    /// With `--id`: why the crate is not affected, in the words of VEX; without it `vex` says that it is
    #[arg(long, value_name = "JUSTIFICATION", requires = "id", value_parser = justification())]
    pub(crate) justification: Option<Justification>,
    /// Who approves; by default whom git's configuration names
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    /// Remove approvals and ignores that are unused or over
    #[arg(long, conflicts_with_all = ["spec", "reason", "until", "id", "justification"])]
    pub(crate) prune: bool,
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
}

/// `revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The release: `name`, `name@1.2.3`, or what `cargo pkgid` prints
    #[arg(value_name = "SPEC")]
    pub(crate) spec: String,
    /// No longer ignore this advisory for the crate
    #[arg(long, value_name = "ADVISORY")]
    pub(crate) id: Option<String>,
    /// Who revokes; by default whom git's configuration names
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    /// Which project
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Read and change this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) policy: Option<Utf8PathBuf>,
}

/// `log`.
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Only what touches this crate, or this `name@1.2.3`
    #[arg(value_name = "SPEC")]
    pub(crate) spec: Option<String>,
    /// Only events of this kind
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Vec<Kind>,
    /// Only what was written on this UTC day or later
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) since: Option<Date>,
    /// Only what was written on this UTC day or earlier
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) until: Option<Date>,
    /// Recompute every id, name what was changed, and print the heads
    #[arg(long)]
    pub(crate) verify: bool,
    /// With `--verify`: a head that was kept elsewhere, and what led up to it, must be there
    #[arg(long, value_name = "ID", requires = "verify")]
    pub(crate) expect_head: Vec<EventId>,
    /// Print an in-toto statement with an SLSA verification summary of this release
    #[arg(long, value_name = "SPEC", requires = "verifier_id", conflicts_with_all = ["spec", "verify", "format", "kind", "since", "until"])]
    pub(crate) vsa: Option<String>,
    /// With `--vsa`: who states it, and will sign
    #[arg(long, value_name = "URI", requires = "vsa", value_parser = uri)]
    pub(crate) verifier_id: Option<String>,
    /// With `--vsa`: where its readers find the policy, such as <git+https://git.example.org/app@COMMIT#sequester.toml>
    #[arg(long, value_name = "URI", requires = "vsa", value_parser = uri)]
    pub(crate) policy_uri: Option<String>,
    /// With `--vsa`: state it as of this moment, such as 2026-08-21T00:00:00Z
    #[arg(long, value_name = "RFC3339", requires = "vsa", value_parser = rfc3339)]
    pub(crate) now: Option<Timestamp>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: HumanOrJson,
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<Utf8PathBuf>,
    /// The trail beside this policy, in place of `sequester.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) policy: Option<Utf8PathBuf>,
}

/// The list is short and fixed: `-h` shows it, and shells complete it.
fn justification() -> impl TypedValueParser<Value = Justification> {
    PossibleValuesParser::new(Justification::ALL.map(Justification::as_str))
        .try_map(|text| Justification::named(&text).ok_or("not a justification of VEX"))
}

fn kind(text: &str) -> Result<Kind, String> {
    let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let found = Kind::named(text);
    found.ok_or_else(|| format!("the kinds are {}", names.join(", ")))
}
