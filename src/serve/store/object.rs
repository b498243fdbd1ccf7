//! What lies in the store: the names of objects, their states, and what can go wrong with them.

use std::fmt;

use bytes::Bytes;
use camino::Utf8PathBuf;
use sha2::{Digest as _, Sha256};

use crate::model::checksum::Checksum;

/// Where the state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder of this machine.
    Folder(Utf8PathBuf),
    /// `s3://BUCKET/PREFIX`.
    Bucket { name: String, prefix: String },
}

/// A text that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no store: expected a folder, or s3://BUCKET/PREFIX")]
pub(crate) struct PlaceError(String);

impl Place {
    /// Reads `s3://BUCKET/PREFIX`, or a folder.
    pub(crate) fn parse(text: &str) -> Result<Self, PlaceError> {
        let unusable = || PlaceError(text.to_owned());
        let Some(bucket) = text.strip_prefix("s3://") else {
            return if text.is_empty() || text.contains("://") {
                Err(unusable())
            } else {
                Ok(Self::Folder(text.into()))
            };
        };
        let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        let prefix = prefix.trim_matches('/');
        let is_path = prefix.is_empty() || prefix.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
        if name.is_empty() || !bucket.bytes().all(plain) || !is_path {
            return Err(unusable());
        }
        Ok(Self::Bucket { name: name.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.write_str(folder.as_str()),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// The name of one object. Its parts are our own words, digests, and the names of teams, registries and crates, which were checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(String);

impl Key {
    /// A `.crate` file.
    pub(crate) fn crate_file(checksum: Checksum) -> Self {
        Self(format!("crate/{checksum}"))
    }

    /// A crate's index file as its registry sent it.
    pub(crate) fn index(registry: &str, name: &str, digest: Checksum) -> Self {
        Self(format!("index/{registry}/{}/{digest}", part(name)))
    }

    /// Which of them is today's.
    pub(crate) fn index_head(registry: &str, name: &str) -> Self {
        Self(format!("index/{registry}/{}/head", part(name)))
    }

    /// What was ever seen of a crate's releases.
    pub(crate) fn seen(registry: &str, name: &str) -> Self {
        Self(format!("seen/{registry}/{}", part(name)))
    }

    /// A team's policy file.
    pub(crate) fn policy(team: &str, digest: Checksum) -> Self {
        Self(format!("policy/{team}/{digest}"))
    }

    /// Which of them holds.
    pub(crate) fn policy_head(team: &str) -> Self {
        Self(format!("policy/{team}/head"))
    }

    /// An archive of advisories.
    pub(crate) fn advisories(digest: Checksum) -> Self {
        Self(format!("advisories/{digest}"))
    }

    /// Which of them is today's for a source, by the digest of its address, and who asks for the next.
    pub(crate) fn advisories_head(source: Checksum) -> Self {
        Self(format!("advisories/{source}.head"))
    }

    /// What a source said of malicious releases and says no more.
    pub(crate) fn advisories_kept(source: Checksum) -> Self {
        Self(format!("advisories/{source}.kept"))
    }

    /// A lock file that a team posted.
    pub(crate) fn lock(team: &str, digest: Checksum) -> Self {
        Self(format!("locks/{team}/{digest}"))
    }

    /// Which of them count, and what they keep.
    pub(crate) fn locks_head(team: &str) -> Self {
        Self(format!("locks/{team}/head"))
    }

    /// What happened once.
    pub(crate) fn trail(digest: Checksum) -> Self {
        Self(format!("trail/{digest}"))
    }

    /// What is written to find out whether the store keeps to conditions.
    pub(super) fn trial() -> Self {
        Self("trial".to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A crate's name as a part of a key. Names are compared in lower case, as in an index's paths.
fn part(name: &str) -> String {
    name.to_lowercase()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state of one object, by which a replacement knows that nobody was faster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(super) etag: Option<String>,
    pub(super) version: Option<String>,
}

/// An object, and the state that it was read in.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Bytes,
    pub(crate) tag: Tag,
}

/// What came of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is there now, in this state.
    Done(Tag),
    /// Somebody else was faster: read again.
    Lost,
}

/// The store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// It cannot be reached, or answers nothing that can be used.
    #[error("the store is away: {key}: {cause}")]
    Away { key: Key, cause: String },
    /// Nothing of ours is so large.
    #[error("the store has more than {limit} bytes under {key}")]
    Large { key: Key, limit: u64 },
    /// It cannot be opened at all.
    #[error("{place}: the store cannot be opened: {cause}\nhelp: {help}")]
    Unopened { place: String, cause: String, help: &'static str },
}

/// The digest of some bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> Checksum {
    Checksum::from_bytes(Sha256::digest(bytes).into())
}
