//! A folder of one machine as an object store: compare and swap under a lock, and every write synced before it counts.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};

use super::ends::Ends;
use super::object::{Key, Put, StoreError, Stored, Tag, digest_of};
use crate::files::regular::{self, Links};
use crate::files::{Replacement, Staged, lock_folder, sync_folder};

/// The locks of all keys: so many that two keys seldom share one.
const LOCKS: u8 = 64;

/// A folder. Several processes of one machine may share it.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: Arc<Utf8Path>,
    ends: Ends,
}

impl Folder {
    pub(super) fn open(root: &Utf8Path, ends: Ends) -> Result<Self, StoreError> {
        let unopened = |error: io::Error| StoreError::Unopened {
            place: root.to_string(),
            cause: error.to_string(),
            help: "let `--store` name a folder that can be written",
        };
        for lock in 0..LOCKS {
            make_folder(&lock_of(root, lock)).map_err(unopened)?;
        }
        // It may lie in a project, and is nobody's to commit.
        let ignore = root.join(".gitignore");
        if ignore.symlink_metadata().is_err() {
            Replacement::of(&ignore).write(b"*\n").map_err(unopened)?;
        }
        Ok(Self { root: root.into(), ends })
    }

    pub(super) async fn get(&self, key: &Key, limit: u64) -> Result<Option<Stored>, StoreError> {
        self.aside(key, move |path, key| read(path, key, limit)).await
    }

    pub(super) async fn create(&self, key: &Key, bytes: Bytes) -> Result<Put, StoreError> {
        let ends = self.ends.clone();
        self.aside(key, move |path, key| {
            let away = away(key);
            parent(path).map_err(&away)?;
            match staged(path, &bytes, &ends).and_then(Staged::put_new) {
                Ok(()) => Ok(Put::Done(tag(&bytes))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Put::Lost),
                Err(error) => Err(away(error)),
            }
        })
        .await
    }

    pub(super) async fn replace(&self, key: &Key, bytes: Bytes, before: &Tag) -> Result<Put, StoreError> {
        let (before, root, ends) = (before.clone(), Arc::clone(&self.root), self.ends.clone());
        self.aside(key, move |path, key| {
            let away = away(key);
            let number = digest_of(key.as_str().as_bytes()).as_bytes()[0] % LOCKS;
            // It lasts until the replacement is on the disk.
            let taken = lock_folder(&lock_of(&root, number), || ()).map_err(&away)?;
            if taken.lock.is_none() {
                return Err(away(io::Error::other("its file system knows no locks")));
            }
            match read(path, key, u64::MAX)? {
                Some(there) if there.tag == before => {}
                Some(_) | None => return Ok(Put::Lost),
            }
            staged(path, &bytes, &ends).and_then(Staged::put).map_err(away)?;
            Ok(Put::Done(tag(&bytes)))
        })
        .await
    }

    pub(super) async fn mend(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        let ends = self.ends.clone();
        self.aside(key, move |path, key| {
            parent(path).and_then(|()| staged(path, &bytes, &ends)).and_then(Staged::put).map_err(away(key))
        })
        .await
    }

    /// Does what waits for a disk on a thread that may wait.
    async fn aside<T: Send + 'static>(
        &self,
        key: &Key,
        work: impl FnOnce(&Utf8Path, &Key) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (path, for_work) = (self.root.join(key.as_str()), key.clone());
        let done = tokio::task::spawn_blocking(move || work(&path, &for_work)).await;
        done.map_err(|error| away(key)(io::Error::other(error)))?
    }
}

/// What is to be put at a path lies beside it.
fn staged(path: &Utf8Path, bytes: &[u8], ends: &Ends) -> io::Result<Staged> {
    let staged = Replacement::of(path).stage(bytes)?;
    ends.step();
    Ok(staged)
}

fn lock_of(root: &Utf8Path, number: u8) -> Utf8PathBuf {
    root.join(format!("lock/{number:02x}"))
}

fn read(path: &Utf8Path, key: &Key, limit: u64) -> Result<Option<Stored>, StoreError> {
    match regular::read(path, Links::Refused, limit) {
        Ok(bytes) => Ok(Some(Stored { tag: tag(&bytes), bytes: bytes.into() })),
        Err(error) if error.is_absent() => Ok(None),
        Err(regular::ReadError::TooLarge(_)) => Err(StoreError::Large { key: key.clone(), limit }),
        Err(error) => Err(away(key)(error.into())),
    }
}

/// Of a folder the state of an object is its content.
fn tag(bytes: &[u8]) -> Tag {
    Tag { etag: Some(digest_of(bytes).to_string()), version: None }
}

fn away(key: &Key) -> impl Fn(io::Error) -> StoreError + use<> {
    let key = key.clone();
    // Whoever asked is told this, and not where the folder lies, which the whole of the error may say.
    move |error| StoreError::Away { key: key.clone(), cause: error.kind().to_string() }
}

fn parent(path: &Utf8Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), make_folder)
}

/// Makes a folder and those above it, each on the disk before what lies in it.
fn make_folder(folder: &Utf8Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_str().is_empty());
    if let Some(above) = above {
        make_folder(above)?;
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made.and_then(|()| above.map_or(Ok(()), sync_folder)),
    }
}
