//! The outcome of `verify`: what is wrong, what lies outside, what could not be decided.

use super::checksum::Checksum;
use super::lock_proof::{Discord, Unproven};
use super::package::PackageId;
use super::policy::Origin;
use super::source::Source;
use super::vendored::Destination;
use super::way_around::{WayAround, Weight};

/// Everything that a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verification {
    /// Each breaks the proof.
    pub findings: Vec<Finding>,
    /// Every effective way around, with its weight.
    pub ways: Vec<(Weight, WayAround)>,
    /// Packages that the allow-list does not speak of.
    pub outside: Vec<Outside>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Why no answer is complete.
    pub blockers: Vec<Undecided>,
    /// What was counted.
    pub counts: Counts,
    /// Where cargo will take each package of the lock file from, in the lock file's order.
    pub taken: Vec<(PackageId, TakenFrom)>,
}

/// Where cargo will take a package from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TakenFrom {
    /// A folder of the workspace, or another one on this machine: it has no source.
    Local,
    /// The vendored place.
    Vendored,
    /// Its own registry.
    Registry,
    /// Its own repository.
    Repository,
    /// Another place than the vendored one, or from some folder of the workspace another one.
    Elsewhere(Destination),
    /// Cargo's configuration contradicts itself, or the kind of source is not known.
    Unknown,
}

codes!(TakenFrom {
    Local => "local",
    Vendored => "vendored",
    Registry => "registry",
    Repository => "repository",
    Elsewhere => "elsewhere",
    Unknown => "unknown",
});

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packages of the lock file.
    pub packages: usize,
    /// Of them, those that must lie in the vendored place: all that have a source.
    pub vendored: usize,
    /// Of them, those that the allow-list has as stubs.
    pub stubs: usize,
    /// Files that were hashed.
    pub files: u64,
    pub bytes: u64,
    /// Trees that were derived again from their archives.
    pub derived: usize,
}

/// A package that is built from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outside {
    /// The package.
    pub id: PackageId,
    /// Where a local one lies.
    pub folder: Option<camino::Utf8PathBuf>,
    /// Whether it lies in the workspace, in another repository.
    pub other_repository: bool,
    /// Whether the policy allows its source.
    pub allowed: bool,
}

/// Something that breaks the proof. `directory` is a folder's name in the vendored tree, `path` a path below that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Cargo does not take a source of the lock file from the vendored place but from `to`; `by` is what decides that, and `start` the
    /// folder in which cargo is started, where that is not the workspace's root.
    NotReplaced { source: Source, to: Destination, by: Option<Origin>, start: Option<camino::Utf8PathBuf> },
    /// There is no allow-list.
    NoAllowList,
    /// The vendored folder is not there.
    NoTree { path: String },
    /// The vendored folder is, or is reached by, a symbolic link.
    TreeIsLink { path: String },
    /// The vendored folder is no folder.
    TreeIsNoFolder { path: String },
    /// The vendored folder lies outside the workspace.
    TreeOutside { path: String },
    /// A run of this program, so described, was killed while it wrote tree and configuration.
    Interrupted { run: String },
    /// The lock file has a package that the allow-list does not have.
    NotAllowed { id: PackageId },
    /// The allow-list has a release that the lock file does not have.
    NotLocked { allowed: String },
    /// The allow-list has another checksum than the lock file.
    AllowedChecksumDiffers { id: PackageId, allowed: Option<Checksum> },
    /// The lock file has no checksum, or none that is well formed.
    ChecksumMissing { id: PackageId },
    /// A package has no folder in the vendored tree.
    NotVendored { id: PackageId },
    /// A folder holds no package of the lock file.
    DirectoryNotLocked { directory: String, package: Option<String> },
    /// A folder without a manifest that names a package.
    NoPackage { directory: String, cause: String },
    /// Two folders hold one package; cargo takes one of them without a word.
    PackageTwice { package: String, first: String, second: String },
    /// Two packages of the lock file have one name and version, of two sources: cargo would take both from one place.
    Shared { one: PackageId, other: PackageId },
    /// Something else than a folder lies beside the packages.
    Stray { path: String, what: &'static str },
    /// A folder has no `.cargo-checksum.json`, or none that can be read.
    NoList { directory: String, cause: String },
    /// `.cargo-checksum.json` lists nothing, so cargo checks nothing.
    NothingListed { directory: String },
    /// `.cargo-checksum.json` names another package hash than the lock file; `None` is `null`.
    PackageHashDiffers { directory: String, id: PackageId, found: Option<Checksum> },
    /// `.cargo-checksum.json` is not the one that the allow-list records. `files_match`: the files are, only the list is not.
    TreeDiffers { directory: String, id: PackageId, files_match: bool },
    /// A file is not the listed one.
    FileEdited { directory: String, path: String },
    /// A file that is not listed.
    FileNotListed { directory: String, path: String },
    /// A listed file that is not there.
    FileMissing { directory: String, path: String },
    /// A link, device or empty folder, or a name that is not text.
    NotAFile { directory: String, path: String, what: &'static str },
    /// Two paths that some systems take for one.
    Collision { directory: Option<String>, first: String, second: String },
    /// So many files differ from the listed ones in their line ends alone.
    LineEndings { files: usize, example: String },
    /// The tree is not the one of the package's archive; the paths that differ, bounded.
    NotFromArchive { id: PackageId, directory: String, paths: Vec<String>, more: usize },
    /// A `.crate` file of a local registry is not the one that the lock file names; `found` is its digest, where it could be read.
    ArchiveDiffers { id: PackageId, file: String, found: Option<Checksum> },
    /// The index of a local registry does not say what it must of the locked releases; `path` is a file below `index`.
    IndexDiffers { path: String, cause: String },
    /// A package is a stub, and one of the recorded platforms needs it whole; none where no platform is recorded.
    StubNeeded { id: PackageId, platforms: Vec<String> },
    /// The archive itself must not be used.
    ArchiveRefused { id: PackageId, cause: String },
    /// The package comes from a source that the policy does not allow.
    SourceNotAllowed { id: PackageId },
}

codes!(Finding {
    NotReplaced => "not-replaced",
    NoAllowList => "no-allow-list",
    NoTree => "no-tree",
    TreeIsLink => "tree-is-link",
    TreeIsNoFolder => "tree-is-no-folder",
    TreeOutside => "tree-outside",
    Interrupted => "interrupted",
    NotAllowed => "not-allowed",
    NotLocked => "not-locked",
    AllowedChecksumDiffers => "allowed-checksum-differs",
    ChecksumMissing => "checksum-missing",
    NotVendored => "not-vendored",
    DirectoryNotLocked => "directory-not-locked",
    NoPackage => "no-package",
    PackageTwice => "package-twice",
    Shared => "shared",
    Stray => "stray",
    NoList => "no-list",
    NothingListed => "nothing-listed",
    PackageHashDiffers => "package-hash-differs",
    TreeDiffers => "tree-differs",
    FileEdited => "file-edited",
    FileNotListed => "file-not-listed",
    FileMissing => "file-missing",
    NotAFile => "not-a-file",
    Collision => "collision",
    LineEndings => "line-endings",
    NotFromArchive => "not-from-archive",
    ArchiveDiffers => "archive-differs",
    IndexDiffers => "index-differs",
    StubNeeded => "stub-needed",
    ArchiveRefused => "archive-refused",
    SourceNotAllowed => "source-not-allowed",
});

/// Something that a person should know and that breaks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The vendored folder has no `.gitattributes`: a checkout with another setting of git would change line ends.
    NoAttributes,
    /// It has another one than this program writes.
    OtherAttributes,
    /// The change records other platforms than the base, for which stubs stand in for whole packages.
    Platforms {
        /// Those of the change.
        now: Vec<String>,
        /// Those of the base.
        base: Vec<String>,
    },
    /// The index of a local registry calls this release yanked. Cargo builds what is locked all the same.
    Yanked {
        /// The package.
        id: PackageId,
    },
    /// A run of this program, so described, was killed before it changed anything.
    Stopped(String),
    /// What these git packages ask was taken from the lock file: their manifests are not at hand.
    ManifestsUnseen(Vec<PackageId>),
    /// An entry of cargo's download cache is not the archive that the lock file names. It was not used.
    PoisonedCache {
        /// The package that it is named for.
        id: PackageId,
        /// The file.
        path: camino::Utf8PathBuf,
    },
}

/// Why something could not be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// Cargo does not describe the workspace: which lock file it takes, where local packages lie and what they ask is not known.
    WorkspaceUnread {
        /// Its error.
        cause: String,
    },
    /// A release's archive could not be had, so its tree could not be derived.
    NoArchive {
        /// The package.
        id: PackageId,
        /// Why, in a sentence of its own with its `help:` line.
        cause: String,
    },
    /// A vendored git dependency could not be derived again from its commit.
    GitTree {
        /// The package.
        id: PackageId,
        /// Why, in a sentence of its own with its `help:` line.
        cause: String,
    },
    /// The lock file does not answer the manifests: cargo would build what is not vendored.
    LockOutdated(Discord),
    /// Cargo does not take the lock file as it is.
    LockRefused { words: String },
    /// Whether the lock file answers the manifests cannot be told.
    LockUnproven {
        /// Why not from here.
        why: Vec<Unproven>,
    },
    /// Another run of this program, so described, is writing right now.
    Running(String),
    /// What a recorded platform needs could not be worked out: the compiler's error, with its `help:` line.
    Platform(String),
    /// Cargo's configuration contradicts itself.
    Config(String),
    /// Git does not say whether build output that lies in the checkout is the repository's.
    BuildOutput(String),
    /// The search for nested configurations was ended at its bound.
    SearchEnded {
        /// How many names were looked at.
        limit: usize,
    },
}

impl Verification {
    /// How many packages cargo will take from such a place.
    #[must_use]
    pub(crate) fn taken_from(&self, code: &str) -> usize {
        self.taken.iter().filter(|(_, from)| from.code() == code).count()
    }

    /// Whether the proof holds, as far as it goes.
    #[must_use]
    pub(crate) fn is_proven(&self) -> bool {
        self.findings.is_empty() && self.blockers.is_empty() && self.failing_ways().next().is_none()
    }

    /// The ways around that break the proof.
    pub(crate) fn failing_ways(&self) -> impl Iterator<Item = &WayAround> {
        self.ways.iter().filter(|(weight, _)| *weight == Weight::Fails).map(|(_, way)| way)
    }

    /// The ways around that a person should know of.
    pub(crate) fn warning_ways(&self) -> impl Iterator<Item = &WayAround> {
        self.ways.iter().filter(|(weight, _)| *weight == Weight::Warns).map(|(_, way)| way)
    }
}
