//! Cargo's index cache for one registry: where it lies, what is in it, and how to write into it beside cargo.
//!
//! An entry (cargo's `SummariesCache`, version 3) is a header with validators, then `version\0line\0` repeated.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::Metadata;
use std::sync::Arc;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use rayon::prelude::*;
use semver::Version;
use serde::Deserialize;
use tame_index::KrateName;
use tame_index::index::IndexCache;
use tame_index::index::cache::{CURRENT_CACHE_VERSION, HttpRevision, INDEX_V_MAX, Revision, ValidCacheEntry};
use tame_index::utils::url_to_local_dir;

use super::registry::{IndexOrigin, LARGEST_CONFIG, RegistryConfig};
use crate::files::regular::{self, Links, ReadError};
use crate::files::{Replacement, Whole, lock_package_cache, read_together};
use crate::model::history::{History, Standing};
use crate::model::package::CrateId;

/// The most bytes that an index file or a cached entry may have; the largest of crates.io has 18 MB.
pub(super) const LARGEST: u64 = 64 << 20;

/// Where cargo keeps what it knows of one registry.
#[derive(Debug)]
pub(super) struct IndexFolder {
    /// By the name that cargo gives it since 1.85, and the one before.
    folders: [Utf8PathBuf; 2],
}

/// An entry to read: where, and of which crate.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) folder: &'a IndexFolder,
    pub(super) id: &'a CrateId,
    pub(super) name: KrateName<'a>,
}

impl Sought<'_> {
    /// Where it lies by the name that its folder has since cargo 1.85.
    fn path(&self) -> Utf8PathBuf {
        entry_path(&self.folder.folders[0], self.name)
    }

    fn key(&self) -> (Utf8PathBuf, Arc<str>) {
        (self.path(), Arc::clone(&self.id.name))
    }
}

/// Entries that were read before anybody asked for them, by where they lie and under which name: two names can lead to one file.
#[derive(Debug, Default)]
pub(crate) struct Entries(HashMap<(Utf8PathBuf, Arc<str>), Entry>);

impl Entries {
    pub(super) fn of(sought: &[Sought<'_>]) -> Self {
        let read = IndexFolder::read(sought, &mut Self::default());
        Self(sought.iter().zip(read).filter_map(|(sought, entry)| Some((sought.key(), entry?))).collect())
    }
}

/// Something to change in the cache.
#[derive(Debug)]
pub(super) enum Change {
    Entry {
        path: Utf8PathBuf,
        validators: Validators,
        history: Arc<History>,
    },
    /// An entry of a crate that the registry does not have any more; cargo drops it too.
    Removal {
        path: Utf8PathBuf,
    },
    /// A `config.json`.
    Config {
        path: Utf8PathBuf,
        body: Vec<u8>,
    },
}

impl IndexFolder {
    /// `None` where [`registry_folders`] has none.
    pub(super) fn of(cargo_home: &Utf8Path, origin: &IndexOrigin) -> Option<Self> {
        Some(Self { folders: registry_folders(&cargo_home.join("registry").join("index"), origin)? })
    }

    /// What the cache has of these crates, as far as it was not read `before`.
    pub(super) fn read(wanted: &[Sought<'_>], before: &mut Entries) -> Vec<Option<Entry>> {
        let mut found: Vec<Option<Entry>> = wanted.iter().map(|sought| before.0.remove(&sought.key())).collect();
        let missing = found.iter().zip(wanted).filter(|(found, _)| found.is_none());
        let sought: Vec<&Sought<'_>> = missing.map(|(_, sought)| sought).collect();
        let paths: Vec<Utf8PathBuf> = sought.iter().map(|sought| sought.path()).collect();
        let read = read_together(&paths, Links::Followed, LARGEST);
        let entry = |(sought, read): (&Sought<'_>, Result<Whole, ReadError>)| {
            let entry =
                read.ok().and_then(|(bytes, metadata)| Entry::parse(&sought.id.name, bytes, written(&metadata)));
            entry.or_else(|| sought.folder.read_alone(sought.id, sought.name))
        };
        let mut read = sought.into_par_iter().zip(read).map(entry).collect::<Vec<_>>().into_iter();
        for place in found.iter_mut().filter(|found| found.is_none()) {
            *place = read.next().flatten();
        }
        found
    }

    /// An entry by either name of the folder.
    fn read_alone(&self, id: &CrateId, name: KrateName<'_>) -> Option<Entry> {
        self.folders.iter().find_map(|folder| {
            let file = regular::open(&entry_path(folder, name), Links::Followed).ok()?;
            let written = written(&file.metadata);
            Entry::parse(&id.name, Bytes::from(file.bytes(LARGEST).ok()?), written)
        })
    }

    /// The registry's `config.json` as cargo left it.
    pub(super) fn config(&self) -> Option<RegistryConfig> {
        self.folders.iter().find_map(|folder| {
            let body = regular::read(&folder.join("config.json"), Links::Followed, LARGEST_CONFIG).ok()?;
            RegistryConfig::parse(&body).ok()
        })
    }

    /// Where a crate's entry is written.
    pub(super) fn entry_path(&self, name: KrateName<'_>) -> Utf8PathBuf {
        entry_path(self.home(), name)
    }

    /// Where `config.json` is written.
    pub(super) fn config_path(&self) -> Utf8PathBuf {
        self.home().join("config.json")
    }

    fn home(&self) -> &Utf8Path {
        in_use(&self.folders)
    }
}

/// A registry's folder below one of cargo's (`registry/index`, `registry/cache`), by the name that cargo gives it since 1.85, and the
/// one before. `None` for a registry that has none, or an address that cargo could not use either.
pub(in crate::gather) fn registry_folders(root: &Utf8Path, origin: &IndexOrigin) -> Option<[Utf8PathBuf; 2]> {
    let url = match origin {
        IndexOrigin::Sparse(url) => format!("sparse+{url}"),
        IndexOrigin::Git(url) => url.to_string(),
        IndexOrigin::Refused | IndexOrigin::NotNamed => return None,
    };
    let folder = |stable| url_to_local_dir(&url, stable).ok().map(|folder| root.join(folder.dir_name));
    Some([folder(true)?, folder(false)?])
}

/// The folder that the installed cargo uses: the old name where only that exists.
pub(in crate::gather) fn in_use([now, before]: &[Utf8PathBuf; 2]) -> &Utf8Path {
    if !now.exists() && before.exists() { before } else { now }
}

/// When a file was last written, where the file system tells.
fn written(metadata: &Metadata) -> Option<Timestamp> {
    metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok())
}

fn entry_path(folder: &Utf8Path, name: KrateName<'_>) -> Utf8PathBuf {
    IndexCache::at_path(folder.to_owned()).cache_path(name)
}

/// Writes what it can. A cache that cannot be written costs the next run a transfer and nothing else, so nothing here is an error;
/// and where a cargo holds its package cache lock, it is left alone. Says why something could not be written.
pub(super) fn store(cargo_home: &Utf8Path, changes: &[Change]) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    match lock_package_cache(cargo_home) {
        // The next run fetches again what was not written.
        Ok(Some(_lock)) => changes
            .par_iter()
            .filter_map(|change| carry_out(change).err())
            .find_any(|_| true)
            .map(|error| error.to_string()),
        Ok(None) => None,
        Err(cause) => Some(cause),
    }
}

fn carry_out(change: &Change) -> std::io::Result<()> {
    match change {
        Change::Entry { path, validators, history } => {
            let lines = history.lines().filter_map(|line| Some((version_of(line)?.to_string(), line)));
            put(path, &validators.entry(lines)?)
        }
        Change::Config { path, body } => put(path, body),
        Change::Removal { path } => std::fs::remove_file(path),
    }
}

fn put(path: &Utf8Path, bytes: &[u8]) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    Replacement::of(path).of_a_cache().write(bytes)
}

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
    /// Takes the file of the crate `name`. What is of another format or cut short is no entry at all.
    fn parse(name: &str, bytes: Bytes, written: Option<Timestamp>) -> Option<Self> {
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

/// The version that a line is about; `None` for a line that is no JSON object with one, which cargo leaves out of its cache too.
///
/// Registries write the name first and the version second, and of such a line no more is read: what is wrong further on comes out
/// when the release is asked about.
pub(super) fn version_of(line: &[u8]) -> Option<Version> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        vers: Cow<'a, str>,
    }
    // A zero byte would end the line within the entry, and what follows would be read as another release.
    if memchr::memchr(0, line).is_some() {
        return None;
    }
    if let Some(version) = second(line) {
        return version.parse().ok();
    }
    serde_json::from_slice::<Line<'_>>(line).ok()?.vers.parse().ok()
}

/// The second member's text, where the line begins with a plain `name` and a plain `vers` and ends as an object does.
fn second(line: &[u8]) -> Option<&str> {
    let line = line.trim_ascii();
    if !line.ends_with(b"}") {
        return None;
    }
    let rest = line.strip_prefix(b"{")?;
    let (_, rest) = member(rest, b"\"name\"")?;
    let (version, _) = member(rest.trim_ascii_start().strip_prefix(b",")?, b"\"vers\"")?;
    std::str::from_utf8(version).ok()
}

/// A member of this key with a text without escapes, and what comes behind it.
fn member<'l>(text: &'l [u8], key: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let text = text.trim_ascii_start().strip_prefix(key)?.trim_ascii_start().strip_prefix(b":")?;
    let text = text.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', text)?;
    let (value, rest) = text.split_at_checked(end)?;
    Some((value, rest.strip_prefix(b"\"")?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use camino::Utf8PathBuf;

    use crate::gather::index::cache::{Entries, IndexFolder, IndexOrigin, Sought, Validators, version_of};
    use crate::model::package::CrateId;
    use crate::model::source::Registry;

    fn version(line: &str) -> Option<String> {
        version_of(line.as_bytes()).map(|version| version.to_string())
    }

    #[test]
    fn what_was_read_before_is_taken_once_and_the_rest_is_read_in_its_place() {
        let home = tempfile::tempdir().unwrap();
        let home_path = Utf8PathBuf::from_path_buf(home.path().to_owned()).unwrap();
        let folder = IndexFolder::of(&home_path, &IndexOrigin::Sparse("https://index.example.org/".into())).unwrap();
        let ids = ["absent", "first", "second"].map(|name| CrateId { registry: Registry::CratesIo, name: name.into() });
        let sought = ids.each_ref().map(|id| Sought { folder: &folder, id, name: (*id.name).try_into().unwrap() });
        for one in &sought[1..] {
            let line = format!(
                r#"{{"name":"{}","vers":"1.0.0","deps":[],"cksum":"","features":{{}},"yanked":false}}"#,
                one.id.name
            );
            let bytes = Validators::default().entry([("1.0.0".to_owned(), line.as_bytes())]).unwrap();
            std::fs::create_dir_all(one.path().parent().unwrap()).unwrap();
            std::fs::write(one.path(), bytes).unwrap();
        }
        let mut before = Entries::of(&sought[..2]);
        std::fs::remove_file(sought[1].path()).unwrap();
        let mut read = || IndexFolder::read(&sought, &mut before).iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(read(), [false, true, true]);
        assert_eq!(read(), [false, false, true]);
    }

    #[test]
    fn the_version_is_the_lines_own() {
        for line in [
            r#"{"name":"a","vers":"1.0.0+x","deps":[]}"#,
            "{ \"name\" : \"a\" , \"vers\" : \"1.0.0+x\" }\r",
            r#"{"vers":"1.0.0+x","name":"a"}"#,
            r#"{"name":"a\"","vers":"1.0.\u0030+x"}"#,
            r#"{"name":"a","deps":[{"vers":"9.9.9"}],"vers":"1.0.0+x"}"#,
        ] {
            assert_eq!(version(line).as_deref(), Some("1.0.0+x"), "{line}");
        }
    }

    #[test]
    fn what_is_no_release_has_no_version() {
        for line in [
            "",
            "{}",
            "<html>",
            r#"{"name":"a"}"#,
            r#"{"name":"a","vers":"1.0.0""#,
            r#"{"name":"a","vers":"1.0"}"#,
            "{\"name\":\"a\",\"vers\":\"1.0.0\",\"x\":\"\0\"}",
            r#"{"name":"a","vers":["1.0.0"]}"#,
            r#"{"name":"a","vers":"1.0.0","#,
            r#"{"deps":[{"vers":"9.9.9"}]}"#,
        ] {
            assert_eq!(version(line), None, "{line}");
        }
    }
}
