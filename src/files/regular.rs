//! Reads regular files, within bounds and without ever waiting. Where a file is expected, whoever made the folder may have left a pipe
//! that nobody writes to, a device without an end, a socket, a folder, a link or ten gigabytes: each is an error at once.

use std::fmt;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};

use camino::Utf8Path;

/// Whether a symbolic link in the file's place is followed. Links in its folders always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// To the file that it leads to, which must be a regular one.
    Followed,
    /// It is refused as no file.
    Refused,
}

/// What stands where a regular file should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Irregular {
    Folder,
    /// A symbolic link, where none is followed.
    Link,
    /// A named pipe.
    Pipe,
    Socket,
    /// A character or block device.
    Device,
    /// Something that only this operating system knows.
    Other,
}

/// Why a file is not read. The path is told by whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It could not be opened or read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no regular file.
    #[error("it is {0}, not a regular file")]
    Irregular(Irregular),
    /// It is larger than any honest file of its kind.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
}

/// An open file, and what the system says of it.
#[derive(Debug)]
pub(crate) struct RegularFile {
    /// The file, at its start.
    pub file: File,
    /// Of the file that is open, whatever its name leads to by now.
    pub metadata: Metadata,
}

impl Irregular {
    fn of(kind: FileType) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt as _;
            if kind.is_fifo() {
                return Some(Self::Pipe);
            }
            if kind.is_socket() {
                return Some(Self::Socket);
            }
            if kind.is_char_device() || kind.is_block_device() {
                return Some(Self::Device);
            }
        }
        match kind {
            kind if kind.is_file() => None,
            kind if kind.is_dir() => Some(Self::Folder),
            kind if kind.is_symlink() => Some(Self::Link),
            _ => Some(Self::Other),
        }
    }
}

impl fmt::Display for Irregular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "something else",
        })
    }
}

impl ReadError {
    /// Whether there is nothing of that name.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// For errors that carry the system's own.
impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::Io(error) => return error,
            ReadError::Irregular(_) => io::ErrorKind::InvalidInput,
            ReadError::TooLarge(_) => io::ErrorKind::FileTooLarge,
            ReadError::NotUtf8 => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error.to_string())
    }
}

/// Opens a regular file for reading.
///
/// # Errors
/// The file cannot be opened, or is no regular one.
pub(crate) fn open(path: &Utf8Path, links: Links) -> Result<RegularFile, ReadError> {
    // Asked before it is opened, because opening alone makes some devices act; and after, because names are moved.
    let named = match links {
        Links::Followed => std::fs::metadata(path),
        Links::Refused => std::fs::symlink_metadata(path),
    };
    refuse(&named?)?;
    let file = without_waiting(links).open(path)?;
    let metadata = file.metadata()?;
    refuse(&metadata)?;
    Ok(RegularFile { file, metadata })
}

/// Reads a whole file of no more than `limit` bytes.
///
/// # Errors
/// As `open`; or the file is larger, cannot be read, or needs more memory than there is.
pub fn read(path: &Utf8Path, links: Links, limit: u64) -> Result<Vec<u8>, ReadError> {
    open(path, links)?.bytes(limit)
}

/// Reads a whole file of no more than `limit` bytes as text.
///
/// # Errors
/// As [`read`]; or the file is not UTF-8.
pub fn text(path: &Utf8Path, links: Links, limit: u64) -> Result<String, ReadError> {
    String::from_utf8(read(path, links, limit)?).map_err(|_| ReadError::NotUtf8)
}

impl RegularFile {
    /// The whole file, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// As [`read`].
    pub(crate) fn bytes(self, limit: u64) -> Result<Vec<u8>, ReadError> {
        let length = self.metadata.len();
        if length > limit {
            return Err(ReadError::TooLarge(limit));
        }
        let mut bytes = Vec::new();
        // One byte more, so that the end is found without growing.
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1);
        bytes.try_reserve_exact(wanted).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        if !read_at_once(&self.file, length, &mut bytes)? {
            // It has grown since, or is made up by the kernel on reading, and so has no length.
            let left = limit.saturating_add(1).saturating_sub(bytes.len() as u64);
            (&self.file).take(left).read_to_end(&mut bytes)?;
        }
        if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
            return Err(ReadError::TooLarge(limit));
        }
        Ok(bytes)
    }
}

/// Reads into the room that `bytes` has, which is one byte more than `length`. Whether that was the whole file: its length was right.
/// One call does it nearly always, where reading to the end by itself begins with small pieces and asks once more behind the last.
#[cfg(unix)]
fn read_at_once(file: &File, length: u64, bytes: &mut Vec<u8>) -> io::Result<bool> {
    use rustix::buffer::spare_capacity;
    use rustix::io::{read, retry_on_intr};
    while (bytes.len() as u64) < length {
        if retry_on_intr(|| read(file, spare_capacity(bytes)))? == 0 {
            return Ok(true);
        }
    }
    Ok(length > 0 && bytes.len() as u64 == length)
}

#[cfg(not(unix))]
fn read_at_once(_file: &File, _length: u64, _bytes: &mut Vec<u8>) -> io::Result<bool> {
    Ok(false)
}

fn refuse(metadata: &Metadata) -> Result<(), ReadError> {
    Irregular::of(metadata.file_type()).map_or(Ok(()), |what| Err(ReadError::Irregular(what)))
}

/// Opening a pipe does not wait for its other end, and reading what the kernel makes up does not wait for more.
#[cfg(unix)]
fn without_waiting(links: Links) -> OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refused {
        flags |= OFlags::NOFOLLOW;
    }
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

/// Here the two looks at what it is have to do.
#[cfg(not(unix))]
fn without_waiting(_links: Links) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}
