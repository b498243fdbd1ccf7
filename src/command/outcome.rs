//! How a verb ends: with an outcome, or with an error that says itself what, where and what to do.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use jiff::civil::Date;

use super::archives::ArchiveLack;
use crate::gather::allow_list::AllowListError;
use crate::gather::base::BaseError;
use crate::gather::cargo_config::CargoConfigError;
use crate::gather::clean_place::CleanPlaceError;
use crate::gather::environment::EnvironmentError;
use crate::gather::git_packages::GitPackagesError;
use crate::gather::http::HttpError;
use crate::gather::incidents::IncidentsError;
use crate::gather::local_registry::LocalRegistryError;
use crate::gather::policy_file::PolicyError;
use crate::gather::target::TargetError;
use crate::gather::trail::TrailError;
use crate::gather::vendor_tree::VendorTreeError;
use crate::gather::ways_around::{ManifestError, WaysError};
use crate::gather::workspace::WorkspaceError;
use crate::model::package::PackageId;
use crate::model::vendoring::PlanRefusal;
use crate::project::ProjectError;
use crate::report::vsa::VsaError;
use crate::resolve::ResolveError;
use crate::write::cargo_config::{ConfigError, SpliceError};
use crate::write::local_index::StagedIndexError;
use crate::write::policy_file::PolicyEditError;
use crate::write::project_file::{KeptFileError, PolicyWriteError};
use crate::write::trail::AppendError;
use crate::write::vendor_dir::VendorDirError;

/// How a verb that ran to its end came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All approved: 0.
    Approved,
    /// Something is held or loosened: 1.
    Held,
    /// It could not be decided: 2.
    Undecided,
    /// What the cargo that was run came out with.
    Cargo(u8),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::SUCCESS,
            Outcome::Held => Self::from(1),
            Outcome::Undecided => Self::from(2),
            Outcome::Cargo(code) => Self::from(code),
        }
    }
}

/// Why a verb could not run to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[cfg(feature = "serve")]
    #[error(transparent)]
    ServeConfig(#[from] crate::serve::ConfigError),
    #[cfg(feature = "serve")]
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
    #[cfg(feature = "serve")]
    #[error(transparent)]
    Place(#[from] crate::serve::PlaceError),
    #[cfg(feature = "serve")]
    #[error(transparent)]
    Randomness(#[from] crate::serve::NoRandomness),
    /// A run that could not decide.
    #[error(
        "the lock file was not posted: this run could not decide about it\nhelp: see what stands in the way, above; a project whose crates.io is the team's registry names that in `mirrors` under [sources] of its own policy"
    )]
    NotPosted,
    /// An address that a lock file cannot be sent to.
    #[error("{url}: {cause}, so the lock file was not posted\nhelp: write it as https://HOST/TEAM/locks/PROJECT")]
    PostAddress { url: String, cause: &'static str },
    /// An answer that is none of a team registry.
    #[error(
        "{url}: the answer is not that of a team registry\nhelp: write the address as https://HOST/TEAM/locks/PROJECT"
    )]
    PostAnswer { url: String },
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    CargoConfig(#[from] CargoConfigError),
    #[error(transparent)]
    Trail(#[from] TrailError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
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
    /// A package of the plan was neither kept nor written.
    #[error("`{id}` was to be vendored, and was not\nhelp: this is a mistake in cargo-sequester; please report it")]
    NotDerived { id: Box<PackageId> },
    /// A local registry holds archives, and git has none.
    #[error(
        "`{id}` comes from a git repository, which a local registry cannot hold\nhelp: vendor unpacked sources: leave `--local-registry` out"
    )]
    GitInLocalRegistry { id: Box<PackageId> },
    #[error(transparent)]
    KeptFile(#[from] KeptFileError),
    /// What cargo did is about another file than there is now.
    #[error("{path} was changed meanwhile, so nothing was written\nhelp: run the command again")]
    ChangedMeanwhile { path: Utf8PathBuf },
    /// `install` builds packages that were not judged.
    #[error(
        "`cargo install` builds from the lock file of a package that was not judged, or from none\nhelp: get its sources, then there: cargo sequester audit && cargo sequester cargo install --locked --path ."
    )]
    Install,
    /// What `package` and `publish` verify with takes something that is in no lock file.
    #[error(
        "`cargo {verb}` builds what it packaged from a lock file that cargo resolves anew: {why}. What it would take was not judged\nhelp: the sources themselves are built by `cargo sequester cargo build`; {verb} them without that second build: cargo sequester cargo {again} --no-verify"
    )]
    Packaging { verb: String, why: String, again: String },
    /// It was not to be completed, and whether what runs would leave it so cannot be told.
    #[error(
        "{path} does not answer the manifests, and is not to be changed\nhelp: complete it: cargo sequester update --workspace"
    )]
    Incomplete { path: Utf8PathBuf },
    /// A manifest in a source file.
    #[error(
        "a cargo script has dependencies of its own, which no lock file of this project names\nhelp: give it a package: cargo new NAME, then move its dependencies there"
    )]
    Script,
    /// A word whose meaning depends on an option that is not known.
    #[error(
        "cargo's option `{option}` is not known here, so it cannot be told which project the command is about\nhelp: write the value of the option in the same word: {option}=VALUE"
    )]
    UnknownOption { option: String },
    /// `-C` moves cargo to another folder.
    #[error(
        "`-C` is not followed here: the folder that is judged must be the one that is built\nhelp: change the folder first: cd FOLDER"
    )]
    OtherFolder,
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The work is done, but the trail has no event of it.
    #[error("{done}, but no event of it could be written: {cause}")]
    Unrecorded { done: &'static str, cause: Box<Self> },
    #[error(transparent)]
    PolicyWrite(#[from] PolicyWriteError),
    #[error(transparent)]
    Incidents(#[from] IncidentsError),
    #[error(transparent)]
    Statement(#[from] VsaError),
    /// The policy file leaves no room for the change.
    #[error("{path}: {cause}")]
    PolicyEdit { path: Utf8PathBuf, cause: PolicyEditError },
    /// Not a package-id spec.
    #[error("`{spec}` is no package-id spec\nhelp: write `name`, `name@1.2.3`, or what `cargo pkgid name` prints")]
    BadSpec { spec: String },
    /// It names a crate where one release is asked for.
    #[error(
        "`{spec}` names no single release: its version is missing, or not whole\nhelp: write `name@1.2.3`, with a version that `cargo sequester log` lists"
    )]
    NoVersion { spec: String },
    /// It names several packages.
    #[error("`{spec}` could be any of\n  {candidates}\nhelp: give one of these lines in its place")]
    Ambiguous { spec: String, candidates: String },
    /// It names no package of the lock file.
    #[error(
        "`{spec}` is not in the dependency graph{locked}\nhelp: `cargo sequester cargo tree` lists what is; a release that is not locked yet needs its whole version: name@1.2.3"
    )]
    NotInGraph { spec: String, locked: String },
    /// It names no package of a lock file that does not answer the manifests yet.
    #[error(
        "`{spec}` is not in the dependency graph, and Cargo.lock does not answer the manifests yet; it was left as it is\nhelp: to lock what they newly ask for: cargo sequester update --workspace"
    )]
    NotYetLocked { spec: String },
    /// A whole version that neither the lock file nor the index has.
    #[error(
        "`{spec}` is not in the dependency graph, and its registry has no such release\nhelp: check the name and the version"
    )]
    NoSuchRelease { spec: String },
    /// A whole version that the index does not have.
    #[error("there is no release {spec} in its registry; Cargo.lock was left as it is\nhelp: check the version")]
    NoSuchVersion { spec: String },
    /// What only a nightly cargo does.
    #[error(
        "`--breaking` is an option of cargo's own that only a nightly cargo takes; nothing was changed\nhelp: raise a requirement in Cargo.toml, or run with a nightly cargo"
    )]
    NotStable,
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
    #[error(
        "SOURCE_DATE_EPOCH is {0:?}, which is no number of seconds since 1970\nhelp: set it to what this prints, or unset it: git log -1 --format=%ct"
    )]
    SourceDate(String),
    #[error("{path}: cannot be written: {cause}\nhelp: name a file in a folder that exists and may be written")]
    NotWritten { path: Utf8PathBuf, cause: std::io::Error },
    #[error("{path}: cannot be read again: {cause}\nhelp: run the command again")]
    LockRead { path: Utf8PathBuf, cause: crate::files::regular::ReadError },
    #[error(transparent)]
    BomFile(#[from] crate::gather::bom_file::BomFileError),
    #[error("{path}: has no {purl}\nhelp: give the bill of materials that was made of this lock file")]
    NotInBom { path: Utf8PathBuf, purl: String },
    /// An option asks for what another one forbids.
    #[error("{0}")]
    Usage(&'static str),
    /// There is nothing to compare a release with.
    #[error("{release} has no release before it to compare it with\nhelp: cargo sequester inspect {release}")]
    NothingBefore { release: String },
    #[error(transparent)]
    Archive(#[from] ArchiveLack),
    /// A crate whose index entry could not be read.
    #[error("`{spec}` is not in the dependency graph, and {cause}\nhelp: run again where its registry can be asked")]
    IndexUnread { spec: String, cause: String },
    /// Neither a spec nor an id.
    #[error(
        "`{spec}` is neither a release nor an advisory's id\nhelp: write `name`, `name@1.2.3`, `name@<1.2.4`, an id such as RUSTSEC-2026-0001, or the path of a list"
    )]
    BadSuspect { spec: String },
    /// A list of what is looked for.
    #[error(
        "the list {path} cannot be used: {cause}\nhelp: a list is UTF-8 text with one `name@1.2.3`, `name@<1.2.4` or advisory's id a line; `#` begins a comment"
    )]
    ListUnread { path: Utf8PathBuf, cause: String },
    /// What an id stands for, only a database tells.
    #[error(
        "what `{id}` hits is not known: {cause}\nhelp: give a database, `--advisory-db PATH|URL`, or name the releases themselves: name@1.2.3"
    )]
    AdvisoriesNeeded { id: String, cause: String },
    #[error("there is no advisory `{id}` in {db}\nhelp: check the id, or name the releases themselves: name@1.2.3")]
    NoSuchAdvisory { id: String, db: String },
    /// The page of `report`.
    #[error(
        "the page {path} cannot be written: {cause}\nhelp: name a file in a folder that is there and may be written"
    )]
    PageUnwritten { path: Utf8PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Base(#[from] BaseError),
    #[error(transparent)]
    Sealed(#[from] SealedError),
    #[error(transparent)]
    Init(#[from] InitError),
    /// A page of the manual, or its folder.
    #[error("{path} cannot be written: {cause}\nhelp: name a folder that you may write to")]
    Pages { path: Utf8PathBuf, cause: std::io::Error },
    /// The output could not be written.
    #[error("the result cannot be written: {0}\nhelp: check where standard output leads")]
    Output(#[source] std::io::Error),
}

impl CommandError {
    /// The outcome of the run; where a signal ended it, 128 and the signal, as in a shell.
    pub(super) fn outcome(&self) -> Outcome {
        if let Self::Resolve(ResolveError::Interrupted { signal }) = self {
            return Outcome::Cargo(u8::try_from(128 + signal).unwrap_or(u8::MAX));
        }
        Outcome::Undecided
    }
}

/// Why `init` wrote nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitError {
    /// There is a policy, or something in its place.
    #[error(
        "{path} is there already, and `init` never overwrites it\nhelp: see what it lets through: cargo sequester audit"
    )]
    Exists { path: Utf8PathBuf },
    /// The moment to judge by lies ahead: what is young today would be written down as old.
    #[error("--now is {now}, but the clock says {machine}\nhelp: give a moment that has been, or leave it out")]
    Ahead { now: Timestamp, machine: Timestamp },
    /// A folder's name that could mean something else in a CI's file.
    #[error(
        "the jobs of a CI cannot be written for {path}: its name has characters that mean something in YAML or to a shell\nhelp: write them by hand, from the files below examples/ci"
    )]
    CiFolder { path: Utf8PathBuf },
    /// Nobody said what the jobs are to build.
    #[error(
        "where the jobs get this program from is not known: no registry has it yet, and a name there could become anybody's\nhelp: name its git repository, and the whole id of a commit that you looked at, with --tool URL#COMMIT"
    )]
    NoTool,
    /// Not a repository and a commit.
    #[error(
        "`{text}` is no repository with the whole id of a commit\nhelp: give it as https://HOST/OWNER/cargo-sequester#COMMIT, with 40 hexadecimal digits"
    )]
    Tool { text: String },
    /// An address that is no team's.
    #[error(
        "{url} is no address of a team registry: {cause}\nhelp: give it as https://HOST/TEAM/, as the server prints it when it starts"
    )]
    Team { url: String, cause: &'static str },
    /// Something else answers there.
    #[error(
        "{url}: no registry answers there\nhelp: give the team's address, https://HOST/TEAM/, as the server prints it when it starts"
    )]
    NoRegistry { url: String },
    /// It takes a server to ask.
    #[error("a team registry cannot be asked what it is with --offline\nhelp: leave --offline out")]
    TeamOffline,
    /// There is no terminal to ask on.
    #[error(
        "nothing was written, because nobody can be asked without a terminal\nhelp: look at the above, then run it with --yes"
    )]
    NobodyToAsk,
    /// The answer was no.
    #[error(
        "nothing was written, because the answer was not yes\nhelp: see it again with --dry-run, or agree with --yes"
    )]
    Declined,
    /// The answer could not be read.
    #[error("the answer cannot be read: {0}\nhelp: agree with --yes")]
    Answer(#[source] std::io::Error),
    #[error(transparent)]
    CargoConfig(#[from] ConfigError),
    /// A folder for cargo's configuration could not be made.
    #[error("{path} cannot be made: {cause}\nhelp: make the project's folder writable")]
    Folder { path: Utf8PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Write(#[from] PolicyWriteError),
}

/// A command that is not run sealed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SealedError {
    /// Not one of `VERBS`.
    #[error(
        "`cargo {verb}` cannot be run sealed\nhelp: give one of build, check, test, bench, run, doc, rustc, rustdoc, tree, metadata"
    )]
    Verb { verb: String },
    /// An option that leads out.
    #[error(
        "`{option}` would lead out of what was proven\nhelp: leave it out; what a program of yours is to get stands behind `--`"
    )]
    Option { option: String },
    /// Output that is there already could be run instead of what is built.
    #[error(
        "the target folder {path} is not empty\nhelp: name one that does not exist yet, or leave `--target-dir` out"
    )]
    TargetNotEmpty { path: Utf8PathBuf },
    /// No compiler to be found.
    #[error("no toolchain was found: {cause}\nhelp: install Rust, or run this as `cargo sequester`")]
    NoToolchain { cause: String },
    /// Cargo could not be started.
    #[error("`{program}` could not be run: {source}\nhelp: check the installation of Rust")]
    NotRun { program: String, source: std::io::Error },
    #[error(transparent)]
    Place(#[from] CleanPlaceError),
    /// Something could not be written there.
    #[error("a temporary folder cannot be written: {0}\nhelp: set TMPDIR to a folder with free space")]
    Io(#[from] std::io::Error),
}
