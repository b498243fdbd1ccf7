//! The command line, and nothing but the command line.

mod curation;
mod explain;
mod moment;
mod resolving;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::model::age::Age;
use crate::model::calendar::Horizon;
use crate::model::loosening::Lane;
use crate::model::run::Invocation;
pub use curation::{Approve, Init, Log, LogFormat, Revoke};
use curation::{INIT_EXIT_CODES, LOG_EXIT_CODES, REVOKE_EXIT_CODES, WRITE_EXIT_CODES};
pub use explain::{Explain, ExplainFormat};
use resolving::{CARGO_HELP, FIX_EXIT_CODES, UPDATE_EXIT_CODES};
pub use resolving::{Cargo, Fix, Moving, Update, UpdateFormat};

/// Printed below every `-h`: a script needs the meaning of the exit code more than anything else.
const EXIT_CODES: &str = "Exit codes:
  0  every package is approved
  1  something is quarantined or rejected, or a change loosens the policy
  2  it could not be decided: usage, files, network, advisories missing or not fresh";

/// Below `status -h`: a prompt asks whether the project may be built, not whether anything newer exists.
const STATUS_EXIT_CODES: &str = "Exit codes:
  0  every locked package is approved; updates and what is held among them do not count
  1  a locked package is quarantined or rejected, or a change loosens the policy
  2  it could not be decided: usage, files, network, advisories missing or not fresh

With -q one line tells of locked packages that are not approved, or that an approved fix mends; nothing where there are none.
For a prompt: cargo sequester status -q --offline";

/// Below `verify -h`.
const VERIFY_EXIT_CODES: &str = "Exit codes:
  0  lock file, allow-list and vendored sources agree, and nothing leads around them
  1  something differs, or something leads around the vendored sources
  2  it could not be decided: usage, files, configuration, archives that cannot be had

With --sealed, once all is proven, the exit code is cargo's.";

/// Keep new crate releases in quarantine until they have earned approval.
#[derive(Debug, Parser)]
#[command(name = "cargo-sequester", bin_name = "cargo sequester", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print problems only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print every warning
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
    /// The command line as ways out have to fit it; nobody types it
    #[arg(skip)]
    pub situation: Invocation,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Judge every package of the lock file
    #[command(after_help = EXIT_CODES)]
    Audit(Audit),
    /// Show what is held and until when, and what is newer
    #[command(after_help = STATUS_EXIT_CODES)]
    Status(Status),
    /// Move the lock file to the newest approved releases
    #[command(after_help = UPDATE_EXIT_CODES)]
    Update(Update),
    /// Change as little of the lock file as makes `audit` pass
    #[command(after_help = FIX_EXIT_CODES)]
    Fix(Fix),
    /// Run any cargo command behind the same quarantine
    #[command(after_help = CARGO_HELP, disable_help_flag = true)]
    Cargo(Cargo),
    /// Write the approved sources into the project and let cargo build from them alone
    #[command(after_help = EXIT_CODES)]
    Vendor(Vendor),
    /// Tell everything about one release, or the releases of a crate with their verdicts
    #[command(after_help = explain::EXIT_CODES)]
    Explain(Explain),
    /// Prove offline that lock file, allow-list and vendored sources agree, and that nothing leads around them
    #[command(after_help = VERIFY_EXIT_CODES)]
    Verify(Verify),
    /// Exempt one exact release, or ignore one advisory, after looking at what is known of it
    #[command(after_help = WRITE_EXIT_CODES)]
    Approve(Approve),
    /// Take an approval back, or the ignore of an advisory
    #[command(after_help = REVOKE_EXIT_CODES)]
    Revoke(Revoke),
    /// Show the audit trail, newest first
    #[command(after_help = LOG_EXIT_CODES)]
    Log(Log),
    /// Adopt the gate: write a policy, and a baseline of what is locked already
    #[command(after_help = INIT_EXIT_CODES)]
    Init(Init),
}

/// `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to judge
    #[command(flatten)]
    pub subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
}

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// What to judge
    #[command(flatten)]
    pub subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub judge: JudgeBy,
    /// Also list, day by day, what becomes eligible: for so long, such as "14 days", or through a UTC day such as 2026-12-31
    #[arg(long, value_name = "AGE|DATE", help_heading = "Output")]
    pub until: Option<Horizon>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: StatusFormat,
}

/// `vendor`.
#[derive(Debug, Args)]
pub struct Vendor {
    /// The folder to write, below the workspace; `vendor` at its root unless given
    #[arg(value_name = "PATH")]
    pub path: Option<Utf8PathBuf>,
    /// Put the version into every folder's name
    #[arg(long)]
    pub versioned_dirs: bool,
    /// Keep the folders of packages that are no longer locked
    #[arg(long)]
    pub no_delete: bool,
    /// Print what `.cargo/config.toml` should say, and leave it as it is
    #[arg(long)]
    pub no_config: bool,
    /// Vendor for this platform only; others' packages become stubs. Name the building machine's too (can be repeated)
    #[arg(long, value_name = "TARGET")]
    pub platform: Vec<String>,
    /// Write a local registry (index and `.crate` files) into this folder, and no unpacked sources
    #[arg(long, value_name = "DIR", conflicts_with_all = ["path", "versioned_dirs", "platform"])]
    pub local_registry: Option<Utf8PathBuf>,
    /// What to judge
    #[command(flatten)]
    pub subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: VendorFormat,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Which project
    #[command(flatten)]
    pub project: Project,
    /// Derive every vendored package again from its `.crate` file, downloaded where cargo's cache lacks it
    #[arg(long)]
    pub deep: bool,
    /// Derive again what this commit does not have, and judge sources by its policy
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Read the policy from this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH")]
    pub policy: Option<Utf8PathBuf>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: VerifyFormat,
    /// Once it is proven, run this cargo command from the vendored sources alone: empty home and target folder, no other
    /// configuration, a clean environment, on Linux without a network. The exit code is cargo's
    #[arg(long, requires = "command")]
    pub sealed: bool,
    /// What `--sealed` runs, without `cargo`: build --release
    #[arg(value_name = "CARGO COMMAND", trailing_var_arg = true, allow_hyphen_values = true, requires = "sealed")]
    pub command: Vec<String>,
}

/// A workspace, and cargo's own options for it.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Project")]
pub struct Project {
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<Utf8PathBuf>,
    /// Leave `Cargo.lock` as it is (verifying never changes it)
    #[arg(long)]
    pub locked: bool,
    /// Take `.crate` files from cargo's download cache alone
    #[arg(long)]
    pub offline: bool,
    /// The same as `--locked --offline`
    #[arg(long)]
    pub frozen: bool,
}

/// Which project, and how its facts may be got.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Project")]
pub struct Subject {
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<Utf8PathBuf>,
    /// Judge this lock file alone, without a workspace
    #[arg(long, value_name = "PATH", conflicts_with = "manifest_path")]
    pub lockfile: Option<Utf8PathBuf>,
    /// Leave `Cargo.lock` as it is (auditing never changes it)
    #[arg(long)]
    pub locked: bool,
    /// Use what is on this machine; ask no registry
    #[arg(long)]
    pub offline: bool,
    /// The same as `--locked --offline`
    #[arg(long)]
    pub frozen: bool,
}

/// Whose rules, which advisories, what time.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judging")]
pub struct JudgeBy {
    /// Read the policy from this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH")]
    pub policy: Option<Utf8PathBuf>,
    /// Judge by the policy of this commit, and only what it does not lock yet; or by a lock file's packages alone
    #[arg(long, value_name = "REF|LOCKFILE")]
    pub base: Option<String>,
    /// With a base: fail on all that the change loosens, or let its approvals, dated ignores and first policy count and report them
    #[arg(long, value_name = "LANE", default_value = "fail", value_parser = lane(), requires = "base")]
    pub loosened: Lane,
    /// The minimum age of a release, such as "7 days"
    #[arg(long, value_name = "AGE")]
    pub min_publish_age: Option<Age>,
    /// Read advisories from this archive, `git+` address or directory
    #[arg(long, value_name = "PATH|URL", conflicts_with = "no_advisories")]
    pub advisory_db: Option<String>,
    /// Judge without advisories
    #[arg(long)]
    pub no_advisories: bool,
    /// Judge as of this moment, such as 2026-08-21T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = moment::rfc3339)]
    pub now: Option<Timestamp>,
}

impl Subject {
    /// Whether no registry may be asked.
    #[must_use]
    pub const fn is_offline(&self) -> bool {
        self.offline || self.frozen
    }
}

fn lane() -> impl TypedValueParser<Value = Lane> {
    PossibleValuesParser::new(Lane::ALL.map(Lane::as_str)).map(|word| Lane::named(&word).unwrap_or_default())
}

/// When to use colour, as cargo has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that wants it
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to print a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// Markdown, for a comment or a step summary
    Markdown,
}

/// How to print what lies ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
    /// Markdown, for a comment or a step summary
    Markdown,
}

/// How to print what `verify` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
}

/// How to print the result of `vendor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VendorFormat {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
}
