//! Why a lock file is refused, and where in it.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::ReadError;

/// A place in a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The file.
    pub path: Utf8PathBuf,
    /// The line, counted from 1, when known.
    pub line: Option<usize>,
}

impl At {
    pub(super) fn file(path: &Utf8Path) -> Self {
        Self { path: path.to_owned(), line: None }
    }

    pub(super) fn line(path: &Utf8Path, line: usize) -> Self {
        Self { path: path.to_owned(), line: Some(line) }
    }

    /// The line that holds the byte at `offset`.
    pub(super) fn offset(path: &Utf8Path, bytes: &[u8], offset: usize) -> Self {
        Self::line(path, 1 + memchr::memchr_iter(b'\n', bytes.get(..offset).unwrap_or(bytes)).count())
    }

    /// The line of the `[[package]]` at position `header`, which is looked for only when there is something to say about it.
    pub(super) fn package(path: &Utf8Path, text: &str, header: Option<usize>) -> Self {
        let line = header.and_then(|nth| {
            let headers = text.lines().enumerate().filter(|(_, line)| line.trim() == "[[package]]");
            headers.map(|(index, _)| index + 1).nth(nth)
        });
        Self { path: path.to_owned(), line }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path),
            None => write!(f, "{}", self.path),
        }
    }
}

/// Why a lock file cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    /// The caller named a lock file, and it is not there.
    #[error("there is no lock file at {path}\nhelp: check what `--lockfile` names")]
    NotThere {
        /// As it was named.
        path: Utf8PathBuf,
    },
    /// There is none.
    #[error("there is no lock file at {path}\nhelp: run `cargo sequester cargo generate-lockfile` to write one")]
    Absent {
        /// Where it was looked for.
        path: Utf8PathBuf,
    },
    /// The file system does not give it out.
    #[error("the lock file {path} cannot be read: {cause}\nhelp: check that it is a file that you may read")]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// What stood in the way.
        #[source]
        cause: ReadError,
    },
    /// More bytes than a lock file can sensibly have.
    #[error("the lock file {path} is larger than 8 MiB\nhelp: check that it is the file that cargo wrote")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Not text.
    #[error("{at}: the lock file is not UTF-8\nhelp: restore it, for example with `git checkout -- {}`", at.path)]
    NotUtf8 {
        /// The line that holds the first bad byte.
        at: At,
    },
    /// A merge stopped in the middle.
    #[error("{at}: the lock file holds merge conflict markers\nhelp: take one side with `git checkout --theirs -- {}` and resolve again", at.path)]
    Conflict {
        /// The first marker.
        at: At,
    },
    /// Not TOML, or not the shape of a lock file.
    #[error("{at}: the lock file cannot be parsed: {cause}\nhelp: restore it, for example with `git checkout -- {}`", at.path)]
    Syntax {
        /// Where the parser gave up.
        at: At,
        /// What the parser said.
        cause: String,
    },
    /// A format of a cargo that does not exist yet, or never did.
    #[error(
        "{path}: the lock file has format version {version}; versions 1 to 4 are known\nhelp: update cargo-sequester, or write the file with an older cargo"
    )]
    Version {
        /// The file.
        path: Utf8PathBuf,
        /// What it says.
        version: i64,
    },
    /// No package at all, which is what a truncated file looks like.
    #[error(
        "the lock file {path} names no package\nhelp: run `cargo sequester cargo generate-lockfile` to write it anew"
    )]
    Empty {
        /// The file.
        path: Utf8PathBuf,
    },
    /// One package makes no sense.
    #[error("{at}: {problem}\nhelp: restore the lock file, for example with `git checkout -- {}`", at.path)]
    Package {
        /// The package's header.
        at: At,
        /// What is wrong with it.
        problem: PackageProblem,
    },
}

/// What is wrong with one `[[package]]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageProblem {
    /// No name that cargo would accept; names become paths and arguments.
    #[error("{name:?} is not a package name")]
    Name {
        /// The name, escaped when shown.
        name: String,
    },
    /// Not a version.
    #[error("package `{name}` has the version {version:?}, which is not a semantic version")]
    Version {
        /// The package.
        name: String,
        /// What stands there.
        version: String,
    },
    /// Not a source.
    #[error("package `{name}` has the source {source_text:?}, which is not an address")]
    Source {
        /// The package.
        name: String,
        /// What stands there.
        source_text: String,
    },
    /// Name, version and source occur twice.
    #[error("package `{name} {version}` occurs twice with the same source")]
    Twice {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// Two checksums for one package.
    #[error("package `{name} {version}` has two checksums")]
    TwoChecksums {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// A dependency that is not in the file.
    #[error("package `{name}` depends on {dependency:?}, which is not in the lock file")]
    UnknownDependency {
        /// The package.
        name: String,
        /// The dependency as written.
        dependency: String,
    },
    /// A dependency that could be several packages.
    #[error("package `{name}` depends on {dependency:?}, which several packages of the lock file answer to")]
    AmbiguousDependency {
        /// The package.
        name: String,
        /// The dependency as written.
        dependency: String,
    },
}
