//! How large an archive may be, and why one is refused.

use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

/// The bounds of an archive. The default's sizes are cargo's (`max_unpack_size` of its `sources/registry`), so that every crate
/// that cargo unpacks passes; the others are far above what real crates have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that any archive may unpack to, headers included.
    pub unpacked: u64,
    /// How many times its compressed size an archive may unpack to, where that is more than [`Self::unpacked`].
    pub ratio: u64,
    /// Unpacked bytes that are held in memory: an archive that has more is unpacked again for each use.
    pub held: u64,
    /// Entries in the archive.
    pub entries: usize,
    /// Bytes of an entry's path, the `name-version/` prefix included.
    pub path_bytes: usize,
    /// Bytes of one component of a path: what file systems hold.
    pub component_bytes: usize,
    /// Components of a path.
    pub path_depth: usize,
    /// Bytes of `Cargo.toml`.
    pub manifest_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked: 512 << 20,
            ratio: 20,
            held: 32 << 20,
            entries: 100_000,
            path_bytes: 1024,
            component_bytes: 255,
            path_depth: 64,
            manifest_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// The bytes that an archive of `compressed` bytes may unpack to.
    pub(super) fn unpacked_from(&self, compressed: usize) -> u64 {
        self.unpacked.max((compressed as u64).saturating_mul(self.ratio))
    }
}

/// A `.crate` file that must not be used, and why. Nothing of it has been written anywhere.
#[derive(Debug, thiserror::Error)]
#[error("the archive of `{id}` is refused: {fault}\nhelp: {}", fault.help())]
pub struct ArchiveError {
    /// The package that the archive was said to be.
    pub id: Box<PackageId>,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What is wrong with an archive. `entry` is the entry's path as the archive has it, with bytes that are not text replaced;
/// the message has it escaped, as a name may hold line breaks and control sequences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are not the ones that the lock file or the index names.
    #[error("its SHA-256 is {found}, where {expected} was expected")]
    ChecksumMismatch {
        /// What the lock file or the index says.
        expected: Checksum,
        /// What the bytes hash to.
        found: Checksum,
    },
    /// Not a gzip stream at all.
    #[error("it is not a gzip file")]
    NotGzip,
    /// The gzip stream ends early, or its content does not match its own checks.
    #[error("its gzip stream is damaged or cut short")]
    DamagedGzip,
    /// A second gzip stream follows the first: some readers stop before it, some do not.
    #[error("a second gzip stream follows the first")]
    SecondGzipMember,
    /// Bytes after the gzip stream.
    #[error("{0} bytes follow the gzip stream")]
    BytesAfterGzip(usize),
    /// It unpacks to more than cargo would take.
    #[error("it unpacks to more than {limit} bytes")]
    TooLarge {
        /// The most bytes that this archive may have.
        limit: u64,
    },
    /// More entries than any crate needs.
    #[error("it has more than {limit} entries")]
    TooManyEntries {
        /// The most entries that an archive may have.
        limit: usize,
    },
    /// The tar stream ends within an entry, or without its end mark.
    #[error("its tar stream is cut short")]
    TruncatedTar,
    /// Something other than zeros after the tar stream's end mark.
    #[error("bytes follow the end of its tar stream")]
    BytesAfterTar,
    /// A header that is not one.
    #[error("entry {position} has a damaged header: {part}")]
    DamagedHeader {
        /// The entry's position in the archive, from 1.
        position: usize,
        /// The field that cannot be read.
        part: &'static str,
    },
    /// An extended header that cannot be read, or that asks for something beyond a plain file.
    #[error("entry {position} has an extended header that is refused: {part}")]
    ExtendedHeader {
        /// The position of the entry in the archive, from 1.
        position: usize,
        /// What it asks for.
        part: Box<str>,
    },
    /// Two headers of one entry name two sizes, so that readers disagree about where the next entry begins.
    #[error("entry `{}` has the size {header} in one header and {extended} in another", entry.escape_debug())]
    SizeMismatch {
        /// The entry's path.
        entry: Box<str>,
        /// The size in the entry's own header.
        header: u64,
        /// The size in its extended header.
        extended: u64,
    },
    /// Neither a regular file nor a directory.
    #[error("entry `{}` is a {kind}; only files and directories are allowed", entry.escape_debug())]
    ForbiddenKind {
        /// The entry's path.
        entry: Box<str>,
        /// What it is.
        kind: &'static str,
    },
    /// A path that is refused on every system.
    #[error("entry `{}` {fault}", entry.escape_debug())]
    Path {
        /// The entry's path.
        entry: Box<str>,
        /// What is wrong with it.
        fault: PathFault,
    },
    /// One path with two contents.
    #[error("entry `{}` occurs twice, with different content", entry.escape_debug())]
    Repeated {
        /// The entry's path.
        entry: Box<str>,
    },
    /// Two paths that are one on a file system that ignores case or normalises names, with different content.
    #[error("entries `{}` and `{}` are one file on some systems, and differ", first.escape_debug(), second.escape_debug())]
    Collision {
        /// The path that came first.
        first: Box<str>,
        /// The path that came later.
        second: Box<str>,
    },
    /// One path as a file and as a directory.
    #[error("entry `{}` is both a file and a directory", entry.escape_debug())]
    FileAndDirectory {
        /// The entry's path.
        entry: Box<str>,
    },
    /// Our own reader and the `tar` crate's list different entries.
    #[error("two readers disagree about entry {position}")]
    ReadersDisagree {
        /// The position in the list of files and directories, from 1.
        position: usize,
    },
    /// There is no `Cargo.toml` in its root.
    #[error("it has no `Cargo.toml`")]
    NoManifest,
    /// The manifest cannot be read, or is another package's.
    #[error("its `Cargo.toml` {0}")]
    Manifest(ManifestFault),
}

impl Fault {
    const fn help(&self) -> &'static str {
        match self {
            Self::ChecksumMismatch { .. } => {
                "remove the file from cargo's download cache and fetch it again; if it comes back the same, the registry serves other bytes than were locked: do not build it"
            }
            // The hash was the right one, so fetching it again would bring the same bytes.
            Self::NotGzip
            | Self::DamagedGzip
            | Self::TruncatedTar
            | Self::SecondGzipMember
            | Self::BytesAfterGzip(_)
            | Self::TooLarge { .. }
            | Self::TooManyEntries { .. }
            | Self::BytesAfterTar
            | Self::DamagedHeader { .. }
            | Self::ExtendedHeader { .. }
            | Self::SizeMismatch { .. }
            | Self::ForbiddenKind { .. }
            | Self::Path { .. }
            | Self::Repeated { .. }
            | Self::Collision { .. }
            | Self::FileAndDirectory { .. }
            | Self::ReadersDisagree { .. }
            | Self::NoManifest
            | Self::Manifest(_) => {
                "do not build this release; lock another version, and tell the registry about this one"
            }
        }
    }
}

/// What is wrong with an entry's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Bytes that are not UTF-8.
    #[error("has a path that is not UTF-8")]
    NotUtf8,
    /// A control character, NUL included.
    #[error("has a control character in its path")]
    ControlCharacter,
    /// A character that is not seen, or that turns the direction of the text around it.
    #[error("has an invisible or direction-changing character in its path")]
    InvisibleCharacter,
    /// A character that Windows gives another meaning; cargo packs no file with one in its name.
    #[error("has the character `{0}` in its path")]
    ForbiddenCharacter(char),
    /// It starts at the root of a file system.
    #[error("has an absolute path")]
    Absolute,
    /// A `..` component.
    #[error("has a `..` in its path")]
    ParentComponent,
    /// A `.` component, or none between two slashes.
    #[error("has an empty component in its path")]
    EmptyComponent,
    /// A component that ends in a dot or a space: Windows takes both away.
    #[error("has a dot or a space at the end of a component")]
    TrailingDotOrSpace,
    /// Not below the one folder of the package.
    #[error("is not in the folder `name-version/` of the package")]
    OutsidePrefix,
    /// Longer than any crate needs.
    #[error("has a path that is too long")]
    TooLong,
    /// Deeper than any crate needs.
    #[error("has a path that is too deep")]
    TooDeep,
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// More bytes than any crate needs.
    #[error("is too large")]
    TooLarge,
    /// Not UTF-8, or not TOML.
    #[error("is not TOML")]
    NotToml,
    /// A key is absent, or its value is of another kind than cargo's.
    #[error("has no usable `{}`", .0.escape_debug())]
    Key(Box<str>),
    /// It is another package's.
    #[error("says it is `{}`", .0.escape_debug())]
    OtherPackage(Box<str>),
}
