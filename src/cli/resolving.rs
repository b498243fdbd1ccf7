//! The verbs that change what is built: `update`, `fix`, `cargo` and `vendor`.

use camino::Utf8PathBuf;
use clap::Args;
use semver::Version;

use super::options::{HumanJsonOrMarkdown, HumanOrJson, JudgeBy, Subject};

/// Printed below the help of `cargo`.
pub(super) const CARGO_HELP: &str =
    "Commands that resolve (update, add, remove, generate-lockfile) see approved releases only. Every other command \
runs on the usual sources once the lock file is complete and approved.

Exit codes:
  0  cargo's own
  1  something is quarantined or rejected, and cargo was not run or its result undone
  2  it could not be decided
  *  cargo's own";

/// Below `update -h`.
pub(super) const UPDATE_EXIT_CODES: &str = "Exit codes:
  0  all that is new is approved; what was locked before and nothing approved can replace stays, and is told as Kept
  1  nothing was changed: no way to what was asked is approved; or something is not approved and may not stay
  2  it could not be decided: usage, files, network, advisories missing or not fresh";

/// Below `fix -h`.
pub(super) const FIX_EXIT_CODES: &str = "Exit codes:
  0  every package is approved
  1  something stays quarantined or rejected, because nothing approved can take its place yet; the rest was moved
  2  it could not be decided: usage, files, network, advisories missing or not fresh";

/// What `update` and `fix` are both told.
#[derive(Debug, Args)]
pub(crate) struct Moving {
    /// Say what would change, and leave everything as it is
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Then write the approved sources into `vendor`, as `cargo sequester vendor` does
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) vendor: bool,
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<Utf8PathBuf>,
    /// Use what is on this machine; ask no registry
    #[arg(long)]
    pub(crate) offline: bool,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: HumanJsonOrMarkdown,
}

/// `fix`.
#[derive(Debug, Args)]
pub(crate) struct Fix {
    /// How to move
    #[command(flatten)]
    pub(crate) moving: Moving,
}

/// `update`.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The packages to move; all where none is named
    #[arg(value_name = "SPEC", group = "named")]
    pub(crate) specs: Vec<String>,
    /// The same, as older cargos have it
    #[arg(short, long = "package", value_name = "SPEC", hide = true, group = "named")]
    pub(crate) package: Vec<String>,
    /// Move SPEC to exactly this version
    #[arg(long, value_name = "VERSION", requires = "named", conflicts_with = "recursive")]
    pub(crate) precise: Option<Version>,
    /// Move the dependencies of SPEC too
    #[arg(long, requires = "named")]
    pub(crate) recursive: bool,
    /// Change only what the manifests of the workspace make necessary
    #[arg(short, long, conflicts_with_all = ["named", "breaking"])]
    pub(crate) workspace: bool,
    /// Raise requirements in manifests to the newest approved major versions, by cargo's own option of that name
    #[arg(short, long, conflicts_with_all = ["precise", "recursive"])]
    pub(crate) breaking: bool,
    /// How to move
    #[command(flatten)]
    pub(crate) moving: Moving,
}

/// `cargo`.
#[derive(Debug, Args)]
pub(crate) struct Cargo {
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// Cargo's own arguments: `+toolchain`, a command, its options
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) arguments: Vec<String>,
}

/// `vendor`.
#[derive(Debug, Args)]
pub(crate) struct Vendor {
    /// The folder to write, below the workspace; `vendor` at its root unless given
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<Utf8PathBuf>,
    /// Put the version into every folder's name
    #[arg(long)]
    pub(crate) versioned_dirs: bool,
    /// Keep the folders of packages that are no longer locked
    #[arg(long)]
    pub(crate) no_delete: bool,
    /// Print what `.cargo/config.toml` should say, and leave it as it is
    #[arg(long)]
    pub(crate) no_config: bool,
    /// Vendor for this platform only; others' packages become stubs. Name the building machine's too (can be repeated)
    #[arg(long, value_name = "TARGET")]
    pub(crate) platform: Vec<String>,
    /// Write a local registry (index and `.crate` files) into this folder, and no unpacked sources
    #[arg(long, value_name = "DIR", conflicts_with_all = ["path", "versioned_dirs", "platform"])]
    pub(crate) local_registry: Option<Utf8PathBuf>,
    /// What to judge
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What to judge by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: HumanOrJson,
}
