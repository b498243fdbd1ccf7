//! What lies in a vendored tree, as it was found: nothing here says whether it is right.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use camino::Utf8PathBuf;
use semver::Version;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::checksum::Checksum;
use super::index_line::Release;
use super::policy::Origin;
use super::source::Source;

/// Where the approved sources lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VendoredPlace {
    /// In which form.
    pub form: VendoredForm,
    /// The folder, absolute and without `.` and `..`.
    pub path: Utf8PathBuf,
}

/// How approved sources are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VendoredForm {
    /// Unpacked, a folder for each package.
    Directory,
    /// `.crate` files beside an index.
    LocalRegistry,
}

/// Where a cargo that is started in one folder takes the packages of one source from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// The source, as the lock file names it, without a commit.
    pub source: Source,
    /// The folder, where it is not the workspace's root.
    pub start: Option<Utf8PathBuf>,
    /// Where that leads.
    pub to: Destination,
    /// What decides it; `None` where nothing does, and the source is taken as it is.
    pub by: Option<Origin>,
}

/// Where packages are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The source itself: the registry, the repository.
    Itself,
    Folder(VendoredPlace),
    /// Another registry or repository, by its address.
    Elsewhere(String),
}

/// What is found where the vendored sources should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VendorRoot {
    /// Nothing.
    Absent,
    /// A symbolic link, at the folder itself or on the way to it from the workspace: what is there is not what a reviewer saw.
    Link,
    /// Something else than a folder.
    NotFolder,
    /// A folder of unpacked packages.
    Read(VendoredTree),
    /// A local registry.
    Crates(CrateFolder),
}

/// A local registry: `.crate` files beside an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrateFolder {
    /// The `.crate` files by name, with the digest of each that was read.
    pub archives: BTreeMap<String, Option<Checksum>>,
    /// The files of the index, by their paths in it.
    pub index: BTreeMap<String, IndexedFile>,
    /// What else lies there, by path.
    pub strays: Vec<VendoredEntry>,
    /// How many bytes were hashed.
    pub bytes: u64,
}

/// What one file of an index says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexedFile {
    /// Each line that could be read: the crate's name in its own spelling, and the release.
    pub releases: Vec<(String, Release)>,
    /// Why each of the others could not.
    pub unreadable: Vec<String>,
}

/// A folder of vendored packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendoredTree {
    /// Every folder in it, by name.
    pub directories: Vec<VendoredDirectory>,
    /// What lies beside them, other than `.gitattributes`, by name.
    pub strays: Vec<VendoredEntry>,
    /// Its `.gitattributes`.
    pub attributes: Attributes,
    /// How many files were hashed.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// The `.gitattributes` in the root of the tree, which keeps git from converting line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attributes {
    /// There is none.
    #[default]
    Absent,
    /// As this program writes it.
    Ours,
    /// Something else.
    Other,
}

/// One folder of the tree: a package, if it is what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendoredDirectory {
    pub name: String,
    /// What its `Cargo.toml` says it is.
    pub manifest: Stated<(Arc<str>, Version)>,
    /// What its `.cargo-checksum.json` says it holds.
    pub listed: Stated<VendorChecksums>,
    /// Everything in it but `.cargo-checksum.json`, by path. A folder is an entry only where it is empty.
    pub entries: Vec<VendoredEntry>,
}

/// A file's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stated<T> {
    /// It was understood.
    Known(T),
    /// There is no such file, or it is no regular one.
    Absent,
    /// It cannot be understood, and why.
    Malformed(String),
}

/// Something in a vendored tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendoredEntry {
    /// Below the folder that holds it, with `/` between the components; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What a name in a vendored tree stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File(FileDigest),
    /// A folder without anything in it.
    EmptyFolder,
    /// A folder where none should be.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, pipe or device.
    Special,
    /// Anything whose name is not UTF-8, which no package of a registry holds.
    NameNotText,
    /// A regular file beside the packages, which is not read.
    Unread,
}

impl EntryKind {
    /// What a regular file's bytes hash to; `None` for everything else.
    #[must_use]
    pub const fn file(self) -> Option<FileDigest> {
        match self {
            Self::File(digest) => Some(digest),
            Self::EmptyFolder | Self::Folder | Self::Link | Self::Special | Self::NameNotText | Self::Unread => None,
        }
    }
}

/// What a file's bytes hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// Of its bytes as they are.
    pub digest: Checksum,
    /// Of its bytes with every CR LF made LF; worked out only where `digest` is not the listed one and there is a CR LF.
    pub with_line_feeds: Option<Checksum>,
}

impl<T> Stated<T> {
    /// The statement, where there is one.
    #[must_use]
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Absent | Self::Malformed(_) => None,
        }
    }
}

impl VendoredDirectory {
    /// What it lists, where it holds exactly the listed files, each with the listed bytes, and nothing else.
    #[must_use]
    pub fn whole(&self) -> Option<&VendorChecksums> {
        let listed = self.listed.known()?;
        let is_listed = |entry: &VendoredEntry| match entry.kind {
            EntryKind::File(file) => listed.files.get(&entry.path) == Some(&file.digest),
            EntryKind::EmptyFolder
            | EntryKind::Folder
            | EntryKind::Link
            | EntryKind::Special
            | EntryKind::NameNotText
            | EntryKind::Unread => false,
        };
        (self.entries.len() == listed.files.len() && self.entries.iter().all(is_listed)).then_some(listed)
    }
}

/// The file's name in the root of a vendored package.
pub const VENDOR_CHECKSUMS_FILE: &str = ".cargo-checksum.json";

/// The file in the vendor folder that keeps git from changing line endings, and with them the hashes.
pub(crate) const VENDOR_ATTRIBUTES_FILE: &str = ".gitattributes";
/// All that it says. A file of this name that says anything else was not written by us.
pub const VENDOR_ATTRIBUTES: &str = "* -text\n";

/// What a `.cargo-checksum.json` says (cargo's `sources/directory.rs`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct VendorChecksums {
    /// Each file's digest, by its path below the package's folder, with `/` between the components.
    #[serde(deserialize_with = "without_repeats")]
    pub files: BTreeMap<String, Checksum>,
    /// The `.crate` file's digest; absent for a package of a git repository.
    #[serde(default)]
    pub package: Option<Checksum>,
}

/// The text is no `.cargo-checksum.json`.
#[derive(Debug, thiserror::Error)]
#[error("not a list of vendored files: {0}")]
pub struct VendorChecksumsError(#[from] serde_json::Error);

impl VendorChecksums {
    /// Reads the file as cargo writes it. Keys beside `files` and `package`, such as newer cargo's `$comment`, say nothing and are
    /// passed over; a path that is listed twice is refused, since two readers may take two different digests for it.
    ///
    /// # Errors
    /// The text is not JSON of this shape.
    pub fn parse(text: &[u8]) -> Result<Self, VendorChecksumsError> {
        Ok(serde_json::from_slice(text)?)
    }

    /// The compact JSON with sorted keys, and `files` and `package` only: byte for byte what cargo 1.95 writes.
    #[must_use]
    pub fn to_canonical_json(&self) -> String {
        self.json(None)
    }

    /// The file as a cargo writes it that opens it with a `$comment`; [`Self::to_canonical_json`] where there is none.
    #[must_use]
    pub fn json(&self, comment: Option<&str>) -> String {
        let mut json = String::with_capacity(128 + self.files.len() * 112);
        json.push('{');
        if let Some(comment) = comment {
            json.push_str("\"$comment\":");
            json.push_str(&quoted(comment));
            json.push(',');
        }
        json.push_str("\"files\":{");
        for (position, (path, checksum)) in self.files.iter().enumerate() {
            if position > 0 {
                json.push(',');
            }
            json.push_str(&quoted(path));
            json.push_str(":\"");
            json.push_str(&checksum.to_string());
            json.push('"');
        }
        json.push_str("},\"package\":");
        match &self.package {
            Some(checksum) => json.push_str(&quoted(&checksum.to_string())),
            None => json.push_str("null"),
        }
        json.push('}');
        json
    }

    /// The digest of the whole tree: SHA-256 of [`Self::to_canonical_json`].
    #[must_use]
    pub fn tree_digest(&self) -> Checksum {
        Checksum::from_bytes(Sha256::digest(self.to_canonical_json()).into())
    }
}

/// A JSON string, escaped as `serde_json` (and so cargo) escapes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn without_repeats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Checksum>, D::Error> {
    struct Files;

    impl<'de> Visitor<'de> for Files {
        type Value = BTreeMap<String, Checksum>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a digest for each path")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut files = BTreeMap::new();
            while let Some((path, checksum)) = map.next_entry::<String, Checksum>()? {
                if files.contains_key(&path) {
                    return Err(A::Error::custom(format_args!("`{path}` is listed twice")));
                }
                files.insert(path, checksum);
            }
            Ok(files)
        }
    }

    deserializer.deserialize_map(Files)
}
