//! Reads `Cargo.lock`, formats 1 to 4, into packages whose dependencies are positions in the same list.
//!
//! The file is parsed here rather than by the `cargo-lock` crate: that one resolves each dependency by a scan over all packages, which a
//! hostile file of 20,000 packages turns into seconds (here: a tenth of one), finds a format 1 checksum without regard to the source, and
//! names no line in its errors. Where cargo would quietly drop a dependency that it cannot place, this reader refuses the file: a graph
//! with a hole in it cannot be judged.

mod graph;
mod written;

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links, ReadError};
use crate::model::package::{Package, PackageId};

pub use graph::PackageProblem;

/// The most bytes that a lock file may have: the largest in the wild are below 1 MiB, and reading takes up to forty times the
/// file's size in memory.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A lock file's content.
#[derive(Clone, Debug)]
pub struct LockFile {
    /// The format, 1 to 4; 1 and 2 are told apart by where the checksums stand.
    pub version: u8,
    /// The packages in the file's order; a `[root]` of the oldest format comes first.
    pub packages: Vec<Package>,
    /// `[[patch.unused]]`: what a `[patch]` puts in and nothing asks for. It is part of no build.
    pub unused_patches: Vec<PackageId>,
    /// Whether `[metadata]` has checksums, as format 1 has them, and the rest is of a later format, as after a merge gone wrong. Cargo then
    /// drops every checksum of the file, and asks for new ones.
    pub drops_checksums: bool,
    /// The line on which each package begins, counted from 1; empty where the file's layout does not tell.
    pub lines: Vec<u32>,
}

/// Reads the file at `path`.
///
/// # Errors
/// It is absent, cannot be read, or is refused by [`parse`].
pub fn read(path: &Utf8Path) -> Result<LockFile, LockFileError> {
    match regular::read(path, Links::Followed, MAX_BYTES) {
        Ok(bytes) => parse(&bytes, path),
        Err(cause) if cause.is_absent() => Err(LockFileError::Absent { path: path.to_owned() }),
        Err(ReadError::TooLarge(_)) => Err(LockFileError::TooLarge { path: path.to_owned() }),
        Err(cause) => Err(LockFileError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// Reads a lock file's bytes; `path` is for messages only.
///
/// # Errors
/// The text is no lock file that this reader knows, or says something that cannot be placed with certainty.
pub fn parse(bytes: &[u8], path: &Utf8Path) -> Result<LockFile, LockFileError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LockFileError::TooLarge { path: path.to_owned() });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| LockFileError::NotUtf8 { at: At::offset(path, bytes, error.valid_up_to()) })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let raw = match written::as_written(text) {
        Some(raw) => raw,
        None => toml::from_str(text).map_err(|error| unreadable(text, path, &error))?,
    };
    let located = |(header, problem)| LockFileError::Package { at: At::package(path, text, header), problem };
    check_version(&raw, path)?;
    let (packages, drops_checksums) = graph::packages(&raw).map_err(located)?;
    let version = format(&raw, drops_checksums);
    let unused_patches = graph::unused_patches(&raw).map_err(located)?;
    if packages.is_empty() {
        return Err(LockFileError::Empty { path: path.to_owned() });
    }
    let lines = Some(headers(text)).filter(|lines| lines.len() == packages.len()).unwrap_or_default();
    Ok(LockFile { version, packages, unused_patches, drops_checksums, lines })
}

fn headers(text: &str) -> Vec<u32> {
    let is_header = |line: &str| matches!(line.trim(), "[[package]]" | "[root]");
    (1..).zip(text.lines()).filter(|(_, line)| is_header(line)).map(|(number, _)| number).collect()
}

fn check_version(raw: &graph::RawLockFile<'_>, path: &Utf8Path) -> Result<(), LockFileError> {
    match raw.version {
        Some(version) if !(1..=4).contains(&version) => Err(LockFileError::Version { path: path.to_owned(), version }),
        Some(_) | None => Ok(()),
    }
}

/// A file without a `version` is of format 1 if its checksums stand in `[metadata]`, as cargo tells them apart.
fn format(raw: &graph::RawLockFile<'_>, drops_checksums: bool) -> u8 {
    match raw.version.and_then(|version| u8::try_from(version).ok()) {
        Some(version) => version,
        None if raw.checksums().next().is_some() && !drops_checksums => 1,
        None => 2,
    }
}

fn unreadable(text: &str, path: &Utf8Path, error: &toml::de::Error) -> LockFileError {
    let markers = ["<<<<<<< ", "=======", ">>>>>>> ", "||||||| "];
    let conflict = text.lines().position(|line| markers.iter().any(|marker| line.starts_with(marker)));
    if let Some(index) = conflict {
        return LockFileError::Conflict { at: At::line(path, index + 1) };
    }
    let at = error.span().map_or_else(|| At::file(path), |span| At::offset(path, text.as_bytes(), span.start));
    // The first line says what is wrong; further ones list what could stand there instead.
    let cause = error.message().lines().next().unwrap_or_default().to_owned();
    LockFileError::Syntax { at, cause }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub path: Utf8PathBuf,
    /// The line, counted from 1, when known.
    pub line: Option<usize>,
}

impl At {
    fn file(path: &Utf8Path) -> Self {
        Self { path: path.to_owned(), line: None }
    }

    fn line(path: &Utf8Path, line: usize) -> Self {
        Self { path: path.to_owned(), line: Some(line) }
    }

    /// The line that holds the byte at `offset`.
    fn offset(path: &Utf8Path, bytes: &[u8], offset: usize) -> Self {
        Self::line(path, 1 + memchr::memchr_iter(b'\n', bytes.get(..offset).unwrap_or(bytes)).count())
    }

    /// The line of the `[[package]]` at position `header`, which is looked for only when there is something to say about it.
    fn package(path: &Utf8Path, text: &str, header: Option<usize>) -> Self {
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

/// The way out of a lock file that is broken. What is told to restore or remove a file must not be followed on one that is no lock file,
/// or whose state of the last commit is the broken one.
fn restored(path: &Utf8Path) -> String {
    if path.file_name() != Some("Cargo.lock") {
        return format!("check that {path} is a lock file that cargo wrote");
    }
    format!(
        "take {path} from a state in which it was sound, or remove it and have all of it resolved anew: cargo sequester cargo \
         generate-lockfile"
    )
}

/// Why a lock file cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    /// The caller named a lock file, and it is not there.
    #[error("there is no lock file at {path}\nhelp: check what `--lockfile` names")]
    NotThere { path: Utf8PathBuf },
    /// The caller named a lock file as the base, and it is not there.
    #[error("there is no lock file at {path}\nhelp: check what `--base` names: a commit, or the path of a lock file")]
    NoBase { path: Utf8PathBuf },
    #[error("there is no lock file at {path}\nhelp: run `cargo sequester cargo generate-lockfile` to write one")]
    Absent { path: Utf8PathBuf },
    #[error("the lock file {path} cannot be read: {cause}\nhelp: check that it is a file that you may read")]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    /// More bytes than a lock file can sensibly have.
    #[error("the lock file {path} is larger than 8 MiB\nhelp: check that it is the file that cargo wrote")]
    TooLarge { path: Utf8PathBuf },
    #[error("{at}: the lock file is not UTF-8\nhelp: {}", restored(&at.path))]
    NotUtf8 { at: At },
    /// A merge stopped in the middle.
    #[error(
        "{at}: the lock file holds merge conflict markers\nhelp: remove the marker lines and one side of each conflict, then add what the manifests lack: cargo sequester update --workspace"
    )]
    Conflict {
        /// The first marker.
        at: At,
    },
    /// Not TOML, or not the shape of a lock file.
    #[error("{at}: the lock file cannot be parsed: {cause}\nhelp: {}", restored(&at.path))]
    Syntax { at: At, cause: String },
    /// A format of a cargo that does not exist yet, or never did.
    #[error(
        "{path}: the lock file has format version {version}; versions 1 to 4 are known\nhelp: update cargo-sequester, or write the file with an older cargo"
    )]
    Version { path: Utf8PathBuf, version: i64 },
    /// No package at all, which is what a truncated file looks like.
    #[error(
        "the lock file {path} names no package\nhelp: run `cargo sequester cargo generate-lockfile` to write it anew"
    )]
    Empty { path: Utf8PathBuf },
    #[error("{at}: {problem}\nhelp: {}", restored(&at.path))]
    Package { at: At, problem: PackageProblem },
}
