//! Reads `Cargo.lock`, formats 1 to 4, into packages whose dependencies are positions in the same list.
//!
//! The file is parsed here rather than by the `cargo-lock` crate: that one resolves each dependency by a scan over all packages, which a
//! hostile file of 20,000 packages turns into seconds (here: a tenth of one), finds a format 1 checksum without regard to the source, and names no line in
//! its errors. Where cargo would quietly drop a dependency that it cannot place, this reader refuses the file: a graph with a hole in
//! it cannot be judged.

mod error;
mod raw;
mod resolve;
mod source;

use camino::Utf8Path;

use crate::files::regular::{self, Links, ReadError};
use crate::model::package::{Package, PackageId};

pub use error::{At, LockFileError, PackageProblem};

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
    let raw: raw::LockFile<'_> = toml::from_str(text).map_err(|error| unreadable(text, path, &error))?;
    let version = format(&raw, path)?;
    let located = |(header, problem)| LockFileError::Package { at: At::package(path, text, header), problem };
    let packages = resolve::packages(&raw).map_err(located)?;
    let unused_patches = resolve::unused_patches(&raw).map_err(located)?;
    if packages.is_empty() {
        return Err(LockFileError::Empty { path: path.to_owned() });
    }
    let lines = Some(headers(text)).filter(|lines| lines.len() == packages.len()).unwrap_or_default();
    Ok(LockFile { version, packages, unused_patches, lines })
}

fn headers(text: &str) -> Vec<u32> {
    let is_header = |line: &str| matches!(line.trim(), "[[package]]" | "[root]");
    (1..).zip(text.lines()).filter(|(_, line)| is_header(line)).map(|(number, _)| number).collect()
}

/// A file without a `version` is of format 1 if its checksums stand in `[metadata]`, as cargo tells them apart.
fn format(raw: &raw::LockFile<'_>, path: &Utf8Path) -> Result<u8, LockFileError> {
    match raw.version {
        None if raw.checksums().next().is_some() => Ok(1),
        None => Ok(2),
        Some(version) => u8::try_from(version)
            .ok()
            .filter(|version| (1..=4).contains(version))
            .ok_or_else(|| LockFileError::Version { path: path.to_owned(), version }),
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
