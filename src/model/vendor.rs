//! The `.cargo-checksum.json` of a vendored package: which files it has, and which bytes each of them holds.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::checksum::Checksum;

/// The file's name in the root of a vendored package.
pub const VENDOR_CHECKSUMS_FILE: &str = ".cargo-checksum.json";

/// The file in the vendor folder that keeps git from changing line endings, and with them the hashes.
pub const VENDOR_ATTRIBUTES_FILE: &str = ".gitattributes";
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
