//! One entry of cargo's index cache (cargo's `SummariesCache`, version 3): a header with validators, then `version\0line\0` repeated.

use camino::Utf8Path;
use jiff::Timestamp;
use tame_index::index::cache::{CURRENT_CACHE_VERSION, HttpRevision, INDEX_V_MAX, Revision, ValidCacheEntry};

use crate::files::regular::{self, Links};
use crate::model::history::{History, Standing};

/// The most bytes that an index file or a cached entry may have; the largest of crates.io has 18 MB.
pub(super) const LARGEST: u64 = 64 << 20;

/// An entry as it was found.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its releases, standing as cached.
    pub(super) history: History,
    /// The validators that came with it.
    pub(super) validators: Validators,
    /// When the file was written.
    pub(super) written: Option<Timestamp>,
}

/// What makes a request conditional; at most one of the two is used, as cargo does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl Entry {
    /// Reads the entry of the crate `name` at `path`. What is absent, too large, of another format or cut short is no entry at all.
    pub(super) fn read(name: &str, path: &Utf8Path) -> Option<Self> {
        let file = regular::open(path, Links::Followed).ok()?;
        let written = file.metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let bytes = file.bytes(LARGEST).ok()?;
        let valid = ValidCacheEntry::read(&bytes).ok()?;
        let validators = match valid.revision {
            Revision::Http(HttpRevision::Etag(etag)) => Validators { etag: Some(etag.to_owned()), last_modified: None },
            Revision::Http(HttpRevision::LastModified(moment)) => {
                Validators { etag: None, last_modified: Some(moment.to_owned()) }
            }
            Revision::Git(_) | Revision::Unknown => Validators::default(),
        };
        let start = bytes.len() - valid.version_entries.len();
        let history = History::from_cache(name, bytes, start, Standing::Cached(written))?;
        Some(Self { history, validators, written })
    }
}

impl Validators {
    /// Those of an answer, as an entry keeps them: one, the `ETag` before the other.
    pub(super) fn of(etag: Option<String>, last_modified: Option<String>) -> Self {
        let last_modified = last_modified.filter(|_| etag.is_none());
        Self { etag, last_modified }
    }

    /// The entry of an answer with these validators and lines, as cargo writes it.
    pub(super) fn entry<'l>(&self, lines: impl IntoIterator<Item = (String, &'l [u8])>) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![CURRENT_CACHE_VERSION];
        bytes.extend_from_slice(&INDEX_V_MAX.to_le_bytes());
        let revision = match (&self.etag, &self.last_modified) {
            (Some(etag), _) => Revision::Http(HttpRevision::Etag(etag)),
            (None, Some(moment)) => Revision::Http(HttpRevision::LastModified(moment)),
            (None, None) => Revision::Unknown,
        };
        revision.write(&mut bytes)?;
        bytes.push(0);
        for (version, line) in lines {
            bytes.extend_from_slice(version.as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(line);
            bytes.push(0);
        }
        Ok(bytes)
    }
}
