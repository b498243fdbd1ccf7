//! The verbs that tell and prove: `audit`, `status`, `explain` and `verify`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::options::{Format, HumanJsonOrMarkdown, HumanOrJson, JudgeBy, Project, Subject, uri};
use crate::model::calendar::Horizon;
use crate::model::standard::Standard;

/// Below `status -h`: a prompt asks whether the project may be built, not whether anything newer exists.
pub(super) const STATUS_EXIT_CODES: &str = "Exit codes:
  0  every locked package is approved; updates and what is held among them do not count
  1  a locked package is quarantined or rejected, or a change loosens the policy
  2  it could not be decided: usage, files, network, advisories missing or not fresh

With -q one line tells of locked packages that are not approved, or that an approved fix mends; nothing where there are none.
With --short a few words for a prompt tell how many they are, as far as this machine knows; nothing where there are none, and nothing
outside of a project.";

/// Below `verify -h`.
pub(super) const VERIFY_EXIT_CODES: &str = "Exit codes:
  0  lock file, allow-list and vendored sources agree, and nothing leads around them
  1  something differs, or something leads around the vendored sources
  2  it could not be decided: usage, files, configuration, archives that cannot be had

With --sealed, once all is proven, the exit code is cargo's.";

/// Below `explain -h`.
pub(super) const EXPLAIN_EXIT_CODES: &str = "Exit codes:
  0  the release is approved; of a crate, every locked release is
  1  it is quarantined or rejected
  2  it could not be decided: usage, files, network, advisories missing or not fresh";

/// Below `assess -h`.
pub(super) const ASSESS_EXIT_CODES: &str = "Exit codes:
  0  every requirement is met that a repository can answer
  1  one is not met
  2  it could not be decided: usage, files, network, advisories missing or not fresh

What is printed is evidence for whoever assesses an organisation. It is no level, and no sum of any.";

/// `assess`.
#[derive(Debug, Args)]
pub(crate) struct Assess {
    /// Whose requirements
    #[arg(long, value_name = "STANDARD", value_parser = standard)]
    pub(crate) standard: Standard,
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// How to print the result; `in-toto` prints unsigned statements about the lock file, one a line
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: AssessFormat,
    /// With `--format in-toto`: who states it, and will sign
    #[arg(long, value_name = "URI", required_if_eq("format", "in-toto"), value_parser = uri)]
    pub(crate) verifier_id: Option<String>,
}

/// The formats of `assess`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AssessFormat {
    Human,
    Json,
    InToto,
}

fn standard(text: &str) -> Result<Standard, String> {
    let names: Vec<_> = Standard::ALL.iter().map(|standard| standard.as_str()).collect();
    Standard::named(text).ok_or_else(|| format!("the standards are {}", names.join(" and ")))
}

/// `audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Judge every lock file of the git repository, one after the other
    #[arg(long, conflicts_with_all = ["manifest_path", "lockfile"], help_heading = "Project")]
    pub(crate) all: bool,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// Where the policy lists licences, download the archives whose licence is not known yet into cargo's cache, and look inside
    #[arg(long, conflicts_with_all = ["offline", "frozen"])]
    pub(crate) fetch: bool,
    /// Then send the lock file to the team registry at this address, `https://HOST/TEAM/locks/PROJECT`: what it locks may stay there,
    /// and what it lacks may be mended early. For CI, on what was merged; the token is `SEQUESTER_TOKEN`, or the registry's own
    #[arg(long, value_name = "URL", conflicts_with_all = ["all", "offline", "frozen"])]
    pub(crate) post: Option<String>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
}

/// `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// Also list, day by day, what becomes eligible: for so long, such as "14 days", or through a UTC day such as 2026-12-31
    #[arg(long, value_name = "AGE|DATE", help_heading = "Output")]
    pub(crate) until: Option<Horizon>,
    /// For a prompt: a few words such as "2 held, 1 rejected", from what is on this machine
    #[arg(long, conflicts_with_all = ["until", "format"], help_heading = "Output")]
    pub(crate) short: bool,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: HumanJsonOrMarkdown,
}

/// `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The release: `name`, `name@1.2.3`, or what `cargo pkgid` prints; of a bare name also the crate's releases
    #[arg(value_name = "SPEC")]
    pub(crate) spec: String,
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: HumanOrJson,
}

/// `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Which project
    #[command(flatten)]
    pub(crate) project: Project,
    /// Derive every vendored package again from its `.crate` file, downloaded where cargo's cache lacks it
    #[arg(long)]
    pub(crate) deep: bool,
    /// Derive again what this commit does not have, and judge sources by its policy
    #[arg(long, value_name = "REF")]
    pub(crate) base: Option<String>,
    /// Read the policy from this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) policy: Option<Utf8PathBuf>,
    /// Prove nothing, and end with 0, where neither the workspace nor the base vendors anything
    #[arg(long, conflicts_with_all = ["sealed", "format"])]
    pub(crate) if_vendored: bool,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: HumanOrJson,
    /// Once it is proven, run this cargo command from the vendored sources alone: empty home and target folder, no other
    /// configuration, a clean environment, on Linux without a network. The exit code is cargo's
    #[arg(long, requires = "command")]
    pub(crate) sealed: bool,
    /// What `--sealed` runs, without `cargo`: build --release
    #[arg(value_name = "CARGO COMMAND", trailing_var_arg = true, allow_hyphen_values = true, requires = "sealed")]
    pub(crate) command: Vec<String>,
}
