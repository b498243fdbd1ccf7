//! Unpacks the `crates` folder of an archive of advisories, and nothing else of it.
//!
//! The archive comes from the network, so everything about it is bounded, and an archive that tries to write elsewhere is
//! refused whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};

use camino::Utf8Path;
use flate2::bufread::GzDecoder;
use jiff::Timestamp;
use tar::EntryType;

use super::statement::FILE_LIMIT;

/// The most bytes of the tar stream.
const STREAM_LIMIT: u64 = 64 << 20;
/// The most entries of the archive, of whatever kind.
const ENTRY_LIMIT: usize = 200_000;
/// The most advisory files.
const ADVISORY_LIMIT: usize = 50_000;
/// The most bytes of a global header.
const HEADER_LIMIT: u64 = 64 << 10;
/// The longest name of a crate's folder: crates.io's limit.
const CRATE_NAME_LIMIT: usize = 64;
/// The longest name of an advisory's file.
const FILE_NAME_LIMIT: usize = 100;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// It cannot be decompressed or read as tar, or its end is missing.
    #[error("it is no whole archive: {0}")]
    Malformed(#[source] io::Error),
    /// Something follows the compressed stream.
    #[error("something follows its end")]
    TrailingBytes,
    /// More of something than any advisory database has.
    #[error("it has too many {0}")]
    TooLarge(&'static str),
    /// An entry that would be written elsewhere.
    #[error("its entry `{}` leads out of it", .0.escape_debug())]
    Escapes(String),
    /// Something other than a file or a folder among the advisories.
    #[error("its entry `{}` is neither a file nor a folder", .0.escape_debug())]
    Kind(String),
    /// An advisory file with a name that none has.
    #[error("its entry `{}` has a name that no advisory has", .0.escape_debug())]
    Name(String),
    /// The same file twice, or two top folders.
    #[error("its entry `{}` collides with another", .0.escape_debug())]
    Collision(String),
    /// There is no `crates` in it.
    #[error("it has no `crates` folder")]
    NoCollection,
    /// The unpacked file could not be written.
    #[error("its entry `{}` could not be written: {source}", .path.escape_debug())]
    Write { path: String, source: io::Error },
}

/// What an archive says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// The commit that `git archive` leaves in the global header.
    pub(super) commit: Option<String>,
    /// The youngest modification time among the advisories: the commit's, in an archive that git made.
    pub(super) committed: Option<Timestamp>,
    pub(super) total: usize,
}

/// Unpacks a gzipped archive to `into/crates`.
pub(super) fn unpack_gzip(archive: &[u8], into: &Utf8Path) -> Result<Unpacked, UnpackError> {
    let mut decoder = GzDecoder::new(archive);
    let unpacked = unpack(&mut decoder, into)?;
    if decoder.into_inner().is_empty() { Ok(unpacked) } else { Err(UnpackError::TrailingBytes) }
}

/// Unpacks a tar stream to `into/crates`, and reads it to its end, so that a checksum over it is verified.
pub(super) fn unpack(stream: impl Read, into: &Utf8Path) -> Result<Unpacked, UnpackError> {
    let mut archive = tar::Archive::new(Bounded { stream, left: STREAM_LIMIT });
    let mut unpacking = Unpacking { into, top: None, folders: BTreeSet::new(), found: Unpacked::default(), any: false };
    for (count, entry) in archive.entries().map_err(UnpackError::Malformed)?.enumerate() {
        if count >= ENTRY_LIMIT {
            return Err(UnpackError::TooLarge("entries"));
        }
        unpacking.take(&mut entry.map_err(UnpackError::Malformed)?)?;
    }
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(UnpackError::Malformed)?;
    if unpacking.any { Ok(unpacking.found) } else { Err(UnpackError::NoCollection) }
}

struct Unpacking<'a> {
    into: &'a Utf8Path,
    top: Option<String>,
    folders: BTreeSet<String>,
    found: Unpacked,
    any: bool,
}

impl Unpacking<'_> {
    fn take<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<(), UnpackError> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return self.take_header(entry);
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == ".." || part.ends_with(':')) {
            return Err(UnpackError::Escapes(path));
        }
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let [top, "crates", inner @ ..] = parts.as_slice() else { return Ok(()) };
        if !matches!(kind, EntryType::Regular | EntryType::Directory) {
            return Err(UnpackError::Kind(path));
        }
        if self.top.get_or_insert_with(|| (*top).to_owned()) != top {
            return Err(UnpackError::Collision(path));
        }
        if !self.any {
            let crates = self.into.join("crates");
            fs::create_dir(&crates).map_err(|source| UnpackError::Write { path: path.clone(), source })?;
            self.any = true;
        }
        let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        let modified = modified.filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok());
        self.found.committed = self.found.committed.max(modified);
        match inner {
            [crate_name, file] if kind == EntryType::Regular && is_crate_name(crate_name) && is_advisory(file) => {
                self.write(entry, crate_name, file, &path)
            }
            _ => Ok(()),
        }
    }

    fn take_header<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<(), UnpackError> {
        if entry.size() > HEADER_LIMIT {
            return Err(UnpackError::TooLarge("header bytes"));
        }
        let Some(extensions) = entry.pax_extensions().map_err(UnpackError::Malformed)? else { return Ok(()) };
        for extension in extensions {
            let extension = extension.map_err(UnpackError::Malformed)?;
            if let (Ok("comment"), Ok(value)) = (extension.key(), extension.value()) {
                self.found.commit = is_commit(value).then(|| value.to_owned());
            }
        }
        Ok(())
    }

    fn write<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        crate_name: &str,
        file: &str,
        path: &str,
    ) -> Result<(), UnpackError> {
        if !is_file_name(file) {
            return Err(UnpackError::Name(path.to_owned()));
        }
        if self.found.total >= ADVISORY_LIMIT {
            return Err(UnpackError::TooLarge("advisories"));
        }
        let failed = |source: io::Error| {
            // Also where the file system takes two spellings for one.
            if source.kind() == io::ErrorKind::AlreadyExists {
                UnpackError::Collision(path.to_owned())
            } else {
                UnpackError::Write { path: path.to_owned(), source }
            }
        };
        let folder = self.into.join("crates").join(crate_name);
        if self.folders.insert(crate_name.to_owned()) {
            fs::create_dir(&folder).map_err(failed)?;
        }
        let mut content = Vec::new();
        // One byte more than may be read back: a file that is too large then counts as unreadable, for its own crate alone.
        entry.take(FILE_LIMIT + 1).read_to_end(&mut content).map_err(UnpackError::Malformed)?;
        let mut written = File::create_new(folder.join(file)).map_err(failed)?;
        io::Write::write_all(&mut written, &content).map_err(failed)?;
        self.found.total += 1;
        Ok(())
    }
}

/// A stream that fails beyond its limit; `take` would make the archive look as if it had ended.
struct Bounded<R> {
    stream: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other("it is too large"))?;
        Ok(count)
    }
}

/// A git commit's id, of either hash.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_crate_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= CRATE_NAME_LIMIT
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_advisory(file: &str) -> bool {
    !file.starts_with('.') && file.to_ascii_lowercase().ends_with(".md")
}

fn is_file_name(file: &str) -> bool {
    file.len() <= FILE_NAME_LIMIT
        && file.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
