//! The one root of all errors: each says itself what, where and what to do.

use camino::Utf8PathBuf;
use jiff::civil::Date;

use super::Outcome;
use crate::apply::cargo_config::{ConfigError, SpliceError};
use crate::apply::kept_file::KeptFileError;
use crate::apply::local_index::StagedIndexError;
use crate::apply::policy_file::{PolicyEditError, PolicyWriteError};
use crate::apply::trail::AppendError;
use crate::apply::vendor_dir::VendorDirError;
use crate::gather::allow_list::AllowListError;
use crate::gather::base::BaseError;
use crate::gather::cargo_config::CargoConfigError;
use crate::gather::environment::EnvironmentError;
use crate::gather::git_packages::GitPackagesError;
use crate::gather::http::HttpError;
use crate::gather::local_registry::LocalRegistryError;
use crate::gather::lock_file::LockFileError;
use crate::gather::policy_file::PolicyError;
use crate::gather::target::TargetError;
use crate::gather::trail::TrailError;
use crate::gather::vendor_tree::VendorTreeError;
use crate::gather::ways_around::{ManifestError, WaysError};
use crate::gather::workspace::{CargoFailure, WorkspaceError};
use crate::model::Timestamp;
use crate::model::package::PackageId;
use crate::model::plan::PlanRefusal;
use crate::model::policy::Origin;
use crate::model::source::Registry;
use crate::registry::ServeError;
use crate::report::vsa::VsaError;

/// Why a verb could not run to its end.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is the error of the part that it is named after")]
pub enum CommandError {
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    LockFile(#[from] LockFileError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    CargoConfig(#[from] CargoConfigError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Base(#[from] BaseError),
    /// Cargo would resolve anew.
    #[error(
        "{path} does not have `{wanted}`, which `{member}` asks for: cargo would choose a release that nobody judged\nhelp: complete it first: cargo sequester update --workspace"
    )]
    LockOutdated { path: Utf8PathBuf, member: String, wanted: String },
    #[error(transparent)]
    AllowList(#[from] AllowListError),
    #[error(transparent)]
    VendorTree(#[from] VendorTreeError),
    #[error(transparent)]
    OwnConfig(#[from] ManifestError),
    #[error(transparent)]
    Ways(#[from] WaysError),
    #[error(transparent)]
    Plan(#[from] PlanRefusal),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    VendorDir(#[from] VendorDirError),
    #[error(transparent)]
    WrittenConfig(#[from] ConfigError),
    #[error(transparent)]
    Splice(#[from] SpliceError),
    #[error(transparent)]
    GitPackages(#[from] GitPackagesError),
    #[error(transparent)]
    StagedIndex(#[from] StagedIndexError),
    #[error(transparent)]
    LocalRegistry(#[from] LocalRegistryError),
    /// What is vendored is the whole lock file, judged as a whole.
    #[error(
        "`{flag}` cannot be used here: what is vendored is the workspace's whole lock file\nhelp: leave `{flag}` out"
    )]
    WholeLockFile { flag: &'static str },
    /// A later moment than the machine's would shorten every quarantine.
    #[error(
        "`--now {now}` lies in the future, and this command writes\nhelp: leave `--now` out, or use `cargo sequester audit --now {now}` to look ahead"
    )]
    NowInFuture { now: Timestamp },
    /// A package of the plan was neither kept nor written.
    #[error("`{id}` was to be vendored, and was not\nhelp: this is a mistake in cargo-sequester; please report it")]
    NotDerived { id: Box<PackageId> },
    /// A local registry holds archives, and git has none.
    #[error(
        "`{id}` comes from a git repository, which a local registry cannot hold\nhelp: vendor unpacked sources: leave `--local-registry` out"
    )]
    GitInLocalRegistry { id: Box<PackageId> },
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// Reading it ended in a way that was not foreseen: what it recorded is unknown, so nothing is judged.
    #[error(
        "the audit trail in {folder} could not be read\nhelp: this is a mistake in cargo-sequester; please report it"
    )]
    TrailLost { folder: Utf8PathBuf },
    #[error(transparent)]
    KeptFile(#[from] KeptFileError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Cargo cannot describe the workspace, so it cannot resolve it either.
    #[error(
        "cargo cannot describe the workspace at {root}: {failure}\nhelp: mend what cargo names; try `cargo metadata --no-deps`"
    )]
    Undescribed { root: Utf8PathBuf, failure: CargoFailure },
    /// Cargo could not be started.
    #[error("`{program}` could not be run: {source}\nhelp: check that cargo is on the path, or set CARGO")]
    CargoNotRun { program: String, source: std::io::Error },
    /// Index entries that the resolution needs could not be had.
    #[error(
        "the index entries of {count} crates could not be had, of {first} first: {cause}\nhelp: Cargo.lock was left as it is; try again when the registry can be reached"
    )]
    IndexGaps { count: usize, first: String, cause: String },
    /// A registry did not say where its files are.
    #[error(
        "the registry {registry} cannot be put behind the filter: {cause}\nhelp: check its address, and that it can be reached"
    )]
    NotServable { registry: Registry, cause: &'static str },
    /// A signal came.
    #[error("interrupted; Cargo.lock is as it was\nhelp: run the command again")]
    Interrupted { signal: i32 },
    /// What is written is the working tree's business.
    #[error(
        "`--base` compares a change with what it grew from, and this command changes the working tree\nhelp: leave `--base` out; then: cargo sequester audit --base REF"
    )]
    BaseNotHere,
    /// `install` builds what nobody judged.
    #[error(
        "`cargo install` builds from the lock file of a package that was not judged, or from none\nhelp: get its sources, then there: cargo sequester audit && cargo sequester cargo install --locked --path ."
    )]
    Install,
    /// `-C` moves cargo to another folder.
    #[error(
        "`-C` is not followed here: the folder that is judged must be the one that is built\nhelp: change the folder first: cd FOLDER"
    )]
    OtherFolder,
    /// The workspace could not be kept from other runs.
    #[error("{path} cannot be locked against other runs: {source}\nhelp: check the permissions of the folder")]
    NotLocked { path: Utf8PathBuf, source: std::io::Error },
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The work stays done, and the trail does not tell of it.
    #[error("{done}, but no event of it could be written: {cause}")]
    Unrecorded { done: &'static str, cause: Box<Self> },
    #[error(transparent)]
    PolicyWrite(#[from] PolicyWriteError),
    #[error(transparent)]
    Statement(#[from] VsaError),
    /// The policy file leaves no room for the change.
    #[error("{path}: {cause}")]
    PolicyEdit { path: Utf8PathBuf, cause: PolicyEditError },
    /// Not a package-id spec.
    #[error("`{spec}` is no package-id spec\nhelp: write `name`, `name@1.2.3`, or what `cargo pkgid name` prints")]
    BadSpec { spec: String },
    /// It names several packages.
    #[error("`{spec}` could be any of\n  {candidates}\nhelp: give one of these lines in its place")]
    Ambiguous { spec: String, candidates: String },
    /// It names no package of the lock file.
    #[error(
        "`{spec}` is not in the dependency graph{locked}\nhelp: `cargo tree` lists what is; a release that is not locked yet needs its whole version: name@1.2.3"
    )]
    NotInGraph { spec: String, locked: String },
    /// A whole version that neither the lock file nor the index has.
    #[error(
        "`{spec}` is not in the dependency graph, and its registry has no such release\nhelp: check the name and the version"
    )]
    NoSuchRelease { spec: String },
    /// The last day is over.
    #[error("--until {until} is before today, {today}\nhelp: give a day that is still to come")]
    UntilOver { until: Date, today: Date },
    /// Time does not lift a reason.
    #[error("time does not lift `{reason}`, so the exemption needs a last day\nhelp: add --until YYYY-MM-DD")]
    UntilRequired { reason: String },
    /// No such advisory, or it does not hit.
    #[error("{id} does not hit {release}{known}\nhelp: `cargo sequester audit -v` lists what does")]
    NotHit { id: String, release: String, known: String },
    /// Nothing to take back.
    #[error("the policy has no {what} of `{spec}`\nhelp: `cargo sequester log {spec}` tells what was approved")]
    NothingToRevoke { what: &'static str, spec: String },
    /// An option asks for what another one forbids.
    #[error("{0}")]
    Usage(&'static str),
    /// A crate of which nothing could be learned.
    #[error("`{spec}` is not in the dependency graph, and {cause}\nhelp: run again where its registry can be asked")]
    IndexUnread { spec: String, cause: String },
    /// The policy file that was asked for is not there: falling back to the defaults would judge by other rules than were meant.
    #[error("there is no policy file at {path}\nhelp: give `--policy` the path of an existing file, or leave it out")]
    NoPolicy { path: Utf8PathBuf },
    /// With `--base`, a database that the change itself could have rewritten.
    #[error(
        "the advisory database `{db}` lies inside the repository, where the change could have rewritten it\nhelp: give one from outside: --advisory-db PATH|URL"
    )]
    AdvisoriesInRepository { db: String },
    /// With `--base`, a policy elsewhere than the base has it.
    #[error(
        "the policy of the base is {base}, but the change has its workspace where that would be {head}\nhelp: say which one holds: --policy PATH"
    )]
    PolicyMoved { base: Utf8PathBuf, head: Utf8PathBuf },
    /// With `--base`, a cargo home whose configuration and caches the change could have written.
    #[error(
        "CARGO_HOME is {path}, inside the repository, where the change could have rewritten it\nhelp: set CARGO_HOME to a folder that git does not track"
    )]
    HomeInRepository { path: Utf8PathBuf },
    /// Cargo would take another lock file than the one that was found.
    #[error(
        "{origin} makes cargo 1.97 and later use another lock file than Cargo.lock\nhelp: judge that one: --lockfile PATH"
    )]
    OtherLockFile { origin: Origin },
    /// The base's files could not be laid out beside the working tree.
    #[error("a temporary folder cannot be written: {0}\nhelp: set TMPDIR to a folder with free space")]
    Temporary(#[source] std::io::Error),
    #[error(transparent)]
    Init(#[from] super::init::InitError),
    /// The output could not be written.
    #[error("the result cannot be written: {0}\nhelp: check where standard output leads")]
    Output(#[source] std::io::Error),
}

impl CommandError {
    /// What the program comes out with: as a shell tells it where a signal ended the work.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if let Self::Interrupted { signal } = self {
            return Outcome::Cargo(u8::try_from(128 + signal).unwrap_or(u8::MAX));
        }
        Outcome::Undecided
    }
}
