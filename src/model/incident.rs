//! An incident: releases that turned out to be bad, and every place in which one of them was ever seen: lock files of any commit, vendored
//! sources, caches, build output, the audit trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use jiff::civil::Date;
use rustsec::advisory::Versions;
use semver::{Comparator, Op, Version, VersionReq};

use super::checksum::Checksum;
use super::crate_name::is_same;
use super::package::PackageId;
use super::trail::{EventId, Kind};
use super::verdict::VerdictCode;

/// Releases of one crate that are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Suspect {
    /// What the caller named: a spec, or the advisory's id.
    pub asked: String,
    /// The crate, in the spelling that was given.
    pub crate_name: Arc<str>,
    pub affected: Affected,
    /// The advisory that says so, where one was asked for.
    pub advisory: Option<Cited>,
}

/// Which of a crate's releases.
#[derive(Clone, Debug)]
pub(crate) enum Affected {
    /// Every one.
    All,
    /// This one. Build metadata counts only where it was given.
    Exactly(Version),
    /// Those that the requirement accepts, pre-releases in its range among them.
    Within(VersionReq),
    /// Those that the advisory hits.
    Hit(Box<Versions>),
}

/// What is told of an advisory.
#[derive(Clone, Debug)]
pub(crate) struct Cited {
    pub id: Arc<str>,
    /// An attacker's text until escaped.
    pub title: Box<str>,
    /// An attacker's text until escaped.
    pub url: Option<Box<str>>,
    pub aliases: Vec<Box<str>>,
    pub date: Date,
    /// Taken back by its authors.
    pub withdrawn: bool,
}

impl Suspect {
    /// Whether a release is among those that are looked for.
    #[must_use]
    pub(crate) fn is(&self, name: &str, version: &Version) -> bool {
        is_same(&self.crate_name, name) && self.affected.has(version)
    }
}

impl Affected {
    #[must_use]
    pub(crate) fn has(&self, version: &Version) -> bool {
        match self {
            Self::All => true,
            Self::Exactly(wanted) if wanted.build.is_empty() => wanted.cmp_precedence(version).is_eq(),
            Self::Exactly(wanted) => wanted == version,
            Self::Within(wanted) => accepts_widely(wanted, version),
            Self::Hit(versions) => versions.is_vulnerable(version),
        }
    }
}

/// A requirement as a range of versions: cargo passes pre-releases over that a requirement does not name, but a bad release is not
/// less bad for being one.
fn accepts_widely(wanted: &VersionReq, version: &Version) -> bool {
    if version.pre.is_empty() || wanted.matches(version) {
        return wanted.matches(version);
    }
    let release = Version::new(version.major, version.minor, version.patch);
    let fits = |one: &Comparator| {
        let only = VersionReq { comparators: vec![one.clone()] };
        let bound = Version::new(one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
        only.matches(version)
            || only.matches(&release)
            || (one.op == Op::Less && one.pre.is_empty() && release == bound)
    };
    wanted.comparators.iter().all(fits)
}

/// What one lock file has of a suspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The position of the suspect.
    pub suspect: usize,
    pub id: PackageId,
    pub checksum: Option<Checksum>,
    /// The packages without a source, which are the repository's own, that reach it in the lock file: its products, as far as a lock file
    /// tells. Optional and target-specific dependencies count.
    pub products: BTreeSet<Arc<str>>,
}

/// The lock files of a repository's whole history.
#[derive(Clone, Debug, Default)]
pub(crate) struct LockHistory {
    /// Every commit that a reference, a reflog or a working tree leads to, parents before children.
    pub commits: Vec<CommitNode>,
    /// Which lock files there were, by path; commits that changed none share one.
    pub states: Vec<BTreeMap<u32, u32>>,
    /// The paths of lock files, below the repository's top. An attacker's text until escaped.
    pub paths: Vec<Utf8PathBuf>,
    /// The object ids of all distinct lock files.
    pub blobs: Vec<String>,
    pub tips: Vec<Tip>,
}

/// One commit.
#[derive(Clone, Debug)]
pub(crate) struct CommitNode {
    pub id: String,
    /// The committer's time in seconds since 1970, as the commit says.
    pub time: i64,
    /// Positions in the list of commits.
    pub parents: Vec<u32>,
    /// The position of its state.
    pub state: u32,
}

/// Where a line of history ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tip {
    pub kind: TipKind,
    /// The reference without its folder, or the folder of a working tree. An attacker's text until escaped.
    pub name: String,
    /// The position of its commit; `None` where it is not a commit's.
    pub commit: Option<u32>,
    /// The position of its state, where that is not its commit's.
    pub state: Option<u32>,
}

/// What kind of tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TipKind {
    /// Files as they lie in a working tree, committed or not.
    WorkingTree,
    /// What is staged for the next commit.
    Index,
    /// A `HEAD` that is on no branch.
    DetachedHead,
    Branch,
    RemoteBranch,
    Tag,
    Stash,
    /// Any other reference.
    Other,
}

names!(TipKind {
    WorkingTree => "working-tree",
    Index => "index",
    DetachedHead => "detached-head",
    Branch => "branch",
    RemoteBranch => "remote-branch",
    Tag => "tag",
    Stash => "stash",
    Other => "other",
});

/// A lock file that lies in a working tree.
#[derive(Clone, Debug)]
pub(crate) struct LooseLock {
    /// The folder of the working tree, and the file below it.
    pub tree: Utf8PathBuf,
    pub path: Utf8PathBuf,
    pub hits: Vec<Hit>,
    /// Whether a vendored package brought it along: cargo reads no such lock file.
    pub packaged: bool,
}

/// A commit as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitTold {
    pub id: String,
    /// `Name <mail>`; an attacker's text until escaped.
    pub author: String,
    /// When it was written and committed, as it says itself.
    pub authored: Option<Timestamp>,
    pub committed: Option<Timestamp>,
}

/// A bad release in a lock file, over all of history.
#[derive(Clone, Debug)]
pub(crate) struct Locked {
    pub suspect: usize,
    pub id: PackageId,
    pub checksums: BTreeSet<Checksum>,
    /// The lock file below the repository's top.
    pub path: Utf8PathBuf,
    /// Where it is locked now.
    pub tips: Vec<Tip>,
    /// Commits that brought it in, and that took it out, earliest first.
    pub added: Vec<u32>,
    pub removed: Vec<u32>,
    /// The latest commit that has it.
    pub last: Option<u32>,
    /// How many commits have it.
    pub commits: usize,
    pub products: BTreeSet<Arc<str>>,
    /// Whether the lock file is one that a vendored package brought along.
    pub packaged: bool,
    /// The manifest beside it, where it lies in this working tree, as the working directory sees it.
    pub manifest: Option<Utf8PathBuf>,
}

/// What was found of a release beside lock files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trace {
    pub kind: TraceKind,
    pub name: String,
    /// `None` where what was found does not say of which version it is.
    pub version: Option<Version>,
    /// The file or folder.
    pub path: Utf8PathBuf,
    /// When the file was written, or the unit built, as the file system says.
    pub at: Option<Timestamp>,
    /// The digest of an archive, or the one that is listed.
    pub checksum: Option<Checksum>,
}

/// What kind of trace, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TraceKind {
    /// On the allow-list of the vendored sources.
    Allowed,
    /// A folder or archive of vendored sources.
    Vendored,
    /// An archive in cargo's download cache.
    Archive,
    /// Unpacked by cargo.
    Unpacked,
    /// Installed as a program by `cargo install`.
    Installed,
    /// Compiled, or checked.
    Built,
    /// Its build script was run.
    BuildScriptRun,
}

names!(TraceKind {
    Allowed => "allow-listed",
    Vendored => "vendored",
    Archive => "archive",
    Unpacked => "unpacked",
    Installed => "installed",
    Built => "built",
    BuildScriptRun => "build-script-run",
});

/// Whether an archive is the one that was locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// A lock file, the index or the trail has the same checksum.
    AsLocked,
    /// They have others.
    Other,
    /// Nothing tells.
    Unknown,
}

names!(Bytes { AsLocked => "as-locked", Other => "other", Unknown => "unknown" });

/// What the audit trail has of a release.
#[derive(Clone, Debug)]
pub(crate) struct RecordedSighting {
    pub event: EventId,
    pub kind: Kind,
    pub at: Timestamp,
    /// An attacker's text until escaped.
    pub who: Option<String>,
    pub name: String,
    pub version: Version,
    pub verdict: Option<VerdictCode>,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// The history was cut off.
    Shallow,
    /// Objects were left at the server.
    Partial,
    /// There is no repository to ask, or it does not answer.
    NoHistory {
        cause: String,
    },
    /// A lock file that may name a suspect, and cannot be read. `commit` is an example.
    LockFile {
        path: String,
        cause: String,
    },
    /// A link in a lock file's place that leads to none.
    Link {
        path: String,
    },
    /// A folder or file that cannot be read, or holds more than is looked at.
    Place {
        path: String,
        cause: String,
    },
    /// Build output of the crate that does not say of which version it is.
    VersionUntold {
        name: String,
        path: String,
    },
    Trail {
        cause: String,
    },
    /// No registry has such a release, or such a crate: what was asked for was mistyped, or is deleted.
    Unknown {
        asked: String,
        has_crate: bool,
    },
    /// The project's own settings cannot be read.
    Project {
        cause: String,
    },
}

codes!(Gap {
    Shallow => "shallow-clone",
    Partial => "partial-clone",
    NoHistory => "no-history",
    LockFile => "lock-file-unread",
    Link => "lock-file-link",
    Place => "place-unread",
    VersionUntold => "version-untold",
    Trail => "trail-unread",
    Unknown => "unknown-release",
    Project => "project-unread",
});

/// What was looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct LookedAt {
    pub references: usize,
    pub commits: usize,
    /// Distinct lock files of all commits.
    pub lock_files: usize,
    /// Working trees, download caches and folders of build output.
    pub working_trees: Vec<Utf8PathBuf>,
    pub caches: Vec<Utf8PathBuf>,
    pub build_folders: Vec<Utf8PathBuf>,
    /// Submodules, whose repositories are not looked into.
    pub submodules: Vec<String>,
}

/// What the registry's index says of a bad release.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub name: Arc<str>,
    pub version: Version,
    pub pubtime: Option<Timestamp>,
    /// Whether its index entry could be had.
    pub is_asked: bool,
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incident {
    pub suspects: Vec<Suspect>,
    pub locked: Vec<Locked>,
    /// By their positions in the history's list.
    pub commits: BTreeMap<u32, CommitTold>,
    pub traces: Vec<(Trace, Bytes)>,
    pub recorded: Vec<RecordedSighting>,
    pub published: Vec<Published>,
    pub gaps: Vec<Gap>,
    pub looked_at: LookedAt,
}

impl Incident {
    /// Whether anything was found that counts: what a vendored package's own lock file names is no dependency of anybody here.
    #[must_use]
    pub(crate) fn is_found(&self) -> bool {
        self.locked.iter().any(|locked| !locked.packaged) || !self.traces.is_empty() || !self.recorded.is_empty()
    }

    /// The releases that were found, by name and version.
    #[must_use]
    pub(crate) fn releases(&self) -> BTreeSet<(String, Version)> {
        let locked = self.locked.iter().map(|one| (one.id.name.to_string(), one.id.version.clone()));
        let traces = self.traces.iter().filter_map(|(one, _)| Some((one.name.clone(), one.version.clone()?)));
        let recorded = self.recorded.iter().map(|one| (one.name.clone(), one.version.clone()));
        locked.chain(traces).chain(recorded).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    #[test]
    fn a_range_holds_the_pre_releases_in_it() {
        let has = |req: &str, version: &str| Affected::Within(req.parse().unwrap()).has(&version.parse().unwrap());
        for (req, version) in [
            ("<1.2.0", "1.2.0-rc.1"),
            (">=1.0, <2", "1.5.0-beta"),
            ("^1", "1.9.9-a"),
            (">=1.2.0", "1.2.0-rc.1"),
            ("1.2", "1.2.3"),
        ] {
            assert!(has(req, version), "{req} {version}");
        }
        for (req, version) in
            [("<1.2.0", "1.2.0"), ("<1.2.0", "1.3.0-rc.1"), ("^1", "2.0.0-rc.1"), ("=1.2.3", "1.2.4-a")]
        {
            assert!(!has(req, version), "{req} {version}");
        }
        assert!(Affected::Exactly("1.0.0".parse().unwrap()).has(&"1.0.0+git".parse().unwrap()));
        assert!(!Affected::Exactly("1.0.0+a".parse().unwrap()).has(&"1.0.0+b".parse().unwrap()));
    }
}
